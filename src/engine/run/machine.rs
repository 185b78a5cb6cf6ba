//! The machine of a run: an input and the state make events. Pure: no clock, no IO, no randomness; the moment comes with the input.
//!
//! Every event is applied as it is decided, so that a later decision of the same input sees the earlier one.

use crate::domain::event::ModelCall;
use crate::domain::{Answer, EventBody, PlannedTask, RunStatus, StopReason, Task, TaskId, TaskOutcome};
use crate::engine::{Command, Settings, TaskState};

use super::input::{Input, Refusal};
use super::state::{Phase, RunState, Stop};

/// Two iterations without a new finding end a run.
const BARREN_ITERATIONS: u32 = 2;
/// The share of a bound at which a warning goes out.
const LOW_SHARE: f64 = 0.8;
/// The planner never hands out more at once, whatever was asked for.
const MOST_TASKS: usize = 6;

/// What the machine needs to know of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub task_attempts: u32,
    pub plan_attempts: u32,
    pub retry_base_ms: u64,
}

impl From<&Settings> for Rules {
    fn from(settings: &Settings) -> Self {
        Self { task_attempts: settings.task_attempts, plan_attempts: settings.plan_attempts, retry_base_ms: settings.retry_base_ms }
    }
}

/// Decides what an input means. The state is left as it was when the input is refused.
pub fn handle(state: &mut RunState, rules: Rules, input: Input, at: i64) -> Result<Vec<EventBody>, Refusal> {
    if let Phase::Ended(status) = state.phase {
        return match input {
            Input::Commanded(_) => Err(Refusal::Ended { status }),
            _ => Err(Refusal::NotWanted),
        };
    }
    let mut turn = Turn { state, rules, at, events: Vec::new() };
    turn.take(input)?;
    turn.watch_budget();
    turn.end_when_stopped();
    Ok(turn.events)
}

pub(super) struct Turn<'a> {
    pub(super) state: &'a mut RunState,
    rules: Rules,
    at: i64,
    events: Vec<EventBody>,
}

