//! Rules for calls, and the digest of what callers asked: both at the one place that every call passes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fathom::source::Settings as SourceSettings;
use fathom::store::{QueryRow, SqliteStore, Store};
use fathom::tools::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::source::Database;
use crate::cli::{fathom, folder_with_shop};
use crate::support::book;
use crate::support::process::Launch;
use crate::support::servers::{Server, TestDatabase};

const SQL: &str = "
    create table orders (id integer primary key, status text, total real);
    create table salaries (id integer primary key, amount real);
    insert into orders values (1, 'open', 5), (2, 'paid', 7), (3, 'open', 9);
    insert into salaries values (1, 1000);
";

struct Office {
    _folder: TempDir,
    database: Database,
    store: Arc<dyn Store>,
    workspace: Arc<Workspace>,
    registry: Registry,
}

impl Office {
    async fn new(rules: Value) -> Self {
        let folder = TempDir::new().expect("a folder");
        let database = Database::new(SQL).await;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).await.expect("a store"));
        let workspace = opened(&store, &database.words()).await;
        Self { _folder: folder, database, store, workspace, registry: registry(rules) }
    }

    async fn call(&self, caller: &str, tool: &str, args: Value) -> Result<Value, String> {
        let outcome = self.registry.execute(&self.workspace, &Caller::outside(caller), tool, args).await;
        outcome.result.map_err(|rejection| rejection.to_string())
    }

    async fn sql(&self, sql: &str) -> Result<Value, String> {
        self.call("ada", "run_sql_readonly", json!({ "sql": sql })).await
    }

    fn hits(&self) -> Vec<u64> {
        self.registry.rules().counted().map(|counted| counted.hits).collect()
    }

    async fn asked(&self) -> Vec<QueryRow> {
        self.registry.write_queries(self.store.as_ref()).await.expect("written");
        self.store.queries(&self.workspace.key).await.expect("read")
    }
}

fn registry(rules: Value) -> Registry {
    let rules: Vec<Rule> = serde_json::from_value(rules).expect("rules");
    assert_eq!(rule::problems(&rules, &["run_sql_readonly", "sample_rows", "sql.run"]), []);
    Registry::standard(Settings::default()).with_rules(Rules::of(rules).expect("sound rules"))
}

async fn opened(store: &Arc<dyn Store>, words: &str) -> Arc<Workspace> {
    let workbench = LocalWorkbench::new(store.clone(), book(store.clone()), SourceSettings::default());
    workbench.open(words, None).await.expect("it opens")
}

// --- the digest

