//! Promises about claims on one entry: which is kept, which stands, and what counts as a change.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{by, finding, harvested, source};
use crate::domain::{Confidence, Entry, EntryStatus, EntryWrite, Layer, RunId};
use crate::store::{EntryFilter, Page, Store};

type Subject = Arc<dyn Store>;

fn claim(author: &str, text: &str, confidence: f64, status: EntryStatus) -> EntryWrite {
    let mut write = finding("note/x", text);
    write.provenance = by(author, None, 1);
    write.confidence = Confidence::clamped(confidence);
    write.status = status;
    write
}

async fn read(store: &Subject, in_source: &str) -> Entry {
    store.entry(&source(in_source), Layer::Finding, "summary", "note/x").await.expect("read").expect("it is there")
}

fn text(entry: &Entry) -> &Value {
    &entry.claim.document["text"]
}

pub async fn the_most_certain_claim_stands_in_any_order(store: Subject) {
    let claims = [
        claim("semantic", "one", 0.5, EntryStatus::Draft),
        claim("semantic", "two", 0.9, EntryStatus::Validated),
        claim("structural", "three", 0.9, EntryStatus::Validated),
        claim("person", "four", 0.2, EntryStatus::Stable),
    ];
    let mut orders: Vec<Vec<usize>> = vec![vec![]];
    for position in 0..claims.len() {
        orders = orders
            .into_iter()
            .flat_map(|order| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, position);
                    longer
                })
            })
            .collect();
    }
    assert_eq!(orders.len(), 24);
    for order in orders {
        let name = format!("{order:?}");
        for position in order {
            store.put_entries(&source(&name), vec![claims[position].clone()]).await.expect("stored");
        }
        let entry = read(&store, &name).await;
        assert_eq!((&entry.claim, entry.competing), (&claims[3], 2), "{name}");
    }
}

pub async fn other_authors_compete(store: Subject) {
    let put = async |write: EntryWrite| store.put_entries(&source("shop"), vec![write]).await.expect("stored");
    put(claim("semantic", "a list of orders", 0.6, EntryStatus::Draft)).await;
    put(claim("structural", "Orders: a list of!", 0.5, EntryStatus::Draft)).await;
    assert_eq!(read(&store, "shop").await.competing, 0, "they say the same in other words");
    put(claim("query", "something else", 0.4, EntryStatus::Draft)).await;
    assert_eq!(read(&store, "shop").await.competing, 1);
    put(claim("query", "something else", 0.8, EntryStatus::Draft)).await;
    let entry = read(&store, "shop").await;
    assert_eq!((text(&entry), entry.competing), (&json!("something else"), 2));
    put(claim("structural", "something else", 0.7, EntryStatus::Draft)).await;
    assert_eq!(read(&store, "shop").await.competing, 1);
    put(claim("semantic", "something else", 0.9, EntryStatus::Validated)).await;
    assert_eq!(read(&store, "shop").await.competing, 0);
}

pub async fn writing_the_same_changes_nothing(store: Subject) {
    let (earlier, later) = (RunId::fresh(), RunId::fresh());
    let mut write = claim("semantic", "one", 0.7, EntryStatus::Validated);
    write.provenance = by("semantic", Some(earlier), 2);
    store.put_entries(&source("shop"), vec![write.clone()]).await.expect("stored");
    let before = read(&store, "shop").await;
    // the clock must be able to show a change
    let moved = std::time::Instant::now();
    while moved.elapsed().as_millis() < 3 {
        tokio::task::yield_now().await;
    }
    store.put_entries(&source("shop"), vec![write.clone(), write.clone()]).await.expect("stored");
    assert_eq!(read(&store, "shop").await, before);
    // found again by a later run: it is that run's claim now, and what it says is as old as it was
    write.provenance = by("semantic", Some(later), 1);
    store.put_entries(&source("shop"), vec![write.clone()]).await.expect("stored");
    let after = read(&store, "shop").await;
    assert_eq!((after.claim, after.at), (write.clone(), before.at));
    write.document = json!({"text": "two"});
    write.confidence = Confidence::clamped(0.8);
    store.put_entries(&source("shop"), vec![write]).await.expect("stored");
    assert!(read(&store, "shop").await.at > before.at);
}

