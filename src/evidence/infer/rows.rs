//! Digests of several columns together: what tells whether they identify a row, and whether they are found in another table.

use std::collections::HashSet;

use super::super::sketch::{Digest, Distinct, digest_of};
use crate::domain::Cell;
use crate::evidence::sketch::ByDigest;

/// Rows of a table that are kept while it is read, to rule out most combinations of columns without reading it again.
pub const FIRST_ROWS: usize = 2_000;

/// Beyond so many, whether a combination of columns identifies a row is for the database to say.
const MOST_SEEN: usize = 4_000_000;

/// What stands for NULL.
pub const NULL: Digest = 0;

/// Digests of the first rows of a table, row by row.
#[derive(Clone, Default)]
pub struct FirstRows {
    width: usize,
    digests: Vec<Digest>,
    /// There are no other rows.
    pub is_whole: bool,
}

/// What several columns of a table hold together.
pub struct Tuples {
    /// Rows in which all of them have a value.
    pub filled: u64,
    pub distinct: Distinct,
    seen: HashSet<Digest, ByDigest>,
    /// None where there were too many rows to tell.
    pub all_different: Option<bool>,
    counts_repeats: bool,
}

/// What stands for a value among others of its row.
pub fn digest(cell: &Cell<'_>) -> Digest {
    if cell.is_null() { NULL } else { digest_of(cell).max(1) }
}

impl FirstRows {
    pub fn new(width: usize) -> Self {
        Self { width, digests: Vec::new(), is_whole: true }
    }

    pub fn add(&mut self, cells: &[Cell<'_>]) {
        if self.digests.len() < FIRST_ROWS * self.width {
            self.digests.extend(cells.iter().map(digest));
        } else {
            self.is_whole = false;
        }
    }

    pub fn tuples(&self, columns: &[usize], mut tuples: Tuples) -> Tuples {
        self.rows().for_each(|row| tuples.add(columns.iter().map(|column| row[*column])));
        tuples
    }

    pub fn rows(&self) -> impl Iterator<Item = &[Digest]> {
        self.digests.chunks_exact(self.width.max(1))
    }
}

impl Tuples {
    /// To find out whether the columns identify a row; the rest is not looked at once they do not.
    pub fn of_key() -> Self {
        Self { counts_repeats: true, ..Self::of_reference(16) }
    }

    /// To find out whether they are found in another table.
    pub fn of_reference(digests: usize) -> Self {
        Self { filled: 0, distinct: Distinct::new(digests), seen: HashSet::default(), all_different: Some(true), counts_repeats: false }
    }

    /// Whether more rows cannot change the answer.
    pub fn is_settled(&self) -> bool {
        self.counts_repeats && self.all_different != Some(true)
    }

    pub fn add(&mut self, digests: impl Iterator<Item = Digest>) {
        if self.is_settled() {
            return;
        }
        let mut together: Digest = 0x243f_6a88_85a3_08d3;
        for digest in digests {
            if digest == NULL {
                return;
            }
            together = (together.rotate_left(23) ^ digest).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        together ^= together >> 29;
        together = together.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ together >> 32;
        self.filled += 1;
        if !self.counts_repeats {
            self.distinct.add(together);
        } else if !self.seen.insert(together) {
            self.all_different = Some(false);
            self.seen = HashSet::default();
        } else if self.seen.len() >= MOST_SEEN {
            self.all_different = None;
            self.seen = HashSet::default();
        }
    }
}
