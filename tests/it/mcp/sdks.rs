//! Clients of others do with our server what an assistant does: in each era of the protocol, over HTTP, over standard input and output,
//! and over the latter into a server that already runs. What they print is looked at here.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::peers::{self, Ended};
use crate::support::process::Server;
use crate::support::shop;

const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";
const INSPECTOR: &str = "@modelcontextprotocol/inspector/clients/launcher/build/index.js";
/// Modes of those who know both eras, and what they come to.
const MODES: [(&str, &str); 3] = [("legacy", LEGACY), ("auto", MODERN), (MODERN, MODERN)];

/// Where a client finds the server.
struct Place {
    folder: TempDir,
    /// None where the client starts its own.
    server: Option<Server>,
    words: Vec<String>,
}

impl Place {
    async fn http() -> Self {
        let folder = TempDir::new().expect("a folder");
        let server = super::server(folder.path(), false).await;
        let words = vec![format!("{}/mcp", server.client.url)];
        Self { folder, server: Some(server), words }
    }

    async fn stdio() -> Self {
        let folder = TempDir::new().expect("a folder");
        let source = shop::make(folder.path(), "shop.db").await;
        let words = started(folder.path(), &source.to_string_lossy());
        Self { folder, server: None, words }
    }

    /// A server has the data folder already, so what the client starts only passes on.
    async fn passed_on() -> Self {
        let place = Self::http().await;
        let words = started(place.folder.path(), &place.folder.path().join("shop.db").to_string_lossy());
        Self { words, ..place }
    }
}

fn started(data: &Path, source: &str) -> Vec<String> {
    [env!("CARGO_BIN_EXE_fathom"), "mcp", "--data", &data.to_string_lossy(), source].map(str::to_owned).to_vec()
}

async fn python(place: &Place) {
    for (mode, revision) in MODES {
        let mut command = peers::python(&peers::file("python_sdk.py"));
        command.arg(mode).args(&place.words);
        check(&format!("Python {mode}"), revision, command).await;
    }
}

async fn typescript(place: &Place) {
    let first = [("v1", "legacy", LEGACY)];
    for (version, mode, revision) in first.into_iter().chain(MODES.map(|(mode, revision)| ("v2", mode, revision))) {
        let mut command = peers::node(&peers::file("typescript_sdk.cjs"));
        command.args([version, mode]).args(&place.words);
        check(&format!("TypeScript {version} {mode}"), revision, command).await;
    }
}

async fn check(who: &str, revision: &str, command: Command) {
    let Ended { code, out, errors } = peers::run(command).await;
    assert_eq!(code, 0, "{who}: {errors}");
    let told: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{who}: {error}: {out}"));
    assert_eq!(told["revision"], revision, "{who}");
    for (result, tool) in [("search", "catalog_search"), ("object", "catalog_get_object"), ("rows", "run_sql_readonly")] {
        keeps_its_schema(who, &told["tools"], tool, &told[result]);
    }
    assert!(told["search"]["structuredContent"].to_string().contains("customers"), "{who}: {}", told["search"]);
    assert_eq!(told["object"]["structuredContent"]["name"], "orders", "{who}: {}", told["object"]);
    assert_eq!(told["rows"]["structuredContent"]["rows"], json!([[200]]), "{who}");
    is_refused(who, &told["write"]);
    let listed = told["resources"].as_array().expect("resources are a list");
    assert!(listed.iter().any(|one| one["uri"] == "fathom://object/main.orders"), "{who}: {listed:?}");
    is_guide(who, &told["resource"]);
    is_prompt(who, &told["prompt"]);
    assert_eq!(told["no_prompt"]["code"], -32602, "{who}");
    // What the SDK of Python says of a session that a server ends in other words than it knows.
    assert!(!errors.contains("termination failed"), "{who}: {errors}");
}

/// The result says what the tool's definition promised, by a validator that is not the client's own.
fn keeps_its_schema(who: &str, tools: &Value, tool: &str, result: &Value) {
    let definition = tools.as_array().and_then(|tools| tools.iter().find(|one| one["name"] == tool)).expect("the tool is offered");
    let schema = &definition["outputSchema"];
    assert!(schema["properties"].as_object().is_some_and(|members| !members.is_empty()), "{who}: {tool} promises nothing: {schema}");
    assert_ne!(result["isError"], true, "{who}: {tool}: {result}");
    let content = &result["structuredContent"];
    assert!(content.is_object(), "{who}: {tool}: {result}");
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let wrong: Vec<String> = validator.iter_errors(content).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{who}: {tool}: {wrong:?}");
    // A peer of JavaScript prints 1.0 as 1, so it is the members that are compared.
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().expect("a text")).expect("the text is JSON");
    let members = |value: &Value| value.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>());
    assert_eq!(members(&text), members(content), "{who}: {tool} says the same as text");
}