#[tokio::test]
async fn what_callers_ask_is_counted_without_its_literals_and_survives_a_restart() {
    let office = Office::new(json!([])).await;
    for status in ["open", "hunter2", "paid"] {
        office.sql(&format!("SELECT id FROM orders WHERE status = '{status}' LIMIT 2")).await.expect("rows");
    }
    office.call("bo", "sql.run", json!({"sql": "select id from orders where status = 'x' limit 9 -- hunter2"})).await.expect("no rows");
    office.sql("delete from orders where status = 'hunter2'").await.expect_err("the guard refuses");
    office.sql("select nothing from orders where status = 'hunter2'").await.expect_err("there is no such column");
    office.call("ada", "explain_sql", json!({"sql": "select 7 from orders"})).await.expect("a plan");
    let sample = json!({"table": "orders", "where": "status = 'open' -- hunter2", "order_by": "total desc"});
    office.call("ada", "sample_rows", sample).await.expect("rows");
    office.call("ada", "sample_rows", json!({"table": "orders"})).await.expect("rows, and nothing of the caller's is SQL");
    office.call("ada", "sample_rows", json!({"table": "orders", "where": "sleep('hunter2')"})).await.expect_err("the guard refuses");

    let key = office.workspace.key.clone();
    let asked = office.asked().await;
    let Office { registry, store, workspace, _folder: folder, database, .. } = office;
    registry.write_queries(store.as_ref()).await.expect("nothing is left to write");
    drop((registry, store, workspace));
    let store = SqliteStore::open(folder.path()).await.expect("the store opens again");
    assert_eq!(store.queries(&key).await.expect("read"), asked);
    drop(database);

    let line = |row: &QueryRow| (row.caller.clone(), row.tool.clone(), row.text.clone(), [row.count, row.refused, row.failed, row.rows]);
    let mut lines: Vec<_> = asked.iter().map(line).collect();
    lines.sort();
    let expect = [
        ("ada", "explain_sql", "select ? from orders", [1, 0, 0, 0]),
        ("ada", "run_sql_readonly", "delete from orders where status = ?", [1, 1, 0, 0]),
        ("ada", "run_sql_readonly", "select id from orders where status = ? limit ?", [3, 0, 0, 3]),
        ("ada", "run_sql_readonly", "select nothing from orders where status = ?", [1, 0, 1, 0]),
        ("ada", "sample_rows", "from main.orders where sleep(?)", [1, 1, 0, 0]),
        ("ada", "sample_rows", "from main.orders where status = ? order by total desc", [1, 0, 0, 2]),
        ("bo", "run_sql_readonly", "select id from orders where status = ? limit ?", [1, 0, 0, 0]),
    ];
    assert_eq!(lines, expect.map(|(caller, tool, text, counts)| (caller.to_owned(), tool.to_owned(), text.to_owned(), counts)));
    let most = asked.iter().find(|row| row.count == 3).expect("the first");
    assert!(most.total_us >= most.max_us && most.max_us > 0 && most.last_at >= most.first_at && most.first_at > 1_700_000_000_000);
    assert!(!format!("{asked:?}").contains("hunter2"));
}

#[tokio::test]
async fn what_cannot_be_written_now_is_written_later_and_counted_once() {
    let office = Office::new(json!([])).await;
    let wide = |literal: &str| format!("select {}, {literal} from orders", vec!["id"; 500].join(", "));
    office.sql(&wide("1")).await.expect("rows");
    let folder = TempDir::new().expect("a folder");
    let full = SqliteStore::open(folder.path()).await.expect("a store");
    full.bound_pages(1).await.expect("no more pages than there are");
    office.registry.write_queries(&full).await.expect_err("there is no room");
    office.sql(&wide("2")).await.expect("rows");
    let counts: Vec<u64> = office.asked().await.iter().map(|row| row.count).collect();
    assert_eq!(counts, [2]);
    assert_eq!(office.asked().await.len(), 1, "nothing is counted twice");
}

// --- rules

#[tokio::test]
async fn a_rule_blocks_however_a_table_is_named_and_says_its_name() {
    let rules = json!([
        {"name": "no pay", "table": "salaries", "block": "ask the office"},
        {"name": "not reached", "table": "salaries", "log": true}
    ]);
    let office = Office::new(rules).await;
    let texts = [
        "select * from Salaries",
        "select 1 from \"salaries\"",
        "select 1 from orders, main . /* x */ [SALARIES]",
        "select * from 'salaries'",
    ];
    for sql in texts {
        let why = office.sql(sql).await.expect_err(sql);
        assert_eq!(why, "the rule `no pay` refuses this: ask the office", "{sql}");
    }
    for (tool, args) in [
        ("sample_rows", json!({"table": "salaries"})),
        ("table.sample", json!({"table": "main.salaries"})),
        ("sample_rows", json!({"table": "orders", "where": "id in (select id from salaries)"})),
        ("describe_table", json!({"table": "SALARIES"})),
        ("explain_sql", json!({"sql": "select * from salaries"})),
        ("catalog_search", json!({"query": "the salaries of people"})),
    ] {
        let why = office.call("ada", tool, args.clone()).await.expect_err(tool);
        assert!(why.contains("the rule `no pay`"), "{tool} {args}: {why}");
    }
    office.sql("select count(*) from orders").await.expect("another table is not blocked");
    assert_eq!(office.hits(), [10, 0]);
    let asked = office.asked().await;
    let blocked = asked.iter().find(|row| row.text == "select * from salaries" && row.tool == "run_sql_readonly").expect("it is counted");
    assert_eq!((blocked.count, blocked.refused), (1, 1));
}

