//! Rows of remote servers: accepted tools, calls without an answer, and logins.

use sqlx::{Row, SqliteConnection};

use super::Reader;
use crate::store::{Error, RemoteCallRow, RemoteLoginRow, RemoteToolRow, read};

pub async fn put_tools(connection: &mut SqliteConnection, tools: &[RemoteToolRow]) -> Result<(), sqlx::Error> {
    for tool in tools {
        sqlx::query(
            "insert into remote_tools (server, tool, hash, accepted_at) values ($1, $2, $3, $4)
             on conflict (server, tool) do update set hash = excluded.hash, accepted_at = excluded.accepted_at",
        )
        .bind(tool.server.clone())
        .bind(tool.tool.clone())
        .bind(tool.hash.clone())
        .bind(tool.accepted_at)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub async fn tools(reader: &Reader, server: &str) -> Result<Vec<RemoteToolRow>, Error> {
    let query = sqlx::query("select server, tool, hash, accepted_at from remote_tools where server = $1 order by tool");
    reader.fetch_all(query.bind(server.to_owned())).await?.iter().map(read::remote_tool).collect()
}

pub async fn put_call(connection: &mut SqliteConnection, call: &RemoteCallRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into remote_calls (id, server, tool, arguments, reason, at) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do update set reason = excluded.reason",
    )
    .bind(call.id.clone())
    .bind(call.server.clone())
    .bind(call.tool.clone())
    .bind(call.arguments.clone())
    .bind(call.reason.clone())
    .bind(call.at)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn remove_call(connection: &mut SqliteConnection, id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from remote_calls where id = $1").bind(id.to_owned()).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

pub async fn calls(reader: &Reader) -> Result<Vec<RemoteCallRow>, Error> {
    let query = sqlx::query("select id, server, tool, arguments, reason, at from remote_calls order by at, id");
    reader.fetch_all(query).await?.iter().map(read::remote_call).collect()
}

pub async fn put_logins(connection: &mut SqliteConnection, logins: &[RemoteLoginRow]) -> Result<(), sqlx::Error> {
    for login in logins {
        sqlx::query(
            "insert into remote_logins (server, issuer, sealed, at) values ($1, $2, $3, $4)
             on conflict (server, issuer) do update set sealed = excluded.sealed, at = excluded.at",
        )
        .bind(login.server.clone())
        .bind(login.issuer.clone())
        .bind(login.sealed.clone())
        .bind(login.at)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub async fn remove_login(connection: &mut SqliteConnection, server: &str, issuer: &str) -> Result<bool, sqlx::Error> {
    let query = sqlx::query("delete from remote_logins where server = $1 and issuer = $2");
    let done = query.bind(server.to_owned()).bind(issuer.to_owned()).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

pub async fn logins(reader: &Reader) -> Result<Vec<RemoteLoginRow>, Error> {
    let query = sqlx::query("select server, issuer, sealed, at from remote_logins order by server, issuer");
    let rows = reader.fetch_all(query).await?;
    let logins = rows
        .iter()
        .map(|row| Ok(RemoteLoginRow { server: row.try_get(0)?, issuer: row.try_get(1)?, sealed: row.try_get(2)?, at: row.try_get(3)? }));
    logins.collect::<Result<_, _>>().map_err(|error| reader.failed(&error))
}
