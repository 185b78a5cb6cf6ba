//! Many rows in two bound values: JSON arrays of numbers and short texts, and one run of bytes for the long texts.
//!
//! A group of any size is so written by a constant number of statements, and long texts are neither escaped nor parsed:
//! a row names its piece of the bytes by offset and length, as `substr` counts.

use serde::Serialize;

#[derive(Debug)]
pub struct Rows {
    json: Vec<u8>,
    bytes: Vec<u8>,
    in_row: bool,
}

impl Rows {
    pub fn new() -> Self {
        Self { json: vec![b'['], bytes: Vec::new(), in_row: false }
    }

    /// Begins the next row.
    pub fn row(&mut self) -> &mut Self {
        self.json.extend_from_slice(if self.in_row { b"],[" } else { b"[" });
        self.in_row = true;
        self
    }

    pub fn add(&mut self, value: impl Serialize) -> &mut Self {
        if !self.json.ends_with(b"[") {
            self.json.push(b',');
        }
        serde_json::to_writer(&mut self.json, &value).expect("numbers and texts always serialise");
        self
    }

    pub fn number(&mut self, value: i64) -> &mut Self {
        self.add(value)
    }

    /// A long text: two values in the row, offset and length.
    pub fn long(&mut self, text: &str) -> &mut Self {
        let offset = self.bytes.len() as i64 + 1;
        self.bytes.extend_from_slice(text.as_bytes());
        self.number(offset).number(text.len() as i64)
    }

    pub fn finish(mut self) -> (String, Vec<u8>) {
        self.json.extend_from_slice(if self.in_row { b"]]" } else { b"]" });
        (String::from_utf8(self.json).expect("JSON is written as UTF-8"), self.bytes)
    }
}

/// A plain JSON array of numbers.
pub fn numbers(values: &[i64]) -> String {
    serde_json::to_string(values).expect("numbers always serialise")
}
