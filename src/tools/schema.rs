//! Words for writing JSON Schemas of arguments and results briefly.

use serde_json::{Map, Value, json};

/// An object that takes these members and no others.
pub fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// A result; members may be added to it later.
pub fn result(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

pub fn text(description: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 4000, "description": description})
}

pub fn one_of(values: &[&str], default: &str, description: &str) -> Value {
    json!({"type": "string", "enum": values, "default": default, "description": description})
}

pub fn integer(minimum: u64, maximum: u64, default: u64, description: &str) -> Value {
    json!({"type": "integer", "minimum": minimum, "maximum": maximum, "default": default, "description": description})
}

pub fn schema_name() -> Value {
    text("Name of the schema, as `list_schemas` shows it (`main` for SQLite). May be left out where the source has only one.")
}

pub fn table_name() -> Value {
    text("Name of the table or view, as `list_tables` shows it.")
}

pub fn condition() -> Value {
    text("Only rows for which this SQL condition holds, without the word `where`: `status = 'open' and total > 10`.")
}

pub fn default_text(default: &str, description: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 4000, "default": default, "description": description})
}

pub fn share(description: &str) -> Value {
    json!({"type": "number", "minimum": 0, "maximum": 1, "description": description})
}

/// A list of texts; one text with commas means the same.
pub fn texts(description: &str) -> Value {
    let item = json!({"type": "string", "minLength": 1, "maxLength": 400});
    json!({"anyOf": [{"type": "array", "items": item, "maxItems": 200}, {"type": "string", "maxLength": 4000}], "description": description})
}

/// What arguments of [`texts`] mean.
pub fn list(value: &Value) -> Vec<String> {
    let tidy = |text: &str| text.trim().to_owned();
    let mut items: Vec<String> = match value {
        Value::String(text) => text.split(',').map(tidy).collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(tidy).collect(),
        _ => Vec::new(),
    };
    items.retain(|item| !item.is_empty());
    items
}

/// What a claim rests on.
pub fn cited() -> Value {
    json!({
        "type": ["array", "object", "string"],
        "description": "What it rests on: keys of tables and columns (`col/main.orders.status`), or of findings that a check upheld. What is not there does not count, and is named in the answer."
    })
}

pub fn proof() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": 20000,
        "description": "One query that shows it. It is run, and what it gives is kept with the claim."
    })
}

/// What recording a claim answers.
pub fn claimed() -> Value {
    result(json!({
        "kind": {"type": "string"},
        "key": {"type": "string"},
        "recorded": {"type": "boolean"},
        "status": {"type": "string"},
        "confidence": {"type": "number"},
        "evidence": {"type": "array", "items": {"type": "string"}},
        "unresolved": {"type": "array", "items": {"type": "string"}},
        "check": {"type": "object"},
        "stands_now": {"type": ["object", "null"]},
        "note": {"type": "string"}
    }))
}

pub fn withdrawn() -> Value {
    result(json!({
        "kind": {"type": "string"},
        "key": {"type": "string"},
        "withdrawn": {"type": "boolean"},
        "stands_now": {"type": ["object", "null"]}
    }))
}

/// The members that every result of rows has.
pub fn rows() -> Value {
    result(json!({
        "columns": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "type": {"type": "string"}}}},
        "rows": {"type": "array", "items": {"type": "array"}},
        "row_count": {"type": "integer"},
        "truncated": {"type": "boolean"},
        "elapsed_ms": {"type": "integer"}
    }))
}

/// The defaults that a schema of arguments names.
pub fn defaults(args: &Value) -> Map<String, Value> {
    let properties = args.get("properties").and_then(Value::as_object);
    let default = |(name, property): (&String, &Value)| property.get("default").map(|value| (name.clone(), value.clone()));
    properties.map(|properties| properties.iter().filter_map(default).collect()).unwrap_or_default()
}
