//! One unit of work that the planner hands to one expert.

use serde::{Deserialize, Serialize};

use super::TaskId;

/// A task as the planner proposes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedTask {
    pub expert: String,
    pub goal: String,
    pub schema: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// 0 to 1; the higher goes first.
    pub priority: f64,
}

/// A task that the run has taken on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Task {
    #[schema(value_type = String)]
    pub task: TaskId,
    pub iteration: u32,
    #[serde(flatten)]
    pub planned: PlannedTask,
}

/// What a finished task leaves behind, in numbers; the findings themselves are in the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct TaskOutcome {
    pub tool_calls: u32,
    pub findings: u32,
    pub questions: u32,
    /// One line for a person: what was learnt.
    pub notes: String,
}
