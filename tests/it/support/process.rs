//! A `fathom serve` process of its own, to be killed and started again on the same data folder.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::Client;

/// What a developer may have set, and no test must see.
pub const AMBIENT: [&str; 9] = [
    "LLM_BASE_URL",
    "LLM_API_KEY",
    "LLM_MODEL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "DATABASE_URL",
    "PGHOST",
    "PGDATABASE",
    "MCP_ENDPOINT",
];

pub struct Server {
    child: Child,
    pub client: Client,
}

pub struct Launch {
    pub data: PathBuf,
    pub env: Vec<(String, String)>,
    pub args: Vec<String>,
}

impl Launch {
    pub fn on(data: &Path) -> Self {
        Self { data: data.to_owned(), env: Vec::new(), args: Vec::new() }
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// With a model server at this address; quick retries, so that failures cost little time.
    pub fn model(self, url: &str) -> Self {
        self.env("LLM_BASE_URL", format!("{url}/v1")).env("LLM_API_KEY", "test-key").env("LLM_MODEL", "mock")
    }

    pub fn spawn(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fathom"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&self.data).args(&self.args);
        for name in AMBIENT {
            command.env_remove(name);
        }
        command.envs(self.env.iter().cloned()).current_dir(&self.data);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.data.join("server.log")).expect("a log");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().expect("the binary starts")
    }

    /// Starts the process and waits until it answers. None where it died before.
    pub async fn try_start(&self) -> Option<Server> {
        let mut child = self.spawn();
        let lock = self.data.join("fathom.lock");
        let pid = format!("pid={} ", child.id());
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let announced = std::fs::read_to_string(&lock).unwrap_or_default();
            if announced.starts_with(&pid)
                && let Some((_, url)) = announced.split_once("url=")
            {
                return Some(Server { child, client: Client::new(url.trim()) });
            }
            if child.try_wait().expect("the process can be asked").is_some() {
                return None;
            }
            assert!(Instant::now() < deadline, "the server did not come up; log: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn start(&self) -> Server {
        match self.try_start().await {
            Some(server) => server,
            None => panic!("the server did not come up; log: {}", self.log()),
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.join("server.log")).unwrap_or_default()
    }
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// As hard as it gets: SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process is gone");
    }

    pub fn has_died(&mut self) -> bool {
        self.child.try_wait().expect("the process can be asked").is_some()
    }

    /// Resident memory in kB.
    pub fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Killed already in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
