//! What the writer is asked to do, and which requests may share a transaction.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::snapshots::EncodedSnapshot;
use crate::domain::{EntryWrite, RunId, SourceKey, StaleMark};
use crate::store::appends::{self, Sequel};
use crate::store::settle::Manner;
use crate::store::{
    Append, AuditKept, AuditRow, Created, Error, NewCommand, NewRun, QueryRow, RemoteCallRow, RemoteLoginRow, RemoteToolRow, RunRow,
    SourceRow, StoredCommand, TokenRow,
};

/// Bytes of long texts in one transaction, about; one request may have more.
const MOST_BYTES: usize = 8 << 20;

#[derive(Debug)]
pub enum Write {
    Append(Append),
    CreateRun(NewRun),
    ClaimRun { id: RunId, node: String },
    PutCommand(NewCommand),
    PutEntries { source: SourceKey, entries: Vec<EntryWrite>, at: i64, manner: Manner },
    MarkStale { source: SourceKey, marks: Vec<StaleMark>, at: i64 },
    PutSnapshot(EncodedSnapshot),
    PutSources(Vec<SourceRow>),
    RemoveSource { name: String },
    PutToken(TokenRow),
    RevokeToken { name: String, at: i64 },
    AddQueries { queries: Vec<QueryRow>, most: usize },
    AddAudit { rows: Vec<AuditRow>, kept: AuditKept },
    PutRemoteTools(Vec<RemoteToolRow>),
    PutRemoteCall(RemoteCallRow),
    RemoveRemoteCall { id: String },
    PutRemoteLogins(Vec<RemoteLoginRow>),
    RemoveRemoteLogin { server: String, issuer: String },
    Probe { at: i64 },
    BoundPages { pages: u32 },
}

#[derive(Debug)]
pub enum Answer {
    Done,
    Created(Created),
    Claimed(RunRow),
    Command(StoredCommand),
    /// Whether there was something to change, or room for it.
    Changed(bool),
}

#[derive(Debug)]
pub struct Request {
    pub write: Write,
    pub reply: oneshot::Sender<Result<Answer, Error>>,
}

/// What a group does to a run: its appends, one after the other, or other writes.
#[derive(Debug)]
enum Touch {
    Appends(Sequel),
    Others,
}

/// Keeps the writes of one run in order: within a group they are either appends that follow each other, or none is an append.
#[derive(Debug, Default)]
pub struct Group {
    touched: HashMap<RunId, Touch>,
    bytes: usize,
}

impl Group {
    /// Whether the write may join; what may not waits for the next group.
    pub fn admit(&mut self, write: &Write) -> bool {
        if self.bytes > MOST_BYTES {
            return false;
        }
        let admitted = match write {
            Write::Append(append) => {
                let fits = match self.touched.get(&append.run) {
                    None => true,
                    Some(Touch::Appends(sequel)) => sequel.is(append),
                    Some(Touch::Others) => false,
                };
                if fits {
                    self.touched.insert(append.run, Touch::Appends(Sequel::of(append)));
                }
                fits
            }
            Write::CreateRun(NewRun { id, .. }) | Write::ClaimRun { id, .. } | Write::PutCommand(NewCommand { run: id, .. }) => {
                !matches!(self.touched.entry(*id).or_insert(Touch::Others), Touch::Appends(_))
            }
            Write::PutEntries { .. }
            | Write::MarkStale { .. }
            | Write::PutSnapshot(_)
            | Write::PutSources(_)
            | Write::RemoveSource { .. }
            | Write::PutToken(_)
            | Write::RevokeToken { .. }
            | Write::AddQueries { .. }
            | Write::AddAudit { .. }
            | Write::PutRemoteTools(_)
            | Write::PutRemoteCall(_)
            | Write::RemoveRemoteCall { .. }
            | Write::PutRemoteLogins(_)
            | Write::RemoveRemoteLogin { .. }
            | Write::Probe { .. }
            | Write::BoundPages { .. } => true,
        };
        if admitted {
            self.bytes += size(write);
        }
        admitted
    }
}

fn size(write: &Write) -> usize {
    match write {
        Write::Append(append) => appends::size(append),
        Write::PutEntries { entries, .. } => entries.len() * 500,
        Write::MarkStale { marks, .. } => marks.len() * 500,
        Write::PutSnapshot(snapshot) => snapshot.body.len(),
        Write::AddQueries { queries, .. } => queries.len() * 500,
        Write::AddAudit { rows, .. } => rows.iter().map(|row| row.args.len() + row.reason.len() + 100).sum(),
        Write::PutRemoteCall(call) => call.arguments.len(),
        _ => 0,
    }
}
