//! The official conformance suite against our server, on both eras of the protocol: with what it calls by fixed names, where nothing
//! may fail, and as our users have it, where what needs no such names holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::peers;

const SUITE: &str = "@modelcontextprotocol/conformance/dist/index.js";
const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";
/// An extension that we do not offer; the suite runs it and counts it for nothing.
const NOT_OURS: &str = "tasks-";

/// What needs nothing of a server but what it is.
const MODERN_PLAIN: [&str; 11] = [
    "caching",
    "completion-complete",
    "dns-rebinding-protection",
    "http-header-validation",
    "input-required-result-unsupported-methods",
    "input-required-result-validate-input",
    "prompts-list",
    "resources-list",
    "sep-2164-resource-not-found",
    "server-sse-multiple-streams",
    "tools-list",
];
const LEGACY_PLAIN: [&str; 9] = [
    "completion-complete",
    "dns-rebinding-protection",
    "ping",
    "prompts-list",
    "resources-list",
    "server-initialize",
    "server-session-lifecycle",
    "server-sse-multiple-streams",
    "tools-list",
];
/// Of `server-stateless`, the checks that call tools which only the fixtures have.
const STATELESS_NEEDS_FIXTURES: [&str; 4] = [
    "sep-2575-http-server-no-independent-requests-on-stream",
    "sep-2575-missing-capability-http-400",
    "sep-2575-server-no-log-without-loglevel",
    "sep-2575-server-rejects-undeclared-capability",
];

/// What the suite found: for every scenario its checks with how they ended.
struct Found {
    code: i32,
    summary: String,
    scenarios: BTreeMap<String, Vec<(String, String)>>,
}

async fn suite(revision: &str, fixtures: bool) -> Found {
    let folder = TempDir::new().expect("a folder");
    let server = super::server(folder.path(), fixtures).await;
    let out = folder.path().join("found");
    let mut command = peers::node(&peers::package(SUITE));
    command.args(["server", "--url", &format!("{}/mcp", server.client.url), "--requirements", revision, "-o"]).arg(&out);
    let ended = peers::run(command).await;
    let summary = ended.out.split("=== SUMMARY ===").nth(1).unwrap_or(&ended.errors).to_owned();
    Found { code: ended.code, summary, scenarios: scenarios(&out) }
}

/// A folder a scenario, named `server-<scenario>-<time>`, with its checks.
fn scenarios(out: &Path) -> BTreeMap<String, Vec<(String, String)>> {
    let folders = std::fs::read_dir(out).expect("the suite writes what it found").map(|entry| entry.unwrap().path());
    let read = |folder: std::path::PathBuf| {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let time = name.rfind("-20").and_then(|_| name.len().checked_sub("-2026-01-01T00-00-00-000Z".len())).expect("a time at the end");
        let scenario = name[..time].strip_prefix("server-").unwrap_or(&name[..time]).to_owned();
        let checks: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join("checks.json")).unwrap()).unwrap();
        let text = |check: &Value, member: &str| check[member].as_str().unwrap_or_default().to_owned();
        (scenario, checks.iter().map(|check| (text(check, "id"), text(check, "status"))).collect())
    };
    folders.map(read).collect()
}

impl Found {
    /// Scenarios of ours and their checks, counted, where nothing but success may be among them.
    fn whole(&self) -> (usize, usize) {
        let ours = || self.scenarios.iter().filter(|(name, _)| !name.starts_with(NOT_OURS));
        let bad: Vec<String> = ours()
            .flat_map(|(name, checks)| {
                checks.iter().filter(|(_, status)| !is_good(status)).map(move |(id, status)| format!("{name}: {id} {status}"))
            })
            .collect();
        assert!(bad.is_empty(), "{}\n{}", bad.join("\n"), self.summary);
        assert_eq!(self.code, 0, "{}", self.summary);
        (ours().count(), ours().map(|(_, checks)| checks.iter().filter(|(_, status)| status == "SUCCESS").count()).sum())
    }

    /// The scenarios in which all went well.
    fn passed(&self) -> BTreeSet<&str> {
        let passed = self.scenarios.iter().filter(|(name, checks)| {
            !name.starts_with(NOT_OURS)
                && checks.iter().any(|(_, status)| status == "SUCCESS")
                && checks.iter().all(|(_, status)| is_good(status))
        });
        passed.map(|(name, _)| name.as_str()).collect()
    }
}

/// A warning is no success: the suite's own baselines count it as a failure.
fn is_good(status: &str) -> bool {
    matches!(status, "SUCCESS" | "INFO")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_revision_is_kept_in_every_scenario() {
    assert_eq!(suite(MODERN, true).await.whole(), (40, 153));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_revision_with_sessions_is_kept_in_every_scenario() {
    assert_eq!(suite(LEGACY, true).await.whole(), (33, 83));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_revision_is_kept_by_the_server_as_it_is() {
    let found = suite(MODERN, false).await;
    assert_eq!(found.passed(), BTreeSet::from(MODERN_PLAIN), "{}", found.summary);
    let failed = found.scenarios["server-stateless"].iter().filter(|(_, status)| matches!(status.as_str(), "FAILURE" | "WARNING"));
    let failed: BTreeSet<&str> = failed.map(|(id, _)| id.as_str()).collect();
    assert_eq!(failed, BTreeSet::from(STATELESS_NEEDS_FIXTURES), "{}", found.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_revision_with_sessions_is_kept_by_the_server_as_it_is() {
    let found = suite(LEGACY, false).await;
    assert_eq!(found.passed(), BTreeSet::from(LEGACY_PLAIN), "{}", found.summary);
}
