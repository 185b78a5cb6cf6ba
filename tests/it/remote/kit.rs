//! Servers that others have written, as `scripts/mcp-peers` installs them: the reference server on Node, a small one on the Python SDK.

use std::env;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where they are; without them these tests fail, because they say nothing.
#[expect(clippy::disallowed_methods, reason = "where the peers of the tests are is no setting of the program")]
fn folder() -> PathBuf {
    let folder = env::var("FATHOM_TEST_MCP_PEERS").expect("FATHOM_TEST_MCP_PEERS names the folder that `scripts/mcp-peers` has made");
    PathBuf::from(folder)
}

fn checked(path: PathBuf) -> String {
    assert!(path.exists(), "`{}` is missing; run `scripts/mcp-peers`", path.display());
    path.display().to_string()
}

/// The reference server: program and first arguments.
pub fn everything() -> Vec<String> {
    let modules = folder().join("node_modules");
    let script = checked(modules.join("@modelcontextprotocol/server-everything/dist/index.js"));
    vec![checked(modules.join(".bin/node")), script]
}

/// The server in `peer.py`.
pub fn python() -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/remote/peer.py");
    vec![checked(folder().join("py/bin/python")), checked(script)]
}

/// The official conformance suite: program and script.
pub fn suite() -> [String; 2] {
    let modules = folder().join("node_modules");
    [checked(modules.join(".bin/node")), checked(modules.join("@modelcontextprotocol/conformance/dist/index.js"))]
}

/// The command that the suite runs, to which it adds the address of its server.
pub fn suite_client(fathom: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/remote/suite_client.py");
    format!("{} {} {fathom}", checked(folder().join("py/bin/python")), checked(script))
}

/// A server that was started on a port, and ends with the test.
pub struct Running {
    pub url: String,
    pub port: u16,
    child: Child,
}

impl Running {
    pub async fn everything() -> Self {
        let port = free_port();
        let mut words = everything();
        words.push("streamableHttp".to_owned());
        Self::start(&words, port).await
    }

    pub async fn python_at(port: u16) -> Self {
        let mut words = python();
        words.push(port.to_string());
        Self::start(&words, port).await
    }

    async fn start(words: &[String], port: u16) -> Self {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env("PORT", port.to_string());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let running = Self { url: format!("http://127.0.0.1:{port}/mcp"), port, child };
        let deadline = Instant::now() + Duration::from_secs(60);
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(Instant::now() < deadline, "{words:?} does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        running
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Killed already in some tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}
