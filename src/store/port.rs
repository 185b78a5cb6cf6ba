//! The `Store` contract: what the engine and the catalog need of our own database, in their words.
//!
//! Invariants: an append is whole or not there; it is fenced by the run's epoch and expected next number, so that
//! two owners can never both write and commit order is sequence order; writing the same thing twice changes nothing.

use std::fmt::Write;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::audit::{AuditFilter, AuditKept, AuditRow};
use super::remote::{RemoteCallRow, RemoteLoginRow, RemoteToolRow};
use super::sources::SourceRow;
use crate::domain::{
    Change, Entry, EntryStatus, EntryWrite, Event, EventBody, EventType, Grant, Hit, Layer, Rival, RunId, RunRequest, RunStatus,
    RunSummary, Seq, Snapshot, SnapshotId, SourceKey, StaleMark, TaskId,
};

#[async_trait]
pub trait Store: Send + Sync {
    // --- runs
    /// Creates the run, or finds the one that the same key created. The answer is on disk when this returns.
    async fn create_run(&self, run: NewRun) -> Result<Created, Error>;
    async fn run(&self, id: RunId) -> Result<Option<RunRow>, Error>;
    /// Newest first.
    async fn runs(&self, filter: &RunFilter, page: &Page) -> Result<Paged<RunRow>, Error>;
    /// Runs whose last event is not written, oldest first.
    async fn unfinished_runs(&self) -> Result<Vec<RunId>, Error>;
    /// Takes the run over: the epoch grows by one, so that an earlier owner's appends fail.
    async fn claim_run(&self, id: RunId, node: &str) -> Result<RunRow, Error>;

    // --- journal
    async fn append(&self, append: Append) -> Result<(), Error>;
    /// Events with numbers above `after`, in order, `limit` at most.
    async fn records(&self, run: RunId, after: Seq, limit: usize) -> Result<Vec<Record>, Error>;
    async fn steps(&self, run: RunId, task: TaskId) -> Result<Vec<StepRow>, Error>;

    // --- commands from outside
    /// Stores a command; a command id that was seen before is found, not stored again.
    async fn put_command(&self, command: NewCommand) -> Result<StoredCommand, Error>;
    async fn command(&self, run: RunId, command_id: &str) -> Result<Option<StoredCommand>, Error>;
    /// Commands that no append has consumed, in order of arrival.
    async fn open_commands(&self, run: RunId) -> Result<Vec<StoredCommand>, Error>;

