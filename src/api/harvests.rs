//! `/harvests`: reading a source's structure as a job that can be watched and stopped.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::{Extension, Json};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::ApiState;
use super::body::{Body, Nothing};
use super::events;
use super::params::{Items, Params, header, path_parameter};
use super::problem::{Code, Problem};
use crate::domain::Identity;
use crate::tools::Harvest;
use crate::tools::harvests::{Happened, Step};

const SEQ_FORM: &str = "the number of an event, or 0 for the beginning";
/// A stream says so often that it lives.
const QUIET_TIME: Duration = Duration::from_secs(15);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHarvest {
    /// A registered name or a DSN. Without it, the server's default source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "shop")]
    pub source: Option<String>,
    /// It ends after so long, and leaves nothing. The source's own limit holds all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub time_limit_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HarvestStatus {
    Running,
    Done,
    Failed,
    Cancelled,
    TimedOut,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HarvestItem {
    #[schema(example = "hrv_0198c2a1b2c37d4e8f90a1b2c3d4e5f6")]
    pub harvest_id: String,
    /// What the catalog is scoped to.
    pub source: String,
    pub status: HarvestStatus,
    /// The newest event; after the end, what came of it.
    pub last: Happened,
}

/// The harvest that the path names.
pub struct HarvestPath(String);

/// Begins a harvest
///
/// The structure of the source is read anew, whole or not at all. Where a harvest of this source is under way, that one is
/// answered, and its own time limit holds.
#[utoipa::path(post, path = "/harvests", tag = "sources", operation_id = "start_harvest", request_body = NewHarvest,
    responses((status = 202, description = "It has begun", body = HarvestItem), (status = 200, description = "It is under way already", body = HarvestItem)))]
pub async fn start(
    State(state): State<Arc<ApiState>>,
    Extension(identity): Extension<Identity>,
    body: Body<NewHarvest>,
) -> Result<(StatusCode, Json<HarvestItem>), Problem> {
    let NewHarvest { source, time_limit_ms } = body.value;
    state.may_open(&identity, source.as_deref())?;
    if time_limit_ms == Some(0) {
        return Err(Problem::invalid_field("time_limit_ms", "`time_limit_ms` must be at least 1").with_valid(["1 or more"]));
    }
    let Some(source) = source.or_else(|| state.outside.default_source.clone()) else {
        return Err(Problem::new(Code::MissingField, "`source` is missing, and the server has no default source").of_field("source"));
    };
    let begun = state.harvests.start(&source, time_limit_ms.map(Duration::from_millis)).await;
    let (harvest, is_fresh) = begun.map_err(|problem| Problem::from(problem).of_field("source"))?;
    let status = if is_fresh { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(HarvestItem::of(&harvest))))
}

/// Lists harvests
///
/// The last hundred of this server, newest first.
#[utoipa::path(get, path = "/harvests", tag = "sources", operation_id = "list_harvests",
    params(("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of harvests", body = Items<HarvestItem>)))]
pub async fn list(State(state): State<Arc<ApiState>>, params: Params) -> Result<Json<Items<HarvestItem>>, Problem> {
    let page = params.only(&["limit", "after"])?.page()?;
    Items::page_of(state.harvests.all().iter().map(|harvest| HarvestItem::of(harvest)), &page).map(Json)
}

/// Shows a harvest
#[utoipa::path(get, path = "/harvests/{id}", tag = "sources", operation_id = "look_at_harvest",
    params(("id" = String, Path, description = "The harvest's id.")),
    responses((status = 200, description = "The harvest", body = HarvestItem)))]
pub async fn look(State(state): State<Arc<ApiState>>, HarvestPath(id): HarvestPath) -> Result<Json<HarvestItem>, Problem> {
    found(&state, &id).map(|harvest| Json(HarvestItem::of(&harvest)))
}

/// Streams a harvest's events
///
/// Server-sent events; the stream ends with the harvest. A reader that reconnects sends `Last-Event-ID` and misses nothing.
#[utoipa::path(get, path = "/harvests/{id}/events", tag = "sources", operation_id = "follow_harvest",
    params(("id" = String, Path, description = "The harvest's id."),
        ("after" = Option<u64>, Query, description = "The number of the last event that was seen."),
        ("Last-Event-ID" = Option<String>, Header, description = "The number of the last event that was seen.")),
    responses((status = 200, description = "Events", body = String, content_type = "text/event-stream")))]
