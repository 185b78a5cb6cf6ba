//! A model server for tests: it says what its script says, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use fathom::model::{ApiKey, Message, Model, Models, Prices, Request, Role, Settings, Shape, build};
use futures::StreamExt;
use serde_json::{Value, json};

/// What a request brought.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

type Answering = dyn Fn(&Seen) -> Answer + Send + Sync;

pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    /// Parts of the body, each sent after a wait.
    parts: Vec<(Duration, Result<Bytes, ()>)>,
    delay: Duration,
}

struct Shared {
    answer: Box<Answering>,
    seen: Mutex<Vec<Seen>>,
}

pub struct Server {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Answers with these, in order, and with the last one from then on.
    pub async fn scripted(answers: impl IntoIterator<Item = fn() -> Answer>) -> Self {
        let queue = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        Self::answering(move |_| {
            let mut queue = queue.lock().unwrap();
            let next = if queue.len() > 1 { queue.pop_front() } else { queue.front().copied() };
            next.expect("a script with at least one answer")()
        })
        .await
    }

    pub async fn answering(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared { answer: Box::new(answer), seen: Mutex::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Settings that reach this server quickly and give up quickly.
    pub fn settings(&self) -> Settings {
        Settings {
            name: "m".to_owned(),
            base_url: self.url(),
            api_key: Some(ApiKey::new(KEY)),
            retry_base_ms: 1,
            idle_s: 5,
            ..Settings::default()
        }
    }

    pub fn models(&self) -> Models {
        build(&self.settings(), Prices::builtin()).unwrap()
    }

    pub fn model(&self) -> Arc<dyn Model> {
        self.models().get("m").unwrap()
    }
}

pub const KEY: &str = "sk-test-very-secret-key";

async fn handle(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(method, Method::POST);
    let seen = Seen { path: uri.to_string(), headers, body: serde_json::from_slice(&body).expect("a JSON body") };
    shared.seen.lock().unwrap().push(seen.clone());
    let answer = (shared.answer)(&seen);
    tokio::time::sleep(answer.delay).await;
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let parts = futures::stream::iter(answer.parts).then(|(wait, part)| async move {
        tokio::time::sleep(wait).await;
        part.map_err(|()| std::io::Error::other("cut"))
    });
    response.body(Body::from_stream(parts)).unwrap()
}

impl Answer {
    pub fn raw(status: u16, body: impl Into<String>) -> Self {
        let parts = vec![(Duration::ZERO, Ok(Bytes::from(body.into())))];
        Self { status, headers: Vec::new(), parts, delay: Duration::ZERO }
    }

    pub fn json(status: u16, body: Value) -> Self {
        Self::raw(status, body.to_string()).header("content-type", "application/json")
    }

    /// A whole answer with this text.
    pub fn text(text: &str) -> Self {
        Self::message(json!({ "role": "assistant", "content": text }))
    }

    pub fn message(message: Value) -> Self {
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        let usage = json!({ "prompt_tokens": 10, "completion_tokens": 5 });
        Self::json(200, json!({ "id": "x", "model": "served-model", "choices": [choice], "usage": usage }))
    }

    /// Parts of a stream as they are.
    pub fn events(parts: impl IntoIterator<Item = String>) -> Self {
        let parts = parts.into_iter().map(|part| (Duration::ZERO, Ok(Bytes::from(part)))).collect();
        Self { status: 200, headers: vec![("content-type", "text/event-stream".to_owned())], parts, delay: Duration::ZERO }
    }

    /// The connection ends in the middle of the body.
    pub fn cut(mut self) -> Self {
        self.parts.push((Duration::from_millis(5), Err(())));
        self
    }

    /// After the body, nothing more comes, but the connection stays open.
    pub fn held_open(mut self) -> Self {
        self.parts.push((Duration::from_secs(600), Ok(Bytes::new())));
        self
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// A wish for `{"tasks": [{"goal": text}]}`.
pub fn request() -> Request {
    let task =
        json!({ "type": "object", "required": ["goal"], "additionalProperties": false, "properties": { "goal": { "type": "string" } } });
    let schema = json!({ "type": "object", "required": ["tasks"], "additionalProperties": false,
        "properties": { "tasks": { "type": "array", "items": task, "maxItems": 3 }, "notes": { "type": "string" } } });
    Request {
        purpose: "plan".to_owned(),
        messages: vec![
            Message { role: Role::System, text: "You plan.".to_owned() },
            Message { role: Role::User, text: r#"{"run_id":"r"}"#.to_owned() },
        ],
        shape: Shape { name: "plan".to_owned(), schema },
        max_tokens: Some(500),
        temperature: Some(0.2),
        time_limit: Duration::from_secs(20),
    }
}

pub const GOOD: &str = r#"{"tasks":[{"goal":"look"}]}"#;

pub fn good() -> Answer {
    Answer::text(GOOD)
}

pub fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({ "error": { "message": message } }))
}
