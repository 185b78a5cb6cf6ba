//! A run as the API shows it: what the machine's state says, in the words of the specification.

use serde::{Deserialize, Serialize};

use crate::domain::{Answer, Intent, Question, StopReason, TaskId, TaskOutcome};

/// Everything that the calls on one run show; rebuilt from its journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    pub intent: Intent,
    pub intent_revision: u32,
    pub tasks: Vec<TaskView>,
    pub questions: Vec<QuestionView>,
    pub stop_reason: Option<StopReason>,
    pub error: Option<String>,
    /// What was planned and not done, in words.
    pub undone: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaskView {
    #[schema(value_type = String)]
    pub task: TaskId,
    pub iteration: u32,
    pub expert: String,
    pub goal: String,
    pub schema: String,
    pub table: Option<String>,
    pub priority: f64,
    pub state: TaskState,
    pub attempts: u32,
    /// Milliseconds since 1970; of the first attempt.
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub outcome: Option<TaskOutcome>,
    /// Of the last failed attempt.
    pub failure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    Ready,
    Running,
    Done,
    Failed,
    Dropped,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QuestionView {
    #[serde(flatten)]
    pub question: Question,
    pub answer: Option<Answer>,
    pub asked_at: i64,
    pub answered_at: Option<i64>,
}

impl TaskState {
    pub const ALL: [Self; 5] = [Self::Ready, Self::Running, Self::Done, Self::Failed, Self::Dropped];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}
