//! `/servers`: remote MCP servers of the configuration, their tools, and calls of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ApiState;
use super::body::Body;
use super::params::{Items, Params, path_parameter};
use super::problem::{Code, Problem};
use crate::mcp::client::{Acceptance, Answers, Ask, Asks, Error, RemoteServer, RemoteTool, State as Reached};
use crate::store::RemoteCallRow;
use crate::tools::Effect;

/// Servers that are asked at once how they are.
const ASKED_AT_ONCE: usize = 8;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ServerItem {
    pub name: String,
    /// Its URL, or its command.
    #[serde(rename = "where")]
    pub place: String,
    /// Whether it answers now.
    pub up: bool,
    /// What is spoken with it, or why it does not answer.
    pub state: String,
    pub trusted: bool,
    /// Whether there is a token from signing in.
    #[serde(default)]
    pub signed_in: bool,
    /// Empty where it does not tell them.
    pub tools: Vec<ServerTool>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ServerTool {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub description: String,
    /// `read` or `mutate`.
    #[schema(value_type = String)]
    pub effect: Effect,
    /// Its definition is another one than the one that was accepted: it is not called.
    pub changed: bool,
    /// SHA-256 of the definition.
    pub hash: String,
    /// JSON Schema of its arguments.
    #[schema(value_type = Object)]
    pub args: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Accepting {
    /// One tool; all of them where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Accepted {
    /// Tools whose changed definitions are accepted now.
    pub accepted: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerCall {
    #[serde(default)]
    #[schema(value_type = Object)]
    pub args: Map<String, Value>,
    /// To what the tool has asked back, by its `id`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, AskAnswer>,
    /// As the answer before had it, if it had one. `args` are those of the first call, whatever they are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskAnswer {
    pub action: AskAction,
    /// The form as it was filled in, where it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub content: Option<Map<String, Value>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskAction {
    Accept,
    /// Without what was asked, and the tool may go on.
    Decline,
    /// The tool is not to go on.
    Cancel,
}

/// What a tool asks before it goes on, in the server's own words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ServerAsk {
    pub id: String,
    pub message: String,
    /// JSON Schema of the form.
    #[schema(value_type = Object)]
    pub schema: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ServerAnswer {
    /// The tool says that it could not do it.
    pub is_error: bool,
    /// What it answered as data, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Value>,
    /// Blocks of content as MCP has them.
    #[schema(value_type = Vec<Object>)]
    pub content: Vec<Value>,
    /// Stands here where the tool is not done: the call is to be repeated with `answers` to these, and with the `state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<Vec<ServerAsk>>,
    /// To be given back exactly as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// A call that changes something, and of which no answer has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnansweredCall {
    pub id: String,
    pub server: String,
    pub tool: String,
    #[schema(value_type = Object)]
    pub args: Value,
    pub reason: String,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// The server and, where the path has one, the tool.
pub struct ServerPath {
    pub(super) name: String,
    tool: Option<String>,
}

/// The call that the path names.
pub struct CallPath(String);

/// Lists the remote servers
///
/// Each is asked whether it is there, and for its tools. The tools' descriptions are the servers' own words.
#[utoipa::path(get, path = "/servers", tag = "sources", operation_id = "list_servers",
    params(("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of servers", body = Items<ServerItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<ServerItem>>, Problem> {
    let page = params.only(&["limit", "after"])?.page()?;
    let asking = state.remotes.configured().cloned().map(|server| async move { item(&server).await });
    let items: Vec<ServerItem> = futures::stream::iter(asking).buffered(ASKED_AT_ONCE).collect().await;
    Items::page_of(items.into_iter(), &page).map(Json)
}

/// Accepts the definitions of a server's tools as they are now
///
/// A tool is accepted when it is first seen, and not called any more once its definition has changed, until this is done.
#[utoipa::path(post, path = "/servers/{name}/accept", tag = "sources", operation_id = "accept_tools", request_body = Accepting,
    params(("name" = String, Path, description = "The server's name.")),
    responses((status = 200, description = "What was accepted", body = Accepted)))]
pub async fn accept(State(state): State<Arc<ApiState>>, path: ServerPath, body: Body<Accepting>) -> Result<Json<Accepted>, Problem> {
    let server = state.remotes.find(&path.name)?;
    let accepted = server.accept(body.value.tool.as_deref()).await?;
    Ok(Json(Accepted { accepted }))
}

/// Calls a tool of a remote server
///
/// One that changes something is sent once, whatever happens to the connection. A tool may ask something back before it goes on (`asks`). Where
/// the server keeps the call open meanwhile, it waits here for 10 minutes, under a `state` that is good once; what is not answered by then is
/// cancelled. Fields of a form that are left out of an answer are filled in as its schema has them by default.
#[utoipa::path(post, path = "/servers/{name}/tools/{tool}", tag = "sources", operation_id = "call_server_tool", request_body = ServerCall,
    params(("name" = String, Path, description = "The server's name."), ("tool" = String, Path, description = "The tool's name.")),
    responses((status = 200, description = "What the tool answered", body = ServerAnswer)))]
pub async fn call(State(app): State<Arc<ApiState>>, path: ServerPath, body: Body<ServerCall>) -> Result<Json<ServerAnswer>, Problem> {
    let server = app.remotes.find(&path.name)?;
    let ServerCall { args, answers, state } = body.value;
    let answers = answers.into_iter().filter_map(|(id, answer)| Some((id, serde_json::to_value(answer).ok()?))).collect();
    let said = Answers { answers, state };
    let reply = server.call_for_person(path.tool.as_deref().unwrap_or_default(), &args, &said).await?;
    let (asks, state) = match reply.asks {
        Some(Asks { questions, state }) => (Some(questions.into_iter().map(ServerAsk::of).collect()), state),
        None => (None, None),
    };
    Ok(Json(ServerAnswer { is_error: reply.is_error, structured: reply.structured, content: reply.content, asks, state }))
}

/// Lists calls that change something and have no answer
///
/// Nobody here can know whether they took place, so they are not repeated. Those that are under way are among them.
#[utoipa::path(get, path = "/servers/calls", tag = "sources", operation_id = "list_unanswered_calls",
    params(("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of calls", body = Items<UnansweredCall>)))]