#[tokio::test]
async fn a_rule_is_about_its_caller_tool_source_schema_and_pattern_alone() {
    let office = Office::new(json!([])).await;
    let source = office.workspace.key.0.clone();
    let told = |rule: Value| {
        let mut rule = rule;
        rule["name"] = json!("r");
        rule["block"] = json!("no");
        rule
    };
    for (rule, blocks) in [
        (json!({}), true),
        (json!({"caller": "ada"}), true),
        (json!({"caller": "bo"}), false),
        (json!({"tool": "sql.run"}), true),
        (json!({"tool": "sample_rows"}), false),
        (json!({ "source": source }), true),
        (json!({"source": "other"}), false),
        (json!({"schema": "Main"}), true),
        (json!({"schema": "hr"}), false),
        (json!({"pattern": "^select id from orders$"}), true),
        (json!({"pattern": "FROM   orders"}), true),
        (json!({"pattern": "\"max_rows\":200"}), true),
        (json!({"pattern": "^nothing$"}), false),
        (json!({"caller": "ada", "tool": "run_sql", "table": "orders", "pattern": "id"}), true),
        (json!({"caller": "ada", "tool": "run_sql", "table": "salaries", "pattern": "id"}), false),
    ] {
        let registry = registry_of_any(told(rule.clone()));
        let args = json!({"sql": "SELECT id /* x */ FROM   orders"});
        let outcome = registry.execute(&office.workspace, &Caller::outside("ada"), "run_sql_readonly", args).await;
        assert_eq!(outcome.result.is_err(), blocks, "{rule}");
    }
}

fn registry_of_any(rule: Value) -> Registry {
    let rules = Rules::of(serde_json::from_value(json!([rule])).expect("a rule")).expect("a sound rule");
    Registry::standard(Settings::default()).with_rules(rules)
}

#[tokio::test]
async fn a_rule_answers_in_place_of_the_tool() {
    let rules = json!([
        {"name": "canned", "tool": "run_sql_readonly", "pattern": "salaries", "answer": {"rows": [], "row_count": 0}},
        {"name": "words", "pattern": "orders", "answer": "nobody may know"}
    ]);
    let office = Office::new(rules).await;
    assert_eq!(office.sql("select * from salaries").await.unwrap(), json!({"rows": [], "row_count": 0, "rule": "canned"}));
    assert_eq!(office.sql("select * from orders").await.unwrap(), json!({"answer": "nobody may know", "rule": "words"}));
    assert_eq!(office.sql("select 1").await.unwrap()["rows"], json!([[1]]));
}

#[tokio::test]
async fn rules_that_say_continue_are_followed_by_others_on_what_they_wrote() {
    let rules = json!([
        {"name": "copy", "pattern": "(?i)from (?P<table>salaries)", "rewrite": "from orders /* not ${table} */", "continue": true},
        {"name": "few", "pattern": "from orders", "rewrite": "from (select * from orders limit 1) as o"},
        {"name": "never", "block": "not reached"}
    ]);
    let office = Office::new(rules).await;
    let answer = office.sql("select id from Salaries").await.expect("rows");
    assert_eq!((&answer["rows"], &answer["rule"]), (&json!([[1]]), &json!("copy, few")));
    assert_eq!(office.hits(), [1, 1, 0]);
    assert_eq!(office.asked().await[0].text, "select id from salaries", "what the caller gave is what is counted");
}

