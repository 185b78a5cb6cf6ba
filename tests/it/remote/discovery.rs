//! Whole discoveries through remote servers: what is found is what is found in the database itself.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::mysql::MySqlPool;
use sqlx::sqlite::SqlitePool;
use tempfile::TempDir;

use super::proxysql;
use crate::support::client::Client;
use crate::support::process::{Launch, Server};
use crate::support::servers::{Server as Kind, TestDatabase};
use crate::support::shop;

const AT_MOST: Duration = Duration::from_secs(120);

async fn server(folder: &TempDir, env: &[(&str, String)], args: &[&str]) -> Server {
    let mut launch = Launch::on(folder.path());
    launch.args = args.iter().map(|word| (*word).to_owned()).collect();
    env.iter().fold(launch, |launch, (name, value)| launch.env(name, value.clone())).start().await
}

/// Findings by key, each with what is said of it.
async fn found(client: &Client, source: Option<&str>) -> BTreeMap<String, (Value, Value)> {
    let body = source.map_or_else(|| json!({"model": "builtin"}), |source| json!({"source": source, "model": "builtin"}));
    let (status, run) = client.post("/runs", body).await;
    assert_eq!(status, 201, "{run}");
    let run = run["run_id"].as_str().unwrap().to_owned();
    let state =
        client.wait_until(&run, AT_MOST, |state| matches!(state["status"].as_str(), Some("finished" | "failed" | "cancelled"))).await;
    assert_eq!(state["status"], "finished", "{state}");
    let findings = client.all(&format!("/runs/{run}/findings")).await;
    findings
        .into_iter()
        .map(|finding| (finding["key"].as_str().unwrap().to_owned(), (finding["status"].clone(), finding["confidence"].clone())))
        .collect()
}

