//! Values that stand for "none" or "never", and are counted as values all the same.

use super::numbers::Number;

/// In small letters.
const TEXTS: [&str; 26] = [
    "-",
    "--",
    "---",
    ".",
    "?",
    "n/a",
    "na",
    "n.a.",
    "nan",
    "nil",
    "none",
    "not available",
    "null",
    "(null)",
    "<null>",
    "\\n",
    "tbd",
    "undefined",
    "unknown",
    "0000-00-00",
    "0000-00-00 00:00:00",
    "9999-12-31",
    "9999-12-31 00:00:00",
    "9999-12-31 23:59:59",
    "infinity",
    "-infinity",
];

/// Told only where they lie at an end of the column's values.
const NUMBERS: [i64; 11] = [-1, -9, -99, -999, -9_999, -99_999, 9_999, 99_999, 999_999, 9_999_999, 999_999_999];

const LONGEST: usize = 19;

pub struct Sentinels {
    texts: [u64; TEXTS.len()],
    numbers: [u64; NUMBERS.len()],
}

impl Sentinels {
    pub fn new() -> Self {
        Self { texts: [0; TEXTS.len()], numbers: [0; NUMBERS.len()] }
    }

    pub fn text(&mut self, text: &str) {
        // All of them begin with one of these, which few other texts do.
        let may_be = text.len() <= LONGEST && text.bytes().next().is_some_and(|first| b"-.?nN(<\\tTuU09iI".contains(&first));
        if may_be && let Some(at) = TEXTS.iter().position(|listed| listed.eq_ignore_ascii_case(text)) {
            self.texts[at] += 1;
        }
    }

    pub fn number(&mut self, number: i64) {
        if let Some(at) = NUMBERS.iter().position(|listed| *listed == number) {
            self.numbers[at] += 1;
        }
    }

    /// With how often each stands.
    pub fn found(&self, ends: Option<(&Number<'_>, &Number<'_>)>) -> Vec<(String, u64)> {
        let texts = TEXTS.iter().map(ToString::to_string).zip(self.texts);
        let is_end = |number: &i64| {
            let number = Number::Integer(*number);
            ends.is_some_and(|(least, most)| least != most && (*least == number && number.value() < 0.0 || *most == number))
        };
        let numbers =
            NUMBERS.iter().zip(self.numbers).filter(|(number, _)| is_end(number)).map(|(number, count)| (number.to_string(), count));
        texts.chain(numbers).filter(|(_, count)| *count > 0).collect()
    }
}
