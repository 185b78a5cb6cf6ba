//! `GET /healthz` and `GET /readyz`: whether the process lives, and whether it can take work.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::problem::{Code, Problem};

const PROBE_TIME: Duration = Duration::from_secs(5);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok` or `ready`.
    pub status: String,
    pub version: String,
}

/// Says that the process lives
#[utoipa::path(get, path = "/healthz", tag = "server", operation_id = "health", responses((status = 200, description = "It lives", body = Health)))]
pub async fn alive() -> Json<Health> {
    health("ok")
}

/// Says whether the server can take work
#[utoipa::path(get, path = "/readyz", tag = "server", operation_id = "readiness", responses((status = 200, description = "It can", body = Health)))]
pub async fn ready(State(state): State<Arc<ApiState>>) -> Result<Json<Health>, Problem> {
    if state.stopping.is_cancelled() {
        return Err(Problem::new(Code::Stopping, "the server is stopping"));
    }
    let probed = tokio::time::timeout(PROBE_TIME, state.store.probe()).await;
    match probed {
        Ok(Ok(())) => Ok(health("ready")),
        Ok(Err(error)) => Err(Problem::new(Code::NotReady, error.to_string())),
        Err(_) => Err(Problem::new(Code::NotReady, format!("the store did not answer within {} s", PROBE_TIME.as_secs()))),
    }
}

fn health(status: &str) -> Json<Health> {
    Json(Health { status: status.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() })
}
