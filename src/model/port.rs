//! What a language model is to the rest of Fathom: a request with a wanted JSON shape in, text and its cost out.
//!
//! A `Model` may be a wire client, a chain of them, a script or a cassette; callers cannot tell.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shapes::Shapes;

#[async_trait]
pub trait Model: Send + Sync {
    /// The name that events, prices and people know it by.
    fn name(&self) -> &str;

    async fn reply(&self, request: &Request) -> Result<Reply, Error>;

    /// Where compiled shapes are kept between calls; without, every call compiles its own.
    fn shapes(&self) -> Option<&Shapes> {
        None
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What the call is for, in telemetry and cassettes: `plan`, `act`, `reflect`, `repair`.
    pub purpose: String,
    pub messages: Vec<Message>,
    /// The JSON value that is wanted.
    pub shape: Shape,
    pub max_tokens: Option<u32>,
    pub temperature: Option<f32>,
    /// Wall-clock bound of the whole call, waiting for a place and retries included.
    pub time_limit: Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    System,
    User,
    Assistant,
}

/// A named JSON Schema. What goes over the wire is derived from it; validation is always against all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    pub name: String,
    pub schema: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub text: String,
    pub finish: Finish,
    pub usage: Usage,
    /// The model that answered, where a chain or an alias stands behind the name.
    pub model: String,
    /// Requests on the wire that got this answer, refused and repeated ones included.
    pub attempts: u32,
    pub duration: Duration,
    /// Odd things worth a line in the event: a rung of the ladder, a parameter that was dropped, a prompt that was cut.
    #[serde(default)]
    pub remarks: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    Stop,
    /// The limit of tokens cut the answer; it is never parsed.
    Length,
}

/// Zero where the server does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    pub prompt_tokens: u64,
    pub answer_tokens: u64,
    pub usd: f64,
}

/// A variant for each thing a caller does differently.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("the model server asks to wait{}", .retry_after.map(|wait| format!(" {} s", wait.as_secs())).unwrap_or_default())]
    RateLimited { retry_after: Option<Duration> },
    #[error("the model server failed: {0}")]
    Unavailable(String),
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("the model server cannot be reached: {0}")]
    Unreachable(String),
    #[error("the key was refused: {0}; check `LLM_API_KEY`")]
    Unauthorized(String),
    #[error("the account has no quota left: {0}")]
    QuotaUsedUp(String),
    #[error("the request was refused: {0}")]
    Refused(String),
    #[error("the answer was filtered: {0}")]
    Filtered(String),
    #[error("the prompt is too long for the model: {0}")]
    TooLong(String),
    #[error("the answer was cut at the limit of tokens")]
    Cut { raw: String, usage: Usage },
    #[error("the answer is not usable: {reason}")]
    Garbled { reason: String, raw: String, usage: Usage },
    #[error("calls to `{provider}` are suspended for {} s after repeated failures", .retry_after.as_secs())]
    Suspended { provider: String, retry_after: Duration },
}

impl Error {
    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable(_) | Self::TimedOut(_) | Self::Unreachable(_) | Self::Suspended { .. } => true,
            // A model at a temperature may say something usable the next time.
            Self::Garbled { .. } | Self::Cut { .. } => true,
            Self::Unauthorized(_) | Self::QuotaUsedUp(_) | Self::Refused(_) | Self::Filtered(_) | Self::TooLong(_) => false,
        }
    }
}
