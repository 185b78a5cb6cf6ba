//! MySQL's values, from the bytes of the binary protocol: numbers where none of their digits is lost, zero dates as such.

use std::borrow::Cow;

use sqlx::mysql::{MySqlRow, MySqlTypeInfo};
use sqlx::{Decode, MySql, Row, Type, TypeInfo};

use crate::domain::Cell;

/// More digits than a float is sure to keep.
const DIGITS_OF_A_FLOAT: usize = 15;

/// What the bytes of a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Bit,
    Signed,
    Unsigned,
    Single,
    Double,
    Date,
    DateAndTime,
    Time,
    Decimal,
    Json,
    Text,
    /// MariaDB's JSON is a long text of its own collation; whoever keeps JSON in such a column means the same.
    LongText,
    Blob,
}

pub fn form(kind: &MySqlTypeInfo) -> Form {
    match (kind.name(), is_text(kind)) {
        ("BIT", _) => Form::Bit,
        ("FLOAT", _) => Form::Single,
        ("DOUBLE", _) => Form::Double,
        ("DATE", _) => Form::Date,
        ("DATETIME" | "TIMESTAMP", _) => Form::DateAndTime,
        ("TIME", _) => Form::Time,
        ("DECIMAL", _) => Form::Decimal,
        ("BOOLEAN", _) if <u64 as Type<MySql>>::compatible(kind) => Form::Unsigned,
        ("BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT", _) => Form::Signed,
        ("YEAR", _) => Form::Unsigned,
        (name, _) if name.ends_with("UNSIGNED") => Form::Unsigned,
        ("JSON", _) => Form::Json,
        ("BLOB" | "LONGBLOB", true) => Form::LongText,
        (_, true) => Form::Text,
        (_, false) => Form::Blob,
    }
}

pub fn cell(row: &MySqlRow, index: usize, form: Form) -> Result<Cell<'_>, sqlx::Error> {
    let Some(bytes) = bytes(row, index)? else { return Ok(Cell::Null) };
    Ok(match form {
        Form::Bit => bit(bytes),
        Form::Signed => Cell::Integer(signed(bytes)),
        Form::Unsigned => Cell::of_unsigned(unsigned(bytes)),
        Form::Single => single(bytes),
        Form::Double => bytes.try_into().map_or(Cell::Null, |bytes| Cell::Float(f64::from_le_bytes(bytes))),
        Form::Date => written(date(bytes)),
        Form::DateAndTime => written(date_and_time(bytes)),
        Form::Time => written(time(bytes)),
        Form::Decimal => decimal(bytes),
        Form::Json => Cell::Json(bytes),
        Form::LongText if matches!(bytes.first(), Some(b'{' | b'[')) => Cell::Json(bytes),
        Form::LongText | Form::Text => Cell::Text(Cow::Borrowed(bytes)),
        Form::Blob => Cell::Blob(Cow::Borrowed(bytes)),
    })
}

/// The raw bytes; none for NULL. The driver would take a zero date for one.
pub fn bytes(row: &MySqlRow, index: usize) -> Result<Option<&[u8]>, sqlx::Error> {
    Ok(<&[u8] as Decode<MySql>>::decode(row.try_get_raw(index)?).ok())
}

/// The type's name, in lower case. What the driver calls binary may be a text with a binary collation.
pub fn type_name(kind: &MySqlTypeInfo) -> String {
    match (kind.name(), is_text(kind)) {
        ("BINARY", true) => "char".to_owned(),
        ("VARBINARY", true) => "varchar".to_owned(),
        (name, true) => name.to_ascii_lowercase().replace("blob", "text"),
        (name, false) => name.to_ascii_lowercase(),
    }
}

/// A number of any width, lowest byte first.
pub fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn is_text(kind: &MySqlTypeInfo) -> bool {
    <str as Type<MySql>>::compatible(kind)
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * u32::try_from(bytes.len().clamp(1, 8)).unwrap_or(8);
    (unsigned(bytes).cast_signed() << unused) >> unused
}

