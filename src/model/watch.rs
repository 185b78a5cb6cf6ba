//! What telemetry sees of a call: a span with the GenAI names of OpenTelemetry, time, tokens and calls in flight. Never a prompt or an answer.

use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge, histogram};
use tracing::{Span, field};

use super::port::{Error, Reply};

pub const CALL_SECONDS: &str = "fathom_model_call_seconds";
pub const TOKENS: &str = "fathom_model_tokens_total";
pub const IN_FLIGHT: &str = "fathom_model_in_flight";

pub(super) fn span(model: &str) -> Span {
    tracing::info_span!(
        "chat",
        otel.name = format_args!("chat {model}"),
        otel.kind = "client",
        gen_ai.operation.name = "chat",
        gen_ai.request.model = model,
        gen_ai.response.model = field::Empty,
        gen_ai.usage.input_tokens = field::Empty,
        gen_ai.usage.output_tokens = field::Empty,
        error.r#type = field::Empty,
    )
}

pub(super) fn call(span: &Span, model: &Arc<str>, purpose: &str, took: Duration, outcome: &Result<Reply, Error>) {
    let kind = match outcome {
        Ok(reply) => {
            span.record("gen_ai.response.model", reply.model.as_str());
            span.record("gen_ai.usage.input_tokens", reply.usage.prompt_tokens);
            span.record("gen_ai.usage.output_tokens", reply.usage.answer_tokens);
            counter!(TOKENS, "model" => Arc::clone(model), "kind" => "prompt").increment(reply.usage.prompt_tokens);
            counter!(TOKENS, "model" => Arc::clone(model), "kind" => "answer").increment(reply.usage.answer_tokens);
            "answered"
        }
        Err(error) => {
            span.record("error.type", name(error));
            name(error)
        }
    };
    let labels = [
        metrics::Label::new("model", Arc::clone(model)),
        metrics::Label::new("purpose", purpose.to_owned()),
        metrics::Label::new("outcome", kind),
    ];
    histogram!(CALL_SECONDS, labels.iter()).record(took.as_secs_f64());
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
pub(super) struct InFlight(Arc<str>);

impl InFlight {
    pub fn enter(model: &Arc<str>) -> Self {
        gauge!(IN_FLIGHT, "model" => Arc::clone(model)).increment(1.0);
        Self(Arc::clone(model))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT, "model" => Arc::clone(&self.0)).decrement(1.0);
    }
}
