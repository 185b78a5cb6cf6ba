//! Harvests as jobs: started once, watched by anybody, stopped by a word. One at a time a source; the last ones are remembered.
//!
//! A job lives in this process: what it has read is kept whole or not at all, so one that a crash cut off left nothing and is begun again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::workspace::{Problem, Workbench, Workspace};
use crate::catalog::Differences;
use crate::domain::{SnapshotId, SourceKey};
use crate::source::Progress;
use crate::store::{self, Store};

/// Jobs that are remembered.
const REMEMBERED: usize = 100;

pub struct Harvests {
    workbench: Arc<dyn Workbench>,
    store: Arc<dyn Store>,
    clock: fn() -> i64,
    jobs: Mutex<VecDeque<Arc<Harvest>>>,
}

/// One job.
pub struct Harvest {
    /// `hrv_` and 32 hexadecimal digits.
    pub id: String,
    pub source: SourceKey,
    /// Of the words that open the source: others may be another user's, who sees something else.
    words: u64,
    happened: watch::Sender<Vec<Happened>>,
    stop: CancellationToken,
}

/// However the work ends, the job does: nobody waits for one that broke, and its clock stops.
struct Ending {
    job: Arc<Harvest>,
    clock: fn() -> i64,
}

/// An event of a job; numbered from 1, without gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Happened {
    pub seq: usize,
    /// Milliseconds since 1970.
    pub ts: i64,
    #[serde(flatten)]
    pub step: Step,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "message", content = "data", rename_all = "snake_case")]
pub enum Step {
    Started {},
    /// So much of one part was read, or is kept.
    Progress {
        part: String,
        count: usize,
    },
    Done {
        #[serde(flatten)]
        found: Harvested,
        elapsed_ms: u64,
    },
    Failed {
        reason: String,
    },
    Cancelled {},
    /// It took longer than it was given.
    TimedOut {
        time_limit_ms: u64,
    },
}

/// What a harvest found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Harvested {
    #[schema(value_type = String)]
    pub snapshot: SnapshotId,
    pub engine: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub engine_version: String,
    pub schemas: usize,
    pub tables: usize,
    pub views: usize,
    pub columns: usize,
    pub foreign_keys: usize,
    pub indexes: usize,
    pub routines: usize,
    /// Against the harvest before; none where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// What is there and could not be read, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Changes {
    #[schema(value_type = String)]
    pub since: SnapshotId,
    pub added: usize,
    pub removed: usize,
    pub changed: usize,
}

impl Harvests {
    pub fn new(workbench: Arc<dyn Workbench>, store: Arc<dyn Store>, clock: fn() -> i64) -> Self {
        Self { workbench, store, clock, jobs: Mutex::default() }
    }

    /// Starts a job, or finds the one that is reading this source already, whose own time limit holds.
    pub async fn start(self: &Arc<Self>, source: &str, time_limit: Option<Duration>) -> Result<(Arc<Harvest>, bool), Problem> {
        let key = self.workbench.check(source).await?;
        let words = xxhash_rust::xxh3::xxh3_64(source.trim().as_bytes());
        let job = {
            let mut jobs = self.jobs();
            if let Some(running) = jobs.iter().find(|job| job.source == key && job.words == words && !job.has_ended()) {
                return Ok((running.clone(), false));
            }
            let job = Arc::new(Harvest::begun(key, words, (self.clock)()));
            if jobs.len() >= REMEMBERED
                && let Some(oldest) = jobs.iter().position(|job| job.has_ended())
            {
                jobs.remove(oldest);
            }
            jobs.push_back(job.clone());
            job
        };
        tokio::spawn(self.clone().carry_out(job.clone(), source.to_owned(), time_limit));
        Ok((job, true))
    }

    pub fn find(&self, id: &str) -> Option<Arc<Harvest>> {
        self.jobs().iter().find(|job| job.id == id).cloned()
    }

    /// Newest first.
    pub fn all(&self) -> Vec<Arc<Harvest>> {
        self.jobs().iter().rev().cloned().collect()
    }

