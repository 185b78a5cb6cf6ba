//! `/tools`: what experts look into a source with, for everybody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ApiState;
use super::body::Body;
use super::params::{Items, Params, path_parameter};
use super::problem::{Code, Problem};
use crate::claims::text::cut;
use crate::domain::{Identity, Scope};
use crate::mcp::client::{Acceptance, RemoteServer, RemoteTool};
use crate::tools::outside::{Answered, Asked, Unanswered};
use crate::tools::{Effect, Failure, Spec};

/// The owner of the tools of our registry.
const OURS: &str = "fathom";

/// Of what a remote tool says that it could not do.
const REASON_BYTES: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ToolItem {
    /// That of a remote server's tool begins with its owner and a colon.
    pub name: String,
    /// Who carries it out: `fathom`, or a remote server of the configuration.
    pub owner: String,
    /// The name for people.
    pub title: String,
    pub description: String,
    /// JSON Schema of the arguments.
    pub args: Value,
    /// JSON Schema of the result.
    pub output: Value,
    /// A valid call, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// `read`, `record` or `mutate`.
    #[schema(value_type = String)]
    pub effect: Effect,
    /// Whether it changes nothing.
    pub read_only: bool,
    pub annotations: Annotations,
    /// Names it is also known by.
    pub aliases: Vec<String>,
    /// Of a remote server's tool, how its definition is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Pinned>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pinned {
    /// SHA-256 of the definition.
    pub hash: String,
    /// It is another one than the one that was accepted: the tool is not called.
    pub changed: bool,
}

/// What a client may expect of a tool, in the words of MCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// It changes nothing, here or elsewhere.
    pub read_only_hint: bool,
    /// It may change or remove what was there.
    pub destructive_hint: bool,
    /// The same call twice does no more than once.
    pub idempotent_hint: bool,
    /// It reaches beyond the source and the catalog.
    pub open_world_hint: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// A registered name or a DSN. Without it, the server's default source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    pub args: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ToolAnswer {
    pub result: Value,
    pub duration_ms: u64,
    /// Size of the result before it was cut.
    pub bytes: usize,
    pub truncated: bool,
}

/// The tool that the path names.
pub struct ToolPath(String);

/// Lists the tools
///
/// Our own, then those of the remote servers of the configuration that answer at once, in the servers' own words; `/servers` has all, and
/// why one does not answer.
#[utoipa::path(get, path = "/tools", tag = "sources", operation_id = "list_tools",
    params(("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of tools", body = Items<ToolItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<ToolItem>>, Problem> {
    let page = params.only(&["limit", "after"])?.page()?;
    let remote = state.remotes.tools_at_hand().await.into_iter().map(ToolItem::of_remote);
    let mut rest = state.outside.tools.specs().map(ToolItem::of).chain(remote);
    // Servers come and go between two pages: a page begins behind a name.
    if let Some(name) = &page.after
        && !rest.any(|tool| tool.name == *name)
    {
        let why = format!("`{name}` is not, or no longer, a tool of this list; begin at the first page");
        return Err(Problem::invalid_parameter("after", why));
    }
    let mut items: Vec<ToolItem> = rest.take(page.limit + 1).collect();
    let has_more = items.len() > page.limit;
    items.truncate(page.limit);
    let next = items.last().filter(|_| has_more).map(|tool| tool.name.clone());
    Ok(Json(Items { items, next }))
}

/// Calls a tool
///
/// To call a remote server's, one has to be allowed to approve. One that asks something back is called under `/servers`.
#[utoipa::path(post, path = "/tools/{name}", tag = "sources", operation_id = "call_tool", request_body = ToolCall,
    params(("name" = String, Path, description = "The tool's name, or one of its aliases.")),
    responses((status = 200, description = "What it answered", body = ToolAnswer)))]
pub async fn call(
    State(state): State<Arc<ApiState>>,
    Extension(identity): Extension<Identity>,
    ToolPath(name): ToolPath,
    body: Body<ToolCall>,
) -> Result<Json<ToolAnswer>, Problem> {
    let ToolCall { source, args } = body.value;
    if let Some((server, tool)) = state.remotes.owner_of(&name) {
        return match source {
            None => call_remote(&state, &identity, &server, (&name, tool), args).await.map(Json),
            Some(_) => {
                Err(Problem::new(Code::ToolRefused, format!("`{name}` is a remote server's and takes no source")).of_field("source"))
            }
        };
    }
    carry_out(&state, identity, name, source, args).await.map(Json)
}

