//! A store that stumbles over one run, the first that writes: it stores the run's plan, or gives the run to a new owner, only
//! after it has failed a few times.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use fathom::domain::{Change, Entry, EntryWrite, Hit, Layer, Rival, RunId, Seq, Snapshot, SnapshotId, SourceKey, StaleMark, TaskId};
use fathom::store::*;

/// What it does instead.
#[derive(Clone, Copy, PartialEq)]
pub enum Stumble {
    /// An error when a plan is to be stored, as of a disk that is full.
    Refuses,
    /// A panic when a plan is to be stored, which takes along whoever stores: the run's actor.
    Panics,
    /// A panic when the run is claimed.
    PanicsAtClaim,
}

pub struct Stumbling {
    store: Arc<dyn Store>,
    run: OnceLock<RunId>,
    stumbles: Mutex<VecDeque<Stumble>>,
    /// The last event that rows of runs know of.
    rows_know: Seq,
}

impl Stumbling {
    pub fn new(store: Arc<dyn Store>, stumbles: impl IntoIterator<Item = Stumble>) -> Self {
        Self { store, run: OnceLock::new(), stumbles: Mutex::new(stumbles.into_iter().collect()), rows_know: Seq::MAX - 1 }
    }

    /// Rows of runs stay behind, as for who reads the row a moment before the journal.
    pub fn behind(store: Arc<dyn Store>, rows_know: Seq) -> Self {
        Self { rows_know, ..Self::new(store, []) }
    }

    fn next(&self, run: RunId, expected: &[Stumble]) -> Option<Stumble> {
        let is_over_this = *self.run.get_or_init(|| run) == run;
        self.stumbles.lock().unwrap().pop_front_if(|next| is_over_this && expected.contains(next))
    }
}

#[async_trait]
#[rustfmt::skip]
impl Store for Stumbling {
    async fn append(&self, append: Append) -> Result<(), Error> {
        let plans = append.records.iter().any(|record| record.message == "tasks_planned");
        match self.next(append.run, if plans { &[Stumble::Refuses, Stumble::Panics] } else { &[] }) {
            None => self.store.append(append).await,
            Some(Stumble::Refuses) => Err(Error::Full("no room for a plan".to_owned())),
            Some(Stumble::Panics | Stumble::PanicsAtClaim) => panic!("the store loses its head"),
        }
    }

    async fn claim_run(&self, id: RunId, node: &str) -> Result<RunRow, Error> {
        assert!(self.next(id, &[Stumble::PanicsAtClaim]).is_none(), "the store loses its head");
        self.store.claim_run(id, node).await
    }

    async fn create_run(&self, run: NewRun) -> Result<Created, Error> { self.store.create_run(run).await }
    async fn run(&self, id: RunId) -> Result<Option<RunRow>, Error> {
        let row = self.store.run(id).await?;
        Ok(row.map(|row| RunRow { next_seq: row.next_seq.min(self.rows_know + 1), ..row }))
    }

