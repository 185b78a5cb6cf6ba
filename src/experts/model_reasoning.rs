//! Reasoning by language models: the agent's system text, the brief as one JSON object behind its fence and within the source's level of
//! egress, an answer of a known shape.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::agent::{Agent, Agents};
use super::egress::Gate;
use super::fence::{json_text, raw};
use super::prompts::{ExpertScript, Scripts};
use super::shapes;
use super::thought::{
    Act, AnswerLine, DoneLine, ExpertLine, KnownLine, Plan, PlanBrief, Reasoning, Reflection, TableLine, TaskBrief, Thought, ThoughtError,
    ToolResult,
};
use super::wire::{ActAnswer, PlanAnswer, ReflectionAnswer};
use crate::claims::text::cut;
use crate::domain::egress::Shown;
use crate::domain::event::ModelCall;
use crate::domain::{Egress, Intent, Question, RunId};
use crate::model::json::{Asked, ask};
use crate::model::{Error, Message, Model, Request, Role, Shape};

/// Models of agents that name their own, by agent name.
pub type ModelsByAgent = HashMap<String, Arc<dyn Model>>;

pub struct ModelReasoning {
    agents: Arc<Agents>,
    scripts: Arc<Scripts>,
    model: Arc<dyn Model>,
    own: ModelsByAgent,
    plan: Shape,
    act: Shape,
    reflection: Shape,
}

/// Tasks that the planner's message tells of; older ones show in the catalog.
const DONE_LINES: usize = 60;
/// Open questions that it tells of.
const QUESTIONS: usize = 20;
/// Bytes of one tool result, and of all of them, in a message.
const RESULT_BYTES: usize = 24 * 1024;
const RESULTS_BYTES: usize = 96 * 1024;
/// Bytes of an unusable answer that are kept.
const RAW_BYTES: usize = 4 * 1024;

#[derive(Serialize)]
struct PlanMessage<'a> {
    run_id: RunId,
    egress: Egress,
    iteration: u32,
    max_tasks: u32,
    schema: &'a str,
    tables: &'a [TableLine],
    table_count: usize,
    intent: &'a Intent,
    experts: &'a [ExpertLine],
    done: &'a [DoneLine],
    known: &'a [KnownLine],
    answers: &'a [AnswerLine],
    open_questions: &'a [Question],
}

#[derive(Serialize)]
struct TaskMessage<'a> {
    #[serde(flatten)]
    brief: &'a TaskBrief,
    #[serde(skip_serializing_if = "Option::is_none")]
    round: Option<u32>,
    results: Vec<Box<RawValue>>,
}

/// The user message, and what of the source is in it.
struct Told {
    text: String,
    shown: Shown,
}

#[derive(Serialize)]
struct CutResult<'a> {
    step: &'a str,
    name: &'a str,
    args: &'a serde_json::Value,
    failed: bool,
    cut: String,
}

impl ModelReasoning {
    pub fn new(agents: Arc<Agents>, scripts: Arc<Scripts>, model: Arc<dyn Model>, own: ModelsByAgent) -> Self {
        Self { agents, scripts, model, own, plan: shapes::plan(), act: shapes::act(), reflection: shapes::reflection() }
    }

    async fn ask<Answer, Value>(
        &self,
        agent: &Agent,
        purpose: &str,
        system: &str,
        told: Told,
        shape: &Shape,
    ) -> Result<Thought<Value>, ThoughtError>
    where
        Answer: DeserializeOwned + Into<Value>,
    {
        let model = self.own.get(&agent.name).unwrap_or(&self.model);
        let messages = vec![Message { role: Role::System, text: system.to_owned() }, Message { role: Role::User, text: told.text }];
        let request = Request {
            purpose: purpose.to_owned(),
            messages,
            shape: shape.clone(),
            max_tokens: Some(agent.max_tokens),
            temperature: agent.temperature,
            time_limit: agent.time_limit,
        };
        let asked: Asked<Answer> = ask(model.as_ref(), request).await.map_err(|error| thought_error(model.name(), error, told.shown))?;
        let call = ModelCall {
            model: asked.model,
            calls: asked.attempts,
            prompt_tokens: asked.usage.prompt_tokens,
            answer_tokens: asked.usage.answer_tokens,
            usd: asked.usage.usd,
            duration_ms: milliseconds(asked.duration),
            remarks: asked.remarks,
            egress: Some(told.shown),
        };
        Ok(Thought { value: asked.value.into(), call })
    }

