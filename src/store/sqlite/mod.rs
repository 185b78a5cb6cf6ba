//! The store on SQLite: one writer that commits groups of writes, a few readers, and a folder that one process works in.

mod audit;
mod catalog;
mod commands;
mod database;
mod error;
mod group;
mod journal;
mod queries;
mod reader;
mod remote;
mod requests;
mod rows;
mod runs;
mod snapshots;
mod sources;
mod tokens;
mod writer;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::JoinHandle;

use self::reader::Reader;
use self::requests::{Answer, Write};
use self::writer::Queue;
use super::clock::now;
use super::folder::Folder;
use super::settle::Manner;
use super::{
    Append, AuditFilter, AuditKept, AuditRow, Created, EntryFilter, Error, KindCount, NewCommand, NewRun, Page, Paged, QueryRow, Record,
    Remembered, RemoteCallRow, RemoteLoginRow, RemoteToolRow, RunFilter, RunRow, SOURCES_KNOWN_FOR, SnapshotRow, SourceRow, StepRow, Store,
    StoredCommand, TokenRow, appends, past,
};
use crate::domain::{Change, Entry, EntryWrite, Hit, Layer, Rival, RunId, Seq, Snapshot, SnapshotId, SourceKey, StaleMark, TaskId};

#[derive(Debug)]
pub struct SqliteStore {
    queue: Queue,
    reader: Reader,
    frequencies: catalog::Frequencies,
    sources: Remembered<Vec<SourceRow>>,
    folder: Arc<Folder>,
    writer: JoinHandle<()>,
}

impl SqliteStore {
    /// Opens the database in this folder and makes both when they are missing. The folder stays locked while the store lives.
    pub async fn open(folder: &Path) -> Result<Self, Error> {
        let folder = Arc::new(Folder::open(folder).await?);
        let file = folder.database()?;
        let connection = database::writer(folder.path(), &file).await?;
        let (queue, writer) = writer::start(connection, Arc::clone(&folder)).await?;
        let reader = Reader::new(folder.path(), database::readers(&file));
        Ok(Self {
            queue,
            reader,
            frequencies: catalog::Frequencies::default(),
            sources: Remembered::for_a(SOURCES_KNOWN_FOR),
            folder,
            writer,
        })
    }

    /// The folder, which stays locked while anybody has it.
    pub fn folder(&self) -> Arc<Folder> {
        Arc::clone(&self.folder)
    }

    /// Bounds the size of the database file, in pages of 4 KiB; what would go beyond is refused as on a full disk.
    pub async fn bound_pages(&self, pages: u32) -> Result<(), Error> {
        self.queue.write(Write::BoundPages { pages }).await.map(drop)
    }

    /// Waits until everything is stored and the files are closed. A store that is merely dropped loses nothing either.
    pub async fn close(self) {
        let Self { queue, reader, writer, .. } = self;
        reader.close().await;
        drop(queue);
        // a writer that panicked has nothing left to close
        let _ = writer.await;
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_run(&self, run: NewRun) -> Result<Created, Error> {
        match self.queue.write(Write::CreateRun(run)).await? {
            Answer::Created(created) => Ok(created),
            other => unreachable!("the writer answers in kind, not with {other:?}"),
        }
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
        match self.queue.write(Write::ClaimRun { id, node: node.to_owned() }).await? {
            Answer::Claimed(row) => Ok(row),
            other => unreachable!("the writer answers in kind, not with {other:?}"),
        }
    }

    async fn append(&self, append: Append) -> Result<(), Error> {
        appends::check(&append)?;
        self.queue.write(Write::Append(append)).await.map(drop)
    }

    async fn records(&self, run: RunId, after: Seq, limit: usize) -> Result<Vec<Record>, Error> {
        self.reader.records(run, after, limit).await
    }

    async fn steps(&self, run: RunId, task: TaskId) -> Result<Vec<StepRow>, Error> {
        self.reader.steps(run, task).await
    }

    async fn put_command(&self, command: NewCommand) -> Result<StoredCommand, Error> {
        match self.queue.write(Write::PutCommand(command)).await? {
            Answer::Command(command) => Ok(command),
            other => unreachable!("the writer answers in kind, not with {other:?}"),
        }
    }

    async fn command(&self, run: RunId, command_id: &str) -> Result<Option<StoredCommand>, Error> {
        commands::find(&self.reader, run, command_id).await
    }

    async fn open_commands(&self, run: RunId) -> Result<Vec<StoredCommand>, Error> {
        commands::open(&self.reader, run).await
    }

    async fn put_entries(&self, source: &SourceKey, entries: Vec<EntryWrite>) -> Result<(), Error> {
        self.queue.write(Write::PutEntries { source: source.clone(), entries, at: now(), manner: Manner::Claimed }).await.map(drop)
    }

    async fn restate(&self, source: &SourceKey, claims: Vec<EntryWrite>) -> Result<(), Error> {
        self.queue.write(Write::PutEntries { source: source.clone(), entries: claims, at: now(), manner: Manner::Restated }).await.map(drop)
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
        self.queue.write(Write::MarkStale { source: source.clone(), marks, at: now() }).await.map(drop)
    }

    async fn counts(&self, source: &SourceKey) -> Result<Vec<KindCount>, Error> {
        catalog::counts(&self.reader, source).await
    }

    async fn search(&self, source: &SourceKey, query: &str, filter: &EntryFilter, limit: usize) -> Result<Vec<Hit>, Error> {
        catalog::search(&self.reader, &self.frequencies, source, query, filter, limit).await
    }

    async fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), Error> {
        self.queue.write(Write::PutSnapshot(snapshots::encode(snapshot, now()))).await.map(drop)
    }

