//! `/sources`: databases that have a name here.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

use super::ApiState;
use super::body::{Body, Nothing};
use super::once::detached;
use super::params::{Items, Params, path_parameter};
use super::problem::{Code, Problem};
use crate::catalog::{Changed, Differences};
use crate::domain::{Egress, Snapshot, SourceKey};
use crate::engine::clock::now_ms;
use crate::source::Limits;
use crate::store::secrets::SecretError;
use crate::store::{self, BookError, Registered, SnapshotRow};
use crate::tools::workspace;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSource {
    /// Small letters, digits, `-` and `_`.
    #[schema(example = "shop")]
    pub name: String,
    /// `postgres://…`, `mysql://…`, `sqlite:…` or the path of a SQLite file, `csv:…` or the path of a folder of CSV files. Kept encrypted and never given out again.
    #[schema(example = "postgres://reader:secret@db.example/shop")]
    pub dsn: String,
    /// Bounds that hold whoever asks.
    #[serde(default)]
    pub limits: Limits,
}

/// A registered source, without what opens it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SourceItem {
    pub name: String,
    /// Engine, host, port and database, or the file.
    pub shown: String,
    pub limits: Limits,
    /// What of it a language model may be shown: its own level, or the server's.
    pub egress: Egress,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// What was found when a source was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SourceTested {
    pub engine: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub engine_version: String,
    pub schemas: Vec<String>,
    pub tables: usize,
    /// The state of its structure, by what it holds.
    pub snapshot: String,
    /// What a person should know: a user who may do more than read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What is there and cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnapshotItem {
    pub snapshot: String,
    /// When it was found last, in milliseconds since 1970.
    pub at: i64,
}

/// What came, went and changed between two states of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SourceDiff {
    pub from: SnapshotItem,
    pub to: SnapshotItem,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub changed: Vec<Changed>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rotated {
    /// So many sources were sealed anew.
    pub sources: usize,
}

/// States of a source that can be compared.
const STATES: usize = 1_000;

/// Patterns of one list.
const MAX_PATTERNS: usize = 1_000;

/// The source that the path names.
pub struct SourcePath(pub(super) String);

/// Registers a source
///
/// The database is not asked; `POST /sources/{name}/test` does that.
#[utoipa::path(post, path = "/sources", tag = "sources", operation_id = "add_source", request_body = NewSource,
    responses((status = 201, description = "It is registered", body = SourceItem)))]
pub async fn add(State(state): State<Arc<ApiState>>, body: Body<NewSource>) -> Result<(StatusCode, Json<SourceItem>), Problem> {
    let NewSource { name, dsn, limits } = body.value;
    checked(&limits)?;
    if limits.has_lists() && !state.store.snapshots(&SourceKey(name.clone()), 1).await?.is_empty() {
        let detail = format!(
            "an earlier source `{name}` has a catalog, which was made without these lists and would show what they hide; choose another name"
        );
        return Err(Problem::new(Code::SourceNameTaken, detail).of_field("name"));
    }
    let egress = state.egress;
    let added = detached(async move { state.sources.add(&name, &dsn, limits, now_ms()).await }).await??;
    Ok((StatusCode::CREATED, Json(SourceItem::of(added, egress))))
}

/// Lists the registered sources
#[utoipa::path(get, path = "/sources", tag = "sources", operation_id = "list_sources",
    params(("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of sources", body = Items<SourceItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<SourceItem>>, Problem> {
    let page = params.only(&["limit", "after"])?.page()?;
    let items = state.sources.list().await?.into_iter().map(|source| SourceItem::of(source, state.egress));
    Items::page_of(items, &page).map(Json)
}

/// Shows a registered source
#[utoipa::path(get, path = "/sources/{name}", tag = "sources", operation_id = "look_at_source",
    params(("name" = String, Path, description = "The source's name.")),
    responses((status = 200, description = "The source", body = SourceItem)))]
