//! How long nothing was added to the journal of a run that is carried out outside. Time when nobody served it does not count.

use std::time::{Duration, Instant};

use super::input::Input;
use super::state::RunState;
use crate::domain::Seq;
use crate::engine::Settings;

pub struct Silence {
    limit: Duration,
    head: Seq,
    since: Instant,
}

impl Silence {
    /// None for runs of our own experts.
    pub fn of(state: &RunState, settings: &Settings) -> Option<Self> {
        let limit = Duration::from_secs(settings.agent_silence_s);
        state.request.outside.as_ref().map(|_| Self { limit, head: state.head, since: Instant::now() })
    }

    /// How often it is to be looked at.
    pub fn every(&self) -> Duration {
        (self.limit / 4).max(Duration::from_millis(250))
    }

    pub fn over(&mut self, state: &RunState) -> Option<Input> {
        if state.head != self.head {
            (self.head, self.since) = (state.head, Instant::now());
        }
        (self.since.elapsed() >= self.limit).then_some(Input::AgentSilent { seconds: self.limit.as_secs() })
    }
}
