//! Page tokens: opaque to clients, and of one list only.

use super::{Error, Page, Paged, read};
use crate::domain::{Change, Entry};

/// Items a page, whatever is asked for.
pub const LARGEST_PAGE: usize = 1_000;

const RUNS: &str = "runs";
const ENTRIES: &str = "entries";
const HISTORY: &str = "history";

impl Default for Page {
    fn default() -> Self {
        Self { limit: 50, after: None }
    }
}

/// Runs of this page have smaller numbers.
pub fn run_position(page: &Page) -> Result<i64, Error> {
    match &page.after {
        None => Ok(i64::MAX),
        Some(token) => position(RUNS, token)?.parse().map_err(|_| Error::BadPageToken(token.clone())),
    }
}

pub fn run_token(number: i64) -> String {
    token(RUNS, &number.to_string())
}

/// Entries of this page come after this layer, kind and key.
pub fn entry_position(page: &Page) -> Result<(i64, String, String), Error> {
    match &page.after {
        None => Ok((-1, String::new(), String::new())),
        Some(token) => serde_json::from_str(&position(ENTRIES, token)?).map_err(|_| Error::BadPageToken(token.clone())),
    }
}

/// Changes of this page have smaller revisions.
pub fn revision_position(page: &Page) -> Result<i64, Error> {
    match &page.after {
        None => Ok(i64::MAX),
        Some(token) => position(HISTORY, token)?.parse().map_err(|_| Error::BadPageToken(token.clone())),
    }
}

/// The page of changes of which one more than `limit` were read, where there are more.
pub fn of_changes(mut items: Vec<Change>, limit: usize) -> Paged<Change> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| token(HISTORY, &last.revision.to_string()));
    Paged { items, next }
}

/// The page of entries of which one more than `limit` were read, where there are more.
pub fn of_entries(mut items: Vec<Entry>, limit: usize) -> Paged<Entry> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| {
        let position = (read::layer_number(last.claim.layer), &last.claim.kind, &last.claim.key);
        token(ENTRIES, &serde_json::to_string(&position).expect("a number and texts always serialise"))
    });
    Paged { items, next }
}

/// The token for what comes after `position` in the list of this name.
pub fn token(list: &str, position: &str) -> String {
    let mut token = String::with_capacity(2 * (list.len() + position.len() + 1));
    for byte in list.bytes().chain([b'\n']).chain(position.bytes()) {
        token.push(char::from_digit(u32::from(byte >> 4), 16).expect("four bits are a hexadecimal digit"));
        token.push(char::from_digit(u32::from(byte & 15), 16).expect("four bits are a hexadecimal digit"));
    }
    token
}

/// The position that a token of this list stands for.
pub fn position(list: &str, token: &str) -> Result<String, Error> {
    let bad = || Error::BadPageToken(token.chars().take(80).collect());
    let digits: Vec<u8> = token.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>().ok_or_else(bad)?;
    if digits.len() % 2 == 1 {
        return Err(bad());
    }
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    let text = String::from_utf8(bytes).map_err(|_| bad())?;
    text.strip_prefix(list).and_then(|rest| rest.strip_prefix('\n')).map(str::to_owned).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_position_in_its_list_only() {
        let made = token("runs", "17/ü");
        assert_eq!(position("runs", &made).unwrap(), "17/ü");
        for (list, text) in [("entries", made.as_str()), ("runs", ""), ("runs", "zz"), ("runs", "abc"), ("runs", "ff"), ("run", &made)] {
            assert!(matches!(position(list, text), Err(Error::BadPageToken(_))), "{list} {text}");
        }
    }
}
