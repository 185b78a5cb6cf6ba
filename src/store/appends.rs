//! Appends that share a transaction: one fence a run, and what each promises about itself.

use std::collections::HashMap;

use super::{Append, Error};
use crate::domain::{RunId, Seq};

/// The appends of a group, one fence a run.
#[derive(Debug, Default)]
pub struct Fences<'a> {
    fences: Vec<Fence<'a>>,
    positions: HashMap<RunId, usize>,
}

/// The first and the last append of a run in a group; the others stand between them.
#[derive(Debug)]
pub struct Fence<'a> {
    pub first: &'a Append,
    pub last: &'a Append,
}

/// Where a run's next append in a group must begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequel {
    epoch: i64,
    next: Seq,
}

impl<'a> Fences<'a> {
    pub fn add(&mut self, append: &'a Append) {
        match self.positions.get(&append.run) {
            Some(position) => self.fences[*position].last = append,
            None => {
                self.positions.insert(append.run, self.fences.len());
                self.fences.push(Fence { first: append, last: append });
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.fences.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Fence<'a>> {
        self.fences.iter()
    }
}

impl Fence<'_> {
    /// The number after the last event.
    pub fn next_seq(&self) -> Seq {
        next_seq(self.last)
    }
}

impl Sequel {
    pub fn of(append: &Append) -> Self {
        Self { epoch: append.epoch, next: next_seq(append) }
    }

    pub fn is(self, append: &Append) -> bool {
        self.epoch == append.epoch && self.next == append.first_seq
    }
}

/// What an append promises about itself; what does not keep it would break its run's journal.
pub fn check(append: &Append) -> Result<(), Error> {
    let expected = append.first_seq..;
    let in_order = append.records.iter().zip(expected).all(|(record, seq)| record.seq == seq);
    if !in_order || append.first_seq == 0 || next_seq(append) > Seq::from(u32::MAX) {
        return Err(Error::Failed(format!("the events of `{}` are not numbered from {} on", append.run, append.first_seq)));
    }
    Ok(())
}

/// Bytes of its long texts, about.
pub fn size(append: &Append) -> usize {
    let records: usize = append.records.iter().map(|record| record.data.len()).sum();
    let steps: usize = append.steps.iter().map(|step| step.result.len()).sum();
    records + steps
}

pub fn sourceless(run: RunId) -> Error {
    Error::Failed(format!("`{run}` writes entries before its source is known"))
}

fn next_seq(append: &Append) -> Seq {
    append.first_seq + append.records.len() as Seq
}
