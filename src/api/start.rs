//! `POST /runs`: starts a run.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::body::Body;
use super::intent::check_intent;
use super::once::{Key, detached, mark_replayed};
use super::problem::{Code, Problem};
use super::runs::Links;
use crate::domain::{Budget, Identity, Intent, RunId, RunRequest, RunStatus, SnapshotId};
use crate::store::{Idempotency, RunRow};

pub const MAX_ITERATIONS: RangeInclusive<u32> = 1..=100;
pub const TASKS_PER_ITER: RangeInclusive<u32> = 1..=6;
/// The reasoning that needs no model.
const BUILTIN: &str = "builtin";
const NAME_CHARS: usize = 4_000;

/// What a run is asked for; everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    /// A registered name or a DSN: `sqlite:/data/shop.db`, or just the path of a SQLite file. Without it, the server's default source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "/data/shop.db")]
    pub source: Option<String>,
    /// Works on this snapshot instead of harvesting the source anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// Looks at this schema only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub max_iterations: Option<u32>,
    /// 1 to 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 6)]
    pub tasks_per_iter: Option<u32>,
    /// What you want to know, and for whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// What the run may spend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// A configured model's name, or `builtin` for reasoning without any model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "builtin")]
    pub model: Option<String>,
}

/// A run as it was when it was created, so that a repeated request gets the same answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Started {
    #[schema(value_type = String, example = "run_0198c2a1b2c37d4e8f90a1b2c3d4e5f6")]
    pub run_id: RunId,
    pub status: RunStatus,
    pub source: String,
    pub model: String,
    pub max_iterations: u32,
    pub tasks_per_iter: u32,
    pub intent: Intent,
    pub budget: Budget,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub links: Links,
}

/// Starts a run
///
/// The run is on disk when this answers. Follow `links.events` to watch it; it goes on whether or not anybody does.
#[utoipa::path(post, path = "/runs", tag = "runs", request_body(content = StartRequest, description = "All fields are optional."),
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating a request with its key starts nothing twice.")),
    responses((status = 201, description = "The run was created, or had been with the same key", body = Started,
        headers(("Location" = String, description = "The run"), ("Idempotency-Replayed" = Option<String>, description = "`true` for a repetition")))))]
pub async fn start(
    State(state): State<Arc<ApiState>>,
    Extension(identity): Extension<Identity>,
    key: Key,
    body: Body<StartRequest>,
) -> Result<Response, Problem> {
    state.may_open(&identity, body.value.source.as_deref())?;
    let request = complete(body.value, &state)?;
    let key = key.0.map(|key| Idempotency { key, digest: body.digest });
    let runs = state.runs.clone();
    let started = detached(async move { runs.start(request, key).await }).await??;
    let shown = Started::of(&started.row);
    let mut response = (StatusCode::CREATED, Json(&shown)).into_response();
    let location = HeaderValue::try_from(&shown.links.this).expect("a run's path is plain ASCII");
    response.headers_mut().insert(LOCATION, location);
    Ok(mark_replayed(response, !started.fresh))
}

/// Checks what can be checked without the source, and fills in what was left out.
fn complete(asked: StartRequest, state: &ApiState) -> Result<RunRequest, Problem> {
    let source = match (named("source", asked.source)?, &state.outside.default_source) {
        (Some(source), _) => source,
        (None, Some(source)) => source.clone(),
        (None, None) => {
            let detail = "`source` is missing, and this server has no default source";
            let valid = ["a registered name", "a DSN such as `sqlite:/data/shop.db`", "the path of a SQLite file on the server's machine"];
            return Err(Problem::new(Code::MissingField, detail).of_field("source").with_valid(valid));
        }
    };
    let model = named("model", asked.model)?.unwrap_or_else(|| state.default_model.clone());
    // Where a model server is configured, it may have models that the settings do not list.
    let has_server = state.known_models.iter().any(|known| known != BUILTIN) || state.default_model != BUILTIN;
    if model != BUILTIN && !has_server {
        let detail = format!("there is no model `{model}`, as no model server is configured");
        return Err(Problem::invalid_field("model", detail).with_valid(state.known_models.iter().map(String::as_str)));
    }
    let intent = asked.intent.unwrap_or_default();
    check_intent(&intent, "intent.")?;
    let budget = asked.budget.unwrap_or_default();
    check_budget(&budget)?;
    Ok(RunRequest {
        source,
        snapshot: named("snapshot", asked.snapshot)?.map(SnapshotId),
        schema: named("schema", asked.schema)?,
        max_iterations: bounded("max_iterations", asked.max_iterations, state.defaults.max_iterations, MAX_ITERATIONS)?,
        tasks_per_iter: bounded("tasks_per_iter", asked.tasks_per_iter, state.defaults.tasks_per_iter, TASKS_PER_ITER)?,
        intent,
        budget,
        model,
        outside: None,
    })
}

