//! Rows of runs: created, claimed, found and listed.

use sqlx::{Row, SqliteConnection};

use super::Reader;
use crate::domain::{RunId, RunStatus, RunSummary};
use crate::store::pages::{self, LARGEST_PAGE};
use crate::store::{Created, Error, NewRun, Page, Paged, RunFilter, RunRow, read};

macro_rules! columns {
    () => {
        "run_id, owner, request, source, status, summary, epoch, next_seq, created_at, updated_at, no"
    };
}

pub async fn create(connection: &mut SqliteConnection, run: &NewRun) -> Result<Result<Created, Error>, sqlx::Error> {
    let request = read::json_text(&run.request);
    let digest = run.idempotency.as_ref().map(|idempotency| idempotency.digest.as_str());
    let row = sqlx::query(include_str!("sql/create_run.sql"))
        .bind(run.id.to_string())
        .bind(run.owner.clone())
        .bind(request)
        .bind(run.request.source.clone())
        .bind(run.at)
        .bind(run.idempotency.as_ref().map(|idempotency| idempotency.key.clone()))
        .bind(digest.map(str::to_owned))
        .bind(read::json_text(&RunSummary::default()))
        .bind(RunStatus::Waiting.name())
        .fetch_one(connection)
        .await?;
    let (made, stored): (i64, Option<String>) = (row.try_get(10)?, row.try_get(11)?);
    if stored.as_deref() != digest {
        return Ok(Ok(Created::KeyMisused));
    }
    Ok(read::run(&row).map(|row| if made > 0 { Created::New(row) } else { Created::Before(row) }))
}

pub async fn claim(connection: &mut SqliteConnection, id: RunId, node: &str) -> Result<Result<RunRow, Error>, sqlx::Error> {
    let row = sqlx::query(concat!("update runs set epoch = epoch + 1, node = $2 where run_id = $1 returning ", columns!()))
        .bind(id.to_string())
        .bind(node.to_owned())
        .fetch_optional(connection)
        .await?;
    Ok(row.map_or(Err(Error::NoSuchRun(id)), |row| read::run(&row)))
}

/// Tells an append to a run that moved on from one to a run that never was.
pub async fn exists(connection: &mut SqliteConnection, id: RunId) -> Result<bool, sqlx::Error> {
    let row = sqlx::query("select 1 from runs where run_id = $1").bind(id.to_string()).fetch_optional(connection).await?;
    Ok(row.is_some())
}

pub async fn find(reader: &Reader, id: RunId) -> Result<Option<RunRow>, Error> {
    let query = sqlx::query(concat!("select ", columns!(), " from runs where run_id = $1")).bind(id.to_string());
    reader.fetch_optional(query).await?.map(|row| read::run(&row)).transpose()
}

pub async fn list(reader: &Reader, filter: &RunFilter, page: &Page) -> Result<Paged<RunRow>, Error> {
    let before = pages::run_position(page)?;
    let limit = page.limit.clamp(1, LARGEST_PAGE);
    let most = limit as i64 + 1;
    // A text a filter, so that each is answered from its index.
    let query = match (filter.status, &filter.source) {
        (None, None) => {
            sqlx::query(concat!("select ", columns!(), " from runs where no < $1 order by no desc limit $2")).bind(before).bind(most)
        }
        (Some(status), None) => {
            sqlx::query(concat!("select ", columns!(), " from runs where no < $1 and status = $3 order by no desc limit $2"))
                .bind(before)
                .bind(most)
                .bind(status.name())
        }
        (status, Some(source)) => sqlx::query(concat!(
            "select ",
            columns!(),
            " from runs where no < $1 and (source = $4 or asked = $4) and ($3 is null or status = $3) order by no desc limit $2"
        ))
        .bind(before)
        .bind(most)
        .bind(status.map(RunStatus::name))
        .bind(source.clone()),
    };
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
    let query = sqlx::query("select run_id from runs where status not in ('finished', 'failed', 'cancelled') order by no");
    let rows = reader.fetch_all(query).await?;
    rows.iter().map(read::run_id).collect()
}
