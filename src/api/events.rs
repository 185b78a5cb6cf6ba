//! `GET /runs/{id}/events` and `GET /events`: streams. Frames come encoded from the engine and are passed on as they are.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::ApiState;
use super::params::{Params, RunPath, header};
use super::problem::{Code, Problem};
use crate::domain::{EventType, RunId, Seq};
use crate::engine::FrameStream;

const LAST_EVENT_ID: &str = "last-event-id";
const SEQ_FORM: &str = "the number of an event, or 0 for the beginning";

/// The JSON of one event, the `data:` of a frame.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventLine {
    /// From 1, without gaps; also the frame's `id:`.
    pub seq: Seq,
    /// Milliseconds since 1970.
    pub ts: i64,
    #[schema(value_type = String)]
    pub run_id: RunId,
    pub r#type: EventType,
    /// What happened: `starting`, `task_done`, `question_asked`, `finished`, …
    pub message: String,
    /// The fields of this kind of event.
    pub data: serde_json::Value,
}

/// Streams a run's events
///
/// Server-sent events without `event:` field: a plain `onmessage` sees all. A reader that reconnects sends `Last-Event-ID` (browsers do so
/// by themselves) and misses nothing. The stream ends after the run's last event; who asks for more then gets 204, which stops an `EventSource`.
#[utoipa::path(get, path = "/runs/{id}/events", tag = "runs", operation_id = "follow_run",
    params(("id" = String, Path, description = "The run's id."),
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event seen; stands above `after`."),
        ("after" = Option<u64>, Query, description = "The number of the last event seen; 0 starts at the beginning."),
        ("follow" = Option<bool>, Query, description = "`false` ends at the last event that there is now.")),
    responses((status = 200, description = "Events; `data` is an `EventLine`", body = EventLine, content_type = "text/event-stream"),
        (status = 204, description = "The run has ended and there is nothing after this event")))]
pub async fn follow(
    State(state): State<Arc<ApiState>>,
    RunPath(id): RunPath,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = params.only(&["after", "follow"])?;
    let after = position(id, header(&headers, LAST_EVENT_ID)?, params.text("after"))?;
    let live = params.flag("follow", true)?;
    let row = state.runs.run(id).await?;
    if row.status.is_ended() && after + 1 == row.next_seq {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(stream(state.runs.follow(id, after, live).await?, &state.stopping))
}

/// Streams the headlines of all runs
///
/// First one for each run that has not ended, then every change; for a dashboard. There is nothing to resume: reconnecting starts afresh.
#[utoipa::path(get, path = "/events", tag = "runs", operation_id = "follow_headlines",
    responses((status = 200, description = "Headlines", body = String, content_type = "text/event-stream")))]
pub async fn headlines(State(state): State<Arc<ApiState>>, params: Params) -> Result<Response, Problem> {
    params.only(&[])?;
    Ok(stream(state.runs.headlines().await?, &state.stopping))
}

/// Where to go on. Ids are numbers; `run_…:5` is understood too, so that an id of another run is not taken for one of this.
fn position(run: RunId, last_event_id: Option<&str>, after: Option<&str>) -> Result<Seq, Problem> {
    let (name, text) = match (last_event_id.filter(|id| !id.is_empty()), after) {
        (Some(id), _) => ("Last-Event-ID", id),
        (None, Some(after)) => ("after", after),
        (None, None) => return Ok(0),
    };
    let number = match text.rsplit_once(':') {
        None => text,
        Some((of_run, number)) if of_run.parse() == Ok(run) => number,
        Some((of_run, _)) => {
            let detail = format!("`{name}` names an event of `{of_run}`, and this is the stream of `{run}`");
            return Err(Problem::new(Code::EventOfAnotherRun, detail).of_field(name));
        }
    };
    let refuse = |_| Problem::invalid_parameter(name, format!("`{text}` is not {SEQ_FORM}")).with_valid([SEQ_FORM]);
    // A number that no journal reaches is still a number; the engine says that it is beyond the head.
    number.parse::<Seq>().map(|seq| seq.min(Seq::MAX - 1)).map_err(refuse)
}

/// The frames as a response; ends when the server stops.
pub(super) fn stream(frames: FrameStream, stopping: &CancellationToken) -> Response {
    let frames = frames.take_until(stopping.clone().cancelled_owned()).map(Ok::<_, Infallible>);
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn run(number: u128) -> RunId {
        RunId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_stream_goes_on_where_its_reader_was() {
        let own = format!("{}:5", run(1));
        let foreign = format!("{}:5", run(2));
        let cases = [
            (None, None, Ok(0)),
            (None, Some("7"), Ok(7)),
            (Some("9"), Some("7"), Ok(9)),
            (Some(""), Some("7"), Ok(7)),
            (Some("9"), Some("x"), Ok(9)),
            (Some(own.as_str()), None, Ok(5)),
            (Some(foreign.as_str()), None, Err(Code::EventOfAnotherRun)),
            (None, Some(foreign.as_str()), Err(Code::EventOfAnotherRun)),
            (Some("-1"), None, Err(Code::InvalidParameter)),
            (Some("1.5"), None, Err(Code::InvalidParameter)),
            (None, Some(""), Err(Code::InvalidParameter)),
            (None, Some("18446744073709551616"), Err(Code::InvalidParameter)),
            (None, Some("18446744073709551615"), Ok(Seq::MAX - 1)),
        ];
        for (id, after, expected) in cases {
            assert_eq!(position(run(1), id, after).map_err(|problem| problem.code), expected, "{id:?} {after:?}");
        }
    }

    #[tokio::test]
    async fn a_stream_ends_with_the_server_and_passes_frames_untouched() {
        let stopping = CancellationToken::new();
        let frames = futures::stream::iter([Bytes::from_static(b"id: 1\ndata: {}\n\n")]).chain(futures::stream::pending());
        let response = stream(Box::pin(frames), &stopping);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream; charset=utf-8");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let mut body = response.into_body().into_data_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), "id: 1\ndata: {}\n\n");
        stopping.cancel();
        assert!(body.next().await.is_none());
    }
}
