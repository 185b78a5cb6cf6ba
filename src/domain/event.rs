//! Events: the numbered lines of a run's journal, which are also what SSE clients receive.
//!
//! A new variant makes the compiler name every place that must know it; a golden file fixes its JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::egress::Shown;
use super::{
    Answer, Confidence, EntryStatus, Intent, Limit, Question, RunId, RunRequest, SnapshotId, Spent, StopReason, Task, TaskId, TaskOutcome,
};

/// The number of an event in its run; the first is 1.
pub type Seq = u64;

/// An event as it is read back from a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub seq: Seq,
    /// Milliseconds since 1970.
    pub ts: i64,
    pub run_id: RunId,
    pub body: EventBody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    Run,
    Task,
    Tool,
    Model,
    Catalog,
    Insight,
    Question,
    Intent,
    Budget,
    /// What an agent outside says of its own run.
    Agent,
}

/// What happened. `message` is the variant's name, `data` its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", content = "data", rename_all = "snake_case")]
pub enum EventBody {
    // type `run`
    Starting {
        request: RunRequest,
        reasoning: String,
        experts: Vec<String>,
    },
    SchemaSelected {
        snapshot: SnapshotId,
        schema: String,
        schemas: Vec<String>,
    },
    /// The names are the first 200 at most; `count` counts all.
    TablesListed {
        schema: String,
        tables: Vec<String>,
        count: usize,
    },
    TasksPlanned {
        iteration: u32,
        tasks: Vec<Task>,
        notes: String,
    },
    TaskStart {
        task: TaskId,
        attempt: u32,
        expert: String,
        goal: String,
        table: Option<String>,
    },
    TaskDone {
        task: TaskId,
        outcome: TaskOutcome,
    },
    IterationDone {
        iteration: u32,
        new_findings: u32,
        barren_iterations: u32,
    },
    Paused {},
    Resumed {},
    Cancelling {},
    Finished {
        reason: StopReason,
        iterations: u32,
        findings: u32,
        undone: Vec<String>,
        open_questions: Vec<String>,
        spent: Spent,
    },
    /// The last event of a run that could not go on. `code` is stable, `reason` is for a person.
    Error {
        code: String,
        reason: String,
        undone: Vec<String>,
    },
    Cancelled {
        undone: Vec<String>,
    },

    // type `task`
    /// `retry_in_ms` is absent on the last attempt. `raw` keeps a model's unusable text.
    TaskFailed {
        task: TaskId,
        attempt: u32,
        reason: String,
        retry_in_ms: Option<u64>,
        raw: Option<String>,
    },
    TasksDropped {
        tasks: Vec<TaskId>,
        why: String,
    },
    PlanFailed {
        iteration: u32,
        attempt: u32,
        reason: String,
        retry_in_ms: Option<u64>,
        raw: Option<String>,
    },

    // type `tool`
    ToolDone {
        task: TaskId,
        step: String,
        tool: String,
        args: Value,
        duration_ms: u64,
        bytes: usize,
        truncated: bool,
    },
    /// The tool ran and could not; the model may mend its call.
    ToolFailed {
        task: TaskId,
        step: String,
        tool: String,
        args: Value,
        duration_ms: u64,
        reason: String,
    },
    /// The engine did not let the call through: unknown, not allowed, or invalid arguments.
    ToolRefused {
        task: TaskId,
        step: String,
        tool: String,
        args: Value,
        reason: String,
    },

    // type `model`
    ModelAnswered {
        task: Option<TaskId>,
        step: String,
        call: ModelCall,
    },
    /// An answer that could not be used, or no answer at all; what it cost is counted.
    ModelFailed {
        task: Option<TaskId>,
        step: String,
        call: ModelCall,
        reason: String,
    },

    // type `catalog`
    CatalogWritten {
        task: Option<TaskId>,
        kind: String,
        key: String,
        confidence: Confidence,
        status: EntryStatus,
        digest: String,
    },

    // type `insight`
    InsightFound {
        task: TaskId,
        claim: String,
        confidence: Confidence,
        evidence: Vec<String>,
        digest: Option<String>,
    },

    // type `question`
    QuestionAsked(Question),
    QuestionAnswered {
        question_id: String,
        answer: Answer,
    },

    // type `intent`
    IntentChanged {
        revision: u32,
        intent: Intent,
    },

    // type `budget`
    BudgetLow {
        limit: Limit,
        share: f64,
    },
    BudgetUsedUp {
        limit: Limit,
    },

