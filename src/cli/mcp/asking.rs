//! What a remote tool asks back, put to the person at the terminal, form by form. The words are the server's own, and are shown harmless.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdin};

use anyhow::bail;
use serde_json::{Map, Value};

use crate::api::servers::{AskAction, AskAnswer, ServerAsk};
use crate::cli::out;

const WORDS: usize = 500;

pub fn is_somebody_there() -> bool {
    stdin().is_terminal() && std::io::stderr().is_terminal()
}

pub async fn ask(tool: &str, asks: &[ServerAsk]) -> anyhow::Result<BTreeMap<String, AskAnswer>> {
    let mut answers = BTreeMap::new();
    for ask in asks {
        out::note(format!("{tool} asks: {}", out::harmless(&ask.message, WORDS)));
        let action = loop {
            match line("fill it in (f), decline (d) or cancel (c)?").await?.as_str() {
                "f" | "" => break AskAction::Accept,
                "d" => break AskAction::Decline,
                "c" => break AskAction::Cancel,
                _ => {}
            }
        };
        let content = if action == AskAction::Accept { Some(form(&ask.schema).await?) } else { None };
        answers.insert(ask.id.clone(), AskAnswer { action, content });
    }
    Ok(answers)
}

/// Where nobody is there to answer.
pub fn cancelled(asks: &[ServerAsk]) -> BTreeMap<String, AskAnswer> {
    asks.iter().map(|ask| (ask.id.clone(), AskAnswer { action: AskAction::Cancel, content: None })).collect()
}

async fn form(schema: &Value) -> anyhow::Result<Map<String, Value>> {
    let mut filled = Map::new();
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name));
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let question = question(name, field, required(name));
        loop {
            match read(field, &line(&question).await?) {
                Ok(Some(value)) => {
                    filled.insert(name.clone(), value);
                    break;
                }
                Ok(None) if !required(name) => break,
                Ok(None) => out::note("it is needed"),
                Err(valid) => out::note(format!("valid: {}", out::harmless(&valid, WORDS))),
            }
        }
    }
    Ok(filled)
}

fn question(name: &str, field: &Value, is_required: bool) -> String {
    // Titles may be the same for several fields.
    let said = field["title"].as_str().or(field["description"].as_str()).map(|said| format!("{said} ({name})"));
    let said = said.unwrap_or_else(|| name.to_owned());
    let format = field["format"].as_str().map(|format| format!(", as {format}")).unwrap_or_default();
    let choices = choices(field).map(|choices| format!(" ({})", choices.join(", "))).unwrap_or_default();
    let default = field.get("default").map(|default| format!(" [{default}]")).unwrap_or_default();
    let free = if is_required { "" } else { ", may be left empty" };
    out::harmless(&format!("{said}{format}{choices}{default}{free}:"), WORDS)
}

fn choices(field: &Value) -> Option<Vec<String>> {
    let words = |list: &Value| Some(list.as_array()?.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect());
    let titled = |list: &Value| Some(list.as_array()?.iter().filter_map(|one| one["const"].as_str().map(str::to_owned)).collect());
    let of = |field: &Value| words(&field["enum"]).or_else(|| titled(&field["oneOf"])).or_else(|| titled(&field["anyOf"]));
    if field["type"] == "array" {
        of(&field["items"])
    } else if field["type"] == "boolean" {
        words(&serde_json::json!(["yes", "no"]))
    } else {
        of(field)
    }
}

/// What was typed, as the field wants it; none where nothing was. Else, what is valid.
fn read(field: &Value, typed: &str) -> Result<Option<Value>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(field.get("default").cloned());
    }
    let chosen = |word: &str| match choices(field) {
        Some(choices) if !choices.iter().any(|choice| choice == word) => Err(choices.join(", ")),
        _ => Ok(Value::from(word)),
    };
    match field["type"].as_str() {
        Some("boolean") => match typed {
            "yes" | "y" | "true" => Ok(Some(true.into())),
            "no" | "n" | "false" => Ok(Some(false.into())),
            _ => Err("yes, no".to_owned()),
        },
        Some("integer") => typed.parse::<i64>().map(|number| Some(number.into())).map_err(|_| "a whole number".to_owned()),
        Some("number") => {
            let number = typed.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            number.map(|number| Some(Value::Number(number))).ok_or_else(|| "a number".to_owned())
        }
        Some("array") => typed.split(',').map(|word| chosen(word.trim())).collect::<Result<Vec<_>, _>>().map(|all| Some(Value::Array(all))),
        _ => chosen(typed).map(Some),
    }
}

async fn line(question: &str) -> anyhow::Result<String> {
    out::note(question);
    let read = tokio::task::spawn_blocking(|| {
        let mut typed = String::new();
        stdin().read_line(&mut typed).map(|bytes| (bytes, typed))
    });
    match read.await?? {
        (0, _) => bail!("nobody answers; the tool was not called again"),
        (_, typed) => Ok(typed.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_typed_becomes_what_the_field_wants() {
        let colours = json!({"type": "string", "enum": ["red", "blue"]});
        for (field, typed, expect) in [
            (json!({"type": "boolean"}), "y", Ok(Some(json!(true)))),
            (json!({"type": "boolean"}), "maybe", Err("yes, no".to_owned())),
            (json!({"type": "integer", "default": 3}), "", Ok(Some(json!(3)))),
            (json!({"type": "integer"}), "1.5", Err("a whole number".to_owned())),
            (json!({"type": "number"}), "1.5", Ok(Some(json!(1.5)))),
            (json!({"type": "string"}), " two words ", Ok(Some(json!("two words")))),
            (json!({"type": "string"}), "", Ok(None)),
            (colours.clone(), "red", Ok(Some(json!("red")))),
            (colours.clone(), "green", Err("red, blue".to_owned())),
            (json!({"type": "array", "items": colours}), "red, blue", Ok(Some(json!(["red", "blue"])))),
        ] {
            assert_eq!(read(&field, typed), expect, "{field} {typed}");
        }
    }

    #[test]
    fn a_question_shows_foreign_words_harmless() {
        let text = question("x", &json!({"title": "Colour\u{1b}[31m\nof it", "enum": ["red"], "default": "red"}), false);
        assert!(
            text.contains("of it (x) (red) [\"red\"]") && text.contains("may be left empty") && !text.chars().any(char::is_control),
            "{text:?}"
        );
    }
}