pub async fn unanswered(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<UnansweredCall>>, Problem> {
    let page = params.only(&["limit", "after"])?.page()?;
    let rows = state.remotes.unanswered().await?;
    Items::page_of(rows.into_iter().map(UnansweredCall::of), &page).map(Json)
}

/// Removes the record of a call without an answer, once a person knows what became of it
#[utoipa::path(delete, path = "/servers/calls/{id}", tag = "sources", operation_id = "settle_call",
    params(("id" = String, Path, description = "The call's id.")),
    responses((status = 204, description = "It is off the record")))]
pub async fn settle(State(state): State<Arc<ApiState>>, CallPath(id): CallPath) -> Result<StatusCode, Problem> {
    match state.remotes.settle(&id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::new(Code::NoSuchCall, format!("there is no call `{id}` without an answer"))),
    }
}

async fn item(server: &RemoteServer) -> ServerItem {
    let setup = server.setup();
    let (up, state) = match server.state().await {
        Reached::Up { spoken } => (true, spoken),
        Reached::Down { reason } => (false, reason),
    };
    let tools = if up { server.tools().await } else { Ok(None) };
    let (up, state, tools) = match tools {
        Ok(tools) => (up, state, tools.unwrap_or_default()),
        Err(error) => (false, error.to_string(), Vec::new()),
    };
    let tools = tools.into_iter().map(ServerTool::of).collect();
    let signed_in = server.is_signed_in().await;
    ServerItem { name: setup.name.clone(), place: setup.shown(), up, state, trusted: setup.trusted, signed_in, tools }
}

impl ServerTool {
    fn of(tool: RemoteTool) -> Self {
        let changed = tool.acceptance == Acceptance::Changed;
        Self {
            name: tool.name,
            title: tool.title,
            description: tool.description,
            effect: tool.effect,
            changed,
            hash: tool.hash,
            args: tool.args,
        }
    }
}

impl ServerAsk {
    fn of(ask: Ask) -> Self {
        Self { id: ask.id, message: ask.message, schema: ask.schema }
    }
}

impl UnansweredCall {
    fn of(row: RemoteCallRow) -> Self {
        let args = serde_json::from_str(&row.arguments).unwrap_or(Value::String(row.arguments));
        Self { id: row.id, server: row.server, tool: row.tool, args, reason: row.reason, at: row.at }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::NoSuchServer { .. } => Code::NoSuchServer,
            Error::NoSuchTool { .. } => Code::NoSuchTool,
            Error::Changed { .. } => Code::ToolChanged,
            Error::Refused { .. } | Error::TooLarge { .. } | Error::TooManyHeld { .. } => Code::ToolFailed,
            Error::Unavailable { .. } | Error::Suspended { .. } | Error::Unauthorized { .. } | Error::TimedOut { .. } => {
                Code::ServerUnavailable
            }
            Error::SignIn { .. } => Code::SignInWanted,
            Error::LoginFailed { .. } => Code::SignInFailed,
            Error::NoSuchLogin(_) => Code::NoSuchLogin,
            Error::NoSuchState { .. } => Code::NoSuchState,
            Error::Unanswered { .. } => return Self::invalid_field("answers", error.to_string()),
            Error::Ambiguous { .. } => Code::CallAmbiguous,
            Error::Store(error) => return error.into(),
        };
        Self::new(code, error.to_string())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ServerPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = path_parameter(parts, state, "name").await?;
        Ok(Self { name, tool: path_parameter(parts, state, "tool").await.ok() })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CallPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path_parameter(parts, state, "id").await.map(Self)
    }
}
