//! The body of a request: only what is needed, in the form that the server was learnt to take.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::learnt::{Learnt, LimitName, Rung, Sent};
use crate::model::port::{Request, Role};
use crate::model::shapes::Compiled;

#[derive(Serialize)]
pub(super) struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    messages: Vec<BodyMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct BodyMessage<'a> {
    role: &'static str,
    content: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Format<'a> {
    /// Serialised once for each shape.
    Schema(&'a RawValue),
    Object {
        r#type: &'static str,
    },
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// What a call wants beside its messages.
#[derive(Clone, Copy)]
pub(super) struct Knobs {
    pub max_tokens: Option<u32>,
    pub temperature: Option<f32>,
    pub stream: bool,
}

impl<'a> Body<'a> {
    pub fn new(request: &'a Request, model: Option<&'a str>, compiled: &'a Compiled, knobs: Knobs, learnt: Learnt) -> Self {
        let rung = if compiled.wants_object() { learnt.rung } else { Rung::Prompt };
        let stream = knobs.stream && learnt.stream;
        Self {
            model,
            messages: messages(request, compiled, rung),
            response_format: match rung {
                Rung::Schema => Some(Format::Schema(&compiled.response_format)),
                Rung::Object => Some(Format::Object { r#type: "json_object" }),
                Rung::Prompt => None,
            },
            max_tokens: knobs.max_tokens.filter(|_| learnt.limit == LimitName::MaxTokens),
            max_completion_tokens: knobs.max_tokens.filter(|_| learnt.limit == LimitName::MaxCompletionTokens),
            temperature: knobs.temperature.filter(|_| learnt.temperature),
            stream: stream.then_some(true),
            stream_options: (stream && learnt.stream_options).then_some(StreamOptions { include_usage: true }),
        }
    }

    pub fn sent(&self) -> Sent {
        Sent {
            format: self.response_format.is_some(),
            limit: self.max_tokens.or(self.max_completion_tokens).is_some(),
            temperature: self.temperature.is_some(),
            stream: self.stream.is_some(),
            stream_options: self.stream_options.is_some(),
        }
    }

    /// Characters of all messages.
    pub fn length(&self) -> usize {
        self.messages.iter().map(|message| message.content.len()).sum()
    }
}

/// One system message, first; some servers join or move them, and not all would do it alike.
fn messages<'a>(request: &'a Request, compiled: &Compiled, rung: Rung) -> Vec<BodyMessage<'a>> {
    let mut parts = request.messages.iter().filter(|message| message.role == Role::System).map(|message| message.text.as_str());
    let mut system = Cow::Borrowed(parts.next().unwrap_or_default());
    for part in parts {
        let text = system.to_mut();
        text.push_str("\n\n");
        text.push_str(part);
    }
    match rung {
        // Structured output of some servers wants the word, whatever else is said.
        Rung::Schema if system.contains("JSON") || system.contains("json") => {}
        Rung::Schema => append(&mut system, "Answer in JSON."),
        Rung::Object | Rung::Prompt => {
            let demand = "Answer with one JSON value and nothing else. It must be valid against this JSON Schema:\n";
            append(&mut system, demand);
            system.to_mut().push_str(&compiled.text);
        }
    }
    let system = BodyMessage { role: "system", content: system };
    let others = request.messages.iter().filter_map(|message| {
        let role = match message.role {
            Role::System => return None,
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        Some(BodyMessage { role, content: Cow::Borrowed(message.text.as_str()) })
    });
    std::iter::once(system).chain(others).collect()
}

fn append(system: &mut Cow<'_, str>, text: &str) {
    let whole = system.to_mut();
    if !whole.is_empty() {
        whole.push_str("\n\n");
    }
    whole.push_str(text);
}
