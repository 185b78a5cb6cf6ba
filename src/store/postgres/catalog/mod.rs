//! The catalog: entries with the claims on them, their history, and the search over their words.

mod frequencies;
mod lexemes;
mod past;
mod read;
mod search;
mod write;

pub use frequencies::Frequencies;
pub use past::{as_of, counts, history, rivals};
pub use read::{claim_of, find, list};
pub use search::search;
pub use write::{mark_stale, put, write};