pub async fn follow(
    State(state): State<Arc<ApiState>>,
    HarvestPath(id): HarvestPath,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Problem> {
    let params = params.only(&["after"])?;
    let harvest = found(&state, &id)?;
    let seen = match header(&headers, "last-event-id")?.filter(|text| !text.is_empty()) {
        None => params.number("after", SEQ_FORM)?.unwrap_or(0),
        Some(text) => text.parse().map_err(|_| {
            let detail = format!("`{text}` is not {SEQ_FORM}");
            Problem::invalid_parameter("Last-Event-ID", detail).with_valid([SEQ_FORM])
        })?,
    };
    Ok(events::stream(Box::pin(frames(harvest.watch(), seen)), &state.stopping))
}

/// Stops a harvest
///
/// What runs in the database is ended. A harvest that was read whole by then is kept, and ends as `done`.
#[utoipa::path(post, path = "/harvests/{id}/cancel", tag = "sources", operation_id = "cancel_harvest",
    params(("id" = String, Path, description = "The harvest's id.")),
    responses((status = 202, description = "It was told to stop", body = HarvestItem)))]
pub async fn cancel(
    State(state): State<Arc<ApiState>>,
    HarvestPath(id): HarvestPath,
    _: Body<Nothing>,
) -> Result<(StatusCode, Json<HarvestItem>), Problem> {
    let harvest = found(&state, &id)?;
    harvest.cancel();
    Ok((StatusCode::ACCEPTED, Json(HarvestItem::of(&harvest))))
}

fn found(state: &ApiState, id: &str) -> Result<Arc<Harvest>, Problem> {
    let harvest = state.harvests.find(id);
    harvest.ok_or_else(|| Problem::new(Code::NoSuchHarvest, format!("there is no harvest `{}`", id.chars().take(80).collect::<String>())))
}

/// What happened after event `seen`, and what happens, to the last event.
fn frames(happened: watch::Receiver<Vec<Happened>>, seen: usize) -> impl Stream<Item = Bytes> {
    stream::unfold(Some((happened, seen)), |reading| async move {
        let (mut happened, seen) = reading?;
        let something = |all: &Vec<Happened>| all.len() > seen || has_ended(all);
        let (text, now_seen, is_last) = match tokio::time::timeout(QUIET_TIME, happened.wait_for(something)).await {
            Err(_) => (": still here\n\n".to_owned(), seen, false),
            Ok(Err(_)) => return None,
            Ok(Ok(all)) => (all.iter().skip(seen).map(frame).collect(), all.len(), has_ended(&all)),
        };
        Some((Bytes::from(text), (!is_last).then_some((happened, now_seen))))
    })
    .filter(|frame| std::future::ready(!frame.is_empty()))
}

fn has_ended(all: &[Happened]) -> bool {
    all.last().is_some_and(|last| last.step.is_last())
}

fn frame(happened: &Happened) -> String {
    let line = serde_json::to_string(happened).expect("events are plain data and always serialise");
    format!("id: {}\ndata: {line}\n\n", happened.seq)
}

impl HarvestItem {
    fn of(harvest: &Harvest) -> Self {
        let last = harvest.last();
        let status = match &last.step {
            Step::Started {} | Step::Progress { .. } => HarvestStatus::Running,
            Step::Done { .. } => HarvestStatus::Done,
            Step::Failed { .. } => HarvestStatus::Failed,
            Step::Cancelled {} => HarvestStatus::Cancelled,
            Step::TimedOut { .. } => HarvestStatus::TimedOut,
        };
        Self { harvest_id: harvest.id.clone(), source: harvest.source.0.clone(), status, last }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for HarvestPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path_parameter(parts, state, "id").await.map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happened(seq: usize, step: Step) -> Happened {
        Happened { seq, ts: 5, step }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_goes_on_where_its_reader_was_and_ends_with_the_harvest() {
        let sender = watch::Sender::new(vec![happened(1, Step::Started {})]);
        let progress = |seq| happened(seq, Step::Progress { part: "columns".to_owned(), count: 7 });
        let mut late = Box::pin(frames(sender.subscribe(), 1));
        let mut first = Box::pin(frames(sender.subscribe(), 0));
        assert_eq!(first.next().await.unwrap(), "id: 1\ndata: {\"seq\":1,\"ts\":5,\"message\":\"started\",\"data\":{}}\n\n");
        // Nothing comes for a while, and the stream says that it lives.
        assert_eq!(late.next().await.unwrap(), ": still here\n\n");
        sender.send_modify(|all| all.extend([progress(2), happened(3, Step::Cancelled {})]));
        let rest = first.next().await.unwrap();
        assert!(rest.starts_with(b"id: 2\n") && rest.ends_with(b"\"message\":\"cancelled\",\"data\":{}}\n\n"), "{rest:?}");
        assert_eq!(late.next().await.unwrap(), rest);
        assert!(first.next().await.is_none() && late.next().await.is_none());
        assert!(Box::pin(frames(sender.subscribe(), 3)).next().await.is_none());
    }
}