    // --- catalog
    /// Writes entries outside any run's journal (harvests, people).
    async fn put_entries(&self, source: &SourceKey, entries: Vec<EntryWrite>) -> Result<(), Error>;
    /// Writes findings in place of what their authors claimed before, however certain that was. One that is withdrawn is shown no more.
    async fn restate(&self, source: &SourceKey, claims: Vec<EntryWrite>) -> Result<(), Error>;
    /// What one author claims under this key, whether or not it stands.
    async fn claim_of(&self, source: &SourceKey, kind: &str, key: &str, author: &str) -> Result<Option<EntryWrite>, Error>;
    async fn entry(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Option<Entry>, Error>;
    /// In order of layer, kind and key.
    async fn entries(&self, source: &SourceKey, filter: &EntryFilter, page: &Page) -> Result<Paged<Entry>, Error>;
    /// The entry as it read at that moment; who claims is then who claimed it first.
    async fn entry_as_of(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str, at: i64) -> Result<Option<Entry>, Error>;
    /// The same of a list.
    async fn entries_as_of(&self, source: &SourceKey, filter: &EntryFilter, at: i64, page: &Page) -> Result<Paged<Entry>, Error>;
    /// The claims on an entry that do not stand, the most certain first.
    async fn rivals(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Vec<Rival>, Error>;
    /// Changes of an entry, newest first.
    async fn history(&self, source: &SourceKey, layer: Layer, kind: &str, key: &str, page: &Page) -> Result<Paged<Change>, Error>;
    /// Marks claims whose database has changed under them. Entries that are not there, and claims that are marked, stay as they are.
    async fn mark_stale(&self, source: &SourceKey, marks: Vec<StaleMark>) -> Result<(), Error>;
    /// How many entries there are; in order of layer, kind and status.
    async fn counts(&self, source: &SourceKey) -> Result<Vec<KindCount>, Error>;
    /// Any text is a valid query; best hits first.
    async fn search(&self, source: &SourceKey, query: &str, filter: &EntryFilter, limit: usize) -> Result<Vec<Hit>, Error>;
    /// Stores what a harvest found; one that was found before is found again now.
    async fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), Error>;
    /// The states of a source, the one that was found last first.
    async fn snapshots(&self, source: &SourceKey, limit: usize) -> Result<Vec<SnapshotRow>, Error>;
    async fn snapshot(&self, id: &SnapshotId) -> Result<Option<Snapshot>, Error>;

    // --- registered sources
    /// Stores all of them or none; a name that was there before gets the new row.
    async fn put_sources(&self, sources: Vec<SourceRow>) -> Result<(), Error>;
    /// In order of name; what another process changed may be missing for a moment.
    async fn sources(&self) -> Result<Vec<SourceRow>, Error>;
    /// As they are now, for who is about to change them.
    async fn sources_now(&self) -> Result<Vec<SourceRow>, Error> {
        self.sources().await
    }
    /// False where no such source was. What was found in it stays.
    async fn remove_source(&self, name: &str) -> Result<bool, Error>;

    // --- access tokens
    /// False where the name was given before: it is given once, because what was claimed under it stays.
    async fn put_token(&self, token: TokenRow) -> Result<bool, Error>;
    /// In order of name, those that were revoked too.
    async fn tokens(&self) -> Result<Vec<TokenRow>, Error>;
    /// Keeps the name and forgets the hash. False where no such token was valid.
    async fn revoke_token(&self, name: &str) -> Result<bool, Error>;

    // --- what callers asked of sources
    /// Adds to what was counted before. Of a source that then has more than `most`, the least used are forgotten until nine in ten are left,
    /// so that a new one has time to be used again.
    async fn add_queries(&self, queries: Vec<QueryRow>, most: usize) -> Result<(), Error>;
    /// In order of the first time.
    async fn queries(&self, source: &SourceKey) -> Result<Vec<QueryRow>, Error>;

    // --- what was done from outside
    /// Adds rows in their order, and forgets what is not kept.
    async fn add_audit(&self, rows: Vec<AuditRow>, kept: AuditKept) -> Result<(), Error>;
    /// Newest first.
    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRow>, Error>;
    // --- remote servers
    /// Accepts definitions of tools, in place of those that were accepted before.
    async fn put_remote_tools(&self, tools: Vec<RemoteToolRow>) -> Result<(), Error>;
    /// In order of name.
    async fn remote_tools(&self, server: &str) -> Result<Vec<RemoteToolRow>, Error>;
    /// Stores a call before it is sent; one that is there gets the new reason.
    async fn put_remote_call(&self, call: RemoteCallRow) -> Result<(), Error>;
    /// In order of time.
    async fn remote_calls(&self) -> Result<Vec<RemoteCallRow>, Error>;
    /// False where no such call was.
    async fn remove_remote_call(&self, id: &str) -> Result<bool, Error>;
    /// Stores all of them or none; one of the same server and issuer gets the new row.
    async fn put_remote_logins(&self, logins: Vec<RemoteLoginRow>) -> Result<(), Error>;
    /// In order of server and issuer.
    async fn remote_logins(&self) -> Result<Vec<RemoteLoginRow>, Error>;
    /// False where no such login was.
    async fn remove_remote_login(&self, server: &str, issuer: &str) -> Result<bool, Error>;

    /// Reads and writes something trivial; what `/readyz` asks.
    async fn probe(&self) -> Result<(), Error>;
}

#[derive(Clone, Debug)]
pub struct NewRun {
    pub id: RunId,
    /// Owner of the run; `local` until there are accounts.
    pub owner: String,
    pub request: RunRequest,
    pub idempotency: Option<Idempotency>,
    pub at: i64,
}

/// A client's key and what it was used for, so that a retry is told from a misuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    pub key: String,
    /// Digest of the request body.
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Created {
    New(RunRow),
    /// The same key and body came before.
    Before(RunRow),
    /// The same key came before with another body.
    KeyMisused,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    pub id: RunId,
    pub owner: String,
    pub request: RunRequest,
    /// What the catalog is scoped to; known once the source was opened.
    pub source: Option<SourceKey>,
    pub status: RunStatus,
    pub summary: RunSummary,
    pub epoch: i64,
    /// The number that the next event gets; `next_seq - 1` is the head.
    pub next_seq: Seq,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunFilter {
    pub status: Option<RunStatus>,
    pub source: Option<String>,
}

/// One transaction of a run: all of it is stored, or nothing.
#[derive(Clone, Debug)]
pub struct Append {
    pub run: RunId,
    pub epoch: i64,
    /// The number of the first event; must be the row's `next_seq`.
    pub first_seq: Seq,
    pub at: i64,
    pub records: Vec<Record>,
    pub steps: Vec<StepRow>,
    /// Scoped to the run's source; needs `source` to be known.
    pub entries: Vec<EntryWrite>,
    pub source: Option<SourceKey>,
    pub consumed: Vec<ConsumedCommand>,
    pub status: RunStatus,
    pub summary: RunSummary,
}

/// An event as the journal keeps it: encoded once, by the owner of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub seq: Seq,
    pub at: i64,
    pub kind: EventType,
    pub message: String,
    /// The event's fields as JSON text.
    pub data: String,
}

/// The result of a step that need not be executed again.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRow {
    pub task: TaskId,
    /// Unique in the task: `context`, `act/1`, `tool/1/0`, `reflect`, …
    pub step: String,
    /// JSON text.
    pub result: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewCommand {
    pub run: RunId,
    /// Chosen by the client through its idempotency key, or fresh.
    pub command_id: String,
    /// JSON text of the command; the engine's own type.
    pub body: String,
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredCommand {
    pub command_id: String,
    pub body: String,
    /// JSON text of what came of it, once a run has consumed it.
    pub outcome: Option<String>,
    /// Whether this call stored it.
    pub fresh: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ConsumedCommand {
    pub command_id: String,
    pub outcome: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryFilter {
    pub layer: Option<Layer>,
    pub kind: Option<String>,
    /// `schema` or `schema.table`: keys that belong to it.
    pub prefix: Option<String>,
    pub tag: Option<String>,
    /// Entries whose current claim was made by this run.
    pub run: Option<RunId>,
    pub min_confidence: Option<f64>,
    /// As it is shown: a claim that is stale has no other status.
    pub status: Option<EntryStatus>,
    /// The key of an entry that it links to.
    pub link: Option<String>,
}

/// Entries of one kind and status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindCount {
    pub layer: Layer,
    pub kind: String,
    pub status: EntryStatus,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub limit: usize,
    /// The `next` of the page before.
    pub after: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paged<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    pub id: SnapshotId,
    /// When a harvest found it last.
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TokenRow {
    pub name: String,
    /// SHA-256 of the token, hexadecimal; empty of one that was revoked.
    pub hash: String,
    pub created_at: i64,
    pub grant: Grant,
    /// From then on it is not valid.
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

/// What one caller asked of a source through one tool, literals aside, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryRow {
    pub source: SourceKey,
    pub caller: String,
    pub tool: String,
    /// Of the whole text, also where it is shown in part.
    pub digest: String,
    /// The text without its literals.
    pub text: String,
    pub count: u64,
    /// Calls that were not let through: by the guard, or by a rule.
    pub refused: u64,
    /// Calls that were let through and failed.
    pub failed: u64,
    pub total_us: u64,
    pub max_us: u64,
    pub rows: u64,
    /// Milliseconds since 1970.
    pub first_at: i64,
    pub last_at: i64,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Another owner has taken the run over, or its journal is not where the owner thinks it is.
    #[error("the run `{0}` has another owner now")]
    Fenced(RunId),
    #[error("there is no run `{0}`")]
    NoSuchRun(RunId),
    #[error("the disk is full: {0}")]
    Full(String),
    #[error("the store cannot be written: {0}")]
    ReadOnly(String),
    #[error("`{0}` is not a page token of this list")]
    BadPageToken(String),
    /// Another process works in the folder; `holder` is what it says of itself.
    #[error("the data folder `{folder}` is in use by {holder}; stop it first, or name another folder")]
    Locked { folder: String, holder: String },
    /// The tables are of a version that this program does not know.
    #[error(
        "`{place}` was written by a newer fathom (its tables have version {found}, the newest known here is {known}); update fathom, or name another"
    )]
    Newer { place: String, found: i64, known: i64 },
    #[error("`{0}` is not a database of fathom; move it away, or name another")]
    NotADatabase(String),
    /// The server of the store cannot be reached, or does not let us in.
    #[error("the store `{place}` cannot be used: {why}")]
    Unusable { place: String, why: String },
    #[error("the store failed: {0}")]
    Failed(String),
    /// What was read back is not what was written.
    #[error("the store holds something that cannot be read: {0}")]
    Corrupt(String),
}

impl QueryRow {
    /// Counts what was counted apart into this one.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.refused += other.refused;
        self.failed += other.failed;
        self.total_us += other.total_us;
        self.max_us = self.max_us.max(other.max_us);
        self.rows += other.rows;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

impl TokenRow {
    pub fn is_valid(&self, now: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

impl Record {
    pub fn encode(seq: Seq, at: i64, body: &EventBody) -> Self {
        Self { seq, at, kind: body.kind(), message: body.message().to_owned(), data: body.data_json() }
    }

    pub fn decode(&self, run_id: RunId) -> Result<Event, Error> {
        let body = EventBody::from_parts(&self.message, &self.data)
            .map_err(|error| Error::Corrupt(format!("event {} of {run_id}: {error}", self.seq)))?;
        Ok(Event { seq: self.seq, ts: self.at, run_id, body })
    }

    /// Adds the record as one SSE frame; the same bytes whether it comes from the run's owner or from the journal.
    pub fn frame_into(&self, run_id: RunId, frames: &mut String) {
        let Self { seq, at, kind, message, data } = self;
        let kind = kind.name();
        write!(
            frames,
            "id: {seq}\ndata: {{\"seq\":{seq},\"ts\":{at},\"run_id\":\"{run_id}\",\"type\":\"{kind}\",\"message\":\"{message}\",\"data\":{data}}}\n\n"
        )
        .expect("writing into a string cannot fail");
    }
}
