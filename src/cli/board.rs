//! What a person who watches a run wants to know at a glance. Pure: events in, a picture out.

use std::collections::{BTreeMap, HashSet};

use super::out::{count, harmless, short};
use crate::domain::event::ModelCall;
use crate::domain::{EventBody, Question, RunStatus, TaskId};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    pub phase: String,
    pub iteration: u32,
    pub running: BTreeMap<TaskId, String>,
    pub tasks_planned: usize,
    pub tasks_ended: usize,
    pub questions: Vec<Question>,
    pub tokens: u64,
    pub usd: f64,
    pub ended: Option<RunStatus>,
    /// Digests: what is found again is not found anew.
    findings: HashSet<String>,
}

impl Board {
    pub fn apply(&mut self, body: &EventBody) {
        use EventBody as E;
        match body {
            E::Starting { .. } => "starting".clone_into(&mut self.phase),
            E::SchemaSelected { .. } | E::TablesListed { .. } | E::IterationDone { .. } => "planning".clone_into(&mut self.phase),
            E::TasksPlanned { iteration, tasks, .. } => {
                self.iteration = *iteration;
                self.tasks_planned += tasks.len();
                "working".clone_into(&mut self.phase);
            }
            E::TaskStart { task, expert, goal, .. } => {
                self.running.insert(*task, format!("{expert}: {}", harmless(goal, 100)));
            }
            E::TaskDone { task, .. } => self.end_task(*task),
            E::TaskFailed { task, retry_in_ms, .. } => match retry_in_ms {
                Some(_) => drop(self.running.remove(task)),
                None => self.end_task(*task),
            },
            E::TasksDropped { tasks, .. } => tasks.iter().for_each(|task| self.end_task(*task)),
            E::Paused {} => "paused".clone_into(&mut self.phase),
            E::Resumed {} => "working".clone_into(&mut self.phase),
            E::Cancelling {} => "cancelling".clone_into(&mut self.phase),
            E::Finished { .. } => self.end(RunStatus::Finished),
            E::Error { .. } => self.end(RunStatus::Failed),
            E::Cancelled { .. } => self.end(RunStatus::Cancelled),
            E::ModelAnswered { call, .. } | E::ModelFailed { call, .. } => self.pay(call),
            E::CatalogWritten { digest, .. } | E::InsightFound { digest: Some(digest), .. } => drop(self.findings.insert(digest.clone())),
            E::QuestionAsked(question) => self.questions.push(question.clone()),
            E::QuestionAnswered { question_id, .. } => self.questions.retain(|question| question.question_id != *question_id),
            E::PlanFailed { .. }
            | E::ToolDone { .. }
            | E::ToolFailed { .. }
            | E::ToolRefused { .. }
            | E::InsightFound { digest: None, .. }
            | E::IntentChanged { .. }
            | E::BudgetLow { .. }
            | E::BudgetUsedUp { .. }
            | E::AgentReported { .. } => {}
        }
    }

    pub fn findings(&self) -> usize {
        self.findings.len()
    }

    /// The one line that stays at the bottom of the screen.
    pub fn status(&self) -> String {
        let mut parts = vec![self.phase.clone()];
        if self.iteration > 0 {
            parts.push(format!("iteration {}", self.iteration));
            parts.push(format!("{} of {} done", self.tasks_ended, count(self.tasks_planned, "task")));
        }
        parts.push(count(self.findings(), "finding"));
        if self.tokens > 0 {
            parts.push(format!("{} tokens", short(self.tokens)));
        }
        if self.usd > 0.0 {
            parts.push(format!("${:.4}", self.usd));
        }
        if !self.questions.is_empty() {
            parts.push(format!("{} open", count(self.questions.len(), "question")));
        }
        parts.join(" · ")
    }

    fn end_task(&mut self, task: TaskId) {
        self.running.remove(&task);
        self.tasks_ended += 1;
    }

    fn end(&mut self, status: RunStatus) {
        self.running.clear();
        status.name().clone_into(&mut self.phase);
        self.ended = Some(status);
    }

    fn pay(&mut self, call: &ModelCall) {
        self.tokens += call.prompt_tokens + call.answer_tokens;
        self.usd += call.usd;
    }
}
