//! Promises about what callers asked of sources.

use std::sync::Arc;

use super::source;
use crate::store::{QueryRow, Store};

type Subject = Arc<dyn Store>;

fn row(digest: &str, count: u64, at: i64) -> QueryRow {
    QueryRow {
        source: source("shop"),
        caller: "semantic".to_owned(),
        tool: "run_sql_readonly".to_owned(),
        digest: digest.to_owned(),
        text: "select 'ü' from t where a = ?".to_owned(),
        count,
        refused: 1,
        failed: 2,
        total_us: 30 * count,
        max_us: 40,
        rows: 5,
        first_at: at,
        last_at: at + 1,
    }
}

async fn digests(store: &Subject) -> Vec<String> {
    store.queries(&source("shop")).await.expect("read").into_iter().map(|row| row.digest).collect()
}

pub async fn what_was_asked_adds_up(store: Subject) {
    store.add_queries(vec![row("a", 2, 100)], 10).await.expect("stored");
    assert_eq!(store.queries(&source("shop")).await, Ok(vec![row("a", 2, 100)]));
    let later = QueryRow { max_us: 90, ..row("a", 3, 50) };
    store.add_queries(vec![later.clone(), row("b", 1, 60)], 10).await.expect("stored");
    let mut sum = row("a", 2, 100);
    sum.add(&later);
    assert_eq!((sum.count, sum.max_us, sum.first_at, sum.last_at, sum.total_us), (5, 90, 50, 101, 150));
    assert_eq!(store.queries(&source("shop")).await, Ok(vec![sum, row("b", 1, 60)]));
    store.add_queries(Vec::new(), 10).await.expect("nothing is stored");
}

pub async fn the_least_used_are_forgotten_first(store: Subject) {
    let rows = |counts: std::ops::Range<u64>| counts.map(|count| row(&format!("q{count:02}"), count, count.cast_signed())).collect();
    store.add_queries(rows(1..21), 20).await.expect("stored");
    assert_eq!(digests(&store).await.len(), 20, "as many as there may be");
    let other = QueryRow { source: source("other"), ..row("q01", 1, 1) };
    store.add_queries(vec![row("q99", 99, 99), other], 20).await.expect("stored");
    let left = digests(&store).await;
    assert_eq!((left.len(), left.first().map(String::as_str), left.last().map(String::as_str)), (18, Some("q04"), Some("q99")));
    assert_eq!(store.queries(&source("other")).await.expect("read").len(), 1, "another source has room of its own");
}

pub async fn sources_and_callers_are_counted_apart(store: Subject) {
    let by = |caller: &str, tool: &str| QueryRow { caller: caller.to_owned(), tool: tool.to_owned(), ..row("a", 1, 1) };
    let rows = vec![by("b", "explain_sql"), by("a", "explain_sql"), by("a", "run_sql_readonly")];
    store.add_queries(rows, 10).await.expect("stored");
    store.add_queries(vec![by("a", "explain_sql")], 10).await.expect("stored");
    let counted = store.queries(&source("shop")).await.expect("read");
    let counted: Vec<_> = counted.iter().map(|row| (row.caller.as_str(), row.tool.as_str(), row.count)).collect();
    assert_eq!(counted, [("a", "explain_sql", 2), ("a", "run_sql_readonly", 1), ("b", "explain_sql", 1)]);
}
