//! Promises about what stands beside entries: their history, the claims of others, entries as they were, and marks.

use std::sync::Arc;

use serde_json::json;

use super::{append, by, created, finding, harvested, source};
use crate::domain::{Confidence, Entry, EntryStatus, EntryWrite, Layer, SnapshotId, StaleMark};
use crate::store::{EntryFilter, Page, RunRow, Store};

type Subject = Arc<dyn Store>;

fn claim(author: &str, text: &str, confidence: f64, status: EntryStatus) -> EntryWrite {
    let mut write = finding("note/x", text);
    write.provenance = by(author, None, 1);
    write.confidence = Confidence::clamped(confidence);
    write.status = status;
    write
}

/// Claims at a moment, as a run does.
async fn claimed(store: &Subject, run: &RunRow, at: i64, mut entries: Vec<EntryWrite>) {
    let row = store.run(run.id).await.expect("read").expect("it is there");
    entries.iter_mut().for_each(|entry| entry.provenance.run = Some(run.id));
    let write = crate::store::Append { at, source: Some(source("shop")), entries, ..append(&row, 1) };
    store.append(write).await.expect("stored");
}

fn mark(key: &str, snapshot: &str) -> StaleMark {
    StaleMark {
        layer: Layer::Finding,
        kind: "summary".to_owned(),
        key: key.to_owned(),
        snapshot: SnapshotId(snapshot.to_owned()),
        because: vec!["col/main.a.b".to_owned()],
    }
}

async fn read(store: &Subject) -> Entry {
    store.entry(&source("shop"), Layer::Finding, "summary", "note/x").await.expect("read").expect("it is there")
}

async fn as_of(store: &Subject, at: i64) -> Option<Entry> {
    store.entry_as_of(&source("shop"), Layer::Finding, "summary", "note/x", at).await.expect("read")
}

