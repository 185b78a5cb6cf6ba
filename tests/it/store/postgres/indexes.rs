//! At scale, what is asked often is answered from indexes: a million events, a hundred thousand commands and entries.

use std::time::{Duration, Instant};

use fathom::domain::{RunId, SourceKey};
use fathom::store::{EntryFilter, Page, Store};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

use super::{database, open};

const FILL: &str = "
insert into fathom.runs (run_id, status, created_at, updated_at, summary, asked, request)
select 'run_' || lpad(to_hex(i), 32, '0'), case when i % 100 = 0 then 'running' else 'finished' end, i, i, '{}', 'shop', '{}'
from generate_series(1, 10000) as i;
insert into fathom.events (run, seq, owner, at, kind, message, data)
select r, s, 'local', s, 'run', 'paused', '{}' from generate_series(1, 10000) as r, generate_series(1, 100) as s;
insert into fathom.commands (run, command_id, at, body, outcome)
select i % 10000 + 1, i::text, i, '{}', case when i % 500 = 0 then null else '{}' end from generate_series(1, 100000) as i;
insert into fathom.entries (id, source, layer, kind, key, path, author, status, confidence, competing, rivals, revision, at,
                            tags, links, evidence, document, run, words)
select i, 'source ' || i % 10, i % 2, 'table', 'table/s' || i % 300 || '.t' || i, 's' || i % 300 || '.t' || i, 'harvest', 'stable', 1, 0, 0, 1, 1,
       '[]', '[]', '[]', '{}', case when i % 20 = 0 then 'run_' || lpad(to_hex(i % 1000), 32, '0') end,
       format('''t%s'':1A ''table'':2B ''common'':3C', i)::tsvector
from generate_series(1, 100000) as i;
insert into fathom.history (entry, revision, at, author, status, confidence, document)
select i, 1, 1, 'harvest', 'stable', 1, '{}' from generate_series(1, 100000) as i;
analyze";

async fn assert_indexed(connection: &mut PgConnection, name: &str, sql: &str, values: &[&str]) {
    let mut text = sql.to_owned();
    for (position, value) in values.iter().enumerate().rev() {
        text = text.replace(&format!("${}", position + 1), value);
    }
    let rows = sqlx::raw_sql(AssertSqlSafe(format!("explain {text}"))).fetch_all(connection).await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(!plan.contains("Seq Scan") && plan.contains("Index"), "{name} is answered without an index:\n{plan}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_often_is_answered_from_indexes() {
    let database = database().await;
    let store = open(&database).await;
    database.execute(FILL).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let run = "'run_00000000000000000000000000000200'";
    let none = "null";
    macro_rules! sql {
        ($($file:literal),+) => { concat!($(include_str!(concat!("../../../../src/store/postgres/sql/", $file))),+) };
    }
    let list = concat!(sql!("list_entries.sql", "names.sql", "filters.sql"), "order by e.layer, e.kind, e.key limit $13");
    let search = sql!("search.sql", "names.sql", "filters.sql", "search_rank.sql");
    let source = "'source 3'";
    for (name, sql, values) in [
        ("records", sql!("records.sql"), vec![run, "50", "20"]),
        ("open commands", sql!("open_commands.sql"), vec![run]),
        ("unfinished runs", sql!("unfinished_runs.sql"), vec![]),
        ("all entries", list, vec![source, none, none, none, none, none, none, none, none, "-1", "''", "''", "50"]),
        ("the next page", list, vec![source, none, none, none, none, none, none, none, none, "1", "'table'", "'table/s33.t333'", "50"]),
        ("below a path", list, vec![source, none, none, "'s33'", none, none, none, none, none, "-1", "''", "''", "50"]),
        ("of a run", list, vec![source, none, none, none, none, run, none, none, none, "-1", "''", "''", "50"]),
        (
            "as it was",
            sql!("past.sql", "names.sql", "past_changes.sql"),
            vec![source, none, none, "'s33'", none, "-1", "''", "''", "200", "5"],
        ),
        ("search", search, vec![source, none, none, none, none, none, none, none, none, "'t333:*'", "'{t333:*}'", "10", "10000"]),
    ] {
        assert_indexed(&mut connection, name, sql, &values).await;
    }
    // and the calls themselves, which a scan of all would take long for
    let run: RunId = run.trim_matches('\'').parse().unwrap();
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(store.records(run, 50, 20).await.unwrap().len(), 20);
        assert_eq!(store.unfinished_runs().await.unwrap().len(), 100);
        let shop = SourceKey("source 3".to_owned());
        assert_eq!(store.search(&shop, "t333 common", &EntryFilter::default(), 5).await.unwrap()[0].key, "table/s33.t333");
        let page = Page { limit: 50, after: None };
        assert_eq!(store.entries(&shop, &EntryFilter::default(), &page).await.unwrap().items.len(), 50);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
