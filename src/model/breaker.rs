//! A circuit breaker: after failures in a row, calls to a provider, or to any other server, are suspended, so that it can come back.
//!
//! After a suspension one call at a time probes; its success opens the way for all, its failure doubles the suspension.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// No suspension is longer, however long a provider is down.
const LONGEST: Duration = Duration::from_secs(300);

/// While a probe is out, others look again after this time.
const PROBE_PAUSE: Duration = Duration::from_secs(1);

pub struct Breaker {
    threshold: u32,
    first_suspension: Duration,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, suspension: Duration },
    Probing,
}

/// What a call turned out to say about the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answered, if only to refuse.
    Alive,
    Failed,
}

/// Leave to make one call; it wants to hear how the call went. Dropped unused, nothing was learnt.
pub struct Pass<'a> {
    breaker: &'a Breaker,
    probe: Option<Duration>,
}

impl Breaker {
    pub fn new(threshold: u32, first_suspension: Duration) -> Self {
        Self { threshold: threshold.max(1), first_suspension, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Leave to call, or how long to wait before asking again.
    pub fn admit(&self) -> Result<Pass<'_>, Duration> {
        let mut state = self.lock();
        match *state {
            State::Closed { .. } => Ok(Pass { breaker: self, probe: None }),
            State::Open { until, suspension } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(left);
                }
                *state = State::Probing;
                Ok(Pass { breaker: self, probe: Some(suspension) })
            }
            State::Probing => Err(PROBE_PAUSE),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Pass<'_> {
    pub fn report(mut self, verdict: Verdict) {
        let probe = self.probe.take();
        let mut state = self.breaker.lock();
        let next = match (verdict, *state, probe) {
            (Verdict::Alive, _, Some(_)) | (Verdict::Alive, State::Closed { .. }, None) => State::Closed { failures: 0 },
            (Verdict::Failed, _, Some(suspension)) => open((suspension * 2).min(LONGEST)),
            (Verdict::Failed, State::Closed { failures }, None) if failures + 1 >= self.breaker.threshold => {
                open(self.breaker.first_suspension)
            }
            (Verdict::Failed, State::Closed { failures }, None) => State::Closed { failures: failures + 1 },
            // A call from before the suspension comes back late; the probe decides.
            (_, suspended, None) => suspended,
        };
        *state = next;
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // A probe whose caller went away: the next one may probe at once.
        if let Some(suspension) = self.probe {
            *self.breaker.lock() = State::Open { until: Instant::now(), suspension };
        }
    }
}

fn open(suspension: Duration) -> State {
    State::Open { until: Instant::now() + suspension, suspension }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted<'a>(breaker: &'a Breaker, what: &str) -> Pass<'a> {
        breaker.admit().unwrap_or_else(|wait| panic!("{what} has to wait for {wait:?}"))
    }

    fn fail(breaker: &Breaker) {
        admitted(breaker, "a call").report(Verdict::Failed);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_suspend_and_one_probe_decides() {
        let breaker = Breaker::new(3, Duration::from_secs(10));
        fail(&breaker);
        fail(&breaker);
        admitted(&breaker, "a call").report(Verdict::Alive);
        fail(&breaker);
        fail(&breaker);
        let late = admitted(&breaker, "a call");
        fail(&breaker);
        assert_eq!(breaker.admit().err(), Some(Duration::from_secs(10)));
        late.report(Verdict::Alive);
        assert!(breaker.admit().is_err(), "an older call closed it");

        tokio::time::advance(Duration::from_secs(10)).await;
        let probe = admitted(&breaker, "a probe");
        assert_eq!(breaker.admit().err(), Some(PROBE_PAUSE));
        probe.report(Verdict::Failed);
        assert_eq!(breaker.admit().err(), Some(Duration::from_secs(20)));

        tokio::time::advance(Duration::from_secs(20)).await;
        drop(admitted(&breaker, "a probe that is cancelled"));
        admitted(&breaker, "the next probe").report(Verdict::Alive);
        fail(&breaker);
        assert!(breaker.admit().is_ok(), "closed again, and counting from the start");
    }
}
