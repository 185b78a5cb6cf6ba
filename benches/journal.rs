//! Appends by 1, 100 and 1,000 runs at once, every one of them durable (`synchronous=FULL`), and searches beside them.
//!
//! `cargo bench --bench journal`. Items are events; the processor time an append is printed after the table.
//! Those on PostgreSQL need a server at `FATHOM_TEST_POSTGRESQL` (by default `postgres://postgres@127.0.0.1:5432`); its own time is not in that.
//! The folder is in `target/`, so that the disk is a disk and not memory.

#![expect(unsafe_code, reason = "the processor time of a process is asked of the kernel")]

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use divan::counter::ItemsCount;
use fathom::domain::{Budget, EntryWrite, EventType, Intent, RunId, RunRequest, RunStatus, RunSummary, Seq, SourceKey, TaskId};
use fathom::store::{Append, Created, EntryFilter, NewRun, Place, PostgresStore, Record, RunRow, SqliteStore, StepRow, Store};
use sqlx::{Connection, PgConnection};
use tokio::runtime::Runtime;

/// What was measured beside the clock: a name, appends, processor time.
static SPENT: Mutex<Vec<(String, u64, Duration)>> = Mutex::new(Vec::new());

/// Appends of one run in one sample; as many as a task makes.
const APPENDS: u64 = 5;

fn main() {
    divan::main();
    let spent = SPENT.lock().expect("no benchmark panicked");
    let mut names: Vec<&str> = spent.iter().map(|(name, ..)| name.as_str()).collect();
    names.dedup();
    for name in names {
        let of_name = spent.iter().filter(|(other, ..)| other == name);
        let (appends, time) = of_name.fold((0, Duration::ZERO), |(appends, time), (_, more, longer)| (appends + more, time + *longer));
        println!("{name}: {:.1} µs of processor time an operation", time.as_secs_f64() * 1e6 / appends as f64);
    }
}

/// One event an append.
#[divan::bench(args = [1, 100, 1_000], sample_count = 10, sample_size = 1)]
fn one_event(bencher: divan::Bencher, runs: usize) {
    measure(bencher, Engine::Sqlite, "one event", runs, 1, |_, _, _| {});
}

#[divan::bench(args = [1, 8, 32, 100, 1_000], sample_count = 10, sample_size = 1)]
fn one_event_on_postgresql(bencher: divan::Bencher, runs: usize) {
    measure(bencher, Engine::Postgresql, "one event on PostgreSQL", runs, 1, |_, _, _| {});
}

/// Ten events an append.
#[divan::bench(args = [1, 32, 100], sample_count = 10, sample_size = 1)]
fn ten_events_on_postgresql(bencher: divan::Bencher, runs: usize) {
    measure(bencher, Engine::Postgresql, "ten events on PostgreSQL", runs, 10 * APPENDS, |append, _, _| {
        append.records = (append.first_seq..append.first_seq + 10).map(record).collect();
    });
}

/// What a task appends on average: 7 events, 4 steps and 3 entries in 5 appends.
#[divan::bench(args = [1, 100, 1_000], sample_count = 10, sample_size = 1)]
fn as_a_task_does(bencher: divan::Bencher, runs: usize) {
    measure(bencher, Engine::Sqlite, "as a task does", runs, 7, as_a_task);
}

#[divan::bench(args = [1, 100], sample_count = 10, sample_size = 1)]
fn as_a_task_does_on_postgresql(bencher: divan::Bencher, runs: usize) {
    measure(bencher, Engine::Postgresql, "as a task does on PostgreSQL", runs, 7, as_a_task);
}

fn as_a_task(append: &mut Append, run: u64, number: u64) {
    let events = if number < 2 { 2 } else { 1 };
    append.records = (append.first_seq..append.first_seq + events).map(record).collect();
    if number < 4 {
        let result = format!("{{\"rows\":\"{}\"}}", "x".repeat(800));
        append.steps = vec![StepRow { task: TaskId(append.first_seq as u32), step: format!("tool/1/{number}"), result }];
    }
    if number == 4 {
        append.entries = (0..3).map(|entry| finding(run, append.first_seq * 3 + entry)).collect();
    }
}

/// The words of a goal, in a catalog of 2,000 entries on 40 tables.
#[divan::bench(sample_count = 20, sample_size = 20)]
fn search(bencher: divan::Bencher) {
    let (runtime, folder) = (runtime(), folder());
    let store = runtime.block_on(async {
        let store = SqliteStore::open(folder.path()).await.expect("the folder is new");
        let entries = (0..2_000).map(|number| finding(number % 40, number)).collect();
        store.put_entries(&source(), entries).await.expect("stored");
        store
    });
    bencher.bench_local(|| {
        let before = processor_time();
        let goal = "find out what the table main.orders_12 means and what a customer is in it";
        let hits = runtime.block_on(store.search(&source(), goal, &EntryFilter::default(), 10)).expect("found");
        assert_eq!(hits.len(), 10);
        SPENT.lock().expect("no benchmark panicked").push(("search".to_owned(), 1, processor_time() - before));
    });
}

