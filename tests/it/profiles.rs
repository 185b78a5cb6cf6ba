//! Profiles on real databases: one reading a table, honest about what it saw, whatever the values are.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fathom::domain::{Cell, Egress, Layer, Snapshot, SourceKey};
use fathom::source::{
    self, Bounded, Consumer, Dialect, Dsn, Limits, ReadLimits, ReadQuery, Settings as SourceSettings, Source, Streamed, guard,
};
use fathom::tools::survey::Extent;
use fathom::tools::{Caller, Registry, Settings, Workspace};
use serde_json::{Value, json};

use super::source::Database;
use super::support::servers::{Server, TestDatabase};
use super::tools::FakeStore;

/// What is asked of a source, written down.
struct Counting {
    source: Arc<dyn Source>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Source for Counting {
    fn key(&self) -> &SourceKey {
        self.source.key()
    }

    fn dialect(&self) -> Dialect {
        self.source.dialect()
    }

    async fn harvest_telling(&self, progress: &source::Progress) -> Result<Snapshot, source::Error> {
        self.source.harvest_telling(progress).await
    }

    async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, source::Error> {
        self.asked.lock().unwrap().push(query.sql().to_owned());
        self.source.stream(query, limits, consumer).await
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, source::Error> {
        self.source.explain(query).await
    }
}

/// A database with tools at work on it.
struct Bench {
    source: Arc<Counting>,
    store: Arc<FakeStore>,
    workspace: Workspace,
    registry: Registry,
}

impl Bench {
    async fn new(words: &str, settings: Settings) -> Self {
        Self::within(words, settings, Limits::default()).await
    }

    async fn within(words: &str, settings: Settings, limits: Limits) -> Self {
        let source = source::open(&Dsn::parse(words).unwrap(), &SourceSettings::default()).await.unwrap();
        let source = Arc::new(Counting { source: Arc::new(Bounded::new(source, limits)), asked: Mutex::default() });
        let store = Arc::new(FakeStore::default());
        let snapshot = Arc::new(source.harvest().await.unwrap());
        let workspace =
            Workspace::new(source.key().clone(), snapshot, source.clone(), store.clone(), Extent::default()).with_egress(Egress::Full);
        Self { source, store, workspace, registry: Registry::standard(settings) }
    }

    async fn call(&self, name: &str, args: Value) -> Value {
        let outcome = self.registry.execute(&self.workspace, &Caller::outside("test"), name, args.clone()).await;
        assert!(!outcome.truncated, "{name} {args} did not keep to the size of results");
        outcome.result.unwrap_or_else(|rejection| panic!("{name} {args}: {rejection}"))
    }

    async fn column(&self, column: &str) -> Value {
        self.call("column_profile", json!({"table": "t", "column": column})).await
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.source.asked.lock().unwrap())
    }
}

/// 20,000 rows that no key orders by their values.
const MANY: &str = "create table t (id integer primary key, code text, amount real, day date);
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
    insert into t select i, 'C-' || (i * 7919 % 20011), i % 100 / 4.0, date('2026-01-01', '+' || (i % 90) || ' days') from n;
    create view v as select * from t;";

#[tokio::test]
async fn all_columns_of_a_table_are_profiled_by_one_reading() {
    let database = Database::new(MANY).await;
    let bench = Bench::new(&database.words(), Settings::default()).await;
    let full = bench.call("table_profile", json!({"table": "t", "mode": "full"})).await;
    assert_eq!(bench.asked(), [r#"select "id", "code", "amount", "day" from "main"."t""#]);
    let seen = ["method", "rows_seen", "rows_estimated", "rate", "complete"].map(|name| full[name].clone());
    assert_eq!(seen, [json!("scan"), json!(20_000), json!(20_000), json!(1.0), json!(true)]);
    let [id, code, amount, day] = [0, 1, 2, 3].map(|at| &full["columns"][at]);
    assert_eq!((&id["unique"], &id["distinct"], &id["distinct_exact"]), (&json!(true), &json!(20_000), &json!(true)));
    assert_eq!((&code["distinct_exact"], code.get("unique")), (&json!(false), None));
    assert!(code["distinct"].as_u64().unwrap().abs_diff(20_000) < 800, "{code}");
    assert_eq!((&amount["distinct"], &amount["max"], &amount["mean"]), (&json!(100), &json!(24.75), &json!(12.375)));
    assert_eq!((&day["coverage"]["filled"], &day["coverage"]["missing"]), (&json!(90), &json!(0)));

    // Whoever asks for one of the columns afterwards, or at the same time, asks nothing of the database.
    let one = bench.column("code").await;
    assert_eq!((&one["patterns"][0]["value"], &one["rows"], &one["complete"]), (&json!("A-99999"), &json!(20_000), &json!(true)));
    let again = bench.call("table_profile", json!({"table": "t", "mode": "full"})).await;
    assert_eq!((again, bench.asked().len()), (full.clone(), 0));
    let at_once = (0..5).map(|_| bench.call("table_profile", json!({"table": "v"})));
    futures::future::join_all(at_once).await;
    assert_eq!(bench.asked().len(), 1);

    let entries = bench.store.entries();
    let kept = entries.iter().find(|entry| entry.key == "profile/main.t").unwrap();
    assert_eq!((kept.layer, kept.kind.as_str(), kept.provenance.author.as_str()), (Layer::Harvest, "profile", "profile"));
    assert_eq!((&kept.document["columns"], kept.document.get("elapsed_ms")), (&full["columns"], None));
}

#[tokio::test]
async fn a_profile_says_which_rows_it_saw() {
    let database = Database::new(MANY).await;
    let quick = Bench::new(&database.words(), Settings { quick_rows: 640, ..Settings::default() }).await;
    let sampled = quick.call("table_profile", json!({"table": "t"})).await;
    assert_eq!((&sampled["method"], &sampled["rows_seen"], &sampled["complete"]), (&json!("key_ranges"), &json!(640), &json!(false)));
    assert_eq!((&sampled["rate"], &sampled["columns"][0]["distinct_exact"]), (&json!(0.032), &json!(false)));
    assert!(sampled["columns"][0].get("unique").is_none() && sampled["columns"][3]["coverage"].get("missing").is_none(), "{sampled}");
    assert_eq!(quick.asked().len(), 2, "the ends of the key, and the rows");
    let view = quick.call("table_profile", json!({"table": "v"})).await;
    assert_eq!((&view["method"], &view["how"]), (&json!("first_rows"), &json!("the first rows, as many as a quick profile looks at")));
    let one = quick.column("amount").await;
    assert_eq!((&one["method"], &one["distinct_exact"]), (&json!("key_ranges"), &json!(false)));

    let hurried = Bench::new(&database.words(), Settings { full_time_ms: 0, ..Settings::default() }).await;
    let first = hurried.call("table_profile", json!({"table": "t", "mode": "full"})).await;
    assert_eq!(
        (&first["how"], &first["rows_seen"], &first["complete"]),
        (&json!("the first rows, until the time was over"), &json!(1), &json!(false))
    );
    let limits = Limits { max_rows: Some(7), ..Limits::default() };
    let limited = Bench::within(&database.words(), Settings::default(), limits).await;
    let first = limited.call("table_profile", json!({"table": "t", "mode": "full"})).await;
    assert_eq!((&first["rows_seen"], &first["complete"]), (&json!(7), &json!(false)));
    assert_eq!(first["how"], json!("the first rows, as many as the source is registered with"));
}

#[tokio::test]
async fn a_table_of_very_many_columns_is_told_within_the_size_of_results() {
    let columns: Vec<String> = (0..900).map(|at| format!("column_with_a_rather_long_name_{at} text default 'some text'")).collect();
    let sql = format!("create table t (id integer primary key, {}); insert into t (id) values (1), (2)", columns.join(", "));
    let database = Database::new(Box::leak(sql.into_boxed_str())).await;
    let bench = Bench::new(&database.words(), Settings::default()).await;
    let profile = bench.call("table_profile", json!({"table": "t"})).await;
    let shown = profile["columns"].as_array().unwrap().len();
    assert!(shown > 100 && profile["columns_left_out"] == json!(901 - shown), "{shown}");
    assert_eq!(bench.column("column_with_a_rather_long_name_899").await["distinct"], json!(1));
}

/// The figures of odd values, which must hold whatever engine keeps them. `max` of `t` is what the engine sorts nothing after.
async fn check_odd(words: &str, expect: &[(&str, &str, Value)]) {
    // Long texts take long where the code is not optimised.
    let bench = Bench::new(words, Settings { quick_time_ms: 30_000, tool_time_ms: 60_000, ..Settings::default() }).await;
    let table = bench.call("table_profile", json!({"table": "t"})).await;
    assert!(table["complete"] == json!(true) && table.to_string().len() < 24 * 1024, "{table}");
    for (column, member, value) in expect {
        let profile = bench.column(column).await;
        assert_eq!(&profile[*member], value, "{column} {member}: {profile}");
    }
}

#[tokio::test]
async fn odd_values_pass_through_a_profile_on_sqlite() {
    let database = Database::new(
        "create table t (n, huge text, b blob, d date, long text, bad text, void integer);
         insert into t values (9e999, '99999999999999999999999999', x'00ff', '0000-00-00', hex(zeroblob(5000000)), cast(x'63ff' as text), null),
                              (-9e999, '1', x'', '9999-12-31', '', 'ok', null), (1.5, '2', zeroblob(100000), '2026-01-01', 'x', null, null),
                              ('text', null, null, 20260101, null, null, null);",
    )
    .await;
    let expect = [
        ("n", "min", json!(1.5)),
        ("n", "max", json!("text")),
        ("n", "quality", json!(["infinite, left out of smallest, largest and mean: 2 rows", "numbers among texts: 1 beside 1"])),
        ("huge", "distinct", json!(3)),
        ("b", "max_length", json!(100_000)),
        ("b", "distinct", json!(3)),
        ("long", "max_length", json!(10_000_000)),
        ("long", "empty", json!(1)),
        ("bad", "max", json!("ok")),
        ("bad", "quality", json!(["not UTF-8: 1 rows"])),
        ("void", "null_share", json!(1.0)),
        ("void", "quality", json!(["no row has a value"])),
    ];
    check_odd(&database.words(), &expect).await;
}

#[tokio::test]
async fn odd_values_pass_through_a_profile_on_postgresql() {
    let sql = "create table t (f float8, n numeric, b bytea, d date, ts timestamptz, long text, bad text, void int, a int[], j jsonb);
         insert into t values
            ('NaN', 'NaN', '\\x00ff', '0044-03-15 BC', 'infinity', repeat('é', 5000000), E'caf\\351', null, '{1,2}', '{\"a\": 1}'),
            ('infinity', 99999999999999999999999999.5, '', 'infinity', '2026-01-01 10:00+02', '', 'x', null, null, 'null'),
            (1e308, -1e-20, null, '9999-12-31', null, null, null, null, '{}', null)";
    let encoding = "encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0";
    let database = TestDatabase::with(Server::Postgresql, encoding).await;
    // A client that says UTF-8 could not send such a text.
    database.execute(&format!("set client_encoding = 'SQL_ASCII'; {sql}")).await;
    let expect = [
        ("f", "max", json!(1e308)),
        ("f", "distinct", json!(3)),
        ("n", "max", json!("99999999999999999999999999.5")),
        ("n", "min", json!(-1e-20)),
        ("b", "max_length", json!(2)),
        ("d", "min", json!("0044-03-15 BC")),
        ("d", "max", json!("9999-12-31")),
        ("long", "max_length", json!(5_000_000)),
        ("bad", "quality", json!(["not UTF-8: 1 rows"])),
        ("void", "quality", json!(["no row has a value"])),
        ("a", "distinct", json!(2)),
        ("j", "distinct", json!(2)),
    ];
    check_odd(&database.url, &expect).await;
}

#[tokio::test]
async fn odd_values_pass_through_a_profile_on_mariadb() {
    let database = TestDatabase::new(Server::Mariadb).await;
    database
        .execute(
            "set sql_mode = '';
             create table t (f double, n decimal(65, 2), u bigint unsigned, b longblob, d date, ts datetime(6), `long` longtext, j json, void int);
             insert into t values
                (1e308, 999999999999999999999999999999999999.99, 18446744073709551615, x'00ff', '0000-00-00', '0000-00-00', repeat('x', 10000000), '{}', null),
                (-0.0, -1, 0, '', '9999-12-31', '2026-01-01 10:00:00.5', '', '[1]', null),
                (null, null, 7, repeat('y', 100000), '2026-02-00', null, null, null, null)",
        )
        .await;
    let expect = [
        ("f", "max", json!(1e308)),
        ("n", "max", json!("999999999999999999999999999999999999.99")),
        ("u", "max", json!(u64::MAX)),
        ("u", "min", json!(0)),
        ("b", "max_length", json!(100_000)),
        ("d", "max", json!("9999-12-31")),
        ("ts", "min", json!("2026-01-01 10:00:00.5")),
        ("long", "max_length", json!(10_000_000)),
        ("void", "quality", json!(["no row has a value"])),
    ];
    check_odd(&database.url, &expect).await;
    let bench = Bench::new(&database.url, Settings::default()).await;
    let quality = bench.column("d").await["quality"].to_string();
    assert!(
        quality.contains("`0000-00-00`, perhaps for a missing value: 1 rows") && quality.contains("no day of a calendar: 2 rows"),
        "{quality}"
    );
}

#[tokio::test]
async fn a_stream_ends_where_its_consumer_or_the_time_does() {
    let sqlite = Database::new("create table t (a int)").await;
    let postgresql = TestDatabase::new(Server::Postgresql).await;
    let mariadb = TestDatabase::new(Server::Mariadb).await;
    let endless = [
        (sqlite.words(), "with recursive r(n) as (select 1 union all select n + 1 from r where n < 1000000000) select n, 'row' from r"),
        (
            postgresql.url.clone(),
            "select n, 'row' from generate_series(1, 9999) as a cross join generate_series(1, 9999) as b cross join generate_series(1, 9999) as n",
        ),
        (mariadb.url.clone(), "select a.seq, 'row' from seq_1_to_1000000 a cross join seq_1_to_1000000 b"),
    ];
    for (words, sql) in endless {
        let source = source::open(&Dsn::parse(&words).unwrap(), &SourceSettings { pool: 1, ..SourceSettings::default() }).await.unwrap();
        let query = guard::check(source.dialect(), sql).unwrap();
        let limits = |max_rows: usize, time: u64| ReadLimits { max_rows, max_bytes: usize::MAX, time: Duration::from_millis(time) };
        for (limits, enough, expect) in [(limits(1_000_000_000, 10_000), 2_500, 2_500), (limits(300, 10_000), 2_500, 300)] {
            let mut rows = 0;
            let mut take = |cells: &[Cell<'_>]| {
                assert_eq!(cells.len(), 2);
                rows += 1;
                if rows == enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let streamed = source.stream(&query, &limits, &mut take).await.unwrap_or_else(|error| panic!("{words}: {error}"));
            assert!(!streamed.is_whole && rows == expect && streamed.columns.len() == 2, "{words}: {rows} {streamed:?}");
        }
        let mut rows = 0;
        let mut take = |_: &[Cell<'_>]| {
            rows += 1;
            ControlFlow::Continue(())
        };
        let error = source.stream(&query, &limits(usize::MAX, 400), &mut take).await.unwrap_err();
        assert!(matches!(error, source::Error::TimedOut(_)) && rows > 10, "{words}: {rows} {error}");
        // The only connection is free again: nothing runs on.
        let after = source.read(&guard::check(source.dialect(), "select 1").unwrap(), &limits(1, 8_000)).await.unwrap();
        assert_eq!(after.single(), Some(&json!(1)), "{words}");
    }
}
