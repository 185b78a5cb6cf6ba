//! Reads an answer leniently: text as a string, nothing or a list of parts; reasoning under two names; calls of tools instead of text.

use serde_json::{Map, Value, json};

use crate::model::json::read;
use crate::model::port::{Error, Finish, Usage};
use crate::model::shapes::Compiled;

pub(super) struct Answer {
    pub text: String,
    pub finish: Finish,
    pub usage: Usage,
    /// As the server calls it.
    pub model: Option<String>,
    pub remark: Option<&'static str>,
}

/// The answer in a body without an `error`.
pub(super) fn from_body(body: &Value, compiled: &Compiled) -> Result<Answer, Error> {
    let Some(choice) = body.get("choices").and_then(|choices| choices.get(0)) else {
        return Err(Error::Unavailable("the answer has no `choices`".to_owned()));
    };
    let message = choice.get("message").or_else(|| choice.get("delta")).unwrap_or(choice);
    let finish = match choice.get("finish_reason").and_then(Value::as_str) {
        Some("content_filter") => return Err(Error::Filtered("the server's filter ended the answer".to_owned())),
        Some("length" | "max_tokens" | "model_length") => Finish::Length,
        // Anything else, known or not, is an end like any other.
        _ => Finish::Stop,
    };
    if let Some(refusal) = message.get("refusal").and_then(Value::as_str).filter(|text| !text.trim().is_empty()) {
        return Err(Error::Filtered(refusal.chars().take(500).collect()));
    }
    let (mut text, mut reasoning) = (String::new(), String::new());
    take_text(message, &mut text, &mut reasoning);
    if text.is_empty()
        && let Some(plain) = choice.get("text").and_then(Value::as_str)
    {
        text.push_str(plain);
    }
    let mut remark = None;
    if text.trim().is_empty() && finish == Finish::Stop {
        if let Some(from_calls) = from_tool_calls(message, compiled) {
            text = from_calls;
            remark = Some("the answer came as calls of tools");
        } else if !reasoning.is_empty() && read(&reasoning, compiled).is_ok() {
            text = reasoning;
            remark = Some("the answer came as reasoning");
        }
    }
    Ok(Answer { text, finish, usage: usage(body), model: body.get("model").and_then(Value::as_str).map(str::to_owned), remark })
}

/// Text and reasoning of a message or of a piece of one.
pub(super) fn take_text(message: &Value, text: &mut String, reasoning: &mut String) {
    match message.get("content") {
        Some(Value::String(content)) => text.push_str(content),
        Some(Value::Array(parts)) => parts.iter().for_each(|part| take_part(part, text, reasoning)),
        Some(part @ Value::Object(_)) => take_part(part, text, reasoning),
        _ => {}
    }
    let said = ["reasoning_content", "reasoning"].iter().find_map(|name| message.get(*name)?.as_str().filter(|said| !said.is_empty()));
    reasoning.push_str(said.unwrap_or_default());
}

fn take_part(part: &Value, text: &mut String, reasoning: &mut String) {
    if let Value::String(plain) = part {
        return text.push_str(plain);
    }
    match part.get("type").and_then(Value::as_str) {
        None | Some("text" | "output_text") => text.push_str(part.get("text").and_then(Value::as_str).unwrap_or_default()),
        Some("reasoning" | "thinking" | "summary_text") => {
            let said = ["text", "thinking", "reasoning"].iter().find_map(|name| part.get(*name)?.as_str());
            reasoning.push_str(said.unwrap_or_default());
            for inner in part.get("summary").and_then(Value::as_array).into_iter().flatten() {
                reasoning.push_str(inner.get("text").and_then(Value::as_str).unwrap_or_default());
            }
        }
        Some(_) => {}
    }
}

/// Calls of tools are the wanted JSON, where it has a member for them; a call of the shape's own name is the whole of it.
fn from_tool_calls(message: &Value, compiled: &Compiled) -> Option<String> {
    let calls: Vec<(&str, Value)> = message
        .get("tool_calls")?
        .as_array()?
        .iter()
        .filter_map(|call| Some((call.pointer("/function/name")?.as_str()?, arguments(call.pointer("/function/arguments")))))
        .collect();
    let wanted = compiled.member("tool_calls");
    match (calls.as_slice(), wanted) {
        ([], _) => None,
        (_, Some(schema)) => {
            let properties = schema.pointer("/items/properties");
            let args_name = if properties.is_some_and(|members| members.get("arguments").is_some()) { "arguments" } else { "args" };
            let calls: Vec<Value> = calls.into_iter().map(|(name, arguments)| json!({ "name": name, args_name: arguments })).collect();
            let mut answer = Map::from_iter([("tool_calls".to_owned(), Value::Array(calls))]);
            fill_required(&mut answer, compiled);
            Some(Value::Object(answer).to_string())
        }
        ([(_, arguments)], None) => Some(arguments.to_string()),
        (_, None) => None,
    }
}

