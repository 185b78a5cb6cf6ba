//! `agent.run_start`, `agent.event_append`, `agent.run_finish`: an agent outside does a discovery itself, with a journal and a budget
//! like our experts'.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::agent_runs::{AgentRuns, AgentStart, Told};
use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};
use crate::claims::text::{bounded, line};
use crate::domain::{Budget, Intent, OutsideAgent, RunId};

/// Bytes of what one event may carry.
const EVENT_DATA: usize = 8 * 1024;
const TEXT: usize = 2_000;

pub struct RunStart;
pub struct EventAppend;
pub struct RunFinish;

#[derive(Deserialize)]
struct StartArgs {
    agent_name: String,
    model_name: Option<String>,
    purpose: Option<String>,
    intent: Option<Intent>,
    schema: Option<String>,
    #[serde(default)]
    budget: Budget,
}

#[async_trait]
impl Tool for RunStart {
    fn spec(&self) -> Spec {
        let bound = |words: &str| json!({"type": "integer", "minimum": 1, "description": words});
        Spec {
            name: "agent.run_start",
            description: "Starts a run that you yourself carry out. Give its `agent_run_id` with every further call: calls are counted against its budget and stand in its journal, and what you record carries it. End it with `agent.run_finish`; a run of which nothing is heard for long is ended.",
            args: schema::object(
                json!({
                    "agent_name": schema::default_text("agent", "What you are called."),
                    "model_name": schema::text("The model that you think with."),
                    "purpose": schema::text("What the run is for, in a sentence."),
                    "intent": {
                        "type": "object",
                        "description": "What the person wants to know: for whom, goals, constraints.",
                        "properties": {
                            "audience": {"type": "string", "maxLength": 4000},
                            "goals": {"type": "array", "items": {"type": "string", "maxLength": 4000}, "maxItems": 20},
                            "constraints": {"type": "array", "items": {"type": "string", "maxLength": 4000}, "maxItems": 20}
                        },
                        "additionalProperties": false
                    },
                    "schema": schema::text("The schema that you look at; without it the one with the most tables."),
                    "budget": {
                        "type": "object",
                        "description": "What the run may spend; it is ended when a bound is reached.",
                        "properties": {"tool_calls": bound("Calls of tools."), "seconds": bound("Seconds from its start on.")},
                        "additionalProperties": false
                    },
                    "run_id": {"type": ["string", "integer"], "description": "Accepted for clients that send it; a source has one catalog, whichever harvest was looked at."},
                    "prompt_hash": {"type": "string", "maxLength": 400, "description": "Accepted for clients that send it."}
                }),
                &[],
            ),
            output: schema::result(json!({"agent_run_id": {"type": "string"}, "events": {"type": "string"}})),
            example: json!({"agent_name": "assistant", "purpose": "find out what the shop sells", "budget": {"tool_calls": 100, "seconds": 3600}}),
            effect: Effect::Record,
            aliases: &[],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let StartArgs { agent_name, model_name, purpose, intent, schema, budget } = reading::parsed(args)?;
        let mut intent = intent.unwrap_or_default();
        intent.goals.extend(purpose);
        let agent = OutsideAgent { name: line(&agent_name, 80), author: call.caller.provenance.author.clone() };
        let start = AgentStart { source: call.workspace.key.clone(), schema, agent, model: model_name, intent, budget };
        let run = door(call)?.start(start).await?;
        Ok(json!({"agent_run_id": run, "events": format!("/runs/{run}/events")}))
    }
}

#[derive(Deserialize)]
struct AppendArgs {
    event_type: String,
    message: Option<String>,
    payload: Option<Value>,
    data: Option<Value>,
}

#[async_trait]
impl Tool for EventAppend {
    fn spec(&self) -> Spec {
        Spec {
            name: "agent.event_append",
            description: "Adds what you decided, noted or learnt to the journal of your run, as an event of the type `agent` that its readers see at once. Calls of tools stand there already.",
            args: schema::object(
                with_run(json!({
                    "event_type": schema::text("What it is: decision, note, plan, result, …"),
                    "message": schema::text("A sentence for a person."),
                    "payload": {"type": ["object", "array", "string", "number", "boolean"], "description": "What belongs to it; what is larger than 8 KiB is cut."},
                    "data": {"type": ["object", "array", "string", "number", "boolean"], "description": "Another name for `payload`."}
                })),
                &["agent_run_id", "event_type"],
            ),
            output: schema::result(json!({"seq": {"type": "integer"}})),
            example: json!({"agent_run_id": EXAMPLE_RUN, "event_type": "decision", "message": "orders first, as everything refers to them", "payload": {"tables": ["orders"]}}),
            effect: Effect::Record,
            aliases: &[],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let AppendArgs { event_type, message, payload, data } = reading::parsed(args)?;
        let data = bounded(&payload.or(data).unwrap_or_default(), EVENT_DATA);
        let told = Told::Said { kind: line(&event_type, 80), text: line(&message.unwrap_or_default(), TEXT), data };
        tell(call, told).await
    }
}

#[derive(Deserialize)]
struct FinishArgs {
    status: String,
    summary: Option<String>,
    error: Option<String>,
}

#[async_trait]
impl Tool for RunFinish {
    fn spec(&self) -> Spec {
        Spec {
            name: "agent.run_finish",
            description: "Ends your run, and says what came of it. Its report holds what you recorded.",
            args: schema::object(
                with_run(json!({
                    "status": schema::one_of(&["success", "failed"], "success", "Whether it came to what it was for."),
                    "summary": schema::text("What was learnt, in a few sentences."),
                    "error": schema::text("Why it failed.")
                })),
                &["agent_run_id"],
            ),
            output: schema::result(json!({"seq": {"type": "integer"}, "report": {"type": "string"}})),
            example: json!({"agent_run_id": EXAMPLE_RUN, "status": "success", "summary": "the shop sells products to customers in three countries"}),
            effect: Effect::Record,
            aliases: &[],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let FinishArgs { status, summary, error } = reading::parsed(args)?;
        let words = |words: Option<String>| line(&words.unwrap_or_default(), TEXT);
        let told = match status.as_str() {
            "failed" => Told::Failed { reason: words(error.or(summary)) },
            _ => Told::Finished { summary: words(summary) },
        };
        let mut answer = tell(call, told).await?;
        answer["report"] = json!(call.caller.provenance.run.map(|run| format!("/runs/{run}/report")));
        Ok(answer)
    }
}

/// Of no run that there is.
const EXAMPLE_RUN: &str = "run_0198c2a1b2c37d4e8f90a1b2c3d4e5f6";

async fn tell(call: Call<'_>, told: Told) -> Result<Value, Failure> {
    let missing = || Failure::Mendable("`agent_run_id` is needed: `agent.run_start` answers it".to_owned());
    let run: RunId = call.caller.provenance.run.ok_or_else(missing)?;
    let seq = door(call)?.tell(run, &call.caller.provenance.author, told).await?;
    Ok(json!({"seq": seq}))
}

fn door<'a>(call: Call<'a>) -> Result<&'a dyn AgentRuns, Failure> {
    call.runs.ok_or_else(|| Failure::Broken("no runs can be started from here".to_owned()))
}

fn with_run(properties: Value) -> Value {
    let mut all = Map::from_iter([("agent_run_id".to_owned(), schema::text("The run, as `agent.run_start` answered it."))]);
    if let Value::Object(more) = properties {
        all.extend(more);
    }
    Value::Object(all)
}
