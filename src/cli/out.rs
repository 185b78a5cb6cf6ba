//! Writing to the terminal. Text of models and databases is made harmless first; a reader that is gone is an error, not a panic.

use std::io::{self, Write};

use serde::Serialize;

/// One line of output.
pub fn line(text: impl AsRef<str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_ref().as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Data as JSON on several lines. Control signs that JSON leaves as they are would be heard by a terminal.
pub fn json(data: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(escaped(&serde_json::to_string_pretty(data)?))?)
}

fn escaped(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for sign in json.chars() {
        match sign.is_control() && sign != '\n' {
            true => shown.push_str(&format!("\\u{:04x}", u32::from(sign))),
            false => shown.push(sign),
        }
    }
    shown
}

/// One line beside the output: what a person should know, and a program that reads the output should not see.
pub fn note(text: impl AsRef<str>) {
    // Nobody is left to tell when this fails.
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// One line without control characters, at most `chars` long: nothing in it can move the cursor or colour the screen.
pub fn harmless(text: &str, chars: usize) -> String {
    let mut words = text.split(|character: char| character.is_whitespace() || character.is_control()).filter(|word| !word.is_empty());
    let mut whole = words.next().unwrap_or_default().to_owned();
    for word in words {
        whole.push(' ');
        whole.push_str(word);
    }
    if whole.chars().count() <= chars {
        return whole;
    }
    let mut cut: String = whole.chars().take(chars.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// The word as a POSIX shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Large numbers as people say them: `950`, `12.3k`, `4.5M`.
pub fn short(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{:.1}k", number as f64 / 1e3),
        _ => format!("{:.1}M", number as f64 / 1e6),
    }
}

/// `1 finding`, `3 findings`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_the_same_without_signs_that_a_terminal_hears() {
        let data = serde_json::json!({"a": "red \u{9b}31m \u{7f} \u{1b}[0m \n é"});
        let shown = escaped(&serde_json::to_string_pretty(&data).unwrap());
        assert!(!shown.chars().any(|sign| sign.is_control() && sign != '\n'), "{shown:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), data);
    }

    #[test]
    fn foreign_text_cannot_touch_the_terminal() {
        assert_eq!(harmless("\u{1b}[31mred\u{1b}]0;title\u{7} two\r\nlines", 80), "[31mred ]0;title two lines");
        assert_eq!(harmless("abcdef", 4), "abc…");
        assert_eq!(harmless("äöü", 3), "äöü");
        assert_eq!(harmless("", 3), "");
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("run_1"), "run_1");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b"), "'a b'");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([short(999), short(1_000), short(12_345), short(4_500_000)], ["999", "1.0k", "12.3k", "4.5M"]);
        assert_eq!([count(1, "finding"), count(0, "finding")], ["1 finding", "0 findings"]);
    }
}
