//! Reading: a small pool of connections that cannot write.

use std::path::Path;
use std::sync::Arc;

use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};

use super::error;
use crate::domain::{RunId, Seq, TaskId};
use crate::store::{Error, MOST_RECORDS, Record, StepRow, read};

#[derive(Clone, Debug)]
pub struct Reader {
    folder: Arc<Path>,
    pool: SqlitePool,
}

type ReadQuery = Query<'static, Sqlite, SqliteArguments>;

impl Reader {
    pub fn new(folder: &Path, pool: SqlitePool) -> Self {
        Self { folder: folder.into(), pool }
    }

    pub async fn fetch_all(&self, query: impl Into<ReadQuery>) -> Result<Vec<SqliteRow>, Error> {
        query.into().fetch_all(&self.pool).await.map_err(|error| self.failed(&error))
    }

    pub async fn fetch_optional(&self, query: impl Into<ReadQuery>) -> Result<Option<SqliteRow>, Error> {
        query.into().fetch_optional(&self.pool).await.map_err(|error| self.failed(&error))
    }

    pub fn failed(&self, error: &sqlx::Error) -> Error {
        error::of(&self.folder, error)
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A range of the primary key. Serves readers that fell behind, so it does no more than it must.
    pub async fn records(&self, run: RunId, after: Seq, limit: usize) -> Result<Vec<Record>, Error> {
        let query = sqlx::query(
            "select id & 4294967295, at, kind, message, data from events
             where id > (select no from runs where run_id = $1) << 32 | $2
               and id <= (select no from runs where run_id = $1) << 32 | 4294967295
             order by id limit $3",
        )
        .bind(run.to_string())
        .bind(after.min(u64::from(u32::MAX)).cast_signed())
        .bind(limit.min(MOST_RECORDS) as i64);
        self.fetch_all(query).await?.iter().map(read::record).collect()
    }

    pub async fn steps(&self, run: RunId, task: TaskId) -> Result<Vec<StepRow>, Error> {
        let query =
            sqlx::query("select step, result from steps where run = (select no from runs where run_id = $1) and task = $2 order by id")
                .bind(run.to_string())
                .bind(i64::from(task.0));
        self.fetch_all(query).await?.iter().map(|row| read::step(task, row)).collect()
    }
}
