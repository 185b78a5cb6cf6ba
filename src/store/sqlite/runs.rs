//! Rows of runs: created, claimed, found and listed.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::Reader;
use crate::domain::{RunId, RunStatus, RunSummary, SourceKey};
use crate::store::pages::{self, LARGEST_PAGE};
use crate::store::{Created, Error, NewRun, Page, Paged, RunFilter, RunRow};

const LIST: &str = "runs";

macro_rules! columns {
    () => {
        "run_id, owner, request, source, status, summary, epoch, next_seq, created_at, updated_at, no"
    };
}

pub async fn create(connection: &mut SqliteConnection, run: &NewRun) -> Result<Result<Created, Error>, sqlx::Error> {
    let request = encode(&run.request);
    let digest = run.idempotency.as_ref().map(|idempotency| idempotency.digest.as_str());
    let row = sqlx::query(include_str!("sql/create_run.sql"))
        .bind(run.id.to_string())
        .bind(run.owner.clone())
        .bind(request)
        .bind(run.request.source.clone())
        .bind(run.at)
        .bind(run.idempotency.as_ref().map(|idempotency| idempotency.key.clone()))
        .bind(digest.map(str::to_owned))
        .bind(encode(&RunSummary::default()))
        .bind(RunStatus::Waiting.name())
        .fetch_one(connection)
        .await?;
    let (made, stored): (i64, Option<String>) = (row.try_get(10)?, row.try_get(11)?);
    if stored.as_deref() != digest {
        return Ok(Ok(Created::KeyMisused));
    }
    Ok(decode(&row).map(|row| if made > 0 { Created::New(row) } else { Created::Before(row) }))
}

pub async fn claim(connection: &mut SqliteConnection, id: RunId, node: &str) -> Result<Result<RunRow, Error>, sqlx::Error> {
    let row = sqlx::query(concat!("update runs set epoch = epoch + 1, node = $2 where run_id = $1 returning ", columns!()))
        .bind(id.to_string())
        .bind(node.to_owned())
        .fetch_optional(connection)
        .await?;
    Ok(row.map_or(Err(Error::NoSuchRun(id)), |row| decode(&row)))
}

/// Tells an append to a run that moved on from one to a run that never was.
pub async fn exists(connection: &mut SqliteConnection, id: RunId) -> Result<bool, sqlx::Error> {
    let row = sqlx::query("select 1 from runs where run_id = $1").bind(id.to_string()).fetch_optional(connection).await?;
    Ok(row.is_some())
}

pub async fn find(reader: &Reader, id: RunId) -> Result<Option<RunRow>, Error> {
    let query = sqlx::query(concat!("select ", columns!(), " from runs where run_id = $1")).bind(id.to_string());
    reader.fetch_optional(query).await?.map(|row| decode(&row)).transpose()
}

pub async fn list(reader: &Reader, filter: &RunFilter, page: &Page) -> Result<Paged<RunRow>, Error> {
    let before = match &page.after {
        None => i64::MAX,
        Some(token) => pages::position(LIST, token)?.parse::<i64>().map_err(|_| Error::BadPageToken(token.clone()))?,
    };
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
        Some(last) if more => Some(pages::token(LIST, &last.try_get::<i64, _>(10).map_err(|error| reader.failed(&error))?.to_string())),
        _ => None,
    };
    Ok(Paged { items: rows.iter().map(decode).collect::<Result<_, _>>()?, next })
}

pub async fn unfinished(reader: &Reader) -> Result<Vec<RunId>, Error> {
    let query = sqlx::query("select run_id from runs where status not in ('finished', 'failed', 'cancelled') order by no");
    let rows = reader.fetch_all(query).await?;
    rows.iter().map(|row| run_id(&text(row, 0)?)).collect()
}

fn decode(row: &SqliteRow) -> Result<RunRow, Error> {
    let id = run_id(&text(row, 0)?)?;
    let unreadable = |what: &str| Error::Corrupt(format!("the {what} of `{id}`"));
    Ok(RunRow {
        id,
        owner: text(row, 1)?,
        request: serde_json::from_str(&text(row, 2)?).map_err(|_| unreadable("request"))?,
        source: row.try_get::<Option<String>, _>(3).map_err(|_| unreadable("source"))?.map(SourceKey),
        status: RunStatus::from_name(&text(row, 4)?).ok_or_else(|| unreadable("status"))?,
        summary: serde_json::from_str(&text(row, 5)?).map_err(|_| unreadable("summary"))?,
        epoch: row.try_get(6).map_err(|_| unreadable("epoch"))?,
        next_seq: row.try_get::<i64, _>(7).map_err(|_| unreadable("next number"))?.cast_unsigned(),
        created_at: row.try_get(8).map_err(|_| unreadable("times"))?,
        updated_at: row.try_get(9).map_err(|_| unreadable("times"))?,
    })
}

fn text(row: &SqliteRow, column: usize) -> Result<String, Error> {
    row.try_get(column).map_err(|error| Error::Corrupt(format!("a row of runs: {error}")))
}

fn run_id(text: &str) -> Result<RunId, Error> {
    text.parse().map_err(|error| Error::Corrupt(format!("a row of runs: {error}")))
}

fn encode(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("requests and summaries are plain data and always serialise")
}
