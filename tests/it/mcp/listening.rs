//! Clients hear when there are other tables to read than before.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use super::raw::Raw;
use crate::support::shop;

const CHANGED: &str = "notifications/resources/list_changed";

#[tokio::test(flavor = "multi_thread")]
async fn clients_hear_of_tables_that_come() {
    let folder = tempfile::tempdir().unwrap();
    let server = super::server(folder.path(), false).await;
    let modern = Raw::modern(&server.client.url);
    modern.done("catalog_search", json!({"query": "orders"})).await;
    let legacy = Raw::legacy(&server.client.url, json!({})).await;
    let listen = |kinds: Value| modern.request(7, "subscriptions/listen", json!({ "notifications": kinds })).send();
    let mut wanted = listen(json!({"resourcesListChanged": true, "toolsListChanged": true})).await.unwrap();
    let mut unwanted = listen(json!({"toolsListChanged": true})).await.unwrap();
    let mut session = legacy.follow().await;
    // Said twice, it is heard once.
    legacy.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).send().await.unwrap();
    let acknowledged = next(&mut wanted).await.expect("what is listened for is said");
    assert_eq!(acknowledged["params"]["notifications"], json!({"resourcesListChanged": true}), "tools never change: {acknowledged}");
    next(&mut unwanted).await.expect("what is listened for is said");

    shop::change(&folder.path().join("shop.db"), "create table returns (id integer primary key)").await;
    let found = modern.done("catalog_search", json!({"query": "returns"})).await;
    assert_eq!(found["hits"][0]["key"], "table/main.returns", "{found}");
    let told = next(&mut wanted).await.expect("the subscription hears of it");
    assert_eq!((&told["method"], &told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"]), (&json!(CHANGED), &json!(7)));
    assert_eq!(next(&mut session).await.expect("the session hears of it")["method"], CHANGED);
    assert_eq!(next(&mut wanted).await, None);
    assert_eq!(next(&mut session).await, None);
    assert_eq!(next(&mut unwanted).await, None, "who listens for something else is left alone");
    let listed = modern.result("resources/list", json!({})).await;
    assert!(listed["resources"].as_array().unwrap().iter().any(|one| one["name"] == "main.returns"), "{listed}");
}

/// The next message of a stream; none where nothing comes for a while.
async fn next(stream: &mut Response) -> Option<Value> {
    let waiting = async {
        let mut text = String::new();
        loop {
            let chunk = stream.chunk().await.expect("the stream goes on")?;
            text.push_str(std::str::from_utf8(&chunk).expect("streams are text"));
            let data = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).filter_map(|line| line.strip_prefix("data:"));
            if let Some(message) = data.map(str::trim).find(|data| !data.is_empty()) {
                return Some(serde_json::from_str(message).expect("a message is JSON"));
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(2), waiting).await.ok().flatten()
}
