//! Nonsense on standard input: after each line the next question is answered, and nothing but messages is printed.

use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{HANGS_AFTER, made, nasty};
use crate::support::process::Server;
use crate::support::shop;

const DRAWN: usize = 200;

struct Pipe {
    _folder: TempDir,
    /// Whom what is said is passed on to, where that is not the child itself.
    _server: Option<Server>,
    _child: Child,
    input: ChildStdin,
    /// Read all the time, so that the server never waits until it is heard.
    output: UnboundedReceiver<String>,
    asked: u64,
}

impl Pipe {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        shop::make(folder.path(), "shop.db").await;
        Self::into(folder, None)
    }

    /// A server has the data folder already.
    async fn passed_on() -> Self {
        let folder = TempDir::new().expect("a folder");
        let server = crate::mcp::server(folder.path(), false).await;
        Self::into(folder, Some(server))
    }

    fn into(folder: TempDir, server: Option<Server>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fathom"));
        command.arg("mcp").arg("--data").arg(folder.path()).arg(folder.path().join("shop.db")).kill_on_drop(true);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary starts");
        let input = child.stdin.take().expect("a pipe");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let (heard, output) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.expect("the server writes text") {
                // The test may be over.
                let _ = heard.send(line);
            }
        });
        Self { _folder: folder, _server: server, _child: child, input, output, asked: 0 }
    }

    async fn say(&mut self, line: &[u8]) {
        let whole = [line, b"\n"].concat();
        let said = tokio::time::timeout(HANGS_AFTER, self.input.write_all(&whole)).await;
        said.unwrap_or_else(|_| panic!("nobody reads `{}`", shown(line))).expect("the server reads");
    }

    /// Asks, and reads on until this is answered, whatever else is said before.
    async fn ask(&mut self, method: &str, mut params: Value, after: &[u8]) -> Value {
        self.asked += 1;
        let id = format!("asked {}", self.asked);
        if params.is_null() {
            params = json!({});
        }
        self.say(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string().as_bytes()).await;
        let shown = shown(after);
        loop {
            let read = tokio::time::timeout(HANGS_AFTER, self.output.recv()).await;
            let line = read.unwrap_or_else(|_| panic!("no answer after `{shown}`"));
            let line = line.unwrap_or_else(|| panic!("the server went after `{shown}`"));
            let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("`{line}` after `{shown}` is no message"));
            if message["id"] == id.as_str() {
                return message;
            }
        }
    }
}

fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(line).chars().take(300).collect()
}

async fn withstands(mut pipe: Pipe, method: &str, params: Value) {
    for line in nasty::bodies().into_iter().chain(made::bodies(DRAWN)) {
        // A session is begun once; who begins anew changes what is spoken.
        if String::from_utf8_lossy(&line).contains("initialize") {
            continue;
        }
        pipe.say(&line).await;
        let answered = pipe.ask(method, params.clone(), &line).await;
        assert!(answered["result"].is_object(), "{answered} after {}", String::from_utf8_lossy(&line));
    }
}

async fn in_a_session(mut pipe: Pipe) {
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "peer", "version": "1"}});
    let hello = pipe.ask("initialize", hello, b"").await;
    assert_eq!(hello["result"]["protocolVersion"], "2025-11-25", "{hello}");
    pipe.say(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    withstands(pipe, "ping", Value::Null).await;
}

async fn in_the_newest_revision(mut pipe: Pipe) {
    let meta =
        json!({"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}});
    let found = pipe.ask("server/discover", meta.clone(), b"").await;
    assert!(found["result"]["supportedVersions"].is_array(), "{found}");
    withstands(pipe, "server/discover", meta).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_a_line_does_not_end_a_session() {
    in_a_session(Pipe::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_a_line_is_followed_by_answers_in_the_newest_revision() {
    in_the_newest_revision(Pipe::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_that_is_passed_on_does_not_end_a_session() {
    in_a_session(Pipe::passed_on().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_that_is_passed_on_is_followed_by_answers_in_the_newest_revision() {
    in_the_newest_revision(Pipe::passed_on().await).await;
}
