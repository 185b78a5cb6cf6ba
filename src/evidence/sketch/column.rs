//! The sketch of one column, fed value by value.

use std::cmp::Ordering;

use super::digest;
use super::distinct::Distinct;
use super::frequent::Frequent;
use super::numbers::{self, Number, Numbers};
use super::remembered::Remembered;
use super::reservoir::Reservoir;
use super::sentinels::Sentinels;
use super::texts::{SHOWN, Texts};
use super::times::{Times, moment};
use crate::domain::Cell;

/// Of one column at the usual precision, whatever its values are.
pub const MOST_BYTES: usize = 500 * 1024;

/// Values shown as examples.
const SAMPLES: usize = 10;

/// How much is kept of each column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Precision {
    /// Digests of different values; with twice as many, a distinct count is off by a third less.
    pub digests: usize,
    /// Counters of frequent values.
    pub frequent: usize,
}

pub struct ColumnSketch {
    pub(super) is_time: bool,
    pub(super) rows: u64,
    pub(super) nulls: u64,
    pub(super) empty: u64,
    pub(super) trues: u64,
    pub(super) booleans: u64,
    pub(super) blobs: u64,
    /// Values of a column of times that no calendar has.
    pub(super) not_times: u64,
    pub(super) distinct: Distinct,
    pub(super) rising: Rising,
    pub(super) frequent: Frequent<Remembered>,
    pub(super) samples: Reservoir<Remembered>,
    pub(super) sentinels: Sentinels,
    // Made when the first such value comes.
    pub(super) numbers: Option<Box<Numbers>>,
    pub(super) texts: Option<Box<Texts>>,
    pub(super) times: Option<Box<Times>>,
}

/// Values of which each is greater than the one before are all different, however many there are.
pub(super) enum Rising {
    NoneYet,
    Number(i64),
    Text(Vec<u8>),
    No,
}

impl Precision {
    /// Of each column of a table of so many, so that no table takes more than about a hundred megabytes.
    pub fn of_columns(columns: usize) -> Self {
        match columns {
            0..=200 => Self { digests: 8_192, frequent: 512 },
            _ => Self { digests: 1_024, frequent: 128 },
        }
    }
}

impl ColumnSketch {
    /// For a column of a normalised type.
    pub fn new(r#type: &str, precision: Precision) -> Self {
        Self {
            is_time: matches!(r#type, "date" | "timestamp"),
            rows: 0,
            nulls: 0,
            empty: 0,
            trues: 0,
            booleans: 0,
            blobs: 0,
            not_times: 0,
            distinct: Distinct::new(precision.digests),
            rising: Rising::NoneYet,
            frequent: Frequent::new(precision.frequent),
            samples: Reservoir::new(SAMPLES),
            sentinels: Sentinels::new(),
            numbers: None,
            texts: None,
            times: None,
        }
    }

    pub fn add(&mut self, cell: &Cell<'_>) {
        self.rows += 1;
        if cell.is_null() {
            self.nulls += 1;
            return;
        }
        let digest = digest::of_cell(cell);
        self.distinct.add(digest);
        self.rising.follow(cell);
        self.frequent.add(digest, |value| value.take(cell));
        self.samples.offer(|| Remembered::of(cell));
        match cell {
            Cell::Null => {}
            Cell::Boolean(value) => {
                self.booleans += 1;
                self.trues += u64::from(*value);
            }
            Cell::Integer(_) | Cell::Unsigned(_) | Cell::Float(_) | Cell::Digits(_) => self.number(cell),
            Cell::Text(bytes) => self.text(bytes),
            Cell::Json(bytes) | Cell::Array(bytes, _) => self.texts().length(bytes.len()),
            Cell::Blob(bytes) => {
                self.blobs += 1;
                self.texts().length(bytes.len());
            }
        }
    }

    /// Digests of the values, comparable with those of any other column.
    pub fn distinct(&self) -> &Distinct {
        &self.distinct
    }

    /// About what it takes in memory.
    pub fn bytes(&self) -> usize {
        let counter = 128;
        let numbers = self.numbers.as_ref().map_or(0, |_| 8 * numbers::SAMPLE + 256);
        let texts = self.texts.as_ref().map_or(0, |_| 32 * super::texts::SAMPLE + 48 * 256 + 4 * SHOWN);
        let times = self.times.as_ref().map_or(0, |times| times.bytes());
        let frequent = self.frequent.values().map(|value| counter + value.bytes()).sum::<usize>();
        size_of::<Self>() + self.distinct.bytes() + frequent + SAMPLES * (SHOWN + counter) + numbers + texts + times
    }

    fn number(&mut self, cell: &Cell<'_>) {
        if let Cell::Integer(number) = cell {
            self.sentinels.number(*number);
        }
        if let Some(number) = Number::of(cell) {
            self.numbers.get_or_insert_with(|| Box::new(Numbers::new())).add(&number);
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        self.empty += u64::from(bytes.is_empty());
        if let Ok(text) = std::str::from_utf8(&bytes[..bytes.len().min(SHOWN)]) {
            self.sentinels.text(text);
            if self.is_time {
                match moment(text) {
                    Some(moment) => self.times.get_or_insert_with(|| Box::new(Times::new())).add(moment, text),
                    None => self.not_times += 1,
                }
            }
        }
        if self.times.is_some() {
            // What is said of times says more than what could be said of them as texts.
            self.texts().measure(bytes);
        } else {
            self.texts().add(bytes);
        }
    }

    fn texts(&mut self) -> &mut Texts {
        self.texts.get_or_insert_with(|| Box::new(Texts::new()))
    }
}

impl Rising {
    /// Whether all values so far were different, shown by their order.
    pub fn holds(&self) -> bool {
        !matches!(self, Self::No)
    }

    fn follow(&mut self, cell: &Cell<'_>) {
        let next = match (&mut *self, cell) {
            (Self::No, _) => return,
            (Self::NoneYet, Cell::Integer(number)) => Self::Number(*number),
            (Self::Number(before), Cell::Integer(number)) if *before < *number => Self::Number(*number),
            (Self::NoneYet, Cell::Text(bytes)) if bytes.len() <= SHOWN => Self::Text(bytes.to_vec()),
            (Self::Text(before), Cell::Text(bytes)) if bytes.len() <= SHOWN && before.as_slice().cmp(bytes) == Ordering::Less => {
                before.clear();
                before.extend_from_slice(bytes);
                return;
            }
            _ => Self::No,
        };
        *self = next;
    }
}
