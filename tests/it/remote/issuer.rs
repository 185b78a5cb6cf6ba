//! An MCP server of a test's own that wants a sign-in, and the authorization servers that it names, all in one place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use url::form_urlencoded;

/// Nobody knows from such an address whose document stands there.
const FORGED: &str = "/x/.well-known/oauth-authorization-server";

pub type Form = HashMap<String, String>;

/// What the test decides, and what it is told.
pub struct Said {
    /// The authorization server that is named now: `one` or `two`, or `forged`, which says that it is `one`.
    pub named: &'static str,
    /// So long it takes to give a token.
    pub slow: Duration,
    /// Seconds that a token lasts.
    pub lasts: u64,
    /// The scope without which tools are not called.
    pub wanted: Option<&'static str>,
    /// Requests for tokens, each with whom it was sent to and the header `Authorization`.
    pub asked: Vec<(String, Form, Option<String>)>,
    pub registered: usize,
    /// The token that is good now, and its scopes.
    pub good: Option<(String, String)>,
    pub calls: usize,
}

pub struct Issuer {
    /// Of the server.
    pub url: String,
    pub base: String,
    said: Arc<Mutex<Said>>,
    serving: JoinHandle<()>,
}

type Shared = (String, Arc<Mutex<Said>>);

impl Issuer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let said =
            Said { named: "one", slow: Duration::ZERO, lasts: 3_600, wanted: None, asked: Vec::new(), registered: 0, good: None, calls: 0 };
        let said = Arc::new(Mutex::new(said));
        let router = Router::new()
            .route("/mcp", post(serve))
            .route("/.well-known/oauth-protected-resource/mcp", get(resource))
            .route("/.well-known/oauth-authorization-server/{name}", get(metadata))
            .route(FORGED, get(forged))
            .route("/{name}/register", post(register))
            .route("/{name}/token", post(token))
            .with_state((base.clone(), said.clone()));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url: format!("{base}/mcp"), base, said, serving }
    }

    pub fn said<T>(&self, look: impl FnOnce(&mut Said) -> T) -> T {
        look(&mut self.said.lock().unwrap())
    }

    /// How often tokens were asked for in this way.
    pub fn asked_by(&self, grant: &str) -> Vec<Form> {
        let forms = |said: &mut Said| said.asked.iter().map(|(_, form, _)| form.clone()).collect::<Vec<_>>();
        self.said(forms).into_iter().filter(|form| form["grant_type"] == grant).collect()
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn resource(State((base, said)): State<Shared>) -> Json<Value> {
    let named = match said.lock().unwrap().named {
        "forged" => FORGED.to_owned(),
        name => format!("/{name}"),
    };
    Json(json!({"resource": format!("{base}/mcp"), "authorization_servers": [format!("{base}{named}")]}))
}

async fn metadata(State((base, _)): State<Shared>, Path(name): Path<String>) -> Json<Value> {
    Json(described(&format!("{base}/{name}")))
}

/// Everything is as `one` has it, but where tokens are given.
async fn forged(State((base, _)): State<Shared>) -> Json<Value> {
    let mut described = described(&format!("{base}/one"));
    described["token_endpoint"] = json!(format!("{base}/two/token"));
    Json(described)
}

fn described(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "registration_endpoint": format!("{issuer}/register"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    })
}

async fn register(State((_, said)): State<Shared>, Path(name): Path<String>, Json(asked): Json<Value>) -> Response {
    let mut said = said.lock().unwrap();
    said.registered += 1;
    let (id, secret) = (format!("client-{name}"), format!("hidden-secret-of-{name}"));
    let answer =
        json!({"client_id": id, "client_secret": secret, "redirect_uris": asked["redirect_uris"], "told": asked["application_type"]});
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn token(State((_, said)): State<Shared>, Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let form: Form = form_urlencoded::parse(&body).into_owned().collect();
    let slow = said.lock().unwrap().slow;
    tokio::time::sleep(slow).await;
    let mut said = said.lock().unwrap();
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    said.asked.push((name.clone(), form.clone(), authorization));
    let number = said.asked.len();
    let refused = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": why}))).into_response();
    let scope = match form["grant_type"].as_str() {
        "refresh_token" if form["refresh_token"] != format!("hidden-refresh-{}", number - 1) => return refused("invalid_grant"),
        "authorization_code" if form["code"] != "hidden-code" => return refused("invalid_grant"),
        _ => form.get("scope").cloned().unwrap_or_else(|| said.wanted.unwrap_or_default().to_owned()),
    };
    let access = format!("hidden-access-{number}");
    said.good = Some((access.clone(), scope.clone()));
    let refresh = format!("hidden-refresh-{number}");
    let answer = json!({"access_token": access, "token_type": "Bearer", "expires_in": said.lasts, "refresh_token": refresh});
    Json(answer).into_response()
}

async fn serve(State((base, said)): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let mut said = said.lock().unwrap();
    let shown = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let metadata = format!("resource_metadata=\"{base}/.well-known/oauth-protected-resource/mcp\"");
    if shown.is_none_or(|shown| said.good.as_ref().is_none_or(|(good, _)| good != shown)) {
        let challenge = format!("Bearer error=\"invalid_token\", scope=\"read\", {metadata}");
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", challenge)]).into_response();
    }
    let method = request["method"].as_str().unwrap_or_default();
    let missing = said.wanted.filter(|_| method == "tools/call").filter(|wanted| {
        let scopes = said.good.as_ref().map(|(_, scopes)| scopes.clone()).unwrap_or_default();
        !scopes.split(' ').any(|scope| scope == *wanted)
    });
    if let Some(wanted) = missing {
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{wanted}\", {metadata}");
        return (StatusCode::FORBIDDEN, [("www-authenticate", challenge)]).into_response();
    }
    let result = match method {
        "initialize" => json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "hub", "version": "1"},
        }),
        "tools/list" => json!({"tools": [{"name": "look", "inputSchema": {"type": "object"}}]}),
        "tools/call" => {
            said.calls += 1;
            json!({"content": [{"type": "text", "text": "seen"}]})
        }
        "ping" => json!({}),
        _ if request["id"].is_null() => return StatusCode::ACCEPTED.into_response(),
        _ => return Json(json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32_601, "message": "no"}})).into_response(),
    };
    Json(json!({"jsonrpc": "2.0", "id": request["id"], "result": result})).into_response()
}
