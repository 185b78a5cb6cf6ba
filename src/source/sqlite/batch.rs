//! Some rows on their way from the thread that reads to the task that takes them, in buffers that are used again.

use std::borrow::Cow;

use crate::domain::Cell;
use crate::domain::rows::RowColumn;
use crate::source::stream::Passage;

/// Full with so many values, which is about a row of the widest tables and some hundred of usual ones.
const MOST_CELLS: usize = 2_048;

/// Full with so many bytes of texts; the last row may be larger.
const MOST_BYTES: usize = 128 * 1024;

#[derive(Default)]
pub struct Batch {
    /// Values of a row.
    width: usize,
    slots: Vec<Slot>,
    /// Of texts and blobs, one behind the other.
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Slot {
    Null,
    Integer(i64),
    Float(f64),
    /// By its length.
    Text(usize),
    Blob(usize),
}

/// The columns of an answer: of the storage class of their first value that has one, and as declared where no row came.
#[derive(Default)]
pub struct Columns {
    declared: Vec<RowColumn>,
    classes: Vec<Option<&'static str>>,
}

impl Batch {
    /// Empty, for rows of so many values.
    pub fn emptied(mut self, width: usize) -> Self {
        self.width = width;
        self.slots.clear();
        self.bytes.clear();
        // What one huge value needed is not kept for all the others.
        self.bytes.shrink_to(2 * MOST_BYTES);
        self
    }

    /// All values of a row, one after the other, and each row as wide as was said.
    pub fn push(&mut self, cell: &Cell<'_>) {
        let slot = match cell {
            Cell::Null => Slot::Null,
            Cell::Integer(number) => Slot::Integer(*number),
            Cell::Float(number) => Slot::Float(*number),
            Cell::Text(bytes) => Slot::Text(self.copied(bytes)),
            Cell::Blob(bytes) => Slot::Blob(self.copied(bytes)),
            Cell::Boolean(_) | Cell::Unsigned(_) | Cell::Digits(_) | Cell::Json(_) | Cell::Array(..) => {
                unreachable!("SQLite has five storage classes, and this is none of them")
            }
        };
        self.slots.push(slot);
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.slots.len() >= MOST_CELLS || self.bytes.len() >= MOST_BYTES
    }

    /// Until the passage ends.
    pub fn pass(&self, passage: &mut Passage<'_>, columns: &mut Columns) {
        let mut rest = self.bytes.as_slice();
        let mut row: Vec<Cell<'_>> = Vec::with_capacity(self.width);
        for slots in self.slots.chunks_exact(self.width.max(1)) {
            row.clear();
            row.extend(slots.iter().map(|slot| slot.cell(&mut rest)));
            passage.pass(&row);
            if passage.has_ended() {
                return;
            }
            columns.learn(&row);
        }
    }

    fn copied(&mut self, bytes: &[u8]) -> usize {
        self.bytes.extend_from_slice(bytes);
        bytes.len()
    }
}

impl Slot {
    fn cell<'b>(self, rest: &mut &'b [u8]) -> Cell<'b> {
        let mut next = |length: usize| {
            let (bytes, behind) = rest.split_at(length);
            *rest = behind;
            Cow::Borrowed(bytes)
        };
        match self {
            Self::Null => Cell::Null,
            Self::Integer(number) => Cell::Integer(number),
            Self::Float(number) => Cell::Float(number),
            Self::Text(length) => Cell::Text(next(length)),
            Self::Blob(length) => Cell::Blob(next(length)),
        }
    }
}

impl Columns {
    pub fn declared(declared: Vec<RowColumn>) -> Self {
        Self { declared, classes: Vec::new() }
    }

    pub fn found(self) -> Vec<RowColumn> {
        let mut columns = self.declared;
        for (column, class) in columns.iter_mut().zip(self.classes) {
            class.unwrap_or("null").clone_into(&mut column.r#type);
        }
        columns
    }

    fn learn(&mut self, row: &[Cell<'_>]) {
        self.classes.resize(row.len(), None);
        for (class, cell) in self.classes.iter_mut().zip(row).filter(|(class, _)| class.is_none()) {
            *class = class_of(cell);
        }
    }
}

/// None for NULL, which has no other name.
fn class_of(cell: &Cell<'_>) -> Option<&'static str> {
    match cell {
        Cell::Null => None,
        Cell::Integer(_) => Some("integer"),
        Cell::Float(_) => Some("real"),
        Cell::Blob(_) => Some("blob"),
        _ => Some("text"),
    }
}
