//! What is claimed, and what was called before it was: nothing of it is believed yet.

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposedWrite {
    pub kind: String,
    pub key: String,
    /// An object; a model's text is kept as `{"text": …}`.
    pub document: Value,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub links: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    pub name: String,
    #[serde(default)]
    pub args: Value,
}

/// A call and what came of it, as the one sees it who called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The step that executed it: `tool/<round>/<position>`; evidence may name it.
    pub step: String,
    pub call: ToolCall,
    /// The result, or `{"error": …}` with what was wrong and what is valid.
    pub result: Value,
    pub failed: bool,
}
