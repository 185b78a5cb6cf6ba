//! Between a client on standard input and output and a server that already runs: what the one says, the other hears.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rmcp::model::{ClientRequest, JsonRpcMessage};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, Transport};
use rmcp::{ErrorData, RoleClient, RoleServer};
use serde_json::json;

use super::faces::SOURCE;

/// Messages of the client that the server has not taken yet; it is not heard further meanwhile.
const MOST_AT_ONCE: usize = 64;

/// Until the client goes, or the server does. `source` is meant by calls that name none.
pub async fn bridge(endpoint: &str, token: Option<&str>, source: Option<&str>) -> anyhow::Result<()> {
    let mut config = StreamableHttpClientTransportConfig::with_uri(endpoint);
    if let Some(token) = token {
        config = config.auth_header(token);
    }
    let mut server = StreamableHttpClientTransport::from_config(config);
    let (input, output) = rmcp::transport::stdio();
    let mut client = AsyncRwTransport::<RoleServer, _, _>::new_server(input, output);
    let mut sending = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some((id, sent)) = sending.next() => {
                // What the server does not take is no reason to leave a client alone.
                let (Some(id), Err(error)) = (id, sent) else { continue };
                let told = ErrorData::internal_error(format!("the server at {endpoint} did not take this: {error}"), None);
                Transport::<RoleServer>::send(&mut client, JsonRpcMessage::error(told, Some(id))).await?;
            }
            said = Transport::<RoleClient>::receive(&mut server) => {
                let Some(said) = said else { anyhow::bail!("the server at {endpoint} has gone; start the assistant's connection again") };
                Transport::<RoleServer>::send(&mut client, said).await?;
            }
            said = Transport::<RoleServer>::receive(&mut client), if sending.len() < MOST_AT_ONCE => {
                let Some(said) = said else { return Ok(()) };
                let id = match &said {
                    JsonRpcMessage::Request(request) => Some(request.id.clone()),
                    _ => None,
                };
                let sent = Transport::<RoleClient>::send(&mut server, about(said, source));
                sending.push(async move { (id, sent.await) });
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
