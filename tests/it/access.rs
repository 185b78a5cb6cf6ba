//! Who may do what: tokens and their scopes, limits, the audit log, and what no URL may hold.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::fathom;
use crate::support::process::{Launch, Server};
use crate::support::shop;

struct Scene {
    folder: TempDir,
    server: Server,
    source: String,
    file: String,
}

async fn scene() -> Scene {
    scene_with(|launch| launch).await
}

async fn scene_with(set: impl Fn(Launch) -> Launch) -> Scene {
    let folder = TempDir::new().expect("a folder");
    let source = shop::make(folder.path(), "shop.db").await.to_string_lossy().into_owned();
    let server = set(Launch::on(folder.path())).start().await;
    let (status, answer) = server.client.post("/sources", json!({"name": "shop", "dsn": source})).await;
    assert_eq!(status, 201, "{answer}");
    Scene { folder, server, file: source, source: "shop".to_owned() }
}

/// Status, `WWW-Authenticate` or `Retry-After`, and the answer.
type Answer = (u16, String, Value);

impl Scene {
    async fn token(&self, wish: Value) -> String {
        let (status, made) = self.server.client.post("/tokens", wish).await;
        assert_eq!(status, 201, "{made}");
        made["token"].as_str().expect("a token").to_owned()
    }

    async fn ask(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let client = &self.server.client;
        let mut request = client.http().request(method.parse().expect("a method"), format!("{}{path}", client.url));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the server answers");
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let (status, told) = (response.status().as_u16(), header("www-authenticate") + &header("retry-after"));
        let text = response.text().await.expect("the answer is read");
        (status, told, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn call(&self, token: &str, tool: &str, args: Value) -> Answer {
        self.ask(token, "POST", &format!("/tools/{tool}"), json!({"source": self.source, "args": args})).await
    }

    async fn audit(&self, query: &str) -> Vec<Value> {
        self.server.client.all(&format!("/audit{query}")).await
    }
}

fn is_refused((status, told, problem): &Answer, scopes: &[&str]) {
    assert_eq!((*status, &problem["code"]), (403, &json!("missing_scope")), "{problem}");
    assert_eq!(problem["valid"], json!(scopes), "{problem}");
    assert!(told.contains("insufficient_scope") && told.contains(&scopes.join(" ")), "{told}");
}

fn is_done((status, _, answer): &Answer) {
    assert!((200..300).contains(status), "{status}: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_held_to_its_scopes_on_its_own_machine_too() {
    let scene = scene().await;
    let reader = scene.token(json!({"name": "reader", "scopes": ["read"]})).await;
    let writer = scene.token(json!({"name": "writer", "scopes": ["read", "write"]})).await;
    let assistant = scene.token(json!({"name": "claude", "kind": "assistant"})).await;
    let person = scene.token(json!({"name": "ada"})).await;
    let select = || json!({"sql": "select count(*) from orders"});
    let note = |body: &str, sql: Value| json!({"scope": "global", "title": "t", "body": body, "sql": sql});

    is_done(&scene.ask(&reader, "GET", "/runs", Value::Null).await);
    is_done(&scene.call(&reader, "list_tables", json!({})).await);
    for tool in ["run_sql_readonly", "explain_sql"] {
        let refused = scene.call(&reader, tool, select()).await;
        is_refused(&refused, &["sql"]);
        let says = format!("`{tool}` needs the scope `sql`; the token `reader` has `read`");
        assert_eq!(refused.2["detail"], json!(says));
    }
    is_refused(&scene.call(&reader, "sample.rows", json!({"table": "orders"})).await, &["sql"]);
    is_refused(&scene.ask(&reader, "POST", "/runs", json!({"source": scene.source})).await, &["write"]);
    is_refused(&scene.ask(&reader, "POST", "/findings/x/verify", json!({"source": scene.source})).await, &["sql", "write"]);

    is_done(&scene.call(&writer, "llm.note_add", note("a", Value::Null)).await);
    is_refused(&scene.call(&writer, "llm.note_add", note("b", json!("select email from customers"))).await, &["sql"]);
    let metric = json!({"kind": "metric", "key": "metric/x", "document": {"sql": "select count(*) from orders"}});
    is_refused(&scene.call(&writer, "catalog_upsert", metric.clone()).await, &["sql"]);

    is_done(&scene.call(&assistant, "run_sql_readonly", select()).await);
    is_done(&scene.call(&assistant, "catalog_upsert", metric).await);
    let answer = ("POST", "/runs/run_00000000000000000000000000000000/questions/q/answer", json!({"answer": "yes"}));
    is_refused(&scene.ask(&assistant, answer.0, answer.1, answer.2.clone()).await, &["approve"]);
    assert_eq!(scene.ask(&person, answer.0, answer.1, answer.2).await.2["code"], "no_such_run", "a person may, where there is a run");
    is_refused(&scene.ask(&assistant, "POST", "/tokens", json!({"name": "mine"})).await, &["admin"]);
    is_refused(&scene.ask(&assistant, "DELETE", "/tokens/ada", Value::Null).await, &["admin"]);
    is_refused(&scene.ask(&assistant, "GET", "/audit", Value::Null).await, &["admin"]);

    // What is not registered may be any file of the server's machine.
    let file = &scene.file;
    let foreign = json!({"source": file, "args": {"sql": "select 1"}});
    is_refused(&scene.ask(&assistant, "POST", "/tools/run_sql_readonly", foreign.clone()).await, &["admin"]);
    is_done(&scene.ask(&person, "POST", "/tools/run_sql_readonly", foreign).await);
    for path in ["/runs", "/harvests"] {
        is_refused(&scene.ask(&assistant, "POST", path, json!({"source": file})).await, &["admin"]);
    }
    let in_path = format!("/sources/{}/inference", file.replace('/', "%2F"));
    is_refused(&scene.ask(&assistant, "GET", &in_path, Value::Null).await, &["admin"]);

    // The same gate before the other ways in.
    let rpc = |method: &str| json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"target_id": scene.source, "sql": "select 1"}});
    let (_, _, refused) = scene.ask(&reader, "POST", "/mcp/query", rpc("run_sql_readonly")).await;
    assert_eq!(refused["error"]["data"]["code"], "missing_scope", "{refused}");
    let (_, _, answered) = scene.ask(&assistant, "POST", "/mcp/query", rpc("run_sql_readonly")).await;
    assert!(answered["result"].is_object(), "{answered}");

