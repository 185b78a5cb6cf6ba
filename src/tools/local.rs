//! The workbench of this process: sources stay open and are shared, and a database that has not changed is not harvested again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::watch;

use super::survey::Extent;
use super::workspace::{Problem, Workbench, Workspace};
use crate::catalog::{harvested, stale};
use crate::domain::{Egress, Snapshot, SnapshotId, SourceKey};
use crate::source::remote::{NoPeers, Peers};
use crate::source::{self, Bounded, Dsn, Fingerprint, Limits, Progress, Source};
use crate::store::{self, BookError, SourceBook, Store};

/// Entries written at once; a harvest of thousands of columns does not become one long transaction.
const ENTRIES_A_WRITE: usize = 4_000;

/// Calls that look within so short a time see the same.
const AT_ONCE: Duration = Duration::from_millis(5);

/// Tables that a survey reads at once; others want connections, too.
const SURVEYED_AT_ONCE: usize = 2;

pub struct LocalWorkbench {
    store: Arc<dyn Store>,
    book: Arc<SourceBook>,
    settings: source::Settings,
    peers: Arc<dyn Peers>,
    slots: Mutex<HashMap<SourceKey, Arc<Slot>>>,
    uses: AtomicU64,
    glances: Mutex<HashMap<String, Glance>>,
    rebuilt: watch::Sender<u64>,
}

/// What the words of a source stood for a moment ago.
#[derive(Clone)]
struct Glance {
    at: Instant,
    dsn: Dsn,
    fingerprint: Option<Fingerprint>,
}

/// One source; whoever holds its lock opens or harvests it for all who wait.
#[derive(Default)]
struct Slot {
    open: tokio::sync::Mutex<Option<Open>>,
    last_use: AtomicU64,
}

struct Open {
    identity: (u64, Option<u64>),
    source: Arc<dyn Source>,
    egress: Egress,
    harvested: Option<Harvested>,
}

struct Harvested {
    /// As the files were then; none where it cannot be told.
    fingerprint: Option<Fingerprint>,
    at: Instant,
    workspace: Arc<Workspace>,
}

impl LocalWorkbench {
    pub fn new(store: Arc<dyn Store>, book: Arc<SourceBook>, settings: source::Settings) -> Self {
        Self {
            store,
            book,
            settings,
            peers: Arc::new(NoPeers),
            slots: Mutex::default(),
            uses: AtomicU64::new(0),
            glances: Mutex::default(),
            rebuilt: watch::channel(0).0,
        }
    }

    /// With remote servers, whose databases can then be opened.
    pub fn with_peers(self, peers: Arc<dyn Peers>) -> Self {
        Self { peers, ..self }
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

    fn workspace(&self, key: &SourceKey, snapshot: Snapshot, open: &Open) -> Arc<Workspace> {
        let extent = Extent {
            time: Duration::from_millis(self.settings.survey_time_ms),
            rows: self.settings.survey_rows,
            at_once: self.settings.pool.clamp(1, SURVEYED_AT_ONCE),
        };
        Arc::new(Workspace::new(key.clone(), Arc::new(snapshot), open.source.clone(), self.store.clone(), extent).with_egress(open.egress))
    }

    /// The snapshot goes in last, so that its presence says that its entries are there.
    async fn keep(&self, snapshot: &Snapshot, progress: &Progress) -> Result<(), Problem> {
        let latest = self.store.snapshots(&snapshot.source, 1).await.map_err(stored)?.into_iter().next().map(|row| row.id);
        if latest.as_ref() == Some(&snapshot.id) {
            return self.store.put_snapshot(snapshot).await.map_err(stored);
        }
        let mut entries = harvested::entries(snapshot);
        // Neighbours are written together, and a part of which nothing is there yet is seen to be new.
        entries.sort_by(|one, other| (one.kind == "column", &one.kind, &one.key).cmp(&(other.kind == "column", &other.kind, &other.key)));
        let mut entries = entries.into_iter();
        let mut kept = progress.part("entries kept");
        loop {
            let part: Vec<_> = entries.by_ref().take(ENTRIES_A_WRITE).collect();
            if part.is_empty() {
                break;
            }
            let count = part.len();
            self.store.put_entries(&snapshot.source, part).await.map_err(stored)?;
            kept.more(count);
        }
        kept.whole();
        stale::mark_touched(self.store.as_ref(), latest.as_ref(), snapshot).await.map_err(stored)?;
        self.store.put_snapshot(snapshot).await.map_err(stored)?;
        self.rebuilt.send_modify(|times| *times += 1);
        Ok(())
    }
}

/// What the words of a source stand for.
struct Meant {
    key: SourceKey,
    dsn: Dsn,
    limits: Limits,
    fingerprint: Option<Fingerprint>,
    /// What connections lead to: another one needs others.
    identity: (u64, Option<u64>),
}

/// How old a harvest may be that is used again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    /// None will do.
    Anew,
    Unchanged,
    AtMost(Duration),
}

