//! A server of a test's own over HTTP, which answers as the test says, and may break off in the middle.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

/// What comes back for one request.
pub enum Answer {
    Result(Value),
    Error(i64, String),
    /// The beginning of an answer, and then nothing.
    Break,
    /// The beginning of a stream of events, and then nothing.
    BreakStream,
    /// A stream of what the server says until the call is answered.
    Events(mpsc::Receiver<Event>),
    /// No answer, ever.
    Hang,
    Status(u16, String),
}

pub enum Event {
    /// A form, under an id; what comes back for it is the method `answer`.
    Ask(u64, Value),
    Result(Value),
    /// The connection breaks.
    Cut,
}

type Way = Arc<dyn Fn(String, Value) -> BoxFuture<'static, Answer> + Send + Sync>;

pub struct Fake {
    pub url: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    headers: Arc<Mutex<Vec<HeaderMap>>>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Serving {
    way: Way,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    headers: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Fake {
    /// `way` gets the method and its parameters.
    pub async fn start(way: impl Fn(String, Value) -> BoxFuture<'static, Answer> + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), way).await
    }

    pub async fn start_at(address: SocketAddr, way: impl Fn(String, Value) -> BoxFuture<'static, Answer> + Send + Sync + 'static) -> Self {
        let serving = Serving { way: Arc::new(way), asked: Arc::default(), headers: Arc::default() };
        let (asked, headers) = (serving.asked.clone(), serving.headers.clone());
        let listener = tokio::net::TcpListener::bind(address).await.expect("a port");
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(serving);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, asked, headers, serving }
    }

    /// A server in the plain form with these tools; `way` gets the tool and its arguments.
    pub async fn plain(tools: Value, way: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(move |method, params| {
            let answer = match method.as_str() {
                "tools/list" => Answer::Result(json!({"tools": tools})),
                "tools/call" => way(params["name"].as_str().unwrap_or_default(), &params["arguments"]),
                "ping" => Answer::Result(json!({})),
                _ => Answer::Error(-32_601, "Method not found".to_owned()),
            };
            Box::pin(std::future::ready(answer))
        })
        .await
    }

    /// Arguments of the calls of a tool, in whichever form they came.
    pub fn calls_of(&self, tool: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        let of = |(method, params): &(String, Value)| match method.as_str() {
            "tools/call" if params["name"] == tool => Some(params["arguments"].clone()),
            name if name == tool => Some(params.clone()),
            _ => None,
        };
        asked.iter().filter_map(of).collect()
    }

    /// Parameters of the requests of a method.
    pub fn params_of(&self, method: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(name, _)| name == method).map(|(_, params)| params.clone()).collect()
    }

    pub fn headers(&self) -> Vec<HeaderMap> {
        self.headers.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A tool of a list.
pub fn tool(name: &str, reads: bool) -> Value {
    json!({"name": name, "description": format!("does {name}"), "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": reads}})
}

async fn answer(State(serving): State<Serving>, headers: HeaderMap, body: Bytes) -> Response {
    serving.headers.lock().unwrap().push(headers);
    let Ok(request) = serde_json::from_slice::<Value>(&body) else { return StatusCode::METHOD_NOT_ALLOWED.into_response() };
    if request["method"].is_null() {
        serving.asked.lock().unwrap().push(("answer".to_owned(), request.clone()));
        (serving.way)("answer".to_owned(), request).await;
        return StatusCode::ACCEPTED.into_response();
    }
    let (id, method) = (request["id"].clone(), request["method"].as_str().unwrap_or_default().to_owned());
    serving.asked.lock().unwrap().push((method.clone(), request["params"].clone()));
    if id.is_null() {
        return StatusCode::ACCEPTED.into_response();
    }
    let json = |value: Value| ([("content-type", "application/json")], value.to_string()).into_response();
    let broken = |kind: &'static str, first: &'static str| {
        let pieces = [Ok(Bytes::from_static(first.as_bytes())), Err(std::io::Error::other("the cable is cut"))];
        let later = futures::stream::iter(pieces);
        ([("content-type", kind)], Body::from_stream(later)).into_response()
    };
    match (serving.way)(method, request["params"].clone()).await {
        Answer::Result(result) => json(json!({"jsonrpc": "2.0", "id": id, "result": result})),
        Answer::Error(code, message) => json(json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})),
        Answer::Break => broken("application/json", "{\"jsonrpc\": \"2.0\", "),
        Answer::BreakStream => broken("text/event-stream", ": here it comes\n\n"),
        Answer::Events(events) => streamed(id, events),
        Answer::Hang => std::future::pending().await,
        Answer::Status(status, text) => (StatusCode::from_u16(status).unwrap(), text).into_response(),
    }
}

fn streamed(call: Value, events: mpsc::Receiver<Event>) -> Response {
    let pieces = ReceiverStream::new(events).map(move |event| {
        let message = match event {
            Event::Ask(id, params) => json!({"jsonrpc": "2.0", "id": id, "method": "elicitation/create", "params": params}),
            Event::Result(result) => json!({"jsonrpc": "2.0", "id": call, "result": result}),
            Event::Cut => return Err(std::io::Error::other("the cable is cut")),
        };
        Ok(Bytes::from(format!("data: {message}\n\n")))
    });
    ([("content-type", "text/event-stream")], Body::from_stream(pieces)).into_response()
}