    fn expert(&self, name: &str) -> Option<(&Agent, &ExpertScript)> {
        self.agents.expert(name).zip(self.scripts.expert(name))
    }
}

#[async_trait]
impl Reasoning for ModelReasoning {
    fn name(&self) -> &str {
        self.model.name()
    }

    async fn plan(&self, brief: &PlanBrief) -> Result<Thought<Plan>, ThoughtError> {
        let mut gate = Gate::new(brief.egress);
        let brief = gate.plan(brief);
        let message = PlanMessage {
            run_id: brief.run_id,
            egress: brief.egress,
            iteration: brief.iteration,
            max_tasks: brief.max_tasks,
            schema: &brief.schema,
            tables: &brief.tables,
            table_count: brief.table_count,
            intent: &brief.intent,
            experts: &brief.experts,
            done: &brief.done[brief.done.len().saturating_sub(DONE_LINES)..],
            known: &brief.known,
            answers: &brief.answers,
            open_questions: &brief.open_questions[brief.open_questions.len().saturating_sub(QUESTIONS)..],
        };
        let told = Told { text: json_text(&message), shown: gate.shown() };
        self.ask::<PlanAnswer, Plan>(self.agents.planner(), "plan", self.scripts.plan(), told, &self.plan).await
    }

    async fn act(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Act>, ThoughtError> {
        let (agent, script) = self.expert(&brief.expert).ok_or_else(|| unknown(&brief.expert))?;
        let round = rounds.last().and_then(|last| last.step.split('/').nth(1)).and_then(|round| round.parse().ok()).unwrap_or(0) + 1;
        self.ask::<ActAnswer, Act>(agent, "act", &script.act, told(brief, Some(round), rounds), &self.act).await
    }

    async fn reflect(&self, brief: &TaskBrief, rounds: &[ToolResult]) -> Result<Thought<Reflection>, ThoughtError> {
        let (agent, script) = self.expert(&brief.expert).ok_or_else(|| unknown(&brief.expert))?;
        let told = told(brief, None, rounds);
        self.ask::<ReflectionAnswer, Reflection>(agent, "reflect", &script.reflect, told, &self.reflection).await
    }
}

/// What an expert's model is told of its task.
fn told(brief: &TaskBrief, round: Option<u32>, rounds: &[ToolResult]) -> Told {
    let mut gate = Gate::new(brief.egress);
    let brief = gate.task(brief);
    let results: Vec<ToolResult> = rounds.iter().map(|result| gate.result(result)).collect();
    let message = TaskMessage { brief: &brief, round, results: shown(&results) };
    Told { text: json_text(&message), shown: gate.shown() }
}

/// Results as JSON text, each made once; what is too long shows its beginning. Newer results have the first claim on the room.
fn shown(results: &[ToolResult]) -> Vec<Box<RawValue>> {
    let mut room = RESULTS_BYTES;
    let mut shown: Vec<Box<RawValue>> = Vec::with_capacity(results.len());
    for result in results.iter().rev() {
        let whole = raw(result);
        let bound = RESULT_BYTES.min(room);
        let text = if whole.get().len() <= bound {
            whole
        } else {
            let call = &result.call;
            let cut = cut(&result.result.to_string(), bound / 2);
            let part = CutResult { step: &result.step, name: &call.name, args: &call.args, failed: result.failed, cut };
            raw(&part)
        };
        room = room.saturating_sub(text.get().len());
        shown.push(text);
    }
    shown.reverse();
    shown
}

fn unknown(expert: &str) -> ThoughtError {
    ThoughtError { reason: format!("there is no expert `{expert}`"), transient: false, raw: None, call: ModelCall::default() }
}

fn thought_error(model: &str, error: Error, shown: Shown) -> ThoughtError {
    let (raw, usage) = match &error {
        Error::Garbled { raw, usage, .. } | Error::Cut { raw, usage } => (Some(cut(raw, RAW_BYTES)), Some(*usage)),
        _ => (None, None),
    };
    let mut call = ModelCall { model: model.to_owned(), egress: Some(shown), ..ModelCall::default() };
    if let Some(usage) = usage {
        call.calls = 1;
        call.prompt_tokens = usage.prompt_tokens;
        call.answer_tokens = usage.answer_tokens;
        call.usd = usage.usd;
    }
    ThoughtError { reason: error.to_string(), transient: error.is_transient(), raw, call }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
