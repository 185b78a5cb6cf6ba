//! The state of a run: what its journal says so far. `apply` is the only way in which it changes, so that a journal always replays to the same state.

use std::collections::HashSet;

use crate::domain::event::ModelCall;
use crate::domain::{
    Event, EventBody, Intent, Limit, Question, RunRequest, RunStatus, RunSummary, Seq, SnapshotId, Spent, StopReason, Task, TaskId,
    TaskOutcome,
};
use crate::engine::{QuestionView, RunView, TaskState, TaskView};

#[derive(Clone, Debug, PartialEq)]
pub struct RunState {
    pub request: RunRequest,
    pub phase: Phase,
    pub paused: bool,
    /// The number of the last event; 0 before the first.
    pub head: Seq,
    pub started_at: Option<i64>,
    pub snapshot: Option<SnapshotId>,
    pub schema: Option<String>,
    pub intent: Intent,
    pub intent_revision: u32,
    /// The iteration that is planned or worked on, from 1.
    pub iteration: u32,
    pub plan_attempt: u32,
    /// Wait before the plan is tried again.
    pub plan_delay_ms: u64,
    /// In order of their ids, which count from 1.
    pub tasks: Vec<TaskLine>,
    pub questions: Vec<QuestionView>,
    pub spent: Spent,
    /// Limits that were warned of.
    pub low: Vec<Limit>,
    pub findings: u32,
    pub new_findings: u32,
    pub barren_iterations: u32,
    pub headline: &'static str,
    pub stop_reason: Option<StopReason>,
    pub error: Option<String>,
    pub undone: Vec<String>,
    /// Digests of everything found so far, to tell new from said again.
    known: HashSet<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Created,
    Opening,
    Planning,
    Working,
    /// Tasks in flight are told to stop; the last event follows when they have.
    Stopping(Stop),
    Ended(RunStatus),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Cancel,
    Budget(Limit),
}

#[derive(Clone, Debug, PartialEq)]
pub struct TaskLine {
    pub task: Task,
    pub state: TaskState,
    /// The attempt that runs or comes next, from 1.
    pub attempt: u32,
    pub delay_ms: u64,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub outcome: Option<TaskOutcome>,
    pub failure: Option<String>,
}

impl RunState {
    pub fn new(request: RunRequest) -> Self {
        Self {
            intent: request.intent.clone(),
            request,
            phase: Phase::Created,
            paused: false,
            head: 0,
            started_at: None,
            snapshot: None,
            schema: None,
            intent_revision: 0,
            iteration: 0,
            plan_attempt: 1,
            plan_delay_ms: 0,
            tasks: Vec::new(),
            questions: Vec::new(),
            spent: Spent::default(),
            low: Vec::new(),
            findings: 0,
            new_findings: 0,
            barren_iterations: 0,
            headline: "created",
            stop_reason: None,
            error: None,
            undone: Vec::new(),
            known: HashSet::new(),
        }
    }

