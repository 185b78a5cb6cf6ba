//! SQLite files as a source: opened read-only, confined by SQLite itself, and stopped by the clock.

mod confine;
mod counts;
mod harvest;
mod session;
mod types;
mod value;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::TryStreamExt;
use sqlx::{Column as _, Executor, Row, Statement, TypeInfo};

use self::harvest::own_sql;
use self::session::{Pool, Session, words};
use super::dsn::{DatabaseFile, Dsn};
use super::guard::{Dialect, ReadQuery};
use super::port::{Error, ReadLimits, Source};
use super::progress::Progress;
use super::settings::Settings;
use crate::domain::rows::RowColumn;
use crate::domain::{Rows, Snapshot, SourceKey};

/// How much longer than its time a statement may take to notice that it has ended.
const GRACE: Duration = Duration::from_millis(50);

pub struct SqliteSource {
    key: SourceKey,
    pool: Pool,
    settings: Settings,
}

/// Whether reading ended by itself.
enum End {
    Complete(Rows),
    /// There is more; the statement may still be running.
    Enough(Rows),
}

impl SqliteSource {
    /// Opens one connection, so that a file that cannot be used is known now.
    pub async fn open(file: &DatabaseFile, settings: &Settings) -> Result<Self, Error> {
        let key = Dsn::Sqlite(file.clone()).key();
        let pool = Pool::new(file.path().to_owned(), settings);
        let mut lent = pool.lend(settings.read_limits().time).await?;
        lent.clock.allow(settings.read_limits().time);
        // A header says little: only reading the schema shows that it is a database, and not a torn or locked one.
        let probe = sqlx::query("select count(*) from sqlite_schema").execute(&mut lent.connection).await;
        if let Err(error) = probe {
            let reason = format!("SQLite says: {}", words(&error));
            return Err(Error::CannotOpen { source_text: key.0, reason });
        }
        lent.give_back();
        Ok(Self { key, pool, settings: settings.clone() })
    }

    async fn run(&self, sql: String, limits: &ReadLimits) -> Result<Rows, Error> {
        let started = Instant::now();
        let mut lent = self.pool.lend(limits.time).await?;
        let time_left = limits.time.saturating_sub(started.elapsed());
        lent.clock.allow(time_left);
        // The clock inside SQLite ends the statement; this one covers a step that does not look at it.
        let reading = tokio::time::timeout(time_left + GRACE, fetch(&mut lent, sql, limits)).await;
        match reading {
            Ok(Ok(End::Complete(mut rows))) => {
                lent.give_back();
                rows.elapsed_ms = millis(started);
                Ok(rows)
            }
            Ok(Ok(End::Enough(mut rows))) => {
                lent.stop_and_give_back().await;
                rows.elapsed_ms = millis(started);
                Ok(rows)
            }
            Ok(Err(error)) => {
                let answer = match words(&error) {
                    text if text.contains("interrupted") => Error::TimedOut(limits.time),
                    text if error.as_database_error().is_some() => Error::Statement(text),
                    text => Error::Unavailable(text),
                };
                lent.stop_and_give_back().await;
                Err(answer)
            }
            Err(_) => {
                lent.stop_and_give_back().await;
                Err(Error::TimedOut(limits.time))
            }
        }
    }
}

#[async_trait]
impl Source for SqliteSource {
    fn key(&self) -> &SourceKey {
        &self.key
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn harvest_telling(&self, progress: &Progress) -> Result<Snapshot, Error> {
        let time = Duration::from_millis(self.settings.harvest_time_ms);
        let mut lent = self.pool.lend(time).await?;
        match tokio::time::timeout(time + GRACE, harvest::harvest(&mut lent, &self.key, &self.settings, progress)).await {
            Ok(Ok(snapshot)) => {
                lent.give_back();
                Ok(snapshot)
            }
            // A connection on which a transaction may be open is not used again.
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::TimedOut(time)),
        }
    }

    async fn read(&self, query: &ReadQuery, limits: &ReadLimits) -> Result<Rows, Error> {
        self.run(query.sql().to_owned(), limits).await
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        let rows = self.run(format!("explain query plan {}", query.sql()), &self.settings.read_limits()).await?;
        Ok(plan_lines(&rows))
    }
}

async fn fetch(session: &mut Session, sql: String, limits: &ReadLimits) -> Result<End, sqlx::Error> {
    let mut answer = Rows::default();
    let mut bytes = 0;
    let mut has_more = false;
    {
        let mut stream = sqlx::query(own_sql(sql.clone())).fetch(&mut session.connection);
        while let Some(row) = stream.try_next().await? {
            if answer.columns.is_empty() {
                answer.columns = row.columns().iter().map(|column| row_column(column.name(), column.type_info().name())).collect();
                answer.columns.iter_mut().for_each(|column| column.r#type = "null".to_owned());
            }
            if answer.rows.len() >= limits.max_rows {
                has_more = true;
                break;
            }
            let mut values = Vec::with_capacity(answer.columns.len());
            for (index, column) in answer.columns.iter_mut().enumerate() {
                let cell = value::cell(&row, index)?;
                if cell.class != "null" && column.r#type == "null" {
                    column.r#type = cell.class.to_owned();
                }
                bytes += cell.bytes;
                values.push(cell.value);
            }
            // The row that is too much is not shown, and neither is any after it.
            if bytes > limits.max_bytes {
                has_more = true;
                break;
            }
            answer.rows.push(values);
        }
    }
    answer.row_count = answer.rows.len();
    answer.truncated = has_more;
    if has_more {
        return Ok(End::Enough(answer));
    }
    if answer.columns.is_empty() {
        // No row came that could have named the columns.
        let statement = (&mut session.connection).prepare(sqlx::SqlSafeStr::into_sql_str(own_sql(sql))).await?;
        answer.columns = statement.columns().iter().map(|column| row_column(column.name(), column.type_info().name())).collect();
    }
    Ok(End::Complete(answer))
}

fn row_column(name: &str, declared: &str) -> RowColumn {
    RowColumn { name: name.to_owned(), r#type: declared.to_ascii_lowercase() }
}

/// SQLite's plan is a tree given as rows of (id, parent, unused, text).
fn plan_lines(rows: &Rows) -> Vec<String> {
    let mut depths = std::collections::HashMap::new();
    let mut lines = Vec::with_capacity(rows.rows.len());
    for row in &rows.rows {
        let [id, parent, _, text] = row.as_slice() else { continue };
        let depth = parent.as_i64().and_then(|parent| depths.get(&parent).copied()).map_or(0, |depth: usize| depth + 1);
        if let Some(id) = id.as_i64() {
            depths.insert(id, depth);
        }
        lines.push(format!("{}{}", "  ".repeat(depth.min(20)), text.as_str().unwrap_or_default()));
    }
    lines
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
