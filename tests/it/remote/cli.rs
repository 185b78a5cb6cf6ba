//! `fathom mcp` as a person meets it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::fake::{Answer, Fake, tool};
use crate::cli::command;

/// On a thread where waiting is allowed: the server that it calls lives in this process.
pub async fn fathom(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let mut command = command(folder, words);
    let output = tokio::task::spawn_blocking(move || command.output().expect("the binary starts")).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is text");
    (output.status.code().expect("it ends by itself"), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_shown_their_tools_called_changes_accepted_and_lost_calls_settled() {
    let defined: Arc<Mutex<Value>> = Arc::new(Mutex::new(json!([tool("look", true), tool("pay", false)])));
    let telling = defined.clone();
    let fake = Fake::start(move |method, params| {
        let answer = match (method.as_str(), params["name"].as_str()) {
            ("tools/list", _) => Answer::Result(json!({"tools": *telling.lock().unwrap()})),
            ("tools/call", Some("pay")) => Answer::Break,
            ("tools/call", _) => Answer::Result(json!({"seen": params["arguments"]})),
            _ => Answer::Error(-32_601, "Method not found".to_owned()),
        };
        Box::pin(std::future::ready(answer))
    })
    .await;
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let config = format!(
        "[mcp]\nretry_base_ms = 1\n[mcp.servers.hub]\nurl = \"{}\"\ntoken = \"${{HUB}}\"\ntrusted = true\n[mcp.servers.gone]\nurl = \"http://127.0.0.1:1/mcp\"\n",
        fake.url
    );
    std::fs::write(here.join("fathom.toml"), config.replace("${HUB}", "sekrit-token-3")).unwrap();

    let (exit, out, err) = fathom(here, &["mcp", "servers"]).await;
    assert_eq!(exit, 0, "{err}");
    for part in ["hub  up", "plain JSON-RPC", "look", "read", "pay", "mutate", "gone  down", "cannot be reached"] {
        assert!(out.contains(part), "`{part}` is missing:\n{out}");
    }
    let (exit, out, err) = fathom(here, &["mcp", "call", "hub", "look", r#"{"at": 1}"#]).await;
    assert_eq!((exit, serde_json::from_str::<Value>(&out).unwrap()), (0, json!({"seen": {"at": 1}})), "{err}");

    let (exit, _, err) = fathom(here, &["mcp", "call", "hub", "pay", r#"{"cents": 5}"#]).await;
    assert!(exit == 1 && err.contains("whether it took place is not known"), "{exit} {err}");
    assert_eq!(fake.calls_of("pay").len(), 1);
    let (_, out, _) = fathom(here, &["mcp", "servers"]).await;
    let line = out.lines().find(|line| line.contains("hub.pay")).unwrap_or_else(|| panic!("{out}"));
    assert!(line.contains(r#"{"cents":5}"#), "{line}");
    let id = line.split_whitespace().next().unwrap();
    assert_eq!(fathom(here, &["mcp", "settle", id]).await.0, 0);
    let (exit, _, err) = fathom(here, &["mcp", "settle", id]).await;
    assert!(exit == 2 && err.contains("there is no call"), "{err}");

    defined.lock().unwrap()[0]["description"] = json!("does something else");
    let (exit, _, err) = fathom(here, &["mcp", "call", "hub", "look"]).await;
    assert!(exit == 1 && err.contains("fathom mcp accept hub look"), "{err}");
    let (_, out, _) = fathom(here, &["mcp", "servers"]).await;
    assert!(out.contains("changed: not called until accepted"), "{out}");
    let (exit, out, err) = fathom(here, &["mcp", "accept", "hub"]).await;
    assert_eq!((exit, out.as_str()), (0, "accepted look\n"), "{err}");
    assert_eq!(fathom(here, &["mcp", "call", "hub", "look"]).await.0, 0);

    for (words, exit, says) in [
        (&["mcp", "call", "hub", "look", "[1]"][..], 2, "not a JSON object"),
        (&["mcp", "call", "nobody", "look"], 2, "there are: `gone`, `hub`"),
        (&["mcp", "call", "hub", "lok"], 2, "there are: `look`, `pay`"),
    ] {
        let (got, _, err) = fathom(here, words).await;
        assert!(got == exit && err.contains(says), "{words:?}: {got} {err}");
    }
    let (_, out, _) = fathom(here, &["check"]).await;
    assert!(out.contains("mcp.servers.hub.token") && !out.contains("sekrit"), "{out}");
}