    pub fn replay<'a>(request: RunRequest, events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::new(request);
        for event in events {
            state.apply(&event.body, event.ts);
        }
        state
    }

    /// The next event of the journal happened.
    pub fn apply(&mut self, event: &EventBody, at: i64) {
        self.head += 1;
        self.headline = event.message();
        self.spent = self.spent_by(at);
        match event {
            EventBody::Starting { .. } => {
                self.phase = Phase::Opening;
                self.started_at = Some(at);
            }
            EventBody::SchemaSelected { snapshot, schema, .. } => {
                self.snapshot = Some(snapshot.clone());
                self.schema = Some(schema.clone());
            }
            EventBody::TablesListed { .. } => self.begin_iteration(1),
            EventBody::TasksPlanned { tasks, .. } => {
                self.tasks.extend(tasks.iter().cloned().map(TaskLine::new));
                self.phase = Phase::Working;
            }
            EventBody::TaskStart { task, attempt, .. } => {
                if let Some(line) = self.line_mut(*task) {
                    line.state = TaskState::Running;
                    line.attempt = *attempt;
                    line.started_at.get_or_insert(at);
                }
            }
            EventBody::TaskDone { task, outcome } => {
                if let Some(line) = self.line_mut(*task) {
                    line.end(TaskState::Done, at);
                    line.outcome = Some(outcome.clone());
                }
            }
            EventBody::IterationDone { iteration, barren_iterations, .. } => {
                self.barren_iterations = *barren_iterations;
                self.begin_iteration(iteration + 1);
            }
            EventBody::Paused {} => self.paused = true,
            EventBody::Resumed {} => self.paused = false,
            EventBody::Cancelling {} => self.phase = Phase::Stopping(Stop::Cancel),
            EventBody::Finished { reason, iterations, undone, .. } => {
                self.stop_reason = Some(*reason);
                self.iteration = *iterations;
                self.end(RunStatus::Finished, undone);
            }
            EventBody::Error { reason, undone, .. } => {
                self.error = Some(reason.clone());
                self.end(RunStatus::Failed, undone);
            }
            EventBody::Cancelled { undone } => self.end(RunStatus::Cancelled, undone),
            EventBody::TaskFailed { task, reason, retry_in_ms, .. } => {
                if let Some(line) = self.line_mut(*task) {
                    line.failure = Some(reason.clone());
                    match retry_in_ms {
                        Some(delay) => {
                            line.state = TaskState::Ready;
                            line.attempt += 1;
                            line.delay_ms = *delay;
                        }
                        None => line.end(TaskState::Failed, at),
                    }
                }
            }
            EventBody::TasksDropped { tasks, .. } => {
                for task in tasks {
                    if let Some(line) = self.line_mut(*task) {
                        line.end(TaskState::Dropped, at);
                    }
                }
                let untouched = self.tasks_of_iteration().all(|line| line.state == TaskState::Dropped);
                if self.phase == Phase::Working && untouched {
                    // Nothing of this iteration was begun: it is planned anew under its own number.
                    self.begin_iteration(self.iteration);
                }
            }
            EventBody::PlanFailed { attempt, retry_in_ms, .. } => {
                self.plan_attempt = attempt + 1;
                self.plan_delay_ms = retry_in_ms.unwrap_or_default();
            }
            EventBody::ToolDone { .. } | EventBody::ToolFailed { .. } | EventBody::ToolRefused { .. } => self.spent.tool_calls += 1,
            EventBody::ModelAnswered { call, .. } | EventBody::ModelFailed { call, .. } => self.spend(call),
            EventBody::CatalogWritten { digest, .. } => self.learn(Some(digest)),
            EventBody::InsightFound { digest, .. } => self.learn(digest.as_deref()),
            EventBody::QuestionAsked(question) => self.ask(question, at),
            EventBody::QuestionAnswered { question_id, answer } => {
                if let Some(asked) = self.questions.iter_mut().find(|asked| asked.question.question_id == *question_id) {
                    asked.answer = Some(answer.clone());
                    asked.answered_at = Some(at);
                }
            }
            EventBody::IntentChanged { revision, intent } => {
                self.intent = intent.clone();
                self.intent_revision = *revision;
                // What was barren under another intent says nothing about this one.
                self.barren_iterations = 0;
                self.plan_attempt = 1;
                self.plan_delay_ms = 0;
            }
            EventBody::AgentReported { .. } => {}
            EventBody::BudgetLow { limit, .. } => self.low.push(*limit),
            EventBody::BudgetUsedUp { limit } => self.phase = Phase::Stopping(Stop::Budget(*limit)),
        }
    }

    pub fn status(&self) -> RunStatus {
        match self.phase {
            Phase::Ended(status) => status,
            Phase::Stopping(_) => RunStatus::Cancelling,
            Phase::Created => RunStatus::Waiting,
            Phase::Opening | Phase::Planning | Phase::Working if self.paused => RunStatus::Paused,
            Phase::Opening | Phase::Planning | Phase::Working => RunStatus::Running,
        }
    }

    /// What was spent by a moment: time goes on without events.
    pub fn spent_by(&self, at: i64) -> Spent {
        let seconds = self.started_at.map_or(0, |started| (at.saturating_sub(started).max(0) / 1000) as u64);
        Spent { seconds, ..self.spent }
    }

    pub fn line(&self, task: TaskId) -> Option<&TaskLine> {
        self.tasks.get((task.0 as usize).checked_sub(1)?)
    }

    pub fn tasks_of_iteration(&self) -> impl Iterator<Item = &TaskLine> {
        self.tasks.iter().filter(|line| line.task.iteration == self.iteration)
    }

    pub fn count(&self, state: TaskState) -> u32 {
        self.tasks.iter().filter(|line| line.state == state).count() as u32
    }

    pub fn tasks_in(&self, state: TaskState) -> Vec<TaskId> {
        self.tasks.iter().filter(|line| line.state == state).map(|line| line.task.task).collect()
    }

    pub fn open_questions(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|asked| asked.answer.is_none()).map(|asked| &asked.question)
    }

    pub fn summary(&self) -> RunSummary {
        let phase = match self.phase {
            Phase::Created => "starting",
            Phase::Opening => "harvesting",
            Phase::Planning => "planning",
            Phase::Working => "working",
            Phase::Stopping(_) => "stopping",
            Phase::Ended(_) => "ended",
        };
        let questions_open = self.open_questions().count() as u32;
        RunSummary {
            phase: phase.to_owned(),
            iteration: self.iteration,
            tasks_planned: self.tasks.len() as u32,
            tasks_running: self.count(TaskState::Running),
            tasks_done: self.count(TaskState::Done),
            tasks_failed: self.count(TaskState::Failed),
            findings: self.findings,
            questions_open,
            questions_answered: self.questions.len() as u32 - questions_open,
            spent: self.spent,
            snapshot: self.snapshot.clone(),
            schema: self.schema.clone(),
            headline: self.headline.to_owned(),
        }
    }

    pub fn view(&self) -> RunView {
        RunView {
            intent: self.intent.clone(),
            intent_revision: self.intent_revision,
            tasks: self.tasks.iter().map(TaskLine::view).collect(),
            questions: self.questions.clone(),
            stop_reason: self.stop_reason,
            error: self.error.clone(),
            undone: self.undone.clone(),
        }
    }

    fn begin_iteration(&mut self, iteration: u32) {
        self.phase = Phase::Planning;
        self.iteration = iteration;
        self.plan_attempt = 1;
        self.plan_delay_ms = 0;
        self.new_findings = 0;
    }

    fn end(&mut self, status: RunStatus, undone: &[String]) {
        self.phase = Phase::Ended(status);
        self.undone = undone.to_vec();
    }

    fn spend(&mut self, call: &ModelCall) {
        self.spent.model_calls += u64::from(call.calls);
        self.spent.prompt_tokens += call.prompt_tokens;
        self.spent.answer_tokens += call.answer_tokens;
        self.spent.usd += call.usd;
    }

    fn learn(&mut self, digest: Option<&str>) {
        let number = digest.and_then(|hex| u64::from_str_radix(hex, 16).ok());
        if number.is_some_and(|number| self.known.insert(number)) {
            self.findings += 1;
            self.new_findings += 1;
        }
    }

    fn ask(&mut self, question: &Question, at: i64) {
        self.questions.push(QuestionView { question: question.clone(), answer: None, asked_at: at, answered_at: None });
    }

    fn line_mut(&mut self, task: TaskId) -> Option<&mut TaskLine> {
        self.tasks.get_mut((task.0 as usize).checked_sub(1)?)
    }
}

impl TaskLine {
    fn new(task: Task) -> Self {
        Self { task, state: TaskState::Ready, attempt: 1, delay_ms: 0, started_at: None, ended_at: None, outcome: None, failure: None }
    }

    fn end(&mut self, state: TaskState, at: i64) {
        self.state = state;
        self.ended_at = Some(at);
    }

    /// The task in words, for what was left undone.
    pub fn words(&self) -> String {
        format!("{} ({}): {}", self.task.task, self.task.planned.expert, self.task.planned.goal)
    }

    fn view(&self) -> TaskView {
        let planned = &self.task.planned;
        TaskView {
            task: self.task.task,
            iteration: self.task.iteration,
            expert: planned.expert.clone(),
            goal: planned.goal.clone(),
            schema: planned.schema.clone(),
            table: planned.table.clone(),
            priority: planned.priority,
            state: self.state,
            attempts: self.attempt,
            started_at: self.started_at,
            ended_at: self.ended_at,
            outcome: self.outcome.clone(),
            failure: self.failure.clone(),
        }
    }
}
