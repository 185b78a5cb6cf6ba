//! Calls from outside, whatever words came around them: over HTTP, plain JSON-RPC or MCP. A run that the call is made in is entered
//! first and told of it afterwards.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tracing::Instrument;

use super::agent_runs::{AgentRuns, CameTo, Told};
use super::audit::{Audit, Noting};
use super::{Allowed, Call, Caller, Effect, Failure, Outcome, Problem, Registry, Rejection, Sight, Workbench, Workspace, access};
use crate::claims::text::{bounded, line};
use crate::domain::id::NotAnId;
use crate::domain::{Author, Identity, MissingScope, Provenance, RunId, Scope};
use crate::source::Progress;

/// What of a call its event shows.
const ARGS_IN_EVENT: usize = 2_048;
const REASON_IN_EVENT: usize = 500;
/// Names of the argument that says which source is meant, where calls have no other place for it.
pub const SOURCES: [&str; 2] = ["source", "target_id"];
/// Arguments that say in which run a call is made.
const IN_RUN: [&str; 2] = ["agent_run_id", "run_id"];

#[derive(Clone)]
pub struct Outside {
    pub tools: Arc<Registry>,
    pub workbench: Arc<dyn Workbench>,
    pub runs: Arc<dyn AgentRuns>,
    /// The source of calls that name none.
    pub default_source: Option<String>,
    pub audit: Arc<Audit>,
}

