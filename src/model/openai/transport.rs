//! The HTTP side of a call: statuses, bounds and broken bodies. Whatever way an answer comes, it leaves here as one whole JSON text.
//!
//! It stands in for the library's own sender, which repeats requests unseen, loses statuses and logs what it cannot parse.

use std::error::Error as StdError;
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use bytes::Bytes;
use eventsource_stream::{EventStreamError, Eventsource};
use futures::{Stream, StreamExt};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use serde_json::value::RawValue;

use super::pieces::Pieces;
use super::refusal::Refusal;
use crate::model::port::Error;
use crate::model::secret::ApiKey;

/// Of an error's body, this much is read.
const ERROR_BODY_BYTES: usize = 64 << 10;

/// What pieces weigh on the wire, compared with the text they carry.
const PIECE_OVERHEAD: usize = 64;

/// After the last word, how long to wait for the count of tokens and the end of the stream.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(in crate::model) struct Transport {
    http: reqwest::Client,
    key: Option<ApiKey>,
    max_answer_bytes: usize,
    idle: Duration,
}

impl Transport {
    pub fn new(http: reqwest::Client, key: Option<ApiKey>, max_answer_bytes: usize, idle: Duration) -> Self {
        Self { http, key, max_answer_bytes, idle }
    }

    pub async fn send(self, request: HttpRequestFactory) -> Result<reqwest::Response, OpenAIError> {
        let request = request.build().await?;
        let whole = self.exchange(request).await.map_err(|refusal| OpenAIError::Boxed(Box::new(refusal)))?;
        Ok(http::Response::new(reqwest::Body::from(whole)).into())
    }

    async fn exchange(&self, request: reqwest::Request) -> Result<Bytes, Refusal> {
        let response = self.http.execute(request).await.map_err(|error| self.unsent(error))?;
        let status = response.status();
        let headers = response.headers();
        if !status.is_success() {
            let headers = headers.clone();
            let body = self.error_body(response).await;
            return Err(self.refused(status.as_u16(), &headers, &body));
        }
        if headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return self.joined(response.bytes_stream()).await;
        }
        let body = self.whole_body(response).await?;
        if body.trim_ascii_start().starts_with(b"data:") {
            // Pieces that are not said to be such.
            return self.joined(futures::stream::iter([Ok(body)])).await;
        }
        if serde_json::from_slice::<&RawValue>(&body).is_err() {
            let mut refusal = self.refused(status.as_u16(), &HeaderMap::new(), &body);
            refusal.error = match refusal.complaint.take() {
                Some(complaint) => Error::Unavailable(format!("the answer is not JSON: {}", complaint.message)),
                None => refusal.error,
            };
            return Err(refusal);
        }
        Ok(body)
    }

    /// Whole, or a failure: half a body is never parsed.
    async fn whole_body(&self, mut response: reqwest::Response) -> Result<Bytes, Refusal> {
        let mut first = Bytes::new();
        let mut all: Vec<u8> = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken_off(&error))? {
            if first.len() + all.len() + chunk.len() > self.max_answer_bytes {
                return Err(self.too_large(String::from_utf8_lossy(&all).into_owned()));
            }
            if all.is_empty() && first.is_empty() {
                first = chunk;
            } else {
                all.extend_from_slice(&first);
                first = Bytes::new();
                all.extend_from_slice(&chunk);
            }
        }
        Ok(if all.is_empty() { first } else { Bytes::from(all) })
    }

    async fn error_body(&self, mut response: reqwest::Response) -> Vec<u8> {
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > ERROR_BODY_BYTES {
                body.truncate(ERROR_BODY_BYTES);
                break;
            }
        }
        body
    }

    /// Reads an answer that comes in pieces, and puts it together as if it had come at once.
    async fn joined(&self, bytes: impl Stream<Item = reqwest::Result<Bytes>> + Send) -> Result<Bytes, Refusal> {
        let mut read = 0;
        let limit = self.max_answer_bytes.saturating_mul(PIECE_OVERHEAD);
        // The last event may lack the blank line that ends it.
        let counted = bytes.map(|chunk| chunk.map_err(Some)).chain(futures::stream::iter([Ok(Bytes::from_static(b"\n\n"))])).map(|chunk| {
            let chunk = chunk?;
            read += chunk.len();
            if read > limit { Err(None) } else { Ok(chunk) }
        });
        let mut events = std::pin::pin!(counted.eventsource());
        let mut pieces = Pieces::default();
        loop {
            let next = if pieces.is_finished() {
                match tokio::time::timeout(GRACE, events.next()).await {
                    Ok(next) => next,
                    Err(_) => break,
                }
            } else {
                events.next().await
            };
            let data = match next {
                Some(Ok(event)) => event.data,
                // What came before it is whole.
                Some(Err(_)) if pieces.is_finished() => break,
                Some(Err(EventStreamError::Transport(Some(error)))) => return Err(self.broken_off(&error)),
                Some(Err(EventStreamError::Transport(None))) => return Err(self.too_large(pieces.into_text())),
                Some(Err(EventStreamError::Utf8(_) | EventStreamError::Parser(_))) => {
                    return Err(Refusal::unheard(Error::Unavailable("the stream cannot be read".to_owned())));
                }
                None => break,
            };
            match data.trim() {
                "" => continue,
                "[DONE]" => {
                    pieces.end();
                    break;
                }
                text => {
                    let Ok(piece) = serde_json::from_str::<Value>(text) else {
                        return Err(Refusal::unheard(Error::Unavailable("a piece of the stream is not JSON".to_owned())));
                    };
                    if let Some(refusal) = Refusal::inside(&piece, self.key.as_ref()) {
                        return Err(refusal);
                    }
                    pieces.add(piece);
                    if pieces.len() > self.max_answer_bytes {
                        return Err(self.too_large(pieces.into_text()));
                    }
                }
            }
        }
        if !pieces.is_finished() {
            return Err(Refusal::unheard(Error::Unavailable("the stream broke off before the answer was complete".to_owned())));
        }
        Ok(Bytes::from(pieces.into_answer().to_string()))
    }

    fn refused(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Refusal {
        Refusal::from_response(status, headers, body, self.key.as_ref())
    }

    fn unsent(&self, error: reqwest::Error) -> Refusal {
        Refusal::unheard(match &error {
            error if error.is_builder() => Error::Refused(causes(error)),
            error if error.is_timeout() && !error.is_connect() => Error::TimedOut(self.idle),
            _ => Error::Unreachable(causes(&error.without_url())),
        })
    }

    fn broken_off(&self, error: &reqwest::Error) -> Refusal {
        Refusal::unheard(match error {
            error if error.is_timeout() => Error::TimedOut(self.idle),
            _ => Error::Unavailable("the answer broke off in the middle".to_owned()),
        })
    }

    fn too_large(&self, mut raw: String) -> Refusal {
        raw.truncate(raw.floor_char_boundary(4 << 10));
        let reason = format!("it is larger than `model.max_answer_bytes`, {} bytes", self.max_answer_bytes);
        Refusal::unheard(Error::Garbled { reason, raw, usage: crate::model::Usage::default() })
    }
}

/// An error and what caused it, in one line.
fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