    // type `agent`
    /// The words of an agent outside: what it decided, noted, learnt. Nothing follows from them.
    AgentReported {
        task: TaskId,
        kind: String,
        text: String,
        data: Value,
    },
}

/// What one call of a model took, its own repairs and retries included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ModelCall {
    pub model: String,
    /// Requests that were answered, repairs included; 0 for the built-in reasoning.
    pub calls: u32,
    pub prompt_tokens: u64,
    pub answer_tokens: u64,
    pub usd: f64,
    pub duration_ms: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// What of the source the model was shown; absent where nothing left, as with the built-in reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress: Option<Shown>,
}

impl EventType {
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Task => "task",
            Self::Tool => "tool",
            Self::Model => "model",
            Self::Catalog => "catalog",
            Self::Insight => "insight",
            Self::Question => "question",
            Self::Intent => "intent",
            Self::Budget => "budget",
            Self::Agent => "agent",
        }
    }
}

impl EventBody {
    pub fn kind(&self) -> EventType {
        match self {
            Self::Starting { .. }
            | Self::SchemaSelected { .. }
            | Self::TablesListed { .. }
            | Self::TasksPlanned { .. }
            | Self::TaskStart { .. }
            | Self::TaskDone { .. }
            | Self::IterationDone { .. }
            | Self::Paused {}
            | Self::Resumed {}
            | Self::Cancelling {}
            | Self::Finished { .. }
            | Self::Error { .. }
            | Self::Cancelled { .. } => EventType::Run,
            Self::TaskFailed { .. } | Self::TasksDropped { .. } | Self::PlanFailed { .. } => EventType::Task,
            Self::ToolDone { .. } | Self::ToolFailed { .. } | Self::ToolRefused { .. } => EventType::Tool,
            Self::ModelAnswered { .. } | Self::ModelFailed { .. } => EventType::Model,
            Self::CatalogWritten { .. } => EventType::Catalog,
            Self::InsightFound { .. } => EventType::Insight,
            Self::QuestionAsked(_) | Self::QuestionAnswered { .. } => EventType::Question,
            Self::IntentChanged { .. } => EventType::Intent,
            Self::BudgetLow { .. } | Self::BudgetUsedUp { .. } => EventType::Budget,
            Self::AgentReported { .. } => EventType::Agent,
        }
    }

    pub fn message(&self) -> &'static str {
        match self {
            Self::Starting { .. } => "starting",
            Self::SchemaSelected { .. } => "schema_selected",
            Self::TablesListed { .. } => "tables_listed",
            Self::TasksPlanned { .. } => "tasks_planned",
            Self::TaskStart { .. } => "task_start",
            Self::TaskDone { .. } => "task_done",
            Self::IterationDone { .. } => "iteration_done",
            Self::Paused {} => "paused",
            Self::Resumed {} => "resumed",
            Self::Cancelling {} => "cancelling",
            Self::Finished { .. } => "finished",
            Self::Error { .. } => "error",
            Self::Cancelled { .. } => "cancelled",
            Self::TaskFailed { .. } => "task_failed",
            Self::TasksDropped { .. } => "tasks_dropped",
            Self::PlanFailed { .. } => "plan_failed",
            Self::ToolDone { .. } => "tool_done",
            Self::ToolFailed { .. } => "tool_failed",
            Self::ToolRefused { .. } => "tool_refused",
            Self::ModelAnswered { .. } => "model_answered",
            Self::ModelFailed { .. } => "model_failed",
            Self::CatalogWritten { .. } => "catalog_written",
            Self::InsightFound { .. } => "insight_found",
            Self::QuestionAsked(_) => "question_asked",
            Self::QuestionAnswered { .. } => "question_answered",
            Self::IntentChanged { .. } => "intent_changed",
            Self::BudgetLow { .. } => "budget_low",
            Self::BudgetUsedUp { .. } => "budget_used_up",
            Self::AgentReported { .. } => "agent_reported",
        }
    }

    /// True for the three events that can be a run's last.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Finished { .. } | Self::Error { .. } | Self::Cancelled { .. })
    }

    /// The fields as JSON text: what the journal keeps beside type and message.
    pub fn data_json(&self) -> String {
        let whole = serde_json::to_string(self).expect("events are plain data and always serialise");
        let prefix = "{\"message\":\"".len() + self.message().len() + "\",\"data\":".len();
        whole[prefix..whole.len() - 1].to_owned()
    }

    /// The opposite of [`EventBody::message`] and [`EventBody::data_json`].
    pub fn from_parts(message: &str, data: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&format!("{{\"message\":{},\"data\":{data}}}", serde_json::to_string(message)?))
    }
}
