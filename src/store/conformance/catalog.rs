//! Promises about entries: kept whole, listed in order, filtered, scoped.

use std::sync::Arc;

use serde_json::json;

use super::{append, by, created, entry, finding, harvested, source};
use crate::domain::{Confidence, EntryStatus, Layer, RunId};
use crate::store::{EntryFilter, Error, Page, Store};

type Subject = Arc<dyn Store>;

async fn keys(store: &Subject, filter: EntryFilter) -> Vec<String> {
    let page = store.entries(&source("shop"), &filter, &Page::default()).await.expect("entries are listed");
    page.items.into_iter().map(|entry| entry.claim.key).collect()
}

pub async fn an_entry_is_read_back_whole(store: Subject) {
    let mut write = entry(
        Layer::Finding,
        "relationship",
        "rel/main.a.b->main.c.d",
        json!({"text": "it's \"a\" ü", "n": [1, 2.5, null, true], "o": {"x": {}}}),
    );
    write.tags = vec!["one".to_owned(), "it's \"two\"".to_owned()];
    write.links = vec!["table/main.a".to_owned()];
    write.evidence = vec!["tool/1/0".to_owned(), "col/main.a.b".to_owned()];
    write.status = EntryStatus::Refuted;
    write.confidence = Confidence::clamped(0.1 + 0.2);
    write.provenance = by("structural", Some(RunId::fresh()), 17);
    store.put_entries(&source("shop"), vec![write.clone()]).await.expect("stored");
    let read = store.entry(&source("shop"), Layer::Finding, "relationship", "rel/main.a.b->main.c.d").await.expect("read");
    let read = read.expect("it is there");
    assert_eq!((read.claim, read.competing), (write, 0));
    assert!(read.at > 1_600_000_000_000);
    for (layer, kind, key) in [
        (Layer::Harvest, "relationship", "rel/main.a.b->main.c.d"),
        (Layer::Finding, "table", "rel/main.a.b->main.c.d"),
        (Layer::Finding, "relationship", "rel/main.a.b"),
    ] {
        assert_eq!(store.entry(&source("shop"), layer, kind, key).await, Ok(None));
    }
}

pub async fn entries_are_listed_in_order_and_paged(store: Subject) {
    let mut writes = Vec::new();
    for key in ["table/main.b", "table/main.a", "table/main.B", "table/main.a_2", "table/main.é", "table/main.a.b"] {
        writes.push(harvested("table", key, json!({})));
        writes.push(harvested("column", key, json!({})));
        writes.push(finding(key, "x"));
    }
    store.put_entries(&source("shop"), writes.clone()).await.expect("stored");
    let mut expected: Vec<_> = writes.iter().map(|write| (write.layer == Layer::Finding, write.kind.clone(), write.key.clone())).collect();
    expected.sort();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.entries(&source("shop"), &EntryFilter::default(), &Page { limit: 4, after }).await.expect("listed");
        assert!(page.items.len() <= 4 && !page.items.is_empty());
        seen.extend(page.items.into_iter().map(|entry| (entry.claim.layer == Layer::Finding, entry.claim.kind, entry.claim.key)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

pub async fn entries_are_filtered(store: Subject) {
    let run = RunId::fresh();
    let mut tagged = finding("note/a", "x");
    tagged.tags = vec!["pii".to_owned(), "money".to_owned()];
    tagged.provenance = by("semantic", Some(run), 1);
    let mut weak = finding("note/b", "x");
    weak.confidence = Confidence::clamped(0.3);
    store.put_entries(&source("shop"), vec![tagged, weak, harvested("table", "table/main.a", json!({}))]).await.expect("stored");
    let any = EntryFilter::default;
    assert_eq!(keys(&store, any()).await, ["table/main.a", "note/a", "note/b"]);
    assert_eq!(keys(&store, EntryFilter { layer: Some(Layer::Harvest), ..any() }).await, ["table/main.a"]);
    assert_eq!(keys(&store, EntryFilter { kind: Some("summary".to_owned()), ..any() }).await, ["note/a", "note/b"]);
    assert_eq!(keys(&store, EntryFilter { tag: Some("money".to_owned()), ..any() }).await, ["note/a"]);
    assert!(keys(&store, EntryFilter { tag: Some("mon".to_owned()), ..any() }).await.is_empty());
    assert_eq!(keys(&store, EntryFilter { run: Some(run), ..any() }).await, ["note/a"]);
    assert!(keys(&store, EntryFilter { run: Some(RunId::fresh()), ..any() }).await.is_empty());
    assert_eq!(keys(&store, EntryFilter { min_confidence: Some(0.7), layer: Some(Layer::Finding), ..any() }).await, ["note/a"]);
}

pub async fn prefixes_are_components(store: Subject) {
    let all = [
        "col/main.orders.id",
        "col/main.orders_old.id",
        "rel/main.items.order_id->main.orders.id",
        "rel/main.orders->main.customers",
        "rel/main.orders.customer_id->main.customers.id",
        "table/main.orders",
        "table/main.orders%",
        "table/main2.orders",
        "table/other.main.orders",
    ];
    store.put_entries(&source("shop"), all.iter().map(|key| finding(key, "x")).collect()).await.expect("stored");
    for (prefix, expected) in [
        ("main", vec![0, 1, 2, 3, 4, 5, 6]),
        ("main.orders", vec![0, 3, 4, 5]),
        ("main.orders.customer_id", vec![4]),
        ("main.order", vec![]),
        ("main2", vec![7]),
        ("orders", vec![]),
        ("main.%", vec![]),
    ] {
        let expected: Vec<&str> = expected.into_iter().map(|position: usize| all[position]).collect();
        assert_eq!(keys(&store, EntryFilter { prefix: Some(prefix.to_owned()), ..EntryFilter::default() }).await, expected, "{prefix}");
    }
}

pub async fn entries_of_a_run_are_scoped_to_its_source(store: Subject) {
    let run = created(&store, "shop").await;
    let mut first = append(&run, 1);
    first.source = Some(source("shop"));
    store.append(first).await.expect("stored");
    // the source is known from here on, also where an append does not name it
    let mut second = append(&store.run(run.id).await.expect("read").expect("it is there"), 1);
    second.entries = vec![finding("note/a", "x")];
    store.append(second).await.expect("stored");
    assert_eq!(keys(&store, EntryFilter::default()).await, ["note/a"]);
}

pub async fn sources_do_not_mix(store: Subject) {
    store.put_entries(&source("shop"), vec![finding("note/a", "of the shop")]).await.expect("stored");
    store.put_entries(&source("bank"), vec![finding("note/a", "of the bank")]).await.expect("stored");
    let of_bank = store.entry(&source("bank"), Layer::Finding, "summary", "note/a").await.expect("read").expect("it is there");
    assert_eq!((of_bank.claim.document, of_bank.competing), (json!({"text": "of the bank"}), 0));
    assert_eq!(keys(&store, EntryFilter::default()).await, ["note/a"]);
}

pub async fn entries_of_a_sourceless_run_are_refused(store: Subject) {
    let (run, other) = (created(&store, "shop").await, created(&store, "shop").await);
    let mut early = append(&run, 1);
    early.entries = vec![finding("note/a", "x")];
    let (refused, stored) = tokio::join!(store.append(early), store.append(append(&other, 1)));
    assert!(matches!(refused, Err(Error::Failed(_))), "{refused:?}");
    assert_eq!(stored, Ok(()));
    assert_eq!(store.records(run.id, 0, 10).await, Ok(Vec::new()));
}
