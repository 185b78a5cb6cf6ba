//! The catalog: entries with the claims on them, their history, and the search over their words.

mod claims;
mod frequencies;
mod read;
mod search;
mod write;

pub use claims::layer_number;
pub use frequencies::Frequencies;
pub use read::{find, list};
pub use search::search;
pub use write::{Desk, is_claim};
