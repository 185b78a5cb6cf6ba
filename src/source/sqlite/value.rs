//! SQLite's values by their storage classes, which each row may have its own.

use std::borrow::Cow;

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, TypeInfo, ValueRef};

use crate::domain::Cell;

pub fn cell(row: &SqliteRow, index: usize) -> Result<Cell<'_>, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Cell::Null);
    }
    let class = raw.type_info().into_owned();
    let cell = match class.name() {
        "INTEGER" => <i64 as Decode<Sqlite>>::decode(raw).map(Cell::Integer),
        "REAL" => <f64 as Decode<Sqlite>>::decode(raw).map(Cell::Float),
        "BLOB" => <&[u8] as Decode<Sqlite>>::decode(raw).map(|bytes| Cell::Blob(Cow::Borrowed(bytes))),
        // Asked for as bytes, because they need not be UTF-8; the driver has converted UTF-16.
        _ => <&[u8] as Decode<Sqlite>>::decode(raw).map(|bytes| Cell::Text(Cow::Borrowed(bytes))),
    };
    cell.map_err(sqlx::Error::Decode)
}

/// The storage class by its name; none for NULL, which has no other.
pub fn class(cell: &Cell<'_>) -> Option<&'static str> {
    match cell {
        Cell::Null => None,
        Cell::Integer(_) => Some("integer"),
        Cell::Float(_) => Some("real"),
        Cell::Blob(_) => Some("blob"),
        _ => Some("text"),
    }
}