fn is_refused(who: &str, result: &Value) {
    assert_eq!(result["isError"], true, "{who}: {result}");
    assert!(result["content"][0]["text"].as_str().is_some_and(|text| text.contains("`delete`")), "{who}: {result}");
}

fn is_guide(who: &str, contents: &Value) {
    assert!(contents["text"].as_str().is_some_and(|text| text.starts_with("# The catalog")), "{who}: {contents}");
}

fn is_prompt(who: &str, prompt: &Value) {
    let text = prompt["messages"][0]["content"]["text"].as_str().unwrap_or_default();
    assert!(text.starts_with("Answer from the data: who buys again?"), "{who}: {prompt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_of_python_works_over_http() {
    python(&Place::http().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_of_python_works_over_stdio() {
    python(&Place::stdio().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_of_python_is_passed_on_to_a_server_that_runs() {
    let place = Place::passed_on().await;
    python(&place).await;
    assert!(place.server.is_some_and(|mut server| !server.has_died()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdks_of_typescript_work_over_http() {
    typescript(&Place::http().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdks_of_typescript_work_over_stdio() {
    typescript(&Place::stdio().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdks_of_typescript_are_passed_on_to_a_server_that_runs() {
    typescript(&Place::passed_on().await).await;
}

/// One call of the inspector; none of its own files are read or written.
async fn inspect(place: &Place, era: &str, words: &[&str]) -> Ended {
    let mut command = peers::node(&peers::package(INSPECTOR));
    command.env("HOME", place.folder.path()).arg("--cli").args(&place.words);
    command.args(["--transport", "http", "--protocol-era", era]).args(words);
    peers::run(command).await
}

async fn inspector(era: &str) {
    let place = Place::http().await;
    let listed = inspect(&place, era, &["--method", "tools/list", "--strict"]).await;
    assert_eq!(listed.code, 0, "{}", listed.errors);
    assert!(!listed.errors.contains("Warning") && !listed.errors.contains("Error"), "{}", listed.errors);
    let tools: Value = serde_json::from_str(&listed.out).expect("the inspector prints JSON");
    let call = ["--method", "tools/call", "--format", "json", "-q", "--tool-name"];
    for (tool, args) in [
        ("catalog_search", r#"{"query": "customers"}"#),
        ("catalog_get_object", r#"{"name": "main.orders"}"#),
        ("run_sql_readonly", r#"{"sql": "select count(*) as n from orders"}"#),
    ] {
        let called = inspect(&place, era, &[call.as_slice(), &[tool, "--tool-args-json", args]].concat()).await;
        assert_eq!(called.code, 0, "{tool}: {}", called.errors);
        let told: Value = serde_json::from_str(&called.out).expect("the inspector prints JSON");
        keeps_its_schema("the inspector", &tools["tools"], tool, &told["result"]);
    }
    let write =
        inspect(&place, era, &[call.as_slice(), &["run_sql_readonly", "--tool-args-json", r#"{"sql": "delete from orders"}"#]].concat())
            .await;
    // Its word for a tool that answered with an error.
    assert_eq!(write.code, 5, "{}", write.errors);
    is_refused("the inspector", &serde_json::from_str::<Value>(&write.out).expect("JSON")["result"]);
    let read = inspect(&place, era, &["--method", "resources/read", "--uri", "fathom://guide"]).await;
    is_guide("the inspector", &serde_json::from_str::<Value>(&read.out).expect("JSON")["contents"][0]);
    let got =
        inspect(&place, era, &["--method", "prompts/get", "--prompt-name", "answer", "--prompt-args", "question=who buys again?"]).await;
    is_prompt("the inspector", &serde_json::from_str(&got.out).expect("JSON"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_finds_nothing_in_the_newest_revision() {
    inspector("modern").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_finds_nothing_in_the_revision_with_sessions() {
    inspector("legacy").await;
}
