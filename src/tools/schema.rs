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
    text("Only rows for which this SQL condition holds, without the word `where`: `status = 'open' and total > 10`.")
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
