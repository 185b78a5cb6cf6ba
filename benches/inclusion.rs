//! All unary inclusions of a database, read from its rows to the answer, and the memory that it took; with the bare reads of the same rows
//! beside it. Of the source that `FATHOM_BENCH_SOURCE` names (TPC-H is what others publish figures of), else of a SQLite file of eight
//! tables and 850,000 rows that is made for it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fathom::domain::Cell;
use fathom::source::{self, Dsn, ReadLimits, Settings as SourceSettings, guard};
use fathom::store::sqlite::SqliteStore;
use fathom::tools::Workspace;
use fathom::tools::survey::Extent;
use fathom::tools::survey::inclusions;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

const SQLITE: &str = "create table region (id integer, name text);
    create table nation (id integer, region_id integer, name text);
    create table supplier (id integer, nation_id integer, name text, balance real);
    create table part (id integer, name text, brand text, size integer, price real);
    create table offer (part_id integer, supplier_id integer, available integer, cost real);
    create table customer (id integer, nation_id integer, name text, segment text, balance real);
    create table orders (id integer, customer_id integer, status text, total real, day date, clerk text);
    create table line (order_id integer, number integer, part_id integer, supplier_id integer, quantity real, price real, shipped date,
        received date, mode text, note text);
    create table n (i integer primary key);
    with recursive c (i) as (select 1 union all select i + 1 from c where i < 600000) insert into n select i from c;
    insert into region select i, 'region ' || i from n where i <= 5;
    insert into nation select i, 1 + i % 5, 'nation ' || i from n where i <= 25;
    insert into supplier select i, 1 + i % 25, printf('supplier %06d', i), i * 7919 % 99991 / 100.0 from n where i <= 1000;
    insert into part select i, 'part ' || i * 31, 'brand ' || i % 25, 1 + i % 50, 900 + i % 1000 / 10.0 from n where i <= 20000;
    insert into offer select 1 + i % 20000, 1 + (i * 31 + i / 20000) % 1000, i * 17 % 9999, i * 13 % 100000 / 100.0 from n where i <= 80000;
    insert into customer select i, 1 + i % 25, printf('customer %06d', i), 'segment ' || i % 5, i * 6131 % 99991 / 100.0 from n where i <= 15000;
    insert into orders select i * 4, 1 + i * 7 % 15000, substr('OFP', 1 + i % 3, 1), i * 37 % 500000 / 1.3, date('1992-01-01', '+' || i % 2400 || ' days'),
        printf('clerk %04d', i % 1000) from n where i <= 150000;
    insert into line select (1 + i / 4) * 4, 1 + i % 4, 1 + i * 11 % 20000, 1 + i * 3 % 1000, 1 + i % 50, i * 41 % 9999999 / 100.0,
        date('1992-01-02', '+' || i % 2500 || ' days'), date('1992-01-03', '+' || i % 2520 || ' days'), 'mode ' || i % 7,
        'a note that differs: ' || i * 7919 % 1000003 from n where i <= 599996;
    drop table n;";

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
    let snapshot = Arc::new(source.harvest().await.expect("a harvest"));
    let limits = ReadLimits { max_rows: usize::MAX, max_bytes: usize::MAX, time: Duration::from_secs(600) };
    let (started, mut rows) = (Instant::now(), 0_u64);
    for table in &snapshot.tables {
        let (schema, name) = (source.dialect().quoted(&table.schema), source.dialect().quoted(&table.name));
        let query = guard::check(source.dialect(), &format!("select * from {schema}.{name}")).expect("a query that reads");
        let mut count = |_: &[Cell<'_>]| {
            rows += 1;
            ControlFlow::Continue(())
        };
        source.stream(&query, &limits, &mut count).await.expect("the rows");
    }
    let bare = started.elapsed();
    println!("bare reads of {} tables, {rows} rows: {bare:?}; peak memory until then {} kB", snapshot.tables.len(), peak_kb());
    let store = Arc::new(SqliteStore::open(folder.path()).await.expect("a store"));
    let extent = Extent { rows: usize::MAX, time: Duration::from_secs(600), ..Extent::default() };
    let workspace = Workspace::new(source.key().clone(), snapshot, source, store, extent);
    let mut taken = Vec::new();
    for _ in 0..3 {
        let started = Instant::now();
        let found = inclusions::find(&workspace, extent).await.expect("inclusions");
        taken.push(started.elapsed());
        let inexact = found.inclusions.iter().filter(|one| !one.exact).count();
        println!(
            "{} inclusions among {} columns, {inexact} of them not exact, {} tables not read whole: {:?}",
            found.inclusions.len(),
            found.columns,
            found.not_read_whole.len(),
            started.elapsed()
        );
    }
    taken.sort();
    println!("{:.2} times the bare reads; peak memory {} kB", taken[1].as_secs_f64() / bare.as_secs_f64(), peak_kb());
}

async fn made(folder: &Path) -> String {
    let path = folder.join("trade.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.expect("a new database");
    sqlx::raw_sql(SQLITE).execute(&mut connection).await.expect("eight tables");
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
