//! What an assistant is told before it asks anything: it stands in its context all the time, so it is counted, and it is the same every time.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::raw::Raw;
use crate::support::process::{Launch, Server};
use crate::support::shop;

/// Tokens of all definitions of the first set.
const MOST_TOKENS: usize = 1_500;

async fn server() -> (TempDir, Server) {
    let folder = TempDir::new().unwrap();
    shop::make(folder.path(), "shop.db").await;
    let mut launch = Launch::on(folder.path());
    launch.args = vec!["--source".into(), "shop.db".into()];
    let server = launch.start().await;
    (folder, server)
}

async fn tools(raw: &Raw) -> Vec<Value> {
    let mut result = raw.result("tools/list", json!({})).await;
    assert!(result["nextCursor"].is_null());
    serde_json::from_value(result["tools"].take()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_tools_are_few_and_short_and_always_the_same() {
    let (_folder, server) = server().await;
    let few = tools(&Raw::modern(&server.client.url)).await;
    let text = serde_json::to_string(&few).unwrap();
    let counted = tiktoken_rs::o200k_base().unwrap().encode_ordinary(&text).len();
    assert!(counted < MOST_TOKENS, "{counted} tokens in {} bytes", text.len());
    let legacy = tools(&Raw::legacy(&server.client.url, json!({})).await).await;
    assert_eq!(few, legacy, "a list does not depend on the revision");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/mcp-tools.json");
    let shown = serde_json::to_string_pretty(&few).unwrap() + "\n";
    let before = std::fs::read_to_string(golden).unwrap_or_default();
    if before != shown {
        std::fs::write(format!("{golden}.new"), &shown).unwrap();
    }
    assert_eq!(before, shown, "the tools are not those of tests/golden/mcp-tools.json; look at the `.new` file beside it, and rename it");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_definition_is_whole() {
    let (_folder, server) = server().await;
    let mut raw = Raw::modern(&server.client.url);
    let few = tools(&raw).await;
    raw.url.push_str("?tools=all");
    let all = tools(&raw).await;
    assert!(few.len() < 10 && all.len() > 50, "{} and {}", few.len(), all.len());
    for tool in few.iter().chain(&all) {
        let name = tool["name"].as_str().unwrap();
        assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter)) && name.len() <= 64, "{name}");
        for told in ["title", "description"] {
            assert!(tool[told].as_str().is_some_and(|text| text.len() > 5), "{name}: {told}");
        }
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object", "{name}: {schema}");
            assert!(tool[schema]["properties"].as_object().is_some_and(|members| !members.is_empty()), "{name}: {schema}");
            jsonschema::validator_for(&tool[schema]).unwrap_or_else(|error| panic!("{name}: {schema}: {error}"));
        }
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{name}: {hint}");
        }
    }
    for tool in &few {
        assert!(all.iter().any(|other| other["name"] == tool["name"]), "{} is not among all", tool["name"]);
    }
    raw.url = format!("{}/mcp?tools=queries,find_join_path", server.client.url);
    let named: Vec<Value> = tools(&raw).await.iter().map(|tool| tool["name"].clone()).collect();
    assert_eq!(named, ["find_join_path", "explain_sql", "run_sql_readonly"]);
    raw.url = format!("{}/mcp?tools=nonsense", server.client.url);
    let (refused, _) = raw.ask("tools/list", json!({})).await;
    assert!(refused["error"]["message"].as_str().is_some_and(|why| why.contains("`nonsense`") && why.contains("joins")), "{refused}");
}
