//! Reasoning without any model: the planner and the experts follow the evidence by rule. The same brief gives the same thought.

mod counting;
mod planner;
mod probes;
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
use super::thought::{Act, Plan, PlanBrief, ProposedWrite, Reasoning, Reflection, TaskBrief, Thought, ThoughtError, ToolCall, ToolResult};
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
        let Some(view) = TableView::of(brief) else { return Ok(thought(Act::default())) };
        let wishes = match (brief.expert.as_str(), rounds.is_empty()) {
            ("statistical", true) => statistical::calls(&view),
            ("semantic", true) => semantic::calls(&view),
            ("query", true) => query::calls(&view),
            ("query", false) => unasked(query::further(&view), rounds),
            ("structural", true) => structural::calls(&view),
            // What the rules asked for does not get better by asking again.
            _ => Vec::new(),
        };
        // Questions come first; what is counted beside them has a round of its own.
        let more = rounds.is_empty() && brief.expert == "query" && query::further(&view).iter().any(|call| !wishes.contains(call));
        let tool_calls = self.allowed(&brief.expert, wishes);
        let notes = format!("{} looks at {}", brief.expert, view.table);
        Ok(thought(Act { tool_calls, notes, more }))
    }

    async fn reflect(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Reflection>, ThoughtError> {
        let Some(view) = TableView::of(brief) else { return Ok(thought(Reflection::default())) };
        Ok(thought(match brief.expert.as_str() {
            "statistical" => statistical::reflect(brief, &view, rounds),
            "semantic" => semantic::reflect(brief, &view, rounds),
            "query" => query::reflect(brief, &view, rounds),
            _ => structural::reflect(brief, &view, rounds),
        }))
    }
}

/// The question about a column's codes; one id for planner and experts.
fn codes_question(table: &str, column: &str) -> String {
    format!("codes.{table}.{column}")
}

/// The question about which table columns refer to.
fn reference_question(table: &str, columns: &[String]) -> String {
    format!("reference.{table}.{}", columns.join("+"))
}

/// The question whether rows that say the same are one person.
fn twice_question(table: &str) -> String {
    format!("twice.{table}.rows")
}

/// Of these calls, those that were not made; nothing where some were, since no further round brings more.
fn unasked(wishes: Vec<ToolCall>, rounds: &[ToolResult]) -> Vec<ToolCall> {
    let is_made = |wish: &ToolCall| rounds.iter().any(|result| result.call == *wish);
    if wishes.iter().any(is_made) { Vec::new() } else { wishes }
}

/// What is odd about a table, where a person finds it; the weight says how wrong a number may become by it.
fn note(view: &TableView, title: &str, text: &str, weight: f64, more: Value) -> ProposedWrite {
    let mut facts = json!({ "title": title, "text": text, "scope": "object", "weight": weight });
    if let (Some(facts), Value::Object(more)) = (facts.as_object_mut(), more) {
        facts.extend(more);
    }
    ProposedWrite {
        kind: "note".to_owned(),
        key: format!("note/{}/{title}", view.table),
        document: document(facts, 0.8),
        tags: vec!["odd".to_owned()],
        links: vec![format!("table/{}", view.table)],
    }
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

#[cfg(test)]
mod tests;
