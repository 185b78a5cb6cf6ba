//! PostgreSQL servers as a source: sessions that the server itself keeps from writing and stops by its clock.

mod draft;
mod errors;
mod harvest;
mod rows;
mod session;
mod types;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::error::Elapsed;
use tokio::time::timeout_at;

use self::errors::failed;
use self::session::{Lent, Pool, Purpose, own_sql};
use super::dsn::{Dsn, Server};
use super::guard::{Dialect, ReadQuery};
use super::port::{Error, ReadLimits, Source};
use super::progress::Progress;
use super::settings::Settings;
use super::stream::{Consumer, Passage, Streamed};
use crate::domain::{Snapshot, SourceKey};

pub struct PostgresqlSource {
    key: SourceKey,
    pool: Arc<Pool>,
    settings: Settings,
}

type RightsRow = (String, bool, i64, Vec<String>, Vec<String>);

impl PostgresqlSource {
    /// Opens one connection, so that what no retry mends is known now.
    pub async fn open(server: &Server, settings: &Settings) -> Result<Self, Error> {
        let key = Dsn::Postgresql(server.clone()).key();
        let pool = Arc::new(Pool::new(server, settings)?);
        pool.begin(Purpose::Read, settings.read_limits().time).await?.end().await;
        Ok(Self { key, pool, settings: settings.clone() })
    }

    async fn harvest_once(&self, progress: &Progress) -> Result<Snapshot, Error> {
        let time = Duration::from_millis(self.settings.harvest_time_ms);
        let mut lent = self.pool.begin(Purpose::Harvest, time).await?;
        let harvest = timeout_at(lent.until, harvest::harvest(&mut lent.connection, &self.key, progress)).await;
        finished(lent, harvest, time).await
    }
}

#[async_trait]
impl Source for PostgresqlSource {
    fn key(&self) -> &SourceKey {
        &self.key
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgresql
    }

    async fn harvest_telling(&self, progress: &Progress) -> Result<Snapshot, Error> {
        match self.harvest_once(progress).await {
            // What was dropped between two queries can make the second fail; the next harvest does not know it any more.
            Err(Error::Statement(_)) => self.harvest_once(progress).await,
            answer => answer,
        }
    }

    async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        let mut passage = Passage::new(consumer, limits);
        let mut lent = self.pool.begin(Purpose::Read, limits.time).await?;
        let reading = timeout_at(lent.until, rows::read(&mut lent, query.sql(), &mut passage)).await;
        let columns = finished(lent, reading, limits.time).await?;
        Ok(passage.streamed(columns))
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        let time = self.settings.read_limits().time;
        // With the options in brackets, no word of the query can be taken for one.
        let sql = own_sql(format!("explain (format text) {}", query.sql()));
        let mut lent = self.pool.begin(Purpose::Read, time).await?;
        let until = lent.until;
        let explaining = sqlx::query_scalar(sql).persistent(false).fetch_all(&mut lent.connection);
        let explaining = timeout_at(until, explaining).await;
        finished(lent, explaining, time).await
    }

    async fn warnings(&self) -> Result<Vec<String>, Error> {
        let time = self.settings.read_limits().time;
        let mut lent = self.pool.begin(Purpose::Read, time).await?;
        let until = lent.until;
        let asking = sqlx::query_as(include_str!("sql/rights.sql")).persistent(false).fetch_one(&mut lent.connection);
        let asking = timeout_at(until, asking).await;
        Ok(warnings(finished(lent, asking, time).await?))
    }
}

/// Gives the session back where nothing can run on it any more; else it is ended in the server.
async fn finished<T>(lent: Lent, outcome: Result<Result<T, sqlx::Error>, Elapsed>, time: Duration) -> Result<T, Error> {
    match outcome {
        Ok(Ok(answer)) => {
            lent.end().await;
            Ok(answer)
        }
        Ok(Err(error)) => {
            let answer = failed(&error, time);
            if !matches!(answer, Error::Unavailable(_)) {
                lent.end().await;
            }
            Err(answer)
        }
        Err(_) => Err(Error::TimedOut(time)),
    }
}

fn warnings((user, is_superuser, writable, schemas, roles): RightsRow) -> Vec<String> {
    let advice = "sessions stay read-only all the same; a role that has nothing but `usage` and `select` is safer";
    if is_superuser {
        return vec![format!("user `{user}` is a superuser and may do everything, files and programs of the server included; {advice}")];
    }
    let mut warnings = Vec::new();
    if writable > 0 {
        warnings.push(format!("user `{user}` may write to {writable} tables; {advice}"));
    }
    if !schemas.is_empty() {
        warnings.push(format!("user `{user}` may create objects in the schemas {}; {advice}", schemas.join(", ")));
    }
    if !roles.is_empty() {
        warnings.push(format!("user `{user}` has the rights of {}; {advice}", roles.join(", ")));
    }
    warnings
}