    async fn carry_out(self: Arc<Self>, job: Arc<Harvest>, source: String, time_limit: Option<Duration>) {
        let started = Instant::now();
        let _ending = Ending { job: job.clone(), clock: self.clock };
        let (told, clock) = (job.clone(), self.clock);
        let hear = move |part: &'static str, count| told.tell(clock(), Step::Progress { part: part.to_owned(), count });
        let progress = Progress::heard_by(hear, job.stop.clone());
        let out_of_time = CancellationToken::new();
        if let Some(time) = time_limit {
            let (stop, late) = (job.stop.clone(), out_of_time.clone());
            tokio::spawn(async move {
                // Nobody hears it once the job has ended.
                if tokio::time::timeout(time, stop.cancelled()).await.is_err() {
                    late.cancel();
                    stop.cancel();
                }
            });
        }
        let before = self.store.snapshots(&job.source, 1).await;
        let last = match self.workbench.harvest(&source, &progress).await {
            Ok(workspace) => {
                let told = async {
                    let before = before?.into_iter().next().map(|row| row.id);
                    Harvested::of(&workspace, before.as_ref(), None).await
                };
                let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                told.await
                    .map_or_else(|error: store::Error| Step::Failed { reason: error.to_string() }, |found| Step::Done { found, elapsed_ms })
            }
            Err(_) if out_of_time.is_cancelled() => {
                Step::TimedOut { time_limit_ms: u64::try_from(time_limit.unwrap_or_default().as_millis()).unwrap_or(u64::MAX) }
            }
            Err(_) if job.stop.is_cancelled() => Step::Cancelled {},
            Err(problem) => Step::Failed { reason: problem.to_string() },
        };
        job.tell((self.clock)(), last);
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Arc<Harvest>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Harvested {
    /// What a workspace's snapshot holds, all of it or one schema's part, against the state before.
    pub async fn of(workspace: &Workspace, before: Option<&SnapshotId>, schema: Option<&str>) -> Result<Self, store::Error> {
        let now = &workspace.snapshot;
        let changes = match before {
            None => None,
            Some(before) if *before == now.id => Some(Changes { since: before.clone(), added: 0, removed: 0, changed: 0 }),
            Some(before) => workspace.store.snapshot(before).await?.map(|before| {
                let Differences { added, removed, changed } = Differences::between(&before, now);
                Changes { since: before.id, added: added.len(), removed: removed.len(), changed: changed.len() }
            }),
        };
        let is_meant = |name: &str| schema.is_none_or(|schema| schema == name);
        let tables = || now.tables.iter().filter(|table| is_meant(&table.schema));
        let views = tables().filter(|table| table.kind.is_derived()).count();
        Ok(Self {
            snapshot: now.id.clone(),
            engine: now.engine.clone(),
            engine_version: now.engine_version.clone(),
            schemas: now.schemas.iter().filter(|name| is_meant(name)).count(),
            tables: tables().count() - views,
            views,
            columns: tables().map(|table| table.columns.len()).sum(),
            foreign_keys: tables().map(|table| table.foreign_keys.len()).sum(),
            indexes: tables().map(|table| table.indexes.len()).sum(),
            routines: now.routines.iter().filter(|routine| is_meant(&routine.schema)).count(),
            changes,
            unread: now.unread.clone(),
        })
    }
}

impl Harvest {
    fn begun(source: SourceKey, words: u64, at: i64) -> Self {
        let started = Happened { seq: 1, ts: at, step: Step::Started {} };
        let id = format!("hrv_{}", Uuid::now_v7().simple());
        Self { id, source, words, happened: watch::Sender::new(vec![started]), stop: CancellationToken::new() }
    }

    /// Everything so far, and word of what comes.
    pub fn watch(&self) -> watch::Receiver<Vec<Happened>> {
        self.happened.subscribe()
    }

    pub fn last(&self) -> Happened {
        self.happened.borrow().last().cloned().expect("a job begins with an event")
    }

    pub fn has_ended(&self) -> bool {
        self.happened.borrow().last().is_some_and(|last| last.step.is_last())
    }

    /// The word to stop. What was read whole by then is kept all the same.
    pub fn cancel(&self) {
        self.stop.cancel();
    }

    fn tell(&self, ts: i64, step: Step) {
        self.happened.send_modify(|happened| happened.push(Happened { seq: happened.len() + 1, ts, step }));
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.job.has_ended() {
            self.job.tell((self.clock)(), Step::Failed { reason: "the harvest broke off, which is a fault of fathom".to_owned() });
        }
        self.job.stop.cancel();
    }
}

impl Step {
    pub fn is_last(&self) -> bool {
        !matches!(self, Self::Started {} | Self::Progress { .. })
    }
}
