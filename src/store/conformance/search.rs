//! Promises about search.

use std::sync::Arc;

use serde_json::json;

use super::{by, finding, harvested, source};
use crate::domain::{Confidence, EntryWrite, Layer, RunId};
use crate::store::{EntryFilter, Store};

type Subject = Arc<dyn Store>;

async fn found(store: &Subject, query: &str) -> Vec<String> {
    let hits = store.search(&source("shop"), query, &EntryFilter::default(), 50).await.expect("any text is a query");
    assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score), "best hits come first");
    hits.into_iter().map(|hit| hit.key).collect()
}

fn shop() -> Vec<EntryWrite> {
    let mut customers = finding("table/shop.customers", "People who buy, with their e-mail addresses; Größe and naïve café");
    customers.tags = vec!["master_data".to_owned()];
    vec![
        harvested("table", "table/shop.orders", json!({"columns": ["id", "customer_id", "placedAt"], "rows": 4711})),
        harvested("table", "table/shop.order_items", json!({"columns": ["orderId", "line2", "HTTPStatus"]})),
        customers,
        finding("domain/billing", "Invoices and payments"),
    ]
}

pub async fn cases(store: Subject) {
    store.put_entries(&source("shop"), shop()).await.expect("stored");
    let (orders, items, customers, billing) = ("table/shop.orders", "table/shop.order_items", "table/shop.customers", "domain/billing");
    for (query, expected) in [
        ("customers", vec![customers]),
        ("CUSTOMERS", vec![customers]),
        ("cust", vec![customers, orders]),
        ("shop.orders", vec![orders, items, customers]),
        ("customer_id", vec![orders]),
        ("customerId", vec![orders]),
        ("order_items", vec![items]),
        ("orderitems", vec![items]),
        ("orderItems", vec![items]),
        ("items", vec![items]),
        ("placed", vec![orders]),
        ("placed_at", vec![orders]),
        ("placedAt", vec![orders]),
        ("status", vec![items]),
        ("http", vec![items]),
        ("line", vec![items]),
        ("line2", vec![items]),
        ("4711", vec![orders]),
        ("master", vec![customers]),
        ("master_data", vec![customers]),
        ("größe", vec![customers]),
        ("grosse", vec![]),
        ("cafe", vec![customers]),
        ("naive", vec![customers]),
        ("domain", vec![]),
        ("summary billing", vec![billing, customers]),
        ("invoices, payments?", vec![billing]),
        ("nothing-of-this-kind", vec![]),
    ] {
        let mut keys = found(&store, query).await;
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected, "{query}");
    }
}

pub async fn names_with_digits_are_found_however_they_are_written(store: Subject) {
    let written = ["note/a.t_17", "note/b.T17", "note/c.t17_name", "note/d.fooT17Bar", "note/e.t18"];
    let writes = written.iter().map(|key| finding(key, "nothing else")).collect();
    store.put_entries(&source("shop"), writes).await.expect("stored");
    for (query, expected) in [
        ("t17", &written[..4]),
        ("T_17", &written[..4]),
        ("t17_name", &written[2..3]),
        ("t17Name", &written[2..3]),
        ("foo_t17", &written[3..4]),
        // Only where nothing has it as it is written.
        ("18t", &written[4..]),
        ("t1", &written[..]),
    ] {
        let mut keys = found(&store, query).await;
        keys.sort_unstable();
        assert_eq!(keys, expected, "{query}");
    }
}

pub async fn a_beginning_that_very_many_words_have_finds_the_word_itself_first(store: Subject) {
    let numbered = (0..300).map(|number| finding(&format!("note/w{number}"), "one of many"));
    store.put_entries(&source("shop"), numbered.collect()).await.expect("stored");
    assert_eq!(found(&store, "w1").await.len(), 50);
    assert!(found(&store, "w1").await.contains(&"note/w1".to_owned()));
    assert_eq!(found(&store, "w299").await, ["note/w299"]);
    let of_one = EntryFilter { prefix: Some("w199".to_owned()), ..EntryFilter::default() };
    let hits = store.search(&source("shop"), "w1", &of_one, 5).await.expect("found");
    assert_eq!(hits.iter().map(|hit| hit.key.as_str()).collect::<Vec<_>>(), ["note/w199"], "nor is any other lost");
}

