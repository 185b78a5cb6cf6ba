//! Rows of what callers asked of sources.

use std::collections::BTreeSet;

use super::{Reader, plain};
use crate::domain::SourceKey;
use crate::store::{Error, QueryRow, read};

pub async fn add(reader: &Reader, queries: &[QueryRow], most: usize) -> Result<(), Error> {
    // In one order in all processes, so that none waits for a row of one that waits for its own.
    let mut queries: Vec<&QueryRow> = queries.iter().collect();
    queries.sort_by_key(|row| (&row.source, &row.caller, &row.tool, &row.digest));
    let texts = |column: fn(&QueryRow) -> &str| queries.iter().map(|row| plain(column(row))).collect::<Vec<_>>();
    let numbers = |column: fn(&QueryRow) -> u64| queries.iter().map(|row| column(row).cast_signed()).collect::<Vec<_>>();
    let add = sqlx::query(include_str!("sql/add_queries.sql"))
        .bind(texts(|row| &row.source.0))
        .bind(texts(|row| &row.caller))
        .bind(texts(|row| &row.tool))
        .bind(texts(|row| &row.digest))
        .bind(texts(|row| &row.text))
        .bind(numbers(|row| row.count))
        .bind(numbers(|row| row.refused))
        .bind(numbers(|row| row.failed))
        .bind(numbers(|row| row.total_us))
        .bind(numbers(|row| row.max_us))
        .bind(numbers(|row| row.rows))
        .bind(queries.iter().map(|row| row.first_at).collect::<Vec<_>>())
        .bind(queries.iter().map(|row| row.last_at).collect::<Vec<_>>());
    reader.execute(add).await?;
    let sources: BTreeSet<String> = queries.iter().map(|row| plain(&row.source.0)).collect();
    let forget = sqlx::query(include_str!("sql/forget_queries.sql"))
        .bind(sources.into_iter().collect::<Vec<_>>())
        .bind(most as i64)
        .bind((most - most / 10) as i64);
    reader.execute(forget).await.map(drop)
}

pub async fn list(reader: &Reader, source: &SourceKey) -> Result<Vec<QueryRow>, Error> {
    let query = sqlx::query(
        "select source, caller, tool, digest, text, count, refused, failed, total_us, max_us, rows, first_at, last_at
         from fathom.queries where source = $1 order by first_at, caller, tool, digest",
    );
    reader.fetch_all(query.bind(plain(&source.0))).await?.iter().map(read::query).collect()
}
