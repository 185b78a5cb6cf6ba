//! What the session refuses by itself: queries here never saw the guard.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::*;
use crate::source::Dsn;

struct Fixture {
    source: SqliteSource,
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

async fn fixture(sql: &'static str) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let mut connection = SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let Ok(Dsn::Sqlite(file)) = Dsn::parse(path.to_str().unwrap()) else { panic!("the path of a database") };
    let source = SqliteSource::open(&file, &Settings { pool: 2, ..Settings::default() }).await.unwrap();
    Fixture { source, path, _folder: folder }
}

fn limits() -> ReadLimits {
    ReadLimits { max_rows: 100, max_bytes: 100_000, time: Duration::from_secs(5) }
}

const SHOP: &str = "create table t (id integer primary key, a text); insert into t values (1, 'x'), (2, null), (3, 'z');
    create virtual table words using fts5(body); insert into words values ('hello world');";

#[tokio::test]
async fn what_slips_through_the_guard_is_refused_by_the_session() {
    let shop = fixture(SHOP).await;
    let before = std::fs::read(&shop.path).unwrap();
    for sql in [
        "delete from t",
        "insert into t values (9, 'y')",
        "update t set a = 'q'",
        "drop table t",
        "create temp table n (i)",
        "create table n (i)",
        "select 1; delete from t",
        "with x as (select 1) delete from t",
        "attach ':memory:' as x",
        "attach '/tmp/fathom_must_not_be_there.db' as x",
        "vacuum into '/tmp/fathom_must_not_be_there.db'",
        "pragma query_only = 0",
        "pragma query_only(0)",
        "explain pragma query_only = 0",
        "pragma writable_schema = on",
        "pragma journal_mode = delete",
        "pragma hard_heap_limit(1)",
        "begin immediate",
        "begin",
        "savepoint a",
        "select load_extension('x')",
        "select writefile('/tmp/fathom_must_not_be_there.db', 'y')",
        "select fts3_tokenizer('x')",
        "reindex",
        "analyze",
    ] {
        let answer = shop.source.read(&ReadQuery::unchecked(sql), &limits()).await;
        assert!(answer.is_err(), "{sql}: {answer:?}");
    }
    let count = shop.source.read(&ReadQuery::unchecked("select count(*) from t"), &limits()).await.unwrap();
    assert_eq!(count.single(), Some(&json!(3)));
    assert_eq!(before, std::fs::read(&shop.path).unwrap());
    assert!(!std::path::Path::new("/tmp/fathom_must_not_be_there.db").exists());
}

#[tokio::test]
async fn a_statement_ends_when_its_time_is_over_and_the_connection_is_free_again() {
    let shop = fixture(SHOP).await;
    let endless = ReadQuery::unchecked("with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r");
    let short = ReadLimits { time: Duration::from_millis(60), ..limits() };
    for _ in 0..4 {
        let started = Instant::now();
        assert_eq!(shop.source.read(&endless, &short).await, Err(Error::TimedOut(short.time)));
        assert!(started.elapsed() < Duration::from_secs(2));
    }
    let quick = Instant::now();
    shop.source.read(&ReadQuery::unchecked("select 1"), &limits()).await.unwrap();
    assert!(quick.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_statement_running() {
    let shop = fixture(SHOP).await;
    let endless = ReadQuery::unchecked("with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r");
    for _ in 0..3 {
        let gone = tokio::time::timeout(Duration::from_millis(30), shop.source.read(&endless, &limits())).await;
        assert!(gone.is_err());
    }
    let rows = shop.source.read(&ReadQuery::unchecked("select 1"), &limits()).await.unwrap();
    assert!(rows.elapsed_ms < 1_000);
}

#[tokio::test]
async fn a_step_that_looks_at_no_clock_is_ended_too() {
    let shop = fixture(
        "create table big (id integer primary key, v text);
         with recursive r(n) as (select 1 union all select n + 1 from r where n < 300000)
         insert into big select n, 'some text that makes the row so long that there are many pages to count' from r;",
    )
    .await;
    let counts = ["(select count(*) from big)"; 400].join(" + ");
    let slow = ReadQuery::unchecked(&format!("select {counts}"));
    let started = Instant::now();
    let short = ReadLimits { time: Duration::from_millis(20), ..limits() };
    assert_eq!(shop.source.read(&slow, &short).await, Err(Error::TimedOut(short.time)));
    assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
    shop.source.read(&ReadQuery::unchecked("select 1"), &limits()).await.unwrap();
}

#[tokio::test]
async fn rows_and_bytes_are_bounded_while_reading() {
    let shop = fixture(SHOP).await;
    let endless = "with recursive r(n) as (select 1 union all select n + 1 from r) select n, 'abcdefghij' from r";
    let rows = shop.source.read(&ReadQuery::unchecked(endless), &ReadLimits { max_rows: 7, ..limits() }).await.unwrap();
    assert_eq!((rows.row_count, rows.truncated), (7, true));
    let rows = shop.source.read(&ReadQuery::unchecked(endless), &ReadLimits { max_bytes: 500, max_rows: 1_000, ..limits() }).await.unwrap();
    assert!(rows.truncated && rows.row_count > 1 && rows.row_count < 50, "{}", rows.row_count);
    let exact = shop.source.read(&ReadQuery::unchecked("select id from t"), &ReadLimits { max_rows: 3, ..limits() }).await.unwrap();
    assert_eq!((exact.row_count, exact.truncated), (3, false));
}

#[tokio::test]
async fn values_keep_their_kind_and_empty_answers_their_columns() {
    let shop = fixture(SHOP).await;
    let sql = "select 1 as i, 2.5 as r, null as n, 9e999 as inf, x'00ff' as b, cast(x'63e9' as text) as l, 'ok' as s";
    let rows = shop.source.read(&ReadQuery::unchecked(sql), &limits()).await.unwrap();
    let expect =
        json!([1, 2.5, null, "Infinity", {"blob_bytes": 2, "hex": "00ff"}, {"text": "c\u{fffd}", "text_bytes": 2, "not_utf8": true}, "ok"]);
    assert_eq!(serde_json::to_value(&rows.rows[0]).unwrap(), expect);
    let types: Vec<&str> = rows.columns.iter().map(|column| column.r#type.as_str()).collect();
    assert_eq!(types, ["integer", "real", "null", "real", "blob", "text", "text"]);
    let empty = shop.source.read(&ReadQuery::unchecked("select id, a as label from t where 0"), &limits()).await.unwrap();
    let names: Vec<&str> = empty.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, empty.row_count), (vec!["id", "label"], 0));
    let big = shop.source.read(&ReadQuery::unchecked("select printf('%.*c', 10000000, 'x') as t"), &limits()).await.unwrap();
    assert_eq!(big.rows[0][0]["text_bytes"], json!(10_000_000));
    let found = shop.source.read(&ReadQuery::unchecked("select body from words where words match 'hello'"), &limits()).await.unwrap();
    assert_eq!(found.rows, [[json!("hello world")]]);
}

#[tokio::test]
async fn a_database_in_utf_16_is_read_like_any_other() {
    let shop = fixture("pragma encoding = 'UTF-16'; create table \"größe\" (a text); insert into \"größe\" values ('žluťoučký')").await;
    let rows = shop.source.read(&ReadQuery::unchecked("select a from \"größe\""), &limits()).await.unwrap();
    assert_eq!(rows.rows, [[json!("žluťoučký")]]);
}

#[tokio::test]
async fn one_statement_is_read_and_what_stands_behind_it_never_runs() {
    let shop = fixture(SHOP).await;
    for sql in ["select 1; select 2", "select 1; insert into t values (7, 'q')", "", " -- nothing", "select 1; not sql"] {
        let answer = shop.source.read(&ReadQuery::unchecked(sql), &limits()).await;
        assert!(matches!(answer, Err(Error::Statement(_))), "{sql}: {answer:?}");
    }
    for sql in ["select 1;", "select 1; -- that was all", "/* first */ select 1 ; ; "] {
        let rows = shop.source.read(&ReadQuery::unchecked(sql), &limits()).await;
        assert_eq!(rows.map(|rows| rows.rows), Ok(vec![vec![json!(1)]]), "{sql}");
    }
}

#[tokio::test]
async fn every_value_arrives_as_it_is_however_many_and_large_they_are() {
    let shop = fixture(SHOP).await;
    let sql = "with recursive r(n) as (select 0 union all select n + 1 from r where n < 9999)
        select n, case n % 5 when 0 then null when 1 then n / 8.0 when 2 then printf('%.*c', n % 300, 'é')
                             when 3 then zeroblob(n % 7) else -n end,
               case when n = 5000 then printf('%.*c', 1000000, 'x') else 'ab' || n end from r";
    let mut next = 0;
    let mut consumer = |cells: &[Cell<'_>]| {
        let middle = match next % 5 {
            0 => Cell::Null,
            1 => Cell::Float(next as f64 / 8.0),
            2 => Cell::Text("é".repeat(usize::try_from(next % 300).unwrap()).into_bytes().into()),
            3 => Cell::Blob(vec![0; usize::try_from(next % 7).unwrap()].into()),
            _ => Cell::Integer(-next),
        };
        let last = if next == 5_000 { "x".repeat(1_000_000) } else { format!("ab{next}") };
        assert_eq!(cells, [Cell::Integer(next), middle, Cell::Text(last.into_bytes().into())]);
        next += 1;
        ControlFlow::Continue(())
    };
    let wide = ReadLimits { max_rows: usize::MAX, max_bytes: usize::MAX, ..limits() };
    let streamed = shop.source.stream(&ReadQuery::unchecked(sql), &wide, &mut consumer).await.unwrap();
    assert!(streamed.is_whole);
    assert_eq!(next, 10_000);
    let types: Vec<&str> = streamed.columns.iter().map(|column| column.r#type.as_str()).collect();
    assert_eq!(types, ["integer", "real", "text"]);
}

const ENDLESS: &str = "with recursive r(n) as (select 1 union all select n + 1 from r) select n, 'some text' from r";

#[tokio::test]
async fn a_reader_who_has_enough_ends_the_statement() {
    let shop = fixture(SHOP).await;
    let wide = ReadLimits { max_rows: usize::MAX, max_bytes: usize::MAX, ..limits() };
    for wanted in [1, 700, 5_000] {
        let mut rows = 0;
        let mut consumer = |_: &[Cell<'_>]| {
            rows += 1;
            if rows == wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let started = Instant::now();
        let streamed = shop.source.stream(&ReadQuery::unchecked(ENDLESS), &wide, &mut consumer).await.unwrap();
        assert_eq!((rows, streamed.is_whole, streamed.columns.len()), (wanted, false, 2));
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn rows_that_came_before_the_time_was_over_were_handed_over() {
    let shop = fixture(SHOP).await;
    let short = ReadLimits { time: Duration::from_millis(100), max_rows: usize::MAX, max_bytes: usize::MAX };
    // Three rows, and then none for ever.
    let stuck = "with recursive r(n) as (select 1 union all select n + 1 from r) select n from r where n < 4";
    let mut rows = 0;
    let mut consumer = |_: &[Cell<'_>]| {
        rows += 1;
        ControlFlow::Continue(())
    };
    assert_eq!(shop.source.stream(&ReadQuery::unchecked(stuck), &short, &mut consumer).await, Err(Error::TimedOut(short.time)));
    assert_eq!(rows, 3);
}

#[tokio::test]
async fn a_slow_reader_is_ended_by_the_clock_too() {
    let shop = fixture(SHOP).await;
    let short = ReadLimits { time: Duration::from_millis(100), max_rows: usize::MAX, max_bytes: usize::MAX };
    let mut consumer = |_: &[Cell<'_>]| {
        std::thread::sleep(Duration::from_micros(200));
        ControlFlow::Continue(())
    };
    let started = Instant::now();
    assert_eq!(shop.source.stream(&ReadQuery::unchecked(ENDLESS), &short, &mut consumer).await, Err(Error::TimedOut(short.time)));
    assert!(started.elapsed() < Duration::from_millis(1_500), "{:?}", started.elapsed());
    shop.source.read(&ReadQuery::unchecked("select 1"), &limits()).await.unwrap();
}
