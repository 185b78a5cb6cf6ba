//! Signing in as a person meets it: on the command line, and in the browser that comes back.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use super::cli::fathom;
use super::issuer::Issuer;
use crate::cli::command;

/// `fathom mcp login`, and the address that it has printed.
async fn begin(folder: &Path) -> (Child, Url) {
    let mut command = command(folder, &["mcp", "login", "hub"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let out = child.stdout.take().expect("it is piped");
    let line = tokio::task::spawn_blocking(move || BufReader::new(out).lines().next()).await.unwrap();
    let line = line.expect("it says where to sign in").unwrap();
    (child, Url::parse(&line).unwrap())
}

async fn ended(child: Child) -> (i32, String) {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    (output.status.code().expect("it ends by itself"), String::from_utf8(output.stderr).unwrap())
}

/// What the browser of somebody gets, who comes back with this besides the state.
async fn come_back(url: &Url, changed: &[(&str, &str)]) -> (u16, String, String) {
    let parameter = |name: &str| url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
    let mut back = Url::parse(&parameter("redirect_uri")).unwrap();
    assert_eq!((back.host_str(), back.path()), (Some("127.0.0.1"), "/servers/login/callback"));
    let given = |name: &str| changed.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    back.query_pairs_mut().append_pair("state", &given("state").unwrap_or_else(|| parameter("state")));
    for (name, value) in changed.iter().filter(|(name, _)| *name != "state") {
        back.query_pairs_mut().append_pair(name, value);
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(back).header("accept", "text/html").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), policy, answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_on_the_command_line_calls_and_logs_out() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let issuer = Issuer::start().await;
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let config =
        format!("[mcp]\nretry_base_ms = 1\n[mcp.servers.hub]\nurl = \"{}\"\n[mcp.servers.files]\ncommand = \"files\"\n", issuer.url);
    std::fs::write(here.join("fathom.toml"), config).unwrap();

    let (exit, _, err) = fathom(here, &["mcp", "call", "hub", "look"]).await;
    assert!(exit == 1 && err.contains("fathom mcp login hub") && err.contains("POST /servers/hub/login"), "{exit} {err}");

    let iss = format!("{}/one", issuer.base);
    let agreed = [("code", "hidden-code"), ("iss", iss.as_str())];
    let (child, url) = begin(here).await;
    let (status, policy, page) = come_back(&url, &[("state", "guessed"), agreed[0], agreed[1]]).await;
    assert!(status == 404 && page.contains("no sign-in waits for this answer"), "{status} {page}");
    assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
    let denied = [("error", "access_denied"), ("error_description", "<script>alert(1)</script>"), ("iss", iss.as_str())];
    let (status, _, page) = come_back(&url, &denied).await;
    assert!(status == 502 && page.contains("did not let us in") && !page.contains("<script"), "{status} {page}");
    let (exit, err) = ended(child).await;
    assert!(exit == 1 && err.contains("access_denied"), "{exit} {err}");

    let (child, url) = begin(here).await;
    let (status, _, page) = come_back(&url, &agreed).await;
    assert!(status == 200 && page.contains("You are signed in to `hub`"), "{status} {page}");
    let (exit, err) = ended(child).await;
    assert!(exit == 0 && err.contains("signed in to `hub`"), "{exit} {err}");

    // Each command is a process of its own.
    let (exit, out, err) = fathom(here, &["mcp", "call", "hub", "look"]).await;
    assert_eq!((exit, out.as_str()), (0, "seen\n"), "{err}");
    let (_, out, _) = fathom(here, &["mcp", "servers", "--json"]).await;
    let hub: Value = out.lines().map(|line| serde_json::from_str(line).unwrap()).find(|item: &Value| item["name"] == "hub").unwrap();
    assert_eq!(hub["signed_in"], true);
    assert_eq!(issuer.said(|said| said.registered), 2, "each process listens elsewhere, and a client comes back to one place only");
    for file in std::fs::read_dir(here.join("fathom")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"hidden-"), "{} holds a secret in clear", file.display());
    }

    assert_eq!(fathom(here, &["mcp", "logout", "hub"]).await.0, 0);
    let (exit, _, err) = fathom(here, &["mcp", "logout", "hub"]).await;
    assert!(exit == 2 && err.contains("nobody is signed in to `hub`"), "{exit} {err}");
    let (exit, _, err) = fathom(here, &["mcp", "call", "hub", "look"]).await;
    assert!(exit == 1 && err.contains("wants a sign-in"), "{exit} {err}");
    let (exit, _, err) = fathom(here, &["mcp", "login", "files"]).await;
    assert!(exit == 1 && err.contains("it has a fixed token, is a program, or speaks no MCP"), "{exit} {err}");
}
