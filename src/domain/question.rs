//! What an expert asks the person: answered once, used from then on.

use serde::{Deserialize, Serialize};

use super::TaskId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Question {
    pub question_id: String,
    pub title: String,
    pub prompt: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The task that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub task: Option<TaskId>,
}

/// A person's answer: free text, or one of the options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    Answer(String),
    Option(String),
}

impl Answer {
    pub fn text(&self) -> &str {
        match self {
            Self::Answer(text) | Self::Option(text) => text,
        }
    }
}
