//! How long searches take in a large catalog: p50 and p99 of selective queries, on SQLite and, where `FATHOM_BENCH_POSTGRESQL` names a database, there.
//!
//! `FATHOM_BENCH_ENTRIES=1000000 cargo bench --bench search`. Columns of tables with names as people give them; the folder is in `target/`,
//! and the tables in PostgreSQL are those of a store, so name an empty database.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fathom::domain::{Confidence, EntryStatus, EntryWrite, Layer, Provenance, Snapshot, SourceKey};
use fathom::store::{EntryFilter, PostgresStore, SqliteStore, Store};
use serde_json::json;

const ENTRIES: usize = 1_000_000;
const COLUMNS_OF_A_TABLE: usize = 20;
const ENTRIES_A_WRITE: usize = 2_000;
const SEARCHES: usize = 1_000;
const HITS: usize = 20;

const AREAS: [&str; 20] = [
    "sales", "billing", "shipping", "stock", "crm", "hr", "audit", "web", "support", "finance", "catalog", "loyalty", "fraud", "search",
    "media", "events", "partner", "legal", "ops", "lab",
];
const THINGS: [&str; 40] = [
    "order",
    "invoice",
    "customer",
    "payment",
    "shipment",
    "product",
    "price",
    "account",
    "address",
    "contract",
    "ticket",
    "session",
    "visit",
    "campaign",
    "coupon",
    "refund",
    "supplier",
    "warehouse",
    "employee",
    "salary",
    "device",
    "message",
    "rating",
    "review",
    "booking",
    "claim",
    "policy",
    "budget",
    "asset",
    "vehicle",
    "route",
    "sensor",
    "batch",
    "recipe",
    "patient",
    "course",
    "exam",
    "tenant",
    "lease",
    "meter",
];
const COLUMNS: [&str; 20] = [
    "id",
    "created_at",
    "updated_at",
    "status",
    "customer_id",
    "total_amount",
    "currency",
    "name",
    "email",
    "country_code",
    "note",
    "is_active",
    "quantity",
    "unit_price",
    "valid_from",
    "valid_to",
    "externalRef",
    "source_system",
    "row_hash",
    "deleted_at",
];
const TYPES: [&str; 4] = ["integer", "text", "timestamp", "decimal"];

/// The words of the search of this number.
type Asking = Box<dyn Fn(usize) -> String>;

#[tokio::main]
async fn main() {
    let entries = variable("FATHOM_BENCH_ENTRIES").and_then(|text| text.parse().ok()).unwrap_or(ENTRIES);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-search");
    // what an earlier run left
    let _ = std::fs::remove_dir_all(&folder);
    let store = SqliteStore::open(&folder).await.expect("a store in an empty folder");
    measure("SQLite", Arc::new(store), entries).await;
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    match variable("FATHOM_BENCH_POSTGRESQL") {
        Some(place) => {
            let store = PostgresStore::open(&place.parse().expect("a URL of PostgreSQL")).await.expect("a store in an empty database");
            measure("PostgreSQL", Arc::new(store), entries).await;
        }
        None => println!("on PostgreSQL: FATHOM_BENCH_POSTGRESQL=postgres://user@host/empty_database cargo bench --bench search"),
    }
}

async fn measure(name: &str, store: Arc<dyn Store>, entries: usize) {
    let source = SourceKey("bench".to_owned());
    let there: usize = store.counts(&source).await.expect("counted").iter().map(|kind| kind.count as usize).sum();
    if there == entries {
        println!("{name}: {entries} entries of an earlier run");
    } else {
        store_all(name, store.as_ref(), &source, entries).await;
    }
    println!("{:28} {:>10} {:>10} {:>10} {:>6}", "query", "p50", "p99", "longest", "hits");
    let columns = EntryFilter { kind: Some("column".to_owned()), ..EntryFilter::default() };
    let sure = EntryFilter { status: Some(EntryStatus::Validated), min_confidence: Some(0.9), ..columns.clone() };
    let tables = entries.div_ceil(COLUMNS_OF_A_TABLE);
    let table = move |number: usize| (number * 7_919) % tables;
    let kinds: [(&str, &EntryFilter, Asking); 6] = [
        ("a rare word", &EntryFilter::default(), Box::new(move |number| format!("t{}", table(number)))),
        ("two words", &EntryFilter::default(), Box::new(move |number| format!("{} t{}", THINGS[table(number) % 40], table(number)))),
        ("a name", &columns, Box::new(move |number| column(table(number) * COLUMNS_OF_A_TABLE + number % COLUMNS_OF_A_TABLE))),
        ("the beginning of a word", &EntryFilter::default(), Box::new(move |number| format!("word{}", table(number) / 10))),
        ("a rare word, of a kind", &columns, Box::new(move |number| format!("word{}", table(number)))),
        ("a question, of the sure", &sure, Box::new(move |number| format!("what is the customer of word{} in sales", table(number)))),
    ];
    for (what, filter, query) in &kinds {
        let mut times = Vec::with_capacity(SEARCHES);
        let mut hits = 0;
        for number in 0..SEARCHES {
            let query = query(number);
            let began = Instant::now();
            hits += store.search(&source, &query, filter, HITS).await.expect("found").len();
            times.push(began.elapsed());
        }
        times.sort();
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!("{what:28} {:>10} {:>10} {:>10} {:>6.1}", shown(at(50)), shown(at(99)), shown(at(100)), hits as f64 / SEARCHES as f64);
    }
}

async fn store_all(name: &str, store: &dyn Store, source: &SourceKey, entries: usize) {
    let began = Instant::now();
    for start in (0..entries).step_by(ENTRIES_A_WRITE) {
        let part = (start..entries.min(start + ENTRIES_A_WRITE)).map(entry).collect();
        store.put_entries(source, part).await.expect("entries are stored");
    }
    // As behind every harvest.
    let snapshot = Snapshot { source: source.clone(), ..Snapshot::default() }.named();
    store.put_snapshot(&snapshot).await.expect("a snapshot is stored");
    println!("{name}: {entries} entries stored in {:.1?}", began.elapsed());
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// `sales.order_t17.customer_id`
fn column(number: usize) -> String {
    let table = number / COLUMNS_OF_A_TABLE;
    format!("{}.{}_t{table}.{}", AREAS[table % 20], THINGS[table % 40], COLUMNS[number % COLUMNS_OF_A_TABLE])
}

fn entry(number: usize) -> EntryWrite {
    let table = number / COLUMNS_OF_A_TABLE;
    EntryWrite {
        layer: Layer::Harvest,
        kind: "column".to_owned(),
        key: format!("col/{}", column(number)),
        document: json!({
            "table": format!("{}_t{table}", THINGS[table % 40]),
            "name": COLUMNS[number % COLUMNS_OF_A_TABLE],
            "type": (TYPES[number % 4]),
            "nullable": number.is_multiple_of(3),
            "comment": format!("of the {} in {}, known as word{table}", THINGS[table % 40], AREAS[table % 20]),
        }),
        tags: Vec::new(),
        links: Vec::new(),
        confidence: Confidence::CERTAIN,
        status: EntryStatus::Validated,
        evidence: Vec::new(),
        provenance: Provenance::of("harvest"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench has no settings")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
