//! The result of a query: names, types and values with real NULLs and numbers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    pub columns: Vec<RowColumn>,
    pub rows: Vec<Vec<Value>>,
    pub row_count: usize,
    /// True where a row or byte limit ended the reading; more rows exist.
    pub truncated: bool,
    pub elapsed_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowColumn {
    pub name: String,
    pub r#type: String,
}

impl Rows {
    /// The value of a one-row, one-column answer such as a count.
    pub fn single(&self) -> Option<&Value> {
        self.rows.first().and_then(|row| row.first())
    }
}
