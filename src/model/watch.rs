//! What telemetry sees of a call: its span, time, tokens, and how many are in flight. Never a prompt or an answer.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Label, counter, gauge, histogram};
use tracing::Span;

use super::port::{Error, Reply};
use crate::telemetry::{names, spans};

pub(super) fn call(span: &Span, model: &Arc<str>, purpose: &str, took: Duration, outcome: &Result<Reply, Error>) {
    let label = match outcome {
        Ok(reply) => {
            spans::answered(span, &reply.model, reply.usage.prompt_tokens, reply.usage.answer_tokens);
            counter!(names::MODEL_TOKENS_TOTAL, "model" => Arc::clone(model), "kind" => "prompt").increment(reply.usage.prompt_tokens);
            counter!(names::MODEL_TOKENS_TOTAL, "model" => Arc::clone(model), "kind" => "answer").increment(reply.usage.answer_tokens);
            "answered"
        }
        Err(error) => {
            spans::failed(span, name(error));
            name(error)
        }
    };
    let labels = vec![Label::new("model", Arc::clone(model)), Label::new("purpose", purpose.to_owned()), Label::new("outcome", label)];
    histogram!(names::MODEL_CALL_SECONDS, labels).record(took.as_secs_f64());
}

fn name(error: &Error) -> &'static str {
    match error {
        Error::RateLimited { .. } => "rate_limited",
        Error::Unavailable(_) => "unavailable",
        Error::TimedOut(_) => "timed_out",
        Error::Unreachable(_) => "unreachable",
        Error::Unauthorized(_) => "unauthorized",
        Error::QuotaUsedUp(_) => "quota_used_up",
        Error::Refused(_) => "refused",
        Error::Filtered(_) => "filtered",
        Error::TooLong(_) => "too_long",
        Error::Cut { .. } => "cut",
        Error::Garbled { .. } => "garbled",
        Error::Suspended { .. } => "suspended",
    }
}

/// Counts a call as in flight for as long as it lives.
pub(super) struct InFlight(());

impl InFlight {
    pub fn enter() -> Self {
        gauge!(names::MODEL_IN_FLIGHT).increment(1.0);
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(names::MODEL_IN_FLIGHT).decrement(1.0);
    }
}
