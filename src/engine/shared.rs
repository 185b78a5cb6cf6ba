//! What all runs of this process share: the store, the feeds, the experts' desk and the posts of the staff.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::EventBody;
use crate::experts::{Desk, Reasoning};
use crate::store::Store;
use crate::tools::Workbench;

use super::Settings;
use super::feed::Feeds;
use super::post::Post;
use super::run::machine::Rules;
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
    pub fn introduce(&self, model: &str) -> (String, Vec<String>) {
        let mut experts: Vec<String> = self.experts.keys().cloned().collect();
        experts.sort_unstable();
        let reasoning = (self.reasoning)(model).map_or_else(|reason| reason, |reasoning| reasoning.name().to_owned());
        (reasoning, experts)
    }

    pub fn count_event(&self, event: &EventBody) {
        match event {
            EventBody::Finished { .. } => metrics::counter!(names::RUNS_TOTAL, "status" => "finished").increment(1),
            EventBody::Error { .. } => metrics::counter!(names::RUNS_TOTAL, "status" => "failed").increment(1),
            EventBody::Cancelled { .. } => metrics::counter!(names::RUNS_TOTAL, "status" => "cancelled").increment(1),
            EventBody::TaskDone { .. } => metrics::counter!(names::TASKS_TOTAL, "state" => "done").increment(1),
            EventBody::TaskFailed { retry_in_ms: None, .. } => metrics::counter!(names::TASKS_TOTAL, "state" => "failed").increment(1),
            EventBody::TaskFailed { retry_in_ms: Some(_), .. } => {
                metrics::counter!(names::TASKS_TOTAL, "state" => "retried").increment(1);
            }
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
