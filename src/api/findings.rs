//! Findings: what a run wrote into the catalog, and their checks, which anybody can run again.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::Body;
use super::once::detached;
use super::params::{Items, Params, RunPath, path_parameter};
use super::problem::Problem;
use super::{ApiState, tools};
use crate::domain::{Entry, Identity};

/// The finding that the path names by its key.
pub struct FindingPath(String);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyFinding {
    /// A registered name or a DSN. Without it, the server's default source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The kind, where the key does not begin with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

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

/// Runs the check of a finding again
///
/// Against the database as it is now. What the data refutes becomes refuted; the tool `catalog_verify` does the same for all findings in turn.
#[utoipa::path(post, path = "/findings/{id}/verify", tag = "results", operation_id = "verify_finding", request_body = VerifyFinding,
    params(("id" = String, Path, description = "The finding's key, with `/` as `%2F`: `rel%2Fmain.orders.customer_id-%3Emain.customers.id`.")),
    responses((status = 200, description = "What was claimed, what came out, and what changed", body = Value)))]
pub async fn verify(
    State(state): State<Arc<ApiState>>,
    Extension(identity): Extension<Identity>,
    FindingPath(key): FindingPath,
    body: Body<VerifyFinding>,
) -> Result<Json<Value>, Problem> {
    let VerifyFinding { source, kind } = body.value;
    let mut args = Map::from_iter([("key".to_owned(), Value::from(key))]);
    args.extend(kind.map(|kind| ("kind".to_owned(), Value::from(kind))));
    // What was found is written, whether or not somebody waits for the answer.
    let answer = detached(async move { tools::carry_out(&state, identity, "catalog_verify".to_owned(), source, args).await }).await??;
    Ok(Json(answer.result))
}

impl<S: Send + Sync> FromRequestParts<S> for FindingPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path_parameter(parts, state, "id").await.map(Self)
    }
}
