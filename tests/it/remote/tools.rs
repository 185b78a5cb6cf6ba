//! Tools of remote servers stand among all tools, and are called like them by who may.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fake::{Answer, Fake, tool};
use crate::support::process::Launch;

#[tokio::test(flavor = "multi_thread")]
async fn tools_of_remote_servers_are_listed_with_their_owner_and_called_by_a_person() {
    let tools = json!([tool("look", true), tool("pay", false), tool("fail", true)]);
    let hub = Fake::plain(tools, |name, args| match name {
        "fail" => Answer::Result(json!({"content": [{"type": "text", "text": "no such shelf"}], "isError": true})),
        _ => Answer::Result(json!({"structuredContent": {"seen": args}, "content": []})),
    })
    .await;
    let silent = Fake::start(|_, _| Box::pin(std::future::ready(Answer::Hang))).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("with-hub.toml");
    let words = format!("[mcp.servers.hub]\nurl = \"{}\"\ntrusted = true\n[mcp.servers.silent]\nurl = \"{}\"\n", hub.url, silent.url);
    std::fs::write(&config, words).unwrap();
    let mut launch = Launch::on(folder.path());
    launch.args = vec!["--config".to_owned(), config.to_string_lossy().into_owned()];
    let server = launch.start().await;

    let began = Instant::now();
    let all = server.client.all("/tools").await;
    assert!(began.elapsed() < Duration::from_secs(10), "a server that says nothing keeps nobody waiting: {:?}", began.elapsed());
    let told: Vec<Value> = all.iter().map(|one| json!([one["name"], one["owner"], one["effect"], one["pinned"]["changed"]])).collect();
    assert!(told.contains(&json!(["run_sql_readonly", "fathom", "read", null])), "{told:?}");
    let remote: Vec<&Value> = told.iter().filter(|one| one[1] != "fathom").collect();
    let look = json!(["hub:look", "hub", "read", false]);
    assert_eq!(remote, [&look, &json!(["hub:pay", "hub", "mutate", false]), &json!(["hub:fail", "hub", "read", false])]);
    let hash = all.iter().find(|one| one["name"] == "hub:look").unwrap()["pinned"]["hash"].as_str().unwrap();
    assert_eq!(hash.len(), 64);

    let (status, answer) = server.client.post("/tools/hub:look", json!({"args": {"at": 1}})).await;
    assert_eq!((status, &answer["result"]), (200, &json!({"seen": {"at": 1}})), "{answer}");
    for (name, body, status, code, says) in [
        ("hub:fail", json!({}), 422, "tool_failed", "no such shelf"),
        ("hub:none", json!({}), 404, "no_such_tool", "`look`"),
        ("nobody:look", json!({}), 404, "no_such_tool", "nobody:look"),
        ("hub:look", json!({"source": "shop"}), 422, "tool_refused", "takes no source"),
    ] {
        let (got, problem) = server.client.post(&format!("/tools/{name}"), body).await;
        assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{name}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{name}: {problem}");
    }

    let (_, made) = server.client.post("/tokens", json!({"name": "assistant", "scopes": ["read", "write", "sql"]})).await;
    let url = format!("{}/tools/hub:pay", server.client.url);
    let refused = server.client.http().post(url).bearer_auth(made["token"].as_str().unwrap()).json(&json!({})).send().await.unwrap();
    assert_eq!(refused.status(), 403, "an assistant calls no tool of a remote server by itself");
    assert!(hub.calls_of("pay").is_empty());
    let audit = server.client.all("/audit").await;
    let noted: Vec<(&str, &str)> = audit
        .iter()
        .map(|row| (row["call"].as_str().unwrap(), row["outcome"].as_str().unwrap()))
        .filter(|(call, _)| call.contains(':'))
        .collect();
    for row in [("hub:look", "done"), ("hub:fail", "failed"), ("hub:none", "failed"), ("hub:pay", "refused")] {
        assert!(noted.contains(&row), "{row:?} is missing: {noted:?}");
    }

    // A page begins behind the last of the one before.
    let (_, first) = server.client.get("/tools?limit=1").await;
    let (_, second) = server.client.get(&format!("/tools?limit=1&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!([&first["items"][0]["name"], &second["items"][0]["name"]], [&all[0]["name"], &all[1]["name"]]);
    let (status, problem) = server.client.get("/tools?after=5").await;
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("first page"), "{status} {problem}");
}
