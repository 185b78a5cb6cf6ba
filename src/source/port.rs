//! What a source is to the rest of Fathom. Reading takes nothing but a [`ReadQuery`], which only the guard makes.

use std::time::Duration;

use async_trait::async_trait;

use super::guard::{Dialect, ReadQuery};
use super::progress::Progress;
use super::stream::{Consumer, Kept, Streamed};
use crate::domain::{Cell, Rows, Snapshot, SourceKey};

#[async_trait]
pub trait Source: Send + Sync {
    fn key(&self) -> &SourceKey;

    fn dialect(&self) -> Dialect;

    /// Reads the database's own metadata, whole or not at all, and tells how far it is. Dropped before its end, it ends in the database too.
    async fn harvest_telling(&self, progress: &Progress) -> Result<Snapshot, Error>;

    async fn harvest(&self) -> Result<Snapshot, Error> {
        self.harvest_telling(&Progress::unheard()).await
    }

    /// Runs one guarded query and hands over its rows one by one while they arrive; the limits hold while reading, not after.
    /// No more is read ahead than the driver's own small buffer. Once the consumer breaks off or a limit is reached, the database does not go
    /// on; where time ends it, the consumer has had the rows until then.
    async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error>;

    /// The rows of one guarded query, as JSON.
    async fn read(&self, query: &ReadQuery, limits: &ReadLimits) -> Result<Rows, Error> {
        let mut kept = Kept::default();
        let streamed = self.stream(query, limits, &mut |cells: &[Cell<'_>]| kept.keep(cells)).await?;
        Ok(kept.rows(streamed))
    }

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
