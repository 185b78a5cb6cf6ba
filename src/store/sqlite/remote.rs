//! Rows of remote servers: accepted tools, and calls without an answer.

use sqlx::SqliteConnection;

use super::Reader;
use crate::store::{Error, RemoteCallRow, RemoteToolRow, read};

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
