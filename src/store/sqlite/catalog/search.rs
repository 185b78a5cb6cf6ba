//! Search over the words of entries, best hits first.

use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::claims;
use super::frequencies::Frequencies;
use crate::domain::{Confidence, EntryStatus, Hit, SourceKey};
use crate::store::sqlite::reader::Reader;
use crate::store::{EntryFilter, Error, snippet, words};

/// Hits of one search, whatever is asked for.
const MOST_HITS: usize = 200;

/// Hits that the rarest words should have, for each that is asked for: enough for filters to leave some over.
const ROOM: usize = 4;
const LEAST_ROOM: usize = 40;

pub async fn search(
    reader: &Reader,
    frequencies: &Frequencies,
    source: &SourceKey,
    text: &str,
    filter: &EntryFilter,
    limit: usize,
) -> Result<Vec<Hit>, Error> {
    let limit = limit.min(MOST_HITS);
    let terms = words::terms(text);
    if terms.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let room = LEAST_ROOM.max(ROOM * limit) as i64;
    let all = words::any_of(&terms);
    let rows = match frequencies.rarest(reader, &terms, room).await? {
        None => hits(reader, source, all, filter, limit).await?,
        Some(rarest) => {
            let rows = hits(reader, source, rarest, filter, limit).await?;
            if rows.len() < limit { hits(reader, source, all, filter, limit).await? } else { rows }
        }
    };
    rows.iter().map(|row| hit(row, text).map_err(|error| reader.failed(&error))?).collect()
}

async fn hits(reader: &Reader, source: &SourceKey, words: String, filter: &EntryFilter, limit: usize) -> Result<Vec<SqliteRow>, Error> {
    let query = sqlx::query(include_str!("../sql/search.sql"))
        .bind(source.0.clone())
        .bind(filter.layer.map(claims::layer_number))
        .bind(filter.kind.clone())
        .bind(filter.prefix.clone())
        .bind(filter.tag.clone())
        .bind(filter.run.map(String::from))
        .bind(filter.min_confidence)
        .bind(words)
        .bind(limit as i64);
    reader.fetch_all(query).await
}

fn hit(row: &SqliteRow, text: &str) -> Result<Result<Hit, Error>, sqlx::Error> {
    let (kind, key): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    let (layer, status, document): (i64, &str, &str) = (row.try_get(0)?, row.try_get(3)?, row.try_get(5)?);
    let parsed = (claims::layer(layer), EntryStatus::from_name(status), serde_json::from_str::<Value>(document));
    let (Ok(layer), Some(status), Ok(document)) = parsed else {
        return Ok(Err(Error::Corrupt(format!("the entry `{key}`"))));
    };
    let snippet = snippet::snippet(&document, text);
    let confidence = Confidence::clamped(row.try_get(4)?);
    Ok(Ok(Hit { layer, kind, key, snippet, score: row.try_get(6)?, confidence, status }))
}