    async fn runs(&self, filter: &RunFilter, page: &Page) -> Result<Paged<RunRow>, Error> { self.store.runs(filter, page).await }
    async fn unfinished_runs(&self) -> Result<Vec<RunId>, Error> { self.store.unfinished_runs().await }
    async fn records(&self, run: RunId, after: u64, limit: usize) -> Result<Vec<Record>, Error> { self.store.records(run, after, limit).await }
    async fn steps(&self, run: RunId, task: TaskId) -> Result<Vec<StepRow>, Error> { self.store.steps(run, task).await }
    async fn put_command(&self, command: NewCommand) -> Result<StoredCommand, Error> { self.store.put_command(command).await }
    async fn command(&self, run: RunId, id: &str) -> Result<Option<StoredCommand>, Error> { self.store.command(run, id).await }
    async fn open_commands(&self, run: RunId) -> Result<Vec<StoredCommand>, Error> { self.store.open_commands(run).await }
    async fn put_entries(&self, source: &SourceKey, entries: Vec<EntryWrite>) -> Result<(), Error> { self.store.put_entries(source, entries).await }
    async fn restate(&self, source: &SourceKey, claims: Vec<EntryWrite>) -> Result<(), Error> { self.store.restate(source, claims).await }
    async fn claim_of(&self, source: &SourceKey, kind: &str, key: &str, author: &str) -> Result<Option<EntryWrite>, Error> { self.store.claim_of(source, kind, key, author).await }
    async fn entry(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Option<Entry>, Error> { self.store.entry(source, layer, kind, key).await }
    async fn entries(&self, source: &SourceKey, filter: &EntryFilter, page: &Page) -> Result<Paged<Entry>, Error> { self.store.entries(source, filter, page).await }
    async fn search(&self, source: &SourceKey, query: &str, filter: &EntryFilter, limit: usize) -> Result<Vec<Hit>, Error> { self.store.search(source, query, filter, limit).await }
    async fn entry_as_of(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str, at: i64) -> Result<Option<Entry>, Error> { self.store.entry_as_of(source, layer, kind, key, at).await }
    async fn entries_as_of(&self, source: &SourceKey, filter: &EntryFilter, at: i64, page: &Page) -> Result<Paged<Entry>, Error> { self.store.entries_as_of(source, filter, at, page).await }
    async fn rivals(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Vec<Rival>, Error> { self.store.rivals(source, layer, kind, key).await }
    async fn history(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str, page: &Page) -> Result<Paged<Change>, Error> { self.store.history(source, layer, kind, key, page).await }
    async fn counts(&self, source: &SourceKey) -> Result<Vec<KindCount>, Error> { self.store.counts(source).await }
    async fn mark_stale(&self, source: &SourceKey, marks: Vec<StaleMark>) -> Result<(), Error> { self.store.mark_stale(source, marks).await }
    async fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), Error> { self.store.put_snapshot(snapshot).await }
    async fn snapshot(&self, id: &SnapshotId) -> Result<Option<Snapshot>, Error> { self.store.snapshot(id).await }
    async fn put_token(&self, token: TokenRow) -> Result<bool, Error> { self.store.put_token(token).await }
    async fn tokens(&self) -> Result<Vec<TokenRow>, Error> { self.store.tokens().await }
    async fn snapshots(&self, source: &SourceKey, limit: usize) -> Result<Vec<SnapshotRow>, Error> { self.store.snapshots(source, limit).await }
    async fn put_sources(&self, sources: Vec<SourceRow>) -> Result<(), Error> { self.store.put_sources(sources).await }
    async fn sources(&self) -> Result<Vec<SourceRow>, Error> { self.store.sources().await }
    async fn remove_source(&self, name: &str) -> Result<bool, Error> { self.store.remove_source(name).await }
    async fn revoke_token(&self, name: &str) -> Result<bool, Error> { self.store.revoke_token(name).await }
    async fn add_queries(&self, queries: Vec<QueryRow>, most: usize) -> Result<(), Error> { self.store.add_queries(queries, most).await }
    async fn queries(&self, source: &SourceKey) -> Result<Vec<QueryRow>, Error> { self.store.queries(source).await }
    async fn add_audit(&self, rows: Vec<AuditRow>, kept: AuditKept) -> Result<(), Error> { self.store.add_audit(rows, kept).await }
    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRow>, Error> { self.store.audit(filter, page).await }
    async fn put_remote_tools(&self, tools: Vec<RemoteToolRow>) -> Result<(), Error> { self.store.put_remote_tools(tools).await }
    async fn remote_tools(&self, server: &str) -> Result<Vec<RemoteToolRow>, Error> { self.store.remote_tools(server).await }
    async fn put_remote_call(&self, call: RemoteCallRow) -> Result<(), Error> { self.store.put_remote_call(call).await }
    async fn remote_calls(&self) -> Result<Vec<RemoteCallRow>, Error> { self.store.remote_calls().await }
    async fn remove_remote_call(&self, id: &str) -> Result<bool, Error> { self.store.remove_remote_call(id).await }
    async fn put_remote_logins(&self, logins: Vec<RemoteLoginRow>) -> Result<(), Error> { self.store.put_remote_logins(logins).await }
    async fn remote_logins(&self) -> Result<Vec<RemoteLoginRow>, Error> { self.store.remote_logins().await }
    async fn remove_remote_login(&self, server: &str, issuer: &str) -> Result<bool, Error> { self.store.remove_remote_login(server, issuer).await }
    async fn probe(&self) -> Result<(), Error> { self.store.probe().await }
}
