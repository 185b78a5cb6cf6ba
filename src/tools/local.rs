//! The workbench of this process: sources stay open and are shared, and a database that has not changed is not harvested again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::workspace::{Problem, Workbench, Workspace};
use crate::catalog::harvested;
use crate::domain::{Snapshot, SnapshotId, SourceKey};
use crate::source::{self, Dsn, Fingerprint, Source};
use crate::store::{self, Store};

/// Entries written at once; a harvest of thousands of columns does not become one long transaction.
const ENTRIES_A_WRITE: usize = 500;

pub struct LocalWorkbench {
    store: Arc<dyn Store>,
    settings: source::Settings,
    slots: Mutex<HashMap<SourceKey, Arc<Slot>>>,
    uses: AtomicU64,
}

/// One source; whoever holds its lock opens or harvests it for all who wait.
#[derive(Default)]
struct Slot {
    open: tokio::sync::Mutex<Option<Open>>,
    last_use: AtomicU64,
}

struct Open {
    identity: Option<u64>,
    source: Arc<dyn Source>,
    harvested: Option<(Fingerprint, Arc<Workspace>)>,
}

impl LocalWorkbench {
    pub fn new(store: Arc<dyn Store>, settings: source::Settings) -> Self {
        Self { store, settings, slots: Mutex::new(HashMap::new()), uses: AtomicU64::new(0) }
    }

    fn slot(&self, key: &SourceKey) -> Arc<Slot> {
        let now = self.uses.fetch_add(1, Ordering::Relaxed);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(key) && slots.len() >= self.settings.open_sources.max(1) {
            // Runs that still use it hold the source themselves.
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.last_use.load(Ordering::Relaxed)).map(|(key, _)| key.clone());
            oldest.map(|oldest| slots.remove(&oldest));
        }
        let slot = slots.entry(key.clone()).or_default().clone();
        slot.last_use.store(now, Ordering::Relaxed);
        slot
    }

    fn workspace(&self, key: &SourceKey, snapshot: Snapshot, source: &Arc<dyn Source>) -> Arc<Workspace> {
        Arc::new(Workspace { key: key.clone(), snapshot: Arc::new(snapshot), source: source.clone(), store: self.store.clone() })
    }

    /// The snapshot goes in last, so that its presence says that its entries are there.
    async fn keep(&self, snapshot: &Snapshot) -> Result<(), Problem> {
        if self.store.snapshot(&snapshot.id).await.map_err(stored)?.is_some() {
            return Ok(());
        }
        let mut entries = harvested::entries(snapshot).into_iter();
        loop {
            let part: Vec<_> = entries.by_ref().take(ENTRIES_A_WRITE).collect();
            if part.is_empty() {
                break;
            }
            self.store.put_entries(&snapshot.source, part).await.map_err(stored)?;
        }
        self.store.put_snapshot(snapshot).await.map_err(stored)
    }
}

#[async_trait]
impl Workbench for LocalWorkbench {
    async fn check(&self, source: &str) -> Result<(), Problem> {
        understood(source).await.map(drop)
    }

    async fn open(&self, source: &str, snapshot: Option<&SnapshotId>) -> Result<Arc<Workspace>, Problem> {
        let (dsn, fingerprint) = understood(source).await?;
        let key = dsn.key();
        let slot = self.slot(&key);
        let mut place = slot.open.lock().await;
        let identity = fingerprint.as_ref().map(|fingerprint| fingerprint.identity);
        // Another file under the same name: the connections lead to the one that is gone.
        if place.as_ref().is_some_and(|open| open.identity != identity) {
            *place = None;
        }
        if place.is_none() {
            *place = Some(Open { identity, source: source::open(&dsn, &self.settings).await.map_err(opened)?, harvested: None });
        }
        let open = place.as_mut().expect("was filled just now");
        if let Some(id) = snapshot {
            let found = self.store.snapshot(id).await.map_err(stored)?;
            let found =
                found.ok_or_else(|| Problem::Unusable(format!("there is no snapshot `{id}`; leave it out to harvest the source anew")))?;
            if found.source != key {
                return Err(Problem::Unusable(format!("snapshot `{id}` is of `{}`, not of `{key}`", found.source)));
            }
            return Ok(self.workspace(&key, found, &open.source));
        }
        if let (Some((before, workspace)), Some(now)) = (&open.harvested, &fingerprint)
            && before == now
        {
            return Ok(workspace.clone());
        }
        let snapshot = open.source.harvest().await.map_err(opened)?;
        self.keep(&snapshot).await?;
        let workspace = self.workspace(&key, snapshot, &open.source);
        // Taken before the harvest: a commit in between makes the next who asks harvest again.
        open.harvested = fingerprint.map(|fingerprint| (fingerprint, workspace.clone()));
        Ok(workspace)
    }
}

async fn understood(source: &str) -> Result<(Dsn, Option<Fingerprint>), Problem> {
    let words = source.to_owned();
    let looking = tokio::task::spawn_blocking(move || Dsn::parse(&words).map(|dsn| (dsn.fingerprint(), dsn)));
    match looking.await {
        Ok(Ok((fingerprint, dsn))) => Ok((dsn, fingerprint)),
        Ok(Err(error)) => Err(opened(error)),
        Err(error) => Err(Problem::Unavailable(format!("the file system could not be asked: {error}"))),
    }
}

fn opened(error: source::Error) -> Problem {
    match error {
        source::Error::CannotOpen { .. } => Problem::Unusable(error.to_string()),
        source::Error::TimedOut(_) | source::Error::Statement(_) | source::Error::Unavailable(_) => Problem::Unavailable(error.to_string()),
    }
}

fn stored(error: store::Error) -> Problem {
    Problem::Unavailable(error.to_string())
}
