//! Rows of our databases as what they stand for. The columns stand in one order everywhere.

use serde_json::Value;

use super::columns::Columns;
use super::settle::Claim;
use super::{
    AuditOutcome, AuditRow, Error, KindCount, QueryRow, Record, RemoteCallRow, RemoteToolRow, RunRow, StepRow, StoredCommand, TokenRow,
    snippet,
};
use crate::domain::{
    Change, Confidence, Entry, EntryStatus, EntryWrite, EventType, Grant, Hit, Layer, Provenance, Rival, RunId, RunStatus, Scopes,
    SourceKey, TaskId, TokenKind,
};

/// run_id, owner, request, source, status, summary, epoch, next_seq, created_at, updated_at
pub fn run(row: &impl Columns) -> Result<RunRow, Error> {
    let id = run_id(row)?;
    let unreadable = |what: &str| Error::Corrupt(format!("the {what} of `{id}`"));
    let text = |column: usize, what: &str| row.text(column).map_err(|_| unreadable(what));
    let number = |column: usize, what: &str| row.number(column).map_err(|_| unreadable(what));
    Ok(RunRow {
        id,
        owner: text(1, "owner")?.to_owned(),
        request: serde_json::from_str(text(2, "request")?).map_err(|_| unreadable("request"))?,
        source: row.text_or_none(3).map_err(|_| unreadable("source"))?.map(|source| SourceKey(source.to_owned())),
        status: RunStatus::from_name(text(4, "status")?).ok_or_else(|| unreadable("status"))?,
        summary: serde_json::from_str(text(5, "summary")?).map_err(|_| unreadable("summary"))?,
        epoch: number(6, "epoch")?,
        next_seq: number(7, "next number")?.cast_unsigned(),
        created_at: number(8, "times")?,
        updated_at: number(9, "times")?,
    })
}

/// A row of runs, or one that begins with its `run_id`.
pub fn run_id(row: &impl Columns) -> Result<RunId, Error> {
    let unreadable = |error: &dyn std::fmt::Display| Error::Corrupt(format!("a row of runs: {error}"));
    row.text(0).map_err(|error| unreadable(&error))?.parse().map_err(|error| unreadable(&error))
}

/// seq, at, kind, message, data
pub fn record(row: &impl Columns) -> Result<Record, Error> {
    let record = (|| {
        let kind = row.text(2)?;
        let Some(kind) = kind_from_name(kind) else { return Ok(Err(Error::Corrupt(format!("the event type `{kind}`")))) };
        let seq = row.number(0)?.cast_unsigned();
        Ok(Ok(Record { seq, at: row.number(1)?, kind, message: row.text(3)?.to_owned(), data: row.text(4)?.to_owned() }))
    })();
    record.map_err(|error| unreadable("an event", &error))?
}

/// step, result
pub fn step(task: TaskId, row: &impl Columns) -> Result<StepRow, Error> {
    let step = (|| Ok(StepRow { task, step: row.text(0)?.to_owned(), result: row.text(1)?.to_owned() }))();
    step.map_err(|error| unreadable("a step", &error))
}

/// command_id, body, outcome
pub fn command(row: &impl Columns, fresh: bool) -> Result<StoredCommand, Error> {
    let command = (|| {
        let (command_id, body) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok(StoredCommand { command_id, body, outcome: row.text_or_none(2)?.map(str::to_owned), fresh })
    })();
    command.map_err(|error| unreadable("a command", &error))
}

/// name, hash, created_at, kind, scopes, expires_at, revoked_at
pub fn token(row: &impl Columns) -> Result<TokenRow, Error> {
    let token = (|| {
        let name = row.text(0)?.to_owned();
        let Some(kind) = TokenKind::from_name(row.text(3)?) else {
            return Ok(Err(Error::Corrupt(format!("the kind of the token `{name}`"))));
        };
        Ok(Ok(TokenRow {
            name,
            hash: row.text(1)?.to_owned(),
            created_at: row.number(2)?,
            grant: Grant::kept(kind, Scopes::from_words(row.text(4)?)),
            expires_at: row.number_or_none(5)?,
            revoked_at: row.number_or_none(6)?,
        }))
    })();
    token.map_err(|error| unreadable("a token", &error))?
}

/// server, tool, hash, accepted_at
pub fn remote_tool(row: &impl Columns) -> Result<RemoteToolRow, Error> {
    let text = |column: usize| row.text(column).map(str::to_owned);
    let tool = (|| Ok(RemoteToolRow { server: text(0)?, tool: text(1)?, hash: text(2)?, accepted_at: row.number(3)? }))();
    tool.map_err(|error| unreadable("a tool of a remote server", &error))
}

