//! A client that hides nothing: one request, one answer, in the words of the newest revision or of one with sessions.

use fathom::api::problem::Document;
use futures::StreamExt;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

pub const MODERN: &str = "2026-07-28";
pub const LEGACY: &str = "2025-11-25";

pub struct Raw {
    http: reqwest::Client,
    pub url: String,
    session: Option<String>,
    capabilities: Value,
    pub token: Option<String>,
}

impl Raw {
    /// Without a session; every request says all that it needs.
    pub fn modern(server: &str) -> Self {
        Self { http: http(), url: format!("{server}/mcp"), session: None, capabilities: json!({}), token: None }
    }

    /// With a session of its own.
    pub async fn legacy(server: &str, capabilities: Value) -> Self {
        let mut raw = Self { http: http(), url: format!("{server}/mcp"), session: None, capabilities: capabilities.clone(), token: None };
        let hello = json!({"protocolVersion": LEGACY, "capabilities": capabilities, "clientInfo": {"name": "test", "version": "1"}});
        let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello});
        let response = raw.post(&body).send().await.expect("the server answers");
        raw.session = Some(response.headers()["mcp-session-id"].to_str().expect("a session's id is text").to_owned());
        let answers = messages(response).await;
        assert_eq!(answers.last().expect("an answer")["result"]["protocolVersion"], LEGACY);
        let ready = raw.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).send().await.expect("the server answers");
        assert_eq!(ready.status(), 202);
        raw
    }

    pub fn able(self, capabilities: Value) -> Self {
        Self { capabilities, ..self }
    }

    pub fn post(&self, body: &Value) -> RequestBuilder {
        let request = self.http.post(&self.url).header("accept", "application/json, text/event-stream").json(body);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        match &self.session {
            Some(session) => request.header("mcp-session-id", session).header("mcp-protocol-version", LEGACY),
            None => request,
        }
    }

    pub fn request(&self, id: u64, method: &str, mut params: Value) -> RequestBuilder {
        if self.session.is_some() {
            return self.post(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        }
        let name = params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str).map(str::to_owned);
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(MODERN);
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
        let request = self.post(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let request = request.header("mcp-protocol-version", MODERN).header("mcp-method", method);
        match name.filter(|_| matches!(method, "tools/call" | "resources/read" | "prompts/get")) {
            Some(name) => request.header("mcp-name", name),
            None => request,
        }
    }

    /// What the server says by itself in this session.
    pub async fn follow(&self) -> Response {
        let session = self.session.as_deref().expect("there is a session");
        let request = self.http.get(&self.url).header("accept", "text/event-stream").header("mcp-session-id", session);
        request.header("mcp-protocol-version", LEGACY).send().await.expect("the server answers")
    }

    /// The answer to a request, and what came before it.
    pub async fn ask(&self, method: &str, params: Value) -> (Value, Vec<Value>) {
        let response = self.request(1, method, params).send().await.expect("the server answers");
        let mut messages = messages(response).await;
        let answer = messages.pop().expect("there is an answer");
        (answer, messages)
    }

    pub async fn result(&self, method: &str, params: Value) -> Value {
        let (mut answer, _) = self.ask(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    pub async fn tool(&self, name: &str, args: Value) -> Value {
        self.result("tools/call", json!({"name": name, "arguments": args})).await
    }

    /// What a tool answered, which must not have failed.
    pub async fn done(&self, name: &str, args: Value) -> Value {
        let mut result = self.tool(name, args).await;
        assert_ne!(result["isError"], json!(true), "{name}: {result}");
        result["structuredContent"].take()
    }

    /// What a tool said that failed.
    pub async fn failed(&self, name: &str, args: Value) -> String {
        let result = self.tool(name, args).await;
        assert_eq!(result["isError"], json!(true), "{name}: {result}");
        result["content"][0]["text"].as_str().expect("a text").to_owned()
    }
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(60)).build().expect("a client can be made")
}

/// All JSON-RPC messages of an answer, whether it is one or a stream.
pub async fn messages(response: Response) -> Vec<Value> {
    let media = response.headers().get("content-type").map(|media| media.to_str().unwrap().to_owned()).unwrap_or_default();
    if media.starts_with("text/event-stream") {
        let mut text = Vec::new();
        let mut body = response.bytes_stream();
        while let Some(Ok(chunk)) = body.next().await {
            text.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(text).expect("streams are text");
        let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim).filter(|data| !data.is_empty());
        return data.map(|data| serde_json::from_str(data).expect("a message is JSON")).collect();
    }
    let status = response.status();
    let text = response.text().await.expect("a body");
    if media == "application/problem+json" {
        let problem: Document = serde_json::from_str(&text).expect("a problem");
        panic!("{status}: {}", problem.detail);
    }
    vec![serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status}, {error}: {text}"))]
}
