//! Rows on their way from a database to who asked for them, counted against the limits one by one.

use std::ops::ControlFlow;
use std::time::Instant;

use serde_json::Value;

use super::{ReadLimits, marked};
use crate::domain::rows::RowColumn;
use crate::domain::{Cell, Rows};

/// Takes one row after another; whoever has had enough breaks off.
pub type Consumer<'c> = dyn FnMut(&[Cell<'_>]) -> ControlFlow<()> + Send + 'c;

/// What is known of an answer once it has been handed over.
#[derive(Clone, Debug, PartialEq)]
pub struct Streamed {
    pub columns: Vec<RowColumn>,
    /// False where a limit or the consumer ended the reading; more rows may exist.
    pub is_whole: bool,
    pub elapsed_ms: u64,
}

/// The way of one answer's rows.
pub struct Passage<'c> {
    consumer: &'c mut Consumer<'c>,
    limits: &'c ReadLimits,
    /// That were handed over.
    pub rows: usize,
    bytes: usize,
    has_ended: bool,
    started: Instant,
}

impl<'c> Passage<'c> {
    pub fn new(consumer: &'c mut Consumer<'c>, limits: &'c ReadLimits) -> Self {
        Self { consumer, limits, rows: 0, bytes: 0, has_ended: false, started: Instant::now() }
    }

    /// The row that is too much is not handed over, and neither is any after it.
    pub fn pass(&mut self, cells: &[Cell<'_>]) {
        if self.has_ended {
            return;
        }
        self.bytes = self.bytes.saturating_add(cells.iter().map(marked::bytes).sum());
        if self.rows >= self.limits.max_rows || self.bytes > self.limits.max_bytes {
            self.has_ended = true;
            return;
        }
        self.rows += 1;
        self.has_ended = (self.consumer)(cells).is_break();
    }

    /// Nothing is wanted any more; the statement may still be running.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// How many rows can still be of use: one more than may be shown tells whether there are more.
    pub fn rows_left(&self) -> usize {
        self.limits.max_rows.saturating_sub(self.rows).saturating_add(1)
    }

    pub fn streamed(&self, columns: Vec<RowColumn>) -> Streamed {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Streamed { columns, is_whole: !self.has_ended, elapsed_ms }
    }
}

/// Rows that are kept as JSON.
#[derive(Default)]
pub struct Kept(Vec<Vec<Value>>);

impl Kept {
    pub fn keep(&mut self, cells: &[Cell<'_>]) -> ControlFlow<()> {
        self.0.push(cells.iter().map(marked::value).collect());
        ControlFlow::Continue(())
    }

    pub fn rows(self, Streamed { columns, is_whole, elapsed_ms }: Streamed) -> Rows {
        Rows { columns, row_count: self.0.len(), rows: self.0, truncated: !is_whole, elapsed_ms }
    }
}
