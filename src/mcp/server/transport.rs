//! How clients reach the server: streamable HTTP for many, stdio for one.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any_service};
use rmcp::service::ServerInitializeError;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, ServiceExt};
use tokio_util::sync::CancellationToken;

use super::incoming::{self, Incoming};
use super::patient::Patient;
use super::sessions::Sessions;
use super::{Server, Settings};

/// What a session was asked is kept for so long after it was answered, for a client that lost the answer.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// From this revision on there are no sessions.
const WITHOUT_SESSIONS: &str = "2026-07-28";
const NO_ROOM: i32 = -32_000;

/// The endpoint, to stand behind a gate that has checked Host, Origin and who comes.
pub fn http<S: Clone + Send + Sync + 'static>(server: Server, settings: &Settings, stopping: CancellationToken) -> MethodRouter<S> {
    let (announcer, until) = (server.clone(), stopping.clone());
    tokio::spawn(async move { until.run_until_cancelled(announcer.announce()).await });
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .with_cancellation_token(stopping.clone())
        .with_max_request_body_bytes(settings.max_body_bytes);
    let mut manager = LocalSessionManager::default();
    manager.session_config.completed_cache_ttl = KEPT_FOR;
    let sessions = Sessions::new(manager, Duration::from_secs(settings.session_idle_s), settings.max_sessions);
    let incoming = Arc::new(Incoming {
        server: server.clone(),
        sessions: sessions.clone(),
        max_body_bytes: settings.max_body_bytes,
        stopping: stopping.clone(),
    });
    let service = StreamableHttpService::new(move || Ok(server.for_session()), sessions.manager(), config);
    let tidied = sessions.clone();
    tokio::spawn(async move { stopping.run_until_cancelled(tidied.keep_tidy()).await });
    any_service(service).layer(from_fn_with_state(sessions, admit)).layer(from_fn_with_state(incoming, incoming::check))
}

/// A client that would open a session waits for one to end where all are taken.
async fn admit(State(sessions): State<Arc<Sessions>>, request: Request, next: Next) -> Response {
    let opens = opens_session(request.method(), request.headers());
    if opens && !sessions.has_room().await {
        let message =
            format!("all {} sessions are taken; try again later, or use revision {WITHOUT_SESSIONS}, which needs none", sessions.most());
        let refused = incoming::refuse(StatusCode::SERVICE_UNAVAILABLE, NO_ROOM, &message, None);
        return ([(RETRY_AFTER, "5")], refused).into_response();
    }
    next.run(request).await
}

fn opens_session(method: &Method, headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let revision = header("mcp-protocol-version");
    method == Method::POST && header("mcp-session-id").is_none() && revision.is_none_or(|revision| revision < WITHOUT_SESSIONS)
}

/// One client on standard input and output, until it goes.
pub async fn stdio(server: Server) -> anyhow::Result<()> {
    let (input, output) = rmcp::transport::stdio();
    let line = Patient::new(AsyncRwTransport::new_server(input, output), &server.supported_protocol_versions());
    let announcer = server.clone();
    let serving = match server.serve(line).await {
        // Who says nothing before they go wanted nothing.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        served => served?,
    };
    let announcing = tokio::spawn(async move { announcer.announce().await });
    let ended = serving.waiting().await;
    announcing.abort();
    ended?;
    Ok(())
}
