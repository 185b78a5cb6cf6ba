//! How many requests go to one provider: at once, and a minute. Who finds no place waits; nobody is turned away here.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rand::Rng;
use tokio::sync::{Semaphore, SemaphorePermit};

pub(super) struct Limits {
    places: Semaphore,
    rate: Option<DefaultDirectRateLimiter>,
    clock: DefaultClock,
}

impl Limits {
    pub fn new(max_in_flight: usize, requests_per_minute: Option<u32>) -> Self {
        let rate = requests_per_minute.and_then(NonZeroU32::new).map(|per_minute| {
            // Spread over the minute; a burst of a sixth of it is let through at once.
            let burst = NonZeroU32::new(per_minute.get() / 6).unwrap_or(NonZeroU32::MIN);
            RateLimiter::direct(Quota::per_minute(per_minute).allow_burst(burst))
        });
        Self { places: Semaphore::new(max_in_flight.clamp(1, Semaphore::MAX_PERMITS)), rate, clock: DefaultClock::default() }
    }

    /// A place among the requests in flight; it is free again when the value is dropped.
    pub async fn enter(&self) -> SemaphorePermit<'_> {
        if let Some(rate) = &self.rate {
            while let Err(not_yet) = rate.check() {
                let jitter = Duration::from_millis(rand::rng().random_range(0..50));
                tokio::time::sleep(not_yet.wait_time_from(self.clock.now()) + jitter).await;
            }
        }
        self.places.acquire().await.expect("the places are never closed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn no_more_than_the_limit_are_inside() {
        let limits = Limits::new(2, None);
        let (first, _second) = (limits.enter().await, limits.enter().await);
        let third = tokio::time::timeout(Duration::from_millis(20), limits.enter()).await;
        assert!(third.is_err(), "a third got in");
        drop(first);
        drop(limits.enter().await);
    }

    #[tokio::test]
    async fn requests_beyond_the_rate_wait() {
        // 600 a minute: a burst of 100, then one each 100 ms.
        let limits = Limits::new(1_000, Some(600));
        let start = Instant::now();
        for _ in 0..100 {
            drop(limits.enter().await);
        }
        let burst = start.elapsed();
        for _ in 0..3 {
            drop(limits.enter().await);
        }
        assert!(start.elapsed() - burst.min(Duration::from_millis(50)) >= Duration::from_millis(150), "{burst:?} {:?}", start.elapsed());
    }
}
