//! A full profile of a table against a bare read of the same rows by the same driver, and the memory that it took: of the database that
//! `FATHOM_BENCH_SOURCE` names, else of a SQLite file of 1,000,000 rows and 12 columns that is made for it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fathom::domain::{Cell, Egress};
use fathom::source::{self, Dsn, ReadLimits, Settings as SourceSettings, guard};
use fathom::store::sqlite::SqliteStore;
use fathom::tools::survey::Extent;
use fathom::tools::{Caller, Registry, Settings, Workspace};
use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

const TABLE: &str = "profiled";

const SQLITE: &str =
    "create table profiled (id integer primary key, code text, name text, email text, status text, amount real, quantity integer,
    customer_id integer, created_at timestamp, day date, note text, active boolean);
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000000)
    insert into profiled select i, printf('AB-%07d', i * 7919 % 1000003), 'customer ' || (i % 50000), 'c' || i || '@example.org',
        case i % 4 when 0 then 'new' when 1 then 'open' when 2 then 'paid' else 'closed' end, i % 100000 / 100.0, i % 40,
        i * 31 % 70001, datetime('2024-01-01', '+' || (i % 1000000) || ' minutes'), date('2024-01-01', '+' || (i % 700) || ' days'),
        case when i % 3 = 0 then null else 'a note about the order number ' || i end, i % 2 from n;";

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = match named() {
        Some(words) => words,
        None => made(folder.path()).await,
    };
    let dsn = Dsn::parse(&words).expect("the name of a source");
    let source =
        source::open(&dsn, &SourceSettings { harvest_time_ms: 600_000, ..SourceSettings::default() }).await.expect("a source that opens");
    let snapshot = source.harvest().await.expect("a harvest");
    let table = snapshot.tables.iter().find(|table| table.name == TABLE).expect("a table called `profiled`").clone();
    println!("{}: {} columns", table.full_name(), table.columns.len());
    let (dialect, before) = (source.dialect(), peak_kb());
    let sql = format!("select * from {}.{}", dialect.quoted(&table.schema), dialect.quoted(&table.name));
    let query = guard::check(dialect, &sql).expect("a query that reads");
    let limits = ReadLimits { max_rows: usize::MAX, max_bytes: usize::MAX, time: Duration::from_secs(600) };
    let mut bare = Vec::new();
    for _ in 0..3 {
        let (started, mut rows) = (Instant::now(), 0_u64);
        let mut count = |_: &[Cell<'_>]| {
            rows += 1;
            ControlFlow::Continue(())
        };
        source.stream(&query, &limits, &mut count).await.expect("the rows");
        bare.push(started.elapsed());
        println!("bare read of {rows} rows: {:?}", started.elapsed());
    }
    let store = Arc::new(SqliteStore::open(folder.path()).await.expect("a store"));
    let after_reads = peak_kb();
    let settings = Settings { full_time_ms: 600_000, tool_time_ms: 600_000, profile_age_s: 0, ..Settings::default() };
    let workspace = Workspace::new(source.key().clone(), Arc::new(snapshot), source, store, Extent::default()).with_egress(Egress::Full);
    let mut full = Vec::new();
    for _ in 0..3 {
        let registry = Registry::standard(settings.clone());
        let started = Instant::now();
        let args = json!({"schema": table.schema, "table": table.name, "mode": "full"});
        let outcome = registry.execute(&workspace, &Caller::outside("bench"), "table_profile", args).await;
        full.push(started.elapsed());
        let profile = outcome.result.expect("a profile");
        println!("profile of {} rows ({}): {:?}", profile["rows_seen"], profile["method"], started.elapsed());
    }
    bare.sort();
    full.sort();
    println!("a profile takes {:.2} times the bare read", full[1].as_secs_f64() / bare[1].as_secs_f64());
    println!("peak memory: {before} kB before, {after_reads} kB after the bare reads, {} kB after the profiles", peak_kb());
}

async fn made(folder: &Path) -> String {
    let path = folder.join("profiled.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.expect("a new database");
    sqlx::raw_sql(SQLITE).execute(&mut connection).await.expect("a million rows");
    sqlx::Connection::close(connection).await.expect("a closed database");
    path.to_string_lossy().into_owned()
}

/// Of this process until now.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

#[expect(clippy::disallowed_methods, reason = "a bench has no settings")]
fn named() -> Option<String> {
    std::env::var("FATHOM_BENCH_SOURCE").ok()
}