impl Turn<'_> {
    fn take(&mut self, input: Input) -> Result<(), Refusal> {
        match input {
            Input::Begin { reasoning, experts } => {
                if self.state.phase != Phase::Created {
                    return Err(Refusal::NotWanted);
                }
                let request = self.state.request.clone();
                self.emit(EventBody::Starting { request, reasoning, experts });
            }
            Input::SourceOpened { snapshot, schema, schemas, tables, count } => {
                if self.state.phase != Phase::Opening {
                    return Err(Refusal::NotWanted);
                }
                self.emit(EventBody::SchemaSelected { snapshot, schema: schema.clone(), schemas });
                self.emit(EventBody::TablesListed { schema: schema.clone(), tables, count });
                if count == 0 {
                    self.finish(StopReason::NoMoreTasks);
                } else {
                    self.hand_over(&schema);
                }
            }
            Input::SourceFailed { code, reason } => {
                if self.state.phase != Phase::Opening {
                    return Err(Refusal::NotWanted);
                }
                self.fail(code, reason);
            }
            Input::PlanMade { iteration, revision, tasks, notes, call } => self.plan_made(iteration, revision, tasks, notes, call),
            Input::PlanFailed { iteration, revision, reason, transient, raw, call } => {
                self.count_failed_call(None, &format!("plan/{iteration}"), call, &reason);
                if self.state.phase == Phase::Planning && self.plans(iteration, revision) {
                    self.plan_failed(reason, transient, raw);
                }
            }
            Input::TaskBegan { task, attempt } => self.task_began(task, attempt)?,
            Input::StepRecorded { task, events, finished } => self.step_recorded(task, events, finished)?,
            Input::TaskFailed { task, attempt, reason, transient, raw, call } => {
                if let Some((step, call)) = call {
                    self.count_failed_call(Some(task), &step, call, &reason);
                }
                if self.is_in(task, TaskState::Running) {
                    self.task_failed(task, attempt, reason, transient, raw);
                }
            }
            Input::TaskStopped { task } => {
                if !self.is_in(task, TaskState::Running) {
                    return Err(Refusal::NotWanted);
                }
                self.emit(EventBody::TasksDropped { tasks: vec![task], why: "the run was told to stop".to_owned() });
            }
            Input::Commanded(command) => self.commanded(command)?,
            Input::Abandoned { reason } => self.fail("run_abandoned", reason),
            Input::AgentSilent { seconds } => self.agent_silent(seconds)?,
            Input::Ticked => {}
        }
        Ok(())
    }

    fn plan_made(&mut self, iteration: u32, revision: u32, tasks: Vec<PlannedTask>, notes: String, call: ModelCall) {
        self.emit(EventBody::ModelAnswered { task: None, step: format!("plan/{iteration}"), call });
        if self.state.phase != Phase::Planning || !self.plans(iteration, revision) {
            // The intent changed while the planner thought: what it cost is counted, what it said is not used.
            return;
        }
        if tasks.is_empty() {
            self.finish(StopReason::NoMoreTasks);
            return;
        }
        let first = self.state.tasks.len() as u32 + 1;
        let most = (self.state.request.tasks_per_iter as usize).clamp(1, MOST_TASKS);
        let numbered = tasks.into_iter().take(most).zip(first..);
        let tasks = numbered.map(|(planned, number)| Task { task: TaskId(number), iteration, planned }).collect();
        self.emit(EventBody::TasksPlanned { iteration, tasks, notes });
    }

    fn plan_failed(&mut self, reason: String, transient: bool, raw: Option<String>) {
        let attempt = self.state.plan_attempt;
        let again = transient && attempt < self.rules.plan_attempts;
        let retry_in_ms = again.then(|| self.backoff(attempt));
        let iteration = self.state.iteration;
        self.emit(EventBody::PlanFailed { iteration, attempt, reason: reason.clone(), retry_in_ms, raw });
        if !again {
            self.fail("planning_failed", format!("the planner failed {attempt} times; the last time: {reason}"));
        }
    }

    fn task_began(&mut self, task: TaskId, attempt: u32) -> Result<(), Refusal> {
        let wanted = self.state.phase == Phase::Working && !self.state.paused;
        let line = self.state.line(task).filter(|line| wanted && line.attempt == attempt).ok_or(Refusal::NotWanted)?;
        match line.state {
            // After a restart the start stands in the journal already.
            TaskState::Running => Ok(()),
            TaskState::Ready => {
                let planned = line.task.planned.clone();
                self.emit(EventBody::TaskStart { task, attempt, expert: planned.expert, goal: planned.goal, table: planned.table });
                Ok(())
            }
            TaskState::Done | TaskState::Failed | TaskState::Dropped => Err(Refusal::NotWanted),
        }
    }

    fn step_recorded(&mut self, task: TaskId, events: Vec<EventBody>, finished: Option<TaskOutcome>) -> Result<(), Refusal> {
        if !self.is_in(task, TaskState::Running) {
            return Err(Refusal::NotWanted);
        }
        for event in events {
            let repeated = match &event {
                EventBody::QuestionAsked(question) => self.was_asked(&question.question_id),
                _ => false,
            };
            if !repeated {
                self.emit(event);
            }
        }
        if let Some(outcome) = finished {
            self.emit(EventBody::TaskDone { task, outcome });
            self.end_iteration_when_done();
        }
        Ok(())
    }

    fn task_failed(&mut self, task: TaskId, attempt: u32, reason: String, transient: bool, raw: Option<String>) {
        let again = transient && attempt < self.rules.task_attempts && self.state.phase == Phase::Working;
        let retry_in_ms = again.then(|| self.backoff(attempt));
        self.emit(EventBody::TaskFailed { task, attempt, reason, retry_in_ms, raw });
        self.end_iteration_when_done();
    }

    fn commanded(&mut self, command: Command) -> Result<(), Refusal> {
        match command {
            Command::ChangeIntent { intent } => {
                self.refuse_while_stopping("its intent cannot change any more")?;
                let revision = self.state.intent_revision + 1;
                self.emit(EventBody::IntentChanged { revision, intent });
                self.drop_ready("the intent changed");
                self.end_iteration_when_done();
            }
            Command::Answer { question_id, answer } => self.answered(question_id, answer)?,
            Command::Tell { author, told } => self.told(&author, told)?,
            Command::Cancel {} => match self.state.phase {
                Phase::Stopping(Stop::Cancel) => {}
                Phase::Created | Phase::Opening | Phase::Planning | Phase::Working | Phase::Stopping(Stop::Budget(_)) => {
                    self.emit(EventBody::Cancelling {});
                    self.drop_ready("the run was cancelled");
                }
                Phase::Ended(status) => return Err(Refusal::Ended { status }),
            },
            Command::Pause {} => {
                self.refuse_while_stopping("it cannot be paused")?;
                if !self.state.paused {
                    self.emit(EventBody::Paused {});
                }
            }
            Command::Resume {} => {
                self.refuse_while_stopping("it cannot be resumed")?;
                if self.state.paused {
                    self.emit(EventBody::Resumed {});
                }
            }
        }
        Ok(())
    }

    fn answered(&mut self, question_id: String, answer: Answer) -> Result<(), Refusal> {
        let Some(asked) = self.state.questions.iter().find(|asked| asked.question.question_id == question_id) else {
            let open = self.state.open_questions().map(|question| question.question_id.clone()).collect();
            return Err(Refusal::NoSuchQuestion { question_id, open });
        };
        if let Some(first) = &asked.answer {
            return Err(Refusal::AnsweredBefore { question_id, first: first.clone() });
        }
        if let Answer::Option(option) = &answer
            && !asked.question.options.contains(option)
        {
            let options = asked.question.options.clone();
            return Err(Refusal::NoSuchOption { question_id, option: option.clone(), options });
        }
        self.emit(EventBody::QuestionAnswered { question_id, answer });
        Ok(())
    }

    fn drop_ready(&mut self, why: &str) {
        let tasks = self.state.tasks_in(TaskState::Ready);
        if !tasks.is_empty() {
            self.emit(EventBody::TasksDropped { tasks, why: why.to_owned() });
        }
    }

    fn end_iteration_when_done(&mut self) {
        let open = self.state.tasks_of_iteration().any(|line| matches!(line.state, TaskState::Ready | TaskState::Running));
        if self.state.phase != Phase::Working || open {
            return;
        }
        let new_findings = self.state.new_findings;
        let barren_iterations = if new_findings == 0 { self.state.barren_iterations + 1 } else { 0 };
        let iteration = self.state.iteration;
        self.emit(EventBody::IterationDone { iteration, new_findings, barren_iterations });
        if barren_iterations >= BARREN_ITERATIONS {
            self.finish(StopReason::DiminishingReturns);
        } else if iteration >= self.state.request.max_iterations {
            self.finish(StopReason::MaxIterations);
        }
    }

    fn watch_budget(&mut self) {
        if matches!(self.state.phase, Phase::Created | Phase::Stopping(_) | Phase::Ended(_)) {
            return;
        }
        for (limit, share) in self.state.spent_by(self.at).shares(&self.state.request.budget) {
            if share >= 1.0 {
                self.emit(EventBody::BudgetUsedUp { limit });
                self.drop_ready("the budget is used up");
                return;
            }
            if share >= LOW_SHARE && !self.state.low.contains(&limit) {
                self.emit(EventBody::BudgetLow { limit, share });
            }
        }
    }

    fn end_when_stopped(&mut self) {
        let Phase::Stopping(stop) = self.state.phase else { return };
        if self.state.count(TaskState::Running) > 0 {
            return;
        }
        match stop {
            Stop::Cancel => {
                let undone = self.undone();
                self.emit(EventBody::Cancelled { undone });
            }
            Stop::Budget(limit) => self.finish(StopReason::Budget(limit)),
        }
    }

    pub(super) fn finish(&mut self, reason: StopReason) {
        let begun = matches!(self.state.phase, Phase::Planning | Phase::Opening);
        let event = EventBody::Finished {
            reason,
            iterations: self.state.iteration.saturating_sub(u32::from(begun)),
            findings: self.state.findings,
            undone: self.undone(),
            open_questions: self.state.open_questions().map(|question| question.question_id.clone()).collect(),
            spent: self.state.spent_by(self.at),
        };
        self.emit(event);
    }

    pub(super) fn fail(&mut self, code: &str, reason: String) {
        let undone = self.undone();
        self.emit(EventBody::Error { code: code.to_owned(), reason, undone });
    }

    fn undone(&self) -> Vec<String> {
        self.state.tasks.iter().filter(|line| line.state != TaskState::Done).map(super::state::TaskLine::words).collect()
    }

    fn count_failed_call(&mut self, task: Option<TaskId>, step: &str, call: ModelCall, reason: &str) {
        if call.calls > 0 {
            self.emit(EventBody::ModelFailed { task, step: step.to_owned(), call, reason: reason.to_owned() });
        }
    }

    fn refuse_while_stopping(&self, what: &str) -> Result<(), Refusal> {
        match self.state.phase {
            Phase::Stopping(_) => Err(Refusal::WrongState { status: RunStatus::Cancelling, what: what.to_owned() }),
            Phase::Created | Phase::Opening | Phase::Planning | Phase::Working | Phase::Ended(_) => Ok(()),
        }
    }

    fn plans(&self, iteration: u32, revision: u32) -> bool {
        self.state.iteration == iteration && self.state.intent_revision == revision
    }

    pub(super) fn is_in(&self, task: TaskId, state: TaskState) -> bool {
        self.state.line(task).is_some_and(|line| line.state == state)
    }

    fn was_asked(&self, question_id: &str) -> bool {
        self.state.questions.iter().any(|asked| asked.question.question_id == question_id)
    }

    fn backoff(&self, attempt: u32) -> u64 {
        self.rules.retry_base_ms.saturating_mul(1 << (attempt - 1).min(6))
    }

    pub(super) fn emit(&mut self, event: EventBody) {
        self.state.apply(&event, self.at);
        self.events.push(event);
    }
}