pub async fn look(State(state): State<Arc<ApiState>>, SourcePath(name): SourcePath) -> Result<Json<SourceItem>, Problem> {
    let found = state.sources.list().await?.into_iter().find(|source| source.name == name);
    found.map(|source| Json(SourceItem::of(source, state.egress))).ok_or_else(|| unknown(&name))
}

/// Removes a source
///
/// What was found in it stays in the catalog.
#[utoipa::path(delete, path = "/sources/{name}", tag = "sources", operation_id = "remove_source",
    params(("name" = String, Path, description = "The source's name.")),
    responses((status = 204, description = "It is not registered any more")))]
pub async fn remove(State(state): State<Arc<ApiState>>, SourcePath(name): SourcePath) -> Result<StatusCode, Problem> {
    let (sources, removed) = (state.sources.clone(), name.clone());
    if detached(async move { sources.remove(&removed).await }).await?? { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(&name)) }
}

/// Opens a source and reads its structure
#[utoipa::path(post, path = "/sources/{name}/test", tag = "sources", operation_id = "test_source",
    params(("name" = String, Path, description = "The source's name.")),
    responses((status = 200, description = "It was opened and read", body = SourceTested)))]
pub async fn test(State(state): State<Arc<ApiState>>, SourcePath(name): SourcePath) -> Result<Json<SourceTested>, Problem> {
    if state.sources.find(&name).await?.is_none() {
        return Err(unknown(&name));
    }
    let workspace = state.outside.workbench.open(&name, None).await?;
    let snapshot = &workspace.snapshot;
    let warnings = workspace.source.warnings().await;
    let warnings = warnings.map_err(|error| Problem::new(Code::SourceUnavailable, error.to_string()))?;
    Ok(Json(SourceTested {
        warnings,
        engine: snapshot.engine.clone(),
        engine_version: snapshot.engine_version.clone(),
        schemas: snapshot.schemas.clone(),
        tables: snapshot.tables.len(),
        snapshot: snapshot.id.0.clone(),
        unread: snapshot.unread.clone(),
    }))
}

/// Compares two states of a source
///
/// Without `from` and `to`: what the last harvest that found something new changed.
#[utoipa::path(get, path = "/sources/{name}/diff", tag = "sources", operation_id = "compare_source",
    params(("name" = String, Path, description = "The source's name."),
        ("from" = Option<String>, Query, description = "A snapshot; the one before `to` unless given."),
        ("to" = Option<String>, Query, description = "A snapshot; the newest unless given.")),
    responses((status = 200, description = "What came, went and changed", body = SourceDiff)))]
pub async fn diff(State(state): State<Arc<ApiState>>, SourcePath(name): SourcePath, params: Params) -> Result<Json<SourceDiff>, Problem> {
    let params = params.only(&["from", "to"])?;
    let key = SourceKey(name.clone());
    let rows = state.store.snapshots(&key, STATES).await?;
    if rows.is_empty() {
        if state.sources.find(&name).await?.is_none() {
            return Err(unknown(&name));
        }
        let detail = format!("`{name}` was not read yet; `POST /sources/{name}/test` reads it");
        return Err(Problem::new(Code::NoSuchSource, detail));
    }
    let place = |parameter: &str, otherwise: usize| match params.text(parameter) {
        None => Ok(otherwise.min(rows.len() - 1)),
        Some(id) => rows.iter().position(|row| row.id.0 == id).ok_or_else(|| {
            let valid = rows.iter().take(20).map(|row| row.id.0.clone());
            Problem::invalid_parameter(parameter, format!("`{id}` is not a snapshot of `{name}`")).with_valid(valid)
        }),
    };
    let to = place("to", 0)?;
    let from = place("from", to + 1)?;
    let (before, after) = (snapshot(&state, &rows[from]).await?, snapshot(&state, &rows[to]).await?);
    let Differences { added, removed, changed } = Differences::between(&before, &after);
    let at = |row: &SnapshotRow| SnapshotItem { snapshot: row.id.0.clone(), at: row.at };
    Ok(Json(SourceDiff { from: at(&rows[from]), to: at(&rows[to]), added, removed, changed }))
}

