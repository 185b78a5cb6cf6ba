//! `/tools`: what experts look into a source with, for everybody.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ApiState;
use super::audit;
use super::body::Body;
use super::once::detached;
use super::params::{Items, Params, path_parameter};
use super::problem::{Code, Problem};
use crate::claims::text::{bounded, line};
use crate::domain::id::NotAnId;
use crate::domain::{self, Identity, Provenance, RunId, Scope};
use crate::source::Progress;
use crate::tools::agent_runs::{AgentRuns, CameTo, Told};
use crate::tools::{Allowed, Call, Caller, Effect, Failure, Outcome, Rejection, Sight, Spec, access};

/// What of a call its event shows.
const ARGS_IN_EVENT: usize = 2_048;
/// Arguments that say in which run a call is made.
const IN_RUN: [&str; 2] = ["agent_run_id", "run_id"];
const REASON_IN_EVENT: usize = 500;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ToolItem {
    pub name: String,
    /// The name for people.
    pub title: String,
    pub description: String,
    /// JSON Schema of the arguments.
    pub args: Value,
    /// JSON Schema of the result.
    pub output: Value,
    /// A valid call.
    pub example: Value,
    /// Whether it changes nothing.
    pub read_only: bool,
    pub annotations: Annotations,
    /// Names it is also known by.
    pub aliases: Vec<String>,
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
#[utoipa::path(get, path = "/tools", tag = "sources", operation_id = "list_tools",
    params(("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of tools", body = Items<ToolItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<ToolItem>>, Problem> {
    let page = params.only(&["limit", "after"])?.page()?;
    Items::page_of(state.tools.specs().map(ToolItem::of), &page).map(Json)
}

/// Calls a tool
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
    carry_out(&state, identity, name, source, args).await.map(Json)
}

/// One way to call a tool from outside, whatever the words around it. In a run the call ends without its client, too: it is counted there.
pub(super) async fn carry_out(
    state: &Arc<ApiState>,
    identity: Identity,
    name: String,
    source: Option<String>,
    args: Map<String, Value>,
) -> Result<ToolAnswer, Problem> {
    if !IN_RUN.iter().any(|name| args.contains_key(*name)) {
        return called(state, identity, &name, source, args).await;
    }
    let state = state.clone();
    detached(async move { called(&state, identity, &name, source, args).await }).await?
}

async fn called(
    state: &ApiState,
    identity: Identity,
    name: &str,
    source: Option<String>,
    args: Map<String, Value>,
) -> Result<ToolAnswer, Problem> {
    let Some(spec) = state.tools.spec(name) else {
        let names = state.tools.specs().map(|spec| spec.name);
        return Err(Problem::new(Code::NoSuchTool, format!("there is no tool `{name}`")).with_valid(names));
    };
    let shown = json!(args);
    let needed = access::needs_of_call(spec, &shown);
    let mut noting = state.audit.begin(&identity.author, spec.name, needed != Scope::Read.into());
    noting.of_source(source.as_deref().or(state.default_source.as_deref()));
    noting.with_args(&shown);
    let may = identity.require(needed, spec.name);
    let answered = match may.map_err(Problem::from).and_then(|()| state.may_open(&identity, source.as_deref())) {
        Ok(()) => let_in(state, identity.author, name, source, args).await,
        Err(turned_away) => Err(turned_away),
    };
    audit::ended(noting, &answered);
    answered
}

async fn let_in(
    state: &ApiState,
    author: domain::Author,
    name: &str,
    source: Option<String>,
    mut args: Map<String, Value>,
) -> Result<ToolAnswer, Problem> {
    let run = run_of(state, name, &mut args)?;
    let entered = match run {
        Some(run) => Some(state.runs.enter(run, &author).await.map_err(Problem::from)?),
        None => None,
    };
    let source = source.or_else(|| entered.as_ref().map(|entered| entered.source.clone())).or_else(|| state.default_source.clone());
    let Some(source) = source else {
        return Err(Problem::new(Code::MissingField, "`source` is missing, and the server has no default source").of_field("source"));
    };
    let opening = match state.tools.sight(name) {
        Sight::Recent => state.workbench.look(&source).await,
        Sight::Fresh => state.workbench.harvest(&source, &Progress::unheard()).await,
    };
    let workspace = opening.map_err(|problem| Problem::from(problem).of_field("source"))?;
    if let Some(entered) = &entered
        && entered.source != workspace.key.0
    {
        let detail = format!("the run looks into `{}`, and this call into `{}`", entered.source, workspace.key);
        return Err(Problem::new(Code::ToolRefused, detail).of_field("source"));
    }
    let provenance = Provenance { run, model: entered.map(|entered| entered.model), ..Provenance::of(author) };
    let caller = Caller { provenance, allowed: Allowed::Everything };
    let shown = bounded(&json!(args), ARGS_IN_EVENT);
    let outcome =
        state.tools.carry_out(Call { workspace: &workspace, caller: &caller, runs: Some(&state.runs) }, name, Value::Object(args)).await;
    if let Some(run) = run {
        journal(state, run, &caller, name, shown, &outcome).await;
    }
    let result = outcome.result.map_err(|rejection| match rejection {
        Rejection::Refused(reason) => Problem::new(Code::ToolRefused, reason).of_field("args"),
        Rejection::Failed(failure) => failure.into(),
    })?;
    let duration_ms = u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX);
    Ok(ToolAnswer { result, duration_ms, bytes: outcome.bytes, truncated: outcome.truncated })
}

/// The run that the call is made in, taken out of the arguments where the tool has none of that name. `run_id` means it too, unless
/// the tool reads and has a meaning of its own for it; what is no id of ours there is a client's harvest, and says nothing.
fn run_of(state: &ApiState, name: &str, args: &mut Map<String, Value>) -> Result<Option<RunId>, Problem> {
    let Some(spec) = state.tools.spec(name).filter(|spec| spec.name != "agent.run_start") else { return Ok(None) };
    let declares = |argument: &str| spec.args["properties"].get(argument).is_some();
    let invalid = |why: String| Problem::new(Code::ToolRefused, format!("`agent_run_id`: {why}")).of_field("args");
    let given = if declares("agent_run_id") { args.get("agent_run_id").cloned() } else { args.remove("agent_run_id") };
    match given {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => return text.parse().map(Some).map_err(|error: NotAnId| invalid(error.to_string())),
        Some(other) => return Err(invalid(format!("`{other}` is none; it is what `agent.run_start` answered"))),
    }
    let run: Option<RunId> = args.get("run_id").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let means_it = !declares("run_id") || spec.effect == Effect::Record;
    if run.is_some() && !declares("run_id") {
        args.remove("run_id");
    }
    Ok(run.filter(|_| means_it))
}

/// A call in a run counts there, and stands in its journal. What the tools of runs did stands there already.
async fn journal(state: &ApiState, run: RunId, caller: &Caller, name: &str, args: Value, outcome: &Outcome) {
    let tool = state.tools.resolve(name).unwrap_or(name);
    if tool.starts_with("agent.") {
        return;
    }
    let cut = |reason: &dyn ToString| line(&reason.to_string(), REASON_IN_EVENT);
    let came_to = match &outcome.result {
        Ok(_) => CameTo::Done { bytes: outcome.bytes, truncated: outcome.truncated },
        Err(Rejection::Refused(reason)) => CameTo::Refused { reason: cut(reason) },
        Err(Rejection::Failed(failure)) => CameTo::Failed { reason: cut(failure) },
    };
    let duration_ms = u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX);
    let told = Told::Called { tool: tool.to_owned(), args, duration_ms, came_to };
    if let Err(failure) = state.runs.tell(run, &caller.provenance.author, told).await {
        // The run ended while the call was made; what was answered is answered.
        tracing::info!(run.id = %run, %failure, "a call is not in the journal of its run");
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
            title: spec.title(),
            description: spec.description.to_owned(),
            args: spec.args.clone(),
            output: spec.output.clone(),
            example: spec.example.clone(),
            read_only: spec.effect == Effect::Read,
            annotations: Annotations::of(spec.effect),
            aliases: spec.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
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
