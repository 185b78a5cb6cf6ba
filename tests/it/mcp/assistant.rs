//! An assistant at work: it finds its way in few calls, it cannot write, and what it asks for in vain is explained.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::raw::{Raw, messages};
use crate::cli::{command, fathom, folder_with_shop};
use crate::support::process::{Launch, Server};

async fn server() -> (TempDir, Server) {
    let folder = folder_with_shop().await;
    let mut launch = Launch::on(folder.path());
    launch.args = vec!["--source".into(), "shop.db".into()];
    let server = launch.start().await;
    (folder, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_its_way_in_few_calls() {
    let (_folder, server) = server().await;
    for raw in [Raw::modern(&server.client.url), Raw::legacy(&server.client.url, json!({})).await] {
        let found = raw.done("catalog_search", json!({"query": "orders placed", "limit": 5})).await;
        assert!(found["hits"].as_array().unwrap().iter().any(|hit| hit["key"] == "col/main.orders.placed_at"), "{found}");
        let object = raw.done("catalog_get_object", json!({"name": "main.orders"})).await;
        assert_eq!(object["object"]["columns"][0], "id integer not null");
        assert!(object["relationships"].as_array().unwrap().iter().any(|one| one["to"] == "main.customers"), "{object}");
        let joined = raw.done("find_join_path", json!({"from": "customers", "to": "products"})).await;
        assert!(joined["sql"].as_str().unwrap().contains("join"), "the way over a reference that nobody declared: {joined}");
        let rows = raw.done("run_sql_readonly", json!({"sql": "select count(*) from orders"})).await;
        assert_eq!((&rows["rows"], &rows["truncated"]), (&json!([[200]]), &json!(false)));
        let refused = raw.failed("run_sql_readonly", json!({"sql": "delete from orders"})).await;
        assert!(refused.contains("`delete`"), "{refused}");
        let rows = raw.done("run_sql_readonly", json!({"sql": "select id from orders", "max_rows": 3})).await;
        assert_eq!((&rows["row_count"], &rows["truncated"]), (&json!(3), &json!(true)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_have_cursors_and_details() {
    let (_folder, server) = server().await;
    let raw = Raw::modern(&server.client.url);
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut args = json!({"query": "orders", "limit": 3, "detail": "names"});
        if !after.is_null() {
            args["after"] = after.take();
        }
        let page = raw.done("catalog_search", args).await;
        for hit in page["hits"].as_array().unwrap() {
            assert_eq!(hit.as_object().unwrap().len(), 2, "{hit}");
            seen.push(hit["key"].clone());
        }
        after = page["next"].clone();
        if after.is_null() {
            break;
        }
    }
    let mut once = seen.clone();
    once.sort_by_key(Value::to_string);
    once.dedup();
    assert!(once.len() == seen.len() && seen.len() > 5, "{seen:?}");
    let whole = raw.done("catalog_search", json!({"query": "orders", "limit": 1, "detail": "full"})).await;
    assert!(whole["hits"][0]["entry"]["document"].is_object(), "{whole}");
    let names = raw.done("catalog_get_object", json!({"name": "orders", "detail": "names"})).await;
    assert_eq!(names["object"]["columns"], json!(["id", "customer_id", "placed_at", "status"]));
    let whole = raw.done("catalog_get_object", json!({"name": "orders", "detail": "full"})).await;
    assert!(whole["object"]["columns"][0]["declared_type"].is_string(), "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_is_read_with_sql() {
    let (_folder, server) = server().await;
    let raw = Raw::modern(&server.client.url);
    let sql = "select o.name, count(*) from objects o join columns c on c.\"table\" = o.schema || '.' || o.name where o.type = 'table' group by 1 order by 1";
    let rows = raw.done("catalog_sql", json!({ "sql": sql })).await;
    assert_eq!(rows["rows"], json!([["customers", 4], ["order_items", 3], ["orders", 4], ["products", 4]]));
    let declared = "select child_table, child_columns, parent_table from relationships where known_from = 'declared' order by 1";
    let rows = raw.done("catalog_sql", json!({ "sql": declared })).await;
    assert_eq!(
        rows["rows"],
        json!([["main.order_items", "[\"order_id\"]", "main.orders"], ["main.orders", "[\"customer_id\"]", "main.customers"]])
    );
    let count = json!({"sql": "select count(*) from findings where text like '%written by a test%'"});
    assert_eq!(raw.done("catalog_sql", count.clone()).await["rows"], json!([[0]]));
    raw.done("llm.note_add", json!({"scope": "global", "title": "a note", "body": "written by a test"})).await;
    assert_eq!(raw.done("catalog_sql", count).await["rows"], json!([[1]]), "what was just claimed is there");
    for write in ["delete from findings", "attach 'x.db' as x", "pragma query_only = 0"] {
        let refused = raw.failed("catalog_sql", json!({ "sql": write })).await;
        assert!(refused.contains("refused"), "{write}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_with_what_to_do() {
    let (_folder, server) = server().await;
    let raw = Raw::modern(&server.client.url);
    for (tool, args, told) in [
        ("catalog_get_object", json!({"name": "ordres"}), "orders"),
        ("run_sql_readonly", json!({}), "\"sql\" is a required property"),
        ("run_sql_readonly", json!({"sql": "select 1", "max_row": 5}), "max_row"),
        ("run_sql_readonly", json!({"sql": "select nothing from orders"}), "nothing"),
        ("discovery_watch", json!({"run_id": "x"}), "`run_id`"),
        ("discovery_watch", json!({"wait": 5}), "wait_seconds"),
        ("questions", json!({}), "discovery_start"),
        ("catalog_search", json!({"query": "x", "source": "no-such-source"}), "no-such-source"),
        ("catalog_search", json!({"query": "x", "source": 5}), "`source`"),
    ] {
        let said = raw.failed(tool, args.clone()).await;
        assert!(said.contains(told), "{tool} {args}: {said}");
    }
    let (unknown, _) = raw.ask("tools/call", json!({"name": "drop_everything", "arguments": {}})).await;
    assert!(unknown["error"]["code"] == -32602 && unknown["error"]["data"]["tools"].to_string().contains("catalog_search"), "{unknown}");
    let (missing, _) = raw.ask("resources/read", json!({"uri": "fathom://object/main.nothing"})).await;
    assert!(missing["error"]["code"] == -32602 && missing["error"]["data"]["uri"] == "fathom://object/main.nothing", "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discovery_is_started_watched_and_read() {
    let (_folder, server) = server().await;
    let raw = Raw::legacy(&server.client.url, json!({})).await;
    let refused = raw.failed("discovery_start", json!({"intent": "x".repeat(2_001)})).await;
    assert_eq!(refused, "`intent` must be a text of 1 to 2000 characters");
    let started = raw.done("discovery_start", json!({"intent": "what sells", "max_iterations": 1})).await;
    let call = json!({"name": "discovery_watch", "arguments": {"wait_seconds": 60}, "_meta": {"progressToken": "p"}});
    let (answer, before) = raw.ask("tools/call", call).await;
    let watched = &answer["result"]["structuredContent"];
    assert_eq!((&watched["run_id"], &watched["ended"]), (&started["run_id"], &json!(true)), "{answer}");
    let told = before.iter().filter(|message| message["method"] == "notifications/progress" && message["params"]["progressToken"] == "p");
    assert!(told.count() > 0, "no progress was told: {before:?}");
    for uri in ["fathom://report".to_owned(), format!("fathom://report/{}", started["run_id"].as_str().unwrap())] {
        let report = raw.result("resources/read", json!({ "uri": uri })).await;
        assert!(report["contents"][0]["text"].as_str().unwrap().contains("what sells"), "{report}");
    }
    let listed = raw.result("resources/list", json!({})).await;
    let uris: Vec<&str> = listed["resources"].as_array().unwrap().iter().map(|one| one["uri"].as_str().unwrap()).collect();
    assert!(uris.contains(&"fathom://guide") && uris.contains(&"fathom://object/main.orders"), "{uris:?}");
    let completed = json!({"ref": {"type": "ref/resource", "uri": "fathom://object/{name}"}, "argument": {"name": "name", "value": "ord"}});
    let completed = raw.result("completion/complete", completed).await;
    assert_eq!(completed["completion"]["values"], json!(["main.order_items", "main.order_totals", "main.orders"]));
    let prompt = raw.result("prompts/get", json!({"name": "answer", "arguments": {"question": "who buys most?"}})).await;
    assert!(prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("who buys most?"), "{prompt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_waits_for_ends_in_the_database() {
    let (_folder, server) = server().await;
    let raw = Raw::modern(&server.client.url);
    let endless = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 4000000000) select count(*) from n";
    let args = json!({"name": "run_sql_readonly", "arguments": {"sql": endless, "timeout_sec": 15}});
    let calling = async { messages(raw.request(1, "tools/call", args).send().await.unwrap()).await };
    if let Ok(answered) = tokio::time::timeout(Duration::from_millis(700), calling).await {
        panic!("it answered: {answered:?}");
    }
    // Its thread would count on for 15 seconds: the processor says that it does not.
    let spent = || processor_ms(server.pid());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (before, began) = (spent(), Instant::now());
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let busy = spent() - before;
    assert!(busy < 700, "{busy} ms of processor time in {:?} after everybody left", began.elapsed());
}

/// Of the whole process until now.
fn processor_ms(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}

/// A client on standard input and output.
struct Spoken {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Spoken {
    fn start(folder: &std::path::Path, words: &[&str]) -> Self {
        let mut child = command(folder, words);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn say(&mut self, message: &Value) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "the program went away");
            let message: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("not JSON ({error}): {line}"));
            if message["id"] == id {
                return message;
            }
        }
    }

    fn greet(&mut self) {
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let answer = self.ask(0, "initialize", hello);
        assert_eq!(answer["result"]["protocolVersion"], "2025-06-18", "{answer}");
        self.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    }

    fn count_orders(&mut self) {
        let call = json!({"name": "run_sql_readonly", "arguments": {"sql": "select count(*) from orders"}});
        let answer = self.ask(7, "tools/call", call);
        assert_eq!(answer["result"]["structuredContent"]["rows"], json!([[200]]), "{answer}");
    }

    /// Ends when nobody speaks to it any more.
    fn end(mut self) {
        drop(self.child.stdin.take());
        let until = Instant::now() + Duration::from_secs(20);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(self.child.wait().unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_is_enough_for_an_assistant() {
    let folder = folder_with_shop().await;
    let mut first = Spoken::start(folder.path(), &["mcp", "shop.db"]);
    first.greet();
    first.count_orders();
    // A second assistant on the same folder shares the catalog of the first.
    let mut second = Spoken::start(folder.path(), &["mcp", "shop.db", "--tools", "all"]);
    second.greet();
    second.count_orders();
    assert!(second.ask(8, "tools/list", json!({}))["result"]["tools"].as_array().unwrap().len() > 50);
    second.ask(
        9,
        "tools/call",
        json!({"name": "llm.note_add", "arguments": {"scope": "global", "title": "t", "body": "found by the second"}}),
    );
    let found =
        first.ask(8, "tools/call", json!({"name": "catalog_search", "arguments": {"query": "found by the second", "kind": "note"}}));
    assert_eq!(found["result"]["structuredContent"]["hits"].as_array().unwrap().len(), 1, "{found}");
    second.end();
    first.end();
    let (exit, _, err) = fathom(folder.path(), &["mcp", "shop.db", "--tools", "nonsense"]);
    assert!(exit == 2 && err.contains("`nonsense`"), "{exit} {err}");
    let (exit, _, err) = fathom(folder.path(), &["mcp", "nothing.db"]);
    assert!(exit == 2 && err.contains("nothing.db"), "told at once, not by the first call: {exit} {err}");
    // Its input is at its end before a word was said.
    let (exit, out, err) = fathom(folder.path(), &["mcp", "shop.db"]);
    assert_eq!((exit, out.as_str()), (0, ""), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_written_for_each_client() {
    let folder = folder_with_shop().await;
    let here = folder.path();
    let home = |words: &[&str]| {
        let output = command(here, words).env("HOME", here).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    std::fs::write(here.join(".mcp.json"), r#"{"mcpServers": {"other": {"command": "x"}}}"#).unwrap();
    for (client, file, servers) in [
        ("claude-code", ".mcp.json", "mcpServers"),
        ("cursor", ".cursor/mcp.json", "mcpServers"),
        ("vscode", ".vscode/mcp.json", "servers"),
        ("claude", ".config/Claude/claude_desktop_config.json", "mcpServers"),
    ] {
        let (exit, out, err) = home(&["mcp", "install", "--client", client, "shop.db"]);
        assert!(exit == Some(0) && out.contains(file), "{client}: {out}{err}");
        let written: Value = serde_json::from_str(&std::fs::read_to_string(here.join(file)).unwrap()).unwrap();
        let entry = &written[servers]["fathom"];
        let path = entry["args"][1].as_str().unwrap();
        assert!(entry["args"][0] == "mcp" && path.ends_with("/shop.db") && path.starts_with('/'), "{client}: {written}");
        // What it says really starts an assistant's server.
        let words: Vec<&str> = entry["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let mut started = Spoken::start(here, &words);
        started.greet();
        started.end();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(here.join(".mcp.json")).unwrap()).unwrap();
    assert_eq!(kept["mcpServers"]["other"]["command"], "x", "what was there stays");
    let (exit, out, _) = home(&["mcp", "install", "--client", "codex", "--print", "shop.db"]);
    assert!(exit == Some(0) && out.contains("[mcp_servers.fathom]") && !here.join(".codex").exists(), "{out}");
    let (exit, _, err) = home(&["mcp", "install", "--client", "cursor", "postgres://ada:secret@db/shop"]);
    assert!(exit == Some(2) && err.contains("source add") && !err.contains("secret"), "{err}");
    for store in ["postgres://ada:secret@db/shop", "postgres://ada:secret@db/${DB}", "postgres://db/shop?user=ada&password=secret"] {
        let (exit, _, err) = home(&["mcp", "install", "--client", "cursor", "shop.db", "--store", store]);
        assert!(exit == Some(2) && err.contains("FATHOM_STORE") && !err.contains("secret"), "{store}: {err}");
    }
    let (exit, out, _) = home(&["mcp", "install", "--client", "cursor", "--print", "postgres://ada:${SHOP_PASSWORD}@db/shop"]);
    assert!(exit == Some(0) && out.contains("SHOP_PASSWORD"), "{out}");
    let (_, out, _) =
        home(&["mcp", "install", "--client", "cursor", "--print", "shop.db", "--agents", "ours", "--store", "postgres://ada@db/shop"]);
    assert!(out.contains(&format!("{}/ours", here.display())) && out.contains("postgres://ada@db/shop"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_pages_and_names_are_turned_away() {
    let (_folder, server) = server().await;
    let raw = Raw::modern(&server.client.url);
    for (header, value) in [("origin", "https://evil.example.com"), ("host", "evil.example.com")] {
        let response = raw.request(1, "tools/list", json!({})).header(header, value).send().await.unwrap();
        assert_eq!(response.status(), 403, "{header}");
    }
    let welcome = raw.request(1, "tools/list", json!({})).send().await.unwrap();
    assert_eq!(welcome.status(), 200);
    assert!(messages(welcome).await[0]["result"]["tools"].is_array());
}