pub async fn an_author_keeps_its_most_certain_claim(store: Subject) {
    for (text, confidence) in [("one", 0.5), ("two", 0.9), ("three", 0.6)] {
        let write = claim("semantic", text, confidence, EntryStatus::Draft);
        store.put_entries(&source("shop"), vec![write]).await.expect("stored");
    }
    let entry = read(&store, "shop").await;
    assert_eq!((text(&entry), entry.competing), (&json!("two"), 0));
}

pub async fn an_author_may_restate_its_own_claim(store: Subject) {
    store.put_entries(&source("shop"), vec![claim("semantic", "sure", 0.9, EntryStatus::Validated)]).await.expect("stored");
    store.put_entries(&source("shop"), vec![claim("query", "other", 0.6, EntryStatus::Draft)]).await.expect("stored");
    let doubt = claim("semantic", "not so sure", 0.4, EntryStatus::Draft);
    store.restate(&source("shop"), vec![doubt.clone()]).await.expect("stored");
    let entry = read(&store, "shop").await;
    assert_eq!((text(&entry), entry.competing), (&json!("other"), 1));
    let own = async |author| store.claim_of(&source("shop"), "summary", "note/x", author).await.expect("read");
    assert_eq!(own("semantic").await, Some(doubt));
    assert_eq!(own("query").await, Some(entry.claim));
    assert_eq!(own("person").await, None);
}

pub async fn a_withdrawn_claim_is_shown_no_more(store: Subject) {
    let (one, other) = (claim("semantic", "peculiar", 0.9, EntryStatus::Validated), claim("query", "other", 0.6, EntryStatus::Draft));
    store.put_entries(&source("shop"), vec![one.clone(), other.clone()]).await.expect("stored");
    store.restate(&source("shop"), vec![one.withdrawn()]).await.expect("stored");
    let entry = read(&store, "shop").await;
    assert_eq!((&entry.claim, entry.competing), (&other, 0));
    store.restate(&source("shop"), vec![other.withdrawn()]).await.expect("stored");
    let shop = source("shop");
    assert_eq!(store.entry(&shop, Layer::Finding, "summary", "note/x").await.expect("read"), None);
    assert_eq!(store.claim_of(&shop, "summary", "note/x", "query").await.expect("read"), None);
    let listed = store.entries(&shop, &EntryFilter::default(), &Page::default()).await.expect("read");
    assert_eq!(listed.items, []);
    for query in ["peculiar", "other", "x"] {
        assert_eq!(store.search(&shop, query, &EntryFilter::default(), 5).await.expect("read"), [], "{query}");
    }
    // and it may be said again
    store.put_entries(&shop, vec![one.clone()]).await.expect("stored");
    assert_eq!(read(&store, "shop").await.claim, one);
    assert_eq!(store.search(&shop, "peculiar", &EntryFilter::default(), 5).await.expect("read").len(), 1);
}

pub async fn a_newer_harvest_replaces_an_older_one(store: Subject) {
    for rows in [10, 20, 15] {
        let mut write = harvested("table", "table/main.a", json!({ "rows": rows }));
        write.confidence = Confidence::clamped(1.0 / f64::from(rows));
        store.put_entries(&source("shop"), vec![write]).await.expect("stored");
        let entry = store.entry(&source("shop"), Layer::Harvest, "table", "table/main.a").await.expect("read").expect("it is there");
        assert_eq!((&entry.claim.document, entry.competing), (&json!({ "rows": rows }), 0));
    }
}

pub async fn an_unmentioned_harvest_entry_stays(store: Subject) {
    let table = |key: &str| harvested("table", key, json!({}));
    store.put_entries(&source("shop"), vec![table("table/main.a"), table("table/main.b")]).await.expect("stored");
    store.put_entries(&source("shop"), vec![table("table/main.b")]).await.expect("stored");
    assert!(store.entry(&source("shop"), Layer::Harvest, "table", "table/main.a").await.expect("read").is_some());
}
