//! Rows of registered sources.

use sqlx::Row;

use super::{Reader, plain};
use crate::store::{Error, SourceRow};

pub async fn put(reader: &Reader, sources: &[SourceRow]) -> Result<(), Error> {
    let of = |column: fn(&SourceRow) -> String| sources.iter().map(column).collect::<Vec<_>>();
    let query = sqlx::query(
        "insert into fathom.sources (name, shown, sealed, limits, created_at)
         select * from unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bigint[])
         on conflict (name) do update set
             shown = excluded.shown, sealed = excluded.sealed, limits = excluded.limits, created_at = excluded.created_at",
    )
    .bind(of(|source| plain(&source.name)))
    .bind(of(|source| plain(&source.shown)))
    .bind(sources.iter().map(|source| source.sealed.clone()).collect::<Vec<_>>())
    .bind(of(|source| plain(&source.limits)))
    .bind(sources.iter().map(|source| source.created_at).collect::<Vec<_>>());
    reader.execute(query).await.map(drop)
}

pub async fn remove(reader: &Reader, name: &str) -> Result<bool, Error> {
    let query = sqlx::query("delete from fathom.sources where name = $1").bind(plain(name));
    Ok(reader.execute(query).await? > 0)
}

pub async fn list(reader: &Reader) -> Result<Vec<SourceRow>, Error> {
    let rows = reader.fetch_all(sqlx::query("select name, shown, sealed, limits, created_at from fathom.sources order by name")).await?;
    let sources = rows.iter().map(|row| {
        Ok(SourceRow {
            name: row.try_get(0)?,
            shown: row.try_get(1)?,
            sealed: row.try_get(2)?,
            limits: row.try_get(3)?,
            created_at: row.try_get(4)?,
        })
    });
    sources.collect::<Result<_, _>>().map_err(|error| reader.failed(&error))
}
