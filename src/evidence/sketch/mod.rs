//! Sketches of columns: what can be told of a column's values after seeing each of them once, in memory that does not grow with their number.
//!
//! Invariants: what was dropped or sampled is told beside the figure it affects; the same values in the same order give the same figures.
//! A column takes at most [`MOST_BYTES`], less in tables of very many columns.

mod column;
mod digest;
mod distinct;
mod figures;
mod frequent;
mod kinds;
mod numbers;
mod remembered;
mod reservoir;
mod sentinels;
mod shape;
mod texts;
mod times;
mod traits;
mod words;

#[cfg(test)]
mod tests;

pub use column::{ColumnSketch, MOST_BYTES, Precision};
pub use digest::of_cell as digest_of;
pub use distinct::{ByDigest, Digest, Distinct, Overlap, overlap};
pub use figures::ColumnFigures;
pub use traits::{Class, Traits};
