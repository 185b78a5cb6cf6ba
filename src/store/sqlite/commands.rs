//! Commands from outside: stored once, open until an append consumes them.

use sqlx::{Row, SqliteConnection};

use super::Reader;
use crate::domain::RunId;
use crate::store::{Error, NewCommand, StoredCommand, read};

pub async fn put(connection: &mut SqliteConnection, command: &NewCommand) -> Result<Result<StoredCommand, Error>, sqlx::Error> {
    let row = sqlx::query(include_str!("sql/put_command.sql"))
        .bind(command.run.to_string())
        .bind(command.command_id.clone())
        .bind(command.at)
        .bind(command.body.clone())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(Err(Error::NoSuchRun(command.run))) };
    let fresh = row.try_get::<i64, _>(0)? > 0;
    Ok(Ok(StoredCommand { command_id: row.try_get(1)?, body: row.try_get(2)?, outcome: row.try_get(3)?, fresh }))
}

pub async fn find(reader: &Reader, run: RunId, command_id: &str) -> Result<Option<StoredCommand>, Error> {
    let query = sqlx::query(
        "select command_id, body, outcome from commands
         where run = (select no from runs where run_id = $1) and command_id = $2",
    )
    .bind(run.to_string())
    .bind(command_id.to_owned());
    reader.fetch_optional(query).await?.map(|row| read::command(&row, false)).transpose()
}

pub async fn open(reader: &Reader, run: RunId) -> Result<Vec<StoredCommand>, Error> {
    let query = sqlx::query(
        "select command_id, body, outcome from commands
         where run = (select no from runs where run_id = $1) and outcome is null order by no",
    )
    .bind(run.to_string());
    reader.fetch_all(query).await?.iter().map(|row| read::command(row, false)).collect()
}
