//! What can be mended without the model: nulls that stand for "not there", JSON inside of strings, an item in which a text broke off.

use serde_json::{Map, Value};

use super::super::shapes::Compiled;

/// Characters of a validation error that go into events and prompts.
const REASON_CHARS: usize = 300;

/// The value if it is valid, if need be without the nulls that the strict form asks for; else what is wrong with it.
pub(super) fn fitted(value: Value, compiled: &Compiled) -> Result<Value, (String, Value)> {
    if compiled.validator.is_valid(&value) {
        return Ok(value);
    }
    let mut fitted = value;
    fit(&mut fitted, &compiled.schema, &compiled.schema);
    match complaint(&fitted, compiled) {
        None => Ok(fitted),
        Some(reason) => Err((reason, fitted)),
    }
}

/// Drops last items of lists as long as the value is invalid because of them.
pub(super) fn without_unfinished(mut value: Value, compiled: &Compiled) -> Option<(Value, usize)> {
    for dropped in 0..8 {
        let Err(error) = compiled.validator.validate(&value) else { return Some((value, dropped)) };
        let path = error.instance_path().to_string();
        drop(error);
        drop_last_item(&mut value, &path)?;
    }
    None
}

/// Removes the innermost item on the path that is the last of its list.
fn drop_last_item(value: &mut Value, path: &str) -> Option<()> {
    let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
    let items: Vec<(&str, usize)> =
        ends.filter_map(|end| path[..end].rsplit_once('/')).filter_map(|(list, index)| Some((list, index.parse().ok()?))).collect();
    for (list, index) in items.into_iter().rev() {
        if let Some(Value::Array(list)) = value.pointer_mut(list)
            && list.len() == index + 1
        {
            list.pop();
            return Some(());
        }
    }
    None
}

fn complaint(value: &Value, compiled: &Compiled) -> Option<String> {
    let lines: Vec<String> = compiled
        .validator
        .iter_errors(value)
        .take(3)
        .map(|error| {
            let path = error.instance_path().to_string();
            format!("`{}`: {}", if path.is_empty() { "/" } else { &path }, error.masked_with("the value"))
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("; ").replace(['\n', '\r'], " ").chars().take(REASON_CHARS).collect())
}

fn fit(value: &mut Value, schema: &Value, root: &Value) {
    let Some(schema) = resolved(schema, root) else { return };
    if let Value::String(text) = value
        && wants_only(schema, &["object", "array"])
        && let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
    {
        *value = inner;
    }
    match value {
        Value::Object(members) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let required = schema.get("required").and_then(Value::as_array);
            let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
            let of_member = |name: &str| properties.and_then(|properties| properties.get(name));
            members.retain(|name, member| {
                !member.is_null() || is_required(name) || of_member(name).is_none_or(|schema| allows_null(schema, root))
            });
            for (name, member) in members.iter_mut() {
                if let Some(schema) = of_member(name).or_else(|| schema.get("additionalProperties")) {
                    fit(member, schema, root);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| fit(item, schema, root));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Follows references and the one alternative beside null.
fn resolved<'s>(mut schema: &'s Value, root: &'s Value) -> Option<&'s Value> {
    for _ in 0..16 {
        let map = schema.as_object()?;
        schema = if let Some(target) = referred(map, root) {
            target
        } else if let Some(alternatives) = alternatives(map) {
            let mut others = alternatives.iter().filter(|one| one.get("type").is_none_or(|kind| kind != "null"));
            match (others.next(), others.next()) {
                (Some(single), None) => single,
                _ => return Some(schema),
            }
        } else {
            return Some(schema);
        }
    }
    None
}

fn referred<'s>(map: &Map<String, Value>, root: &'s Value) -> Option<&'s Value> {
    root.pointer(map.get("$ref")?.as_str()?.strip_prefix('#')?)
}

fn alternatives(map: &Map<String, Value>) -> Option<&Vec<Value>> {
    map.get("anyOf").or_else(|| map.get("oneOf"))?.as_array()
}

fn wants_only(schema: &Value, kinds: &[&str]) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kinds.contains(&kind.as_str()),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).all(|kind| kind == "null" || kinds.contains(&kind)),
        _ => false,
    }
}

fn allows_null(schema: &Value, root: &Value) -> bool {
    let Some(map) = schema.as_object() else { return *schema != Value::Bool(false) };
    if let Some(target) = referred(map, root) {
        return allows_null(target, root);
    }
    if let Some(alternatives) = alternatives(map) {
        return alternatives.iter().any(|one| allows_null(one, root));
    }
    if let Some(values) = map.get("enum").and_then(Value::as_array) {
        return values.contains(&Value::Null);
    }
    if let Some(value) = map.get("const") {
        return value.is_null();
    }
    match map.get("type") {
        Some(Value::String(kind)) => kind == "null",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "null"),
        _ => true,
    }
}
