//! What JSON cannot hold, or what is too large, marked as such; the same for every engine.

use serde_json::{Number, Value, json};

use crate::domain::Cell;

/// Longer texts are cut to this many bytes and say how long they were.
pub const MAX_TEXT_BYTES: usize = 4 * 1024;

const BLOB_BYTES_SHOWN: usize = 32;

/// A value as JSON: real NULLs and numbers where nothing of them is lost.
pub fn value(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(value) => Value::Bool(*value),
        Cell::Integer(number) => Value::from(*number),
        Cell::Unsigned(number) => Value::from(*number),
        Cell::Float(number) => float(*number),
        Cell::Digits(digits) => Value::from(*digits),
        Cell::Text(bytes) => text(bytes),
        Cell::Json(bytes) if bytes.len() <= MAX_TEXT_BYTES => serde_json::from_slice(bytes).unwrap_or_else(|_| text(bytes)),
        Cell::Json(bytes) => text(bytes),
        Cell::Blob(bytes) => blob(bytes),
        Cell::Array(_, elements) => elements.clone(),
    }
}

/// About how many bytes it takes as JSON, known before it is made.
pub fn bytes(cell: &Cell<'_>) -> usize {
    let shown = |bytes: &[u8]| bytes.len().min(MAX_TEXT_BYTES) + 16;
    match cell {
        Cell::Null => 4,
        Cell::Boolean(_) | Cell::Integer(_) | Cell::Unsigned(_) | Cell::Float(_) => 12,
        Cell::Digits(digits) => digits.len(),
        Cell::Text(bytes) => shown(bytes),
        Cell::Json(bytes) | Cell::Array(bytes, _) => shown(bytes),
        Cell::Blob(_) => 100,
    }
}

fn float(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => Value::from("NaN"),
        None if number > 0.0 => Value::from("Infinity"),
        None => Value::from("-Infinity"),
    }
}

/// Binary values are shown by their length and how they begin.
fn blob(bytes: &[u8]) -> Value {
    let hex: String = bytes.iter().take(BLOB_BYTES_SHOWN).map(|byte| format!("{byte:02x}")).collect();
    json!({"blob_bytes": bytes.len(), "hex": hex})
}

/// Bytes that should be UTF-8 and may be long.
fn text(bytes: &[u8]) -> Value {
    let shown = &bytes[..bytes.len().min(MAX_TEXT_BYTES)];
    let is_cut = shown.len() < bytes.len();
    let (text, is_clean) = utf8(shown, is_cut);
    match (is_cut, is_clean) {
        (false, true) => Value::String(text),
        (true, true) => json!({"text": text, "text_bytes": bytes.len(), "cut": true}),
        (false, false) => json!({"text": text, "text_bytes": bytes.len(), "not_utf8": true}),
        (true, false) => json!({"text": text, "text_bytes": bytes.len(), "cut": true, "not_utf8": true}),
    }
}

fn utf8(bytes: &[u8], is_cut: bool) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), true),
        // A cut may fall into the middle of a character, which is no fault of the text.
        Err(error) if is_cut && error.error_len().is_none() => (String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned(), true),
        Err(_) => (String::from_utf8_lossy(bytes).into_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_cannot_hold_is_marked() {
        assert_eq!(float(1.5), json!(1.5));
        assert_eq!(float(f64::NAN), json!("NaN"));
        assert_eq!(float(f64::NEG_INFINITY), json!("-Infinity"));
        assert_eq!(blob(&[0, 255]), json!({"blob_bytes": 2, "hex": "00ff"}));
        assert_eq!(blob(&[1; 1000])["hex"].as_str().unwrap().len(), 64);
        assert_eq!(text(b"caf\xe9"), json!({"text": "caf\u{fffd}", "text_bytes": 4, "not_utf8": true}));
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        let long = format!("x{}", "é".repeat(MAX_TEXT_BYTES));
        let cut = text(long.as_bytes());
        assert_eq!(cut["text_bytes"], json!(long.len()));
        assert_eq!(cut["cut"], json!(true));
        assert_eq!(cut.get("not_utf8"), None);
        assert_eq!(cut["text"].as_str().unwrap().len(), MAX_TEXT_BYTES - 1);
    }
}
