//! Performing effects: the work of a run, outside its actor. Every piece of work can be told to stop, survives its own panic
//! as a failure, and says in the end that it is over.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::domain::event::ModelCall;
use crate::domain::{RunId, RunRequest, SnapshotId, Task};
use crate::engine::TaskState;
use crate::engine::post::Unmanned;
use crate::engine::shared::Shared;
use crate::engine::staff::{Job, Perform, Plan};
use crate::experts::thought::{AnswerLine, DoneLine};
use crate::experts::{self, Flow, Guidance, PlanContext, Reasoning, Stopped, TaskContext, TaskError};
use crate::telemetry::spans;
use crate::tools::{Workspace, workspace::Problem};

use super::actor::{EffectOver, RunActor};
use super::effects::{Effect, Wanted};
use super::input::Input;
use super::report::{Report, Reporter};
use super::state::{RunState, TaskLine};

/// Names of tables that the event lists.
const LISTED_TABLES: usize = 200;

/// Waits before a source that does not answer is tried again.
const OPEN_AGAIN: [Duration; 5] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8), Duration::from_secs(20)];

/// Where the work of one run is done.
#[derive(Clone)]
pub struct Site {
    run: RunId,
    shared: Arc<Shared>,
    reporter: Reporter,
    workspace: Arc<OnceCell<Arc<Workspace>>>,
    snapshot: Option<SnapshotId>,
    guidance: watch::Sender<Guidance>,
    /// Held by every task that is going on.
    busy: Arc<()>,
}

impl Site {
    pub fn new(run: RunId, shared: Arc<Shared>, actor: Addr<RunActor>, state: &RunState) -> Self {
        let snapshot = state.snapshot.clone().or_else(|| state.request.snapshot.clone());
        let guidance = watch::Sender::new(guidance(state));
        Self { run, shared, reporter: Reporter::new(actor), workspace: Arc::default(), snapshot, guidance, busy: Arc::new(()) }
    }

    /// The person said something: every later step hears it.
    pub fn guide(&self, state: &RunState) {
        self.guidance.send_if_modified(|current| {
            let next = guidance(state);
            let changed = *current != next;
            *current = next;
            changed
        });
    }

    pub fn has_no_tasks(&self) -> bool {
        Arc::strong_count(&self.busy) == 1
    }

    /// What planner and experts work with.
    async fn equipment(&self, request: &RunRequest) -> Result<(Arc<Workspace>, Arc<dyn Reasoning>), Problem> {
        let workspace = self.workspace(request).await?;
        let reasoning = (self.shared.reasoning)(&request.model).map_err(Problem::Unusable)?;
        Ok((workspace, reasoning))
    }

    async fn workspace(&self, request: &RunRequest) -> Result<Arc<Workspace>, Problem> {
        let open = || self.shared.workbench.open(&request.source, self.snapshot.as_ref());
        self.workspace.get_or_try_init(open).await.cloned()
    }
}

/// Starts the work that an effect stands for.
pub fn begin(site: &Site, state: &RunState, want: Wanted, cancel: CancellationToken, run_span: &tracing::Span) {
    let delay = Duration::from_millis(want.delay_ms);
    match want.effect {
        Effect::Open => {
            let span = tracing::info_span!(parent: run_span, "open source");
            let work = open(site.clone(), state.request.clone());
            tokio::spawn(guarded(site.clone(), want.effect, cancel, Box::pin(work)).instrument(span));
        }
        Effect::Plan { iteration, revision, .. } => {
            let span = run_span.in_scope(|| spans::plan(site.run, iteration));
            let work = plan(site.clone(), Planning::of(state), iteration, revision);
            let job = guarded(site.clone(), want.effect, cancel.clone(), Box::pin(work));
            tokio::spawn(post_plan(site.clone(), delay, cancel, span, Box::pin(job)));
        }
        Effect::Perform { task, attempt } => {
            let Some(line) = state.line(task) else { return };
            let span = run_span.in_scope(|| spans::task(site.run, task, &line.task.planned.expert, attempt));
            let assignment = Assignment::of(line, state, attempt);
            let expert = assignment.task.planned.expert.clone();
            let work = perform(site.clone(), assignment, cancel.clone(), site.busy.clone());
            // A task hears of its end by its own token, at its next step; only waiting for a place is cut off from outside.
            let job = guarded(site.clone(), want.effect, CancellationToken::new(), Box::pin(work));
            tokio::spawn(post_task(site.clone(), expert, want, cancel, span, Box::pin(job)));
        }
    }
}

/// Runs the work unless it is cancelled, turns a panic into the failure of what panicked, and says that it is over.
async fn guarded(site: Site, effect: Effect, cancel: CancellationToken, work: BoxFuture<'static, ()>) {
    let done = tokio::select! {
        biased;
        () = cancel.cancelled() => Ok(()),
        done = AssertUnwindSafe(work).catch_unwind() => done,
    };
    if let Err(panic) = done {
        let reason = format!("the work panicked: {}", panic_text(panic.as_ref()));
        tracing::error!(run.id = %site.run, ?effect, reason, "work of a run panicked");
        tell_failure(&site, effect, reason).await;
    }
    over(&site, effect).await;
}