pub async fn history_tells_who_changed_what(store: Subject) {
    let run = created(&store, "shop").await;
    let mut first = claim("semantic", "one", 0.5, EntryStatus::Draft);
    (first.tags, first.links) = (vec!["pii".to_owned()], vec!["table/main.a".to_owned()]);
    claimed(&store, &run, 1_000, vec![first.clone()]).await;
    claimed(&store, &run, 2_000, vec![claim("query", "two", 0.9, EntryStatus::Validated), first.clone()]).await;
    claimed(&store, &run, 3_000, vec![claim("semantic", "three", 0.6, EntryStatus::Draft)]).await;
    let (mut seen, mut page) = (Vec::new(), Page { limit: 2, after: None });
    loop {
        let found = store.history(&source("shop"), Layer::Finding, "summary", "note/x", &page).await.expect("read");
        seen.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    let told: Vec<_> = seen
        .iter()
        .map(|change| {
            let text = change.claim.document["text"].as_str().expect("a text");
            (change.revision, change.at, change.claim.provenance.author.as_str(), text, change.standing.as_deref())
        })
        .collect();
    assert_eq!(
        told,
        [
            (3, 3_000, "semantic", "three", Some("query")),
            (2, 2_000, "query", "two", Some("query")),
            (1, 1_000, "semantic", "one", Some("semantic")),
        ]
    );
    first.provenance.run = Some(run.id);
    assert_eq!(seen[2].claim, first, "a change is the whole claim");
    let unknown = store.history(&source("bank"), Layer::Finding, "summary", "note/x", &Page::default()).await.expect("read");
    assert!(unknown.items.is_empty());
}

pub async fn claims_that_do_not_stand_are_kept(store: Subject) {
    for (author, confidence, status) in
        [("semantic", 0.5, EntryStatus::Draft), ("query", 0.9, EntryStatus::Validated), ("statistical", 0.7, EntryStatus::Draft)]
    {
        store.put_entries(&source("shop"), vec![claim(author, author, confidence, status)]).await.expect("stored");
    }
    let rivals = store.rivals(&source("shop"), Layer::Finding, "summary", "note/x").await.expect("read");
    let authors: Vec<_> = rivals.iter().map(|rival| rival.claim.provenance.author.as_str()).collect();
    assert_eq!(
        (authors, rivals[0].claim.clone()),
        (vec!["statistical", "semantic"], claim("statistical", "statistical", 0.7, EntryStatus::Draft))
    );
    assert!(store.rivals(&source("bank"), Layer::Finding, "summary", "note/x").await.expect("read").is_empty());
}

pub async fn an_entry_is_read_as_it_was(store: Subject) {
    let run = created(&store, "shop").await;
    claimed(&store, &run, 1_000, vec![claim("semantic", "one", 0.5, EntryStatus::Draft)]).await;
    claimed(&store, &run, 2_000, vec![claim("query", "two", 0.9, EntryStatus::Validated)]).await;
    claimed(&store, &run, 3_000, vec![claim("semantic", "three", 0.6, EntryStatus::Stable)]).await;
    // who says the same again, later, may decide between two that are as certain
    for (at, author, task) in [(4_000, "a", 1), (4_000, "b", 2), (5_000, "a", 3)] {
        let mut tied = claim(author, author, 0.7, EntryStatus::Draft);
        (tied.key, tied.provenance.task) = ("note/tied".to_owned(), Some(crate::domain::TaskId(task)));
        claimed(&store, &run, at, vec![tied]).await;
    }
    assert_eq!(as_of(&store, 999).await, None);
    for (at, text, competing) in [(1_000, "one", 0), (1_999, "one", 0), (2_000, "two", 1), (3_000, "three", 1), (i64::MAX, "three", 1)] {
        let was = as_of(&store, at).await.expect("it was there");
        assert_eq!((&was.claim.document["text"], was.competing), (&json!(text), competing), "{at}");
    }
    assert_eq!(as_of(&store, i64::MAX).await, Some(read(&store).await));
    let tied = async |at| {
        let was = store.entry_as_of(&source("shop"), Layer::Finding, "summary", "note/tied", at).await.expect("read");
        was.expect("it was there").claim.provenance.author
    };
    assert_eq!((tied(4_000).await.as_str(), tied(5_000).await.as_str()), ("b", "a"));
}

pub async fn a_list_is_read_as_it_was(store: Subject) {
    let run = created(&store, "shop").await;
    let keys = |numbers: std::ops::Range<usize>| numbers.map(|number| format!("note/main.{number:03}")).collect::<Vec<_>>();
    claimed(&store, &run, 1_000, keys(0..250).iter().map(|key| finding(key, "one")).collect()).await;
    let late = keys(100..300)
        .iter()
        .map(|key| EntryWrite { status: EntryStatus::Stable, tags: vec!["late".to_owned()], ..finding(key, "two") })
        .collect();
    claimed(&store, &run, 2_000, late).await;
    let listed = async |at: i64, filter: &EntryFilter, limit: usize| {
        let (mut seen, mut page) = (Vec::new(), Page { limit, after: None });
        loop {
            let found = store.entries_as_of(&source("shop"), filter, at, &page).await.expect("listed");
            assert!(found.items.len() <= limit);
            seen.extend(found.items.into_iter().map(|entry| entry.claim.key));
            page.after = found.next;
            if page.after.is_none() {
                return seen;
            }
        }
    };
    let all = EntryFilter::default();
    assert!(listed(999, &all, 50).await.is_empty());
    assert_eq!(listed(1_000, &all, 90).await, keys(0..250));
    assert_eq!(listed(2_000, &all, 1_000).await, keys(0..300));
    let tagged = EntryFilter { tag: Some("late".to_owned()), ..EntryFilter::default() };
    assert!(listed(1_500, &tagged, 10).await.is_empty());
    assert_eq!(listed(2_000, &tagged, 33).await, keys(100..300));
    let validated = EntryFilter { status: Some(EntryStatus::Validated), prefix: Some("main".to_owned()), ..EntryFilter::default() };
    assert_eq!((listed(1_000, &validated, 100).await, listed(2_000, &validated, 100).await), (keys(0..250), keys(0..100)));
}

pub async fn what_changed_under_a_claim_makes_it_stale(store: Subject) {
    let run = created(&store, "shop").await;
    let checked = claim("query", "two", 0.9, EntryStatus::Validated);
    claimed(&store, &run, 1_000, vec![claim("person", "one", 0.4, EntryStatus::Stable), checked.clone(), finding("note/y", "other")]).await;
    store.mark_stale(&source("shop"), vec![mark("note/x", "snap_2"), mark("note/unknown", "snap_2")]).await.expect("marked");
    let marked = read(&store).await;
    let stale = marked.stale.clone().expect("it is stale");
    assert_eq!((marked.claim.status, stale.was, stale.snapshot.0.as_str()), (EntryStatus::Stale, EntryStatus::Stable, "snap_2"));
    assert_eq!((stale.because, &marked.claim.document), (vec!["col/main.a.b".to_owned()], &json!({"text": "one"})), "and says the same");
    let rivals = store.rivals(&source("shop"), Layer::Finding, "summary", "note/x").await.expect("read");
    assert!(rivals.len() == 1 && rivals[0].claim.status == EntryStatus::Stale && rivals[0].stale.is_some());
    // marked again, it stays as it is
    store.mark_stale(&source("shop"), vec![mark("note/x", "snap_3")]).await.expect("marked");
    assert_eq!(read(&store).await, marked);
    let keys = async |status| {
        let filter = EntryFilter { status: Some(status), ..EntryFilter::default() };
        let listed = store.entries(&source("shop"), &filter, &Page::default()).await.expect("listed").items;
        let hits = store.search(&source("shop"), "one two other", &filter, 10).await.expect("found");
        assert!(hits.iter().all(|hit| hit.status == status));
        let (mut listed, mut found): (Vec<_>, Vec<_>) =
            (listed.into_iter().map(|entry| entry.claim.key).collect(), hits.into_iter().map(|hit| hit.key).collect());
        listed.sort();
        found.sort();
        assert_eq!(listed, found);
        listed
    };
    assert_eq!(keys(EntryStatus::Stale).await, ["note/x"]);
    assert_eq!(keys(EntryStatus::Validated).await, ["note/y"]);
    assert!(keys(EntryStatus::Stable).await.is_empty());
    // what a person said stays visible, and the entry reads as it was
    let was = as_of(&store, 1_000).await.expect("it was there");
    assert_eq!((was.claim.status, was.stale), (EntryStatus::Stable, None));
    assert_eq!(as_of(&store, i64::MAX).await.and_then(|entry| entry.stale), marked.stale);
    let history = store.history(&source("shop"), Layer::Finding, "summary", "note/x", &Page::default()).await.expect("read").items;
    assert_eq!(history.len(), 3);
    let last = (&history[0].claim.provenance.author, history[0].claim.status, history[0].standing.as_deref(), history[0].stale.is_some());
    assert_eq!(last, (&"harvest".to_owned(), EntryStatus::Stale, Some("person"), true));
    // claimed again after the change, it is not stale any more, whoever was more certain before
    store.put_entries(&source("shop"), vec![checked.clone()]).await.expect("stored");
    let again = read(&store).await;
    assert_eq!((again.claim, again.competing, again.stale), (checked.clone(), 0, None));
    assert!(keys(EntryStatus::Stale).await.is_empty());
    let now = as_of(&store, i64::MAX).await.expect("it is there");
    assert_eq!((now.claim, now.stale), (checked, None));
}

pub async fn a_harvest_takes_its_mark_away(store: Subject) {
    let table = harvested("table", "table/main.a", json!({"rows": 1}));
    store.put_entries(&source("shop"), vec![table.clone()]).await.expect("stored");
    let gone = StaleMark { layer: Layer::Harvest, kind: "table".to_owned(), ..mark("table/main.a", "snap_2") };
    store.mark_stale(&source("shop"), vec![gone]).await.expect("marked");
    let read = async || store.entry(&source("shop"), Layer::Harvest, "table", "table/main.a").await.expect("read").expect("it is there");
    assert_eq!(read().await.claim.status, EntryStatus::Stale);
    store.put_entries(&source("shop"), vec![table.clone()]).await.expect("stored");
    assert_eq!(read().await.claim, table);
}

pub async fn entries_are_found_by_what_they_link_to(store: Subject) {
    let linked = EntryWrite { links: vec!["table/main.a".to_owned(), "col/main.\"a\".x".to_owned()], ..finding("metric/x", "x") };
    store.put_entries(&source("shop"), vec![linked, finding("metric/y", "x")]).await.expect("stored");
    for (link, expect) in [("table/main.a", 1), ("col/main.\"a\".x", 1), ("table/main", 0), ("able/main.a", 0)] {
        let filter = EntryFilter { link: Some(link.to_owned()), ..EntryFilter::default() };
        let found = store.entries(&source("shop"), &filter, &Page::default()).await.expect("listed").items;
        assert_eq!(found.len(), expect, "{link}");
        let found = store.search(&source("shop"), "x", &filter, 10).await.expect("found");
        assert_eq!(found.len(), expect, "{link}");
    }
}

pub async fn entries_are_counted(store: Subject) {
    let weak = EntryWrite { status: EntryStatus::Draft, ..finding("note/z", "x") };
    store
        .put_entries(
            &source("shop"),
            vec![harvested("table", "table/main.a", json!({})), finding("note/x", "x"), finding("note/y", "x"), weak],
        )
        .await
        .expect("stored");
    store.put_entries(&source("bank"), vec![finding("note/x", "x")]).await.expect("stored");
    store.mark_stale(&source("shop"), vec![mark("note/x", "snap_2")]).await.expect("marked");
    let counts = store.counts(&source("shop")).await.expect("counted");
    let told: Vec<_> = counts.iter().map(|count| (count.layer, count.kind.as_str(), count.status.name(), count.count)).collect();
    assert_eq!(
        told,
        [
            (Layer::Harvest, "table", "stable", 1),
            (Layer::Finding, "summary", "draft", 1),
            (Layer::Finding, "summary", "stale", 1),
            (Layer::Finding, "summary", "validated", 1),
        ]
    );
}
