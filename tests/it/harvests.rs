//! Harvests as jobs, on real servers: progress, the word to stop, time limits, and servers that stop in the middle and come back.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fathom::source::{self, Dialect, Dsn, Error, Progress, ReadLimits, Settings, guard};
use serde_json::{Value, json};
use sqlx::{Connection, MySqlConnection, PgConnection};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::cli::{fathom, folder_with_shop};
use crate::support::client::parse_events;
use crate::support::private::PrivateServer;
use crate::support::process::{self, Launch};
use crate::support::servers::{Server, TestDatabase};

const TABLES: &str = "create table customers (id int primary key, name varchar(40) not null);
    create table orders (id int primary key, customer_id int references customers (id), total decimal(8, 2));
    insert into customers values (1, 'Ada'), (2, 'Bo');
    insert into orders values (1, 1, 10.50), (2, 1, 4.00), (3, 2, 7.25)";

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_work_on_databases_of_the_three_kinds() {
    let (postgresql, mariadb) = (TestDatabase::new(Server::Postgresql).await, TestDatabase::new(Server::Mariadb).await);
    for database in [&postgresql, &mariadb] {
        database.execute(TABLES).await;
    }
    let folder = folder_with_shop().await;
    let here = folder.path();
    let schema = mariadb.name.as_str();
    for (name, dsn, schema, references) in [
        ("file", "shop.db", "main", "2 foreign keys"),
        ("pg", postgresql.url.as_str(), "public", "1 foreign key"),
        ("maria", mariadb.url.as_str(), schema, "1 foreign key"),
    ] {
        let (exit, _, err) = fathom(here, &["source", "add", name, dsn, "--untested"]);
        assert_eq!(exit, 0, "{err}");
        let (exit, out, err) = fathom(here, &["harvest", name]);
        assert!(exit == 0 && out.contains("read for the first time") && out.contains(references), "{name}: {out}{err}");
        let (exit, out, err) = fathom(here, &["search", "orders", "--source", name]);
        assert!(exit == 0 && out.contains(&format!("table/{schema}.orders")), "{name}: {out}{err}");
        let (exit, out, err) = fathom(here, &["show", "table", &format!("{schema}.orders"), "--source", name]);
        assert!(exit == 0 && out.contains(&format!("(customer_id) to {schema}.customers (id)")), "{name}: {out}{err}");
        let (exit, out, err) = fathom(here, &["sql", name, "select id from customers order by id", "--json"]);
        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{name}: {out}{err}"));
        assert_eq!((exit, &answer["rows"][0]), (0, &json!([1])));
    }
    postgresql.execute("alter table orders add column note text; drop table customers cascade").await;
    let (exit, out, _) = fathom(here, &["harvest", "pg"]);
    assert!(exit == 0 && out.contains("since the last time 1 added, 1 removed"), "{out}");
    let (exit, out, _) = fathom(here, &["harvest", "maria", "--json"]);
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((exit, &events[0]["message"], &events[events.len() - 1]["message"]), (0, &json!("started"), &json!("done")));
    assert_eq!(events[events.len() - 1]["data"]["changes"]["changed"], 0);
    assert!(events.iter().enumerate().all(|(at, event)| event["seq"] == at + 1), "{out}");
    let parts: Vec<&str> = events.iter().filter_map(|event| event["data"]["part"].as_str()).collect();
    assert!(parts.contains(&"columns") && parts.contains(&"references"), "{parts:?}");
}

/// A catalog that somebody else holds shut: a harvest comes as far as the triggers.
async fn shut(database: &TestDatabase) -> PgConnection {
    let mut holder = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("begin; lock table pg_catalog.pg_trigger in access exclusive mode").execute(&mut holder).await.unwrap();
    holder
}

async fn started(server: &process::Server, body: Value) -> String {
    let (status, harvest) = server.client.post("/harvests", body).await;
    assert!(status == 202 && harvest["status"] == "running", "{harvest}");
    harvest["harvest_id"].as_str().expect("an id").to_owned()
}

async fn ended(server: &process::Server, id: &str) -> Vec<Value> {
    let url = format!("{}/harvests/{id}/events", server.client.url);
    parse_events(&server.client.http().get(url).send().await.expect("it answers").text().await.expect("it ends"))
}

