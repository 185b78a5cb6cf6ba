//! What is said of a place that cannot be opened, and what several processes do to it that come at once.

use fathom::domain::Grant;
use fathom::store::{Error, Place, PostgresStore, Store, TokenRow};
use futures::future::join_all;
use sqlx::{Connection, PgConnection, Row};

use super::{database, open};
use crate::store::{append, created};

async fn refused(url: &str) -> Error {
    PostgresStore::open(&url.parse().unwrap()).await.expect_err("the place is refused")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_may_start_at_once() {
    let database = database().await;
    let stores = join_all((0..6).map(|_| open(&database))).await;
    let run = created(&stores[0]).await;
    stores[1].append(append(&run, 1, 2, 10)).await.unwrap();
    // another process takes the run over: the first may not write any more, whatever it had under way
    let claimed = stores[2].claim_run(run.id, "node-2").await.unwrap();
    let (late, owner) = tokio::join!(stores[1].append(append(&run, 3, 1, 10)), stores[2].append(append(&claimed, 3, 1, 10)));
    assert_eq!((late, owner), (Err(Error::Fenced(run.id)), Ok(())));
    // two that believe they own it: one number, one event
    let race = join_all(stores.iter().map(|store| store.append(append(&claimed, 4, 1, 10)))).await;
    assert_eq!(race.iter().filter(|stored| stored.is_ok()).count(), 1, "{race:?}");
    assert_eq!(stores[3].records(run.id, 0, 100).await.unwrap().len(), 4);
    drop(stores);
    assert_eq!(open(&database).await.records(run.id, 0, 100).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_newer_version_and_a_foreign_schema_are_refused_untouched() {
    let database = database().await;
    drop(open(&database).await);
    database.execute("update fathom.version set version = 99").await;
    let error = refused(&database.url).await;
    assert!(matches!(&error, Error::Newer { found: 99, place, .. } if place.ends_with(&database.name)), "{error:?}");
    database.execute("drop schema fathom cascade; create schema fathom; create table fathom.of_somebody_else (x int)").await;
    assert!(matches!(refused(&database.url).await, Error::NotADatabase(_)));
    database.execute("drop table fathom.of_somebody_else").await;
    open(&database).await;
}

#[tokio::test]
async fn tokens_that_were_there_keep_what_they_could_do() {
    let database = database().await;
    drop(open(&database).await);
    database
        .execute(
            "drop table fathom.audit, fathom.remote_calls, fathom.remote_tools, fathom.remote_logins;
             alter table fathom.tokens drop column kind, drop column scopes, drop column expires_at, drop column revoked_at;
             insert into fathom.tokens (name, hash, created_at) values ('old', 'abc', 7);
             update fathom.version set version = 3",
        )
        .await;
    let row =
        TokenRow { name: "old".into(), hash: "abc".into(), created_at: 7, grant: Grant::EVERYTHING, expires_at: None, revoked_at: None };
    assert_eq!(open(&database).await.tokens().await, Ok(vec![row]));
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_told_without_its_password() {
    let database = database().await;
    let server: Place = database.url.parse().unwrap();
    let host = server.to_string().split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    for (url, expect) in [
        ("postgres://ann:hush@127.0.0.1:1/x".to_owned(), "check host and port"),
        ("postgres://ann:hush@no-such-host.invalid/x".to_owned(), "check host and port"),
        (format!("postgres://no_such_user:hush@{host}/x"), "no_such_user"),
        (database.url.replace(&database.name, "no_such_database"), "create database no_such_database"),
    ] {
        let error = refused(&url).await.to_string();
        assert!(error.contains(expect) && error.contains("cannot be used") && !error.contains("hush"), "{error}");
    }
}

#[tokio::test]
async fn rows_can_be_kept_to_their_owner() {
    let database = database().await;
    let store = open(&database).await;
    let run = created(&store).await;
    store.append(append(&run, 1, 3, 10)).await.unwrap();
    database.execute("update fathom.events set owner = 'ann' where seq = 2").await;
    let role = format!("{}_reader", database.name);
    let role_made =
        format!("create role {role}; grant usage on schema fathom to {role}; grant select on all tables in schema fathom to {role}");
    database.execute(&role_made).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let mut seen = Vec::new();
    for owner in ["local", "ann", "bob"] {
        let sql = format!("set role {role}; set fathom.owner = '{owner}'; select count(*) from fathom.events");
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        seen.push(rows[0].get::<i64, _>(0));
    }
    connection.close().await.unwrap();
    database.execute(&format!("drop owned by {role}; drop role {role}")).await;
    assert_eq!(seen, [2, 1, 0]);
    // every table that has data knows its owner
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let without = sqlx::query(
        "select relname::text from pg_class c where relnamespace = 'fathom'::regnamespace and relkind = 'r'
           and (not relrowsecurity or not exists (select 1 from pg_attribute where attrelid = c.oid and attname = 'owner')) order by 1",
    );
    let without: Vec<String> = without.fetch_all(&mut connection).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(without, ["probes", "version"]);
}
