//! How clients reach the server: streamable HTTP for many, stdio for one.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, ServiceExt};
use tokio_util::sync::CancellationToken;

use super::Server;
use super::incoming::{self, Incoming};
use super::patient::Patient;
use crate::mcp::Settings;

/// The endpoint, to stand behind a gate that has checked Host, Origin and who comes.
pub fn http(server: Server, settings: &Settings, stopping: CancellationToken) -> Router {
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .with_cancellation_token(stopping)
        .with_max_request_body_bytes(settings.max_body_bytes);
    let mut manager = LocalSessionManager::default();
    manager.session_config.keep_alive = Some(Duration::from_secs(settings.session_idle_s));
    let sessions = Arc::new(manager);
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions.clone(), config);
    let incoming = Incoming { sessions, max_body_bytes: settings.max_body_bytes };
    Router::new().route_service("/mcp", service).layer(from_fn_with_state(incoming, incoming::check))
}

/// One client on standard input and output, until it goes.
pub async fn stdio(server: Server) -> anyhow::Result<()> {
    let (input, output) = rmcp::transport::stdio();
    let line = Patient::new(AsyncRwTransport::new_server(input, output), &server.supported_protocol_versions());
    let serving = server.serve(line).await?;
    serving.waiting().await?;
    Ok(())
}
