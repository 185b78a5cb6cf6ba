//! Promises about runs.

use std::sync::Arc;

use super::{append, created, new_run, source};
use crate::domain::{RunId, RunStatus};
use crate::store::{Created, Error, Idempotency, NewRun, Page, RunFilter, Store};

type Subject = Arc<dyn Store>;

fn keyed(key: &str, digest: &str) -> NewRun {
    NewRun { idempotency: Some(Idempotency { key: key.to_owned(), digest: digest.to_owned() }), ..new_run("shop", 5) }
}

async fn ids(store: &Subject, filter: &RunFilter) -> Vec<RunId> {
    let page = store.runs(filter, &Page::default()).await.expect("runs are listed");
    page.items.into_iter().map(|row| row.id).collect()
}

pub async fn a_run_is_created_once(store: Subject) {
    let run = new_run("shop", 5);
    let Created::New(row) = store.create_run(run.clone()).await.expect("stored") else { panic!("it is new") };
    assert_eq!((row.id, row.owner.as_str(), &row.request), (run.id, "local", &run.request));
    assert_eq!((row.status, row.next_seq, row.created_at, row.source.clone()), (RunStatus::Waiting, 1, 5, None));
    assert_eq!(store.run(run.id).await, Ok(Some(row.clone())));
    assert_eq!(store.create_run(run).await, Ok(Created::Before(row)));
    assert_eq!(ids(&store, &RunFilter::default()).await.len(), 1);
    assert_eq!(store.run(RunId::fresh()).await, Ok(None));
}

pub async fn a_key_finds_its_run(store: Subject) {
    let Created::New(row) = store.create_run(keyed("k", "d")).await.expect("stored") else { panic!("it is new") };
    assert_eq!(store.create_run(keyed("k", "d")).await, Ok(Created::Before(row.clone())));
    assert_eq!(ids(&store, &RunFilter::default()).await, [row.id]);
    // at once, too
    let (one, other) = tokio::join!(store.create_run(keyed("both", "d")), store.create_run(keyed("both", "d")));
    let fresh = [&one, &other].into_iter().filter(|created| matches!(created, Ok(Created::New(_)))).count();
    assert_eq!(fresh, 1, "{one:?} {other:?}");
}

pub async fn a_key_for_another_request_is_misused(store: Subject) {
    store.create_run(keyed("k", "d")).await.expect("stored");
    assert_eq!(store.create_run(keyed("k", "another")).await, Ok(Created::KeyMisused));
    assert_eq!(ids(&store, &RunFilter::default()).await.len(), 1);
}

pub async fn keys_belong_to_their_owner(store: Subject) {
    store.create_run(keyed("k", "d")).await.expect("stored");
    let of_another = NewRun { owner: "ann".to_owned(), ..keyed("k", "another") };
    assert!(matches!(store.create_run(of_another).await, Ok(Created::New(row)) if row.owner == "ann"));
}

pub async fn lists_are_newest_first_and_paged(store: Subject) {
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.insert(0, created(&store, "shop").await.id);
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.runs(&RunFilter::default(), &Page { limit: 3, after }).await.expect("runs are listed");
        assert!(page.items.len() <= 3 && !page.items.is_empty());
        seen.extend(page.items.into_iter().map(|row| row.id));
        after = page.next;
        if after.is_none() {
            break;
        }
        if seen.len() == 3 {
            // what comes in meanwhile moves nothing
            created(&store, "shop").await;
        }
    }
    assert_eq!(seen, expected);
}

pub async fn lists_are_filtered(store: Subject) {
    let (one, two, three) = (created(&store, "shop").await, created(&store, "shop").await, created(&store, "bank").await);
    let mut moved = append(&two, 1);
    moved.status = RunStatus::Finished;
    moved.source = Some(source("sqlite:///shop.db"));
    store.append(moved).await.expect("stored");
    let filter = |status, source: Option<&str>| RunFilter { status, source: source.map(str::to_owned) };
    assert_eq!(ids(&store, &filter(Some(RunStatus::Waiting), None)).await, [three.id, one.id]);
    assert_eq!(ids(&store, &filter(Some(RunStatus::Finished), None)).await, [two.id]);
    assert_eq!(ids(&store, &filter(None, Some("shop"))).await, [two.id, one.id]);
    assert_eq!(ids(&store, &filter(None, Some("sqlite:///shop.db"))).await, [two.id]);
    assert_eq!(ids(&store, &filter(Some(RunStatus::Waiting), Some("shop"))).await, [one.id]);
    assert!(ids(&store, &filter(Some(RunStatus::Paused), None)).await.is_empty());
}

pub async fn unfinished_runs_are_found_oldest_first(store: Subject) {
    let mut expected = Vec::new();
    for status in RunStatus::ALL {
        let row = created(&store, "shop").await;
        let mut moved = append(&row, 1);
        moved.status = status;
        store.append(moved).await.expect("stored");
        if !status.is_ended() {
            expected.push(row.id);
        }
    }
    assert_eq!(store.unfinished_runs().await, Ok(expected));
}

pub async fn a_claim_raises_the_epoch(store: Subject) {
    let row = created(&store, "shop").await;
    let claimed = store.claim_run(row.id, "node-1").await.expect("claimed");
    assert_eq!(claimed.epoch, row.epoch + 1);
    assert_eq!(claimed.next_seq, row.next_seq);
    assert_eq!(store.claim_run(row.id, "node-2").await.expect("claimed").epoch, row.epoch + 2);
    let nobody = RunId::fresh();
    assert_eq!(store.claim_run(nobody, "node-1").await, Err(Error::NoSuchRun(nobody)));
}

pub async fn bad_page_tokens_are_refused(store: Subject) {
    for _ in 0..3 {
        created(&store, "shop").await;
    }
    let next = store.runs(&RunFilter::default(), &Page { limit: 1, after: None }).await.expect("listed").next.expect("there is more");
    for bad in ["", "nonsense", "ffff", "ü", &next[2..], &format!("{next}ff")] {
        let page = Page { limit: 1, after: Some(bad.to_owned()) };
        assert_eq!(store.runs(&RunFilter::default(), &page).await, Err(Error::BadPageToken(bad.to_owned())));
    }
    let page = Page { limit: 1, after: Some(next.clone()) };
    let of_another_list = store.entries(&source("shop"), &Default::default(), &page).await;
    assert_eq!(of_another_list, Err(Error::BadPageToken(next)));
}
