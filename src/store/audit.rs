//! What was done from outside: one row a call, in the order in which calls ended.

use crate::domain::Author;

use super::pages;
use super::{Error, Page, Paged};

/// A call that saw rows, wrote, approved or administered, or was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    pub author: Author,
    /// A tool's name, or a route: `POST /sources`.
    pub call: String,
    /// As it was named, without secrets.
    pub source: Option<String>,
    /// JSON text, bounded and without secrets.
    pub args: String,
    pub outcome: AuditOutcome,
    /// Why it was not done; empty where it was.
    pub reason: String,
    pub duration_us: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditOutcome {
    Done,
    /// It was not let through.
    Refused,
    Failed,
    /// Who called did not wait for the end, so what came of it is not known.
    Left,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub author: Option<Author>,
    pub call: Option<String>,
    /// Calls that began then or later.
    pub since: Option<i64>,
}

/// What is kept of the log; the rest goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditKept {
    pub rows: u32,
    /// Calls that began then or later.
    pub since: i64,
}

impl AuditOutcome {
    pub const ALL: [Self; 4] = [Self::Done, Self::Refused, Self::Failed, Self::Left];

    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Left => "left",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

const AUDIT: &str = "audit";

/// Rows of this page have smaller numbers.
pub(super) fn position(page: &Page) -> Result<i64, Error> {
    match &page.after {
        None => Ok(i64::MAX),
        Some(token) => pages::position(AUDIT, token)?.parse().map_err(|_| Error::BadPageToken(token.clone())),
    }
}

/// The page of rows, each with its number, of which one more than `limit` were read, where there are more.
pub(super) fn page_of(mut rows: Vec<(i64, AuditRow)>, limit: usize) -> Paged<AuditRow> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(number, _)| pages::token(AUDIT, &number.to_string()));
    Paged { items: rows.into_iter().map(|(_, row)| row).collect(), next }
}