fn measure(bencher: divan::Bencher, engine: Engine, name: &str, runs: usize, events: u64, fill: impl Fn(&mut Append, u64, u64) + Sync) {
    let (runtime, folder) = (runtime(), folder());
    let store = runtime.block_on(engine.open(folder.path()));
    let rows: Vec<RunRow> = runtime.block_on(async { futures::future::join_all((0..runs).map(|_| created(store.as_ref()))).await });
    let heads = Mutex::new(vec![1; runs]);
    let name = format!("{name}, {runs} runs");
    let fill = &fill;
    // a run appends as often as a task does; where an append has one event, that is a task of five events
    let events_a_sample = if events == 1 { APPENDS } else { events } * runs as u64;
    bencher.counter(ItemsCount::new(events_a_sample)).bench_local(|| {
        let mut heads = heads.lock().expect("no benchmark panicked");
        let prepared: Vec<Vec<Append>> = rows
            .iter()
            .zip(heads.iter_mut())
            .enumerate()
            .map(|(position, (row, head))| {
                (0..APPENDS)
                    .map(|number| {
                        let mut append = append(row, *head);
                        fill(&mut append, position as u64, number);
                        *head += append.records.len() as Seq;
                        append
                    })
                    .collect()
            })
            .collect();
        let before = processor_time();
        runtime.block_on(async {
            let writing: Vec<_> = prepared
                .into_iter()
                .map(|appends| {
                    let store = Arc::clone(&store);
                    tokio::spawn(async move {
                        for append in appends {
                            store.append(append).await.expect("stored");
                        }
                    })
                })
                .collect();
            for writer in writing {
                writer.await.expect("no writer panics");
            }
        });
        SPENT.lock().expect("no benchmark panicked").push((name.clone(), APPENDS * runs as u64, processor_time() - before));
    });
}

#[derive(Clone, Copy)]
enum Engine {
    Sqlite,
    Postgresql,
}

impl Engine {
    async fn open(self, folder: &Path) -> Arc<dyn Store> {
        match self {
            Self::Sqlite => Arc::new(SqliteStore::open(folder).await.expect("the folder is new")),
            Self::Postgresql => Arc::new(PostgresStore::open(&empty_database().await).await.expect("the database is new")),
        }
    }
}

/// A database that is made anew for every measurement; the last one stays.
async fn empty_database() -> Place {
    #[expect(clippy::disallowed_methods, reason = "where the server is, is not the product's setting")]
    let server = std::env::var("FATHOM_TEST_POSTGRESQL").unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned());
    let mut connection = PgConnection::connect(&format!("{server}/postgres")).await.expect("the server is up");
    for sql in ["drop database if exists fathom_bench with (force)", "create database fathom_bench"] {
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("the user may make databases");
    }
    format!("{server}/fathom_bench").parse().expect("the URL is one of PostgreSQL")
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads can be started")
}

fn folder() -> tempfile::TempDir {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    std::fs::create_dir_all(&target).expect("the target folder can be made");
    tempfile::TempDir::new_in(target).expect("the target folder can be written")
}

fn source() -> SourceKey {
    SourceKey("shop".to_owned())
}

async fn created(store: &dyn Store) -> RunRow {
    let request = RunRequest {
        source: "shop".to_owned(),
        snapshot: None,
        schema: None,
        max_iterations: 8,
        tasks_per_iter: 3,
        intent: Intent::default(),
        budget: Budget::default(),
        model: "builtin".to_owned(),
        outside: None,
    };
    let run = NewRun { id: RunId::fresh(), owner: "local".to_owned(), request, idempotency: None, at: 1 };
    match store.create_run(run).await.expect("stored") {
        Created::New(row) => row,
        other => panic!("{other:?}"),
    }
}

fn append(row: &RunRow, first_seq: Seq) -> Append {
    Append {
        run: row.id,
        epoch: row.epoch,
        first_seq,
        at: 1_700_000_000_000,
        records: vec![record(first_seq)],
        steps: Vec::new(),
        entries: Vec::new(),
        source: Some(source()),
        consumed: Vec::new(),
        status: RunStatus::Running,
        summary: RunSummary { phase: "working".to_owned(), headline: "task_12 looks at main.orders".to_owned(), ..RunSummary::default() },
    }
}

fn record(seq: Seq) -> Record {
    Record {
        seq,
        at: 1_700_000_000_000,
        kind: EventType::Tool,
        message: "tool_done".to_owned(),
        data: format!(
            "{{\"task\":\"task_{seq}\",\"step\":\"tool/1/0\",\"tool\":\"column_profile\",\"args\":{{\"table\":\"main.orders\",\
             \"column\":\"customer_id\"}},\"duration_ms\":3,\"bytes\":1811,\"truncated\":false}}"
        ),
    }
}

fn finding(run: u64, number: u64) -> EntryWrite {
    serde_json::from_value(serde_json::json!({
        "layer": "finding",
        "kind": "summary",
        "key": format!("col/main.orders_{run}.customer_id_{number}"),
        "document": {
            "text": format!("Column customer_id of table orders_{run} refers to customers; {number} rows, no orphans, 12 % null. \
                             Seems to be the customer who pays, not the one who receives."),
            "role": "foreign_key"
        },
        "tags": ["reference"],
        "confidence": 0.9,
        "status": "validated",
        "evidence": ["tool/1/0", "col/main.customers.id"],
        "provenance": {"author": "structural", "task": "task_1", "step": "reflect", "model": "builtin"}
    }))
    .expect("it is an entry")
}

/// Of all threads of this process, in it and in the kernel for it.
fn processor_time() -> Duration {
    // SAFETY: the kernel fills the structure, whose fields are plain numbers.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let time = |at: libc::timeval| Duration::new(at.tv_sec.unsigned_abs(), at.tv_usec.unsigned_abs() as u32 * 1_000);
    time(usage.ru_utime) + time(usage.ru_stime)
}
