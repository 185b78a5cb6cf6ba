//! The older, plain form: one JSON-RPC request a call over POST, where the method is the tool's name, or `tools/call`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Response};
use serde_json::{Map, Value, json};
use url::Url;

use super::link::{Definition, Fault, Link, METHOD_NOT_FOUND, Reply, ToolCall};
use super::setup::{Setup, is_loopback};
use crate::model::ApiKey;

const ENVELOPE_BYTES: usize = 64 * 1024;

pub struct PlainLink {
    http: Client,
    url: Url,
    token: Option<ApiKey>,
    most_bytes: usize,
    next_id: AtomicU64,
    /// The method is the tool's name; else it is `tools/call`.
    by_name: AtomicBool,
    lists: AtomicBool,
}

impl PlainLink {
    /// Asks for the tools, which tells whether anything there speaks JSON-RPC.
    pub async fn open(url: &Url, token: Option<&ApiKey>, setup: &Setup) -> Result<Self, Fault> {
        let http = http_client(url, setup.connect_time).map_err(Fault::NotSent)?;
        let (by_name, lists) = (AtomicBool::new(false), AtomicBool::new(true));
        let most_bytes = setup.max_result_bytes.saturating_mul(2).saturating_add(ENVELOPE_BYTES);
        let link = Self { http, url: url.clone(), token: token.cloned(), most_bytes, next_id: AtomicU64::new(1), by_name, lists };
        match link.ask("tools/list", json!({})).await {
            Ok(_) => {}
            Err(Fault::Refused { code, .. }) if code < 0 => {
                link.by_name.store(true, Ordering::Relaxed);
                link.lists.store(false, Ordering::Relaxed);
            }
            Err(fault) => return Err(fault),
        }
        Ok(link)
    }

    async fn ask(&self, method: &str, params: Value) -> Result<Value, Fault> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let mut request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        let response = request.body(body.to_string()).send().await.map_err(|error| {
            let why = innermost(&error);
            if error.is_connect() || error.is_builder() { Fault::NotSent(why) } else { Fault::Broken(why) }
        })?;
        let status = response.status();
        if matches!(status.as_u16(), 401 | 403) {
            return Err(Fault::Unauthorized(format!("HTTP {status}")));
        }
        let body = self.body(response).await?;
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        let Some(answer) = answer.filter(|answer| answer.get("result").is_some() || answer.get("error").is_some()) else {
            let shown: String = String::from_utf8_lossy(&body).chars().take(200).collect();
            let message = format!("HTTP {status}, and no answer in JSON-RPC: {shown}");
            return Err(match status.as_u16() {
                429 => Fault::NotSent(message),
                400..=499 => Fault::Refused { code: i64::from(status.as_u16()), message },
                500..=599 => Fault::Broken(message),
                _ => Fault::Odd(message),
            });
        };
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let message = error.get("message").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned);
            return Err(Fault::Refused { code: error.get("code").and_then(Value::as_i64).unwrap_or(-32_000), message });
        }
        let is_other = answer.get("id").is_some_and(|answered| !answered.is_null() && answered.as_u64() != Some(id));
        if is_other {
            return Err(Fault::Odd("the answer is to another request".to_owned()));
        }
        Ok(answer.get("result").cloned().unwrap_or_default())
    }

    async fn body(&self, response: Response) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| Fault::Broken(innermost(&error)))?;
            if body.len() + piece.len() > self.most_bytes {
                return Err(Fault::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    async fn ask_tool(&self, by_name: bool, tool: &str, args: &Map<String, Value>) -> Result<Value, Fault> {
        match by_name {
            true => self.ask(tool, Value::Object(args.clone())).await,
            false => self.ask("tools/call", json!({"name": tool, "arguments": args})).await,
        }
    }
}

#[async_trait]
impl Link for PlainLink {
    async fn list(&self) -> Result<Option<Vec<Definition>>, Fault> {
        if !self.lists.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let answer = self.ask("tools/list", json!({})).await?;
        let tools = answer.get("tools").unwrap_or(&answer).as_array();
        let tools: Option<Vec<Definition>> = tools.map(|tools| tools.iter().filter_map(definition).collect());
        Ok(tools.filter(|tools| !tools.is_empty()))
    }

    async fn call(&self, call: ToolCall<'_>) -> Result<Reply, Fault> {
        call.is_not_the_second()?;
        let ToolCall { tool, args, .. } = call;
        let by_name = self.by_name.load(Ordering::Relaxed);
        let answer = match self.ask_tool(by_name, tool, args).await {
            // Who does not know the method has done nothing: it is asked in the other form, which is kept where it works.
            Err(Fault::Refused { code: METHOD_NOT_FOUND, message }) => match self.ask_tool(!by_name, tool, args).await {
                Err(Fault::Refused { code: METHOD_NOT_FOUND, .. }) => Err(Fault::Refused { code: METHOD_NOT_FOUND, message }),
                other => {
                    self.by_name.store(!by_name, Ordering::Relaxed);
                    other
                }
            },
            answer => answer,
        };
        answer.map(reply)
    }

    async fn ping(&self) -> Result<(), Fault> {
        match self.ask("ping", json!({})).await {
            Ok(_) | Err(Fault::Refused { .. }) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    fn is_closed(&self) -> bool {
        // Each request stands for itself.
        false
    }

    fn has_changed(&self) -> bool {
        false
    }

    fn spoken(&self) -> String {
        "plain JSON-RPC".to_owned()
    }
}

/// Redirects are not followed: a token would go with them.
pub fn http_client(url: &Url, connect_time: Duration) -> Result<Client, String> {
    let mut builder = Client::builder().connect_timeout(connect_time).redirect(reqwest::redirect::Policy::none());
    if is_loopback(url) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| error.to_string())
}

fn definition(tool: &Value) -> Option<Definition> {
    let text = |name: &str| tool.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Definition {
        name: text("name")?,
        title: text("title"),
        description: text("description"),
        args: tool.get("inputSchema").cloned().unwrap_or_else(|| json!({"type": "object"})),
        output: tool.get("outputSchema").cloned(),
        annotations: tool.get("annotations").cloned(),
    })
}

/// What the tool answered, with or without what MCP puts around it.
fn reply(result: Value) -> Reply {
    let is_wrapped = result.get("content").is_some_and(Value::is_array)
        && (result.get("isError").is_some() || result.get("structuredContent").is_some() || result["content"][0].get("type").is_some());
    if !is_wrapped {
        return Reply { structured: Some(result), ..Reply::default() };
    }
    Reply {
        structured: result.get("structuredContent").filter(|value| !value.is_null()).cloned(),
        content: result["content"].as_array().cloned().unwrap_or_default(),
        is_error: result.get("isError") == Some(&Value::Bool(true)),
        asks: None,
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
