//! The catalog: entries with the claims on them, their history, and the search over their words.

mod frequencies;
mod fresh;
mod past;
mod read;
mod search;
mod write;

pub use frequencies::Frequencies;
pub use fresh::{Fresh, are_absent};
pub use past::{as_of, counts, history, rivals};
pub use read::{claim_of, find, list};
pub use search::search;
pub use write::{Written, is_claim, lay, written};
