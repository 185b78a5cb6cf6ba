//! How long a harvest of the database named by `FATHOM_BENCH_SOURCE` takes: the first, and the median of five more.

use std::time::{Duration, Instant};

use fathom::source::{self, Dsn, Settings};

#[tokio::main]
async fn main() {
    let Some(words) = named() else {
        println!("name a database: FATHOM_BENCH_SOURCE=postgres://user@host/database cargo bench --bench harvest");
        return;
    };
    let dsn = Dsn::parse(&words).expect("the name of a source");
    let settings = Settings { harvest_time_ms: 600_000, ..Settings::default() };
    let source = source::open(&dsn, &settings).await.expect("a source that opens");
    let mut times = Vec::new();
    for _ in 0..6 {
        let started = Instant::now();
        let snapshot = source.harvest().await.expect("a harvest");
        times.push(started.elapsed());
        if times.len() == 1 {
            let columns: usize = snapshot.tables.iter().map(|table| table.columns.len()).sum();
            let references: usize = snapshot.tables.iter().map(|table| table.foreign_keys.len()).sum();
            println!("{} tables, {columns} columns, {references} references, {}", snapshot.tables.len(), snapshot.id);
        }
    }
    let first = times.remove(0);
    times.sort();
    println!(
        "first {first:?}, then {:?} in the middle, {:?} at best",
        times[times.len() / 2],
        times.first().copied().unwrap_or(Duration::ZERO)
    );
}

#[expect(clippy::disallowed_methods, reason = "a bench has no settings")]
fn named() -> Option<String> {
    std::env::var("FATHOM_BENCH_SOURCE").ok()
}