#[async_trait]
impl Workbench for LocalWorkbench {
    async fn check(&self, source: &str) -> Result<SourceKey, Problem> {
        self.meant(source, Age::Unchanged).await.map(|meant| meant.key)
    }

    async fn open(&self, source: &str, snapshot: Option<&SnapshotId>) -> Result<Arc<Workspace>, Problem> {
        self.workspace_of(source, snapshot, Age::Unchanged, &Progress::unheard()).await
    }

    async fn harvest(&self, source: &str, progress: &Progress) -> Result<Arc<Workspace>, Problem> {
        self.workspace_of(source, None, Age::Anew, progress).await
    }

    async fn look(&self, source: &str) -> Result<Arc<Workspace>, Problem> {
        self.workspace_of(source, None, self.recent(), &Progress::unheard()).await
    }

    async fn is_at_hand(&self, source: &str) -> bool {
        let Ok(Meant { key, fingerprint, identity, .. }) = self.meant(source, self.recent()).await else { return false };
        let slot = self.slot(&key);
        // Whoever holds it may be about to harvest.
        let Ok(place) = slot.open.try_lock() else { return false };
        let open = place.as_ref().filter(|open| open.identity == identity);
        open.and_then(|open| open.harvested.as_ref()).is_some_and(|harvested| harvested.will_do(fingerprint.as_ref(), self.recent()))
    }

    fn rebuilt(&self) -> watch::Receiver<u64> {
        self.rebuilt.subscribe()
    }
}

impl LocalWorkbench {
    fn recent(&self) -> Age {
        Age::AtMost(Duration::from_secs(self.settings.harvest_age_s))
    }

    async fn workspace_of(
        &self,
        source: &str,
        snapshot: Option<&SnapshotId>,
        age: Age,
        progress: &Progress,
    ) -> Result<Arc<Workspace>, Problem> {
        let Meant { key, dsn, limits, fingerprint, identity } = self.meant(source, age).await?;
        let slot = self.slot(&key);
        let mut place = unless_stopped(progress, slot.open.lock()).await?;
        if place.as_ref().is_some_and(|open| open.identity != identity) {
            *place = None;
        }
        if place.is_none() {
            let settings = self.settings.with(&limits);
            let source = unless_stopped(progress, source::open_among(self.peers.as_ref(), &dsn, &settings)).await?.map_err(opened)?;
            let source = Arc::new(Bounded::new(source, limits));
            *place = Some(Open { identity, source, egress: settings.egress, harvested: None });
        }
        let open = place.as_mut().expect("was filled just now");
        if let Some(id) = snapshot {
            let found = self.store.snapshot(id).await.map_err(stored)?;
            let found =
                found.ok_or_else(|| Problem::Unusable(format!("there is no snapshot `{id}`; leave it out to harvest the source anew")))?;
            if found.source != key {
                return Err(Problem::Unusable(format!("snapshot `{id}` is of `{}`, not of `{key}`", found.source)));
            }
            return Ok(self.workspace(&key, found, open));
        }
        if let Some(harvested) = &open.harvested
            && harvested.will_do(fingerprint.as_ref(), age)
        {
            return Ok(harvested.workspace.clone());
        }
        let at = Instant::now();
        let mut snapshot = unless_stopped(progress, open.source.harvest_telling(progress)).await?.map_err(opened)?;
        if snapshot.source != key {
            snapshot.source = key.clone();
            snapshot = snapshot.named();
        }
        self.keep(&snapshot, progress).await?;
        let workspace = self.workspace(&key, snapshot, open);
        // Taken before the harvest: a commit in between makes the next who asks harvest again.
        open.harvested = Some(Harvested { fingerprint, at, workspace: workspace.clone() });
        Ok(workspace)
    }

