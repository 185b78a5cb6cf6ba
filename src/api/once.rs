//! Doing things once: idempotency keys, and work that goes on when its client goes away.

use std::future::Future;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::body::hex;
use super::params::header;
use super::problem::{Code, Problem};
use crate::domain::{RunId, Seq};
use crate::engine::{Command, Runs};

const KEY: &str = "idempotency-key";
const KEY_BYTES: usize = 200;
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The client's own name for a request, so that a retry is told from a new wish.
pub struct Key(pub Option<String>);

/// What came of a command.
#[derive(Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Done {
    #[schema(value_type = String, example = "run_0198c2a1b2c37d4e8f90a1b2c3d4e5f6")]
    pub run_id: RunId,
    /// The number of the event that it became.
    pub seq: Seq,
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.headers)
    }
}

impl Key {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(key) = header(headers, KEY)? else { return Ok(Self(None)) };
        if key.is_empty() || key.len() > KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let valid = format!("1 to {KEY_BYTES} visible ASCII characters, such as a random UUID");
            return Err(Problem::invalid_parameter("Idempotency-Key", "the key cannot be used").with_valid([valid]));
        }
        Ok(Self(Some(key.to_owned())))
    }

    /// The same client's key means another thing on another run or call.
    fn command_id(&self, run: RunId, call: &str) -> Option<String> {
        let key = self.0.as_ref()?;
        Some(format!("key_{}", hex(&Sha256::digest(format!("{run}\n{call}\n{key}")))))
    }
}

/// Marks an answer as given before.
pub fn mark_replayed(mut response: Response, replayed: bool) -> Response {
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// Tells a run something, wholly or not at all. `call` tells the calls of one run apart.
pub async fn deliver(runs: &Runs, run: RunId, call: &str, command: Command, key: &Key) -> Result<Response, Problem> {
    let command_id = key.command_id(run, call);
    // A retry's outcome is an event that existed before this request came.
    let head_before = match command_id {
        Some(_) => runs.run(run).await?.next_seq.saturating_sub(1),
        None => 0,
    };
    let runs = runs.clone();
    let outcome = detached(async move { runs.deliver(run, command, command_id).await }).await??;
    let response = Json(Done { run_id: run, seq: outcome.seq }).into_response();
    Ok(mark_replayed(response, outcome.seq <= head_before))
}

/// Lets work end even when the client goes away in the middle of it.
pub async fn detached<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, Problem> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => Ok(done),
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Problem::new(Code::Stopping, "the server is stopping")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<Key, Problem> {
        Key::of(&HeaderMap::from_iter([(HeaderName::from_static(KEY), HeaderValue::from_bytes(text.as_bytes()).unwrap())]))
    }

    #[test]
    fn odd_keys_are_refused() {
        for bad in ["", "with space", "ümlaut", &"x".repeat(KEY_BYTES + 1)] {
            assert!(key(bad).is_err(), "`{bad}` was taken");
        }
        assert!(key(&"x".repeat(KEY_BYTES)).is_ok());
        assert_eq!(Key::of(&HeaderMap::new()).unwrap().0, None);
    }

    #[test]
    fn a_key_means_one_call_of_one_run() {
        let run = |number| RunId::from_uuid(uuid::Uuid::from_u128(number));
        let id = |number, call, text| key(text).unwrap().command_id(run(number), call).unwrap();
        assert_eq!(id(1, "cancel", "k"), id(1, "cancel", "k"));
        assert_ne!(id(1, "cancel", "k"), id(2, "cancel", "k"));
        assert_ne!(id(1, "cancel", "k"), id(1, "pause", "k"));
        assert_ne!(id(1, "cancel", "k"), id(1, "cancel", "l"));
    }

    #[tokio::test]
    async fn detached_work_ends_without_its_client() {
        let (tell, told) = tokio::sync::oneshot::channel();
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let work = tokio::spawn(detached(async move {
            let _ = begun.await;
            let _ = tell.send("done");
        }));
        tokio::task::yield_now().await;
        work.abort();
        let _ = work.await;
        begin.send(()).expect("the work still waits, although its client is gone");
        assert_eq!(told.await, Ok("done"));
    }
}
