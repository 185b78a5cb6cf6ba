//! Rows of remote servers: accepted tools, and calls without an answer.

use super::{Reader, plain};
use crate::store::{Error, RemoteCallRow, RemoteToolRow, read};

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
