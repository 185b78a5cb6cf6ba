//! Rows of access tokens.

use sqlx::SqliteConnection;

use super::Reader;
use crate::store::{Error, TokenRow, read};

pub async fn put(connection: &mut SqliteConnection, token: &TokenRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into tokens (name, hash, created_at) values ($1, $2, $3)
         on conflict (name) do update set hash = excluded.hash, created_at = excluded.created_at",
    )
    .bind(token.name.clone())
    .bind(token.hash.clone())
    .bind(token.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn revoke(connection: &mut SqliteConnection, name: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from tokens where name = $1").bind(name.to_owned()).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

pub async fn list(reader: &Reader) -> Result<Vec<TokenRow>, Error> {
    let rows = reader.fetch_all(sqlx::query("select name, hash, created_at from tokens order by name")).await?;
    rows.iter().map(read::token).collect()
}
