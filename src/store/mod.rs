//! Our own database: runs, journals, steps, commands, the catalog. One contract, one conformance suite, a folder a database.

pub mod port;
pub mod sqlite;

pub use port::*;
