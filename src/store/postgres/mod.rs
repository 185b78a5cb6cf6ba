//! The store on PostgreSQL: writers that commit groups of appends, a pool for the rest, and any number of processes on one database.
//!
//! Invariant: nothing here assumes that no other process writes. Runs are fenced by their rows, and who writes entries of a source
//! holds the lock of its catalog.

mod audit;
mod catalog;
mod commands;
mod database;
mod error;
mod group;
mod place;
mod queries;
mod reader;
mod remote;
mod runs;
mod snapshots;
mod sources;
mod tokens;
mod writer;

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

pub use place::Place;

use self::reader::Reader;
use self::writer::Queues;
use super::settle::Manner;
use super::{
    Append, AuditFilter, AuditKept, AuditRow, Created, EntryFilter, Error, KindCount, NewCommand, NewRun, Page, Paged, QueryRow, Record,
    Remembered, RemoteCallRow, RemoteLoginRow, RemoteToolRow, RunFilter, RunRow, SOURCES_KNOWN_FOR, SnapshotRow, SourceRow, StepRow, Store,
    StoredCommand, TokenRow, appends, past,
};
use crate::domain::{Change, Entry, EntryWrite, Hit, Layer, Rival, RunId, Seq, Snapshot, SnapshotId, SourceKey, StaleMark, TaskId};

/// So many entries make the server's statistics wrong.
const MANY_ENTRIES: usize = 10_000;

#[derive(Debug)]
pub struct PostgresStore {
    reader: Reader,
    queues: Queues,
    frequencies: catalog::Frequencies,
    /// Entries that were written since the server was made to look at them.
    unlooked_at: AtomicUsize,
    sources: Remembered<Vec<SourceRow>>,
}

