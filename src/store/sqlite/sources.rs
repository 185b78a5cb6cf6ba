//! Rows of registered sources.

use sqlx::{Row, SqliteConnection};

use super::Reader;
use crate::store::{Error, SourceRow};

pub async fn put(connection: &mut SqliteConnection, sources: &[SourceRow]) -> Result<(), sqlx::Error> {
    for source in sources {
        sqlx::query(
            "insert into sources (name, shown, sealed, limits, created_at) values ($1, $2, $3, $4, $5)
             on conflict (name) do update set
                 shown = excluded.shown, sealed = excluded.sealed, limits = excluded.limits, created_at = excluded.created_at",
        )
        .bind(source.name.clone())
        .bind(source.shown.clone())
        .bind(source.sealed.clone())
        .bind(source.limits.clone())
        .bind(source.created_at)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub async fn remove(connection: &mut SqliteConnection, name: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from sources where name = $1").bind(name.to_owned()).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

pub async fn list(reader: &Reader) -> Result<Vec<SourceRow>, Error> {
    let rows = reader.fetch_all(sqlx::query("select name, shown, sealed, limits, created_at from sources order by name")).await?;
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
