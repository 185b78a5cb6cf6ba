//! PostgreSQL's values, which come as its own text: numbers and arrays are read, what JSON cannot hold stays text.

use std::borrow::Cow;

use serde_json::Value;

use super::types::{Form, Scalar};
use crate::domain::Cell;
use crate::source::marked::{self, MAX_TEXT_BYTES};

/// A number of no more digits than this survives being a float.
const CERTAIN_DIGITS: usize = 15;

/// PostgreSQL's own bound on dimensions.
const MAX_DIMENSIONS: usize = 6;

pub fn cell(form: Form, bytes: &[u8]) -> Cell<'_> {
    match form {
        Form::Plain(scalar) => plain(scalar, bytes),
        Form::Array { of, delimiter } if bytes.len() <= MAX_TEXT_BYTES => {
            array(of, delimiter, bytes).map_or_else(|| text(bytes), |elements| Cell::Array(bytes, elements))
        }
        Form::Array { .. } => text(bytes),
    }
}

fn plain(scalar: Scalar, bytes: &[u8]) -> Cell<'_> {
    let word = || std::str::from_utf8(bytes).ok();
    let cell = match scalar {
        Scalar::Boolean => Some(Cell::Boolean(bytes == b"t")),
        Scalar::Integer => word().and_then(|word| word.parse().ok()).map(Cell::Integer),
        Scalar::Decimal => word().and_then(decimal),
        Scalar::Float => word().and_then(|word| word.parse().ok()).map(Cell::Float),
        Scalar::Json => Some(Cell::Json(bytes)),
        Scalar::Bytes => binary(bytes).map(|bytes| Cell::Blob(Cow::Owned(bytes))),
        Scalar::Text => None,
    };
    cell.unwrap_or_else(|| text(bytes))
}

fn text(bytes: &[u8]) -> Cell<'_> {
    Cell::Text(Cow::Borrowed(bytes))
}

/// A number where nothing of it is lost, else its digits; none where it is no number at all.
fn decimal(word: &str) -> Option<Cell<'_>> {
    if let Ok(whole) = word.parse() {
        return Some(Cell::Integer(whole));
    }
    let number: f64 = word.parse().ok()?;
    let count = word.trim_start_matches(['-', '0', '.']).trim_end_matches(['0', '.']).bytes().filter(u8::is_ascii_digit).count();
    let has_digits = word.bytes().any(|sign| sign.is_ascii_digit());
    match has_digits {
        true if count <= CERTAIN_DIGITS && number.is_finite() => Some(Cell::Float(number)),
        true => Some(Cell::Digits(word)),
        false => Some(Cell::Float(number)),
    }
}

/// `\x` and two digits a byte.
fn binary(bytes: &[u8]) -> Option<Vec<u8>> {
    let digits = bytes.strip_prefix(b"\\x")?;
    let digit = |sign: u8| char::from(sign).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// None where the text is no array after all.
fn array(of: Scalar, delimiter: u8, bytes: &[u8]) -> Option<Value> {
    // Bounds that do not start at 1 stand before: `[0:1]={7,8}`.
    let start = if bytes.starts_with(b"[") { bytes.iter().position(|sign| *sign == b'=')? + 1 } else { 0 };
    let mut reader = Elements { rest: &bytes[start..], of, delimiter };
    let value = reader.list(0)?;
    reader.rest.is_empty().then_some(value)
}

struct Elements<'a> {
    rest: &'a [u8],
    of: Scalar,
    delimiter: u8,
}

impl Elements<'_> {
    fn list(&mut self, depth: usize) -> Option<Value> {
        if depth >= MAX_DIMENSIONS || self.next()? != b'{' {
            return None;
        }
        let mut values = Vec::new();
        if self.rest.first() == Some(&b'}') {
            self.next()?;
            return Some(Value::Array(values));
        }
        loop {
            values.push(match self.rest.first()? {
                b'{' => self.list(depth + 1)?,
                b'"' => self.quoted()?,
                _ => self.bare()?,
            });
            match self.next()? {
                b'}' => return Some(Value::Array(values)),
                sign if sign == self.delimiter => {}
                _ => return None,
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn quoted(&mut self) -> Option<Value> {
        self.next()?;
        let mut element = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Some(marked::value(&plain(self.of, &element))),
                b'\\' => element.push(self.next()?),
                sign => element.push(sign),
            }
        }
    }

    fn bare(&mut self) -> Option<Value> {
        let end = self.rest.iter().position(|sign| *sign == self.delimiter || *sign == b'}')?;
        let (element, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(if element == b"NULL" { Value::Null } else { marked::value(&plain(self.of, element)) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(form: Form, text: &str, expect: Value) {
        assert_eq!(marked::value(&cell(form, text.as_bytes())), expect, "{text}");
    }

    #[test]
    fn a_decimal_is_a_number_only_where_nothing_of_it_is_lost() {
        let decimal = Form::Plain(Scalar::Decimal);
        for (text, expect) in [
            ("12.50", json!(12.5)),
            ("-0.000001", json!(-0.000_001)),
            ("9007199254740993", json!(9_007_199_254_740_993_i64)),
            ("123456789012345678901234567890", json!("123456789012345678901234567890")),
            ("0.1234567890123456", json!("0.1234567890123456")),
            ("1000000000000000000000.00", json!(1e21)),
            ("NaN", json!("NaN")),
            ("-Infinity", json!("-Infinity")),
        ] {
            check(decimal, text, expect);
        }
        check(decimal, &"9".repeat(500), json!("9".repeat(500)));
        let beyond = format!("1{}", "0".repeat(400));
        check(decimal, &beyond, json!(beyond));
    }

    #[test]
    fn scalars_keep_their_kind() {
        for (scalar, text, expect) in [
            (Scalar::Boolean, "t", json!(true)),
            (Scalar::Integer, "-9223372036854775808", json!(i64::MIN)),
            (Scalar::Float, "0.1", json!(0.1)),
            (Scalar::Float, "NaN", json!("NaN")),
            (Scalar::Float, "-Infinity", json!("-Infinity")),
            (Scalar::Bytes, "\\x00ff", json!({"blob_bytes": 2, "hex": "00ff"})),
            (Scalar::Json, "{\"a\": [1, null]}", json!({"a": [1, null]})),
            (Scalar::Text, "0044-03-15 BC", json!("0044-03-15 BC")),
        ] {
            check(Form::Plain(scalar), text, expect);
        }
    }

    #[test]
    fn arrays_are_read_as_deep_as_they_are() {
        let of = |of: Scalar| Form::Array { of, delimiter: b',' };
        for (form, text, expect) in [
            (of(Scalar::Integer), "{1,NULL,3}", json!([1, null, 3])),
            (of(Scalar::Integer), "[0:1]={7,8}", json!([7, 8])),
            (of(Scalar::Integer), "{{1,2},{3,4}}", json!([[1, 2], [3, 4]])),
            (of(Scalar::Text), r#"{a,"b,c","d\"e\\",NULL,"NULL",""}"#, json!(["a", "b,c", "d\"e\\", null, "NULL", ""])),
            (of(Scalar::Text), "{}", json!([])),
            (of(Scalar::Text), "{torn", json!("{torn")),
            (Form::Array { of: Scalar::Text, delimiter: b';' }, "{(1,1),(0,0);(2,2),(1,1)}", json!(["(1,1),(0,0)", "(2,2),(1,1)"])),
        ] {
            check(form, text, expect);
        }
    }
}
