//! Many new entries at once, as a first harvest brings them: their values are bound one by one, which costs SQLite a tenth of taking
//! them out of JSON, and their history is copied from them.

use std::collections::HashSet;

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite, SqliteConnection, query::Query};

use crate::domain::{EntryWrite, Layer, SourceKey};
use crate::store::desk::{self, Desk, Settled};
use crate::store::read;

/// With fewer, the one statement that writes everything else costs less than some more.
const FEWEST: usize = 64;
/// Rows of one statement, well within the values that SQLite lets a statement have.
const ROWS: usize = 200;

const ENTRIES: &str = "insert into entries (
    id, source, layer, kind, key, path, competing, rivals, revision,
    at, author, run, task, step, model, status, confidence, tags, links, evidence, document) values ";
const ENTRY_VALUES: &str = "(?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const WORDS: &str = "insert into search (rowid, key, label, text) values ";
const WORD_VALUES: &str = "(?, ?, ?, ?)";

/// Entries of the desk that have one claim and were not there before; none where they are few.
pub struct Fresh<'d> {
    entries: Vec<Settled<'d>>,
    ids: HashSet<i64>,
}

impl<'d> Fresh<'d> {
    pub fn of(desk: &'d Desk<'_>) -> Self {
        let is_fresh = |entry: &Settled<'_>| entry.is_new && entry.revision == 1 && entry.rivals.is_empty() && entry.stands.stale.is_none();
        let mut entries: Vec<Settled<'d>> = desk.settled().filter(is_fresh).collect();
        if entries.len() < FEWEST {
            entries.clear();
        }
        let ids = entries.iter().map(|entry| entry.id).collect();
        Self { entries, ids }
    }

    pub fn has(&self, id: i64) -> bool {
        self.ids.contains(&id)
    }

    pub async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let (Some(first), Some(last)) = (self.entries.first(), self.entries.last()) else { return Ok(()) };
        for rows in self.entries.chunks(ROWS) {
            let sql = statement(ENTRIES, ENTRY_VALUES, rows.len());
            let query = rows.iter().fold(query(sql, rows.len()), bind_entry);
            query.execute(&mut *connection).await?;
        }
        // Numbers are given in order of arrival, and others that are new are written after these.
        sqlx::query(include_str!("../sql/first_history.sql")).bind(first.id).bind(last.id).execute(&mut *connection).await?;
        let said: Vec<&Settled<'_>> = self.entries.iter().filter(|entry| !entry.stands.write.is_withdrawn()).collect();
        for rows in said.chunks(ROWS) {
            let sql = statement(WORDS, WORD_VALUES, rows.len());
            let bind = |query: Bound, entry: &&Settled<'_>| {
                let [key, label, text] = desk::words_of(&entry.stands.write);
                query.bind(entry.id).bind(key).bind(label).bind(text)
            };
            rows.iter().fold(query(sql, rows.len()), bind).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// Whether the catalog has none of these entries, so that none of their claims need be read. Asked of many entries only, and told by the
/// first and the last key of each kind: where another lies between them, they may be there.
pub async fn are_absent(connection: &mut SqliteConnection, source: &SourceKey, entries: &[EntryWrite]) -> Result<bool, sqlx::Error> {
    if entries.len() < FEWEST {
        return Ok(false);
    }
    let mut ends: Vec<(Layer, &str, &str, &str)> = Vec::new();
    for entry in entries {
        let key = entry.key.as_str();
        match ends.iter_mut().find(|(layer, kind, ..)| *layer == entry.layer && *kind == entry.kind) {
            Some((_, _, first, last)) => (*first, *last) = (key.min(first), key.max(last)),
            None => ends.push((entry.layer, &entry.kind, key, key)),
        }
    }
    for (layer, kind, first, last) in ends {
        let query = sqlx::query("select 1 from entries where source = ? and layer = ? and kind = ? and key between ? and ? limit 1")
            .bind(source.0.clone())
            .bind(read::layer_number(layer))
            .bind(kind.to_owned())
            .bind(first.to_owned())
            .bind(last.to_owned());
        let found: Option<SqliteRow> = query.fetch_optional(&mut *connection).await?;
        if found.is_some_and(|row| !row.is_empty()) {
            return Ok(false);
        }
    }
    Ok(true)
}

type Bound = Query<'static, Sqlite, SqliteArguments>;

fn statement(insert: &str, values: &str, rows: usize) -> String {
    let mut sql = String::with_capacity(insert.len() + (values.len() + 2) * rows);
    sql.push_str(insert);
    for row in 0..rows {
        if row > 0 {
            sql.push_str(", ");
        }
        sql.push_str(values);
    }
    sql
}

/// Only the statement of full size is worth keeping prepared.
fn query(sql: String, rows: usize) -> Bound {
    sqlx::query(AssertSqlSafe(sql)).persistent(rows == ROWS)
}

fn bind_entry(query: Bound, entry: &Settled<'_>) -> Bound {
    let (identity, write) = (entry.identity, &entry.stands.write);
    let from = &write.provenance;
    query
        .bind(entry.id)
        .bind(identity.source.clone())
        .bind(read::layer_number(identity.layer))
        .bind(identity.kind.clone())
        .bind(identity.key.clone())
        .bind(desk::path(&identity.key).to_owned())
        .bind(entry.revision)
        .bind(entry.stands.at)
        .bind(from.author.clone())
        .bind(from.run.map(String::from))
        .bind(from.task.map(|task| task.0))
        .bind(from.step.clone())
        .bind(from.model.clone())
        .bind(write.status.name())
        .bind(write.confidence.value())
        .bind(read::list_text(&write.tags))
        .bind(read::list_text(&write.links))
        .bind(read::list_text(&write.evidence))
        .bind(write.document.to_string())
}
