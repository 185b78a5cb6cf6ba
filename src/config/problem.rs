//! One thing that is wrong with the configuration: where it stands, what it is, what is valid.

use figment::error::Kind;

use super::effective::is_secret;

/// Problems are collected, so that a person mends all of them at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `section.key`; empty where a whole file is meant.
    pub key: String,
    /// The file, variable or flag that the value came from.
    pub origin: String,
    /// What is wrong, and what is valid or what to do next.
    pub reason: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.origin, self.reason)
        } else {
            write!(f, "{}: `{}`: {}", self.origin, self.key, self.reason)
        }
    }
}

impl std::error::Error for Problem {}

impl Problem {
    pub(super) fn new(key: impl Into<String>, origin: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: key.into(), origin: origin.into(), reason: reason.into() }
    }
}

/// Says in our words what the deserialiser did not like.
pub(super) fn reason_of(path: &[String], kind: &Kind) -> String {
    let found = |actual: &dyn std::fmt::Display| if is_secret(path) { "something else".to_owned() } else { actual.to_string() };
    match kind {
        Kind::UnknownField(name, valid) => unknown("setting", name, valid),
        Kind::UnknownVariant(name, valid) => unknown("value", name, valid),
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            let expected = if expected.starts_with("struct ") { "a table of settings" } else { expected.as_str() };
            format!("found {}; expected {expected}", found(actual))
        }
        Kind::MissingField(name) => format!("`{name}` is missing; add it"),
        Kind::Message(text) => text.trim_end_matches('.').to_owned(),
        other => other.to_string(),
    }
}

fn unknown(what: &str, name: &str, valid: &[&str]) -> String {
    let all = || format!("valid are: {}", valid.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "));
    match nearest(name, valid) {
        Some(near) => format!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{name}`; {}", all()),
    }
}

/// The valid word that is a few slips of the hand away.
fn nearest<'a>(word: &str, valid: &[&'a str]) -> Option<&'a str> {
    let bound = (word.chars().count() / 3).max(1);
    valid.iter().map(|candidate| (distance(word, candidate), *candidate)).filter(|(slips, _)| *slips <= bound).min().map(|(_, near)| near)
}

/// Letters to insert, drop or replace to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
