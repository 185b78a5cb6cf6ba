//! What the session refuses by itself: queries here never saw the guard.

#[path = "../../../tests/it/support/servers.rs"]
mod servers;

use serde_json::json;

use self::servers::{Server, TestDatabase};
use super::*;
use crate::source::Dsn;

#[tokio::test]
async fn what_slips_through_the_guard_is_refused_by_the_session() {
    let database = TestDatabase::new(Server::Postgresql).await;
    database.execute("create table t (id int primary key); insert into t values (1), (2), (3); create sequence s").await;
    let Ok(Dsn::Postgresql(server)) = Dsn::parse(&database.url) else { panic!("the URL of a server") };
    let source = PostgresqlSource::open(&server, &Settings { pool: 1, ..Settings::default() }).await.unwrap();
    let limits = Settings::default().read_limits();
    for sql in [
        "delete from t",
        "insert into t values (9)",
        "update t set id = 9",
        "truncate t",
        "drop table t",
        "create table n (i int)",
        "create temp table n (i int)",
        "select 1; delete from t",
        "select 1; commit; delete from t",
        "commit",
        "with x as (delete from t returning id) select * from x",
        "with x as (insert into t values (9) returning id) select * from x",
        "select * into n from t",
        "select * from t for update",
        "select nextval('s')",
        "select setval('s', 9)",
        "select set_config('transaction_read_only', 'off', true)",
        "set transaction read write",
        "set session characteristics as transaction read write",
        "set default_transaction_read_only = off",
        "copy t to '/tmp/fathom_must_not_be_there'",
        "copy t to program 'touch /tmp/fathom_must_not_be_there'",
        "do 'begin delete from t; end'",
        "lock table t in exclusive mode",
        "vacuum t",
        "analyze t",
        "prepare transaction 'x'",
        "explain analyze delete from t",
        "show all; delete from t",
    ] {
        let answer = source.read(&ReadQuery::unchecked(sql), &limits).await;
        assert!(answer.is_err(), "{sql}: {answer:?}");
        let explained = source.explain(&ReadQuery::unchecked(&format!("analyze {sql}"))).await;
        assert!(explained.is_err(), "{sql}: {explained:?}");
    }
    // These are let through by the database itself, and undone when their transaction ends.
    for sql in ["explain analyze create table n as select 1 as i", "select set_config('default_transaction_read_only', 'off', false)"] {
        source.read(&ReadQuery::unchecked(sql), &limits).await.unwrap();
    }
    let sql = "select (select count(*) from t) as t, to_regclass('n') is null as n, current_setting('default_transaction_read_only') as d";
    let after = source.read(&ReadQuery::unchecked(sql), &limits).await.unwrap();
    assert_eq!(after.rows, [[json!(3), json!(true), json!("on")]]);
    assert!(!std::path::Path::new("/tmp/fathom_must_not_be_there").exists());
}

#[tokio::test]
async fn a_plan_and_a_setting_can_be_read_where_the_guard_lets_them() {
    let database = TestDatabase::new(Server::Postgresql).await;
    let Ok(Dsn::Postgresql(server)) = Dsn::parse(&database.url) else { panic!("the URL of a server") };
    let source = PostgresqlSource::open(&server, &Settings::default()).await.unwrap();
    let limits = Settings::default().read_limits();
    let name = source.read(&ReadQuery::unchecked("show application_name"), &limits).await.unwrap();
    assert_eq!(name.single(), Some(&json!("fathom")));
    let plan = source.read(&ReadQuery::unchecked("explain (format json) select 1"), &limits).await.unwrap();
    assert_eq!(plan.rows[0][0][0]["Plan"]["Node Type"], json!("Result"));
}
