//! What stands before the SDK at `/mcp`: a body has a size and a time, what is no message is answered as JSON-RPC wants it, and the end
//! of a session is told in words that clients know.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Server;
use super::direct::Direct;
use super::sessions::Sessions;

/// Who sends half a body holds nothing for longer.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(30);
const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;
const STOPPING: i32 = -32_000;

pub struct Incoming {
    pub server: Server,
    pub sessions: Arc<Sessions>,
    pub max_body_bytes: usize,
    pub stopping: CancellationToken,
}

pub async fn check(State(incoming): State<Arc<Incoming>>, request: Request, next: Next) -> Response {
    let session = incoming.sessions.enter(request.headers()).await;
    let response = match *request.method() {
        Method::POST => message(&incoming, session.is_some(), request, next).await,
        Method::DELETE => farewell(session.is_some(), request, next).await,
        _ => next.run(request).await,
    };
    match session {
        Some(session) if is_stream(&response) => session.until_sent(response),
        _ => response,
    }
}

async fn message(incoming: &Incoming, in_session: bool, request: Request, next: Next) -> Response {
    let max_bytes = incoming.max_body_bytes;
    let (parts, body) = request.into_parts();
    let bytes = match tokio::time::timeout(BODY_TIME_LIMIT, to_bytes(body, max_bytes)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if is_too_large(&error) => {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, INVALID_REQUEST, &format!("the body is larger than {max_bytes} bytes"), None);
        }
        Ok(Err(error)) => return refuse(StatusCode::BAD_REQUEST, PARSE_ERROR, &format!("the body was cut: {error}"), None),
        Err(_) => {
            let words = format!("the body did not arrive within {} s", BODY_TIME_LIMIT.as_secs());
            return refuse(StatusCode::REQUEST_TIMEOUT, INVALID_REQUEST, &words, None);
        }
    };
    if let Some(call) = Direct::read(&incoming.server, &parts.headers, &bytes, in_session).await {
        let answering = call.answer(&incoming.server, &parts);
        let stopping = || refuse(StatusCode::SERVICE_UNAVAILABLE, STOPPING, "the server is stopping", None);
        return incoming.stopping.run_until_cancelled(answering).await.unwrap_or_else(stopping);
    }
    let is_json = declares_json(&parts.headers);
    let response = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
    match response.status() {
        // The SDK answers the same to a body that it cannot read as to one that is declared as something else.
        StatusCode::UNSUPPORTED_MEDIA_TYPE if is_json => unreadable(&bytes),
        StatusCode::NOT_ACCEPTABLE => {
            let words = "`Accept` must name both `application/json` and `text/event-stream`";
            refuse(StatusCode::NOT_ACCEPTABLE, INVALID_REQUEST, words, None)
        }
        _ => response,
    }
}

/// Why a body is no message.
fn unreadable(bytes: &Bytes) -> Response {
    let bad = |code, words: &str, id| refuse(StatusCode::BAD_REQUEST, code, words, id);
    match serde_json::from_slice::<Value>(bytes) {
        Err(error) => bad(PARSE_ERROR, &format!("not JSON: {error}"), None),
        Ok(Value::Object(message)) => {
            let id = message.get("id").filter(|id| id.is_string() || id.is_i64() || id.is_u64()).cloned();
            bad(
                INVALID_REQUEST,
                "not a JSON-RPC message: `jsonrpc` must be \"2.0\", `method` a text, `id` a text or a whole number, `params` what the method takes",
                id,
            )
        }
        Ok(_) => bad(INVALID_REQUEST, "one message at a time, as an object; batches are not taken", None),
    }
}

/// A session that was ended is told so with nothing else; one that is not there is not found.
async fn farewell(is_known: bool, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match response.status() {
        StatusCode::ACCEPTED if is_known => StatusCode::NO_CONTENT.into_response(),
        StatusCode::ACCEPTED => refuse(StatusCode::NOT_FOUND, INVALID_REQUEST, "there is no such session", None),
        _ => response,
    }
}

fn declares_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    declared.and_then(|text| text.split(';').next()).is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn is_stream(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/event-stream"))
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An error without an id where none could be read, as MCP has it.
pub fn refuse(status: StatusCode, code: i32, words: &str, id: Option<Value>) -> Response {
    let mut answer = json!({"jsonrpc": "2.0", "error": {"code": code, "message": words}});
    if let Some(id) = id {
        answer["id"] = id;
    }
    (status, Json(answer)).into_response()
}
