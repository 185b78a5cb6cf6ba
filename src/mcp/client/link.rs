//! One connection to a server, whichever form it speaks.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::person::Person;

#[async_trait]
pub trait Link: Send + Sync {
    /// The server's tools; none where it does not tell them.
    async fn list(&self) -> Result<Option<Vec<Definition>>, Fault>;

    /// Dropped before its end, the server is told that nobody waits any more.
    async fn call(&self, call: ToolCall<'_>) -> Result<Reply, Fault>;

    /// Whether the server still answers; where the revision has no such question, the cheapest other one is asked.
    async fn ping(&self) -> Result<(), Fault>;

    /// It does not come back; another one has to be made.
    fn is_closed(&self) -> bool;

    /// Whether the server has told of other tools since this was asked last.
    fn has_changed(&self) -> bool;

    /// What is spoken: a revision of MCP, or the plain form.
    fn spoken(&self) -> String;
}

/// One call of a tool.
#[derive(Clone, Copy)]
pub struct ToolCall<'a> {
    pub tool: &'a str,
    pub args: &'a Map<String, Value>,
    pub hear: Option<&'a Hear>,
    /// Who can be asked something back; none where nobody is there.
    pub person: Option<&'a Arc<Person>>,
}

impl ToolCall<'_> {
    /// For servers that know nothing of a call that is to go on: called anew, a tool would do twice what it does.
    pub fn is_not_the_second(&self) -> Result<(), Fault> {
        let is_second = self.person.is_some_and(|person| !person.said.answers.is_empty() || person.said.state.is_some());
        let refused = || Fault::Refused {
            code: INVALID_PARAMS,
            message: "the server keeps no `state`; call the tool without it and without `answers`".to_owned(),
        };
        if is_second { Err(refused()) } else { Ok(()) }
    }
}

/// What a person answers, with the state that the tool gave. Both are empty the first time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// By the question's id.
    pub answers: Map<String, Value>,
    pub state: Option<String>,
}

/// What a tool asks before it goes on. The words are the server's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asks {
    /// Empty where it wants to be called again, and nothing else.
    pub questions: Vec<Ask>,
    /// To be given back as it is.
    pub state: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub id: String,
    pub message: String,
    /// JSON Schema of the form: an object with plain members.
    pub schema: Value,
}

/// Is told how far a call has come.
pub type Hear = dyn Fn(Heard) + Send + Sync;

#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub done: f64,
    pub total: Option<f64>,
    pub message: Option<String>,
}

/// A tool as its server defines it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definition {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub args: Value,
    pub output: Option<Value>,
    /// As the server gave them.
    pub annotations: Option<Value>,
}

/// What a tool answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    pub structured: Option<Value>,
    /// Blocks of content as MCP has them.
    pub content: Vec<Value>,
    /// The tool says that it could not do it.
    pub is_error: bool,
    /// It is not done, and asks something first.
    pub asks: Option<Asks>,
}

/// Why there is no reply; what matters is whether the call may have taken place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has certainly not been carried out.
    NotSent(String),
    /// It was sent, and no answer came.
    Broken(String),
    /// The server answered with an error of the protocol.
    Refused {
        code: i64,
        message: String,
    },
    Unauthorized(String),
    /// It wants a token that it accepts, or one with this scope.
    SignIn {
        scope: Option<String>,
    },
    /// An answer came, and was too large to be read.
    TooLarge,
    /// An answer came that is none to this call.
    Odd(String),
}

pub const METHOD_NOT_FOUND: i64 = -32_601;
const INVALID_PARAMS: i64 = -32_602;

impl Reply {
    /// The text blocks, one after the other.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|block| block.get("text").and_then(Value::as_str));
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The answer as data: what is structured, else the text where it is JSON, else the text; with more than texts in it, its blocks.
    pub fn value(self) -> Value {
        if let Some(value) = self.structured {
            return value;
        }
        if self.content.iter().any(|block| !block["text"].is_string()) {
            return Value::Array(self.content);
        }
        let text = self.text();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }
}
