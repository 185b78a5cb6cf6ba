//! How much the holder of one token may ask: calls a second, and calls at once. Who comes without a token, at the machine, is not limited.
//!
//! Invariant: what is kept is bounded by the number of tokens, and only valid ones get here.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, HttpBody};
use axum::http::Method;
use axum::response::Response;
use futures::StreamExt;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Settings;
use super::problem::{Code, Problem};

/// More than there can be valid tokens.
const MOST_LANES: usize = 2_000;

pub struct Limits {
    rate_per_s: u32,
    quota: Quota,
    at_once: usize,
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
    clock: DefaultClock,
}

/// What one token uses.
struct Lane {
    rate: DefaultDirectRateLimiter,
    places: Arc<Semaphore>,
}

impl Limits {
    pub fn new(settings: &Settings) -> Self {
        let positive = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self {
            rate_per_s: settings.token_rate_per_s,
            quota: Quota::per_second(positive(settings.token_rate_per_s)).allow_burst(positive(settings.token_burst)),
            at_once: settings.token_concurrency.clamp(1, Semaphore::MAX_PERMITS),
            lanes: Mutex::default(),
            clock: DefaultClock::default(),
        }
    }

    /// A place among the calls of this token; it is free again when the value is dropped.
    pub fn enter(&self, token: &str) -> Result<OwnedSemaphorePermit, Problem> {
        let lane = self.lane(token);
        lane.rate.check().map_err(|not_yet| {
            let wait = not_yet.wait_time_from(self.clock.now());
            let why = format!("the token `{token}` has made more than {} calls a second", self.rate_per_s);
            Problem::new(Code::TooManyCalls, why).after_seconds(u16::try_from(wait.as_secs() + 1).unwrap_or(u16::MAX))
        })?;
        lane.places.clone().try_acquire_owned().map_err(|_| {
            let why = format!("the token `{token}` has {} calls under way, which is as many as it may have at once", self.at_once);
            Problem::new(Code::TooManyCalls, why).after_seconds(1)
        })
    }

    fn lane(&self, token: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(token) {
            return lane.clone();
        }
        if lanes.len() >= MOST_LANES {
            // Of tokens that were revoked, mostly; another one begins anew.
            lanes.retain(|_, lane| lane.places.available_permits() < self.at_once);
        }
        let fresh = Arc::new(Lane { rate: RateLimiter::direct(self.quota), places: Arc::new(Semaphore::new(self.at_once)) });
        lanes.insert(token.to_owned(), fresh.clone());
        fresh
    }
}

/// A call is under way until its answer is made. A stream that only tells what happens takes no place; an answer that comes in pieces is made
/// when its last piece is.
pub fn until_answered(response: Response, method: &Method, place: Option<OwnedSemaphorePermit>) -> Response {
    let is_made = method == Method::GET || response.body().size_hint().exact().is_some();
    let Some(place) = place.filter(|_| !is_made) else { return response };
    response.map(|body| {
        let pieces = body.into_data_stream().map(move |piece| {
            let _until_the_last = &place;
            piece
        });
        Body::from_stream(pieces)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(token_rate_per_s: u32, token_burst: u32, token_concurrency: usize) -> Limits {
        Limits::new(&Settings { token_rate_per_s, token_burst, token_concurrency, ..Settings::default() })
    }

    #[test]
    fn calls_beyond_the_rate_are_told_when_to_come_again() {
        let limits = limits(1, 3, 10);
        for _ in 0..3 {
            drop(limits.enter("a").expect("within the burst"));
        }
        let problem = limits.enter("a").expect_err("a fourth got in");
        assert_eq!((problem.code, problem.retry_after_s), (Code::TooManyCalls, Some(1)));
        assert!(problem.detail.contains("more than 1 calls a second"), "{}", problem.detail);
        assert!(limits.enter("b").is_ok(), "another token is another's");
    }

    #[test]
    fn calls_at_once_are_bounded_and_a_place_is_given_back() {
        let limits = limits(1_000, 1_000, 2);
        let (first, _second) = (limits.enter("a").unwrap(), limits.enter("a").unwrap());
        assert_eq!(limits.enter("a").map_err(|problem| problem.code).err(), Some(Code::TooManyCalls));
        assert!(limits.enter("b").is_ok());
        drop(first);
        assert!(limits.enter("a").is_ok());
    }

    #[test]
    fn what_is_kept_is_bounded_and_who_is_inside_stays() {
        let limits = limits(1, 1, 1);
        let _inside = limits.enter("inside").unwrap();
        for number in 0..2 * MOST_LANES {
            drop(limits.enter(&number.to_string()).unwrap());
        }
        assert!(limits.lanes.lock().unwrap().len() <= MOST_LANES);
        assert!(limits.enter("inside").is_err(), "it was forgotten while it was inside");
    }

    #[tokio::test]
    async fn an_answer_in_pieces_holds_its_place_to_the_last() {
        let limits = limits(1_000, 1_000, 1);
        let pieces = || Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>("a"), Ok("b")]));
        let answered = until_answered(Response::new(pieces()), &Method::POST, limits.enter("a").ok());
        assert!(limits.enter("a").is_err(), "the answer is not made yet");
        assert_eq!(axum::body::to_bytes(answered.into_body(), 10).await.unwrap(), "ab");
        assert!(limits.enter("a").is_ok());
        for (body, method) in [(pieces(), Method::GET), (Body::from("whole"), Method::POST)] {
            let _answered = until_answered(Response::new(body), &method, limits.enter("a").ok());
            assert!(limits.enter("a").is_ok(), "{method}");
        }
    }
}
