//! `discovery_start` and `discovery_watch`: our experts at work, for an assistant that waits for them.

use std::time::{Duration, Instant};

use rmcp::model::{CallToolResponse, ProgressNotificationParam};
use serde_json::json;

use super::questions::{ask_the_person, open_questions};
use super::{OwnCall, text, whole};
use crate::domain::id::NotAnId;
use crate::domain::{Budget, Intent, RunId, RunRequest};
use crate::engine::{self, Runs};
use crate::mcp::server::answers::{Failed, structured};
use crate::store::{Page, RunFilter, RunRow};
use crate::tools::outside::Unanswered;

/// How often the run is looked at while a client waits.
const LOOKS_EVERY: Duration = Duration::from_millis(250);
const WAIT_SECONDS: u64 = 20;
const LONGEST_WAIT_SECONDS: u64 = 300;
const MOST_ITERATIONS: u64 = 100;

pub async fn start(call: OwnCall<'_>) -> Result<CallToolResponse, Failed> {
    let parts = &call.server.parts;
    let source = call.source.clone().or_else(|| parts.outside.default_source.clone()).ok_or(Unanswered::NoSource)?;
    let goals = text(&call.args, "intent")?.map(str::to_owned).into_iter().collect();
    let intent = Intent { goals, ..Intent::default() };
    intent.check().map_err(|odd| Failed::told(format!("`intent` must be {}", odd.valid)))?;
    let rounds = whole(&call.args, "max_iterations", 1..=MOST_ITERATIONS)?;
    let request = RunRequest {
        source,
        snapshot: None,
        schema: None,
        max_iterations: rounds.and_then(|rounds| u32::try_from(rounds).ok()).unwrap_or(parts.defaults.max_iterations),
        tasks_per_iter: parts.defaults.tasks_per_iter,
        intent,
        budget: Budget::default(),
        model: parts.default_model.clone(),
        outside: None,
    };
    let started = parts.runs.start(request, None).await?;
    Ok(structured(json!({"run_id": started.row.id, "status": started.row.status.name()})))
}

/// Comes back when the run has ended, when a question is open, or when the time is over; tells meanwhile how far it is.
pub async fn watch(call: OwnCall<'_>) -> Result<CallToolResponse, Failed> {
    let runs = &call.server.parts.runs;
    let id = meant(runs, text(&call.args, "run_id")?).await?;
    let seconds = whole(&call.args, "wait_seconds", 0..=LONGEST_WAIT_SECONDS)?.unwrap_or(WAIT_SECONDS);
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut told = String::new();
    let mut row = runs.run(id).await?;
    loop {
        if row.summary.headline != told {
            told.clone_from(&row.summary.headline);
            tell(&call, &row).await;
        }
        if row.status.is_ended() || row.summary.questions_open > 0 || Instant::now() >= until {
            break;
        }
        tokio::select! {
            () = call.context.ct.cancelled() => break,
            () = tokio::time::sleep(LOOKS_EVERY) => {}
        }
        row = runs.run(id).await?;
    }
    if row.summary.questions_open > 0 && !row.status.is_ended() {
        if let Some(asked) = ask_the_person(&call, id).await? {
            return Ok(asked);
        }
        row = runs.run(id).await?;
    }
    let questions = open_questions(runs, id).await?;
    Ok(structured(json!({
        "run_id": id,
        "status": row.status.name(),
        "ended": row.status.is_ended(),
        "headline": row.summary.headline,
        "iteration": row.summary.iteration,
        "tasks_done": row.summary.tasks_done,
        "tasks_planned": row.summary.tasks_planned,
        "findings": row.summary.findings,
        "questions": questions,
    })))
}

/// The run that was named, or the newest.
pub async fn meant(runs: &Runs, named: Option<&str>) -> Result<RunId, Failed> {
    if let Some(text) = named {
        return text.parse().map_err(|error: NotAnId| Failed::told(format!("`run_id`: {error}")));
    }
    let newest = newest(runs).await?;
    newest.ok_or_else(|| Failed::told("there is no discovery yet; `discovery_start` starts one".to_owned()))
}

pub async fn newest(runs: &Runs) -> Result<Option<RunId>, engine::Error> {
    let newest = runs.list(&RunFilter::default(), &Page { limit: 1, after: None }).await?;
    Ok(newest.items.first().map(|row| row.id))
}

/// A client that asked to hear how far the call is, hears it; nobody waits for it.
async fn tell(call: &OwnCall<'_>, row: &RunRow) {
    let Some(token) = call.context.meta.get_progress_token() else { return };
    let done = f64::from(row.summary.tasks_done + row.summary.tasks_failed);
    let progress = ProgressNotificationParam::new(token, done).with_message(row.summary.headline.clone());
    let planned = f64::from(row.summary.tasks_planned);
    if let Err(error) = call.context.peer.notify_progress(progress.with_total(planned)).await {
        tracing::debug!(%error, "a client did not hear of the progress that it asked for");
    }
}
