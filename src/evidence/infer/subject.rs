//! A table as inference sees it: what was declared, and what reading it told.

use super::rows::FirstRows;
use crate::domain::Table;
use crate::evidence::sketch::Traits;

pub struct Subject<'a> {
    pub table: &'a Table,
    /// A column each.
    pub traits: Vec<Traits>,
    pub first: FirstRows,
    /// That were read.
    pub rows: u64,
    /// Every row was read.
    pub complete: bool,
}

/// A column of a subject, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub table: usize,
    pub column: usize,
}
