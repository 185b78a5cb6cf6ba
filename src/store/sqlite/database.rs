//! Connections to the database file, and the versions of its tables.

use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

use super::error;
use crate::store::Error;

/// Each brings the tables from the version before to the next; the first to version 1.
const MIGRATIONS: [&str; 8] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_sources.sql"),
    include_str!("migrations/0003_past.sql"),
    include_str!("migrations/0004_queries.sql"),
    include_str!("migrations/0005_access.sql"),
    include_str!("migrations/0006_audit.sql"),
    include_str!("migrations/0007_remote.sql"),
    include_str!("migrations/0008_logins.sql"),
];
/// `Fthm`: marks the file as ours.
const APPLICATION_ID: i64 = 0x4674_686d;
const READERS: u32 = 4;
/// Readers look at the file through memory instead of copying its pages.
const MAPPED_BYTES: &str = "1073741824";

/// The one connection that writes; the tables are up to date when it is given out.
pub async fn writer(folder: &Path, file: &Path) -> Result<SqliteConnection, Error> {
    let failed = |error: sqlx::Error| error::of(folder, &error);
    let options = options(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "4000")
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-16000")
        .pragma("temp_store", "memory");
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(failed)?;
    migrate(folder, file, &mut connection).await?;
    Ok(connection)
}

pub fn readers(file: &Path) -> SqlitePool {
    PoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30))
        .connect_lazy_with(options(file).read_only(true).pragma("mmap_size", MAPPED_BYTES).pragma("cache_size", "-8000"))
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging()
}

async fn migrate(folder: &Path, file: &Path, connection: &mut SqliteConnection) -> Result<(), Error> {
    let failed = |error: sqlx::Error| error::of(folder, &error);
    let known = MIGRATIONS.len() as i64;
    let found = sqlx::query(
        "select (select user_version from pragma_user_version), (select application_id from pragma_application_id),
                (select count(*) from sqlite_schema)",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    let (version, application, tables): (i64, i64, i64) = (found.get(0), found.get(1), found.get(2));
    let name = file.display().to_string();
    if application != APPLICATION_ID && (tables > 0 || version > 0) {
        return Err(Error::NotADatabase(name));
    }
    if version > known {
        return Err(Error::Newer { place: name, found: version, known });
    }
    for (next, migration) in MIGRATIONS.iter().enumerate().skip(version as usize) {
        let script = format!(
            "begin immediate;\n{migration}\npragma application_id = {APPLICATION_ID};\npragma user_version = {};\ncommit;",
            next + 1
        );
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut *connection).await {
            let _ = sqlx::raw_sql("rollback").execute(&mut *connection).await;
            return Err(error::of(folder, &error));
        }
    }
    Ok(())
}
