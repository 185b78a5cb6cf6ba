//! What the sessions of a server hold by themselves, without the guard, on a real MariaDB.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

use super::MysqlSource;
use crate::source::{Dsn, Error, ReadLimits, ReadQuery, Settings, Source};

struct Fixture {
    source: MysqlSource,
    server: MySqlConnection,
    name: String,
}

impl Fixture {
    /// A thousand numbers in `n`, so that a join of four of them never ends.
    async fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "where the tests' own server is")]
        let base = std::env::var("FATHOM_TEST_MARIADB").unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".to_owned());
        let name = format!("fathom_test_{}", uuid::Uuid::new_v4().simple());
        let mut server = MySqlConnection::connect(&base).await.expect("the MariaDB that `scripts/test` starts");
        let digits = "(select 0 as d union select 1 union select 2 union select 3 union select 4 union select 5 union select 6 union select 7 union select 8 union select 9)";
        let sql = format!(
            "create database {name}; use {name}; create table n (i int primary key); create table t (id int primary key auto_increment, a text);
             insert into n select x.d + 10 * y.d + 100 * z.d from {digits} x, {digits} y, {digits} z; insert into t (a) values ('x'), (null);
             create sequence numbers; create procedure writes() insert into t (a) values ('y');
             create function counts() returns int deterministic begin insert into t (a) values ('z'); return 1; end"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
        let dsn = Dsn::parse(&format!("{base}/{name}")).unwrap();
        let Dsn::Mysql(place) = dsn else { panic!("the URL of a MySQL server") };
        let source = MysqlSource::open(&place, &Settings { pool: 2, ..Settings::default() }).await.unwrap();
        Self { source, server, name }
    }

    async fn read(&self, sql: &str, limits: &ReadLimits) -> Result<crate::domain::Rows, Error> {
        self.source.read(&ReadQuery::unchecked(sql), limits).await
    }

    /// Statements that run in this database.
    async fn running(&mut self) -> i64 {
        let sql = format!(
            "select count(*) from information_schema.processlist where db = '{}' and info like '/* fathom%' and id <> connection_id()",
            self.name
        );
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.server).await.unwrap()
    }

    async fn connections(&mut self) -> i64 {
        let sql = format!("select count(*) from information_schema.processlist where db = '{}' and id <> connection_id()", self.name);
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.server).await.unwrap()
    }

    async fn until_nothing_runs(&mut self) {
        let started = Instant::now();
        while self.running().await > 0 {
            assert!(started.elapsed() < Duration::from_secs(3), "a statement runs on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn gone(mut self) {
        sqlx::raw_sql(AssertSqlSafe(format!("drop database {}", self.name))).execute(&mut self.server).await.unwrap();
    }
}

fn limits() -> ReadLimits {
    ReadLimits { max_rows: 100, max_bytes: 100_000, time: Duration::from_secs(5) }
}

const ENDLESS: &str = "select count(*) from n a, n b, n c, n d where a.i + b.i + c.i + d.i = 5";

#[tokio::test]
async fn what_slips_through_the_guard_is_refused_by_the_session() {
    let shop = Fixture::new().await;
    for sql in [
        "delete from t",
        "insert into t (a) values ('y')",
        "insert into t (a) values ('y') returning id",
        "update t set a = 'q'",
        "replace into t values (1, 'q')",
        "truncate t",
        "drop table t",
        "create table n2 (i int)",
        "create temporary table n2 (i int)",
        "create or replace view v as select 1",
        "alter table t add column b int",
        "rename table t to u",
        "optimize table t",
        "select 1; delete from t",
        "set session transaction read write",
        "set max_statement_time = 0",
        "set @@sql_mode = 'ansi_quotes'",
        "set global max_connections = 100",
        "commit",
        "start transaction read write",
        "lock tables t write",
        "flush tables",
        "kill 1",
        "call writes()",
        "do sleep(1)",
        "select counts()",
        "select next value for numbers",
        "select a from t into outfile '/tmp/fathom_must_not_be_there.txt'",
        "select a into @a from t limit 1",
        "load data infile '/etc/hostname' into table t (a)",
        "grant all on *.* to nobody@localhost",
        "handler t open",
        "prepare s from 'delete from t'",
        "use mysql",
    ] {
        let answer = shop.read(sql, &limits()).await;
        assert!(matches!(answer, Err(Error::Statement(_))), "{sql}: {answer:?}");
    }
    let count = shop.read("select count(*) from t", &limits()).await.unwrap();
    assert_eq!(count.single(), Some(&json!(2)));
    assert!(!std::path::Path::new("/tmp/fathom_must_not_be_there.txt").exists());
    shop.gone().await;
}

#[tokio::test]
async fn a_session_refuses_writes_and_changes_of_structure_where_nothing_else_does() {
    let shop = Fixture::new().await;
    for sql in [
        "delete from t",
        "insert into t (a) values ('y')",
        "truncate t",
        "drop table t",
        "create table n2 (i int)",
        "create database fathom_must_not_be_there",
        "alter table t add column b int",
        "create view v as select 1",
        "drop procedure writes",
        "grant select on t to nobody@localhost",
        "call writes()",
    ] {
        let mut lent = shop.source.pool.lend(Instant::now() + Duration::from_secs(5)).await.unwrap();
        let answer = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut lent.connection).await;
        let text = answer.expect_err(sql).to_string();
        assert!(text.contains("READ ONLY"), "{sql}: {text}");
        lent.give_back().await;
    }
    shop.gone().await;
}

