//! What calls of assistants cost: the processor's time of a whole server a call of a trivial tool and a list of tools, by 16 connections,
//! in each form that is spoken, and the memory of many sessions.
//!
//! `cargo bench --bench assistants`. The server is a process of its own, so the client's cost is not in the figures.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 16;
const CALLS: usize = 1_000;
const WARMING: usize = 50;
const SESSIONS: usize = 500;
const TOOL: &str = "list_targets";
/// Clock ticks of `/proc/PID/stat`, as every Linux has them.
const TICKS_A_SECOND: f64 = 100.0;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The newest revision, without sessions.
    Newest,
    /// The one before it, a session a connection.
    Sessions,
    /// JSON-RPC and nothing else.
    Plain,
}

struct Server {
    process: Child,
    port: u16,
}

struct Client {
    stream: TcpStream,
    form: Form,
    session: String,
    port: u16,
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path()).await;
    println!("{:10} {:12} {:>12} {:>10} {:>10}", "form", "asked", "CPU a call", "p50", "p99");
    for (form, name) in [(Form::Newest, "2026-07-28"), (Form::Sessions, "2025-11-25"), (Form::Plain, "plain")] {
        for method in ["tools/call", "tools/list"] {
            if form == Form::Plain && method == "tools/list" {
                continue;
            }
            let mut clients = join_all((0..CONNECTIONS).map(|_| Client::connect(server.port, form))).await;
            join_all(clients.iter_mut().map(|client| client.ask_often(method, WARMING))).await;
            let before = server.processor_ms();
            let mut times: Vec<Duration> =
                join_all(clients.iter_mut().map(|client| client.ask_often(method, CALLS))).await.into_iter().flatten().collect();
            let spent = (server.processor_ms() - before) / (CONNECTIONS * CALLS) as f64;
            times.sort();
            let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
            println!("{name:10} {method:12} {spent:>9.4} ms {:>7.2} ms {:>7.2} ms", at(50), at(99));
        }
    }
    let before = server.resident_kb();
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(Client::connect(server.port, Form::Sessions).await);
    }
    let opened = server.resident_kb();
    join_all(sessions.iter_mut().map(|session| session.ask_often("tools/call", 10))).await;
    let used = server.resident_kb();
    println!("{SESSIONS} sessions: {} KB each, {} MB in all after ten calls each", opened.saturating_sub(before) / SESSIONS, used / 1_024);
}

impl Server {
    async fn start(folder: &Path) -> Self {
        // Any port that is free; it may be taken in between, which the wait below would tell.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let database = folder.join("small.db");
        let options = SqliteConnectOptions::new().filename(&database).create_if_missing(true);
        let mut connection = options.connect().await.expect("a database can be made");
        sqlx::raw_sql("create table things (id integer primary key, name text)")
            .execute(&mut connection)
            .await
            .expect("a table can be made");
        connection.close().await.expect("the database is closed");
        let process = Command::new(env!("CARGO_BIN_EXE_fathom"))
            .args(["serve", "--log", "warn", "--listen", &format!("127.0.0.1:{port}"), "--source"])
            .arg(&database)
            .arg("--data")
            .arg(folder.join("data"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the server starts");
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "the server does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { process, port }
    }

    /// Of all its threads, in the kernel too.
    fn processor_ms(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("the server lives");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("a name in parentheses").split_whitespace().collect();
        let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().expect("ticks are a number")).sum();
        ticks / TICKS_A_SECOND * 1e3
    }

    fn resident_kb(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("the server lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process has memory");
        line.trim().trim_end_matches(" kB").parse().expect("kilobytes are a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Client {
    async fn connect(port: u16, form: Form) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket has that option");
        let mut client = Self { stream, form, session: String::new(), port };
        if form == Form::Sessions {
            let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}});
            let (head, _) = client.post(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}), "").await;
            client.session = head.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).expect("a session").to_owned();
            client.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), &client.headers("")).await;
        }
        client
    }

    async fn ask_often(&mut self, method: &str, times: usize) -> Vec<Duration> {
        let mut params = if method == "tools/call" { json!({"name": TOOL, "arguments": {}}) } else { json!({}) };
        if self.form == Form::Newest {
            params["_meta"] =
                json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
        }
        let headers = self.headers(method);
        let mut took = Vec::with_capacity(times);
        for id in 1..=times {
            let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
            let began = Instant::now();
            let (head, answer) = self.post(&body, &headers).await;
            took.push(began.elapsed());
            let is_done = answer.contains("\"result\"") && !answer.contains("\"isError\":true");
            assert!(head.starts_with("HTTP/1.1 200") && is_done, "{head}{answer}");
        }
        took
    }

    fn headers(&self, method: &str) -> String {
        match self.form {
            Form::Newest if method == "tools/call" => {
                format!("mcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\nmcp-name: {TOOL}\r\n")
            }
            Form::Newest => format!("mcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\n"),
            Form::Sessions => format!("mcp-protocol-version: 2025-11-25\r\nmcp-session-id: {}\r\n", self.session),
            Form::Plain => String::new(),
        }
    }

    /// The head of the answer, in small letters but for its first line, and its body.
    async fn post(&mut self, body: &Value, headers: &str) -> (String, String) {
        let (path, body) = (if self.form == Form::Plain { "/mcp/query" } else { "/mcp" }, body.to_string());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n{headers}content-length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.expect("the server hears");
        let mut heard = Vec::new();
        loop {
            let mut chunk = [0_u8; 16_384];
            let count = self.stream.read(&mut chunk).await.expect("the server answers");
            assert!(count > 0, "the server has gone");
            heard.extend_from_slice(&chunk[..count]);
            if let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&heard[..end]).into_owned();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|length| length.parse::<usize>());
                let is_whole = match length {
                    Some(length) => heard.len() >= end + 4 + length.expect("a length is a number"),
                    // In pieces, the last of which is empty; and what has no body says so by its status.
                    None => heard.ends_with(b"0\r\n\r\n") || !head.contains("transfer-encoding"),
                };
                if is_whole {
                    return (head, String::from_utf8_lossy(&heard[end + 4..]).into_owned());
                }
            }
        }
    }
}
