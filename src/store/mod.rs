//! Our own database: runs, journals, steps, commands, the catalog. One contract, one conformance suite, a folder a database.

pub mod conformance;
mod pages;
pub mod port;
mod settle;
mod snippet;
pub mod sqlite;
mod words;

pub use port::*;
pub use sqlite::SqliteStore;
