//! SQLite's values as JSON: real NULLs and numbers.

use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, TypeInfo, ValueRef};

use crate::source::marked::{MAX_TEXT_BYTES, blob, float, text};

/// A value, its storage class, and about how many bytes it takes as JSON.
pub struct Cell {
    pub value: Value,
    pub class: &'static str,
    pub bytes: usize,
}

pub fn cell(row: &SqliteRow, index: usize) -> Result<Cell, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Cell { value: Value::Null, class: "null", bytes: 4 });
    }
    let class = raw.type_info();
    match class.name() {
        "INTEGER" => {
            let number = <i64 as Decode<Sqlite>>::decode(raw).map_err(sqlx::Error::Decode)?;
            Ok(Cell { value: Value::from(number), class: "integer", bytes: 8 })
        }
        "REAL" => {
            let number = <f64 as Decode<Sqlite>>::decode(raw).map_err(sqlx::Error::Decode)?;
            Ok(Cell { value: float(number), class: "real", bytes: 12 })
        }
        "BLOB" => {
            let bytes = <&[u8] as Decode<Sqlite>>::decode(raw).map_err(sqlx::Error::Decode)?;
            Ok(Cell { value: blob(bytes), class: "blob", bytes: 100 })
        }
        _ => {
            // Asked for as bytes, because they need not be UTF-8; the driver has converted UTF-16.
            let bytes = <&[u8] as Decode<Sqlite>>::decode(raw).map_err(sqlx::Error::Decode)?;
            let value = text(bytes);
            Ok(Cell { value, class: "text", bytes: bytes.len().min(MAX_TEXT_BYTES) + 16 })
        }
    }
}
