//! A discovery run as others see it: what was asked, how it stands, how it ended.

use serde::{Deserialize, Serialize};

use super::{Author, Budget, Intent, Limit, SnapshotId, Spent};

/// What was asked for, complete: defaults are filled in before a run is created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRequest {
    /// A registered name or a DSN; never with a secret inside.
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub max_iterations: u32,
    pub tasks_per_iter: u32,
    #[serde(default)]
    pub intent: Intent,
    #[serde(default)]
    pub budget: Budget,
    /// A model's name, or `builtin`; of a run that is carried out outside, what its agent says that it thinks with.
    pub model: String,
    /// Who plans and thinks, where our own experts do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideAgent>,
}

/// An agent that carries out a run by calling tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideAgent {
    /// What it calls itself.
    pub name: String,
    /// Under whose name it came in; nobody else may act in its run.
    pub author: Author,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Created, or waiting for a place among the live runs.
    Waiting,
    Running,
    Paused,
    /// Told to stop; tasks in flight are ending.
    Cancelling,
    Finished,
    Failed,
    Cancelled,
}

impl RunStatus {
    pub const ALL: [Self; 7] =
        [Self::Waiting, Self::Running, Self::Paused, Self::Cancelling, Self::Finished, Self::Failed, Self::Cancelled];

    pub fn is_ended(self) -> bool {
        match self {
            Self::Finished | Self::Failed | Self::Cancelled => true,
            Self::Waiting | Self::Running | Self::Paused | Self::Cancelling => false,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelling => "cancelling",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Why a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    NoMoreTasks,
    MaxIterations,
    DiminishingReturns,
    Budget(Limit),
}

/// What lists and the state call show; kept in the run's row with every append.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct RunSummary {
    /// What the run is doing: `starting`, `harvesting`, `planning`, `working`, `ended`.
    pub phase: String,
    pub iteration: u32,
    pub tasks_planned: u32,
    pub tasks_running: u32,
    pub tasks_done: u32,
    pub tasks_failed: u32,
    pub findings: u32,
    pub questions_open: u32,
    pub questions_answered: u32,
    pub spent: Spent,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub snapshot: Option<SnapshotId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The last event's sentence for a person.
    pub headline: String,
}
