//! Answers of remote tools, whose shapes differ: lists under one name or another, rows in place of objects, numbers in place of columns.
//!
//! What is missing is missing; what is there under a name that nobody knows is not guessed at.

use serde_json::Value;

use super::peer::PeerError;

/// The answer without what a server puts around it: `{"success": true, "result": …}`, or why there is none.
pub fn unwrapped(answer: Value) -> Result<Value, PeerError> {
    let Value::Object(mut members) = answer else { return Ok(answer) };
    if members.get("success") == Some(&Value::Bool(false)) || members.get("ok") == Some(&Value::Bool(false)) {
        let why = members.get("error").or_else(|| members.get("message"));
        let why = why.map_or_else(|| "the tool failed and did not say why".to_owned(), |why| text(why).unwrap_or_else(|| why.to_string()));
        return Err(PeerError::Refused(why));
    }
    let wraps = members.contains_key("success") && members.contains_key("result");
    match members.remove("result").filter(|_| wraps) {
        Some(inner) => unwrapped(inner),
        None => Ok(Value::Object(members)),
    }
}

/// The first member that is there under one of these names, and is not null.
pub fn member<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| value.get(*name).filter(|value| !value.is_null()))
}

pub fn text_of(value: &Value, names: &[&str]) -> Option<String> {
    member(value, names).and_then(text)
}

/// A text, or a number as one.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number, or a text that is one.
pub fn number(value: &Value, names: &[&str]) -> Option<u64> {
    let found = member(value, names)?;
    found.as_u64().or_else(|| found.as_str()?.trim().parse().ok()).or_else(|| found.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
}

/// `true`, `1`, `YES` and the like.
pub fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" | "t" | "1" => Some(true),
            "no" | "n" | "false" | "f" | "0" | "not null" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The items of a list: under one of these names, or the answer itself.
pub fn items<'a>(answer: &'a Value, names: &[&str]) -> &'a [Value] {
    let lists = names.iter().chain(&["items", "rows"]).filter_map(|name| answer.get(*name));
    let found = lists.chain(std::iter::once(answer)).find_map(Value::as_array);
    found.map_or(&[], Vec::as_slice)
}

/// The name of an item: itself, its first value where it is a row, or what it calls so.
pub fn name(item: &Value, names: &[&str]) -> Option<String> {
    match item {
        Value::Array(row) => row.first().and_then(text),
        Value::Object(members) => {
            text_of(item, names).or_else(|| if members.len() == 1 { members.values().next().and_then(text) } else { None })
        }
        other => text(other),
    }
    .filter(|name| !name.is_empty())
}

/// Names in a list, or in one text with commas; an object stands for its name.
pub fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(|item| name(item, &["name", "column", "column_name"])).collect(),
        Value::String(text) => text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect(),
        Value::Object(_) => member(value, &["columns", "column"]).map(names).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// How the next page is asked for; none on the last.
pub fn next(answer: &Value) -> Option<Value> {
    let found = member(answer, &["next", "next_page_token", "next_token", "nextCursor", "next_cursor"])?;
    (!matches!(found, Value::Bool(_)) && found.as_str() != Some("")).then(|| found.clone())
}

/// The server has left out a part of what was asked for.
pub fn is_cut(answer: &Value) -> bool {
    answer.get("truncated") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_found_in_every_shape() {
        let schema_names = ["name", "schema", "schema_name"];
        for answer in [
            json!({"schemas": [{"schema": "a", "tables": 3}, {"schema": "b", "tables": 0}], "next": null}),
            json!({"schemas": ["a", "b"]}),
            json!({"columns": 1, "rows": [["a"], ["b"]]}),
            json!([{"name": "a"}, {"name": "b"}]),
            json!({"items": [{"Tables_in_x": "a"}, {"Tables_in_x": "b"}]}),
        ] {
            let found: Vec<String> = items(&answer, &["schemas"]).iter().filter_map(|item| name(item, &schema_names)).collect();
            assert_eq!(found, ["a", "b"], "{answer}");
        }
    }

    #[test]
    fn what_is_wrapped_is_unwrapped_and_a_failure_is_one() {
        let inner = json!({"columns": 1, "rows": []});
        assert_eq!(unwrapped(json!({"success": true, "result": inner})).unwrap(), inner);
        let both = json!({"success": true, "columns": 1, "rows": []});
        assert_eq!(unwrapped(both.clone()).unwrap(), both);
        assert_eq!(unwrapped(json!({"success": false, "error": "no such target"})), Err(PeerError::Refused("no such target".to_owned())));
    }

    #[test]
    fn the_next_page_is_a_token_and_nothing_else() {
        assert_eq!(next(&json!({"next": "abc"})), Some(json!("abc")));
        assert_eq!(next(&json!({"next_page_token": 50})), Some(json!(50)));
        for last in [json!({}), json!({"next": null}), json!({"next": ""}), json!({"next": false})] {
            assert_eq!(next(&last), None);
        }
    }
}
