//! Calls that the server answers without the SDK's machinery: their answers are the SDK's, and what is not as it should be is refused by it.

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::raw::{LEGACY, MODERN, Raw, messages};
use crate::support::shop;

/// Tools with arguments, as they should be and not, and whether a session is answered directly, too.
fn calls() -> Vec<(&'static str, Value, bool)> {
    vec![
        ("list_targets", json!({}), true),
        ("list_tables", json!({"detail": "names"}), true),
        ("describe_table", json!({"table": "main.orders"}), true),
        ("catalog_search", json!({"query": "customer \"é\" \u{1f980}"}), true),
        ("catalog_search", json!({"qeury": "customer"}), true),
        ("describe_table", json!({"table": "nowhere"}), true),
        ("list_tables", json!({"source": 5}), true),
        ("list_tables", json!({"source": "not-there"}), false),
        ("catalog_get_object", json!({"name": "main.orders"}), false),
        ("catalog_sql", json!({"sql": "select nothing from objects"}), false),
        ("run_sql_readonly", json!({"sql": "select one from nowhere"}), false),
        ("sample_rows", json!({"table": "nowhere"}), false),
        ("catalog_upsert", json!({}), false),
    ]
}

/// Which way a call went: a stream comes from the SDK.
fn is_direct(response: &Response) -> bool {
    response.headers()["content-type"] == "application/json"
}

async fn answer(request: RequestBuilder) -> (bool, Value) {
    let response = request.send().await.expect("the server answers");
    let direct = is_direct(&response);
    (direct, messages(response).await.pop().expect("there is an answer"))
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ways_a_call_has_the_same_answer() {
    let folder = tempfile::tempdir().unwrap();
    let server = super::server(folder.path(), false).await;
    let clients = [(Raw::modern(&server.client.url), true), (Raw::legacy(&server.client.url, json!({})).await, false)];
    for (client, is_newest) in clients {
        for (tool, args, in_sessions) in calls() {
            let params = json!({"name": tool, "arguments": args});
            let mut with_progress = params.clone();
            with_progress["_meta"] = json!({"progressToken": "p"});
            let (direct, ours) = answer(client.request(3, "tools/call", params)).await;
            let (other_way, theirs) = answer(client.request(3, "tools/call", with_progress)).await;
            assert_eq!((direct, other_way), (is_newest || in_sessions, false), "{tool} {args}");
            assert_eq!(ours, theirs, "{tool} {args}");
        }
        // What may ask its client is the SDK's.
        let (direct, _) = answer(client.request(3, "tools/call", json!({"name": "questions", "arguments": {}}))).await;
        assert!(!direct);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_waits_for_a_source_that_is_not_at_hand_where_it_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let server = super::server(folder.path(), false).await;
    let legacy = Raw::legacy(&server.client.url, json!({})).await;
    let params = json!({"name": "list_tables", "arguments": {}});
    let (direct, _) = answer(legacy.request(1, "tools/call", params.clone())).await;
    assert!(!direct, "the source was harvested for this call");
    let (direct, _) = answer(legacy.request(2, "tools/call", params.clone())).await;
    assert!(direct);
    shop::change(&folder.path().join("shop.db"), "create table returns (id integer primary key)").await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let (direct, told) = answer(legacy.request(3, "tools/call", params)).await;
    assert!(!direct && told.to_string().contains("returns"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_it_should_be_is_refused_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let server = super::server(folder.path(), false).await;
    let url = format!("{}/mcp", server.client.url);
    let meta = json!({"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}});
    let sound = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "list_targets", "arguments": {}, "_meta": meta}});
    let whole = [
        ("accept", "application/json, text/event-stream"),
        ("content-type", "application/json"),
        ("mcp-protocol-version", MODERN),
        ("mcp-method", "tools/call"),
        ("mcp-name", "list_targets"),
    ];
    let client = reqwest::Client::new();
    let send = |headers: Vec<(&'static str, &'static str)>, body: Value| {
        let request = headers.into_iter().fold(client.post(&url), |request, (name, value)| request.header(name, value));
        let request = request.body(body.to_string());
        async move { request.send().await.expect("the server answers") }
    };
    assert!(is_direct(&send(whole.to_vec(), sound.clone()).await));
    let but = |name: &'static str, value: Option<&'static str>| {
        let kept = whole.into_iter().filter(move |(header, _)| *header != name);
        kept.chain(value.map(|value| (name, value))).collect::<Vec<_>>()
    };
    for (headers, status, code) in [
        (but("mcp-name", Some("list_tables")), 400, Some(-32_020)),
        (but("mcp-name", None), 400, Some(-32_020)),
        (but("mcp-method", Some("tools/list")), 400, Some(-32_020)),
        (but("mcp-protocol-version", Some(LEGACY)), 400, Some(-32_020)),
        (but("mcp-protocol-version", Some("1999-01-01")), 400, Some(-32_020)),
        (but("accept", Some("application/json")), 406, Some(-32_600)),
        (but("mcp-name", Some("=?base64?bGlzdF90YWJsZXM=?=")), 400, Some(-32_020)),
        (but("content-type", Some("text/plain")), 415, None),
        ([whole.to_vec(), vec![("mcp-name", "list_tables")]].concat(), 400, Some(-32_020)),
    ] {
        let response = send(headers.clone(), sound.clone()).await;
        assert_eq!(response.status(), status, "{headers:?}");
        if let Some(code) = code {
            let refused: Value = response.json().await.expect("an error");
            assert_eq!(refused["error"]["code"], code, "{headers:?}: {refused}");
        }
    }
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = sound.clone();
        change(&mut body);
        body
    };
    for (body, status) in [
        (with(&|body| body["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": MODERN})), 400),
        (with(&|body| body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!("all")), 400),
        (with(&|body| body["jsonrpc"] = json!("1.0")), 400),
        (with(&|body| body["id"] = json!({})), 400),
        // The SDK knows no method with such parameters.
        (with(&|body| body["params"]["arguments"] = json!([])), 404),
    ] {
        let response = send(whole.to_vec(), body.clone()).await;
        assert_eq!(response.status(), status, "{body}");
    }
    // Said in other words that are as good, it is the SDK that understands them.
    for headers in [
        but("mcp-name", Some("=?base64?bGlzdF90YXJnZXRz?=")),
        but("content-type", Some("application/json; charset=utf-8")),
        but("accept", Some("application/json;q=0.5, text/event-stream")),
    ] {
        let response = send(headers.clone(), sound.clone()).await;
        assert_eq!((response.status().as_u16(), is_direct(&response)), (200, false), "{headers:?}");
    }
    let unknown = [but("mcp-protocol-version", Some(LEGACY)), vec![("mcp-session-id", "not-there")]].concat();
    let plain = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_targets"}});
    assert_eq!(send(unknown, plain).await.status(), 404);
}