/// Highest byte first, whatever the protocol does elsewhere.
fn bit(bytes: &[u8]) -> Cell<'_> {
    Cell::of_unsigned(bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
}

/// In the few digits that single precision has.
fn single(bytes: &[u8]) -> Cell<'_> {
    let Ok(bytes) = bytes.try_into() else { return Cell::Null };
    let number = f32::from_le_bytes(bytes);
    Cell::Float(number.to_string().parse().unwrap_or_else(|_| f64::from(number)))
}

fn decimal(bytes: &[u8]) -> Cell<'_> {
    let Ok(digits) = std::str::from_utf8(bytes) else { return Cell::Text(Cow::Borrowed(bytes)) };
    if let Ok(number) = digits.parse() {
        return Cell::Integer(number);
    }
    if let Ok(number) = digits.parse() {
        return Cell::Unsigned(number);
    }
    let count = digits.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    match digits.parse() {
        Ok(number) if count <= DIGITS_OF_A_FLOAT => Cell::Float(number),
        _ => Cell::Digits(digits),
    }
}

fn written(text: String) -> Cell<'static> {
    Cell::Text(Cow::Owned(text.into_bytes()))
}

/// The first byte is the length; what is not sent is zero.
fn date(bytes: &[u8]) -> String {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    format!("{:04}-{:02}-{:02}", u16::from_le_bytes([at(1), at(2)]), at(3), at(4))
}

fn date_and_time(bytes: &[u8]) -> String {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    format!("{} {:02}:{:02}:{:02}{}", date(bytes), at(5), at(6), at(7), fraction(bytes.get(8..)))
}

fn time(bytes: &[u8]) -> String {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let days = u32::from_le_bytes([at(2), at(3), at(4), at(5)]);
    let sign = if at(1) == 1 { "-" } else { "" };
    format!("{sign}{:02}:{:02}:{:02}{}", days * 24 + u32::from(at(6)), at(7), at(8), fraction(bytes.get(9..)))
}

fn fraction(bytes: Option<&[u8]>) -> String {
    match bytes.map_or(0, unsigned) {
        0 => String::new(),
        micros => format!(".{micros:06}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::marked::value;

    #[test]
    fn decimals_are_numbers_where_no_digit_is_lost() {
        for (digits, expect) in [
            ("12.50", json!(12.5)),
            ("-0.000001", json!(-0.000001)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("1234567890123.45", json!(1_234_567_890_123.45)),
            ("12345678901234567.89", json!("12345678901234567.89")),
            ("99999999999999999999999999999999999999", json!("99999999999999999999999999999999999999")),
        ] {
            assert_eq!(value(&decimal(digits.as_bytes())), expect, "{digits}");
        }
    }

    #[test]
    fn numbers_keep_their_sign_and_times_their_parts() {
        assert_eq!((signed(&[0xff]), signed(&[0xfe, 0xff]), signed(&[1, 0, 0, 0])), (-1, -2, 1));
        assert_eq!((unsigned(&[0xff; 8]), single(&0.1_f32.to_le_bytes())), (u64::MAX, Cell::Float(0.1)));
        assert_eq!((date(&[0]), date(&[4, 0xe8, 7, 0, 0])), ("0000-00-00".to_owned(), "2024-00-00".to_owned()));
        assert_eq!(date_and_time(&[11, 0xe8, 7, 2, 29, 1, 2, 3, 0x20, 0xa1, 7, 0]), "2024-02-29 01:02:03.5");
        assert_eq!((time(&[0]), time(&[8, 1, 34, 0, 0, 0, 22, 59, 59])), ("00:00:00".to_owned(), "-838:59:59".to_owned()));
        assert_eq!(bit(&[1, 0]), Cell::Integer(256));
    }
}
