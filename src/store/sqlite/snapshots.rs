//! Snapshots as JSON text; the name says what is inside, so writing one again only says when it was found.

use sqlx::{Row, SqliteConnection};

use super::Reader;
use crate::domain::{Snapshot, SnapshotId, SourceKey};
use crate::store::{Error, SnapshotRow, read};

/// A snapshot on its way to the writer, encoded where it came from.
#[derive(Debug)]
pub struct EncodedSnapshot {
    pub id: String,
    pub source: String,
    pub at: i64,
    pub body: String,
}

pub fn encode(snapshot: &Snapshot, at: i64) -> EncodedSnapshot {
    EncodedSnapshot { id: snapshot.id.0.clone(), source: snapshot.source.0.clone(), at, body: read::json_text(snapshot) }
}

pub async fn put(connection: &mut SqliteConnection, snapshot: &EncodedSnapshot) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into snapshots (id, source, at, body) values ($1, $2, $3, $4) on conflict (id) do update set at = max(at, excluded.at)",
    )
    .bind(snapshot.id.clone())
    .bind(snapshot.source.clone())
    .bind(snapshot.at)
    .bind(snapshot.body.clone())
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn find(reader: &Reader, id: &SnapshotId) -> Result<Option<Snapshot>, Error> {
    let query = sqlx::query("select body from snapshots where id = $1").bind(id.0.clone());
    let Some(row) = reader.fetch_optional(query).await? else { return Ok(None) };
    let body: String = row.try_get(0).map_err(|error| reader.failed(&error))?;
    serde_json::from_str(&body).map(Some).map_err(|error| Error::Corrupt(format!("the snapshot `{id}`: {error}")))
}

pub async fn list(reader: &Reader, source: &SourceKey, limit: usize) -> Result<Vec<SnapshotRow>, Error> {
    let query = sqlx::query("select id, at from snapshots where source = $1 order by at desc, id limit $2");
    let rows = reader.fetch_all(query.bind(source.0.clone()).bind(limit as i64)).await?;
    let listed = rows.iter().map(|row| Ok(SnapshotRow { id: SnapshotId(row.try_get(0)?), at: row.try_get(1)? }));
    listed.collect::<Result<_, _>>().map_err(|error| reader.failed(&error))
}
