//! What SQLite's errors mean to us.

use std::path::Path;

use crate::store::Error;

/// Primary result codes of SQLite are the low byte of what it reports.
const PRIMARY: i32 = 0xff;
const READ_ONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NOT_A_DATABASE: i32 = 26;
/// The shared-memory file beside the journal cannot grow: the disk is full, too.
const IO_SHARED_MEMORY_SIZE: i32 = 4874;

/// Our error for an error of the database in this folder.
pub fn of(folder: &Path, error: &sqlx::Error) -> Error {
    let text = format!("`{}`: {error}", folder.display());
    let code = match error {
        sqlx::Error::Database(inner) => inner.code().and_then(|code| code.parse::<i32>().ok()),
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => return Error::Corrupt(text),
        _ => None,
    };
    match code {
        Some(IO_SHARED_MEMORY_SIZE) => Error::Full(text),
        Some(code) => match code & PRIMARY {
            FULL => Error::Full(text),
            READ_ONLY | CANNOT_OPEN => Error::ReadOnly(text),
            CORRUPT => Error::Corrupt(text),
            NOT_A_DATABASE => Error::NotADatabase(folder.join("fathom.db").display().to_string()),
            _ => Error::Failed(text),
        },
        None => Error::Failed(text),
    }
}