fn arguments(value: Option<&Value>) -> Value {
    match value {
        Some(Value::String(text)) => match text.trim() {
            "" => json!({}),
            trimmed => serde_json::from_str(trimmed).unwrap_or_else(|_| json!(text)),
        },
        None | Some(Value::Null) => json!({}),
        Some(other) => other.clone(),
    }
}

/// What a message of calls cannot say besides: notes and the like are empty.
fn fill_required(answer: &mut Map<String, Value>, compiled: &Compiled) {
    let required = compiled.schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if answer.contains_key(name) {
            continue;
        }
        let empty = match compiled.member(name).and_then(|schema| schema.get("type")).and_then(Value::as_str) {
            Some("string") => json!(""),
            Some("array") => json!([]),
            Some("boolean") => json!(false),
            _ => continue,
        };
        answer.insert(name.to_owned(), empty);
    }
}

fn usage(body: &Value) -> Usage {
    let count = |names: [&str; 2]| {
        let number = names.iter().find_map(|name| body.get("usage")?.get(*name))?;
        number
            .as_u64()
            .or_else(|| number.as_f64().filter(|count| *count > 0.0).map(|count| count as u64))
            .or_else(|| number.as_str()?.parse().ok())
    };
    Usage {
        prompt_tokens: count(["prompt_tokens", "input_tokens"]).unwrap_or(0),
        answer_tokens: count(["completion_tokens", "output_tokens"]).unwrap_or(0),
        usd: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port::Shape;

    fn compiled() -> Compiled {
        let schema = json!({ "type": "object", "required": ["tool_calls", "notes"], "properties": {
            "tool_calls": { "type": "array", "items": { "type": "object", "required": ["name", "args"], "properties": { "name": { "type": "string" }, "args": { "type": "object" } } } },
            "notes": { "type": "string" } } });
        Compiled::new(&Shape { name: "act".to_owned(), schema }).expect("valid")
    }

    fn text_of(message: Value) -> String {
        from_body(&json!({ "choices": [{ "message": message }] }), &compiled()).expect("an answer").text
    }

    #[test]
    fn text_is_found_wherever_it_stands() {
        assert_eq!(text_of(json!({ "content": "a" })), "a");
        assert_eq!(text_of(json!({ "content": null })), "");
        assert_eq!(
            text_of(
                json!({ "content": [{ "type": "reasoning", "summary": [{ "text": "hm" }] }, { "type": "text", "text": "a" }, { "type": "output_text", "text": "b" }] })
            ),
            "ab"
        );
        let answer = r#"{"tool_calls":[],"notes":"n"}"#;
        assert_eq!(text_of(json!({ "content": null, "reasoning_content": answer })), answer);
        assert_eq!(text_of(json!({ "content": "", "reasoning": answer })), answer);
        assert_eq!(text_of(json!({ "content": "", "reasoning": "only thoughts" })), "", "thoughts are not shown");
        assert_eq!(text_of(json!({ "content": "x", "reasoning": answer })), "x");
    }

    #[test]
    fn calls_of_tools_become_the_wanted_json() {
        let message = json!({ "content": null, "tool_calls": [
            { "id": "1", "function": { "name": "f", "arguments": "{\"a\":1}" } }, { "function": { "name": "g", "arguments": { "b": 2 } } }, { "function": { "name": "h" } }] });
        let value: Value = serde_json::from_str(&text_of(message)).expect("JSON");
        assert_eq!(
            value,
            json!({ "notes": "", "tool_calls": [{ "name": "f", "args": { "a": 1 } }, { "name": "g", "args": { "b": 2 } }, { "name": "h", "args": {} }] })
        );
    }

    #[test]
    fn ends_and_counts_are_read_leniently() {
        let read = |body: Value| from_body(&body, &compiled());
        let cut = read(
            json!({ "choices": [{ "message": { "content": "{" }, "finish_reason": "length" }], "usage": { "prompt_tokens": "12", "completion_tokens": 3.0 } }),
        );
        let cut = cut.expect("an answer");
        assert_eq!((cut.finish, cut.usage.prompt_tokens, cut.usage.answer_tokens), (Finish::Length, 12, 3));
        assert!(matches!(
            read(json!({ "choices": [{ "message": { "content": "" }, "finish_reason": "content_filter" }] })),
            Err(Error::Filtered(_))
        ));
        assert!(matches!(read(json!({ "choices": [{ "message": { "refusal": "I cannot" } }] })), Err(Error::Filtered(_))));
        assert!(matches!(read(json!({ "choices": [] })), Err(Error::Unavailable(_))));
        assert_eq!(
            read(json!({ "choices": [{ "message": { "content": "a" }, "finish_reason": "eos" }], "usage": null }))
                .expect("an answer")
                .usage,
            Usage::default()
        );
    }
}
