//! Promises about appends, and what is read back of them.

use std::sync::Arc;

use futures::future::join_all;

use super::{append, by, created, finding, record, source};
use crate::domain::{Layer, RunId, RunStatus, TaskId};
use crate::store::{Append, Error, RunRow, StepRow, Store};

type Subject = Arc<dyn Store>;

async fn row(store: &Subject, id: RunId) -> RunRow {
    store.run(id).await.expect("the row is read").expect("the run is there")
}

fn step(task: u32, step: &str, result: &str) -> StepRow {
    StepRow { task: TaskId(task), step: step.to_owned(), result: result.to_owned() }
}

pub async fn an_append_is_read_back_whole(store: Subject) {
    let run = created(&store, "shop").await;
    let mut first = append(&run, 3);
    first.source = Some(source("shop"));
    first.steps = vec![step(1, "context", "{\"a\":[1,2.50,\"ü\"]}"), step(1, "act/1", "")];
    let mut written = finding("table/main.orders", "orders");
    written.provenance = by("semantic", Some(run.id), 1);
    first.entries = vec![written.clone()];
    store.append(first.clone()).await.expect("stored");

    assert_eq!(store.records(run.id, 0, 100).await, Ok(first.records.clone()));
    assert_eq!(store.steps(run.id, TaskId(1)).await, Ok(first.steps.clone()));
    let kept = store.entry(&source("shop"), Layer::Finding, "summary", "table/main.orders").await.expect("read").expect("it is there");
    assert_eq!((kept.claim, kept.at), (written, first.at));
    let now = row(&store, run.id).await;
    assert_eq!((now.status, now.next_seq, now.updated_at, now.epoch), (RunStatus::Running, 4, 2_000, run.epoch));
    assert_eq!((now.summary, now.source), (first.summary, Some(source("shop"))));
    assert_eq!((now.request, now.created_at), (run.request, run.created_at));

    // a source that is not named again stays
    let second = append(&row(&store, run.id).await, 1);
    store.append(second).await.expect("stored");
    assert_eq!(row(&store, run.id).await.source, Some(source("shop")));
    // an append may have no event
    let empty = append(&row(&store, run.id).await, 0);
    store.append(Append { status: RunStatus::Paused, ..empty }).await.expect("stored");
    assert_eq!((row(&store, run.id).await.next_seq, row(&store, run.id).await.status), (5, RunStatus::Paused));
}

pub async fn records_are_read_in_pages(store: Subject) {
    let (before, run, after) = (created(&store, "a").await, created(&store, "b").await, created(&store, "c").await);
    for run in [&before, &run, &after] {
        store.append(append(run, 25)).await.expect("stored");
    }
    let seqs = |records: Vec<super::Record>| records.into_iter().map(|record| record.seq).collect::<Vec<_>>();
    assert_eq!(seqs(store.records(run.id, 0, 10).await.expect("read")), (1..=10).collect::<Vec<_>>());
    assert_eq!(seqs(store.records(run.id, 20, 10).await.expect("read")), (21..=25).collect::<Vec<_>>());
    for (after, limit) in [(25, 10), (u64::MAX, 10), (1 << 32, 10), (0, 0)] {
        assert_eq!(store.records(run.id, after, limit).await, Ok(Vec::new()));
    }
    assert_eq!(store.records(RunId::fresh(), 0, 10).await, Ok(Vec::new()));
}

pub async fn an_append_in_the_wrong_place_is_fenced(store: Subject) {
    let run = created(&store, "shop").await;
    let first = append(&run, 2);
    store.append(first.clone()).await.expect("stored");
    assert_eq!(store.append(first).await, Err(Error::Fenced(run.id)));
    let gap = Append { first_seq: 4, records: vec![record(4)], ..append(&run, 0) };
    assert_eq!(store.append(gap).await, Err(Error::Fenced(run.id)));
    assert_eq!(store.records(run.id, 0, 10).await.expect("read").len(), 2);
}

pub async fn an_earlier_owner_is_fenced(store: Subject) {
    let run = created(&store, "shop").await;
    let claimed = store.claim_run(run.id, "node-2").await.expect("claimed");
    assert_eq!(store.append(append(&run, 1)).await, Err(Error::Fenced(run.id)));
    store.append(append(&claimed, 1)).await.expect("the new owner may write");
}

