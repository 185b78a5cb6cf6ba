//! Reasoning without any model: the planner and the experts follow the evidence by rule. The same brief gives the same thought.

mod planner;
mod query;
mod results;
mod semantic;
mod statistical;
mod structural;
mod table;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::agent::Agents;
use super::thought::{Act, Plan, PlanBrief, Reasoning, Reflection, TaskBrief, Thought, ThoughtError, ToolCall, ToolResult};
use crate::domain::event::ModelCall;
use crate::domain::{Confidence, Insight};
use table::TableView;

/// The name by which events and requests know it.
pub const NAME: &str = "builtin";

pub struct BuiltinReasoning {
    agents: Arc<Agents>,
}

impl BuiltinReasoning {
    pub fn new(agents: Arc<Agents>) -> Self {
        Self { agents }
    }

    /// What of the rules' wishes the agent may call, and how much of it in one round.
    fn allowed(&self, expert: &str, wishes: Vec<ToolCall>) -> Vec<ToolCall> {
        let Some(agent) = self.agents.expert(expert) else { return Vec::new() };
        wishes.into_iter().filter(|call| agent.may(&call.name)).take(agent.tool_calls_per_round).collect()
    }
}

#[async_trait]
impl Reasoning for BuiltinReasoning {
    fn name(&self) -> &str {
        NAME
    }

    async fn plan(&self, brief: &PlanBrief) -> Result<Thought<Plan>, ThoughtError> {
        Ok(thought(planner::plan(brief)))
    }

    async fn act(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Act>, ThoughtError> {
        // What the rules asked for does not get better by asking again.
        let view = TableView::of(brief).filter(|_| rounds.is_empty());
        let Some(view) = view else { return Ok(thought(Act::default())) };
        let wishes = match brief.expert.as_str() {
            "statistical" => statistical::calls(&view),
            "semantic" => semantic::calls(&view),
            "query" => query::calls(&view),
            _ => structural::calls(&view),
        };
        let tool_calls = self.allowed(&brief.expert, wishes);
        let notes = format!("{} looks at {}", brief.expert, view.table);
        Ok(thought(Act { tool_calls, notes, more: false }))
    }

    async fn reflect(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Reflection>, ThoughtError> {
        let Some(view) = TableView::of(brief) else { return Ok(thought(Reflection::default())) };
        Ok(thought(match brief.expert.as_str() {
            "statistical" => statistical::reflect(brief, &view, rounds),
            "semantic" => semantic::reflect(brief, &view, rounds),
            "query" => query::reflect(&view, rounds),
            _ => structural::reflect(&view, rounds),
        }))
    }
}

/// The question about a column's codes; one id for planner and experts.
fn codes_question(table: &str, column: &str) -> String {
    format!("codes.{table}.{column}")
}

fn call(name: &str, args: Value) -> ToolCall {
    ToolCall { name: name.to_owned(), args }
}

fn insight(claim: String, confidence: f64, evidence: Vec<String>) -> Insight {
    Insight { claim, confidence: Confidence::clamped(confidence), evidence }
}

/// A document with how sure the rules are of it.
fn document(mut members: Value, confidence: f64) -> Value {
    if let Some(object) = members.as_object_mut() {
        object.retain(|_, member| !member.is_null());
        object.insert("confidence".to_owned(), json!(confidence));
    }
    members
}

fn thought<T>(value: T) -> Thought<T> {
    Thought { value, call: ModelCall { model: NAME.to_owned(), ..ModelCall::default() } }
}
