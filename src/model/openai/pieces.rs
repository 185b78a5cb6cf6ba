//! Puts an answer together that comes in pieces, with all the ways in which servers number, name and end them.

use serde_json::{Map, Value, json};

use super::answer;

#[derive(Default)]
pub(super) struct Pieces {
    model: Option<Value>,
    usage: Option<Value>,
    text: String,
    reasoning: String,
    refusal: String,
    calls: Vec<Call>,
    finish: Option<Value>,
    done: bool,
}

#[derive(Default)]
struct Call {
    id: String,
    index: Option<u64>,
    name: String,
    arguments: String,
}

impl Pieces {
    /// Takes a piece in; lists without choices and choices without a delta are in order anywhere.
    pub fn add(&mut self, piece: Value) {
        let Value::Object(mut piece) = piece else { return };
        if let Some(model) = piece.remove("model").filter(Value::is_string) {
            self.model = Some(model);
        }
        if let Some(usage) = piece.remove("usage").filter(Value::is_object) {
            self.usage = Some(usage);
        }
        let Some(Value::Array(choices)) = piece.remove("choices") else { return };
        for choice in choices {
            if choice.get("index").and_then(Value::as_u64).unwrap_or(0) != 0 {
                continue;
            }
            if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")) {
                self.add_delta(delta);
            }
            if let Some(finish) = choice.get("finish_reason").filter(|finish| finish.as_str().is_some_and(|text| !text.is_empty())) {
                self.finish = Some(finish.clone());
            }
        }
    }

    /// The server said that nothing more comes.
    pub fn end(&mut self) {
        self.done = true;
    }

    pub fn is_finished(&self) -> bool {
        self.done || self.finish.is_some()
    }

    pub fn len(&self) -> usize {
        self.text.len() + self.reasoning.len() + self.refusal.len() + self.calls.iter().map(|call| call.arguments.len()).sum::<usize>()
    }

    pub fn into_text(self) -> String {
        self.text
    }

    /// The same JSON that the server would have sent at once.
    pub fn into_answer(self) -> Value {
        let mut message = Map::new();
        message.insert("content".to_owned(), Value::String(self.text));
        message.insert("reasoning".to_owned(), Value::String(self.reasoning));
        message.insert("refusal".to_owned(), Value::String(self.refusal));
        let calls =
            self.calls.into_iter().map(|call| json!({ "id": call.id, "function": { "name": call.name, "arguments": call.arguments } }));
        message.insert("tool_calls".to_owned(), calls.collect());
        json!({ "model": self.model, "choices": [{ "message": message, "finish_reason": self.finish }], "usage": self.usage })
    }

    fn add_delta(&mut self, delta: &Value) {
        answer::take_text(delta, &mut self.text, &mut self.reasoning);
        if let Some(refusal) = delta.get("refusal").and_then(Value::as_str) {
            self.refusal.push_str(refusal);
        }
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.add_call(call);
        }
    }

    /// Joined by id, then by index, then to the open call; an empty id is none.
    fn add_call(&mut self, piece: &Value) {
        let id = piece.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let index = piece.get("index").and_then(Value::as_u64);
        let name = piece.pointer("/function/name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let known = match (id, index) {
            (Some(id), _) => {
                // Some send the id with a later piece of the call that the index began.
                let by_id = self.calls.iter().position(|call| call.id == id);
                by_id.or_else(|| {
                    self.calls.iter().position(|call| call.id.is_empty() && index.is_some() && call.index == index && name.is_none())
                })
            }
            // A name begins a call, unless the index says that it is still the same.
            (None, Some(index)) => self.calls.iter().rposition(|call| call.index == Some(index)),
            (None, None) if name.is_some() => None,
            (None, None) => self.calls.len().checked_sub(1),
        };
        let at = known.unwrap_or_else(|| {
            self.calls.push(Call { index, ..Call::default() });
            self.calls.len() - 1
        });
        let call = &mut self.calls[at];
        if call.id.is_empty() {
            call.id = id.unwrap_or_default().to_owned();
        }
        if call.name.is_empty() {
            call.name = name.unwrap_or_default().to_owned();
        }
        match piece.pointer("/function/arguments") {
            Some(Value::String(text)) => call.arguments.push_str(text),
            Some(Value::Null) | None => {}
            Some(whole) => call.arguments.push_str(&whole.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(pieces: &[Value]) -> Vec<(String, String)> {
        let mut all = Pieces::default();
        for calls in pieces {
            all.add(json!({ "choices": [{ "delta": { "tool_calls": calls } }] }));
        }
        all.calls.into_iter().map(|call| (call.name, call.arguments)).collect()
    }

    fn call(name: &str, arguments: &str) -> (String, String) {
        (name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn pieces_of_calls_find_each_other() {
        let by_the_book = [
            json!([{ "index": 0, "id": "a", "function": { "name": "f", "arguments": "" } }]),
            json!([{ "index": 0, "function": { "arguments": "{\"x\"" } }]),
            json!([{ "index": 1, "id": "b", "function": { "name": "g", "arguments": "{}" } }]),
            json!([{ "index": 0, "id": "", "function": { "arguments": ":1}" } }]),
        ];
        assert_eq!(calls(&by_the_book), [call("f", "{\"x\":1}"), call("g", "{}")]);

        let no_index_no_id = [
            json!([{ "function": { "name": "f", "arguments": "{\"x\"" } }]),
            json!([{ "function": { "arguments": ":1}" } }]),
            json!([{ "function": { "name": "g", "arguments": { "y": 2 } } }]),
        ];
        assert_eq!(calls(&no_index_no_id), [call("f", "{\"x\":1}"), call("g", "{\"y\":2}")]);

        let always_index_zero = [
            json!([{ "index": 0, "id": "a", "function": { "name": "f", "arguments": "{}" } }]),
            json!([{ "index": 0, "id": "b", "function": { "name": "g", "arguments": "{}" } }]),
        ];
        assert_eq!(calls(&always_index_zero), [call("f", "{}"), call("g", "{}")]);
    }

    #[test]
    fn odd_pieces_change_nothing_and_the_end_is_seen() {
        let mut pieces = Pieces::default();
        for piece in [
            json!({ "choices": [], "prompt_filter_results": [] }),
            json!({ "choices": [{ "index": 0, "finish_reason": null }] }),
            json!({ "choices": [{ "delta": { "content": [{ "type": "reasoning", "text": "hm" }, { "type": "text", "text": "{\"a\"" }] } }] }),
            json!({ "choices": [{ "delta": { "content": ":1}" }, "finish_reason": "" }] }),
            json!({ "choices": [{ "index": 1, "delta": { "content": "other" } }] }),
        ] {
            pieces.add(piece);
            assert!(!pieces.is_finished());
        }
        pieces.add(json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }));
        assert!(pieces.is_finished());
        pieces.add(json!({ "choices": [], "usage": { "prompt_tokens": 3 } }));
        let answer = pieces.into_answer();
        assert_eq!(answer["choices"][0]["message"]["content"], "{\"a\":1}");
        assert_eq!(answer["choices"][0]["message"]["reasoning"], "hm");
        assert_eq!(answer["usage"]["prompt_tokens"], 3);
    }
}