#[tokio::test]
async fn a_rewrite_gets_round_neither_the_guard_nor_the_schema() {
    let rules = json!([
        {"name": "bad", "pattern": "select 1", "rewrite": "delete from orders"},
        {"name": "two", "pattern": "select 2", "rewrite": "select 2; drop table orders"},
        {"name": "file", "pattern": "select 3", "rewrite": "select load_extension('x')"},
        {"name": "long", "pattern": "x", "rewrite": "y".repeat(900)},
        {"name": "cond", "tool": "sample_rows", "pattern": "1 = 1", "rewrite": "1 = 1) or (1 = 1"}
    ]);
    let office = Office::new(rules).await;
    for (sql, name) in [("select 1", "bad"), ("select 2", "two"), ("select 3", "file")] {
        let why = office.sql(sql).await.expect_err(sql);
        assert!(why.starts_with("refused: ") && why.ends_with(&format!("(the rule `{name}` rewrote the call)")), "{why}");
    }
    let why = office.sql(&format!("select '{}'", "x".repeat(100))).await.expect_err("too long");
    assert!(why.contains("arguments of `run_sql_readonly` are not valid") && why.ends_with("(the rule `long` rewrote the call)"), "{why}");
    let why = office.call("ada", "sample_rows", json!({"table": "orders", "where": "1 = 1"})).await.expect_err("it closes the bracket");
    assert!(why.contains("refused") && why.contains("`cond`"), "{why}");
    assert_eq!(office.sql("select count(*) from orders").await.unwrap()["rows"], json!([[3]]));
}

#[tokio::test]
async fn a_time_limit_ends_the_statement_in_the_database_and_is_never_more_than_there_was() {
    let long = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 900000000) select count(*) from n";
    let office = Office::new(json!([{"name": "quick", "time_limit_ms": 150}, {"name": "unused", "time_limit_ms": 1}])).await;
    let began = Instant::now();
    let why = office.sql(long).await.expect_err("it is ended");
    assert!(why.ends_with("(the rule `quick` allows 150 ms)") && began.elapsed() < Duration::from_millis(1_500), "{why}");
    assert_eq!(office.sql("select 1").await.unwrap()["rule"], json!("quick"));
    let why = office.sql("delete from orders").await.expect_err("the guard refuses");
    assert!(!why.contains("quick"), "a rule that had no part in it is not named: {why}");

    let office = Office::new(json!([{"name": "ages", "time_limit_ms": 600_000}])).await;
    let args = json!({"sql": long, "timeout_sec": 0.1});
    let began = Instant::now();
    let why = office.call("ada", "run_sql_readonly", args).await.expect_err("the caller's own bound holds");
    assert!(why.contains("ended after 100 ms") && !why.contains("ages"), "{why}");
    assert!(began.elapsed() < Duration::from_millis(1_500));
}

#[tokio::test]
async fn rules_hold_on_servers_and_their_schemas() {
    let postgresql = TestDatabase::new(Server::Postgresql).await;
    postgresql.execute("create schema hr; create table hr.pay (id int); create table orders (id int); insert into orders values (1)").await;
    let rules = json!([
        {"name": "hr", "schema": "hr", "block": "no"},
        {"name": "soon", "time_limit_ms": 200}
    ]);
    let office = Office::new(rules).await;
    let workspace = opened(&office.store, &postgresql.url).await;
    let sql = async |sql: &str| {
        let outcome = office.registry.execute(&workspace, &Caller::outside("ada"), "run_sql_readonly", json!({ "sql": sql })).await;
        outcome.result.map_err(|rejection| rejection.to_string())
    };
    for blocked in ["select * from hr.pay", "select * from \"hr\" . \"pay\"", "table pay", "select 'x' from HR.Pay as p"] {
        assert!(sql(blocked).await.is_err_and(|why| why.contains("the rule `hr`")), "{blocked}");
    }
    assert_eq!(sql("select 'hr' from orders").await.expect("a string is no name")["rows"], json!([["hr"]]));
    let began = Instant::now();
    let why = sql("with recursive n as (select 1 as i union all select i + 1 from n where i < 900000000) select count(*) from n")
        .await
        .expect_err("too long");
    assert!(why.contains("the rule `soon`") && began.elapsed() < Duration::from_millis(1_500), "{why}");
    drop(office.database);
}

// --- what a person sees of both

const CONFIG: &str = r#"
[[rules]]
name = "no customers"
table = "customers"
block = "ask the office"

