//! `POST /mcp/query`: the tools as plain JSON-RPC, where the method is the tool's name; for clients that speak no more of MCP than this.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ApiState;
use super::problem::{Code, Problem};
use super::tools::{self, ToolAnswer, ToolItem};
use crate::domain::{Identity, Scope};
use crate::tools::outside::source_in;

/// The argument that says which source is meant; it belongs to the call, not to the tool.
const SOURCE: &str = "target_id";

const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;
const NO_SUCH_METHOD: i32 = -32_601;
const INVALID_PARAMS: i32 = -32_602;
/// The tool, or the source behind it, could not do it.
const FAILED: i32 = -32_000;

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct RpcCall {
    #[schema(example = "2.0")]
    pub jsonrpc: String,
    /// Absent in a notification, which is carried out and not answered.
    #[serde(default)]
    pub id: Option<Value>,
    /// A tool's name, `tools/list` or `tools/call`.
    #[schema(example = "list_tables")]
    pub method: String,
    /// The tool's arguments, and `target_id` for the source.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RpcAnswer {
    pub jsonrpc: &'static str,
    pub id: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RpcError>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RpcError {
    pub code: i32,
    pub message: String,
    /// The problem document behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Calls a tool by plain JSON-RPC
#[utoipa::path(post, path = "/mcp/query", tag = "sources", operation_id = "rpc", request_body = RpcCall,
    responses((status = 200, description = "What the tool answered, or a JSON-RPC error", body = RpcAnswer),
        (status = 202, description = "A notification was carried out")))]
pub async fn query(State(state): State<Arc<ApiState>>, Extension(identity): Extension<Identity>, body: Bytes) -> Response {
    let value: Value = match serde_json::from_slice(&body) {
        Ok(value) => value,
        Err(error) => return answer(Value::Null, Err(RpcError::new(PARSE_ERROR, format!("not JSON: {error}")))),
    };
    if !value.is_object() {
        return answer(Value::Null, Err(RpcError::new(INVALID_REQUEST, "one request at a time, as an object; batches are not taken")));
    }
    let is_notification = value.get("id").is_none();
    let id = value.get("id").cloned().unwrap_or_default();
    let call: RpcCall = match serde_path_to_error::deserialize(value) {
        Ok(call) => call,
        Err(error) => return answer(id, Err(RpcError::new(INVALID_REQUEST, format!("not a JSON-RPC request: {error}")))),
    };
    if call.jsonrpc != "2.0" {
        return answer(id, Err(RpcError::new(INVALID_REQUEST, "`jsonrpc` must be \"2.0\"")));
    }
    let outcome = carry_out(&state, identity, call).await;
    if is_notification { StatusCode::ACCEPTED.into_response() } else { answer(id, outcome) }
}

async fn carry_out(state: &ApiState, identity: Identity, call: RpcCall) -> Result<Value, RpcError> {
    let RpcCall { method, mut params, .. } = call;
    match method.as_str() {
        "tools/list" => {
            identity.require(Scope::Read.into(), "tools/list").map_err(Problem::from)?;
            let tools: Vec<Value> = state.outside.tools.specs().map(|spec| listed(ToolItem::of(spec))).collect();
            Ok(json!({ "tools": tools }))
        }
        "tools/call" => {
            let Some(Value::String(name)) = params.remove("name") else {
                return Err(RpcError::new(INVALID_PARAMS, "`params.name` must be a tool's name"));
            };
            let args = match params.remove("arguments") {
                Some(Value::Object(args)) => args,
                None | Some(Value::Null) => Map::new(),
                Some(_) => return Err(RpcError::new(INVALID_PARAMS, "`params.arguments` must be an object")),
            };
            if let Some((odd, _)) = params.into_iter().find(|(name, _)| name != "_meta") {
                let why = format!("`params.{odd}` is not taken; the source is `params.arguments.{}`", SOURCE);
                return Err(RpcError::new(INVALID_PARAMS, why));
            }
            let result = tool(state, identity, &name, args).await?;
            let text = result.to_string();
            Ok(json!({"content": [{"type": "text", "text": text}], "structuredContent": result, "isError": false}))
        }
        name => tool(state, identity, name, params).await,
    }
}

/// A tool in the words of MCP. The source is an argument like the others here.
fn listed(tool: ToolItem) -> Value {
    let ToolItem { name, title, description, mut args, output, annotations, .. } = tool;
    args["properties"][SOURCE] = json!({
        "type": "string", "description": "The source to look into: a registered name or a DSN; the server's default source where left out."
    });
    json!({
        "name": name, "title": title, "description": description, "inputSchema": args, "outputSchema": output, "annotations": annotations
    })
}

async fn tool(state: &ApiState, identity: Identity, name: &str, mut args: Map<String, Value>) -> Result<Value, RpcError> {
    let source = source_in(&mut args).map_err(|why| RpcError::new(INVALID_PARAMS, why))?;
    let called: Result<ToolAnswer, Problem> = tools::carry_out(state, identity, name.to_owned(), source, args).await;
    called.map(|answer| answer.result).map_err(RpcError::from)
}

fn answer(id: Value, outcome: Result<Value, RpcError>) -> Response {
    let (result, error) = match outcome {
        Ok(result) => (Some(result), None),
        Err(error) => (None, Some(error)),
    };
    Json(RpcAnswer { jsonrpc: "2.0", id, result, error }).into_response()
}

impl RpcError {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }
}

impl From<Problem> for RpcError {
    fn from(problem: Problem) -> Self {
        let code = match problem.code {
            Code::NoSuchTool => NO_SUCH_METHOD,
            Code::ToolRefused | Code::MissingField => INVALID_PARAMS,
            _ => FAILED,
        };
        Self { code, message: problem.detail.clone(), data: serde_json::to_value(problem.document()).ok() }
    }
}
