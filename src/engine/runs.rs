//! The door to the engine: a small handle that API, CLI and MCP share. No actor address leaves the engine.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::domain::{Answer, Entry, Intent, Layer, RunId, RunRequest, Seq, Snapshot, SnapshotId};
use crate::store::{Created, EntryFilter, Idempotency, NewCommand, NewRun, Page, Paged, RunFilter, RunRow};
use crate::tools::agent_runs::Told;
use crate::tools::workspace::Problem;

use super::clock::now_ms;
use super::conductor::{Conductor, Deliver, StartRun};
use super::feed::{self, Reading};
use super::run::headline;
use super::run::input::Refusal;
use super::run::state::RunState;
use super::shared::Shared;
use super::{Error, FrameStream, RunView};

/// Who owns runs until there are accounts.
const LOCAL_OWNER: &str = "local";
/// How often a command is brought to a run that is being rebuilt, and the wait between.
const DELIVERIES: u32 = 100;
const DELIVERY_WAIT: Duration = Duration::from_millis(100);

/// What a run may be told from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    ChangeIntent {
        intent: Intent,
    },
    Answer {
        question_id: String,
        answer: Answer,
    },
    Cancel {},
    Pause {},
    Resume {},
    /// Of the agent outside that carries out the run.
    Tell {
        author: String,
        told: Told,
    },
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
pub struct Runs {
    shared: Arc<Shared>,
    conductor: Addr<Conductor>,
}

impl Runs {
    pub fn new(shared: Arc<Shared>, conductor: Addr<Conductor>) -> Self {
        Self { shared, conductor }
    }

    /// Lets every run go on whose last event is not written.
    pub async fn resume_unfinished(&self) -> Result<usize, Error> {
        let unfinished = self.shared.store.unfinished_runs().await?;
        for run in &unfinished {
            self.conductor.send(StartRun { run: *run, row: None }).await.map_err(|_| Error::Stopping)?;
        }
        Ok(unfinished.len())
    }

    /// Creates a run and lets it begin. What the request names is checked first; the run is on disk when this returns,
    /// and is created wholly or not at all even when the caller goes away.
    pub async fn start(&self, request: RunRequest, key: Option<Idempotency>) -> Result<StartedRun, Error> {
        let door = self.clone();
        in_its_own_task(async move { door.create(request, key).await }).await
    }

    pub async fn run(&self, id: RunId) -> Result<RunRow, Error> {
        self.shared.store.run(id).await?.ok_or(Error::NoSuchRun(id))
    }

    pub async fn list(&self, filter: &RunFilter, page: &Page) -> Result<Paged<RunRow>, Error> {
        Ok(self.shared.store.runs(filter, page).await?)
    }

    /// A run's row, and its tasks, questions, intent and end as of the same event.
    pub async fn look(&self, id: RunId) -> Result<(RunRow, RunView), Error> {
        let row = self.run(id).await?;
        let mut state = RunState::new(row.request.clone());
        // What is committed after the row was read belongs to a younger row.
        while state.head + 1 < row.next_seq {
            let records = self.shared.store.records(id, state.head, 1_000).await?;
            let head = state.head;
            for record in records.iter().take_while(|record| record.seq < row.next_seq) {
                state.apply(&record.decode(id)?.body, record.at);
            }
            if state.head == head {
                break;
            }
        }
        Ok((row, state.view()))
    }

    /// Delivers a command; `command_id` makes a retry safe. Returns when what came of it is on disk.
    pub async fn deliver(&self, id: RunId, command: Command, command_id: Option<String>) -> Result<CommandOutcome, Error> {
        let door = self.clone();
        in_its_own_task(async move { door.bring(id, command, command_id).await }).await
    }

    /// The run's events after number `after` as SSE frames. With `live`, it goes on until the last event; without, it ends at the head.
    pub async fn follow(&self, id: RunId, after: Seq, live: bool) -> Result<FrameStream, Error> {
        // Subscribed before the row is read: what is committed in between comes by the feed.
        let feed = if live { Some(self.shared.feeds.of(id)) } else { None };
        let batches = feed.as_ref().map(|feed| feed.subscribe());
        let row = self.run(id).await;
        if live && row.as_ref().map_or(true, |row| row.status.is_ended()) {
            self.shared.feeds.forget(id);
        }
        let row = row?;
        let head = row.next_seq - 1;
        if after > head {
            return Err(Error::BeyondHead { run: id, after, head });
        }
        let live = batches.filter(|_| !row.status.is_ended());
        Ok(feed::stream(self.shared.store.clone(), &self.shared.settings, Reading { run: id, after, head, live }))
    }

