//! Promises about the log of what was done from outside.

use std::sync::Arc;

use crate::store::{AuditFilter, AuditKept, AuditOutcome, AuditRow, Error, Page, Store};

type Subject = Arc<dyn Store>;

const ALL: AuditKept = AuditKept { rows: 1_000, since: 0 };

fn row(call: &str, at: i64) -> AuditRow {
    AuditRow {
        at,
        author: "token:ü".to_owned(),
        call: call.to_owned(),
        source: Some("shop".to_owned()),
        args: r#"{"sql":"select 'ü'"}"#.to_owned(),
        outcome: AuditOutcome::Done,
        reason: String::new(),
        duration_us: 7,
    }
}

async fn calls(store: &Subject, filter: AuditFilter) -> Vec<String> {
    let page = store.audit(&filter, &Page::default()).await.expect("read");
    page.items.into_iter().map(|row| row.call).collect()
}

pub async fn what_was_done_is_read_back_newest_first_and_paged(store: Subject) {
    let refused = AuditRow { source: None, outcome: AuditOutcome::Refused, reason: "`missing_scope`".to_owned(), ..row("b", 5) };
    store.add_audit(vec![row("a", 3), refused.clone()], ALL).await.expect("stored");
    store.add_audit(vec![row("c", 4)], ALL).await.expect("stored");
    store.add_audit(Vec::new(), ALL).await.expect("nothing is stored");
    let first = store.audit(&AuditFilter::default(), &Page { limit: 2, after: None }).await.expect("read");
    assert_eq!(first.items, [row("c", 4), refused]);
    // What comes in between moves nothing.
    store.add_audit(vec![row("d", 6)], ALL).await.expect("stored");
    let second = store.audit(&AuditFilter::default(), &Page { limit: 2, after: first.next }).await.expect("read");
    assert_eq!((second.items, second.next), (vec![row("a", 3)], None));
    let bad = store.audit(&AuditFilter::default(), &Page { limit: 2, after: Some("zz".to_owned()) }).await;
    assert!(matches!(bad, Err(Error::BadPageToken(_))));
}

pub async fn the_log_is_filtered(store: Subject) {
    let other = AuditRow { author: "outside".to_owned(), ..row("a", 9) };
    store.add_audit(vec![row("a", 3), row("b", 5), other], ALL).await.expect("stored");
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(calls(&store, AuditFilter { author: text("token:ü"), ..AuditFilter::default() }).await, ["b", "a"]);
    assert_eq!(calls(&store, AuditFilter { call: text("a"), ..AuditFilter::default() }).await.len(), 2);
    assert_eq!(calls(&store, AuditFilter { since: Some(5), ..AuditFilter::default() }).await, ["a", "b"]);
    assert_eq!(calls(&store, AuditFilter { author: text("outside"), call: text("b"), since: None }).await, [""; 0]);
}

pub async fn the_log_keeps_what_is_young_and_fits(store: Subject) {
    store.add_audit((0..8).map(|at| row(&format!("c{at}"), at)).collect(), ALL).await.expect("stored");
    store.add_audit(vec![row("c8", 8)], AuditKept { rows: 1_000, since: 3 }).await.expect("stored");
    assert_eq!(calls(&store, AuditFilter::default()).await, ["c8", "c7", "c6", "c5", "c4", "c3"]);
    store.add_audit(vec![row("c9", 9)], AuditKept { rows: 4, since: 0 }).await.expect("stored");
    assert_eq!(calls(&store, AuditFilter::default()).await, ["c9", "c8", "c7", "c6"]);
}
