//! Words for writing JSON Schemas of arguments and results briefly.

use serde_json::{Map, Value, json};

/// The media type of arguments that are SQL.
pub const SQL: &str = "application/sql";

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

pub fn flag(default: bool, description: &str) -> Value {
    json!({"type": "boolean", "default": default, "description": description})
}

/// An entry of the catalog, as it is shown in full.
pub fn entry() -> Value {
    let mut entry = claim();
    entry["properties"]["competing"] = json!({"type": "integer", "description": "How many others claim something else."});
    entry
}

/// A claim on an entry, with who made it.
pub fn claim() -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "type": "object",
        "required": ["layer", "kind", "key", "document", "tags", "links", "confidence", "status", "evidence", "provenance", "at"],
        "properties": {
            "layer": {"type": "string"}, "kind": {"type": "string"}, "key": {"type": "string"}, "document": {},
            "tags": texts, "links": texts, "confidence": {"type": "number"}, "status": {"type": "string"}, "evidence": texts,
            "provenance": {
                "type": "object",
                "required": ["author"],
                "properties": {
                    "author": {"type": "string"}, "run": {"type": "string"}, "task": {"type": "integer"},
                    "step": {"type": "string"}, "model": {"type": "string"}
                }
            },
            "at": {"type": "integer", "description": "Milliseconds since 1970."},
            "stale": {
                "type": "object",
                "description": "Where the database has changed under the claim: since when, by which snapshot, what changed, and the status it had.",
                "required": ["since", "snapshot", "because", "was"],
                "properties": {"since": {"type": "integer"}, "snapshot": {"type": "string"}, "because": texts, "was": {"type": "string"}}
            }
        }
    })
}

pub fn schema_name() -> Value {
    text("Name of the schema, as `list_schemas` shows it (`main` for SQLite). May be left out where the source has only one.")
}

pub fn table_name() -> Value {
    text("Name of the table or view, as `list_tables` shows it.")
}

pub fn condition() -> Value {
    sql(4_000, "Only rows for which this SQL condition holds, without the word `where`: `status = 'open' and total > 10`.")
}

pub fn ordering() -> Value {
    sql(4_000, "Order of the rows, without the words `order by`: `created_at desc, id`.")
}

/// SQL, marked as such: rules and the digest of what was asked look at these arguments.
pub fn sql(max_chars: u64, description: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": max_chars, "contentMediaType": SQL, "description": description})
}

pub fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// A list of names.
pub fn names() -> Value {
    list(json!({"type": "string"}))
}

/// A reference as the database declares it.
pub fn foreign_key() -> Value {
    result(json!({
        "name": {"type": "string"}, "columns": names(), "to_schema": {"type": "string"}, "to_table": {"type": "string"},
        "to_columns": names(), "on_update": {"type": "string"}, "on_delete": {"type": "string"}
    }))
}

/// A check as the database declares it.
pub fn check() -> Value {
    result(json!({"name": {"type": "string"}, "condition": {"type": "string"}}))
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
pub fn texts_in(value: &Value) -> Vec<String> {
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
    sql(20_000, "One query that shows it. It is run, and what it gives is kept with the claim.")
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
        "check": open("What the check counted on the data; its members differ by what was checked."),
        "stands_now": standing(),
        "note": {"type": "string"}
    }))
}

pub fn withdrawn() -> Value {
    result(json!({
        "kind": {"type": "string"},
        "key": {"type": "string"},
        "withdrawn": {"type": "boolean"},
        "stands_now": standing()
    }))
}

/// Whose claim stands under a key.
pub fn standing() -> Value {
    json!({
        "type": ["object", "null"],
        "description": "Whose claim stands now; null where there is none any more.",
        "properties": {
            "author": {"type": "string"}, "status": {"type": "string"}, "confidence": {"type": "number"},
            "competing": {"type": "integer", "description": "How many others claim something else."}
        }
    })
}

/// An object whose members nobody can list.
pub fn open(description: &str) -> Value {
    json!({"type": "object", "description": description, "additionalProperties": {}})
}

/// The members that every result of rows has.
pub fn rows() -> Value {
    result(json!({
        "columns": list(result(json!({"name": {"type": "string"}, "type": {"type": "string"}}))),
        "rows": list(list(json!({}))),
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