#[tokio::test]
async fn a_statement_ends_in_the_server_when_its_time_is_over() {
    let mut shop = Fixture::new().await;
    let short = ReadLimits { time: Duration::from_millis(100), ..limits() };
    for _ in 0..3 {
        let started = Instant::now();
        assert_eq!(shop.read(ENDLESS, &short).await, Err(Error::TimedOut(short.time)));
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
    assert_eq!(shop.running().await, 0);
    shop.read("select 1", &limits()).await.unwrap();
    shop.gone().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_statement_running() {
    let mut shop = Fixture::new().await;
    for _ in 0..3 {
        let gone = tokio::time::timeout(Duration::from_millis(50), shop.read(ENDLESS, &limits())).await;
        assert!(gone.is_err());
    }
    shop.until_nothing_runs().await;
    let rows = shop.read("select 1", &limits()).await.unwrap();
    assert!(rows.elapsed_ms < 1_000);
    shop.gone().await;
}

#[tokio::test]
async fn rows_and_bytes_are_bounded_while_reading() {
    let mut shop = Fixture::new().await;
    let few = ReadLimits { max_rows: 7, ..limits() };
    let all = "select a.i, b.i, c.i, d.i from n a, n b, n c, n d";
    for sql in [all.to_owned(), format!("{all} limit 900000000"), format!("{all} union all {all}")] {
        let started = Instant::now();
        let rows = shop.read(&sql, &few).await.unwrap();
        assert_eq!((rows.row_count, rows.truncated), (7, true), "{sql}");
        assert!(started.elapsed() < Duration::from_secs(1), "{sql}: {:?}", started.elapsed());
    }
    let rows = shop.read(all, &ReadLimits { max_bytes: 500, max_rows: 100_000, ..limits() }).await.unwrap();
    assert!(rows.truncated && rows.row_count > 1 && rows.row_count < 50, "{}", rows.row_count);
    let exact = shop.read("select id from t", &ReadLimits { max_rows: 2, ..limits() }).await.unwrap();
    assert_eq!((exact.row_count, exact.truncated), (2, false));
    let summed = shop.read("select count(*) from (select i from n union all select i from n) as x", &few).await.unwrap();
    assert_eq!(summed.single(), Some(&json!(2_000)));
    let united = shop.read("select i from n where i < 5 union select i + 1 from n where i < 5", &few).await.unwrap();
    assert_eq!((united.row_count, united.truncated), (6, false));
    shop.until_nothing_runs().await;
    shop.gone().await;
}

#[tokio::test]
async fn a_table_that_is_read_can_be_changed_by_others_right_after() {
    let mut shop = Fixture::new().await;
    shop.read("select * from t", &limits()).await.unwrap();
    let change = format!("set lock_wait_timeout = 1; alter table {}.t add column b int default 3", shop.name);
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut shop.server).await.unwrap();
    let rows = shop.read("select * from t", &limits()).await.unwrap();
    assert_eq!((rows.columns.len(), &rows.rows[0][2]), (3, &json!(3)));
    shop.gone().await;
}

#[tokio::test]
async fn reads_are_quick_and_a_connection_is_used_for_many() {
    let mut shop = Fixture::new().await;
    let started = Instant::now();
    for _ in 0..150 {
        shop.read("select id, a from t", &limits()).await.unwrap();
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{:?} for 150 reads", started.elapsed());
    assert_eq!(shop.connections().await, 1);
    shop.source.pool.close_idle(Duration::from_secs(60)).await;
    assert_eq!(shop.connections().await, 1);
    shop.source.pool.close_idle(Duration::ZERO).await;
    let since = Instant::now();
    while shop.connections().await > 0 {
        assert!(since.elapsed() < Duration::from_secs(2), "an idle connection stays open");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    shop.gone().await;
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_replaced() {
    let mut shop = Fixture::new().await;
    shop.read("select 1", &limits()).await.unwrap();
    let sql = format!("select id from information_schema.processlist where db = '{}' and id <> connection_id()", shop.name);
    let ids: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut shop.server).await.unwrap();
    assert!(!ids.is_empty());
    for id in ids {
        sqlx::raw_sql(AssertSqlSafe(format!("kill {id}"))).execute(&mut shop.server).await.unwrap();
    }
    shop.read("select 1", &limits()).await.unwrap();
    shop.gone().await;
}

#[tokio::test]
async fn a_connection_that_is_ended_under_a_statement_is_unavailable_and_then_replaced() {
    let mut shop = Fixture::new().await;
    let sql = format!(
        "select id from information_schema.processlist where db = '{}' and info like '/* fathom%' and id <> connection_id()",
        shop.name
    );
    let ending = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let found: Option<i64> = sqlx::query_scalar(AssertSqlSafe(sql.clone())).fetch_optional(&mut shop.server).await.unwrap();
            if let Some(id) = found {
                return sqlx::raw_sql(AssertSqlSafe(format!("kill {id}"))).execute(&mut shop.server).await.map(drop);
            }
        }
    };
    let (endless, few) = (ReadQuery::unchecked(ENDLESS), limits());
    let (answer, ended) = tokio::join!(shop.source.read(&endless, &few), ending);
    assert!(matches!(answer, Err(Error::Unavailable(_))) && ended.is_ok(), "{answer:?}");
    shop.read("select 1", &limits()).await.unwrap();
    shop.gone().await;
}

#[tokio::test]
async fn a_table_that_another_has_locked_costs_no_more_than_the_time() {
    let mut shop = Fixture::new().await;
    sqlx::raw_sql(AssertSqlSafe(format!("lock tables {}.t write", shop.name))).execute(&mut shop.server).await.unwrap();
    let short = ReadLimits { time: Duration::from_millis(100), ..limits() };
    let started = Instant::now();
    assert_eq!(shop.read("select * from t", &short).await, Err(Error::TimedOut(short.time)));
    assert!(started.elapsed() < Duration::from_secs(1));
    sqlx::raw_sql("unlock tables").execute(&mut shop.server).await.unwrap();
    shop.read("select * from t", &limits()).await.unwrap();
    shop.gone().await;
}
