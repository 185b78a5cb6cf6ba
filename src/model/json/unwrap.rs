//! Finds the wanted JSON value in what a model said: among prose, in fences, behind its thinking.

use serde_json::Value;

use super::super::shapes::Compiled;
use super::mend;

/// Places in a text where a value is looked for; a text with more braces than that is no answer.
const MAX_STARTS: usize = 64;

/// What ends a model's thinking, where a server leaves it in the text. The opening tag may be missing.
const ENDS_OF_THOUGHT: [&str; 6] = ["</think>", "</thinking>", "</reasoning>", "[/THINK]", "<|channel|>final<|message|>", "<channel|>"];

/// Why no value could be taken from a text.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::model) enum Unusable {
    Empty,
    NoJson,
    /// Something like JSON that does not parse; `text` is what is worth mending.
    Broken {
        reason: String,
        ended_early: bool,
        text: String,
    },
    /// A whole value that is not of the wanted shape.
    Mismatch {
        reason: String,
        value: Value,
    },
}

/// The first value in the text that is valid against the full schema.
pub(in crate::model) fn read(text: &str, compiled: &Compiled) -> Result<Value, Unusable> {
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.is_empty() {
        return Err(Unusable::Empty);
    }
    // Nearly always: nothing but the value.
    if text.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str::<Value>(text)
        && compiled.validator.is_valid(&value)
    {
        return Ok(value);
    }
    let said = without_thought(text);
    if said.is_empty() {
        return Err(Unusable::Empty);
    }
    let mut problem = None;
    let mut from = 0;
    for _ in 0..MAX_STARTS {
        let Some(start) = said[from..].find(['{', '[']).map(|at| from + at) else { break };
        let mut values = serde_json::Deserializer::from_str(&said[start..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                from = start + values.byte_offset();
                match mend::fitted(value, compiled) {
                    Ok(value) => return Ok(value),
                    Err((reason, value)) => _ = problem.get_or_insert(Unusable::Mismatch { reason, value }),
                }
            }
            Some(Err(error)) => {
                from = start + 1;
                // What lies inside of a broken value is not the value that was meant, even where it is valid.
                if error.is_eof() || looks_like_json(&said[start..]) {
                    let text = said[start..].to_owned();
                    return Err(problem.unwrap_or(Unusable::Broken { reason: error.to_string(), ended_early: error.is_eof(), text }));
                }
            }
            None => break,
        }
    }
    Err(problem.unwrap_or(Unusable::NoJson))
}

/// Whether this is more than a brace or bracket in prose.
fn looks_like_json(text: &str) -> bool {
    let next = text[1..].trim_start().chars().next();
    match next {
        Some('"') => true,
        Some('{' | '[') => text.starts_with('['),
        _ => false,
    }
}

fn without_thought(text: &str) -> &str {
    let end = ENDS_OF_THOUGHT.iter().filter_map(|tag| Some(text.rfind(tag)? + tag.len())).max();
    end.map_or(text, |end| text[end..].trim())
}

impl Unusable {
    /// One line, without any of the answer's own data beyond names.
    pub fn reason(&self) -> String {
        match self {
            Self::Empty => "the answer is empty".to_owned(),
            Self::NoJson => "the answer holds no JSON".to_owned(),
            Self::Broken { reason, ended_early: true, .. } => format!("the JSON breaks off: {reason}"),
            Self::Broken { reason, .. } => format!("the JSON does not parse: {reason}"),
            Self::Mismatch { reason, .. } => format!("the JSON is not of the wanted shape: {reason}"),
        }
    }

    pub fn ended_early(&self) -> bool {
        matches!(self, Self::Broken { ended_early: true, .. })
    }

    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Mismatch { value, .. } => Some(value),
            Self::Empty | Self::NoJson | Self::Broken { .. } => None,
        }
    }
}
