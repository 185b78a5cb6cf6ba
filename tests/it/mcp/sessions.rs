//! How long a session stays, and how many there may be.

use std::time::Duration;

use serde_json::{Value, json};

use super::raw::{Raw, messages};
use crate::support::process::{Launch, Server};
use crate::support::shop;

/// The seconds without use after which a session ends here.
const IDLE: Duration = Duration::from_secs(2);
/// Each changes what there is to read, of which sessions are told.
const NEW_TABLES: [&str; 6] = [
    "create table a (id integer)",
    "create table b (id integer)",
    "create table c (id integer)",
    "create table d (id integer)",
    "create table e (id integer)",
    "create table f (id integer)",
];

async fn server(folder: &std::path::Path) -> Server {
    let source = shop::make(folder, "shop.db").await.to_string_lossy().into_owned();
    let mut launch = Launch::on(folder).env("FATHOM_ASSISTANTS__SESSION_IDLE_S", "2").env("FATHOM_ASSISTANTS__MAX_SESSIONS", "3");
    launch.args = vec!["--source".to_owned(), source];
    launch.start().await
}

async fn is_there(session: &Raw) -> bool {
    let response = session.request(1, "tools/call", json!({"name": "list_targets", "arguments": {}})).send().await.unwrap();
    let status = response.status().as_u16();
    assert!(matches!(status, 200 | 404), "{status}");
    status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_stays_while_it_is_used_and_ends_when_nobody_does() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let (left, called, followed) = (
        Raw::legacy(&server.client.url, json!({})).await,
        Raw::legacy(&server.client.url, json!({})).await,
        Raw::legacy(&server.client.url, json!({})).await,
    );
    let stream = followed.follow().await;
    for new_table in NEW_TABLES {
        tokio::time::sleep(IDLE / 3).await;
        assert!(is_there(&called).await, "calls are use");
        // What the server says by itself keeps nobody here.
        shop::change(&folder.path().join("shop.db"), new_table).await;
        Raw::modern(&server.client.url).done("list_tables", json!({})).await;
    }
    assert!(!is_there(&left).await, "nobody used it");
    assert!(is_there(&followed).await, "its client listens");
    drop(stream);
    tokio::time::sleep(IDLE * 2).await;
    assert!(!is_there(&followed).await, "its client has gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_stays_while_a_call_is_answered_however_long_that_takes() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let session = Raw::legacy(&server.client.url, json!({})).await;
    let endless = "select count(*) from orders a, orders b, orders c, orders d, orders e where a.id + b.id + c.id + d.id = e.id";
    let asked = session.request(1, "tools/call", json!({"name": "run_sql_readonly", "arguments": {"sql": endless, "timeout_sec": 12}}));
    let asking = tokio::spawn(async move { messages(asked.send().await.expect("the server answers")).await });
    tokio::time::sleep(IDLE * 2).await;
    assert!(!asking.is_finished() && is_there(&session).await);
    asking.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_when_all_sessions_are_taken_is_told_and_gets_in_when_one_ends() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    for _ in 0..3 {
        Raw::legacy(&server.client.url, json!({})).await;
    }
    let raw = Raw::modern(&server.client.url);
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    let refused = raw.post(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    let told: Value = refused.json().await.unwrap();
    assert!(told["error"]["message"].as_str().unwrap().contains("all 3 sessions are taken"), "{told}");
    tokio::time::sleep(IDLE * 2).await;
    Raw::legacy(&server.client.url, json!({})).await;
}
