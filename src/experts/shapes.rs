//! The JSON Schemas of what a model may answer: one for a plan, one for an act, one for a reflection.
//!
//! They are as lenient as the reading in `wire`: a tool that does not exist, or arguments that do not fit, must come back to the
//! model as the error of that call, and not make its whole answer unusable. What is valid for each tool stands in the system text.

use serde_json::{Value, json};

use crate::model::Shape;

pub fn plan() -> Shape {
    let task = json!({
        "type": "object",
        "required": ["expert", "goal"],
        "properties": {
            "expert": { "type": "string", "description": "one of the experts" },
            "goal": { "type": "string", "description": "what is to be found out" },
            "schema": { "type": ["string", "null"] },
            "table": { "type": ["string", "null"], "description": "a name from tables; null for the whole schema" },
            "priority": { "type": ["number", "string", "null"], "description": "0 to 1; the higher goes first" },
        },
    });
    let tasks = json!({ "type": "array", "items": task });
    object("plan", "tasks", json!({ "tasks": tasks, "notes": text_or_none() }))
}

pub fn act() -> Shape {
    let call = json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": { "type": "string", "description": "one of your tools" },
            "args": { "type": ["object", "string", "null"], "description": "what fits the tool's schema" },
        },
    });
    let calls = json!({ "type": "array", "items": call });
    let more = json!({ "type": ["boolean", "null"], "description": "true: see these results before asking for more" });
    object("act", "tool_calls", json!({ "tool_calls": calls, "notes": text_or_none(), "more": more }))
}

pub fn reflection() -> Shape {
    let write = json!({
        "type": "object",
        "required": ["kind", "key", "document"],
        "properties": {
            "kind": { "type": "string" },
            "key": { "type": "string" },
            "document": { "type": ["object", "string"] },
            "tags": words_or_none(),
            "links": words_or_none(),
        },
    });
    let insight = json!({
        "type": "object",
        "required": ["claim"],
        "properties": {
            "claim": { "type": "string" },
            "confidence": { "type": ["number", "string", "null"], "description": "0 to 1" },
            "evidence": words_or_none(),
        },
    });
    let question = json!({
        "type": "object",
        "required": ["question_id", "prompt"],
        "properties": {
            "question_id": { "type": "string" },
            "title": text_or_none(),
            "prompt": { "type": "string" },
            "options": words_or_none(),
        },
    });
    let list = |items: Value| json!({ "type": ["array", "null"], "items": items });
    let writes = json!({ "type": "array", "items": write });
    object(
        "reflection",
        "catalog_writes",
        json!({ "catalog_writes": writes, "insights": list(insight), "questions_for_user": list(question) }),
    )
}

fn object(name: &str, required: &str, properties: Value) -> Shape {
    Shape { name: name.to_owned(), schema: json!({ "type": "object", "required": [required], "properties": properties }) }
}

fn text_or_none() -> Value {
    json!({ "type": ["string", "null"] })
}

/// A list of texts, a text with commas, or nothing.
fn words_or_none() -> Value {
    json!({ "type": ["array", "string", "null"], "items": { "type": "string" } })
}
