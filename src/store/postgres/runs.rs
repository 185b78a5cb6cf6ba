//! Rows of runs: created, claimed, found and listed.

use sqlx::{PgConnection, Row};

use super::{Reader, plain};
use crate::domain::crash::CrashPoint;
use crate::domain::{RunId, RunStatus, RunSummary};
use crate::store::pages::{self, LARGEST_PAGE};
use crate::store::{Created, Error, NewRun, Page, Paged, RunFilter, RunRow, read};

macro_rules! columns {
    () => {
        "r.run_id, r.owner, r.request, r.source, r.status, r.summary, r.epoch, r.next_seq, r.created_at, r.updated_at, r.no"
    };
}

pub async fn create(reader: &Reader, run: &NewRun) -> Result<Created, Error> {
    let failed = |error: sqlx::Error| reader.failed(&error);
    let mut transaction = reader.begin().await?;
    if !key_is_free(&mut transaction, run).await.map_err(failed)? {
        transaction.rollback().await.map_err(failed)?;
        return created_before(reader, run).await;
    }
    let row = sqlx::query(concat!(
        "insert into fathom.runs as r (run_id, owner, status, created_at, updated_at, summary, asked, request)
         values ($1, $2, $3, $4, $4, $5, $6, $7) on conflict do nothing returning ",
        columns!()
    ))
    .bind(run.id.to_string())
    .bind(plain(&run.owner))
    .bind(RunStatus::Waiting.name())
    .bind(run.at)
    .bind(read::json_text(&RunSummary::default()))
    .bind(plain(&run.request.source))
    .bind(read::json_text(&run.request))
    .fetch_optional(&mut *transaction)
    .await
    .map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    let Some(row) = row else { return find(reader, run.id).await?.map(Created::Before).ok_or(Error::NoSuchRun(run.id)) };
    CrashPoint::RunCreated.passed();
    read::run(&row).map(Created::New)
}

/// Takes the client's key for this run. Who comes second with a key waits here until the first has committed.
async fn key_is_free(connection: &mut PgConnection, run: &NewRun) -> Result<bool, sqlx::Error> {
    let Some(idempotency) = &run.idempotency else { return Ok(true) };
    let taken =
        sqlx::query("insert into fathom.idempotency (owner, key, digest, run_id, at) values ($1, $2, $3, $4, $5) on conflict do nothing")
            .bind(plain(&run.owner))
            .bind(plain(&idempotency.key))
            .bind(plain(&idempotency.digest))
            .bind(run.id.to_string())
            .bind(run.at)
            .execute(connection)
            .await?;
    Ok(taken.rows_affected() > 0)
}

async fn created_before(reader: &Reader, run: &NewRun) -> Result<Created, Error> {
    let idempotency = run.idempotency.as_ref().expect("only a key can be taken");
    let query = sqlx::query(concat!(
        "select ",
        columns!(),
        ", i.digest from fathom.idempotency as i join fathom.runs as r on r.run_id = i.run_id where i.owner = $1 and i.key = $2"
    ))
    .bind(plain(&run.owner))
    .bind(plain(&idempotency.key));
    let Some(row) = reader.fetch_optional(query).await? else {
        return Err(Error::Failed(format!("the run of key `{}` is gone", idempotency.key)));
    };
    let digest: String = row.try_get(11).map_err(|error| reader.failed(&error))?;
    if digest == plain(&idempotency.digest) { read::run(&row).map(Created::Before) } else { Ok(Created::KeyMisused) }
}

pub async fn claim(reader: &Reader, id: RunId, node: &str) -> Result<RunRow, Error> {
    let query = sqlx::query(concat!("update fathom.runs as r set epoch = epoch + 1, node = $2 where run_id = $1 returning ", columns!()))
        .bind(id.to_string())
        .bind(plain(node));
    reader.fetch_optional(query).await?.map_or(Err(Error::NoSuchRun(id)), |row| read::run(&row))
}

/// Tells an append to a run that moved on from one to a run that never was.
pub async fn exists(connection: &mut PgConnection, id: RunId) -> Result<bool, sqlx::Error> {
    let row = sqlx::query("select 1 from fathom.runs where run_id = $1").bind(id.to_string()).fetch_optional(connection).await?;
    Ok(row.is_some())
}

pub async fn find(reader: &Reader, id: RunId) -> Result<Option<RunRow>, Error> {
    let query = sqlx::query(concat!("select ", columns!(), " from fathom.runs as r where run_id = $1")).bind(id.to_string());
    reader.fetch_optional(query).await?.map(|row| read::run(&row)).transpose()
}

pub async fn list(reader: &Reader, filter: &RunFilter, page: &Page) -> Result<Paged<RunRow>, Error> {
    let limit = page.limit.clamp(1, LARGEST_PAGE);
    // Planned for the filter at hand, so that each is answered from its index.
    let query = sqlx::query(concat!(
        "select ",
        columns!(),
        " from fathom.runs as r
         where no < $1 and ($2::text is null or status = $2) and ($3::text is null or source = $3 or asked = $3)
         order by no desc limit $4"
    ))
    .persistent(false)
    .bind(pages::run_position(page)?)
    .bind(filter.status.map(RunStatus::name))
    .bind(filter.source.as_deref().map(plain))
    .bind(limit as i64 + 1);
    let mut rows = reader.fetch_all(query).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = match rows.last() {
        Some(last) if more => Some(pages::run_token(last.try_get(10).map_err(|error| reader.failed(&error))?)),
        _ => None,
    };
    Ok(Paged { items: rows.iter().map(read::run).collect::<Result<_, _>>()?, next })
}

pub async fn unfinished(reader: &Reader) -> Result<Vec<RunId>, Error> {
    let rows = reader.fetch_all(sqlx::query(include_str!("sql/unfinished_runs.sql"))).await?;
    rows.iter().map(read::run_id).collect()
}
