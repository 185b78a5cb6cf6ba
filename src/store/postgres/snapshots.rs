//! Snapshots as JSON text; the name says what is inside, so writing one again changes nothing.

use sqlx::Row;

use super::{Reader, plain};
use crate::domain::{Snapshot, SnapshotId};
use crate::store::clock::now;
use crate::store::{Error, read};

pub async fn put(reader: &Reader, snapshot: &Snapshot) -> Result<(), Error> {
    let query = sqlx::query("insert into fathom.snapshots (id, source, at, body) values ($1, $2, $3, $4) on conflict do nothing")
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
