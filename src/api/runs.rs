//! `GET /runs` and `GET /runs/{id}`: the runs there are, and how one stands.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::params::{Items, Params, RunPath};
use super::problem::Problem;
use crate::domain::{Budget, Intent, RunId, RunStatus, RunSummary, Seq, StopReason};
use crate::engine::QuestionView;
use crate::store::{RunFilter, RunRow};

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunItem {
    #[schema(value_type = String, example = "run_0198c2a1b2c37d4e8f90a1b2c3d4e5f6")]
    pub run_id: RunId,
    pub status: RunStatus,
    pub source: String,
    pub model: String,
    pub max_iterations: u32,
    pub tasks_per_iter: u32,
    /// The bounds; `spent` has what was used.
    pub budget: Budget,
    #[serde(flatten)]
    pub summary: RunSummary,
    /// The number of the last event; 0 where there is none yet.
    pub last_seq: Seq,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
    pub links: Links,
}

/// A run as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunState {
    #[serde(flatten)]
    pub run: RunItem,
    pub intent: Intent,
    /// Grows with each change of the intent; 0 is what the run was started with.
    pub intent_revision: u32,
    pub open_questions: Vec<QuestionView>,
    /// Why it finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<StopReason>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was planned and not done.
    pub undone: Vec<String>,
}

/// Where the rest of a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Links {
    #[serde(rename = "self")]
    pub this: String,
    pub events: String,
    pub questions: String,
    pub tasks: String,
    pub findings: String,
    pub report: String,
}

/// Lists runs, newest first
#[utoipa::path(get, path = "/runs", tag = "runs", operation_id = "list_runs",
    params(("status" = Option<RunStatus>, Query, description = "Only runs in this state."),
        ("source" = Option<String>, Query, description = "Only runs over this source, as it was given or in its canonical form."),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of runs", body = Items<RunItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<RunItem>>, Problem> {
    let params = params.only(&["status", "source", "limit", "after"])?;
    let status = params.one_of("status", &RunStatus::ALL.map(RunStatus::name), RunStatus::from_name)?;
    let filter = RunFilter { status, source: params.text("source").map(str::to_owned) };
    let page = state.runs.list(&filter, &params.page()?).await?;
    Ok(Json(Items { items: page.items.iter().map(RunItem::of).collect(), next: page.next }))
}

/// Shows how a run stands
#[utoipa::path(get, path = "/runs/{id}", tag = "runs", operation_id = "look_at_run",
    params(("id" = String, Path, description = "The run's id.")),
    responses((status = 200, description = "Phase, iteration, counters, budget, intent and open questions", body = RunState)))]
pub async fn look(State(state): State<Arc<ApiState>>, RunPath(id): RunPath, params: Params) -> Result<Json<RunState>, Problem> {
    params.only(&[])?;
    let (row, view) = state.runs.look(id).await?;
    Ok(Json(RunState {
        run: RunItem::of(&row),
        intent: view.intent,
        intent_revision: view.intent_revision,
        open_questions: view.questions.into_iter().filter(|question| question.answer.is_none()).collect(),
        stop_reason: view.stop_reason,
        error: view.error,
        undone: view.undone,
    }))
}

impl RunItem {
    pub fn of(row: &RunRow) -> Self {
        let request = &row.request;
        let mut summary = row.summary.clone();
        summary.snapshot = summary.snapshot.or_else(|| request.snapshot.clone());
        summary.schema = summary.schema.or_else(|| request.schema.clone());
        Self {
            run_id: row.id,
            status: row.status,
            source: request.source.clone(),
            model: request.model.clone(),
            max_iterations: request.max_iterations,
            tasks_per_iter: request.tasks_per_iter,
            budget: request.budget.clone(),
            summary,
            last_seq: row.next_seq.saturating_sub(1),
            created_at: row.created_at,
            updated_at: row.updated_at,
            links: Links::of(row.id),
        }
    }
}

impl Links {
    pub fn of(run: RunId) -> Self {
        let this = format!("/runs/{run}");
        let under = |part: &str| format!("{this}/{part}");
        Self {
            events: under("events"),
            questions: under("questions"),
            tasks: under("tasks"),
            findings: under("findings"),
            report: under("report"),
            this,
        }
    }
}