pub async fn a_fenced_append_leaves_nothing(store: Subject) {
    let run = created(&store, "shop").await;
    let mut late = append(&run, 3);
    store.claim_run(run.id, "node-2").await.expect("claimed");
    late.source = Some(source("shop"));
    late.steps = vec![step(1, "context", "{}")];
    late.entries = vec![finding("table/main.orders", "orders")];
    late.status = RunStatus::Finished;
    assert_eq!(store.append(late).await, Err(Error::Fenced(run.id)));
    assert_eq!(store.records(run.id, 0, 10).await, Ok(Vec::new()));
    assert_eq!(store.steps(run.id, TaskId(1)).await, Ok(Vec::new()));
    assert_eq!(store.entry(&source("shop"), Layer::Finding, "summary", "table/main.orders").await, Ok(None));
    let now = row(&store, run.id).await;
    assert_eq!((now.status, now.source, now.next_seq), (RunStatus::Waiting, None, 1));
}

pub async fn an_append_to_no_run_is_refused(store: Subject) {
    let run = created(&store, "shop").await;
    let nobody = RunId::fresh();
    assert_eq!(store.append(Append { run: nobody, ..append(&run, 1) }).await, Err(Error::NoSuchRun(nobody)));
}

pub async fn numbers_must_follow_each_other(store: Subject) {
    let run = created(&store, "shop").await;
    let torn = Append { records: vec![record(1), record(3)], ..append(&run, 0) };
    assert!(matches!(store.append(torn).await, Err(Error::Failed(_))));
    assert_eq!(store.records(run.id, 0, 10).await, Ok(Vec::new()));
}

pub async fn steps_belong_to_their_task(store: Subject) {
    let run = created(&store, "shop").await;
    let mut first = append(&run, 1);
    first.steps = vec![step(1, "context", "1"), step(2, "context", "2"), step(1, "act/1", "3")];
    store.append(first).await.expect("stored");
    let mut again = append(&row(&store, run.id).await, 1);
    again.steps = vec![step(1, "context", "another result of a step that was stored")];
    store.append(again).await.expect("stored");
    assert_eq!(store.steps(run.id, TaskId(1)).await, Ok(vec![step(1, "context", "1"), step(1, "act/1", "3")]));
    assert_eq!(store.steps(run.id, TaskId(2)).await, Ok(vec![step(2, "context", "2")]));
    assert_eq!(store.steps(run.id, TaskId(3)).await, Ok(Vec::new()));
}

pub async fn many_runs_append_at_once(store: Subject) {
    let runs = join_all((0..60).map(|_| created(&store, "shop"))).await;
    let write = |run: RunRow| {
        let store = Arc::clone(&store);
        async move {
            let mut at = run.clone();
            for count in [1, 3, 2, 4] {
                let mut next = append(&at, count);
                next.source = Some(source("shop"));
                next.entries = vec![finding(&format!("note/{}", run.id), "x"), finding("note/shared", &format!("from {}", run.id))];
                store.append(next).await.expect("stored");
                at.next_seq += count as u64;
            }
        }
    };
    join_all(runs.iter().cloned().map(write)).await;
    for run in &runs {
        let records = store.records(run.id, 0, 100).await.expect("read");
        assert_eq!(records, (1..=10).map(record).collect::<Vec<_>>());
        assert_eq!(row(&store, run.id).await.next_seq, 11);
    }
    let entries =
        store.entries(&source("shop"), &Default::default(), &super::super::Page { limit: 100, after: None }).await.expect("listed");
    assert_eq!(entries.items.len(), 61);
}

pub async fn one_run_appends_in_order_without_waiting(store: Subject) {
    let run = created(&store, "shop").await;
    let mut at = run.clone();
    let appends: Vec<Append> = (1..=20)
        .map(|count| {
            let mut next = append(&at, 2);
            next.summary.iteration = count;
            at.next_seq += 2;
            next
        })
        .collect();
    let stored = join_all(appends.into_iter().map(|append| store.append(append))).await;
    assert!(stored.iter().all(Result::is_ok), "{stored:?}");
    assert_eq!(store.records(run.id, 0, 100).await.expect("read").len(), 40);
    let now = row(&store, run.id).await;
    assert_eq!((now.next_seq, now.summary.iteration), (41, 20));
}

pub async fn one_fenced_append_does_not_harm_others(store: Subject) {
    let runs = join_all((0..10).map(|_| created(&store, "shop"))).await;
    let lost = &runs[4];
    store.claim_run(lost.id, "node-2").await.expect("claimed");
    let stored = join_all(runs.iter().map(|run| store.append(append(run, 2)))).await;
    for (run, stored) in runs.iter().zip(stored) {
        let expected = if run.id == lost.id { Err(Error::Fenced(lost.id)) } else { Ok(()) };
        assert_eq!(stored, expected);
        assert_eq!(store.records(run.id, 0, 10).await.expect("read").len(), if run.id == lost.id { 0 } else { 2 });
    }
}
