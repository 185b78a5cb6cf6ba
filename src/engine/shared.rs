//! What all runs of this process share: the store, the feeds, the experts' desk and the posts of the staff.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{EventBody, RunRequest, TaskId};
use crate::experts::{Desk, Reasoning};
use crate::store::Store;
use crate::tools::Workbench;

use super::Settings;
use super::feed::Feeds;
use super::post::Post;
use super::run::machine::Rules;
use super::run::state::RunState;
use super::staff::{Expert, Planner};
use crate::telemetry::names;

/// Finds the reasoning that a run asks for by its model's name.
pub type ReasoningByName = Arc<dyn Fn(&str) -> Result<Arc<dyn Reasoning>, String> + Send + Sync>;

pub struct Shared {
    pub store: Arc<dyn Store>,
    pub feeds: Feeds,
    pub workbench: Arc<dyn Workbench>,
    pub desk: Arc<Desk>,
    pub reasoning: ReasoningByName,
    pub rules: Rules,
    pub settings: Settings,
    pub planner: Post<Planner>,
    pub experts: HashMap<String, Post<Expert>>,
}

impl Shared {
    /// What a run says of itself in its first event: how it reasons, and who is there.
    pub fn introduce(&self, request: &RunRequest) -> (String, Vec<String>) {
        if let Some(agent) = &request.outside {
            return ("outside".to_owned(), vec![agent.name.clone()]);
        }
        let mut experts: Vec<String> = self.experts.keys().cloned().collect();
        experts.sort_unstable();
        let reasoning = (self.reasoning)(&request.model).map_or_else(|reason| reason, |reasoning| reasoning.name().to_owned());
        (reasoning, experts)
    }

    /// A stored event, in the metrics.
    pub fn count_event(&self, event: &EventBody, state: &RunState) {
        let run_ended = |status: &'static str| metrics::counter!(names::RUNS_TOTAL, "status" => status).increment(1);
        let task_came_to = |task: TaskId, came_to: &'static str| {
            // An agent outside chooses its name, and metrics must not grow with names.
            let expert = match &state.request.outside {
                Some(_) => "outside".to_owned(),
                None => state.line(task).map(|line| line.task.planned.expert.clone()).unwrap_or_default(),
            };
            metrics::counter!(names::TASKS_TOTAL, "expert" => expert, "state" => came_to).increment(1);
        };
        match event {
            EventBody::Finished { .. } => run_ended("finished"),
            EventBody::Error { .. } => run_ended("failed"),
            EventBody::Cancelled { .. } => run_ended("cancelled"),
            EventBody::TaskDone { task, .. } => task_came_to(*task, "done"),
            EventBody::TaskFailed { task, retry_in_ms: None, .. } => task_came_to(*task, "failed"),
            EventBody::TaskFailed { task, retry_in_ms: Some(_), .. } => task_came_to(*task, "retried"),
            EventBody::ModelAnswered { .. } | EventBody::ModelFailed { .. } => {
                metrics::counter!(names::STEPS_TOTAL, "kind" => "model").increment(1);
            }
            EventBody::ToolDone { .. } | EventBody::ToolFailed { .. } | EventBody::ToolRefused { .. } => {
                metrics::counter!(names::STEPS_TOTAL, "kind" => "tool").increment(1);
            }
            _ => {}
        }
    }
}