async fn snapshot(state: &ApiState, row: &SnapshotRow) -> Result<Snapshot, Problem> {
    let found = state.store.snapshot(&row.id).await?;
    found.ok_or_else(|| store::Error::Corrupt(format!("the snapshot `{}` is listed and not there", row.id)).into())
}

/// Seals the secrets of all sources under a fresh key
#[utoipa::path(post, path = "/secrets/rotate", tag = "sources", operation_id = "rotate_secrets",
    responses((status = 200, description = "The old key opens nothing any more", body = Rotated)))]
pub async fn rotate(State(state): State<Arc<ApiState>>, _: Body<Nothing>) -> Result<Json<Rotated>, Problem> {
    let sources = detached(async move { state.sources.rotate().await }).await??;
    Ok(Json(Rotated { sources }))
}

/// A bound of nothing would make the source useless.
fn checked(limits: &Limits) -> Result<(), Problem> {
    let least =
        |field: &str, zero: bool| match zero {
            true => Err(Problem::invalid_field(&format!("limits.{field}"), format!("`limits.{field}` must be at least 1"))
                .with_valid(["1 or more"])),
            false => Ok(()),
        };
    least("pool", limits.pool == Some(0))?;
    least("max_rows", limits.max_rows == Some(0))?;
    least("max_bytes", limits.max_bytes == Some(0))?;
    least("read_time_ms", limits.read_time_ms == Some(0))?;
    least("harvest_time_ms", limits.harvest_time_ms == Some(0))?;
    let Limits { allow, deny, mask, .. } = limits;
    for (field, count) in [("allow", allow.len()), ("deny", deny.len()), ("mask", mask.len())] {
        if count > MAX_PATTERNS {
            let detail = format!("`limits.{field}` may have {MAX_PATTERNS} patterns");
            return Err(Problem::invalid_field(&format!("limits.{field}"), detail).with_valid([format!("{MAX_PATTERNS} or fewer")]));
        }
    }
    match limits.pool {
        Some(pool) if pool > 100 => Err(Problem::invalid_field("limits.pool", "`limits.pool` must be 1 to 100").with_valid(["1 to 100"])),
        _ => Ok(()),
    }
}

fn unknown(name: &str) -> Problem {
    Problem::new(Code::NoSuchSource, format!("no source is registered as `{name}`"))
}

impl SourceItem {
    fn of(source: Registered, default: Egress) -> Self {
        let Registered { name, shown, limits, created_at } = source;
        let egress = limits.egress.unwrap_or(default);
        Self { name, shown, limits, egress, created_at }
    }
}

impl From<BookError> for Problem {
    fn from(error: BookError) -> Self {
        let detail = error.to_string();
        match error {
            BookError::BadName { .. } => Self::invalid_field("name", detail),
            BookError::Taken(_) => Self::new(Code::SourceNameTaken, detail).of_field("name"),
            BookError::BadSource(_) => Self::new(Code::SourceUnusable, detail).of_field("dsn"),
            BookError::Sealed { .. } => Self::new(Code::SourceUnusable, detail),
            BookError::Secrets(SecretError::KeyOfEnvironment) => Self::new(Code::WrongState, detail),
            BookError::Secrets(error) => {
                tracing::error!(%error, "the secrets of sources cannot be used");
                Self::internal()
            }
            BookError::Store(error) => error.into(),
        }
    }
}

impl From<workspace::Problem> for Problem {
    fn from(problem: workspace::Problem) -> Self {
        let code = match problem {
            workspace::Problem::Unusable(_) => Code::SourceUnusable,
            workspace::Problem::Unavailable(_) => Code::SourceUnavailable,
        };
        Self::new(code, problem.to_string())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SourcePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path_parameter(parts, state, "name").await.map(Self)
    }
}
