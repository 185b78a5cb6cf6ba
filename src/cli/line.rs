//! Events in human words: one line for each that matters to a person who watches.

use super::out::{count, harmless};
use crate::domain::{EventBody, Intent, Limit, Spent, StopReason};

const LONG: usize = 240;

/// None for events that only matter to who looks closely.
pub fn line(body: &EventBody) -> Option<String> {
    use EventBody as E;
    let text = match body {
        E::Starting { request, reasoning, .. } => format!("discovering {} with {reasoning}", request.source),
        E::SchemaSelected { schema, schemas, .. } if schemas.len() > 1 => {
            format!("looking at schema {schema}, one of {}", count(schemas.len(), "schema"))
        }
        E::SchemaSelected { .. } => return None,
        E::TablesListed { schema, count: tables, .. } => format!("{} in {schema}", count(*tables, "table")),
        E::TasksPlanned { iteration, tasks, .. } => format!("iteration {iteration}: {} planned", count(tasks.len(), "task")),
        E::TaskStart { task, attempt, expert, goal, .. } => {
            let again = if *attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
            format!("{task} {expert}: {goal}{again}")
        }
        E::TaskDone { task, outcome } => {
            let found = count(outcome.findings as usize, "finding");
            if outcome.notes.is_empty() { format!("{task} done: {found}") } else { format!("{task} done: {found}; {}", outcome.notes) }
        }
        E::IterationDone { iteration, new_findings, .. } => {
            format!("iteration {iteration} done: {}", count(*new_findings as usize, "new finding"))
        }
        E::Paused {} => "paused; tasks in flight go on to their end".to_owned(),
        E::Resumed {} => "resumed".to_owned(),
        E::Cancelling {} => "cancelling; tasks in flight are ending".to_owned(),
        E::Finished { reason, iterations, findings, undone, spent, .. } => {
            let found = format!("{} in {}", count(*findings as usize, "finding"), count(*iterations as usize, "iteration"));
            format!("finished: {}; {found}{}{}", stop_words(*reason), cost_words(spent), undone_words(undone))
        }
        E::Error { code, reason, undone } => format!("failed: {reason} ({code}){}", undone_words(undone)),
        E::Cancelled { undone } => format!("cancelled{}", undone_words(undone)),
        E::TaskFailed { task, reason, retry_in_ms, .. } => format!("{task} failed: {reason}{}", retry_words(*retry_in_ms)),
        E::TasksDropped { tasks, why } => format!("{} dropped: {why}", count(tasks.len(), "task")),
        E::PlanFailed { reason, retry_in_ms, .. } => format!("planning failed: {reason}{}", retry_words(*retry_in_ms)),
        E::ToolRefused { task, tool, reason, .. } => format!("{task}: {tool} was refused: {reason}"),
        E::ToolDone { .. } | E::ToolFailed { .. } | E::ModelAnswered { .. } => return None,
        E::ModelFailed { call, reason, .. } => format!("model {} failed: {reason}", call.model),
        E::CatalogWritten { key, confidence, status, .. } => format!("found {key} ({:.2}, {})", confidence.value(), status.name()),
        E::InsightFound { claim, confidence, .. } => format!("insight ({:.2}): {claim}", confidence.value()),
        E::QuestionAsked(question) => {
            let options = if question.options.is_empty() { String::new() } else { format!(" [{}]", question.options.join(" | ")) };
            format!("question {}: {}: {}{options}", question.question_id, question.title, question.prompt)
        }
        E::QuestionAnswered { question_id, answer } => format!("question {question_id} answered: {}", answer.text()),
        E::IntentChanged { intent, .. } => format!("intent changed: {}", intent_words(intent)),
        E::BudgetLow { limit, share } => format!("budget: {:.0} % of the {} are used", share * 100.0, limit_words(*limit)),
        E::BudgetUsedUp { limit } => format!("budget: the {} are used up", limit_words(*limit)),
        E::AgentReported { kind, text, .. } if text.is_empty() => format!("agent: {kind}"),
        E::AgentReported { kind, text, .. } => format!("agent: {kind}: {text}"),
    };
    Some(harmless(&text, LONG))
}

pub fn stop_words(reason: StopReason) -> String {
    match reason {
        StopReason::NoMoreTasks => "nothing more to do".to_owned(),
        StopReason::MaxIterations => "as many iterations as allowed".to_owned(),
        StopReason::DiminishingReturns => "nothing new was found any more".to_owned(),
        StopReason::Budget(limit) => format!("the {} of the budget are used up", limit_words(limit)),
    }
}

pub fn limit_words(limit: Limit) -> &'static str {
    match limit {
        Limit::Tokens => "tokens",
        Limit::Usd => "dollars",
        Limit::Seconds => "seconds",
        Limit::ToolCalls => "tool calls",
    }
}

/// Empty where no model was asked.
pub fn cost_words(spent: &Spent) -> String {
    match spent.tokens() {
        0 => String::new(),
        tokens => format!("; {} tokens, ${:.4}", super::out::short(tokens), spent.usd),
    }
}

pub fn intent_words(intent: &Intent) -> String {
    let audience = intent.audience.iter().map(|audience| format!("for {audience}"));
    let goals = intent.goals.iter().cloned();
    let constraints = intent.constraints.iter().map(|constraint| format!("but {constraint}"));
    audience.chain(goals).chain(constraints).collect::<Vec<_>>().join("; ")
}

fn undone_words(undone: &[String]) -> String {
    if undone.is_empty() { String::new() } else { format!("; left undone: {}", undone.join("; ")) }
}

fn retry_words(retry_in_ms: Option<u64>) -> String {
    match retry_in_ms {
        Some(wait) => format!("; again in {:.1} s", wait as f64 / 1e3),
        None => "; given up".to_owned(),
    }
}

#[cfg(test)]
mod tests;
