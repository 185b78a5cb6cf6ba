//! What a source is to the rest of Fathom. Reading takes nothing but a [`ReadQuery`], which only the guard makes.

use std::time::Duration;

use async_trait::async_trait;

use super::guard::{Dialect, ReadQuery};
use crate::domain::{Rows, Snapshot, SourceKey};

#[async_trait]
pub trait Source: Send + Sync {
    fn key(&self) -> &SourceKey;

    fn dialect(&self) -> Dialect;

    /// Reads the database's own metadata, whole or not at all.
    async fn harvest(&self) -> Result<Snapshot, Error>;

    /// Runs one guarded query; the limits hold while reading, not after.
    async fn read(&self, query: &ReadQuery, limits: &ReadLimits) -> Result<Rows, Error>;

    /// The database's plan for a guarded query, a line a step.
    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error>;

    /// What a person should know about this source, a sentence each: a user who may do more than read.
    async fn warnings(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    pub max_rows: usize,
    pub max_bytes: usize,
    pub time: Duration,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The words of a source that nobody can open: bad scheme, no such file, not a database.
    #[error("cannot open `{source_text}`: {reason}")]
    CannotOpen { source_text: String, reason: String },
    #[error("the statement was ended after {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The database refused this statement; the text is the database's own.
    #[error("{0}")]
    Statement(String),
    /// The source's own lists refuse this statement, or what it names.
    #[error("refused: {0}")]
    Refused(String),
    #[error("the source does not answer: {0}")]
    Unavailable(String),
}
