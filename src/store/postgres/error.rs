//! What PostgreSQL's errors mean to us.

use super::Place;
use crate::store::Error;

const DISK_FULL: &str = "53100";
const READ_ONLY_TRANSACTION: &str = "25006";
/// The server goes down, or somebody ended the session.
const ENDED: &str = "57P";

/// Our error for an error of the database at this place.
pub fn of(place: &Place, error: &sqlx::Error) -> Error {
    let text = format!("`{place}`: {error}");
    match error {
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => Error::Corrupt(text),
        sqlx::Error::Database(inner) => match inner.code().as_deref() {
            Some(DISK_FULL) => Error::Full(text),
            Some(READ_ONLY_TRANSACTION) => Error::ReadOnly(text),
            _ => Error::Failed(text),
        },
        _ => Error::Failed(text),
    }
}

/// Our error for a place that cannot be opened, with what to do.
pub fn of_opening(place: &Place, error: &sqlx::Error) -> Error {
    let database = place.options().get_database().unwrap_or("fathom");
    let what_to_do = match error {
        sqlx::Error::Database(inner) => match inner.code().as_deref() {
            Some("28P01" | "28000") => "check user, password and what the server's `pg_hba.conf` admits".to_owned(),
            Some("3D000") => format!("make it with `create database {database}`, or name another"),
            Some("42501") => {
                format!("let an administrator execute `create schema fathom authorization {}`", place.options().get_username())
            }
            _ => "mend that, or leave the store away to use SQLite in the data folder".to_owned(),
        },
        sqlx::Error::Tls(_) => "check the server's certificate and `sslmode` in the URL".to_owned(),
        _ => "check host and port, and that the server is up".to_owned(),
    };
    Error::Unusable { place: place.to_string(), why: format!("{error}; {what_to_do}") }
}

/// Whether the connection can be used after this error.
pub fn leaves_connection(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(inner) if inner.code().is_none_or(|code| !code.starts_with(ENDED)))
}
