//! Between a client on standard input and output and a server that already runs: what the one says, the other hears.

use rmcp::model::{ClientRequest, JsonRpcMessage};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, Transport};
use rmcp::{RoleClient, RoleServer};
use serde_json::json;

use super::faces::SOURCE;

/// Until the client goes, or the server does. `source` is meant by calls that name none.
pub async fn bridge(endpoint: &str, token: Option<&str>, source: Option<&str>) -> anyhow::Result<()> {
    let mut config = StreamableHttpClientTransportConfig::with_uri(endpoint);
    if let Some(token) = token {
        config = config.auth_header(token);
    }
    let mut server = StreamableHttpClientTransport::from_config(config);
    let (input, output) = rmcp::transport::stdio();
    let mut client = AsyncRwTransport::<RoleServer, _, _>::new_server(input, output);
    loop {
        tokio::select! {
            said = Transport::<RoleServer>::receive(&mut client) => {
                let Some(said) = said else { return Ok(()) };
                Transport::<RoleClient>::send(&mut server, about(said, source)).await?;
            }
            said = Transport::<RoleClient>::receive(&mut server) => {
                let Some(said) = said else { anyhow::bail!("the server at {endpoint} has gone; start the assistant's connection again") };
                Transport::<RoleServer>::send(&mut client, said).await?;
            }
        }
    }
}

/// A call that names no source gets ours.
fn about(mut said: RxJsonRpcMessage<RoleServer>, source: Option<&str>) -> TxJsonRpcMessage<RoleClient> {
    if let (JsonRpcMessage::Request(request), Some(source)) = (&mut said, source)
        && let ClientRequest::CallToolRequest(call) = &mut request.request
    {
        let args = call.params.arguments.get_or_insert_default();
        if !args.contains_key("target_id") {
            args.entry(SOURCE).or_insert_with(|| json!(source));
        }
    }
    said
}
