//! SQLite files as a source: opened read-only, confined by SQLite itself, and stopped by the clock.

mod batch;
mod confine;
mod counts;
mod definitions;
pub mod fresh;
mod harvest;
mod reading;
mod session;
mod statement;
pub(in crate::source) mod types;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use async_trait::async_trait;

use self::reading::{Ended, Reading};
use self::session::{Pool, words};
use self::statement::Refusal;
use super::dsn::{DatabaseFile, Dsn};
use super::guard::{Dialect, ReadQuery};
use super::port::{Error, ReadLimits, Source};
use super::progress::Progress;
use super::settings::Settings;
use super::stream::{Consumer, Kept, Passage, Streamed};
use crate::domain::{Cell, Rows, Snapshot, SourceKey};

/// How much longer than its time a statement may take to notice that it has ended.
const GRACE: Duration = Duration::from_millis(50);

pub struct SqliteSource {
    key: SourceKey,
    pool: Pool,
    settings: Settings,
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

    async fn run(&self, sql: &str, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        let mut passage = Passage::new(consumer, limits);
        let started = Instant::now();
        let (place, session) = self.pool.lend(limits.time).await?.part();
        let time_left = limits.time.saturating_sub(started.elapsed());
        session.clock.allow(time_left);
        let mut reading = Reading::start(session, sql.to_owned(), passage.rows_left());
        // The clock inside SQLite ends the statement; this one covers a step that does not look at it.
        let is_late = tokio::time::timeout(time_left + GRACE, reading.pass(&mut passage)).await.is_err();
        let is_cut = is_late || passage.has_ended();
        let Ended { session, columns, read } = if is_cut { reading.stopped().await } else { reading.finished().await };
        if let Some(session) = session {
            place.take_back(session);
        }
        match read {
            _ if is_late => Err(Error::TimedOut(limits.time)),
            Err(Refusal::Interrupted) if !is_cut => Err(Error::TimedOut(limits.time)),
            Err(Refusal::Said(words)) if !is_cut => Err(Error::Statement(words)),
            Ok(()) | Err(_) => Ok(passage.streamed(columns.found())),
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

    async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        self.run(query.sql(), limits, consumer).await
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        let mut kept = Kept::default();
        let sql = format!("explain query plan {}", query.sql());
        let streamed = self.run(&sql, &self.settings.read_limits(), &mut |cells: &[Cell<'_>]| kept.keep(cells)).await?;
        Ok(plan_lines(&kept.rows(streamed)))
    }
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
