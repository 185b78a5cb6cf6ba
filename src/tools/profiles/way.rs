//! Which rows a profile looks at. What is tried first is the best; each way after it asks less of the database.

use crate::domain::Table;
use crate::source::Dialect;
use crate::source::spelling::Sampling;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A sample of what is large, within a short time.
    Quick,
    /// All rows, within a longer time.
    Full,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    All,
    /// All rows where they are not more, else so many of the first ones.
    First(u64),
    Sample(Sampling),
}

pub fn ways(dialect: Dialect, table: &Table, mode: Mode, quick_rows: u64) -> Vec<Way> {
    let is_small = table.row_count.is_some_and(|rows| rows <= quick_rows);
    match mode {
        Mode::Full => vec![Way::All],
        Mode::Quick if is_small => vec![Way::First(quick_rows)],
        Mode::Quick => dialect.sampling(table, quick_rows).map(Way::Sample).into_iter().chain([Way::First(quick_rows)]).collect(),
    }
}
