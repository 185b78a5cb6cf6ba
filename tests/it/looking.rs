//! Sources with names, and looking into them: the command line and the calls behind it.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use crate::cli::{command, fathom, folder_with_shop};
use crate::support::process::Launch;
use crate::support::shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_source_gets_a_name_and_is_looked_into_by_it() {
    let folder = folder_with_shop().await;
    let here = folder.path();
    let (exit, out, err) = fathom(here, &["source", "add", "shop", "shop.db", "--max-rows", "3"]);
    assert!(exit == 0 && out.contains("`shop` answers: sqlite, 5 tables in 1 schema (main)"), "{out}{err}");
    let (exit, out, _) = fathom(here, &["source", "list"]);
    assert!(exit == 0 && out.lines().nth(1).is_some_and(|line| line.starts_with("shop  sqlite:/")), "{out}");

    let (exit, out, err) =
        fathom(here, &["sql", "shop", "select status, count(*) as n from orders group by status order by n desc, status"]);
    assert_eq!((exit, out.as_str()), (0, "status    n\nS       100\nN        50\nP        50\n"), "{err}");
    let (exit, out, _) = fathom(here, &["sql", "shop", "select id, null as none from orders order by id", "--json"]);
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((exit, &answer["rows"], &answer["truncated"]), (0, &json!([[1, null], [2, null], [3, null]]), &json!(true)));
    let (exit, out, err) = fathom(here, &["search", "customer email", "--source", "shop"]);
    assert!(exit == 0 && out.contains("col/main.customers.email"), "{out}{err}");
    let (exit, out, err) = fathom(here, &["show", "table", "orders", "--source", "shop"]);
    assert!(exit == 0 && out.contains("refers    (customer_id) to main.customers (id)") && out.contains("200 rows"), "{out}{err}");
    let (exit, out, err) = fathom(here, &["run", "shop", "--max-iterations", "1"]);
    assert!(exit == 0 && out.contains("over shop with builtin"), "{out}{err}");

    let (exit, _, err) = fathom(here, &["sql", "shop", "delete from orders"]);
    assert!(exit == 5 && err.contains("`delete`"), "{err}");
    let (exit, _, err) = fathom(here, &["source", "add", "shop", "shop.db"]);
    assert!(exit == 1 && err.contains("already"), "{err}");
    let (exit, _, err) = fathom(here, &["source", "remove", "shop"]);
    assert_eq!(exit, 0, "{err}");
    let (exit, _, err) = fathom(here, &["sql", "shop", "select 1"]);
    assert!(exit == 2 && err.contains("no source is registered as `shop`"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_in_a_source_is_shown() {
    let folder = folder_with_shop().await;
    let here = folder.path();
    let (exit, _, err) = fathom(here, &["diff", "shop"]);
    assert!(exit == 2 && err.contains("no source is registered as `shop`"), "{err}");
    assert_eq!(fathom(here, &["source", "add", "shop", "shop.db"]).0, 0);
    let (exit, out, err) = fathom(here, &["diff", "shop"]);
    assert!(exit == 0 && out.is_empty() && err.contains("nothing has changed"), "{out}{err}");
    let mut shop = SqliteConnectOptions::new().filename(here.join("shop.db")).connect().await.expect("it opens");
    let change = "create table returns (id integer primary key); alter table orders add column note text; drop view order_totals";
    sqlx::raw_sql(change).execute(&mut shop).await.expect("it is changed");
    assert_eq!(fathom(here, &["source", "test", "shop"]).0, 0);
    let (exit, out, _) = fathom(here, &["diff", "shop"]);
    assert_eq!((exit, out.as_str()), (0, "+ col/main.orders.note\n+ table/main.returns\n- view/main.order_totals\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_become_stale_when_the_database_changes_under_them() {
    let folder = folder_with_shop().await;
    let here = folder.path();
    assert_eq!(fathom(here, &["source", "add", "shop", "shop.db"]).0, 0);
    let (exit, out, err) = fathom(here, &["run", "shop", "--max-iterations", "2", "--json"]);
    assert_eq!(exit, 0, "{out}{err}");
    let run = serde_json::from_str::<Value>(out.lines().last().expect("a line")).expect("JSON")["run_id"].as_str().map(str::to_owned);
    let run = run.unwrap_or_else(|| panic!("no run in {out}"));
    let reference = "rel/main.orders.customer_id->main.customers.id";
    let stale =
        || fathom(here, &["search", "orders customer", "--status", "stale", "--layer", "finding", "--limit", "50", "--source", "shop"]);
    let (exit, out, err) = stale();
    assert!(exit == 0 && out.is_empty() && err.contains("nothing"), "{out}{err}");
    let mut shop = SqliteConnectOptions::new().filename(here.join("shop.db")).connect().await.expect("it opens");
    sqlx::raw_sql("alter table orders rename column customer_id to buyer_id").execute(&mut shop).await.expect("it is changed");
    let (exit, out, err) = stale();
    assert!(exit == 0 && out.contains(reference), "{out}{err}");
    let entry = |more: &[&str]| {
        let (exit, out, err) = fathom(here, &[&["show", "entry", "relationship", reference, "--source", "shop"], more].concat());
        assert_eq!(exit, 0, "{out}{err}");
        out
    };
    let now = entry(&["--history", "--claims"]);
    assert!(
        now.contains("stale: col/main.orders.customer_id") && now.contains("changed   stale") && now.contains("changed   validated"),
        "{now}"
    );
    let then = entry(&["--as-of", &run]);
    assert!(then.contains("validated") && !then.contains("stale"), "{then}");
}

#[test]
fn a_password_comes_in_and_never_out() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    let mut adding = command(here, &["source", "add", "far", "-", "--untested"]);
    let mut child = adding.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(b"postgres://ada:hidden-word@db.invalid/shop\n").expect("it reads");
    let added = child.wait_with_output().expect("it ends");
    let out = String::from_utf8_lossy(&added.stdout).into_owned();
    assert!(added.status.success() && out.contains("postgresql://db.invalid:5432/shop"), "{out}");

    let mut told = out;
    for words in [&["source", "list", "--json"][..], &["source", "test", "far"], &["sql", "far", "select 1"], &["check"]] {
        let (_, out, err) = fathom(here, words);
        told.push_str(&format!("{out}{err}"));
    }
    assert!(!told.contains("hidden-word"), "{told}");
    let (exit, _, err) = fathom(here, &["secrets", "rotate"]);
    assert!(exit == 0 && err.contains("1 source sealed"), "{err}");
    let data = here.join("fathom");
    for file in std::fs::read_dir(&data).expect("the data folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("it can be read");
        assert!(!bytes.windows(11).any(|part| part == b"hidden-word"), "{} holds the password", path.display());
    }
}

#[tokio::test]
async fn calls_say_what_is_wrong_and_what_is_valid() {
    let folder = TempDir::new().expect("a folder");
    let shop = shop::make(folder.path(), "shop.db").await.display().to_string();
    let server = Launch::on(folder.path()).start().await;
    let client = &server.client;
    let (status, tools) = client.get("/tools?limit=200").await;
    let names: Vec<&str> = tools["items"].as_array().expect("a list").iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert!(status == 200 && names.contains(&"run_sql_readonly"), "{tools}");
    for tool in tools["items"].as_array().expect("a list") {
        let (status, answer) = client
            .post(&format!("/tools/{}", tool["name"].as_str().expect("a name")), json!({"source": shop, "args": tool["example"]}))
            .await;
        // An example may name a column of another database; it must never be an invalid call.
        assert!(status == 200 || answer["code"] == "tool_failed", "{}: {answer}", tool["name"]);
    }
    let rpc = async |call: Value| client.post("/mcp/query", call).await;
    let (status, answer) = rpc(json!({"jsonrpc": "2.0", "id": 7, "method": "list_tables", "params": {"target_id": shop}})).await;
    assert!(status == 200 && answer["id"] == 7 && answer["result"]["tables"].as_array().is_some_and(|all| all.len() == 5), "{answer}");
    let wrapped = json!({"name": "catalog.search", "arguments": {"query": "orders", "target_id": shop}});
    let (_, answer) = rpc(json!({"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": wrapped})).await;
    assert!(answer["result"]["structuredContent"]["hits"].is_array(), "{answer}");
    for (call, code) in [
        (json!({"jsonrpc": "2.0", "id": 1, "method": "nothing", "params": {}}), -32_601),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "list_tables", "params": {}}), -32_602),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "describe_table", "params": {"target_id": shop, "tabel": "x"}}), -32_602),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "describe_table", "params": {"target_id": shop, "table": "x"}}), -32_000),
        (json!({"jsonrpc": "1.0", "id": 1, "method": "list_tables"}), -32_600),
        (json!([1]), -32_600),
    ] {
        let (status, answer) = rpc(call.clone()).await;
        assert_eq!((status, &answer["error"]["code"]), (200, &json!(code)), "{call}: {answer}");
    }
    for (path, body, status, code) in [
        ("/sources", json!({"name": "Shop", "dsn": shop}), 400, "invalid_field"),
        ("/sources", json!({"name": "shop"}), 400, "missing_field"),
        ("/sources", json!({"name": "shop", "dsn": "oracle://h"}), 422, "source_unusable"),
        ("/sources", json!({"name": "shop", "dsn": shop, "limits": {"max_rows": 0}}), 400, "invalid_field"),
        ("/sources", json!({"name": "shop", "dsn": shop, "limits": {"rows": 1}}), 400, "unknown_field"),
        ("/sources/shop/test", json!({}), 404, "no_such_source"),
        ("/tools/nothing", json!({"source": shop}), 404, "no_such_tool"),
        ("/tools/list_tables", json!({}), 400, "missing_field"),
        ("/tools/list_tables", json!({"source": "shop"}), 422, "source_unusable"),
        ("/tools/describe_table", json!({"source": shop, "args": {"tabel": "orders"}}), 422, "tool_refused"),
        ("/tools/describe_table", json!({"source": shop, "args": {"table": "order"}}), 422, "tool_failed"),
        ("/tools/run_sql_readonly", json!({"source": shop, "args": {"sql": "select 1; drop table orders"}}), 422, "tool_failed"),
    ] {
        let (got, problem) = client.post(path, body.clone()).await;
        assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{path} {body}: {problem}");
    }
}
