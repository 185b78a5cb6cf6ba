//! The door to the engine: a small handle that API, CLI and MCP share. No actor address leaves the engine.

use serde::{Deserialize, Serialize};

use super::{Error, FrameStream, RunView};
use crate::domain::{Answer, Entry, Intent, RunId, RunRequest, Seq};
use crate::store::{Idempotency, Page, Paged, RunFilter, RunRow};

/// What a person may tell a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    ChangeIntent { intent: Intent },
    Answer { question_id: String, answer: Answer },
    Cancel {},
    Pause {},
    Resume {},
}

/// What came of a command: the number of the event that it became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutcome {
    pub seq: Seq,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StartedRun {
    pub row: RunRow,
    /// False where the same idempotency key had started it before.
    pub fresh: bool,
}

#[derive(Clone)]
pub struct Runs {}

impl Runs {
    /// Creates a run and lets it begin. What the request names is checked first; the run is on disk when this returns,
    /// and is created wholly or not at all even when the caller goes away.
    pub async fn start(&self, request: RunRequest, key: Option<Idempotency>) -> Result<StartedRun, Error> {
        let _ = (request, key);
        Err(Error::Stopping)
    }

    pub async fn run(&self, id: RunId) -> Result<RunRow, Error> {
        Err(Error::NoSuchRun(id))
    }

    pub async fn list(&self, filter: &RunFilter, page: &Page) -> Result<Paged<RunRow>, Error> {
        let _ = (filter, page);
        Err(Error::Stopping)
    }

    /// Tasks, questions, intent and end of a run, as of its last committed event.
    pub async fn look(&self, id: RunId) -> Result<RunView, Error> {
        Err(Error::NoSuchRun(id))
    }

    /// Delivers a command; `command_id` makes a retry safe. Returns when what came of it is on disk.
    pub async fn deliver(&self, id: RunId, command: Command, command_id: Option<String>) -> Result<CommandOutcome, Error> {
        let _ = (command, command_id);
        Err(Error::NoSuchRun(id))
    }

    /// The run's events after number `after` as SSE frames. With `live`, it goes on until the last event; without, it ends at the head.
    pub async fn follow(&self, id: RunId, after: Seq, live: bool) -> Result<FrameStream, Error> {
        let _ = (after, live);
        Err(Error::NoSuchRun(id))
    }

    /// All runs' headlines: first one for each run that is not ended, then every change.
    pub async fn headlines(&self) -> Result<FrameStream, Error> {
        Err(Error::Stopping)
    }

    /// What the run wrote into the catalog.
    pub async fn findings(&self, id: RunId, page: &Page) -> Result<Paged<Entry>, Error> {
        let _ = page;
        Err(Error::NoSuchRun(id))
    }
}
