//! `POST /runs/{id}/cancel`, `/pause` and `/resume`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::ApiState;
use super::body::{Body, Nothing};
use super::once::{Done, Key, deliver};
use super::params::RunPath;
use super::problem::Problem;
use crate::engine::Command;

/// Cancels a run
///
/// No new task starts; tasks in flight end cleanly and what was found stays. The last event names what was left undone.
#[utoipa::path(post, path = "/runs/{id}/cancel", tag = "conversation", operation_id = "cancel_run",
    params(("id" = String, Path, description = "The run's id."), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    responses((status = 200, description = "It is in the run's journal", body = Done)))]
pub async fn cancel(State(state): State<Arc<ApiState>>, RunPath(id): RunPath, key: Key, _: Body<Nothing>) -> Result<Response, Problem> {
    deliver(&state.runs, id, "cancel", Command::Cancel {}, &key).await
}

/// Pauses a run
///
/// Tasks in flight go on to their end; no new one starts until the run is resumed.
#[utoipa::path(post, path = "/runs/{id}/pause", tag = "conversation", operation_id = "pause_run",
    params(("id" = String, Path, description = "The run's id."), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    responses((status = 200, description = "It is in the run's journal", body = Done)))]
pub async fn pause(State(state): State<Arc<ApiState>>, RunPath(id): RunPath, key: Key, _: Body<Nothing>) -> Result<Response, Problem> {
    deliver(&state.runs, id, "pause", Command::Pause {}, &key).await
}

/// Resumes a paused run
#[utoipa::path(post, path = "/runs/{id}/resume", tag = "conversation", operation_id = "resume_run",
    params(("id" = String, Path, description = "The run's id."), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    responses((status = 200, description = "It is in the run's journal", body = Done)))]
pub async fn resume(State(state): State<Arc<ApiState>>, RunPath(id): RunPath, key: Key, _: Body<Nothing>) -> Result<Response, Problem> {
    deliver(&state.runs, id, "resume", Command::Resume {}, &key).await
}