    async fn snapshots(&self, source: &SourceKey, limit: usize) -> Result<Vec<SnapshotRow>, Error> {
        snapshots::list(&self.reader, source, limit).await
    }

    async fn snapshot(&self, id: &SnapshotId) -> Result<Option<Snapshot>, Error> {
        snapshots::find(&self.reader, id).await
    }

    async fn put_sources(&self, sources: Vec<SourceRow>) -> Result<(), Error> {
        let written = self.queue.write(Write::PutSources(sources)).await.map(drop);
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
        let removed = self.queue.write(Write::RemoveSource { name: name.to_owned() }).await;
        self.sources.forget();
        match removed? {
            Answer::Changed(was) => Ok(was),
            other => unreachable!("the writer answers in kind, not with {other:?}"),
        }
    }

    async fn put_token(&self, token: TokenRow) -> Result<bool, Error> {
        match self.queue.write(Write::PutToken(token)).await? {
            Answer::Changed(fresh) => Ok(fresh),
            other => unreachable!("the writer answers in kind, not with {other:?}"),
        }
    }

    async fn tokens(&self) -> Result<Vec<TokenRow>, Error> {
        tokens::list(&self.reader).await
    }

    async fn revoke_token(&self, name: &str) -> Result<bool, Error> {
        match self.queue.write(Write::RevokeToken { name: name.to_owned(), at: now() }).await? {
            Answer::Changed(was) => Ok(was),
            other => unreachable!("the writer answers in kind, not with {other:?}"),
        }
    }

    async fn add_queries(&self, queries: Vec<QueryRow>, most: usize) -> Result<(), Error> {
        self.queue.write(Write::AddQueries { queries, most }).await.map(drop)
    }

    async fn queries(&self, source: &SourceKey) -> Result<Vec<QueryRow>, Error> {
        queries::list(&self.reader, source).await
    }

    async fn add_audit(&self, rows: Vec<AuditRow>, kept: AuditKept) -> Result<(), Error> {
        self.queue.write(Write::AddAudit { rows, kept }).await.map(drop)
    }

    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRow>, Error> {
        audit::list(&self.reader, filter, page).await
    }

    async fn put_remote_tools(&self, tools: Vec<RemoteToolRow>) -> Result<(), Error> {
        self.queue.write(Write::PutRemoteTools(tools)).await.map(drop)
    }

    async fn remote_tools(&self, server: &str) -> Result<Vec<RemoteToolRow>, Error> {
        remote::tools(&self.reader, server).await
    }

    async fn put_remote_call(&self, call: RemoteCallRow) -> Result<(), Error> {
        self.queue.write(Write::PutRemoteCall(call)).await.map(drop)
    }

    async fn remote_calls(&self) -> Result<Vec<RemoteCallRow>, Error> {
        remote::calls(&self.reader).await
    }

    async fn remove_remote_call(&self, id: &str) -> Result<bool, Error> {
        match self.queue.write(Write::RemoveRemoteCall { id: id.to_owned() }).await? {
            Answer::Changed(was) => Ok(was),
            other => unreachable!("the writer answers in kind, not with {other:?}"),
        }
    }

    async fn put_remote_logins(&self, logins: Vec<RemoteLoginRow>) -> Result<(), Error> {
        self.queue.write(Write::PutRemoteLogins(logins)).await.map(drop)
    }

    async fn remote_logins(&self) -> Result<Vec<RemoteLoginRow>, Error> {
        remote::logins(&self.reader).await
    }

    async fn remove_remote_login(&self, server: &str, issuer: &str) -> Result<bool, Error> {
        match self.queue.write(Write::RemoveRemoteLogin { server: server.to_owned(), issuer: issuer.to_owned() }).await? {
            Answer::Changed(was) => Ok(was),
            other => unreachable!("the writer answers in kind, not with {other:?}"),
        }
    }

    async fn probe(&self) -> Result<(), Error> {
        self.queue.write(Write::Probe { at: now() }).await?;
        self.reader.fetch_optional(sqlx::query("select at from probes")).await.map(drop)
    }
}
