//! The part of the machine for runs whose thinking is done outside: one task, which an agent outside performs by calling tools, and
//! what it tells becomes events in the engine's words.

use crate::domain::{EventBody, PlannedTask, Seq, Task, TaskId, TaskOutcome};
use crate::engine::TaskState;
use crate::tools::agent_runs::{CameTo, Told};

use super::input::Refusal;
use super::machine::Turn;
use super::state::Phase;

/// The one task of such a run.
const TASK: TaskId = TaskId(1);
/// Words of an agent are not counted by any budget, so the journal bounds them.
const MOST_EVENTS: Seq = 20_000;
const GOAL: &str = "discover the source";

impl Turn<'_> {
    /// The source is open: from now on the agent is at work.
    pub(super) fn hand_over(&mut self, schema: &str) {
        let Some(agent) = self.state.request.outside.clone() else { return };
        let goal = self.state.intent.goals.first().cloned().unwrap_or_else(|| GOAL.to_owned());
        // So that no name passes for one of our experts.
        let expert = format!("{} (outside)", agent.name);
        let planned = PlannedTask { expert: expert.clone(), goal: goal.clone(), schema: schema.to_owned(), table: None, priority: 1.0 };
        let tasks = vec![Task { task: TASK, iteration: self.state.iteration, planned }];
        self.emit(EventBody::TasksPlanned { iteration: self.state.iteration, tasks, notes: String::new() });
        self.emit(EventBody::TaskStart { task: TASK, attempt: 1, expert, goal, table: None });
    }

    pub(super) fn told(&mut self, author: &str, told: Told) -> Result<(), Refusal> {
        let status = self.state.status();
        let refuse = |what: &str| Err(Refusal::WrongState { status, what: what.to_owned() });
        let Some(agent) = self.state.request.outside.clone() else {
            return refuse("its own experts work on it; `agent.run_start` starts one for you");
        };
        if agent.author != author {
            return refuse(&format!("it is carried out by `{}`, and you are `{author}`", agent.author));
        }
        if self.state.phase != Phase::Working || !self.is_in(TASK, TaskState::Running) {
            return refuse("nothing can be added to it now");
        }
        match told {
            Told::Called { tool, args, duration_ms, came_to } => {
                let (task, step) = (TASK, format!("call/{}", self.state.spent.tool_calls + 1));
                self.emit(match came_to {
                    CameTo::Done { bytes, truncated } => EventBody::ToolDone { task, step, tool, args, duration_ms, bytes, truncated },
                    CameTo::Failed { reason } => EventBody::ToolFailed { task, step, tool, args, duration_ms, reason },
                    CameTo::Refused { reason } => EventBody::ToolRefused { task, step, tool, args, reason },
                });
            }
            Told::Recorded { kind, key, confidence, status, digest } => {
                self.emit(EventBody::CatalogWritten { task: Some(TASK), kind, key, confidence, status, digest });
            }
            Told::Said { .. } if self.state.head >= MOST_EVENTS => {
                return refuse(&format!("its journal has {MOST_EVENTS} events and takes no more words; finish it, and start another"));
            }
            Told::Said { kind, text, data } => self.emit(EventBody::AgentReported { task: TASK, kind, text, data }),
            Told::Finished { summary } => {
                let tool_calls = u32::try_from(self.state.spent.tool_calls).unwrap_or(u32::MAX);
                let outcome = TaskOutcome { tool_calls, findings: self.state.findings, questions: 0, notes: summary };
                self.emit(EventBody::TaskDone { task: TASK, outcome });
                let new_findings = self.state.new_findings;
                self.emit(EventBody::IterationDone { iteration: self.state.iteration, new_findings, barren_iterations: 0 });
                self.finish(crate::domain::StopReason::NoMoreTasks);
            }
            Told::Failed { reason } => self.fail("agent_failed", reason),
        }
        Ok(())
    }

    /// Nothing was heard of the agent for longer than it may be silent.
    pub(super) fn agent_silent(&mut self, seconds: u64) -> Result<(), Refusal> {
        if self.state.phase != Phase::Working || self.state.paused || self.state.request.outside.is_none() {
            return Err(Refusal::NotWanted);
        }
        self.fail("agent_silent", format!("nothing was heard of the agent for {seconds} s; it can start another run"));
        Ok(())
    }
}