    /// All runs' headlines: first one for each run that is not ended, then every change.
    pub async fn headlines(&self) -> Result<FrameStream, Error> {
        let changes = self.shared.feeds.headlines();
        let mut standing = Vec::new();
        for id in self.shared.store.unfinished_runs().await? {
            if let Some(row) = self.shared.store.run(id).await? {
                standing.push(headline::frame_of_row(&row));
            }
        }
        Ok(Box::pin(stream::iter(standing).chain(feed::follow_headlines(changes))))
    }

    /// What the run wrote into the catalog.
    pub async fn findings(&self, id: RunId, page: &Page) -> Result<Paged<Entry>, Error> {
        let row = self.run(id).await?;
        let Some(source) = row.source else { return Ok(Paged { items: Vec::new(), next: None }) };
        let filter = EntryFilter { layer: Some(Layer::Finding), run: Some(id), ..EntryFilter::default() };
        Ok(self.shared.store.entries(&source, &filter, page).await?)
    }

    pub(super) async fn snapshot(&self, id: &SnapshotId) -> Result<Option<Snapshot>, Error> {
        Ok(self.shared.store.snapshot(id).await?)
    }

    async fn create(&self, request: RunRequest, key: Option<Idempotency>) -> Result<StartedRun, Error> {
        self.shared.workbench.check(&request.source).await.map_err(|problem| match problem {
            Problem::Unusable(reason) | Problem::Unavailable(reason) => Error::Invalid { field: "source".to_owned(), reason },
        })?;
        let new = NewRun { id: RunId::fresh(), owner: LOCAL_OWNER.to_owned(), request, idempotency: key, at: now_ms() };
        match self.shared.store.create_run(new).await? {
            Created::New(row) => {
                let start = StartRun { run: row.id, row: Some(Box::new(row.clone())) };
                self.conductor.send(start).await.map_err(|_| Error::Stopping)?;
                Ok(StartedRun { row, fresh: true })
            }
            Created::Before(row) => Ok(StartedRun { row, fresh: false }),
            Created::KeyMisused => Err(Error::KeyMisused),
        }
    }

    async fn bring(&self, run: RunId, command: Command, command_id: Option<String>) -> Result<CommandOutcome, Error> {
        let command_id = command_id.unwrap_or_else(|| Uuid::new_v4().simple().to_string());
        let body = serde_json::to_string(&command).expect("commands are plain data and always serialise");
        for attempt in 0..DELIVERIES {
            let row = self.run(run).await?;
            let ended = row.status.is_ended();
            if ended && attempt == 0 && !self.is_known(run, &command_id, &body).await? {
                return Err(Error::RunEnded { run, status: row.status });
            }
            let new = NewCommand { run, command_id: command_id.clone(), body: body.clone(), at: now_ms() };
            let stored = self.shared.store.put_command(new).await?;
            if stored.body != body {
                return Err(Error::KeyMisused);
            }
            if let Some(outcome) = &stored.outcome {
                return decode(outcome, run);
            }
            if ended {
                return Err(Error::RunEnded { run, status: row.status });
            }
            let (reply, answer) = oneshot::channel();
            self.conductor.send(Deliver { run, command: stored, reply }).await.map_err(|_| Error::Stopping)?;
            match answer.await {
                Ok(Err(Error::Stopping)) | Err(_) => tokio::time::sleep(DELIVERY_WAIT).await,
                Ok(outcome) => return outcome,
            }
        }
        Err(Error::Stopping)
    }

    /// Whether a run that has ended consumed this command before it did.
    async fn is_known(&self, run: RunId, command_id: &str, body: &str) -> Result<bool, Error> {
        let found = self.shared.store.command(run, command_id).await?;
        Ok(found.is_some_and(|stored| stored.body == body && stored.outcome.is_some()))
    }
}

/// Work that goes on to its end even when the caller goes away.
async fn in_its_own_task<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Result<T, Error> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(failed) => {
            tracing::error!(error = %failed, "a call of the engine came to grief");
            Err(Error::Stopping)
        }
    }
}

fn decode(outcome: &str, run: RunId) -> Result<CommandOutcome, Error> {
    let outcome: Result<CommandOutcome, Refusal> = serde_json::from_str(outcome)
        .map_err(|error| Error::Store(crate::store::Error::Corrupt(format!("the outcome of a command of {run}: {error}"))))?;
    outcome.map_err(|refusal| refusal.into_error(run))
}