async fn open(site: Site, request: RunRequest) {
    let mut opened_workspace = site.workspace(&request).await;
    for wait in OPEN_AGAIN {
        // What is only not there at the moment may come back.
        let Err(Problem::Unavailable(reason)) = &opened_workspace else { break };
        tracing::warn!(run.id = %site.run, reason, "the source cannot be opened now and is tried again");
        tokio::time::sleep(wait).await;
        opened_workspace = site.workspace(&request).await;
    }
    let report = match opened_workspace {
        Ok(workspace) => opened(&request, &workspace),
        Err(Problem::Unusable(reason)) => Report::of(Input::SourceFailed { code: "source_unusable", reason }),
        Err(Problem::Unavailable(reason)) => Report::of(Input::SourceFailed { code: "source_unavailable", reason }),
    };
    // A run that does not want it any more has been told to stop.
    let _ = site.reporter.report(report).await;
}

fn opened(request: &RunRequest, workspace: &Workspace) -> Report {
    let snapshot = &workspace.snapshot;
    let schema = match &request.schema {
        Some(wanted) => match snapshot.schemas.iter().find(|name| name.eq_ignore_ascii_case(wanted)) {
            Some(found) => found.clone(),
            None => {
                let reason = format!("the source has no schema `{wanted}`; it has: {}", snapshot.schemas.join(", "));
                return Report::of(Input::SourceFailed { code: "no_such_schema", reason });
            }
        },
        // The schema with the most tables is what a person means who does not say.
        None => {
            let most = snapshot.schemas.iter().rev().max_by_key(|schema| snapshot.tables_of(schema).count());
            most.cloned().unwrap_or_default()
        }
    };
    let names: Vec<String> = snapshot.tables_of(&schema).map(|table| table.name.clone()).collect();
    let input = Input::SourceOpened {
        snapshot: snapshot.id.clone(),
        schemas: snapshot.schemas.clone(),
        count: names.len(),
        tables: names.into_iter().take(LISTED_TABLES).collect(),
        schema,
    };
    Report { source: Some(workspace.key.clone()), ..Report::of(input) }
}

async fn post_plan(site: Site, delay: Duration, cancel: CancellationToken, span: tracing::Span, work: BoxFuture<'static, ()>) {
    let place = async {
        tokio::time::sleep(delay).await;
        site.shared.planner.permit().await
    };
    let permit = tokio::select! {
        biased;
        () = cancel.cancelled() => return,
        permit = place => permit,
    };
    if let Err(unmanned) = site.shared.planner.send(Plan(Job { permit, span, work })).await {
        tracing::error!(run.id = %site.run, error = %unmanned, "a plan could not be handed over");
    }
}

async fn post_task(site: Site, expert: String, want: Wanted, cancel: CancellationToken, span: tracing::Span, work: BoxFuture<'static, ()>) {
    let Some(post) = site.shared.experts.get(&expert) else {
        let mut known: Vec<&str> = site.shared.experts.keys().map(String::as_str).collect();
        known.sort_unstable();
        let reason = format!("there is no expert `{expert}`; there are: {}", known.join(", "));
        drop(work);
        fail_for_good(&site, want.effect, reason).await;
        return;
    };
    let place = async {
        tokio::time::sleep(Duration::from_millis(want.delay_ms)).await;
        post.permit().await
    };
    let permit = tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        permit = place => Some(permit),
    };
    let Some(permit) = permit else {
        drop(work);
        over(&site, want.effect).await;
        return;
    };
    let handed: Result<(), Unmanned> = post.send(Perform(Job { permit, span, work })).await;
    if let Err(unmanned) = handed {
        tracing::error!(run.id = %site.run, error = %unmanned, "a task could not be handed over");
        over(&site, want.effect).await;
    }
}

/// What a plan is made from.
struct Planning {
    request: RunRequest,
    schema: String,
    done: Vec<DoneLine>,
    questions: Vec<crate::domain::Question>,
}

impl Planning {
    fn of(state: &RunState) -> Self {
        Self {
            request: state.request.clone(),
            schema: state.schema.clone().unwrap_or_default(),
            done: state.tasks.iter().map(done_line).collect(),
            questions: state.open_questions().cloned().collect(),
        }
    }
}

async fn plan(site: Site, planning: Planning, iteration: u32, revision: u32) {
    let input = match site.equipment(&planning.request).await {
        Ok((workspace, reasoning)) => {
            let guidance = site.guidance.borrow().clone();
            let context = PlanContext {
                run_id: site.run,
                iteration,
                max_tasks: planning.request.tasks_per_iter,
                schema: planning.schema,
                intent: guidance.intent,
                answers: guidance.answers,
                done: planning.done,
                open_questions: planning.questions,
                workspace,
                reasoning,
            };
            match experts::plan(&site.shared.desk, context).await {
                Ok(thought) => {
                    let (tasks, notes) = (thought.value.tasks, thought.value.notes);
                    Input::PlanMade { iteration, revision, tasks, notes, call: thought.call }
                }
                Err(error) => Input::PlanFailed {
                    iteration,
                    revision,
                    reason: error.reason,
                    transient: error.transient,
                    raw: error.raw,
                    call: error.call,
                },
            }
        }
        Err(problem) => Input::PlanFailed {
            iteration,
            revision,
            reason: problem.to_string(),
            transient: matches!(problem, Problem::Unavailable(_)),
            raw: None,
            call: ModelCall::default(),
        },
    };
    // A run that does not want the plan any more has been told to stop.
    let _ = site.reporter.report(Report::of(input)).await;
}

