//! Running a claim's SQL: through the guard, bounded in rows, bytes and time.

use std::time::Duration;

use super::{Data, Verdict};
use crate::domain::Rows;
use crate::source::{self, ReadLimits, ReadQuery, guard};

/// Bounds of one check.
const TIME: Duration = Duration::from_secs(10);
const BYTES: usize = 32 * 1024;

/// Why there are no rows.
pub enum NoRows {
    /// The guard or the database says that this cannot be run; it never will.
    Wrong(String),
    /// It took too long; nothing is known.
    TooLong(String),
}

impl NoRows {
    pub fn unchecked(self) -> Verdict {
        let (Self::Wrong(why) | Self::TooLong(why)) = self;
        Verdict::Unchecked { why: Some(why) }
    }
}

pub fn guarded(data: &Data<'_>, sql: &str) -> Result<ReadQuery, NoRows> {
    guard::check(data.source.dialect(), sql).map_err(|refusal| NoRows::Wrong(refusal.to_string()))
}

/// The outer error means that the source does not answer at all.
pub async fn rows(data: &Data<'_>, query: &ReadQuery, max_rows: usize) -> Result<Result<Rows, NoRows>, String> {
    sort(data.source.read(query, &ReadLimits { max_rows, max_bytes: BYTES, time: TIME }).await)
}

pub async fn plan(data: &Data<'_>, query: &ReadQuery) -> Result<Result<Vec<String>, NoRows>, String> {
    sort(data.source.explain(query).await)
}

fn sort<T>(answer: Result<T, source::Error>) -> Result<Result<T, NoRows>, String> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(source::Error::Statement(text)) => Ok(Err(NoRows::Wrong(text))),
        Err(error @ source::Error::Refused(_)) => Ok(Err(NoRows::Wrong(error.to_string()))),
        Err(error @ source::Error::TimedOut(_)) => Ok(Err(NoRows::TooLong(error.to_string()))),
        Err(error @ (source::Error::Unavailable(_) | source::Error::CannotOpen { .. })) => Err(error.to_string()),
    }
}