impl PostgresStore {
    /// Opens the database, and brings its tables up to date.
    pub async fn open(place: &Place) -> Result<Self, Error> {
        database::migrate(place).await?;
        let reader = Reader::new(place, database::pool(place));
        let sources = Remembered::for_a(SOURCES_KNOWN_FOR);
        Ok(Self {
            reader,
            queues: writer::start(place),
            frequencies: catalog::Frequencies::default(),
            unlooked_at: AtomicUsize::new(0),
            sources,
        })
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn create_run(&self, run: NewRun) -> Result<Created, Error> {
        runs::create(&self.reader, &run).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRow>, Error> {
        runs::find(&self.reader, id).await
    }

    async fn runs(&self, filter: &RunFilter, page: &Page) -> Result<Paged<RunRow>, Error> {
        runs::list(&self.reader, filter, page).await
    }

    async fn unfinished_runs(&self) -> Result<Vec<RunId>, Error> {
        runs::unfinished(&self.reader).await
    }

    async fn claim_run(&self, id: RunId, node: &str) -> Result<RunRow, Error> {
        runs::claim(&self.reader, id, node).await
    }

    async fn append(&self, append: Append) -> Result<(), Error> {
        appends::check(&append)?;
        self.queues.append(append).await
    }

    async fn records(&self, run: RunId, after: Seq, limit: usize) -> Result<Vec<Record>, Error> {
        self.reader.records(run, after, limit).await
    }

    async fn steps(&self, run: RunId, task: TaskId) -> Result<Vec<StepRow>, Error> {
        self.reader.steps(run, task).await
    }

    async fn put_command(&self, command: NewCommand) -> Result<StoredCommand, Error> {
        commands::put(&self.reader, &command).await
    }

    async fn command(&self, run: RunId, command_id: &str) -> Result<Option<StoredCommand>, Error> {
        commands::find(&self.reader, run, command_id).await
    }

    async fn open_commands(&self, run: RunId) -> Result<Vec<StoredCommand>, Error> {
        commands::open(&self.reader, run).await
    }

    async fn put_entries(&self, source: &SourceKey, entries: Vec<EntryWrite>) -> Result<(), Error> {
        catalog::put(&self.reader, source, &entries, Manner::Claimed).await?;
        self.unlooked_at.fetch_add(entries.len(), Ordering::Relaxed);
        Ok(())
    }

    async fn restate(&self, source: &SourceKey, claims: Vec<EntryWrite>) -> Result<(), Error> {
        catalog::put(&self.reader, source, &claims, Manner::Restated).await
    }

    async fn claim_of(&self, source: &SourceKey, kind: &str, key: &str, author: &str) -> Result<Option<EntryWrite>, Error> {
        catalog::claim_of(&self.reader, source, kind, key, author).await
    }

    async fn entry(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Option<Entry>, Error> {
        catalog::find(&self.reader, source, layer, kind, key).await
    }

    async fn entries(&self, source: &SourceKey, filter: &EntryFilter, page: &Page) -> Result<Paged<Entry>, Error> {
        catalog::list(&self.reader, source, filter, page).await
    }

    async fn entry_as_of(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str, at: i64) -> Result<Option<Entry>, Error> {
        let filter = EntryFilter { layer: Some(layer), kind: Some(kind.to_owned()), ..EntryFilter::default() };
        past::one(past::Wanted { filter: &filter, key: Some(key), at }, |portion| catalog::as_of(&self.reader, source, portion)).await
    }

    async fn entries_as_of(&self, source: &SourceKey, filter: &EntryFilter, at: i64, page: &Page) -> Result<Paged<Entry>, Error> {
        past::list(past::Wanted { filter, key: None, at }, page, |portion| catalog::as_of(&self.reader, source, portion)).await
    }

    async fn rivals(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Vec<Rival>, Error> {
        catalog::rivals(&self.reader, source, layer, kind, key).await
    }

    async fn history(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str, page: &Page) -> Result<Paged<Change>, Error> {
        catalog::history(&self.reader, source, layer, kind, key, page).await
    }

    async fn mark_stale(&self, source: &SourceKey, marks: Vec<StaleMark>) -> Result<(), Error> {
        catalog::mark_stale(&self.reader, source, &marks).await
    }

    async fn counts(&self, source: &SourceKey) -> Result<Vec<KindCount>, Error> {
        catalog::counts(&self.reader, source).await
    }

    async fn search(&self, source: &SourceKey, query: &str, filter: &EntryFilter, limit: usize) -> Result<Vec<Hit>, Error> {
        catalog::search(&self.reader, &self.frequencies, source, query, filter, limit).await
    }

    async fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), Error> {
        snapshots::put(&self.reader, snapshot).await?;
        // A snapshot goes in behind its entries. Without statistics of them, searches would read what every entry has.
        if self.unlooked_at.load(Ordering::Relaxed) >= MANY_ENTRIES {
            let written = self.unlooked_at.swap(0, Ordering::Relaxed);
            if let Err(error) = self.frequencies.renew(&self.reader).await {
                self.unlooked_at.fetch_add(written, Ordering::Relaxed);
                tracing::warn!(%error, "PostgreSQL could not be made to look at the entries; searches are slow until it does so by itself");
            }
        }
        Ok(())
    }

    async fn snapshots(&self, source: &SourceKey, limit: usize) -> Result<Vec<SnapshotRow>, Error> {
        snapshots::list(&self.reader, source, limit).await
    }

    async fn snapshot(&self, id: &SnapshotId) -> Result<Option<Snapshot>, Error> {
        snapshots::find(&self.reader, id).await
    }

    async fn put_sources(&self, sources: Vec<SourceRow>) -> Result<(), Error> {
        let written = sources::put(&self.reader, &sources).await;
        self.sources.forget();
        written
    }

    async fn sources(&self) -> Result<Vec<SourceRow>, Error> {
        self.sources.or_read(sources::list(&self.reader)).await.map(|rows| rows.to_vec())
    }

    async fn sources_now(&self) -> Result<Vec<SourceRow>, Error> {
        sources::list(&self.reader).await
    }

    async fn remove_source(&self, name: &str) -> Result<bool, Error> {
        let removed = sources::remove(&self.reader, name).await;
        self.sources.forget();
        removed
    }

    async fn put_token(&self, token: TokenRow) -> Result<bool, Error> {
        tokens::put(&self.reader, &token).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRow>, Error> {
        tokens::list(&self.reader).await
    }

    async fn revoke_token(&self, name: &str) -> Result<bool, Error> {
        tokens::revoke(&self.reader, name).await
    }

    async fn add_queries(&self, queries: Vec<QueryRow>, most: usize) -> Result<(), Error> {
        queries::add(&self.reader, &queries, most).await
    }

    async fn queries(&self, source: &SourceKey) -> Result<Vec<QueryRow>, Error> {
        queries::list(&self.reader, source).await
    }

    async fn add_audit(&self, rows: Vec<AuditRow>, kept: AuditKept) -> Result<(), Error> {
        audit::add(&self.reader, &rows, kept).await
    }

    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRow>, Error> {
        audit::list(&self.reader, filter, page).await
    }

    async fn put_remote_tools(&self, tools: Vec<RemoteToolRow>) -> Result<(), Error> {
        remote::put_tools(&self.reader, &tools).await
    }

    async fn remote_tools(&self, server: &str) -> Result<Vec<RemoteToolRow>, Error> {
        remote::tools(&self.reader, server).await
    }

    async fn put_remote_call(&self, call: RemoteCallRow) -> Result<(), Error> {
        remote::put_call(&self.reader, &call).await
    }

    async fn remote_calls(&self) -> Result<Vec<RemoteCallRow>, Error> {
        remote::calls(&self.reader).await
    }

    async fn remove_remote_call(&self, id: &str) -> Result<bool, Error> {
        remote::remove_call(&self.reader, id).await
    }

    async fn put_remote_logins(&self, logins: Vec<RemoteLoginRow>) -> Result<(), Error> {
        remote::put_logins(&self.reader, &logins).await
    }

    async fn remote_logins(&self) -> Result<Vec<RemoteLoginRow>, Error> {
        remote::logins(&self.reader).await
    }

    async fn remove_remote_login(&self, server: &str, issuer: &str) -> Result<bool, Error> {
        remote::remove_login(&self.reader, server, issuer).await
    }

    async fn probe(&self) -> Result<(), Error> {
        self.reader.probe().await
    }
}

/// The text as PostgreSQL can keep it: its texts have no character zero.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