pub async fn best_hits_come_first(store: Subject) {
    store.put_entries(&source("shop"), shop()).await.expect("stored");
    let noise = (0..40).map(|number| finding(&format!("note/{number}"), "orders are mentioned here, beside many other things"));
    store.put_entries(&source("shop"), noise.collect()).await.expect("stored");
    assert_eq!(found(&store, "shop.orders").await[0], "table/shop.orders");
    assert_eq!(found(&store, "what do customers pay, invoices").await[..2], ["domain/billing", "table/shop.customers"]);
    // a word that nearly all have does not hide the one that few have, nor the other way round
    assert_eq!(found(&store, "many other things about invoices").await[0], "domain/billing");
    let all = store.search(&source("shop"), "many other things about invoices", &EntryFilter::default(), 100).await.expect("found");
    assert_eq!(all.len(), 41);
    let of_notes = EntryFilter { prefix: Some("17".to_owned()), ..EntryFilter::default() };
    let filtered = store.search(&source("shop"), "many other things about invoices", &of_notes, 1).await.expect("found");
    assert_eq!(filtered[0].key, "note/17");
    let limited = store.search(&source("shop"), "orders", &EntryFilter::default(), 3).await.expect("found");
    assert_eq!(limited.len(), 3);
}

pub async fn hits_are_filtered_and_scoped(store: Subject) {
    store.put_entries(&source("shop"), shop()).await.expect("stored");
    let run = RunId::fresh();
    let mut other = finding("table/shop.orders", "orders");
    other.provenance = by("semantic", Some(run), 1);
    other.confidence = Confidence::clamped(0.95);
    store.put_entries(&source("shop"), vec![other]).await.expect("stored");
    store.put_entries(&source("bank"), vec![finding("note/orders", "standing orders")]).await.expect("stored");
    let found = async |filter: EntryFilter| {
        let hits = store.search(&source("shop"), "orders shop", &filter, 50).await.expect("found");
        hits.into_iter().map(|hit| (hit.layer == Layer::Harvest, hit.key)).collect::<std::collections::BTreeSet<_>>()
    };
    let any = EntryFilter::default;
    assert_eq!(found(any()).await.len(), 4);
    let orders = |harvest| (harvest, "table/shop.orders".to_owned());
    assert_eq!(found(EntryFilter { prefix: Some("shop.orders".to_owned()), ..any() }).await, [orders(false), orders(true)].into());
    assert_eq!(found(EntryFilter { run: Some(run), ..any() }).await, [orders(false)].into());
    assert_eq!(found(EntryFilter { layer: Some(Layer::Harvest), kind: Some("table".to_owned()), ..any() }).await.len(), 2);
    assert_eq!(found(EntryFilter { min_confidence: Some(0.9), layer: Some(Layer::Finding), ..any() }).await, [orders(false)].into());
    assert_eq!(
        found(EntryFilter { tag: Some("master_data".to_owned()), ..any() }).await,
        [(false, "table/shop.customers".to_owned())].into()
    );
}

pub async fn changed_words_are_found(store: Subject) {
    let mut write = finding("note/x", "alpha");
    store.put_entries(&source("shop"), vec![write.clone()]).await.expect("stored");
    assert_eq!(found(&store, "alpha").await, ["note/x"]);
    write.document = json!({"text": "beta"});
    write.confidence = Confidence::clamped(0.9);
    store.put_entries(&source("shop"), vec![write]).await.expect("stored");
    assert_eq!(found(&store, "beta").await, ["note/x"]);
    assert!(found(&store, "alpha").await.is_empty(), "what is not said any more is not found");
}

pub async fn any_text_is_a_query(store: Subject) {
    store.put_entries(&source("shop"), shop()).await.expect("stored");
    let long = "orders ".repeat(10_000);
    for query in [
        "",
        " ",
        "\"",
        "'",
        "\"orders",
        "orders\"",
        "c++",
        "a AND",
        "NEAR(",
        "key:orders",
        "*",
        "ord*",
        "(",
        "^orders",
        "-orders",
        "🦀",
        "\0",
        "हिन्दी",
        "%_",
        &long,
    ] {
        found(&store, query).await;
    }
    for nothing in ["", "  ", "\"", "*", "---", "🦀"] {
        assert!(found(&store, nothing).await.is_empty(), "{nothing}");
    }
    for orders in ["\"orders", "ord*", "^orders", "-orders", &long] {
        assert!(found(&store, orders).await.contains(&"table/shop.orders".to_owned()), "{orders}");
    }
}

pub async fn a_hit_shows_what_was_found(store: Subject) {
    let text = format!("{} the Gross margin of a store {}", "before ".repeat(100), "after ".repeat(100));
    store.put_entries(&source("shop"), vec![finding("metric/gross_margin", &text)]).await.expect("stored");
    let hits = store.search(&source("shop"), "margin", &EntryFilter::default(), 5).await.expect("found");
    assert!(hits[0].snippet.contains("Gross margin of a store"), "{}", hits[0].snippet);
    assert!(hits[0].snippet.chars().count() < 200 && hits[0].score > 0.0);
    assert_eq!((hits[0].kind.as_str(), hits[0].confidence.value()), ("summary", 0.7));
}
