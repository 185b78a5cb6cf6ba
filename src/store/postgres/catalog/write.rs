//! Writing entries: the claims that are there are read for all of them, settled in memory, and what changed is written.
//!
//! Invariant: whoever is here holds the lock of the catalog (`fathom.lock_catalog`), so that nobody else settles the same claims.

use std::collections::HashSet;

use serde::Serialize;
use sqlx::{PgConnection, Postgres, Transaction};

use super::lexemes;
use crate::domain::{EntryWrite, SourceKey, StaleMark, Staleness};
use crate::store::clock::now;
use crate::store::columns::Columns;
use crate::store::desk::{self, Desk, Identity};
use crate::store::postgres::group::Broken;
use crate::store::postgres::plain;
use crate::store::postgres::reader::Reader;
use crate::store::settle::{Claim, Manner};
use crate::store::{Error, read};

/// Entries that are settled at once.
const PORTION: usize = 2_000;

/// Writes entries outside any run's journal, in a transaction of their own.
pub async fn put(reader: &Reader, source: &SourceKey, entries: &[EntryWrite], manner: Manner) -> Result<(), Error> {
    let (source, at) = (plain(&source.0), now());
    let mut transaction = locked(reader, &source).await?;
    let stored = async {
        for portion in entries.chunks(PORTION) {
            let portion: Vec<_> = portion.iter().map(|entry| (source.clone(), entry, at)).collect();
            write(&mut transaction, &portion, manner).await?;
        }
        Ok(transaction.commit().await?)
    };
    stored.await.map_err(|broken| told(reader, broken))
}

/// Marks claims as stale, in a transaction of its own.
pub async fn mark_stale(reader: &Reader, source: &SourceKey, marks: &[StaleMark]) -> Result<(), Error> {
    let (source, at) = (plain(&source.0), now());
    let mut transaction = locked(reader, &source).await?;
    let stored = async {
        for portion in marks.chunks(PORTION) {
            let mut desk = Desk::new(0);
            read_claims(&mut transaction, portion.iter().map(|mark| Identity::of_mark(&source, mark)), &mut desk).await?;
            portion.iter().for_each(|mark| desk.mark(&source, mark, at));
            store(&mut transaction, &desk).await?;
        }
        Ok(transaction.commit().await?)
    };
    stored.await.map_err(|broken| told(reader, broken))
}

/// A transaction that holds the lock of the source's catalog.
async fn locked(reader: &Reader, source: &str) -> Result<Transaction<'static, Postgres>, Error> {
    let mut transaction = reader.begin().await?;
    let locking = sqlx::query("select fathom.lock_catalog($1)").bind(source.to_owned()).execute(&mut *transaction).await;
    locking.map_err(|error| reader.failed(&error))?;
    Ok(transaction)
}

fn told(reader: &Reader, broken: Broken) -> Error {
    match broken {
        Broken::Database(error) | Broken::Commit(error) => reader.failed(&error),
        Broken::Ours(error) => error,
    }
}

/// Writes entries of sources whose catalogs are locked.
pub async fn write(connection: &mut PgConnection, entries: &[(String, &EntryWrite, i64)], manner: Manner) -> Result<(), Broken> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut desk = Desk::new(0);
    read_claims(connection, entries.iter().map(|(source, entry, _)| Identity::of(source, entry)), &mut desk).await?;
    for (source, entry, at) in entries {
        desk.write(source, entry, *at, manner);
    }
    store(connection, &desk).await
}

