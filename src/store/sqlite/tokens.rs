//! Rows of access tokens.

use sqlx::SqliteConnection;

use super::Reader;
use crate::store::{Error, TokenRow, read};

pub async fn put(connection: &mut SqliteConnection, token: &TokenRow) -> Result<bool, sqlx::Error> {
    let put = sqlx::query(
        "insert into tokens (name, hash, created_at, kind, scopes, expires_at, revoked_at) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (name) do nothing",
    )
    .bind(token.name.clone())
    .bind(token.hash.clone())
    .bind(token.created_at)
    .bind(token.grant.kind().name())
    .bind(token.grant.scopes().words())
    .bind(token.expires_at)
    .bind(token.revoked_at);
    Ok(put.execute(connection).await?.rows_affected() > 0)
}

pub async fn revoke(connection: &mut SqliteConnection, name: &str, at: i64) -> Result<bool, sqlx::Error> {
    let revoke = sqlx::query("update tokens set hash = '', revoked_at = $2 where name = $1 and revoked_at is null");
    Ok(revoke.bind(name.to_owned()).bind(at).execute(connection).await?.rows_affected() > 0)
}

pub async fn list(reader: &Reader) -> Result<Vec<TokenRow>, Error> {
    let query = sqlx::query("select name, hash, created_at, kind, scopes, expires_at, revoked_at from tokens order by name");
    reader.fetch_all(query).await?.iter().map(read::token).collect()
}