/// id, server, tool, arguments, reason, at
pub fn remote_call(row: &impl Columns) -> Result<RemoteCallRow, Error> {
    let text = |column: usize| row.text(column).map(str::to_owned);
    let call = (|| {
        Ok(RemoteCallRow { id: text(0)?, server: text(1)?, tool: text(2)?, arguments: text(3)?, reason: text(4)?, at: row.number(5)? })
    })();
    call.map_err(|error| unreadable("a call of a remote tool", &error))
}

/// source, caller, tool, digest, text, count, refused, failed, total_us, max_us, rows, first_at, last_at
pub fn query(row: &impl Columns) -> Result<QueryRow, Error> {
    let query = (|| {
        let text = |column: usize| row.text(column).map(str::to_owned);
        let number = |column: usize| row.number(column).map(i64::cast_unsigned);
        Ok(QueryRow {
            source: SourceKey(text(0)?),
            caller: text(1)?,
            tool: text(2)?,
            digest: text(3)?,
            text: text(4)?,
            count: number(5)?,
            refused: number(6)?,
            failed: number(7)?,
            total_us: number(8)?,
            max_us: number(9)?,
            rows: number(10)?,
            first_at: row.number(11)?,
            last_at: row.number(12)?,
        })
    })();
    query.map_err(|error| unreadable("what a caller asked", &error))
}

/// id, at, author, call, source, args, outcome, reason, duration_us; with its number
pub fn audit(row: &impl Columns) -> Result<(i64, AuditRow), Error> {
    let audit = (|| {
        let text = |column: usize| row.text(column).map(str::to_owned);
        let Some(outcome) = AuditOutcome::from_name(row.text(6)?) else {
            return Ok(Err(Error::Corrupt(format!("the outcome `{}`", row.text(6)?))));
        };
        let row = AuditRow {
            at: row.number(1)?,
            author: text(2)?,
            call: text(3)?,
            source: row.text_or_none(4)?.map(str::to_owned),
            args: text(5)?,
            outcome,
            reason: text(7)?,
            duration_us: row.number(8)?.cast_unsigned(),
        };
        Ok(Ok(row))
    })();
    let number = row.number(0).map_err(|error| unreadable("the audit log", &error))?;
    Ok((number, audit.map_err(|error| unreadable("the audit log", &error))??))
}

