//! What calls come to, in the words of MCP: a failing tool answers what was wrong and what to do instead, so that an assistant can mend it.

use rmcp::model::{CallToolResponse, CallToolResult, ContentBlock};
use serde_json::Value;

use crate::engine;
use crate::tools::outside::Unanswered;

/// Why a call of a tool failed, as the assistant reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed(String);

impl Failed {
    pub fn told(words: String) -> Self {
        Self(words)
    }

    pub fn words(&self) -> &str {
        &self.0
    }

    pub fn into_response(self) -> CallToolResponse {
        CallToolResult::error(vec![ContentBlock::text(self.0)]).into()
    }
}

impl From<Unanswered> for Failed {
    fn from(unanswered: Unanswered) -> Self {
        let words = match &unanswered {
            Unanswered::NoSuchTool { tools, .. } => format!("{unanswered}; there are: {}", tools.join(", ")),
            Unanswered::NoSource => "say which `source`: a registered name or a DSN; `list_targets` shows the registered ones".to_owned(),
            _ => unanswered.to_string(),
        };
        Self(words)
    }
}

impl From<engine::Error> for Failed {
    fn from(error: engine::Error) -> Self {
        if let engine::Error::Store(error) = &error {
            tracing::error!(%error, "the store failed a call");
            return Self("something failed inside the server; its log says what".to_owned());
        }
        Self(error.to_string())
    }
}

/// A result as an object, with the same as text for clients that know no other.
pub fn structured(value: Value) -> CallToolResponse {
    CallToolResult::structured(value).into()
}
