//! Our own database: runs, journals, steps, commands, the catalog. One contract, one conformance suite, a folder a database.

mod appends;
mod audit;
pub mod clock;
mod columns;
pub mod conformance;
mod desk;
mod folder;
pub mod pages;
mod past;
pub mod port;
pub mod postgres;
mod read;
pub mod remote;
pub mod secrets;
mod settle;
mod snippet;
pub mod sources;
pub mod sqlite;
mod words;

pub use audit::{AuditFilter, AuditKept, AuditOutcome, AuditRow};
pub use folder::{Folder, peek_lock};
pub use port::*;
pub use postgres::{Place, PostgresStore};
pub use remote::{RemoteCallRow, RemoteToolRow};
pub use secrets::Keyring;
pub use sources::{BookError, Registered, SourceBook};
pub use sqlite::SqliteStore;

/// Events of one read, whatever is asked for.
const MOST_RECORDS: usize = 10_000;