/// One call, and who makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub identity: Identity,
    pub tool: String,
    /// A registered name or a DSN.
    pub source: Option<String>,
    pub args: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub result: Value,
    pub duration: Duration,
    /// Size of the result before it was cut.
    pub bytes: usize,
    pub truncated: bool,
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unanswered {
    #[error("there is no tool `{name}`")]
    NoSuchTool { name: String, tools: Vec<&'static str> },
    #[error(transparent)]
    NotGranted(#[from] MissingScope),
    #[error("`source` is missing, and the server has no default source")]
    NoSource,
    #[error(transparent)]
    Source(Problem),
    /// The run does not take the call.
    #[error(transparent)]
    Run(Failure),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Failed(Failure),
    /// The process ends.
    #[error("the server is stopping")]
    Stopping,
}

/// What came of a call, for the audit.
fn note(noting: Noting, answered: &Result<Answered, Unanswered>) {
    match answered {
        Ok(_) => noting.done(),
        Err(Unanswered::NotGranted(missing)) => noting.turned_away(&missing.to_string()),
        Err(unanswered @ (Unanswered::Run(_) | Unanswered::Failed(_) | Unanswered::Source(_) | Unanswered::Stopping)) => {
            noting.failed(&unanswered.to_string());
        }
        Err(unanswered) => noting.refused(&unanswered.to_string()),
    }
}

/// The source that arguments name, taken out of them.
pub fn source_in(args: &mut Map<String, Value>) -> Result<Option<String>, String> {
    let mut source = None;
    for name in SOURCES {
        match args.remove(name) {
            Some(Value::String(words)) => source = source.or(Some(words)),
            None | Some(Value::Null) => {}
            Some(_) => return Err(format!("`{name}` must be the name of a source")),
        }
    }
    Ok(source)
}

/// The source that arguments name.
pub fn source_of(args: &Map<String, Value>) -> Option<&str> {
    SOURCES.iter().find_map(|name| args.get(*name)?.as_str())
}

impl Outside {
    /// In a run the call ends without its client, too: it is counted there.
    pub async fn call(&self, asked: Asked) -> Result<Answered, Unanswered> {
        if !IN_RUN.iter().any(|name| asked.args.contains_key(*name)) {
            return self.called(asked).await;
        }
        let outside = self.clone();
        match tokio::spawn(async move { outside.called(asked).await }.in_current_span()).await {
            Ok(answered) => answered,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Unanswered::Stopping),
            },
        }
    }

    /// The source that is meant, opened; what was harvested a short while ago will do.
    pub async fn look(&self, source: Option<&str>) -> Result<Arc<Workspace>, Unanswered> {
        let source = source.or(self.default_source.as_deref()).ok_or(Unanswered::NoSource)?;
        self.workbench.look(source).await.map_err(Unanswered::Source)
    }

    async fn called(&self, asked: Asked) -> Result<Answered, Unanswered> {
        let Asked { identity, tool: name, source, args } = asked;
        let Some(spec) = self.tools.spec(&name) else {
            return Err(Unanswered::NoSuchTool { name, tools: self.tools.specs().map(|spec| spec.name).collect() });
        };
        let shown = json!(args);
        let needed = access::needs_of_call(spec, &shown);
        let mut noting = self.audit.begin(&identity.author, spec.name, needed != Scope::Read.into());
        noting.of_source(source.as_deref().or(self.default_source.as_deref()));
        noting.with_args(shown);
        let may = identity.require(needed, spec.name).and_then(|()| self.may_open(&identity, source.as_deref()));
        let answered = match may {
            Ok(()) => self.let_in(identity.author, name, source, args).await,
            Err(missing) => Err(missing.into()),
        };
        note(noting, &answered);
        answered
    }

    /// Whether who calls may open the source that they name.
    pub fn may_open(&self, identity: &Identity, source: Option<&str>) -> Result<(), MissingScope> {
        access::may_open(identity, source, self.default_source.as_deref())
    }

    async fn let_in(
        &self,
        author: Author,
        name: String,
        source: Option<String>,
        mut args: Map<String, Value>,
    ) -> Result<Answered, Unanswered> {
        let run = self.run_of(&name, &mut args)?;
        let entered = match run {
            Some(run) => Some(self.runs.enter(run, &author).await.map_err(Unanswered::Run)?),
            None => None,
        };
        let source = source.or_else(|| entered.as_ref().map(|entered| entered.source.clone()));
        let workspace = match self.tools.sight(&name) {
            Sight::Recent => self.look(source.as_deref()).await?,
            Sight::Fresh => {
                let source = source.or_else(|| self.default_source.clone()).ok_or(Unanswered::NoSource)?;
                self.workbench.harvest(&source, &Progress::unheard()).await.map_err(Unanswered::Source)?
            }
        };
        if let Some(entered) = &entered
            && entered.source != workspace.key.0
        {
            return Err(Unanswered::Refused(format!("the run looks into `{}`, and this call into `{}`", entered.source, workspace.key)));
        }
        let provenance = Provenance { run, model: entered.map(|entered| entered.model), ..Provenance::of(author) };
        let caller = Caller { provenance, allowed: Allowed::Everything };
        // Only a run's journal shows them.
        let shown = run.map(|_| bounded(&json!(args), ARGS_IN_EVENT));
        let call = Call { workspace: &workspace, caller: &caller, runs: Some(&*self.runs) };
        let outcome = self.tools.carry_out(call, &name, Value::Object(args)).await;
        if let (Some(run), Some(shown)) = (run, shown) {
            self.journal(run, &caller, &name, shown, &outcome).await;
        }
        let result = outcome.result.map_err(|rejection| match rejection {
            Rejection::Refused(reason) => Unanswered::Refused(reason),
            Rejection::Failed(failure) => Unanswered::Failed(failure),
        })?;
        Ok(Answered { result, duration: outcome.duration, bytes: outcome.bytes, truncated: outcome.truncated })
    }

    /// The run that the call is made in, taken out of the arguments where the tool has none of that name. `run_id` means it too, unless
    /// the tool reads and has a meaning of its own for it; what is no id of ours there is a client's harvest, and says nothing.
    fn run_of(&self, name: &str, args: &mut Map<String, Value>) -> Result<Option<RunId>, Unanswered> {
        let Some(spec) = self.tools.spec(name).filter(|spec| spec.name != "agent.run_start") else { return Ok(None) };
        let declares = |argument: &str| spec.args["properties"].get(argument).is_some();
        let invalid = |why: String| Unanswered::Refused(format!("`agent_run_id`: {why}"));
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
    async fn journal(&self, run: RunId, caller: &Caller, name: &str, args: Value, outcome: &Outcome) {
        let tool = self.tools.resolve(name).unwrap_or(name);
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
        if let Err(failure) = self.runs.tell(run, &caller.provenance.author, told).await {
            // The run ended while the call was made; what was answered is answered.
            tracing::info!(run.id = %run, %failure, "a call is not in the journal of its run");
        }
    }
}
