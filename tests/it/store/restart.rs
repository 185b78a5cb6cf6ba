//! What a process leaves behind: a store that is dropped in the middle of its work is whole when it is opened again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use fathom::domain::{Layer, RunId, SourceKey};
use fathom::store::{EntryFilter, Error, Page, SqliteStore, Store};
use futures::future::join_all;
use sqlx::{Connection, Row, SqliteConnection};
use tempfile::TempDir;

use super::{append, created, open};

/// Opens a folder that another store is about to leave.
async fn reopen(folder: &Path) -> SqliteStore {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match SqliteStore::open(folder).await {
            Ok(store) => return store,
            Err(Error::Locked { .. }) if Instant::now() < deadline => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_there_after_a_drop() {
    let folder = TempDir::new().unwrap();
    let mut answered: BTreeMap<RunId, u64> = BTreeMap::new();
    for _ in 0..5 {
        let store = reopen(folder.path()).await;
        for (run, head) in &answered {
            let records = store.records(*run, 0, 10_000).await.unwrap();
            let seqs: Vec<u64> = records.iter().map(|record| record.seq).collect();
            assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
            assert!(seqs.len() as u64 >= *head, "answered {head}, found {}", seqs.len());
            assert_eq!(store.run(*run).await.unwrap().unwrap().next_seq, seqs.len() as u64 + 1);
        }
        let runs = join_all((0..20).map(|_| created(&store))).await;
        let writing = join_all(runs.iter().map(async |run| {
            let mut head = 0;
            for round in 1..=3 {
                store.append(append(run, head + 1, round, 200)).await.unwrap();
                head += round;
            }
            (run.id, head)
        }));
        answered.extend(writing.await);
        // these are cut off somewhere
        let cut = join_all(runs.iter().map(|run| store.append(append(run, 7, 2, 200))));
        let _ = tokio::time::timeout(Duration::from_micros(300), cut).await;
        drop(store);
    }
}

#[tokio::test]
async fn a_copy_of_the_files_at_any_moment_is_whole() {
    let (folder, copy) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = open(folder.path()).await;
    let run = created(&store).await;
    for seq in 1..=10 {
        store.append(append(&run, seq, 1, 500)).await.unwrap();
        // what a machine that lost its power would find
        for file in ["fathom.db", "fathom.db-wal"] {
            fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
        }
        let _ = fs::remove_file(copy.path().join("fathom.db-shm"));
        let found = reopen(copy.path()).await;
        assert_eq!(found.records(run.id, 0, 100).await.unwrap().len() as u64, seq);
        found.close().await;
    }
    // half a transaction at the end of the journal is none
    store.append(append(&run, 11, 1, 20_000)).await.unwrap();
    for file in ["fathom.db", "fathom.db-wal"] {
        fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let journal = fs::File::options().write(true).open(copy.path().join("fathom.db-wal")).unwrap();
    journal.set_len(journal.metadata().unwrap().len() - 5_000).unwrap();
    let found = reopen(copy.path()).await;
    assert_eq!(found.records(run.id, 0, 100).await.unwrap().len(), 10);
    assert_eq!(found.run(run.id).await.unwrap().unwrap().next_seq, 11);
}

#[tokio::test]
async fn history_tells_what_changed_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).await;
    let source = SourceKey("shop".to_owned());
    let claim = |text: &str, confidence: f64, author: &str| {
        serde_json::from_value(serde_json::json!({
            "layer": "finding", "kind": "note", "key": "note/x", "document": {"text": text}, "confidence": confidence,
            "status": "draft", "provenance": {"author": author}
        }))
        .unwrap()
    };
    let writes = [("one", 0.5, "a"), ("one", 0.5, "a"), ("two", 0.4, "a"), ("two", 0.6, "a"), ("three", 0.1, "b"), ("three", 0.1, "b")];
    for (text, confidence, author) in writes {
        store.put_entries(&source, vec![claim(text, confidence, author)]).await.unwrap();
    }
    let entry = store.entry(&source, Layer::Finding, "note", "note/x").await.unwrap().unwrap();
    assert_eq!(entry.competing, 1);
    assert_eq!(store.entries(&source, &EntryFilter::default(), &Page::default()).await.unwrap().items, [entry]);
    store.close().await;
    let file = folder.path().join("fathom.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let rows =
        sqlx::query("select revision, author, document ->> 'text', at from history order by id").fetch_all(&mut connection).await.unwrap();
    let history: Vec<(i64, String, String)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let expected = [(1, "a", "one"), (2, "a", "two"), (3, "b", "three")];
    assert_eq!(history, expected.map(|(revision, author, text)| (revision, author.to_owned(), text.to_owned())));
    assert!(rows.iter().all(|row| row.get::<i64, _>(3) > 1_600_000_000_000));
    // the words of entries and their rows agree
    sqlx::query("insert into search (search) values ('integrity-check')").execute(&mut connection).await.unwrap();
}
