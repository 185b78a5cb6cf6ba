//! The pool, and what is read of a journal through it.

use sqlx::postgres::{PgArguments, PgPool, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Transaction};

use super::{Place, error};
use crate::domain::{RunId, Seq, TaskId};
use crate::store::clock::now;
use crate::store::{Error, MOST_RECORDS, Record, StepRow, read};

#[derive(Clone, Debug)]
pub struct Reader {
    place: Place,
    pool: PgPool,
}

pub type PoolQuery = Query<'static, Postgres, PgArguments>;

impl Reader {
    pub fn new(place: &Place, pool: PgPool) -> Self {
        Self { place: place.clone(), pool }
    }

    pub async fn fetch_all(&self, query: PoolQuery) -> Result<Vec<PgRow>, Error> {
        query.fetch_all(&self.pool).await.map_err(|error| self.failed(&error))
    }

    pub async fn fetch_optional(&self, query: PoolQuery) -> Result<Option<PgRow>, Error> {
        query.fetch_optional(&self.pool).await.map_err(|error| self.failed(&error))
    }

    /// How many rows it changed.
    pub async fn execute(&self, query: PoolQuery) -> Result<u64, Error> {
        query.execute(&self.pool).await.map(|done| done.rows_affected()).map_err(|error| self.failed(&error))
    }

    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        self.pool.begin().await.map_err(|error| self.failed(&error))
    }

    pub fn failed(&self, error: &sqlx::Error) -> Error {
        error::of(&self.place, error)
    }

    /// A range of the primary key. Serves readers that fell behind, so it does no more than it must.
    pub async fn records(&self, run: RunId, after: Seq, limit: usize) -> Result<Vec<Record>, Error> {
        let query = sqlx::query(include_str!("sql/records.sql"))
            .bind(run.to_string())
            .bind(after.min(u64::from(u32::MAX)).cast_signed())
            .bind(limit.min(MOST_RECORDS) as i64);
        self.fetch_all(query).await?.iter().map(read::record).collect()
    }

    pub async fn steps(&self, run: RunId, task: TaskId) -> Result<Vec<StepRow>, Error> {
        let query = sqlx::query(
            "select step, result from fathom.steps
             where run = (select no from fathom.runs where run_id = $1) and task = $2 order by id",
        )
        .bind(run.to_string())
        .bind(i64::from(task.0));
        self.fetch_all(query).await?.iter().map(|row| read::step(task, row)).collect()
    }

    pub async fn probe(&self) -> Result<(), Error> {
        let query = "insert into fathom.probes (one, at) values (1, $1) on conflict (one) do update set at = excluded.at returning at";
        self.fetch_optional(sqlx::query(query).bind(now())).await.map(drop)
    }
}
