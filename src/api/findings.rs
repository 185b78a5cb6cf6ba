//! `GET /runs/{id}/findings`: what a run wrote into the catalog.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::ApiState;
use super::params::{Items, Params, RunPath};
use super::problem::Problem;
use crate::domain::Entry;

/// Lists the findings of a run
#[utoipa::path(get, path = "/runs/{id}/findings", tag = "results", operation_id = "list_findings",
    params(("id" = String, Path, description = "The run's id."),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of findings", body = Items<Entry>)))]
pub async fn list(State(state): State<Arc<ApiState>>, RunPath(id): RunPath, params: Params) -> Result<Json<Items<Entry>>, Problem> {
    let page = params.only(&["limit", "after"])?.page()?;
    Ok(Json(state.runs.findings(id, &page).await?.into()))
}
