//! Connections to the database, and the versions of its tables, which stand in a schema of their own.

use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::{Place, error};
use crate::store::Error;

/// Each brings the tables from the version before to the next; the first to version 1.
const MIGRATIONS: [&str; 8] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_past.sql"),
    include_str!("migrations/0003_queries.sql"),
    include_str!("migrations/0004_access.sql"),
    include_str!("migrations/0005_audit.sql"),
    include_str!("migrations/0006_search_reads_little.sql"),
    include_str!("migrations/0007_remote.sql"),
    include_str!("migrations/0008_logins.sql"),
];
/// Held while tables are brought up to date, so that processes may start at the same moment.
const MIGRATING: &str = "select pg_advisory_xact_lock(hashtextextended('fathom.migrations', 0))";
const LEAST_SERVER: i64 = 120_000;
/// Connections for all but appends.
const POOL: u32 = 8;
const TIME_TO_CONNECT: Duration = Duration::from_secs(10);

/// Connects when it is first asked. A connection that the server has ended meanwhile is noticed before it is given out.
pub fn pool(place: &Place) -> PgPool {
    PoolOptions::new().max_connections(POOL).acquire_timeout(TIME_TO_CONNECT).connect_lazy_with(place.options().clone())
}

pub async fn connect(place: &Place) -> Result<PgConnection, sqlx::Error> {
    match tokio::time::timeout(TIME_TO_CONNECT, PgConnection::connect_with(place.options())).await {
        Ok(connected) => connected,
        Err(_) => Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the server did not answer"))),
    }
}

pub async fn migrate(place: &Place) -> Result<(), Error> {
    let failed = |error: sqlx::Error| error::of_opening(place, &error);
    let mut connection = connect(place).await.map_err(failed)?;
    let mut transaction = connection.begin().await.map_err(failed)?;
    sqlx::raw_sql(MIGRATING).execute(&mut *transaction).await.map_err(failed)?;
    let found = sqlx::query(
        "select to_regclass('fathom.version') is not null, to_regnamespace('fathom') is not null,
                (select count(*) from pg_class where relnamespace = to_regnamespace('fathom')),
                current_setting('server_version_num')::bigint, current_setting('server_encoding')",
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(failed)?;
    let (ours, schema, tables): (bool, bool, i64) = (found.get(0), found.get(1), found.get(2));
    let (server, encoding): (i64, String) = (found.get(3), found.get(4));
    let unusable = |why: String| Error::Unusable { place: place.to_string(), why };
    if server < LEAST_SERVER {
        return Err(unusable(format!("its server is too old ({server}); PostgreSQL 12 and later can be used")));
    }
    if encoding != "UTF8" {
        return Err(unusable(format!("its encoding is `{encoding}`; make a database with `encoding 'UTF8'`")));
    }
    if !ours && tables > 0 {
        return Err(Error::NotADatabase(format!("the schema `fathom` at {place}")));
    }
    let known = MIGRATIONS.len() as i64;
    let version = if ours {
        let row = sqlx::query("select version from fathom.version").fetch_one(&mut *transaction).await.map_err(failed)?;
        row.get(0)
    } else {
        if !schema {
            sqlx::raw_sql("create schema fathom").execute(&mut *transaction).await.map_err(failed)?;
        }
        0
    };
    if version > known {
        return Err(Error::Newer { place: place.to_string(), found: version, known });
    }
    for migration in MIGRATIONS.iter().skip(version as usize) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(failed)?;
    }
    if version < known {
        let script =
            format!("insert into fathom.version (version) values ({known}) on conflict (one) do update set version = excluded.version");
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut *transaction).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)?;
    // whatever is wrong with a connection that is no longer needed
    let _ = connection.close().await;
    Ok(())
}
