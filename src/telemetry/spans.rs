//! The spans, run > plan or task > model or tool, with the names that OpenTelemetry gives to work of generative AI.
//!
//! Prompts, rows and secrets are never in a span.

use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::domain::{RunId, TaskId};

/// The whole life of a run in this process.
pub fn run(run: RunId, model: &str) -> Span {
    info_span!("run", otel.name = "run", run.id = %run, gen_ai.request.model = model)
}

/// One attempt at planning an iteration.
pub fn plan(run: RunId, iteration: u32) -> Span {
    info_span!(
        "plan",
        otel.name = "invoke_agent planner",
        gen_ai.operation.name = "invoke_agent",
        gen_ai.agent.name = "planner",
        run.id = %run,
        run.iteration = iteration
    )
}

/// One attempt at a task.
pub fn task(run: RunId, task: TaskId, expert: &str, attempt: u32) -> Span {
    info_span!(
        "task",
        otel.name = format!("invoke_agent {expert}"),
        gen_ai.operation.name = "invoke_agent",
        gen_ai.agent.name = expert,
        run.id = %run,
        task.id = %task,
        task.attempt = attempt
    )
}

/// One call of a model; [`answered`] adds what it took.
pub fn model(model: &str, purpose: &str) -> Span {
    info_span!(
        "model",
        otel.name = format!("chat {model}"),
        otel.kind = "client",
        otel.status_code = Empty,
        gen_ai.operation.name = "chat",
        gen_ai.request.model = model,
        gen_ai.response.model = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        error.r#type = Empty,
        model.purpose = purpose
    )
}

/// One call of a tool.
pub fn tool(name: &str) -> Span {
    info_span!(
        "tool",
        otel.name = format!("execute_tool {name}"),
        otel.status_code = Empty,
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = name,
        error.r#type = Empty
    )
}

/// Writes into a model's span which model answered and what it took.
pub fn answered(span: &Span, model: &str, prompt_tokens: u64, answer_tokens: u64) {
    span.record("gen_ai.response.model", model);
    span.record("gen_ai.usage.input_tokens", prompt_tokens);
    span.record("gen_ai.usage.output_tokens", answer_tokens);
}

/// Marks a model's or a tool's span as failed, with a word for the kind of failure.
pub fn failed(span: &Span, kind: &str) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", kind);
}
