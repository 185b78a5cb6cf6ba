//! The store: the conformance suite on each database of ours, what only SQLite in a folder has to withstand, and what only a server.

mod folder;
mod full;
mod postgres;
mod restart;

use std::path::Path;
use std::sync::Arc;

use fathom::domain::{Budget, Intent, RunId, RunRequest, RunStatus, RunSummary, Seq};
use fathom::store::{Append, Created, NewRun, Record, RunRow, SqliteStore, Store, conformance};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_every_promise() {
    let root = TempDir::new().unwrap();
    let number = std::sync::atomic::AtomicU32::new(0);
    conformance::all(|| async {
        let folder = root.path().join(number.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string());
        Arc::new(SqliteStore::open(&folder).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder).await.unwrap()
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
    match store.create_run(run).await.unwrap() {
        Created::New(row) => row,
        other => panic!("{other:?}"),
    }
}

/// An append of `count` events with `bytes` of data each.
fn append(row: &RunRow, first_seq: Seq, count: u64, bytes: usize) -> Append {
    let record = |seq| Record {
        seq,
        at: 1,
        kind: fathom::domain::EventType::Run,
        message: "paused".to_owned(),
        data: format!("\"{}\"", "x".repeat(bytes)),
    };
    Append {
        run: row.id,
        epoch: row.epoch,
        first_seq,
        at: 1,
        records: (first_seq..first_seq + count).map(record).collect(),
        steps: Vec::new(),
        entries: Vec::new(),
        source: None,
        consumed: Vec::new(),
        status: RunStatus::Running,
        summary: RunSummary::default(),
    }
}
