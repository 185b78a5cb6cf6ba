//! `POST /runs/{id}/intent`: changes what the person wants.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::ApiState;
use super::body::Body;
use super::once::{Done, Key, deliver};
use super::params::RunPath;
use super::problem::{Code, Problem};
use crate::domain::{Intent, OutOfBounds};
use crate::engine::Command;

/// Changes the intent of a run
///
/// What is sent stands for the whole intent from then on; every later step sees it, and tasks that have not started are planned anew.
#[utoipa::path(post, path = "/runs/{id}/intent", tag = "conversation", operation_id = "change_intent", request_body = Intent,
    params(("id" = String, Path, description = "The run's id."), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    responses((status = 200, description = "It is in the run's journal", body = Done)))]
pub async fn change(State(state): State<Arc<ApiState>>, RunPath(id): RunPath, key: Key, body: Body<Intent>) -> Result<Response, Problem> {
    let intent = body.value;
    check_intent(&intent, "")?;
    if intent.is_empty() {
        let problem = Problem::new(Code::MissingField, "an intent needs `goals`, `constraints` or `audience`").of_field("goals");
        return Err(problem.with_valid(["audience", "goals", "constraints"]));
    }
    deliver(&state.runs, id, "intent", Command::ChangeIntent { intent }, &key).await
}

/// `prefix` is where the intent stands in the body.
pub fn check_intent(intent: &Intent, prefix: &str) -> Result<(), Problem> {
    intent.check().map_err(|OutOfBounds { field, valid }| {
        let field = format!("{prefix}{field}");
        Problem::invalid_field(&field, format!("`{field}` must be {valid}")).with_valid([valid])
    })
}