async fn active(database: &TestDatabase) -> i64 {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let sql = "select count(*) from pg_stat_activity where datname = $1 and application_name = 'fathom' and state <> 'idle'";
    sqlx::query_scalar(sql).bind(&database.name).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_harvest_is_stopped_by_a_word_or_by_time_and_ends_in_the_database() {
    let database = TestDatabase::new(Server::Postgresql).await;
    database.execute(TABLES).await;
    let folder = TempDir::new().expect("a folder");
    let server = Launch::on(folder.path()).env("FATHOM_SOURCE__BUSY_WAIT_MS", "60000").start().await;
    let holder = shut(&database).await;

    let id = started(&server, json!({ "source": database.url })).await;
    let (status, same) = server.client.post("/harvests", json!({ "source": database.url })).await;
    assert!(status == 200 && same["harvest_id"] == id.as_str(), "one harvest at a time: {same}");
    while server.client.get(&format!("/harvests/{id}")).await.1["last"]["data"]["part"] != "constraints" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(active(&database).await, 1);
    let (status, _) = server.client.post(&format!("/harvests/{id}/cancel"), json!({})).await;
    assert_eq!(status, 202);
    let events = ended(&server, &id).await;
    assert_eq!(events.last().expect("events")["message"], "cancelled");
    let told = Instant::now();
    while active(&database).await > 0 {
        assert!(told.elapsed() < Duration::from_secs(5), "the statement still runs in the server");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let id = started(&server, json!({"source": database.url, "time_limit_ms": 300})).await;
    let events = ended(&server, &id).await;
    assert_eq!(events.last().expect("events")["data"], json!({"time_limit_ms": 300}), "{events:?}");
    let (_, found) = server.client.post("/tools/catalog_list", json!({"source": "nobody"})).await;
    assert_eq!(found["code"], "source_unusable");

    holder.close().await.expect("it closes");
    let id = started(&server, json!({ "source": database.url })).await;
    let events = ended(&server, &id).await;
    let last = events.last().expect("events");
    assert!(last["message"] == "done" && last["data"]["tables"] == 2, "{last}");
    assert!(last["data"].get("changes").is_none(), "what was stopped has left nothing: {last}");
    let (_, list) = server.client.get("/harvests").await;
    let ends: Vec<&str> = list["items"].as_array().expect("a list").iter().filter_map(|item| item["status"].as_str()).collect();
    assert_eq!(ends, ["done", "timed_out", "cancelled"]);
    database.execute("create table returns (id int primary key)").await;
    let (status, answer) =
        server.client.post("/tools/discovery.run_static", json!({"source": database.url, "args": {"notes": "after the release"}})).await;
    assert!(status == 200 && answer["result"]["tables"] == 3 && answer["result"]["changes"]["added"] == 1, "{answer}");
    let note = json!({"source": database.url, "args": {"kind": "note", "key": answer["result"]["note"]}});
    let (_, note) = server.client.post("/tools/catalog_get", note).await;
    assert_eq!(note["result"]["entries"][0]["document"]["text"], "after the release", "{note}");
    let missing = server.client.get("/harvests/hrv_0").await;
    assert!(missing.0 == 404 && missing.1["code"] == "no_such_harvest", "{missing:?}");
}

/// The server is gone between two queries of a harvest, then in the middle of a long query, and comes back both times.
async fn survives(kind: Server, dialect: Dialect, endless: &str, running: &str) {
    let server = Arc::new(Mutex::new(PrivateServer::start_new(kind)));
    let url = server.lock().unwrap().url();
    let source = source::open(&Dsn::parse(&url).unwrap(), &Settings::default()).await.unwrap();
    let whole = source.harvest().await.unwrap();

    let killing = server.clone();
    let kill_at_columns = move |part: &str, _| {
        if part == "columns" {
            killing.lock().unwrap().kill();
        }
    };
    let broken = source.harvest_telling(&Progress::heard_by(kill_at_columns, CancellationToken::new())).await;
    assert!(matches!(broken, Err(Error::Unavailable(_))), "{broken:?}");
    let down = Instant::now();
    assert!(matches!(source.harvest().await, Err(Error::Unavailable(_))));
    assert!(down.elapsed() < Duration::from_secs(5), "who is not there is not waited for");
    server.lock().unwrap().start();
    assert_eq!(source.harvest().await.unwrap(), whole);

    let endless = guard::check(dialect, endless).unwrap();
    let limits = ReadLimits { max_rows: 10, max_bytes: 1_000, time: Duration::from_secs(60) };
    let reading = source.read(&endless, &limits);
    let stopping = async {
        let mut left = 500;
        while count(kind, &url, running).await == 0 {
            left -= 1;
            assert!(left > 0, "the query does not begin");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.lock().unwrap().kill();
        Instant::now()
    };
    let (answer, killed) = tokio::join!(reading, stopping);
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    assert!(killed.elapsed() < Duration::from_secs(5));
    server.lock().unwrap().start();
    let one = source.read(&guard::check(dialect, "select 1").unwrap(), &limits).await.unwrap();
    assert_eq!(one.single(), Some(&json!(1)));
}

async fn count(kind: Server, url: &str, sql: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match kind {
        Server::Postgresql => sqlx::query_scalar(sql).fetch_one(&mut PgConnection::connect(url).await.unwrap()).await.unwrap(),
        Server::Mariadb => sqlx::query_scalar(sql).fetch_one(&mut MySqlConnection::connect(url).await.unwrap()).await.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_server_that_stops_in_the_middle_is_missed_and_found_again() {
    let endless = "select count(*) from generate_series(1, 1000000) as a, generate_series(1, 1000000) as b";
    let running = "select count(*) from pg_stat_activity where state = 'active' and query like '%1000000%' and pid <> pg_backend_pid()";
    survives(Server::Postgresql, Dialect::Postgresql, endless, running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mariadb_server_that_stops_in_the_middle_is_missed_and_found_again() {
    let endless = "select count(*) from information_schema.columns a, information_schema.columns b, information_schema.columns c";
    let running = "select count(*) from information_schema.processlist where info like '%columns a%' and id <> connection_id()";
    survives(Server::Mariadb, Dialect::Mysql, endless, running).await;
}