[[rules]]
name = "watch"
caller = "outside"
log = true
"#;

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_queries_are_seen_over_http_and_on_the_command_line() {
    let folder = folder_with_shop().await;
    let here = folder.path();
    std::fs::write(here.join("fathom.toml"), CONFIG).expect("written");
    let launch = Launch::on(here);
    let server = launch.start().await;
    let client = &server.client;
    let path = here.join("shop.db").display().to_string();
    let sql = async |sql: &str| client.post("/tools/run_sql_readonly", json!({"source": path, "args": {"sql": sql}})).await;
    for id in 1..=3 {
        assert_eq!(sql(&format!("select id from orders where id = {id}")).await.0, 200);
    }
    let (status, refused) = sql("select * from customers where email = 'hunter2'").await;
    assert_eq!((status, refused["code"].as_str()), (422, Some("tool_refused")));
    assert!(refused["detail"].as_str().is_some_and(|why| why.contains("the rule `no customers`")), "{refused}");
    assert_eq!(sql("drop table orders").await.0, 422);

    let queries = format!("/sources/{}/queries", path.replace('/', "%2F"));
    let (status, page) = client.get(&format!("{queries}?limit=1")).await;
    assert_eq!(
        (status, &page["items"][0]["text"], &page["items"][0]["count"]),
        (200, &json!("select id from orders where id = ?"), &json!(3))
    );
    assert!(
        page["items"][0]["rows"] == json!(3) && page["items"][0]["total_ms"].as_f64() > Some(0.0) && page["next"].is_string(),
        "{page}"
    );
    let all = client.all(&queries).await;
    let refused: u64 = all.iter().filter_map(|item| item["refused"].as_u64()).sum();
    assert_eq!((all.len(), refused), (3, 2), "{all:?}");
    let (_, last) = client.get(&format!("{queries}?order=last")).await;
    assert_eq!(last["items"][0]["text"], json!("drop table orders"));
    let (status, wrong) = client.get(&format!("{queries}?order=name")).await;
    assert_eq!((status, &wrong["valid"]), (400, &json!(["count", "time", "last"])));
    assert_eq!(client.get("/sources/nobody/queries").await.0, 404);

    let rules = client.all("/rules").await;
    let hits: Vec<_> = rules.iter().map(|rule| (rule["name"].as_str().unwrap_or_default(), rule["hits"].as_u64())).collect();
    assert_eq!(hits, [("no customers", Some(1)), ("watch", Some(4))]);
    let (_, listed) = client.post("/mcp/query", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    let tool = listed["result"]["tools"].as_array().and_then(|tools| tools.iter().find(|tool| tool["name"] == "explain_sql"));
    let tool = tool.expect("it is listed");
    assert!(tool["inputSchema"]["properties"]["target_id"].is_object() && tool["outputSchema"]["properties"]["plan"].is_object(), "{tool}");
    assert_eq!((&tool["title"], &tool["annotations"]["readOnlyHint"]), (&json!("Explain SQL"), &json!(true)));

    let (exit, out, err) = fathom(here, &["--data", ".", "queries", "shop.db", "--limit", "1"]);
    assert!(exit == 0 && out.contains("select id from orders where id = ?") && out.lines().count() == 2, "{out}{err}");
    let (exit, out, err) = fathom(here, &["--data", ".", "queries", "shop.db", "--json", "--order", "time"]);
    assert!(exit == 0 && out.lines().count() == 3 && !out.contains("hunter2"), "{out}{err}");
    let (exit, out, err) = fathom(here, &["--data", ".", "rules"]);
    assert!(
        exit == 0 && out.contains("no customers") && out.contains("table customers") && out.contains("block ask the office"),
        "{out}{err}"
    );
    assert!(!launch.log().contains("hunter2"), "{}", launch.log());

    std::fs::write(here.join("fathom.toml"), CONFIG.replace("log = true", "pattern = \"(\"")).expect("written");
    let (exit, out, err) = fathom(here, &["--data", ".", "check"]);
    let told = err.contains("`rules.1.pattern`") && err.contains("`rules.1.name`") && err.contains("does nothing");
    assert!(exit == 2 && told, "{out}{err}");
}