    for unknown in ["fathom_nonsense", "x"] {
        let (status, told, problem) = scene.ask(unknown, "GET", "/runs", Value::Null).await;
        assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")), "{problem}");
        assert!(told.contains("Bearer"), "{told}");
        is_done(&scene.ask(unknown, "GET", "/healthz", Value::Null).await);
    }
    let client = &scene.server.client;
    let basic = client.http().get(format!("{}/tokens", client.url)).basic_auth("ada", Some("x")).send().await.expect("an answer");
    assert_eq!(basic.status(), 401, "what is no token is not taken for nobody, who may do everything here");
    is_done(&scene.ask("", "GET", "/tokens", Value::Null).await);
}

/// Every call of the description says what it needs, and is closed to a token that has everything but that.
#[tokio::test(flavor = "multi_thread")]
async fn every_described_call_is_closed_without_its_scope() {
    let scene = scene().await;
    let scopes = ["read", "sql", "write", "approve", "admin"];
    let mut tokens = Vec::new();
    for without in scopes {
        let others: Vec<&str> = scopes.into_iter().filter(|scope| *scope != without).collect();
        tokens.push((without, scene.token(json!({"name": format!("not {without}"), "scopes": others})).await));
    }
    let (_, document) = scene.server.client.get("/openapi.json").await;
    let (mut open, mut of_tools, mut closed) = (Vec::new(), Vec::new(), 0);
    for (path, item) in document["paths"].as_object().expect("an object") {
        for (verb, operation) in item.as_object().expect("an object") {
            let call = format!("{} {path}", verb.to_uppercase());
            let needs = operation["security"].as_array().unwrap_or_else(|| panic!("{call} does not say what it needs"));
            let Some(needed) = needs.first() else {
                open.push(call);
                continue;
            };
            let Some(scope) = needed["token"][0].as_str() else {
                of_tools.push(call);
                continue;
            };
            let (_, token) =
                tokens.iter().find(|(without, _)| *without == scope).unwrap_or_else(|| panic!("{call}: `{scope}` is no scope"));
            let filled: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
            is_refused(&scene.ask(token, &verb.to_uppercase(), &filled.join("/"), Value::Null).await, &[scope]);
            closed += 1;
        }
    }
    assert_eq!(open, ["GET /errors/{code}", "GET /healthz", "GET /readyz", "GET /servers/login/callback"]);
    assert_eq!(of_tools, ["POST /findings/{id}/verify", "POST /mcp/query", "POST /tools/{name}"]);
    assert!(closed > 30, "{closed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_given_with_less_and_never_twice() {
    let scene = scene().await;
    let client = &scene.server.client;
    for (wish, field) in [
        (json!({"name": "a", "kind": "assistant", "scopes": ["read", "approve"]}), "scopes"),
        (json!({"name": "a", "kind": "assistant", "scopes": ["admin"]}), "scopes"),
        (json!({"name": "a", "scopes": []}), "scopes"),
        (json!({"name": "a", "scopes": ["everything"]}), "scopes[0]"),
        (json!({"name": "a", "kind": "robot"}), "kind"),
        (json!({"name": "a", "expires_at": 5}), "expires_at"),
    ] {
        let (status, problem) = client.post("/tokens", wish.clone()).await;
        assert_eq!((status, &problem["code"], &problem["field"]), (400, &json!("invalid_field"), &json!(field)), "{wish}: {problem}");
    }
    let (_, problem) = client.post("/tokens", json!({"name": "a", "kind": "assistant", "scopes": ["approve"]})).await;
    assert_eq!(problem["valid"], json!(["read", "sql", "write"]), "{problem}");

    let office = scene.token(json!({"name": "office", "scopes": ["read", "admin"]})).await;
    is_refused(&scene.ask(&office, "POST", "/tokens", json!({"name": "b", "scopes": ["read", "sql"]})).await, &["sql"]);
    is_done(&scene.ask(&office, "POST", "/tokens", json!({"name": "b", "scopes": ["read"]})).await);

    let soon = std::time::SystemTime::now() + Duration::from_millis(1_500);
    let soon = soon.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    let short = scene.token(json!({"name": "short", "expires_at": soon})).await;
    is_done(&scene.ask(&short, "GET", "/runs", Value::Null).await);
    let deadline = Instant::now() + Duration::from_secs(10);
    while scene.ask(&short, "GET", "/runs", Value::Null).await.0 != 401 {
        assert!(Instant::now() < deadline, "it did not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let gone = scene.token(json!({"name": "gone", "kind": "assistant"})).await;
    is_done(&scene.ask("", "DELETE", "/tokens/gone", Value::Null).await);
    assert_eq!(scene.ask(&gone, "GET", "/runs", Value::Null).await.0, 401);
    for (name, says) in [("gone", "was revoked"), ("office", "already")] {
        let (status, problem) = client.post("/tokens", json!({"name": name})).await;
        assert_eq!((status, &problem["code"]), (409, &json!("token_name_taken")), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{problem}");
    }
    let (_, valid) = client.get("/tokens").await;
    let shown: Vec<(&Value, &Value)> =
        valid["items"].as_array().expect("a list").iter().map(|item| (&item["name"], &item["scopes"])).collect();
    assert_eq!(shown, [(&json!("b"), &json!(["read"])), (&json!("office"), &json!(["read", "admin"]))]);
    let (_, all) = client.get("/tokens?revoked=true").await;
    let gone = &all["items"].as_array().expect("a list")[1];
    assert!(gone["name"] == "gone" && gone["kind"] == "assistant" && gone["revoked_at"].is_number(), "{all}");
}

#[test]
fn the_command_line_makes_tokens_with_less() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    let (exit, token, note) = fathom(here, &["token", "new", "claude", "--assistant", "--scope", "read", "--scope", "sql", "--days", "30"]);
    assert!(exit == 0 && token.starts_with("fathom_") && note.contains("an assistant may read sql until"), "{token}{note}");
    let (exit, _, err) = fathom(here, &["token", "new", "x", "--assistant", "--scope", "approve"]);
    assert!(exit == 2 && err.contains("never has `approve`"), "{exit} {err}");
    let (exit, _, err) = fathom(here, &["token", "new", "x", "--scope", "all"]);
    assert!(exit == 2 && err.contains("`all` is no scope; valid are `read`"), "{exit} {err}");
    let (exit, out, err) = fathom(here, &["token", "list"]);
    assert!(exit == 0 && out.contains("an assistant") && out.contains("read sql") && out.lines().count() == 2, "{out}{err}");
    assert_eq!(fathom(here, &["token", "revoke", "claude"]).0, 0);
    assert!(fathom(here, &["token", "list"]).2.contains("there are no tokens"));
    assert!(fathom(here, &["token", "list", "--revoked"]).1.contains("revoked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_a_rate_and_so_many_calls_at_once() {
    let set = |name: &str| format!("FATHOM_API__TOKEN_{name}");
    let scene = scene_with(|launch| launch.env(&set("RATE_PER_S"), "1").env(&set("BURST"), "4").env(&set("CONCURRENCY"), "1")).await;
    let token = scene.token(json!({"name": "busy"})).await;
    // One that takes until the source ends it, and holds the only place.
    let slow = json!({"sql": "with recursive c(n) as (select 1 union all select n + 1 from c where n > 0) select count(*) from c"});
    let both = async { tokio::join!(scene.call(&token, "run_sql_readonly", slow), beside(&scene, &token)) };
    let (_, refused) = both.await;
    assert_eq!((refused.0, refused.1.as_str(), &refused.2["code"]), (429, "1", &json!("too_many_calls")), "{refused:?}");
    assert!(refused.2["detail"].as_str().is_some_and(|detail| detail.contains("at once")), "{refused:?}");

    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(scene.ask(&token, "GET", "/runs", Value::Null).await);
    }
    let last = answers.last().expect("eight");
    assert!(last.0 == 429 && last.1.parse::<u64>().is_ok_and(|seconds| (1..5).contains(&seconds)), "{last:?}");
    assert!(last.2["detail"].as_str().is_some_and(|detail| detail.contains("1 calls a second")), "{last:?}");
    assert!(answers.iter().any(|answer| answer.0 == 200), "some came before");
    for _ in 0..20 {
        is_done(&scene.ask("", "GET", "/runs", Value::Null).await);
    }
}

/// Asks until it is refused, while the other call goes on.
async fn beside(scene: &Scene, token: &str) -> Answer {
    tokio::time::sleep(Duration::from_millis(700)).await;
    scene.ask(token, "GET", "/runs", Value::Null).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_stands_in_the_audit_log_without_secrets() {
    let scene = scene().await;
    let reader = scene.token(json!({"name": "reader", "scopes": ["read"]})).await;
    let assistant = scene.token(json!({"name": "claude", "kind": "assistant"})).await;
    let secret = "hunter2-is-no-good";
    let dsn = format!("postgres://ann:{secret}@127.0.0.1:9/shop");
    is_done(&scene.ask("", "POST", "/sources", json!({"name": "far", "dsn": dsn})).await);
    let elsewhere = json!({"source": dsn, "args": {"sql": "select 1"}});
    is_refused(&scene.ask(&assistant, "POST", "/tools/run_sql_readonly", elsewhere.clone()).await, &["admin"]);
    assert_eq!(scene.ask("", "POST", "/tools/run_sql_readonly", elsewhere).await.0, 503);
    let within = json!({"sql": format!("select * from dblink('host=h password={secret}', 'x')")});
    scene.call(&assistant, "run_sql_readonly", within).await;
    is_done(&scene.call(&assistant, "run_sql_readonly", json!({"sql": "select count(*) from orders"})).await);
    is_done(&scene.call(&reader, "list_tables", json!({})).await);
    is_refused(&scene.call(&reader, "run_sql_readonly", json!({"sql": "select email from customers"})).await, &["sql"]);
    is_refused(&scene.ask(&reader, "DELETE", "/tokens/claude", Value::Null).await, &["admin"]);

    let all = scene.audit("").await;
    let told: Vec<(&str, &str, &str)> =
        all.iter().rev().map(|item| ["author", "call", "outcome"].map(|member| item[member].as_str().expect("text")).into()).collect();
    assert_eq!(
        told,
        [
            ("outside", "POST /sources", "done"),
            ("outside", "POST /tokens", "done"),
            ("outside", "POST /tokens", "done"),
            ("outside", "POST /sources", "done"),
            ("token:claude", "run_sql_readonly", "refused"),
            ("outside", "run_sql_readonly", "failed"),
            ("token:claude", "run_sql_readonly", "failed"),
            ("token:claude", "run_sql_readonly", "done"),
            ("token:reader", "run_sql_readonly", "refused"),
            ("token:reader", "DELETE /tokens/{name}", "refused"),
        ],
        "{all:#?}"
    );
    let text = json!(all).to_string();
    assert!(!text.contains(secret) && !text.contains(&assistant), "{text}");
    assert!(text.contains("[redacted]"), "{text}");
    let refused = &all[1];
    assert_eq!(refused["args"], json!({"sql": "select email from customers"}), "{refused}");
    assert!(refused["reason"].as_str().is_some_and(|why| why.contains("needs the scope `sql`")), "{refused}");
    assert_eq!(refused["source"].as_str(), Some(scene.source.as_str()), "{refused}");
    assert_eq!((&all[0]["args"]["name"], &all[8]["args"]["name"]), (&json!("claude"), &json!("reader")));

    assert_eq!(scene.audit("?author=token:reader").await.len(), 2);
    assert_eq!(scene.audit("?tool=run.sql.readonly&author=token:claude").await.len(), 3);
    assert_eq!(scene.audit(&format!("?tool=POST%20/sources&since={}", all[6]["at"])).await.len(), 1);
    assert_eq!(scene.audit(&format!("?tool=POST%20/sources&since={}", 1 + all[6]["at"].as_i64().expect("a time"))).await.len(), 0);

    let here = scene.folder.path();
    let (exit, out, err) = fathom(here, &["audit", "--data", ".", "--author", "token:reader", "--since", "1h"]);
    assert!(exit == 0 && out.lines().count() == 3 && out.contains("missing_scope"), "{out}{err}");
    let (exit, _, err) = fathom(here, &["audit", "--data", ".", "--since", "soon"]);
    assert!(exit == 2 && err.contains("valid are"), "{err}");
}

/// The client does not wait for what it asked: that it asked is known.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_waits_for_is_noted_and_an_orderly_end_loses_nothing() {
    let mut scene = scene().await;
    let client = scene.server.client.clone();
    let slow = json!({"source": scene.source, "args": {"sql": "with recursive c(n) as (select 1 union all select n + 1 from c where n > 0) select count(*) from c"}});
    let left = client.http().post(format!("{}/tools/run_sql_readonly", client.url)).json(&slow).timeout(Duration::from_millis(500)).send();
    assert!(left.await.is_err(), "it does not wait");
    let deadline = Instant::now() + Duration::from_secs(20);
    while scene.audit("?tool=run_sql_readonly").await.is_empty() {
        assert!(Instant::now() < deadline, "the call was not noted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(scene.audit("?tool=run_sql_readonly").await[0]["outcome"], "left");

    is_done(&scene.call("", "run_sql_readonly", json!({"sql": "select 41 + 1"})).await);
    interrupt(&scene.server);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !scene.server.has_died() {
        assert!(Instant::now() < deadline, "it did not stop");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    scene.server = Launch::on(Path::new(scene.folder.path())).start().await;
    let calls = scene.audit("?tool=run_sql_readonly").await;
    assert_eq!((calls.len(), &calls[0]["args"]["sql"]), (2, &json!("select 41 + 1")), "{calls:?}");
}

#[expect(unsafe_code, reason = "a signal is sent to a process of the test's own")]
fn interrupt(server: &Server) {
    // SAFETY: the process lives, since nobody has waited for it.
    assert_eq!(unsafe { libc::kill(server.pid().cast_signed(), libc::SIGINT) }, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_bounded() {
    let scene = scene_with(|launch| launch.env("FATHOM_API__AUDIT_ROWS", "5")).await;
    for number in 0..12 {
        is_done(&scene.call("", "run_sql_readonly", json!({"sql": format!("select {number}")})).await);
    }
    let calls = scene.audit("?tool=run_sql_readonly").await;
    assert!((4..=5).contains(&calls.len()), "{}", calls.len());
    assert_eq!(calls[0]["args"]["sql"], "select 11");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_a_url_is_refused() {
    let scene = scene().await;
    let token = scene.token(json!({"name": "ada"})).await;
    for path in [
        format!("/runs?token={token}"),
        format!("/runs?access_token={token}"),
        format!("/runs?limit={token}"),
        "/docs?api_key=x".to_owned(),
    ] {
        let (status, _, problem) = scene.ask(&token, "GET", &path, Value::Null).await;
        assert_eq!((status, &problem["code"]), (400, &json!("token_in_url")), "{path}: {problem}");
        assert!(!problem.to_string().contains(&token), "{problem}");
    }
    let log = Launch::on(scene.folder.path()).log();
    assert!(!log.contains(&token), "{log}");
}
