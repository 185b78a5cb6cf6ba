//! One model with everything that keeps its calls within bounds: places, rate, breaker, retries, time, price, telemetry.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument;

use super::breaker::{Breaker, Verdict};
use super::limit::Limits;
use super::meter::Price;
use super::port::{Error, Reply, Request};
use super::retry::Policy;
use super::watch;
use super::wire::{Failure, Wire};
use crate::telemetry::spans;

/// What the models of one server share.
pub(super) struct Provider {
    pub name: String,
    pub limits: Limits,
    pub breaker: Breaker,
}

pub(super) struct Link {
    pub name: Arc<str>,
    pub wire: Box<dyn Wire>,
    pub provider: Arc<Provider>,
    pub policy: Policy,
    pub attempt_limit: Duration,
    pub price: Option<Price>,
}

/// Whether a call waits for a suspended provider, or leaves it to the next model of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suspension {
    WaitFor,
    GiveUp,
}

impl Link {
    /// Calls until there is an answer, the attempts are used up, no retry can help, or the time is over.
    pub async fn reply(&self, request: &Request, limit: Duration, suspension: Suspension) -> Result<Reply, Error> {
        let begun = Instant::now();
        let deadline = begun + limit;
        let span = spans::model(&self.name, &request.purpose);
        let outcome = match tokio::time::timeout_at(deadline, self.attempts(request, deadline, suspension)).instrument(span.clone()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::TimedOut(limit)),
        };
        let outcome = outcome.map(|mut reply| {
            reply.duration = begun.elapsed();
            reply.usage.usd = self.price.map_or(0.0, |price| price.of(&reply.usage));
            reply
        });
        watch::call(&span, &self.name, &request.purpose, begun.elapsed(), &outcome);
        outcome
    }

    async fn attempts(&self, request: &Request, deadline: Instant, suspension: Suspension) -> Result<Reply, Error> {
        let mut made = 0;
        let mut requests = 0;
        let mut patience = self.policy.max_wait;
        let mut remarks = Vec::new();
        loop {
            let failure = match self.attempt(request, deadline).await {
                Ok(mut reply) => {
                    reply.attempts += requests;
                    if !remarks.is_empty() {
                        remarks.append(&mut reply.remarks);
                        reply.remarks = remarks;
                    }
                    return Ok(reply);
                }
                Err(failure) => failure,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = if let Error::Suspended { retry_after, .. } = &failure.error {
                // Who waits for a provider to come back uses up patience, not attempts.
                let wait = jittered(*retry_after);
                if suspension == Suspension::GiveUp || wait > patience {
                    return Err(failure.error);
                }
                patience -= wait;
                wait
            } else {
                made += 1;
                requests += failure.attempts;
                match self.policy.wait(made, &failure.error, failure.hint) {
                    Some(wait) => wait,
                    None => return Err(failure.error),
                }
            };
            if wait >= left {
                return Err(failure.error);
            }
            remarks.push(format!("tried again after {} ms: {}", wait.as_millis(), failure.error));
            remarks.truncate(8);
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, request: &Request, deadline: Instant) -> Result<Reply, Failure> {
        let _place = self.provider.limits.enter().await;
        let suspended = |retry_after| Error::Suspended { provider: self.provider.name.clone(), retry_after };
        let pass = self.provider.breaker.admit().map_err(|wait| Failure { error: suspended(wait), hint: None, attempts: 0 })?;
        let _in_flight = watch::InFlight::enter();
        let attempt_end = Instant::now() + self.attempt_limit;
        let outcome = if attempt_end < deadline {
            let out_of_time = |_| Err(Failure::new(Error::TimedOut(self.attempt_limit)));
            tokio::time::timeout_at(attempt_end, self.wire.reply(request)).await.unwrap_or_else(out_of_time)
        } else {
            self.wire.reply(request).await
        };
        pass.report(match &outcome {
            Err(Failure { error: Error::Unavailable(_) | Error::Unreachable(_) | Error::TimedOut(_), .. }) => Verdict::Failed,
            Ok(_) | Err(_) => Verdict::Alive,
        });
        outcome
    }
}

fn jittered(wait: Duration) -> Duration {
    wait + wait.mul_f64(rand::Rng::random_range(&mut rand::rng(), 0.0..0.1))
}

#[cfg(test)]
mod tests;
