//! What a process learns about one model of one server: which rung of structured output works, which parameters it refuses.

use std::sync::{Mutex, PoisonError};

use super::refusal::Complaint;

/// How the wanted JSON is asked for; each rung asks less of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// `response_format: json_schema`
    Schema,
    /// `response_format: json_object`, and the schema in the prompt.
    Object,
    /// The schema in the prompt only.
    Prompt,
}

/// What the limit of answer tokens is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitName {
    MaxTokens,
    MaxCompletionTokens,
    /// The server takes no limit.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learnt {
    pub rung: Rung,
    pub limit: LimitName,
    pub temperature: bool,
    pub stream: bool,
    pub stream_options: bool,
}

impl Default for Learnt {
    fn default() -> Self {
        Self { rung: Rung::Schema, limit: LimitName::MaxTokens, temperature: true, stream: true, stream_options: true }
    }
}

impl Learnt {
    /// What differs from a server that takes everything, a line each.
    pub fn lines(&self) -> Vec<&'static str> {
        let lines = [
            match self.rung {
                Rung::Schema => None,
                Rung::Object => Some("takes no json_schema; asked by json_object"),
                Rung::Prompt => Some("takes no response_format; asked by prompt only"),
            },
            match self.limit {
                LimitName::MaxTokens => None,
                LimitName::MaxCompletionTokens => Some("wants max_completion_tokens instead of max_tokens"),
                LimitName::None => Some("takes no limit of answer tokens"),
            },
            (!self.temperature).then_some("takes no temperature"),
            (!self.stream).then_some("does not stream"),
            (!self.stream_options).then_some("takes no stream_options"),
        ];
        lines.into_iter().flatten().collect()
    }

    /// What to change after a refusal, or nothing where it is not about how we ask.
    fn adapted(self, sent: Sent, complaint: &Complaint) -> Option<Self> {
        let mut next = self;
        let status = complaint.status;
        let about_form = matches!(status, 400 | 404 | 415 | 422) || status >= 500 || status == 200;
        if !about_form {
            return None;
        }
        let may_drop = status < 500;
        if sent.format
            && complaint.names_any(&[
                "response_format",
                "json_schema",
                "json_object",
                "structured output",
                "structured_output",
                "guided_json",
                "grammar",
            ])
        {
            next.rung = if self.rung == Rung::Schema { Rung::Object } else { Rung::Prompt };
        } else if may_drop && sent.limit && complaint.names_any(&["max_tokens", "max_completion_tokens"]) {
            next.limit = match self.limit {
                _ if complaint.is_about_size() => LimitName::None,
                LimitName::MaxTokens => LimitName::MaxCompletionTokens,
                LimitName::MaxCompletionTokens | LimitName::None => LimitName::None,
            };
        } else if may_drop && sent.temperature && complaint.names_any(&["temperature"]) {
            next.temperature = false;
        } else if may_drop && sent.stream_options && complaint.names_any(&["stream_options", "include_usage"]) {
            next.stream_options = false;
        } else if may_drop && sent.stream && complaint.names_any(&["stream", "streaming"]) {
            next.stream = false;
        } else if may_drop && sent.format && complaint.names_any(&["schema"]) {
            next.rung = if self.rung == Rung::Schema { Rung::Object } else { Rung::Prompt };
        }
        (next != self).then_some(next)
    }
}

/// Which of the parameters that can be dropped were in a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub format: bool,
    pub limit: bool,
    pub temperature: bool,
    pub stream: bool,
    pub stream_options: bool,
}

/// The shared memory of all calls to one model.
#[derive(Debug, Default)]
pub(in crate::model) struct Learning(Mutex<Learnt>);

impl Learning {
    pub fn now(&self) -> Learnt {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from a refusal. Answers with a remark where the request is worth repeating in another form.
    pub(super) fn refused(&self, with: Learnt, sent: Sent, complaint: &Complaint) -> Option<String> {
        let next = with.adapted(sent, complaint)?;
        self.learn(with, next);
        Some(remark(with, next))
    }

    /// Steps down one rung, where there is one.
    pub(super) fn step_down(&self, with: Learnt) -> Option<String> {
        let rung = match with.rung {
            Rung::Schema => Rung::Object,
            Rung::Object => Rung::Prompt,
            Rung::Prompt => return None,
        };
        let next = Learnt { rung, ..with };
        self.learn(with, next);
        Some(remark(with, next))
    }

    /// Merges what changed, so that two calls that learn at once do not undo each other.
    fn learn(&self, before: Learnt, after: Learnt) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.rung = now.rung.max(after.rung);
        if after.limit != before.limit && now.limit == before.limit {
            now.limit = after.limit;
        }
        now.temperature &= after.temperature;
        now.stream &= after.stream;
        now.stream_options &= after.stream_options;
    }
}

fn remark(before: Learnt, after: Learnt) -> String {
    let known = before.lines();
    let new: Vec<&str> = after.lines().into_iter().filter(|line| !known.contains(line)).collect();
    format!("learnt: the server {}", new.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Sent = Sent { format: true, limit: true, temperature: true, stream: true, stream_options: true };

    fn after(status: u16, message: &str) -> Vec<&'static str> {
        let learning = Learning::default();
        let complaint = Complaint { status, message: message.to_owned(), ..Complaint::default() };
        learning.refused(learning.now(), ALL, &complaint);
        learning.now().lines()
    }

    #[test]
    fn each_refusal_teaches_one_thing() {
        let object = ["takes no json_schema; asked by json_object"];
        assert_eq!(after(400, "This response_format type is unavailable now"), object);
        assert_eq!(after(500, "1 validation error: response_format.type Input should be 'text'"), object);
        assert_eq!(after(400, "Invalid schema for 'plan'"), object);
        assert_eq!(
            after(400, "'max_tokens' is not supported; use 'max_completion_tokens'"),
            ["wants max_completion_tokens instead of max_tokens"]
        );
        assert_eq!(after(400, "max_tokens is too large: 90000"), ["takes no limit of answer tokens"]);
        assert_eq!(after(400, "model does not support the temperature parameter"), ["takes no temperature"]);
        assert_eq!(after(422, "body.stream_options: Extra inputs are not permitted"), ["takes no stream_options"]);
        assert_eq!(after(400, "stream is not supported"), ["does not stream"]);
        assert_eq!(after(400, "no such model"), Vec::<&str>::new());
        assert_eq!(after(429, "temperature of the server is high"), Vec::<&str>::new());
        assert_eq!(after(500, "temperature: internal error"), Vec::<&str>::new());
    }

    #[test]
    fn two_calls_that_learn_at_once_do_not_undo_each_other() {
        let learning = Learning::default();
        let at_start = learning.now();
        let complaint = |message: &str| Complaint { status: 400, message: message.to_owned(), ..Complaint::default() };
        learning.refused(at_start, ALL, &complaint("temperature"));
        learning.refused(at_start, ALL, &complaint("response_format"));
        learning.refused(at_start, ALL, &complaint("response_format"));
        let now = learning.now();
        assert_eq!((now.temperature, now.rung), (false, Rung::Object), "one refusal is one step");
        assert!(learning.refused(now, ALL, &complaint("json_object")).is_some());
        assert_eq!(learning.now().rung, Rung::Prompt);
        assert_eq!(learning.step_down(learning.now()), None);
    }
}