/// layer, kind, key, competing, then a claim
pub fn entry(row: &impl Columns) -> Result<Entry, Error> {
    let identity = (|| Ok((row.number(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned(), row.number(3)?)))();
    let (number, kind, key, competing) = identity.map_err(|error| unreadable("an entry", &error))?;
    let claim = claim(row, 4, layer(number)?, kind, key)?;
    Ok(shown(claim, u32::try_from(competing).unwrap_or(u32::MAX)))
}

/// The entry of a claim that stands, as it is shown: what is stale has no other status.
pub fn shown(claim: Claim, competing: u32) -> Entry {
    let Claim { mut write, at, stale } = claim;
    if stale.is_some() {
        write.status = EntryStatus::Stale;
    }
    Entry { claim: write, competing, stale, at }
}

pub fn rival(claim: Claim) -> Rival {
    let Entry { claim, stale, at, .. } = shown(claim, 0);
    Rival { claim, stale, at }
}

/// layer, kind, status, count
pub fn kind_count(row: &impl Columns) -> Result<KindCount, Error> {
    let read = (|| Ok((row.number(0)?, row.text(1)?.to_owned(), EntryStatus::from_name(row.text(2)?), row.number(3)?)))();
    let (number, kind, status, count) = read.map_err(|error| unreadable("a count of entries", &error))?;
    let status = status.ok_or_else(|| Error::Corrupt(format!("the status of a `{kind}`")))?;
    Ok(KindCount { layer: layer(number)?, kind, status, count: count.cast_unsigned() })
}

/// revision, standing, then a claim
pub fn change(row: &impl Columns, layer: Layer, kind: &str, key: &str) -> Result<Change, Error> {
    let (revision, standing) = revision(row, 0)?;
    let Claim { write, at, stale } = claim(row, 2, layer, kind.to_owned(), key.to_owned())?;
    Ok(Change { revision, at, claim: write, stale, standing })
}

/// From column `first` on: revision, standing
pub fn revision(row: &impl Columns, first: usize) -> Result<(i64, Option<String>), Error> {
    let read = (|| Ok((row.number(first)?, row.text_or_none(first + 1)?.map(str::to_owned))))();
    read.map_err(|error| unreadable("a change of an entry", &error))
}

/// layer, kind, key, status, confidence, document, score
pub fn hit(row: &impl Columns, query: &str) -> Result<Hit, Error> {
    let hit = (|| {
        let key = row.text(2)?.to_owned();
        let parsed = (layer(row.number(0)?), EntryStatus::from_name(row.text(3)?), serde_json::from_str::<Value>(row.text(5)?));
        let (Ok(layer), Some(status), Ok(document)) = parsed else {
            return Ok(Err(Error::Corrupt(format!("the entry `{key}`"))));
        };
        let (snippet, confidence) = (snippet::snippet(&document, query), Confidence::clamped(row.real(4)?));
        Ok(Ok(Hit { layer, kind: row.text(1)?.to_owned(), key, snippet, score: row.real(6)?, confidence, status }))
    })();
    hit.map_err(|error| unreadable("a hit", &error))?
}

/// From column `first` on: at, author, run, task, step, model, status, confidence, tags, links, evidence, document, stale
pub fn claim(row: &impl Columns, first: usize, layer: Layer, kind: String, key: String) -> Result<Claim, Error> {
    let unreadable = |what: &str| Error::Corrupt(format!("the {what} of entry `{key}`"));
    let claim = (|| {
        let run = row.text_or_none(first + 2)?.map(str::parse).transpose();
        let provenance = Provenance {
            author: row.text(first + 1)?.to_owned(),
            run: run.map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            task: row.number_or_none(first + 3)?.map(|task| TaskId(task as u32)),
            step: row.text_or_none(first + 4)?.map(str::to_owned),
            model: row.text_or_none(first + 5)?.map(str::to_owned),
        };
        Ok((row.number(first)?, provenance, EntryStatus::from_name(row.text(first + 6)?), row.real(first + 7)?))
    })();
    let (at, provenance, status, confidence) = claim.map_err(|error: sqlx::Error| unreadable(&format!("claim ({error})")))?;
    let json = |column: usize, what: &str| row.text(first + column).map_err(|_| unreadable(what));
    let list = |column: usize, what: &str| {
        let text = json(column, what)?;
        if text == "[]" { Ok(Vec::new()) } else { serde_json::from_str(text).map_err(|_| unreadable(what)) }
    };
    let stale = row.text_or_none(first + 12).map_err(|_| unreadable("mark"))?;
    let stale = stale.map(serde_json::from_str).transpose().map_err(|_| unreadable("mark"))?;
    let write = EntryWrite {
        layer,
        document: serde_json::from_str(json(11, "document")?).map_err(|_| unreadable("document"))?,
        tags: list(8, "tags")?,
        links: list(9, "links")?,
        confidence: Confidence::clamped(confidence),
        status: status.ok_or_else(|| unreadable("status"))?,
        evidence: list(10, "evidence")?,
        provenance,
        kind,
        key,
    };
    Ok(Claim { write, at, stale })
}

/// What `layer` is in a row; harvests come first in lists.
pub fn layer_number(layer: Layer) -> i64 {
    match layer {
        Layer::Harvest => 0,
        Layer::Finding => 1,
    }
}

pub fn layer(number: i64) -> Result<Layer, Error> {
    match number {
        0 => Ok(Layer::Harvest),
        1 => Ok(Layer::Finding),
        other => Err(Error::Corrupt(format!("the layer `{other}` of an entry"))),
    }
}

/// Tags, links and evidence as a row keeps them: JSON text.
pub fn list_text(items: &[String]) -> String {
    if items.is_empty() { "[]".to_owned() } else { serde_json::to_string(items).expect("texts always serialise") }
}

/// Requests, summaries and snapshots as a row keeps them.
pub fn json_text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("what rows keep is plain data and always serialises")
}

fn kind_from_name(name: &str) -> Option<EventType> {
    use EventType::{Agent, Budget, Catalog, Insight, Intent, Model, Question, Run, Task, Tool};
    [Run, Task, Tool, Model, Catalog, Insight, Question, Intent, Budget, Agent].into_iter().find(|kind| kind.name() == name)
}

fn unreadable(what: &str, error: &sqlx::Error) -> Error {
    Error::Corrupt(format!("{what}: {error}"))
}
