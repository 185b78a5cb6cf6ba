//! One value of a row while it passes by, borrowed from the database's answer. What is kept of it is another's choice.

use std::borrow::Cow;

use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// More than an `i64` holds.
    Unsigned(u64),
    /// Also what is no number, and what is endless.
    Float(f64),
    /// A number whose digits a float would not keep.
    Digits(&'a str),
    /// Bytes that should be UTF-8; also times and whatever else has only its text.
    Text(Cow<'a, [u8]>),
    Json(&'a [u8]),
    Blob(Cow<'a, [u8]>),
    /// Its text, and its elements.
    Array(&'a [u8], Value),
}

impl Cell<'_> {
    pub fn of_unsigned(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Unsigned(number), Self::Integer)
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}