/// One way to call a tool of ours over HTTP, whatever the words around it.
pub(super) async fn carry_out(
    state: &ApiState,
    identity: Identity,
    tool: String,
    source: Option<String>,
    args: Map<String, Value>,
) -> Result<ToolAnswer, Problem> {
    let Answered { result, duration, bytes, truncated } = state.outside.call(Asked { identity, tool, source, args }).await?;
    Ok(ToolAnswer { result, duration_ms: milliseconds(duration), bytes, truncated })
}

/// Let in and noted here: the gate cannot tell from the path whose tool it is.
async fn call_remote(
    state: &ApiState,
    identity: &Identity,
    server: &RemoteServer,
    (public_name, tool): (&str, &str),
    args: Map<String, Value>,
) -> Result<ToolAnswer, Problem> {
    let mut noting = state.outside.audit.begin(&identity.author, public_name, true);
    noting.with_args(Value::Object(args.clone()));
    if let Err(missing) = identity.require(Scope::Approve.into(), public_name) {
        noting.turned_away(&missing.to_string());
        return Err(missing.into());
    }
    let began = Instant::now();
    match server.call(tool, &args, None).await {
        Ok(reply) if reply.is_error => {
            let why = cut(&reply.text(), REASON_BYTES);
            noting.failed(&why);
            Err(Problem::new(Code::ToolFailed, why))
        }
        Ok(reply) => {
            noting.done();
            let result = reply.value();
            let bytes = result.to_string().len();
            Ok(ToolAnswer { result, duration_ms: milliseconds(began.elapsed()), bytes, truncated: false })
        }
        Err(error) => {
            noting.failed(&error.to_string());
            Err(error.into())
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        let detail = unanswered.to_string();
        match unanswered {
            Unanswered::NoSuchTool { tools, .. } => Self::new(Code::NoSuchTool, detail).with_valid(tools),
            Unanswered::NotGranted(missing) => missing.into(),
            Unanswered::NoSource => Self::new(Code::MissingField, detail).of_field("source"),
            Unanswered::Source(problem) => Self::from(problem).of_field("source"),
            Unanswered::Run(failure) | Unanswered::Failed(failure) => failure.into(),
            Unanswered::Refused(_) => Self::new(Code::ToolRefused, detail).of_field("args"),
            Unanswered::Stopping => Self::new(Code::Stopping, detail),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Mendable(reason) => Self::new(Code::ToolFailed, reason),
            Failure::Broken(reason) => Self::new(Code::SourceUnavailable, reason),
        }
    }
}

impl ToolItem {
    pub(super) fn of(spec: &Spec) -> Self {
        Self {
            name: spec.name.to_owned(),
            owner: OURS.to_owned(),
            title: spec.title(),
            description: spec.description.to_owned(),
            args: spec.args.clone(),
            output: spec.output.clone(),
            example: Some(spec.example.clone()),
            effect: spec.effect,
            read_only: spec.effect == Effect::Read,
            annotations: Annotations::of(spec.effect),
            aliases: spec.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            pinned: None,
        }
    }

    fn of_remote(tool: RemoteTool) -> Self {
        let changed = tool.acceptance == Acceptance::Changed;
        Self {
            name: tool.public_name(),
            title: tool.title.unwrap_or(tool.name),
            owner: tool.server,
            description: tool.description,
            args: tool.args,
            output: tool.output.unwrap_or_else(|| json!({})),
            example: None,
            effect: tool.effect,
            read_only: tool.effect == Effect::Read,
            annotations: Annotations { open_world_hint: true, ..Annotations::of(tool.effect) },
            aliases: Vec::new(),
            pinned: Some(Pinned { hash: tool.hash, changed }),
        }
    }
}

impl Annotations {
    fn of(effect: Effect) -> Self {
        Self {
            read_only_hint: effect == Effect::Read,
            destructive_hint: effect == Effect::Mutate,
            idempotent_hint: effect == Effect::Read,
            open_world_hint: false,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ToolPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path_parameter(parts, state, "name").await.map(Self)
    }
}
