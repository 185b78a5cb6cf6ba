//! Snapshots as JSON text; the name says what is inside, so writing one again only says when it was found.

use sqlx::Row;

use super::{Reader, plain};
use crate::domain::{Snapshot, SnapshotId, SourceKey};
use crate::store::clock::now;
use crate::store::{Error, SnapshotRow, read};

/// Rows of one list, whatever is asked for.
const MOST_LISTED: usize = 10_000;

pub async fn put(reader: &Reader, snapshot: &Snapshot) -> Result<(), Error> {
    let query = sqlx::query(
        "insert into fathom.snapshots as s (id, source, at, body) values ($1, $2, $3, $4)
         on conflict (id) do update set at = greatest(s.at, excluded.at)",
    )
    .bind(plain(&snapshot.id.0))
    .bind(plain(&snapshot.source.0))
    .bind(now())
    .bind(read::json_text(snapshot));
    reader.execute(query).await.map(drop)
}

pub async fn find(reader: &Reader, id: &SnapshotId) -> Result<Option<Snapshot>, Error> {
    let query = sqlx::query("select body from fathom.snapshots where id = $1").bind(plain(&id.0));
    let Some(row) = reader.fetch_optional(query).await? else { return Ok(None) };
    let body: &str = row.try_get(0).map_err(|error| reader.failed(&error))?;
    serde_json::from_str(body).map(Some).map_err(|error| Error::Corrupt(format!("the snapshot `{id}`: {error}")))
}

pub async fn list(reader: &Reader, source: &SourceKey, limit: usize) -> Result<Vec<SnapshotRow>, Error> {
    let query = sqlx::query("select id, at from fathom.snapshots where source = $1 order by at desc, id limit $2");
    let rows = reader.fetch_all(query.bind(plain(&source.0)).bind(limit.min(MOST_LISTED) as i64)).await?;
    let listed = rows.iter().map(|row| Ok(SnapshotRow { id: SnapshotId(row.try_get(0)?), at: row.try_get(1)? }));
    listed.collect::<Result<_, _>>().map_err(|error| reader.failed(&error))
}
