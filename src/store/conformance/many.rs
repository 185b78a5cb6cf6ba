//! Promises about many entries at once: they are kept as one by one, however a store goes about it.

use std::sync::Arc;

use serde_json::json;

use super::{finding, harvested, source};
use crate::domain::{Change, Entry, EntryWrite};
use crate::store::{EntryFilter, Page, Store};

type Subject = Arc<dyn Store>;

const MANY: usize = 260;

fn column(number: usize, r#type: &str) -> EntryWrite {
    let mut write = harvested("column", &format!("col/main.t{}.c{number:03}", number / 20), json!({"name": "it's", "type": r#type}));
    (write.links, write.evidence) = (vec![format!("table/main.t{}", number / 20)], vec!["snap_ü".to_owned()]);
    write
}

async fn all(store: &Subject, of: &str) -> Vec<Entry> {
    let (mut found, mut page) = (Vec::new(), Page::default());
    loop {
        let part = store.entries(&source(of), &EntryFilter::default(), &page).await.expect("read");
        found.extend(part.items);
        page.after = part.next;
        if page.after.is_none() {
            return found;
        }
    }
}

async fn changes(store: &Subject, of: &str, entry: &Entry) -> Vec<Change> {
    let write = &entry.claim;
    store.history(&source(of), write.layer, &write.kind, &write.key, &Page::default()).await.expect("read").items
}

pub async fn many_new_entries_are_kept_as_one_by_one(store: Subject) {
    let mut writes: Vec<EntryWrite> = (0..MANY).map(|number| column(number, "text")).collect();
    writes.push(writes[7].clone());
    let mut other = writes[9].clone();
    other.provenance.author = "another".to_owned();
    writes.push(other);
    store.put_entries(&source("many"), writes.clone()).await.expect("stored");
    for write in writes {
        store.put_entries(&source("few"), vec![write]).await.expect("stored");
    }
    let (many, few) = (all(&store, "many").await, all(&store, "few").await);
    assert_eq!((many.len(), few.len()), (MANY, MANY));
    for (one, other) in many.iter().zip(&few) {
        assert_eq!((&one.claim, one.competing, &one.stale), (&other.claim, other.competing, &other.stale));
        let told = |changes: Vec<Change>| {
            changes.into_iter().map(|change| (change.revision, change.claim, change.stale, change.standing)).collect::<Vec<_>>()
        };
        assert_eq!(told(changes(&store, "many", one).await), told(changes(&store, "few", other).await));
    }
}

pub async fn many_entries_of_which_some_are_there_change_what_they_should(store: Subject) {
    store.put_entries(&source("shop"), (0..MANY).map(|number| column(number, "text")).collect()).await.expect("stored");
    store.put_entries(&source("shop"), vec![finding("note/x", "said by a person")]).await.expect("stored");
    // Half of them as they are, half changed, and as many that are new between and behind them.
    let type_of = |number: usize| if number < MANY / 2 { "text" } else { "integer" };
    store.put_entries(&source("shop"), (0..2 * MANY).map(|number| column(number, type_of(number))).collect()).await.expect("stored");
    let entries = all(&store, "shop").await;
    assert_eq!(entries.len(), 2 * MANY + 1);
    for number in [0, MANY / 2 - 1, MANY / 2, MANY - 1, MANY, 2 * MANY - 1] {
        let key = column(number, "text").key;
        let entry = entries.iter().find(|entry| entry.claim.key == key).expect("it is there");
        assert_eq!(entry.claim, column(number, type_of(number)));
        let revisions = if (MANY / 2..MANY).contains(&number) { 2 } else { 1 };
        assert_eq!(changes(&store, "shop", entry).await.len(), revisions, "{key}");
    }
    let hits = store.search(&source("shop"), "c300", &EntryFilter::default(), 5).await.expect("found");
    assert_eq!(hits.iter().map(|hit| hit.key.as_str()).collect::<Vec<_>>(), [column(300, "text").key]);
}
