//! A value that is kept to be shown: as it came, long ones by their beginning, in a buffer that is used again for another.

use std::fmt;

use serde_json::{Value, json};

use super::texts::SHOWN;
use crate::domain::Cell;

/// Of a value that is neither a number nor a text.
const BLOB_BYTES_SHOWN: usize = 16;

#[derive(Clone, Default)]
pub struct Remembered {
    what: What,
    /// How a text or a blob begins.
    beginning: Vec<u8>,
}

#[derive(Clone, Copy, Default)]
enum What {
    #[default]
    Null,
    Boolean(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    /// By its length in bytes.
    Text(usize),
    Blob(usize),
}

impl Remembered {
    pub fn of(cell: &Cell<'_>) -> Self {
        let mut remembered = Self::default();
        remembered.take(cell);
        remembered
    }

    /// In place of the value before.
    pub fn take(&mut self, cell: &Cell<'_>) {
        self.beginning.clear();
        self.what = match cell {
            Cell::Null => What::Null,
            Cell::Boolean(value) => What::Boolean(*value),
            Cell::Integer(number) => What::Integer(*number),
            Cell::Unsigned(number) => What::Unsigned(*number),
            Cell::Float(number) => What::Float(*number),
            Cell::Digits(digits) => self.text(digits.as_bytes()),
            Cell::Text(bytes) => self.text(bytes),
            Cell::Json(bytes) | Cell::Array(bytes, _) => self.text(bytes),
            Cell::Blob(bytes) => {
                self.beginning.extend_from_slice(&bytes[..bytes.len().min(BLOB_BYTES_SHOWN)]);
                What::Blob(bytes.len())
            }
        };
    }

    pub fn json(&self) -> Value {
        match self.what {
            What::Null => Value::Null,
            What::Boolean(value) => Value::from(value),
            What::Integer(number) => Value::from(number),
            What::Unsigned(number) => Value::from(number),
            What::Float(number) if number.is_finite() => json!(number),
            What::Float(number) if number.is_nan() => json!("NaN"),
            What::Float(number) => json!(if number > 0.0 { "Infinity" } else { "-Infinity" }),
            What::Text(length) => {
                let beginning = String::from_utf8_lossy(&self.beginning);
                if length <= SHOWN { Value::from(beginning) } else { Value::from(format!("{}…", beginning.trim_end_matches('\u{fffd}'))) }
            }
            What::Blob(length) => {
                let hex: String = self.beginning.iter().map(|byte| format!("{byte:02x}")).collect();
                json!({"blob_bytes": length, "hex": hex})
            }
        }
    }

    /// About what it takes in memory beside itself.
    pub fn bytes(&self) -> usize {
        self.beginning.capacity()
    }

    fn text(&mut self, bytes: &[u8]) -> What {
        self.beginning.extend_from_slice(&bytes[..bytes.len().min(SHOWN)]);
        What::Text(bytes.len())
    }
}

impl fmt::Display for Remembered {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json().fmt(to)
    }
}
