//! Rows of remote servers: accepted tools, calls without an answer, and logins.

use sqlx::Row;

use super::{Reader, plain};
use crate::store::{Error, RemoteCallRow, RemoteLoginRow, RemoteToolRow, read};

pub async fn put_tools(reader: &Reader, tools: &[RemoteToolRow]) -> Result<(), Error> {
    let of = |column: fn(&RemoteToolRow) -> String| tools.iter().map(column).collect::<Vec<_>>();
    let query = sqlx::query(
        "insert into fathom.remote_tools (server, tool, hash, accepted_at)
         select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
         on conflict (server, tool) do update set hash = excluded.hash, accepted_at = excluded.accepted_at",
    )
    .bind(of(|tool| plain(&tool.server)))
    .bind(of(|tool| plain(&tool.tool)))
    .bind(of(|tool| plain(&tool.hash)))
    .bind(tools.iter().map(|tool| tool.accepted_at).collect::<Vec<_>>());
    reader.execute(query).await.map(drop)
}

pub async fn tools(reader: &Reader, server: &str) -> Result<Vec<RemoteToolRow>, Error> {
    let query = sqlx::query("select server, tool, hash, accepted_at from fathom.remote_tools where server = $1 order by tool");
    reader.fetch_all(query.bind(plain(server))).await?.iter().map(read::remote_tool).collect()
}

pub async fn put_call(reader: &Reader, call: &RemoteCallRow) -> Result<(), Error> {
    let query = sqlx::query(
        "insert into fathom.remote_calls (id, server, tool, arguments, reason, at) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do update set reason = excluded.reason",
    )
    .bind(plain(&call.id))
    .bind(plain(&call.server))
    .bind(plain(&call.tool))
    .bind(plain(&call.arguments))
    .bind(plain(&call.reason))
    .bind(call.at);
    reader.execute(query).await.map(drop)
}

pub async fn remove_call(reader: &Reader, id: &str) -> Result<bool, Error> {
    let query = sqlx::query("delete from fathom.remote_calls where id = $1").bind(plain(id));
    Ok(reader.execute(query).await? > 0)
}

pub async fn calls(reader: &Reader) -> Result<Vec<RemoteCallRow>, Error> {
    let query = sqlx::query("select id, server, tool, arguments, reason, at from fathom.remote_calls order by at, id");
    reader.fetch_all(query).await?.iter().map(read::remote_call).collect()
}

pub async fn put_logins(reader: &Reader, logins: &[RemoteLoginRow]) -> Result<(), Error> {
    let of = |column: fn(&RemoteLoginRow) -> String| logins.iter().map(column).collect::<Vec<_>>();
    let query = sqlx::query(
        "insert into fathom.remote_logins (server, issuer, sealed, at)
         select * from unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[])
         on conflict (server, issuer) do update set sealed = excluded.sealed, at = excluded.at",
    )
    .bind(of(|login| plain(&login.server)))
    .bind(of(|login| plain(&login.issuer)))
    .bind(logins.iter().map(|login| login.sealed.clone()).collect::<Vec<_>>())
    .bind(logins.iter().map(|login| login.at).collect::<Vec<_>>());
    reader.execute(query).await.map(drop)
}

pub async fn remove_login(reader: &Reader, server: &str, issuer: &str) -> Result<bool, Error> {
    let query = sqlx::query("delete from fathom.remote_logins where server = $1 and issuer = $2").bind(plain(server)).bind(plain(issuer));
    Ok(reader.execute(query).await? > 0)
}

pub async fn logins(reader: &Reader) -> Result<Vec<RemoteLoginRow>, Error> {
    let query = sqlx::query("select server, issuer, sealed, at from fathom.remote_logins order by server, issuer");
    let rows = reader.fetch_all(query).await?;
    let logins = rows
        .iter()
        .map(|row| Ok(RemoteLoginRow { server: row.try_get(0)?, issuer: row.try_get(1)?, sealed: row.try_get(2)?, at: row.try_get(3)? }));
    logins.collect::<Result<_, _>>().map_err(|error| reader.failed(&error))
}
