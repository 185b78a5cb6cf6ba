//! Rows of access tokens.

use super::{Reader, plain};
use crate::store::{Error, TokenRow, read};

pub async fn put(reader: &Reader, token: &TokenRow) -> Result<(), Error> {
    let query = sqlx::query(
        "insert into fathom.tokens (name, hash, created_at) values ($1, $2, $3)
         on conflict (name) do update set hash = excluded.hash, created_at = excluded.created_at",
    )
    .bind(plain(&token.name))
    .bind(plain(&token.hash))
    .bind(token.created_at);
    reader.execute(query).await.map(drop)
}

pub async fn revoke(reader: &Reader, name: &str) -> Result<bool, Error> {
    let query = sqlx::query("delete from fathom.tokens where name = $1").bind(plain(name));
    Ok(reader.execute(query).await? > 0)
}

pub async fn list(reader: &Reader) -> Result<Vec<TokenRow>, Error> {
    let rows = reader.fetch_all(sqlx::query("select name, hash, created_at from fathom.tokens order by name")).await?;
    rows.iter().map(read::token).collect()
}
