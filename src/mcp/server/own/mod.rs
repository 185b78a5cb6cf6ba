//! The tools that only this server has: to start and watch a discovery, and the questions of its experts.

mod discovery;
mod questions;

use std::sync::Arc;

pub use discovery::newest as newest_run;
use rmcp::RoleServer;
use rmcp::model::{CallToolResponse, InputResponses, Tool, ToolAnnotations};
use rmcp::service::RequestContext;
use serde_json::{Map, Value, json};

use super::Server;
use super::answers::Failed;
use super::faces::object;
use crate::domain::{Identity, Scope};

/// A call of one of our own tools.
pub struct OwnCall<'a> {
    pub server: &'a Server,
    pub identity: &'a Identity,
    pub source: Option<String>,
    pub args: Map<String, Value>,
    /// What a person answered to what the call before asked.
    pub responses: Option<InputResponses>,
    pub context: &'a RequestContext<RoleServer>,
}

pub const START: &str = "discovery_start";
pub const WATCH: &str = "discovery_watch";
pub const QUESTIONS: &str = "questions";
pub const ANSWER: &str = "answer_question";
const NAMES: [&str; 4] = [START, WATCH, QUESTIONS, ANSWER];

/// The tool of this name, where it is one of ours.
pub fn named(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|own| *own == name)
}

/// Whether calling it changes nothing.
pub fn reads(name: &str) -> bool {
    matches!(name, WATCH | QUESTIONS)
}

/// Let in and noted as every call from outside is.
pub async fn call(name: &str, call: OwnCall<'_>) -> Result<CallToolResponse, Failed> {
    let (outside, identity) = (&call.server.parts.outside, call.identity);
    let mut noting = outside.audit.begin(&identity.author, name, !reads(name));
    noting.of_source(call.source.as_deref());
    noting.with_args(Value::Object(call.args.clone()));
    let needed = if reads(name) { Scope::Read } else { Scope::Write };
    let may = identity.require(needed.into(), name).and_then(|()| outside.may_open(identity, call.source.as_deref()));
    if let Err(missing) = may {
        noting.turned_away(&missing.to_string());
        return Err(Failed::told(missing.to_string()));
    }
    let answered = match known_only(name, &call.args) {
        Ok(()) => carry_out(name, call).await,
        Err(failed) => Err(failed),
    };
    match &answered {
        Ok(_) => noting.done(),
        Err(failed) => noting.refused(failed.words()),
    }
    answered
}

async fn carry_out(name: &str, call: OwnCall<'_>) -> Result<CallToolResponse, Failed> {
    match name {
        START => discovery::start(call).await,
        WATCH => discovery::watch(call).await,
        QUESTIONS => questions::list(call).await,
        _ => questions::answer(call).await,
    }
}

pub fn tools() -> impl Iterator<Item = Tool> {
    let run = json!({"type": "string", "description": "Default: the newest"});
    let start = tool(
        START,
        "Start a discovery",
        "Let Fathom's experts study the source: keys, joins, meanings, metrics. Takes a while; watch it.",
        json!({"intent": {"type": "string", "description": "What the person wants to know"}, "max_iterations": {"type": "integer"}}),
        &[],
        json!({"run_id": {"type": "string"}, "status": {"type": "string"}}),
    );
    let watch = tool(
        WATCH,
        "Watch a discovery",
        "How a discovery stands; waits until it ends or asks something.",
        json!({"run_id": run, "wait_seconds": {"type": "integer", "default": 20, "maximum": 300}}),
        &[],
        json!({"run_id": {"type": "string"}, "status": {"type": "string"}, "ended": {"type": "boolean"}, "headline": {"type": "string"},
            "findings": {"type": "integer"}, "questions": {"type": "array"}}),
    );
    let questions = tool(
        QUESTIONS,
        "Open questions",
        "What the experts ask the person.",
        json!({ "run_id": run }),
        &[],
        json!({"questions": {"type": "array"}}),
    );
    let answer = tool(
        ANSWER,
        "Answer a question",
        "Pass on what the person answered; never answer for them.",
        json!({"run_id": run, "question_id": {"type": "string"}, "answer": {"type": "string", "description": "An option word for word, or free text"}}),
        &["question_id", "answer"],
        json!({"answered": {"type": "boolean"}}),
    );
    [start, watch, questions, answer].into_iter()
}

fn tool(name: &'static str, title: &str, description: &'static str, args: Value, required: &[&str], output: Value) -> Tool {
    let args = json!({"type": "object", "properties": args, "required": required});
    let output = json!({"type": "object", "properties": output});
    let annotations = ToolAnnotations::from_raw(None, Some(reads(name)), Some(false), Some(reads(name)), Some(false));
    Tool::new(name, description, Arc::new(object(&args)))
        .with_title(title)
        .with_raw_output_schema(Arc::new(object(&output)))
        .with_annotations(annotations)
}

fn known_only(name: &str, args: &Map<String, Value>) -> Result<(), Failed> {
    let Some(tool) = tools().find(|tool| tool.name == name) else { return Ok(()) };
    let known = object(&tool.input_schema["properties"]);
    match args.keys().find(|given| !known.contains_key(*given)) {
        None => Ok(()),
        Some(odd) => {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            Err(Failed::told(format!("`{name}` takes no `{odd}`; it takes: {}", names.join(", "))))
        }
    }
}

/// An argument that is a text, where it is given.
fn text<'a>(args: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Failed> {
    match args.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim())),
        Some(_) => Err(Failed::told(format!("`{name}` must be a text that is not empty"))),
    }
}

/// An argument that is a whole number within bounds, where it is given.
fn whole(args: &Map<String, Value>, name: &str, bounds: std::ops::RangeInclusive<u64>) -> Result<Option<u64>, Failed> {
    match args.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(given) => match given.as_u64().filter(|number| bounds.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Failed::told(format!("`{name}` must be a whole number from {} to {}, not {given}", bounds.start(), bounds.end()))),
        },
    }
}
