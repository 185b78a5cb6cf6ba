//! Exact row counts within a time: one query for many tables; a table that takes too long is passed over.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures::TryStreamExt;

use super::harvest::{own_sql, quoted};
use super::session::{Session, words};

/// SQLite joins at most 500 queries by `union all`.
const TABLES_A_QUERY: usize = 200;

/// No table may use more than this share of the time that is left.
const SHARE: u32 = 3;

/// Counts in the given order; tables for which there was no time are not in the answer.
pub async fn count_rows(session: &mut Session, tables: Vec<String>, time: Duration) -> Result<Vec<(String, u64)>, sqlx::Error> {
    let end = Instant::now() + time;
    let mut waiting: VecDeque<String> = tables.into();
    let mut counted = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let left = end.saturating_duration_since(Instant::now());
        if left < Duration::from_millis(1) {
            break;
        }
        let Session { connection, clock, stop } = &mut *session;
        clock.allow(left);
        let until = tokio::time::Instant::now() + left / SHARE;
        let part: Vec<&String> = waiting.iter().take(TABLES_A_QUERY).collect();
        let sql = part.iter().map(|table| format!("select count(*) from {}", quoted(table))).collect::<Vec<_>>().join(" union all ");
        let mut rows = sqlx::query_scalar::<_, i64>(own_sql(sql)).fetch(connection);
        loop {
            // Counting is one long step for SQLite, which looks at no clock in it.
            let next = match tokio::time::timeout_at(until, rows.try_next()).await {
                Ok(next) => next,
                Err(_) => {
                    stop.now();
                    rows.try_next().await
                }
            };
            match next {
                Ok(Some(count)) => {
                    let table = waiting.pop_front().expect("the query has one row for each waiting table");
                    counted.push((table, u64::try_from(count).unwrap_or(0)));
                }
                Ok(None) => break,
                // The table in whose count the time ran out is too dear; the ones behind it may not be.
                Err(error) if words(&error).contains("interrupted") => {
                    waiting.pop_front();
                    break;
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(counted)
}