fn assert_same(direct: &BTreeMap<String, (Value, Value)>, remote: &BTreeMap<String, (Value, Value)>) {
    assert!(direct.len() > 15, "too little to compare: {direct:#?}");
    let lost: Vec<_> = direct.iter().filter(|(key, _)| !remote.contains_key(*key)).collect();
    let more: Vec<_> = remote.iter().filter(|(key, _)| !direct.contains_key(*key)).collect();
    assert!(lost.is_empty() && more.is_empty(), "lost: {lost:#?}\nmore: {more:#?}");
    let other: Vec<_> = direct.iter().filter(|(key, says)| remote[*key] != **says).map(|(key, says)| (key, says, &remote[key])).collect();
    assert!(other.is_empty(), "{other:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discovery_through_another_fathom_finds_what_the_database_holds() {
    let (near, far) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let path = shop::make(far.path(), "shop.db").await.display().to_string();
    let remote = server(&far, &[], &["--source", &path]).await;
    // Nothing names a source but the variable.
    let local = server(&near, &[("MCP_ENDPOINT", format!("{}/mcp/query", remote.client.url))], &[]).await;
    let through = found(&local.client, None).await;
    let direct = found(&local.client, Some(&path)).await;
    assert_same(&direct, &through);
    // The same where assistants come in, which offers few tools by itself.
    assert_same(&direct, &found(&local.client, Some(&format!("mcp+{}/mcp", remote.client.url))).await);
    let (status, asked) = local.client.post("/tools/describe_table", json!({"source": "mcp:endpoint", "args": {"table": "orders"}})).await;
    assert_eq!(status, 200, "{asked}");
    assert_eq!(asked["result"]["foreign_keys"][0]["to_table"], "customers");
    // More than the other one gives at once: it cuts its answers, and the rest is asked for.
    let sql = format!("select a.id, '{}' as t from orders a join orders b on b.id < 3 order by 1", "x".repeat(400));
    let (status, many) = local
        .client
        .post("/tools/run_sql_readonly", json!({"source": "mcp:endpoint", "args": {"sql": sql, "max_rows": 1000, "timeout_sec": 15}}))
        .await;
    assert_eq!((status, many["result"]["row_count"].as_u64()), (200, Some(400)), "{many}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discovery_through_the_plain_form_with_rows_of_texts_finds_what_the_database_holds() {
    let folder = TempDir::new().unwrap();
    let path = shop::make(folder.path(), "shop.db").await.display().to_string();
    let fake = proxysql::older(SqlitePool::connect(&path).await.unwrap()).await;
    let local = server(&folder, &[], &[]).await;
    let source = format!("mcp+{}", fake.url);
    let through = found(&local.client, Some(&source)).await;
    assert_same(&found(&local.client, Some(&path)).await, &through);
    assert!(!fake.calls_of("run_sql_readonly").is_empty());
    // Numbers are numbers, whatever they came as.
    let sql = json!({"source": source, "args": {"sql": "select price_cents, title, count(*) as n from products where id = 3"}});
    let (status, answer) = local.client.post("/tools/run_sql_readonly", sql).await;
    assert_eq!((status, &answer["result"]["rows"]), (200, &json!([[300, "product 3", 1]])), "{answer}");
}

const SHOP: &str = "
    create table customers (id int primary key, name varchar(40) not null, email varchar(60), created_at datetime not null);
    create table orders (id int primary key, customer_id int not null, total decimal(10, 2), created_at datetime not null, updated_at datetime,
                         foreign key (customer_id) references customers (id));
    create table order_lines (order_id int not null, line_no int not null, product_code varchar(10) not null, primary key (order_id, line_no));
    insert into customers select seq, concat('customer ', seq), concat('c', seq, '@example.org'), '2026-01-01' from seq_1_to_40;
    insert into orders select seq, 1 + seq % 40, seq * 1.5, '2026-02-01', null from seq_1_to_1500;
    insert into order_lines select 1 + seq % 1500, 1 + seq div 1500, concat('P', seq % 7) from seq_0_to_2999;
";

#[tokio::test(flavor = "multi_thread")]
async fn a_discovery_through_proxysql_finds_keys_in_spite_of_its_guard_of_words() {
    let database = TestDatabase::new(Kind::Mariadb).await;
    database.execute(SHOP).await;
    let fake = proxysql::newer(MySqlPool::connect(&database.url).await.unwrap(), &database.name).await;
    let folder = TempDir::new().unwrap();
    let config = format!("[mcp.servers.proxy]\nurl = \"{}\"\ntoken = \"sekrit-token-2\"\n", fake.url);
    std::fs::write(folder.path().join("fathom.toml"), config).unwrap();
    let local = server(&folder, &[], &[]).await;
    let (status, table) = local.client.post("/tools/describe_table", json!({"source": "mcp:proxy", "args": {"table": "orders"}})).await;
    assert_eq!(status, 200, "{table}");
    let table = &table["result"];
    assert_eq!((&table["primary_key"], &table["foreign_keys"][0]["to_table"]), (&json!(["id"]), &json!("customers")), "{table}");
    let types: Vec<&str> = table["columns"].as_array().unwrap().iter().map(|column| column["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["integer", "integer", "decimal", "timestamp", "timestamp"]);

    let (direct, through) = (found(&local.client, Some(&database.url)).await, found(&local.client, Some("mcp:proxy")).await);
    // Missing values come as empty texts there, and the server has no statistics; keys and references are the same.
    let schema = &database.name;
    let reference = format!("rel/{schema}.order_lines.order_id->{schema}.orders.id");
    assert!(direct.contains_key(&reference), "{direct:#?}");
    assert!(through.contains_key(&reference), "{through:#?}");
    assert!(through.len() * 10 >= direct.len() * 7, "{} of {}: {through:#?}", through.len(), direct.len());

    let asked = fake.calls_of("run_sql_readonly");
    let reads_whole = |args: &Value| args["sql"].as_str().is_some_and(|sql| sql.starts_with("select * from") && sql.contains("orders"));
    let reads_on = |args: &Value| args["sql"].as_str().is_some_and(|sql| sql.contains("order_lines") && sql.ends_with("offset 2000"));
    assert!(asked.iter().any(reads_on), "3000 rows are three pages");
    assert!(asked.iter().any(reads_whole), "tables whose names of columns the guard refuses are read by a star");
    assert!(fake.headers().iter().all(|headers| headers["authorization"] == "Bearer sekrit-token-2"));
    assert!(!Launch::on(folder.path()).log().contains("sekrit"));
}
