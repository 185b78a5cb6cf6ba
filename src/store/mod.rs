//! Our own database: runs, journals, steps, commands, the catalog. One contract, one conformance suite, a folder a database.

use std::time::Duration;

mod appends;
mod audit;
pub mod clock;
mod columns;
pub mod conformance;
mod desk;
mod folder;
pub mod logins;
pub mod pages;
mod past;
pub mod port;
pub mod postgres;
mod read;
mod remembered;
pub mod remote;
pub mod secrets;
mod settle;
mod snippet;
pub mod sources;
pub mod sqlite;
mod words;

pub use audit::{AuditFilter, AuditKept, AuditOutcome, AuditRow};
pub use folder::{Folder, peek_lock};
pub use logins::LoginBook;
pub use port::*;
pub use postgres::{Place, PostgresStore};
pub use remembered::Remembered;
pub use remote::{RemoteCallRow, RemoteLoginRow, RemoteToolRow};
pub use secrets::Keyring;
pub use sources::{BookError, Registered, SourceBook, SourceRow};
pub use sqlite::SqliteStore;

/// For so long sources are known that another process has changed.
const SOURCES_KNOWN_FOR: Duration = Duration::from_secs(1);

/// Events of one read, whatever is asked for.
const MOST_RECORDS: usize = 10_000;
