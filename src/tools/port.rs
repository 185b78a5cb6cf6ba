//! What a tool is, and the two kinds of ways in which it can fail.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::agent_runs::AgentRuns;
use super::{Caller, Workspace};

#[async_trait]
pub trait Tool: Send + Sync {
    fn spec(&self) -> Spec;

    /// How old a look at the source may be that this tool works on.
    fn sight(&self) -> Sight {
        Sight::Recent
    }

    /// `args` are valid against the spec's schema, defaults filled in.
    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure>;
}

/// What a tool works on, and for whom.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub workspace: &'a Workspace,
    pub caller: &'a Caller,
    /// Where runs that are carried out outside can be started and told of; none where our own experts call.
    pub runs: Option<&'a dyn AgentRuns>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    pub name: &'static str,
    pub description: &'static str,
    /// JSON Schema of the arguments: an object with `additionalProperties: false`.
    pub args: Value,
    /// JSON Schema of the result.
    pub output: Value,
    /// A valid call, for people and models.
    pub example: Value,
    pub effect: Effect,
    /// Names it is also known by.
    pub aliases: &'static [&'static str],
}

impl Spec {
    /// The name as a person reads it: `Run SQL readonly`.
    pub fn title(&self) -> String {
        let words = self.name.split(['_', '.']).map(|word| if word == "sql" { "SQL".to_owned() } else { word.to_owned() });
        let title = words.collect::<Vec<_>>().join(" ");
        let mut letters = title.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// What was harvested a short while ago will do.
    Recent,
    /// The source is harvested for the call.
    Fresh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Read,
    /// Writes into our own catalog what the caller claims; nothing outside Fathom changes.
    Record,
    /// Changes something outside.
    Mutate,
}

/// At the tool boundary there are two kinds of error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The caller can mend it: the text says what was wrong and what is valid instead.
    #[error("{0}")]
    Mendable(String),
    /// No other call would help; the task fails and may be retried later.
    #[error("{0}")]
    Broken(String),
}

/// What came of a call that a model asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub result: Result<Value, Rejection>,
    pub duration: Duration,
    /// Size of the result as JSON text, before it was cut.
    pub bytes: usize,
    pub truncated: bool,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The engine did not let it through: unknown, not allowed, or arguments that do not fit the schema.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Failed(Failure),
}
