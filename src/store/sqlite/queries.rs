//! Rows of what callers asked of sources.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use super::Reader;
use crate::domain::SourceKey;
use crate::store::{Error, QueryRow, read};

pub async fn add(connection: &mut SqliteConnection, queries: &[QueryRow], most: usize) -> Result<(), sqlx::Error> {
    for row in queries {
        sqlx::query(include_str!("sql/add_queries.sql"))
            .bind(row.source.0.clone())
            .bind(row.caller.clone())
            .bind(row.tool.clone())
            .bind(row.digest.clone())
            .bind(row.text.clone())
            .bind(row.count.cast_signed())
            .bind(row.refused.cast_signed())
            .bind(row.failed.cast_signed())
            .bind(row.total_us.cast_signed())
            .bind(row.max_us.cast_signed())
            .bind(row.rows.cast_signed())
            .bind(row.first_at)
            .bind(row.last_at)
            .execute(&mut *connection)
            .await?;
    }
    let sources: BTreeSet<&str> = queries.iter().map(|row| row.source.0.as_str()).collect();
    for source in sources {
        let forget = sqlx::query(include_str!("sql/forget_queries.sql"));
        forget.bind(source.to_owned()).bind(most as i64).bind((most - most / 10) as i64).execute(&mut *connection).await?;
    }
    Ok(())
}

pub async fn list(reader: &Reader, source: &SourceKey) -> Result<Vec<QueryRow>, Error> {
    let query = sqlx::query(
        "select source, caller, tool, digest, text, count, refused, failed, total_us, max_us, rows, first_at, last_at
         from queries where source = $1 order by first_at, caller, tool, digest",
    );
    reader.fetch_all(query.bind(source.0.clone())).await?.iter().map(read::query).collect()
}
