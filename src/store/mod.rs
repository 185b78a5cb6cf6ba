//! Our own database: runs, journals, steps, commands, the catalog. One contract, one conformance suite, a folder a database.

pub mod conformance;
mod pages;
pub mod port;
pub mod secrets;
mod settle;
mod snippet;
pub mod sources;
pub mod sqlite;
mod words;

pub use port::*;
pub use secrets::Keyring;
pub use sources::{BookError, Registered, SourceBook};
pub use sqlite::SqliteStore;
