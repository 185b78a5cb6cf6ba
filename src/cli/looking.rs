//! What commands that look into a source share: they call the server's tools.

use clap::Args;
use serde_json::{Map, Value};

use super::exit::Exit;
use super::global::Global;
use super::out;
use super::target::Target;
use crate::api::tools::{ToolAnswer, ToolCall};
use crate::app::Resume;

/// Where to look, and how to show it.
#[derive(Clone, Debug, Args)]
pub struct Looking {
    /// A registered name, a DSN, or the path of a SQLite file [default: the server's default source]
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Looking {
    /// Calls one tool and shows its answer: as it is, or as `show` puts it.
    pub async fn call(
        &self,
        global: &Global,
        tool: &str,
        args: Map<String, Value>,
        show: impl FnOnce(&Value) -> std::io::Result<()>,
    ) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::No).await?;
        let request = ToolCall { source: self.source.as_deref().map(|source| target.words_of(source)), args };
        let answered: Result<ToolAnswer, _> = target.client.post(&["tools", tool], &request).await;
        let answer = target.close_after(answered).await?;
        if self.json {
            out::json(&answer.result)?;
        } else {
            show(&answer.result)?;
            if answer.truncated {
                out::note(format!("the answer was {} bytes and is cut; ask for less to see all of it", answer.bytes));
            }
        }
        Ok(Exit::Done)
    }
}

/// The members of an object, for arguments that are written as JSON.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => unreachable!("arguments of tools are objects, not {other}"),
    }
}

/// A list inside an answer.
pub fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map_or(&[], Vec::as_slice)
}

/// A value as a person reads it, on one line.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => out::harmless(text, CELL_CHARS),
        other => out::harmless(&other.to_string(), CELL_CHARS),
    }
}

const CELL_CHARS: usize = 80;
