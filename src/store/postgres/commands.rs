//! Commands from outside: stored once, open until an append consumes them.

use super::{Reader, plain};
use crate::domain::RunId;
use crate::domain::crash::CrashPoint;
use crate::store::{Error, NewCommand, StoredCommand, read};

pub async fn put(reader: &Reader, command: &NewCommand) -> Result<StoredCommand, Error> {
    let query = sqlx::query(
        "insert into fathom.commands (run, owner, command_id, at, body)
         select no, owner, $2, $3, $4 from fathom.runs where run_id = $1
         on conflict do nothing
         returning command_id, body, outcome",
    )
    .bind(command.run.to_string())
    .bind(plain(&command.command_id))
    .bind(command.at)
    .bind(plain(&command.body));
    if let Some(row) = reader.fetch_optional(query).await? {
        CrashPoint::CommandStored.passed();
        return read::command(&row, true);
    }
    find(reader, command.run, &command.command_id).await?.ok_or(Error::NoSuchRun(command.run))
}

pub async fn find(reader: &Reader, run: RunId, command_id: &str) -> Result<Option<StoredCommand>, Error> {
    let query = sqlx::query(
        "select command_id, body, outcome from fathom.commands
         where run = (select no from fathom.runs where run_id = $1) and command_id = $2",
    )
    .bind(run.to_string())
    .bind(plain(command_id));
    reader.fetch_optional(query).await?.map(|row| read::command(&row, false)).transpose()
}

pub async fn open(reader: &Reader, run: RunId) -> Result<Vec<StoredCommand>, Error> {
    let query = sqlx::query(include_str!("sql/open_commands.sql")).bind(run.to_string());
    reader.fetch_all(query).await?.iter().map(|row| read::command(row, false)).collect()
}