fn named(field: &str, given: Option<String>) -> Result<Option<String>, Problem> {
    let Some(text) = given else { return Ok(None) };
    if text.trim().is_empty() {
        return Err(Problem::invalid_field(field, format!("`{field}` is empty; leave it out for the default")));
    }
    if text.chars().count() > NAME_CHARS || text.chars().any(char::is_control) {
        let valid = format!("a text of up to {NAME_CHARS} characters without control characters");
        return Err(Problem::invalid_field(field, format!("`{field}` must be {valid}")).with_valid([valid]));
    }
    Ok(Some(text.trim().to_owned()))
}

fn bounded(field: &str, given: Option<u32>, default: u32, bounds: RangeInclusive<u32>) -> Result<u32, Problem> {
    let value = given.unwrap_or(default);
    if bounds.contains(&value) {
        return Ok(value);
    }
    let valid = format!("a whole number from {} to {}", bounds.start(), bounds.end());
    Err(Problem::invalid_field(field, format!("`{field}` must be {valid}, not {value}")).with_valid([valid]))
}

fn check_budget(budget: &Budget) -> Result<(), Problem> {
    let positive = |field: &str, given: Option<f64>| match given {
        Some(value) if !(value.is_finite() && value > 0.0) => {
            let field = format!("budget.{field}");
            let detail = format!("`{field}` must be a number above 0, not {value}; leave it out for no bound");
            Err(Problem::invalid_field(&field, detail).with_valid(["a number above 0"]))
        }
        _ => Ok(()),
    };
    positive("tokens", budget.tokens.map(|tokens| tokens as f64))?;
    positive("usd", budget.usd)?;
    positive("seconds", budget.seconds.map(|seconds| seconds as f64))?;
    positive("tool_calls", budget.tool_calls.map(|calls| calls as f64))
}

impl Started {
    fn of(row: &RunRow) -> Self {
        Self {
            run_id: row.id,
            // As every run begins, whatever became of it since.
            status: RunStatus::Waiting,
            source: row.request.source.clone(),
            model: row.request.model.clone(),
            max_iterations: row.request.max_iterations,
            tasks_per_iter: row.request.tasks_per_iter,
            intent: row.request.intent.clone(),
            budget: row.request.budget.clone(),
            created_at: row.created_at,
            links: Links::of(row.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_and_named() {
        assert_eq!(bounded("n", None, 8, MAX_ITERATIONS).unwrap(), 8);
        assert_eq!(bounded("n", Some(100), 8, MAX_ITERATIONS).unwrap(), 100);
        for value in [0, 101] {
            let problem = bounded("max_iterations", Some(value), 8, MAX_ITERATIONS).unwrap_err();
            assert_eq!(problem.field.as_deref(), Some("max_iterations"));
            assert_eq!(problem.valid, ["a whole number from 1 to 100"]);
        }
        assert_eq!(named("source", Some(" shop.db ".into())).unwrap().as_deref(), Some("shop.db"));
        assert!(named("source", Some("  ".into())).is_err());
        assert!(named("source", Some("a\u{0}b".into())).is_err());
        assert!(named("source", Some("x".repeat(NAME_CHARS + 1))).is_err());
    }

    #[test]
    fn a_budget_of_nothing_is_refused_by_name() {
        let field = |budget: Budget| check_budget(&budget).unwrap_err().field.unwrap();
        assert_eq!(field(Budget { usd: Some(-0.5), ..Budget::default() }), "budget.usd");
        assert_eq!(field(Budget { tokens: Some(0), ..Budget::default() }), "budget.tokens");
        assert_eq!(field(Budget { seconds: Some(0), ..Budget::default() }), "budget.seconds");
        assert_eq!(field(Budget { tool_calls: Some(0), ..Budget::default() }), "budget.tool_calls");
        assert!(check_budget(&Budget { tokens: Some(1), usd: Some(0.01), seconds: Some(1), tool_calls: Some(1) }).is_ok());
    }
}