/// A task as it is handed to an expert.
struct Assignment {
    request: RunRequest,
    task: Task,
    attempt: u32,
    /// It ran in an earlier life: its recorded steps are read back.
    begun_before: bool,
}

impl Assignment {
    fn of(line: &TaskLine, state: &RunState, attempt: u32) -> Self {
        let begun_before = line.state == TaskState::Running || attempt > 1;
        Self { request: state.request.clone(), task: line.task.clone(), attempt, begun_before }
    }
}

async fn perform(site: Site, assignment: Assignment, cancel: CancellationToken, busy: Arc<()>) {
    let Assignment { request, task, attempt, begun_before } = assignment;
    let id = task.task;
    if site.reporter.report(Report::of(Input::TaskBegan { task: id, attempt })).await.is_err() {
        return;
    }
    let input = match undertake(&site, &request, task, begun_before, cancel).await {
        Ok(()) => return,
        Err(TaskError::Stopped(Stopped)) => Input::TaskStopped { task: id },
        Err(TaskError::Failed { reason, transient, raw, call }) => Input::TaskFailed { task: id, attempt, reason, transient, raw, call },
    };
    // Free before the report: when the run hears of the last task's end, no task is going on.
    drop(busy);
    let _ = site.reporter.report(Report::of(input)).await;
}

async fn undertake(site: &Site, request: &RunRequest, task: Task, begun_before: bool, cancel: CancellationToken) -> Result<(), TaskError> {
    let unavailable = |reason: String, transient: bool| TaskError::Failed { reason, transient, raw: None, call: None };
    let (workspace, reasoning) = site.equipment(request).await.map_err(|problem| {
        let transient = matches!(problem, Problem::Unavailable(_));
        unavailable(problem.to_string(), transient)
    })?;
    let stored = if begun_before {
        let steps = site.shared.store.steps(site.run, task.task).await;
        steps.map_err(|error| unavailable(error.to_string(), true))?
    } else {
        Vec::new()
    };
    let flow = Flow::new(task.task, Arc::new(site.reporter.clone()), stored, cancel.clone());
    let context = TaskContext { run_id: site.run, guidance: site.guidance.subscribe(), workspace, reasoning };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(TaskError::Stopped(Stopped)),
        done = experts::perform(&site.shared.desk, &flow, task, context) => done,
    }
}

async fn tell_failure(site: &Site, effect: Effect, reason: String) {
    let input = match effect {
        Effect::Open => Input::SourceFailed { code: "source_unusable", reason },
        Effect::Plan { iteration, revision, .. } => {
            Input::PlanFailed { iteration, revision, reason, transient: true, raw: None, call: ModelCall::default() }
        }
        Effect::Perform { task, attempt } => Input::TaskFailed { task, attempt, reason, transient: true, raw: None, call: None },
    };
    // A run that does not want the work any more does not miss it.
    let _ = site.reporter.report(Report::of(input)).await;
}

/// A task that no attempt can do; it has to have begun before it can fail.
async fn fail_for_good(site: &Site, effect: Effect, reason: String) {
    if let Effect::Perform { task, attempt } = effect {
        let began = site.reporter.report(Report::of(Input::TaskBegan { task, attempt })).await;
        if began.is_ok() {
            let input = Input::TaskFailed { task, attempt, reason, transient: false, raw: None, call: None };
            let _ = site.reporter.report(Report::of(input)).await;
        }
    }
    over(site, effect).await;
}

async fn over(site: &Site, effect: Effect) {
    // A run that is gone does not ask what goes on.
    let _ = site.reporter.address().send(EffectOver { effect }).await;
}

fn guidance(state: &RunState) -> Guidance {
    let answered = state.questions.iter().filter_map(|asked| Some(AnswerLine::of(&asked.question, asked.answer.as_ref()?)));
    Guidance { intent: state.intent.clone(), answers: answered.collect() }
}

fn done_line(line: &TaskLine) -> DoneLine {
    let planned = &line.task.planned;
    let state = match line.state {
        TaskState::Ready => "ready",
        TaskState::Running => "running",
        TaskState::Done => "done",
        TaskState::Failed => "failed",
        TaskState::Dropped => "dropped",
    };
    DoneLine {
        task: line.task.task,
        expert: planned.expert.clone(),
        table: planned.table.clone(),
        goal: planned.goal.clone(),
        state: state.to_owned(),
        findings: line.outcome.as_ref().map_or(0, |outcome| outcome.findings),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no text".to_owned())
}