    async fn meant(&self, source: &str, age: Age) -> Result<Meant, Problem> {
        let source = source.trim();
        let (words, name, limits) = if SourceBook::is_name(source) {
            let found = self.book.find(source).await.map_err(registered)?;
            let (words, limits) = match found {
                Some(found) => found,
                None => return Err(self.unknown(source).await),
            };
            (words, Some(SourceKey(source.to_owned())), limits)
        } else {
            (source.to_owned(), None, Limits::default())
        };
        // A source that was registered anew with other lists is another one.
        let digest = xxhash_rust::xxh3::xxh3_64(format!("{words}\n{limits:?}").as_bytes());
        let Glance { dsn, fingerprint, .. } = self.glance(words, age).await?;
        let key = match name {
            Some(name) => name,
            None => self.unlisted(&dsn).await?,
        };
        let identity = (digest, fingerprint.as_ref().map(|fingerprint| fingerprint.identity));
        Ok(Meant { key, dsn, limits, fingerprint, identity })
    }

    /// What the words stand for, and how its files are. Where many look at once, the file system is not asked by each.
    async fn glance(&self, words: String, age: Age) -> Result<Glance, Problem> {
        let known = self.glances().get(&words).filter(|_| matches!(age, Age::AtMost(_))).cloned();
        if let Some(known) = known.filter(|glance| glance.at.elapsed() < AT_ONCE) {
            return Ok(known);
        }
        let at = Instant::now();
        let looking = tokio::task::spawn_blocking(move || (Dsn::parse(&words).map(|dsn| (dsn.fingerprint(), dsn)), words));
        let (understood, words) =
            looking.await.map_err(|error| Problem::Unavailable(format!("the file system could not be asked: {error}")))?;
        let (fingerprint, dsn) = understood.map_err(opened)?;
        let glance = Glance { at, dsn, fingerprint };
        let mut glances = self.glances();
        if glances.len() >= self.settings.open_sources.max(1) {
            glances.retain(|_, glance| glance.at.elapsed() < AT_ONCE);
        }
        glances.insert(words, glance.clone());
        Ok(glance)
    }

    fn glances(&self) -> std::sync::MutexGuard<'_, HashMap<String, Glance>> {
        self.glances.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a registered source's lists hide, or its level of egress, is not to be had by naming its database otherwise.
    async fn unlisted(&self, dsn: &Dsn) -> Result<SourceKey, Problem> {
        let (registered, place) = (self.book.list().await.map_err(registered)?, dsn.place());
        let binds = |limits: &Limits| limits.has_lists() || limits.egress.is_some_and(|level| level < self.settings.egress);
        match registered.into_iter().find(|source| binds(&source.limits) && source.shown == place) {
            Some(source) => {
                let what = if source.limits.has_lists() { "lists of what may be read" } else { "a stricter level of egress" };
                Err(Problem::Unusable(format!("this database is registered as `{}`, with {what}; look into it by that name", source.name)))
            }
            None => Ok(dsn.key()),
        }
    }

    async fn unknown(&self, name: &str) -> Problem {
        let names: Vec<String> = match self.book.list().await {
            Ok(all) => all.into_iter().map(|source| format!("`{}`", source.name)).collect(),
            Err(error) => return registered(error),
        };
        let there_are = if names.is_empty() { "none is registered".to_owned() } else { format!("there are: {}", names.join(", ")) };
        Problem::Unusable(format!("no source is registered as `{name}` ({there_are}); {}", source::dsn::FORMS))
    }
}

impl Harvested {
    fn will_do(&self, fingerprint: Option<&Fingerprint>, age: Age) -> bool {
        match (&self.fingerprint, fingerprint, age) {
            (_, _, Age::Anew) => false,
            (Some(before), Some(now), _) => before == now,
            (_, _, Age::AtMost(age)) => self.at.elapsed() <= age,
            (_, _, Age::Unchanged) => false,
        }
    }
}

/// What was begun is dropped where the word to stop comes first.
async fn unless_stopped<T>(progress: &Progress, work: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::select! {
        done = work => Ok(done),
        () = progress.stop.cancelled() => Err(Problem::Unavailable("the harvest was stopped".to_owned())),
    }
}

fn registered(error: BookError) -> Problem {
    match error {
        BookError::Store(_) => Problem::Unavailable(error.to_string()),
        _ => Problem::Unusable(error.to_string()),
    }
}

fn opened(error: source::Error) -> Problem {
    match error {
        source::Error::CannotOpen { .. } => Problem::Unusable(error.to_string()),
        source::Error::TimedOut(_) | source::Error::Statement(_) | source::Error::Refused(_) | source::Error::Unavailable(_) => {
            Problem::Unavailable(error.to_string())
        }
    }
}

fn stored(error: store::Error) -> Problem {
    Problem::Unavailable(error.to_string())
}
