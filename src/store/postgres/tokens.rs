//! Rows of access tokens.

use super::{Reader, plain};
use crate::store::clock::now;
use crate::store::{Error, TokenRow, read};

pub async fn put(reader: &Reader, token: &TokenRow) -> Result<bool, Error> {
    let query = sqlx::query(
        "insert into fathom.tokens (name, hash, created_at, kind, scopes, expires_at, revoked_at) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (name) do nothing",
    )
    .bind(plain(&token.name))
    .bind(plain(&token.hash))
    .bind(token.created_at)
    .bind(token.grant.kind().name())
    .bind(token.grant.scopes().words())
    .bind(token.expires_at)
    .bind(token.revoked_at);
    Ok(reader.execute(query).await? > 0)
}

pub async fn revoke(reader: &Reader, name: &str) -> Result<bool, Error> {
    let query = sqlx::query("update fathom.tokens set hash = '', revoked_at = $2 where name = $1 and revoked_at is null");
    Ok(reader.execute(query.bind(plain(name)).bind(now())).await? > 0)
}

pub async fn list(reader: &Reader) -> Result<Vec<TokenRow>, Error> {
    let query = sqlx::query("select name, hash, created_at, kind, scopes, expires_at, revoked_at from fathom.tokens order by name");
    reader.fetch_all(query).await?.iter().map(read::token).collect()
}
