//! Values of a remote answer as cells. Servers that give all values as texts are common, so the harvested type decides what a text is.

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::Cell;

/// What is known of one column of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The normalised type of the column that is shown as it is; none for what the query computes.
    pub r#type: Option<String>,
    /// No value of the answer is anything but a text.
    pub only_texts: bool,
}

/// Larger than this, a blob is only known by its length and beginning.
const BLOB_BYTES_SHOWN: usize = 32;

/// Values that need a text of their own to be pointed at.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Array(_) => Some(value.to_string()),
        Value::Object(members) if !members.contains_key("text_bytes") => Some(value.to_string()),
        _ => None,
    }
}

pub fn cell<'a>(value: &'a Value, own_text: Option<&'a str>, expected: &Expected) -> Cell<'a> {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Boolean(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Cell::Integer(whole),
            (None, Some(whole)) => Cell::Unsigned(whole),
            (None, None) => Cell::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => of_text(text, expected),
        Value::Object(members) => match (members.get("text").and_then(Value::as_str), members.contains_key("text_bytes")) {
            (Some(text), true) => Cell::Text(Cow::Borrowed(text.as_bytes())),
            _ => blob(value).unwrap_or_else(|| Cell::Json(own_text.unwrap_or_default().as_bytes())),
        },
        Value::Array(_) => match expected.r#type.as_deref() {
            Some("array") => Cell::Array(own_text.unwrap_or_default().as_bytes(), value.clone()),
            _ => Cell::Json(own_text.unwrap_or_default().as_bytes()),
        },
    }
}

fn of_text<'a>(text: &'a str, expected: &Expected) -> Cell<'a> {
    let plain = || Cell::Text(Cow::Borrowed(text.as_bytes()));
    let Some(r#type) = expected.r#type.as_deref() else {
        return if expected.only_texts { computed(text).unwrap_or_else(plain) } else { plain() };
    };
    match r#type {
        // What is no text and says nothing is missing: such servers have no other way to say it.
        "text" | "enum" | "other" => plain(),
        _ if text.is_empty() && expected.only_texts => Cell::Null,
        "integer" => whole(text).unwrap_or_else(plain),
        "decimal" | "float" => number(text).unwrap_or_else(plain),
        "boolean" => match text {
            "1" | "t" | "true" | "TRUE" => Cell::Boolean(true),
            "0" | "f" | "false" | "FALSE" => Cell::Boolean(false),
            _ => plain(),
        },
        "json" => Cell::Json(text.as_bytes()),
        _ => plain(),
    }
}

/// A text that can only be a number as a database writes one: `007` and `1e5` are none.
fn computed(text: &str) -> Option<Cell<'_>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (before, behind) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_canonical = all_digits(before) && all_digits(behind) && (before == "0" || !before.starts_with('0'));
    if is_canonical { whole(text).or_else(|| number(text)) } else { None }
}

fn whole(text: &str) -> Option<Cell<'_>> {
    text.parse::<i64>().map(Cell::Integer).or_else(|_| text.parse::<u64>().map(Cell::Unsigned)).ok()
}

fn number(text: &str) -> Option<Cell<'_>> {
    let parsed = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    // A float keeps 15 digits for certain.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    Some(if digits <= 15 { Cell::Float(parsed) } else { Cell::Digits(text) })
}

fn blob(value: &Value) -> Option<Cell<'_>> {
    let (length, hex) = (value["blob_bytes"].as_u64()?, value["hex"].as_str()?);
    let is_whole = length as usize <= BLOB_BYTES_SHOWN && hex.is_ascii() && hex.len() == length as usize * 2;
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
    let bytes: Vec<u8> = bytes.collect::<Option<_>>().filter(|_| is_whole)?;
    Some(Cell::Blob(Cow::Owned(bytes)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(r#type: &str) -> Expected {
        Expected { r#type: Some(r#type.to_owned()), only_texts: true }
    }

    #[test]
    fn a_text_is_read_as_what_its_column_holds() {
        let check = |text: &str, expected: &Expected, cell_of: Cell<'_>| {
            let value = json!(text);
            assert_eq!(cell(&value, None, expected), cell_of, "{text} {expected:?}");
        };
        let text = |text: &'static str| Cell::Text(Cow::Borrowed(text.as_bytes()));
        check("12", &texts("integer"), Cell::Integer(12));
        check("18446744073709551615", &texts("integer"), Cell::Unsigned(u64::MAX));
        check("007", &texts("text"), text("007"));
        check("12", &texts("text"), text("12"));
        check("1.50", &texts("decimal"), Cell::Float(1.5));
        check("12345678901234567.89", &texts("decimal"), Cell::Digits("12345678901234567.89"));
        check("", &texts("integer"), Cell::Null);
        check("", &texts("text"), text(""));
        check("t", &texts("boolean"), Cell::Boolean(true));
        check("n/a", &texts("integer"), text("n/a"));
        check("2026-01-01", &texts("date"), text("2026-01-01"));
        let computed = Expected { r#type: None, only_texts: true };
        check("42", &computed, Cell::Integer(42));
        check("-0.5", &computed, Cell::Float(-0.5));
        check("0042", &computed, text("0042"));
        check("42", &Expected::default(), text("42"));
    }

    #[test]
    fn what_another_fathom_has_marked_is_understood() {
        let blob = json!({"blob_bytes": 2, "hex": "00ff"});
        assert_eq!(cell(&blob, None, &Expected::default()), Cell::Blob(Cow::Owned(vec![0, 255])));
        let long = json!({"text": "abc", "text_bytes": 9_000, "cut": true});
        assert_eq!(cell(&long, None, &Expected::default()), Cell::Text(Cow::Borrowed(b"abc")));
        let large = json!({"blob_bytes": 9_000, "hex": "00ff"});
        let own = text_of(&large).unwrap();
        assert_eq!(cell(&large, Some(&own), &Expected::default()), Cell::Json(own.as_bytes()));
    }
}
