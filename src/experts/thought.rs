//! The port to reasoning: what a planner or an expert is given to think about, and what it may answer.
//!
//! Two implementations: a language model, and the built-in rules that follow the evidence without any model.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::claims::{ProposedWrite, ToolCall, ToolResult};
use crate::domain::event::ModelCall;
use crate::domain::{Confidence, Egress, Insight, Intent, PlannedTask, Question, RunId, TaskId};

#[async_trait]
pub trait Reasoning: Send + Sync {
    /// `builtin`, or the model's name.
    fn name(&self) -> &str;

    async fn plan(&self, brief: &PlanBrief) -> Result<Thought<Plan>, ThoughtError>;

    /// Chooses tool calls; `rounds` holds what was called and learnt in this task so far.
    async fn act(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Act>, ThoughtError>;

    /// Writes down what was learnt.
    async fn reflect(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Reflection>, ThoughtError>;
}

/// What the planner knows. All of it is data; none of it is instruction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanBrief {
    pub run_id: RunId,
    /// What of the source may leave for a model.
    #[serde(default)]
    pub egress: Egress,
    pub iteration: u32,
    pub max_tasks: u32,
    pub schema: String,
    /// Names, the first 300 at most, tables before views.
    pub tables: Vec<TableLine>,
    pub table_count: usize,
    pub intent: Intent,
    pub experts: Vec<ExpertLine>,
    /// What tasks were done already, newest last, all of them; a model is shown the last 60.
    pub done: Vec<DoneLine>,
    /// Entries of the catalog that bear on the intent, and the weakest findings.
    pub known: Vec<KnownLine>,
    pub answers: Vec<AnswerLine>,
    pub open_questions: Vec<Question>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableLine {
    pub name: String,
    pub columns: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    pub has_primary_key: bool,
    /// Declared references to other tables.
    pub foreign_keys: usize,
    /// Declared references of other tables to this one.
    #[serde(default)]
    pub referenced_by: usize,
    pub view: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpertLine {
    pub name: String,
    pub role: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoneLine {
    pub task: TaskId,
    pub expert: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    pub goal: String,
    /// `done`, `failed`, `dropped`.
    pub state: String,
    pub findings: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownLine {
    pub kind: String,
    pub key: String,
    pub confidence: Confidence,
    pub status: String,
    pub snippet: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerLine {
    pub question: String,
    pub answer: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub tasks: Vec<PlannedTask>,
    #[serde(default)]
    pub notes: String,
}

/// What an expert knows when it starts a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskBrief {
    pub run_id: RunId,
    /// What of the source may leave for a model.
    #[serde(default)]
    pub egress: Egress,
    pub task: TaskId,
    pub expert: String,
    pub goal: String,
    pub schema: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    pub intent: Intent,
    /// Up to 10 entries of the catalog that bear on the table or the goal.
    pub known: Vec<KnownLine>,
    pub answers: Vec<AnswerLine>,
    /// Deterministic facts about the table: columns, keys, references, row count.
    pub evidence: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Act {
    #[serde(default)]
    pub tool_calls: Vec<ToolCall>,
    #[serde(default)]
    pub notes: String,
    /// The expert wants to see these results before it asks for more; absent, it goes on to reflect.
    #[serde(default)]
    pub more: bool,
}

/// What an expert wants written down. Nothing of it is believed before it was checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reflection {
    #[serde(default)]
    pub catalog_writes: Vec<ProposedWrite>,
    #[serde(default)]
    pub insights: Vec<Insight>,
    #[serde(default)]
    pub questions_for_user: Vec<Question>,
}

/// A thought and what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Thought<T> {
    pub value: T,
    pub call: ModelCall,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct ThoughtError {
    pub reason: String,
    /// Whether trying again may help.
    pub transient: bool,
    /// The unusable text, where there was one.
    pub raw: Option<String>,
    /// What it cost all the same.
    pub call: ModelCall,
}
