//! The form of a schema that servers accept for structured output, derived from the full one.
//!
//! Only a plain subset of keywords is left; the full schema is what answers are validated against, always.

use serde_json::{Map, Value, json};

/// A schema for the wire, and whether servers may be told to be strict about it.
pub(super) struct WireSchema {
    pub schema: Value,
    pub strict: bool,
}

/// Strict where every object in it lists its members: then all are required, optional ones nullable. An object of free form
/// cannot be said strictly, and would come back empty; such a schema goes out as it is, as a hint.
pub(super) fn derive(full: &Value) -> WireSchema {
    let strict = full.get("type") == Some(&json!("object")) && is_closed(full);
    WireSchema { schema: plain(full, strict), strict }
}

fn is_closed(schema: &Value) -> bool {
    let Some(map) = schema.as_object() else { return false };
    let is_object = says_type(map, "object");
    if is_object && (!map.contains_key("properties") || map.get("additionalProperties").is_some_and(|more| *more != json!(false))) {
        return false;
    }
    if says_type(map, "array") && !map.contains_key("items") {
        return false;
    }
    let says_something = ["type", "enum", "const", "anyOf", "oneOf", "$ref"].iter().any(|key| map.contains_key(*key));
    says_something && !map.contains_key("allOf") && children(map).all(is_closed)
}

fn says_type(map: &Map<String, Value>, name: &str) -> bool {
    match map.get("type") {
        Some(Value::String(text)) => text == name,
        Some(Value::Array(names)) => names.iter().any(|text| text == name),
        _ => false,
    }
}

fn children(map: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let of_maps =
        ["properties", "$defs", "definitions"].into_iter().filter_map(|key| map.get(key)?.as_object()).flat_map(|map| map.values());
    let of_lists = ["anyOf", "oneOf"].into_iter().filter_map(|key| map.get(key)?.as_array()).flatten();
    of_maps.chain(of_lists).chain(map.get("items"))
}

fn plain(schema: &Value, strict: bool) -> Value {
    let Some(map) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (key, value) in map {
        match key.as_str() {
            "type" | "enum" | "description" | "$ref" => _ = out.insert(key.clone(), value.clone()),
            "required" | "additionalProperties" if !strict => _ = out.insert(key.clone(), value.clone()),
            "const" => _ = out.insert("enum".to_owned(), json!([value])),
            "items" => _ = out.insert(key.clone(), plain(value, strict)),
            "anyOf" | "oneOf" | "allOf" => {
                let each = value.as_array().into_iter().flatten().map(|one| plain(one, strict)).collect();
                out.insert(if key == "oneOf" { "anyOf".to_owned() } else { key.clone() }, Value::Array(each));
            }
            "properties" => _ = out.insert(key.clone(), members(map, value, strict)),
            "$defs" | "definitions" => {
                let each = value.as_object().into_iter().flatten().map(|(name, one)| (name.clone(), plain(one, strict))).collect();
                out.insert(key.clone(), Value::Object(each));
            }
            _ => {}
        }
    }
    if strict && let Some(properties) = out.get("properties").and_then(Value::as_object) {
        let names = properties.keys().map(|name| json!(name)).collect();
        out.insert("required".to_owned(), Value::Array(names));
        out.insert("additionalProperties".to_owned(), json!(false));
    }
    Value::Object(out)
}

fn members(map: &Map<String, Value>, properties: &Value, strict: bool) -> Value {
    let required = map.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
    let each = properties.as_object().into_iter().flatten().map(|(name, schema)| {
        let schema = plain(schema, strict);
        let schema = if strict && !is_required(name) { nullable(schema) } else { schema };
        (name.clone(), schema)
    });
    Value::Object(each.collect())
}

fn nullable(mut schema: Value) -> Value {
    let Some(map) = schema.as_object_mut() else { return schema };
    if map.contains_key("$ref") {
        return json!({ "anyOf": [schema, { "type": "null" }] });
    }
    if let Some(any_of) = map.get_mut("anyOf").and_then(Value::as_array_mut) {
        if !any_of.contains(&json!({ "type": "null" })) {
            any_of.push(json!({ "type": "null" }));
        }
        return schema;
    }
    match map.get_mut("type") {
        Some(Value::Array(names)) if !names.contains(&json!("null")) => names.push(json!("null")),
        Some(Value::Array(_)) => {}
        Some(single) if *single != json!("null") => *single = json!([single.clone(), "null"]),
        _ => {}
    }
    if let Some(values) = map.get_mut("enum").and_then(Value::as_array_mut)
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_members_become_nullable_and_required() {
        let full = json!({
            "$schema": "x", "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {
                "a": { "type": "array", "minItems": 1, "items": { "type": "object", "properties": { "k": { "const": "v" } } } },
                "b": { "type": "string", "maxLength": 3, "enum": ["x", "y"] },
                "c": { "$ref": "#/$defs/d" },
                "e": { "oneOf": [{ "type": "integer", "minimum": 0 }] },
            },
            "$defs": { "d": { "type": ["object", "null"], "properties": { "n": { "type": "number", "default": 1 } }, "required": ["n"] } },
        });
        let WireSchema { schema, strict } = derive(&full);
        assert!(strict);
        assert_eq!(
            schema,
            json!({
                "type": "object", "required": ["a", "b", "c", "e"], "additionalProperties": false,
                "properties": {
                    "a": { "type": "array", "items": { "type": "object", "properties": { "k": { "enum": ["v", null] } },
                           "required": ["k"], "additionalProperties": false } },
                    "b": { "type": ["string", "null"], "enum": ["x", "y", null] },
                    "c": { "anyOf": [{ "$ref": "#/$defs/d" }, { "type": "null" }] },
                    "e": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
                },
                "$defs": { "d": { "type": ["object", "null"], "properties": { "n": { "type": "number" } },
                           "required": ["n"], "additionalProperties": false } },
            })
        );
    }

    #[test]
    fn a_schema_with_free_objects_is_only_a_hint() {
        let full = json!({ "type": "object", "required": ["args"], "properties": { "args": { "type": "object" }, "n": { "type": "integer", "maximum": 3 } } });
        let WireSchema { schema, strict } = derive(&full);
        assert!(!strict);
        assert_eq!(
            schema,
            json!({ "type": "object", "required": ["args"], "properties": { "args": { "type": "object" }, "n": { "type": "integer" } } })
        );
    }
}