/// Lays all entries on the desk, those that are new with their numbers.
async fn read_claims(connection: &mut PgConnection, entries: impl Iterator<Item = Identity>, desk: &mut Desk<'_>) -> Result<(), Broken> {
    let mut seen = HashSet::new();
    let mut wanted: Vec<Identity> = entries.collect();
    wanted.retain(|identity| seen.insert(identity.clone()));
    let rows = sqlx::query(include_str!("../sql/claims.sql"))
        .bind(wanted.iter().map(|identity| identity.source.clone()).collect::<Vec<_>>())
        .bind(wanted.iter().map(|identity| read::layer_number(identity.layer)).collect::<Vec<_>>())
        .bind(wanted.iter().map(|identity| plain(&identity.kind)).collect::<Vec<_>>())
        .bind(wanted.iter().map(|identity| plain(&identity.key)).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    for row in &rows {
        let identity = &wanted[row.number(0)? as usize - 1];
        let mut laid = desk.lay(identity.clone(), row.number(1)?, row.number(2)?);
        if let Some(stands) = row.number_or_none(3)? {
            laid.claim(read::claim(row, 4, identity.layer, identity.kind.clone(), identity.key.clone())?, stands == 1);
        }
    }
    Ok(())
}

async fn store(connection: &mut PgConnection, desk: &Desk<'_>) -> Result<(), Broken> {
    let (mut entries, mut rivals, mut with_rivals) = (Vec::new(), Vec::new(), Vec::new());
    for entry in desk.settled() {
        let identity = entry.identity;
        entries.push(EntryRow {
            id: entry.id,
            source: &identity.source,
            layer: read::layer_number(identity.layer),
            kind: plain(&identity.kind),
            key: plain(&identity.key),
            path: plain(desk::path(&identity.key)),
            competing: entry.competing,
            rivals: entry.rivals.len(),
            words: lexemes::vector(&desk::words_of(&entry.stands.write)),
            revision: entry.revision,
            claim: ClaimRow::of_claim(entry.stands),
        });
        if entry.had_rivals || !entry.rivals.is_empty() {
            with_rivals.push(entry.id);
        }
        rivals.extend(entry.rivals.into_iter().map(|rival| RivalRow { entry: entry.id, claim: ClaimRow::of_claim(rival) }));
    }
    if entries.is_empty() {
        return Ok(());
    }
    let history = desk.history().iter().map(|past| HistoryRow {
        entry: past.id,
        revision: past.revision,
        standing: plain(&past.standing),
        claim: ClaimRow::of(&past.write, past.at, past.stale.as_ref()),
    });
    sqlx::query(include_str!("../sql/catalog.sql"))
        .bind(read::json_text(&entries))
        .bind(read::json_text(&rivals))
        .bind(read::json_text(&history.collect::<Vec<_>>()))
        .bind(with_rivals)
        .execute(connection)
        .await?;
    Ok(())
}

/// What `sql/catalog.sql` reads, by the names of the columns.
#[derive(Serialize)]
struct EntryRow<'d> {
    id: i64,
    source: &'d str,
    layer: i64,
    kind: String,
    key: String,
    path: String,
    competing: u32,
    rivals: usize,
    words: String,
    revision: i64,
    #[serde(flatten)]
    claim: ClaimRow,
}

#[derive(Serialize)]
struct RivalRow {
    entry: i64,
    #[serde(flatten)]
    claim: ClaimRow,
}

#[derive(Serialize)]
struct ClaimRow {
    at: i64,
    author: String,
    run: Option<String>,
    task: Option<u32>,
    step: Option<String>,
    model: Option<String>,
    status: &'static str,
    confidence: f64,
    tags: String,
    links: String,
    evidence: String,
    document: String,
    stale: Option<String>,
}

#[derive(Serialize)]
struct HistoryRow {
    entry: i64,
    revision: i64,
    standing: String,
    #[serde(flatten)]
    claim: ClaimRow,
}

impl ClaimRow {
    fn of_claim(claim: &Claim) -> Self {
        Self::of(&claim.write, claim.at, claim.stale.as_ref())
    }

    fn of(write: &EntryWrite, at: i64, stale: Option<&Staleness>) -> Self {
        let from = &write.provenance;
        Self {
            at,
            author: plain(&from.author),
            run: from.run.map(String::from),
            task: from.task.map(|task| task.0),
            step: from.step.as_deref().map(plain),
            model: from.model.as_deref().map(plain),
            status: write.status.name(),
            confidence: write.confidence.value(),
            tags: read::list_text(&write.tags),
            links: read::list_text(&write.links),
            evidence: read::list_text(&write.evidence),
            document: write.document.to_string(),
            stale: stale.map(read::json_text),
        }
    }
}
