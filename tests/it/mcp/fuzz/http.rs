//! Nonsense by HTTP: no answer says that the server broke, and none is waited for in vain.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{HANGS_AFTER, made, nasty};
use crate::support::process::Server;

const REVISION: &str = "mcp-protocol-version";
const SESSION: &str = "mcp-session-id";
const DRAWN: usize = 300;
/// The size of a body that the server takes.
const TAKEN: usize = 1024 * 1024;

struct Scene {
    _folder: TempDir,
    server: Server,
    session: String,
}

impl Scene {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let server = crate::mcp::server(folder.path(), false).await;
        let mut scene = Self { _folder: folder, server, session: String::new() };
        scene.session = scene.begin().await;
        scene
    }

    fn request(&self, path: &str) -> RequestBuilder {
        let request = self.server.client.http().post(format!("{}{path}", self.server.client.url));
        request.header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json, text/event-stream")
    }

    fn modern(&self, body: &[u8]) -> RequestBuilder {
        let mut request = self.request("/mcp").header(REVISION, "2026-07-28");
        let message: Value = serde_json::from_slice(body).unwrap_or_default();
        for (header, said) in
            [("mcp-method", &message["method"]), ("mcp-name", &message["params"]["name"]), ("mcp-name", &message["params"]["uri"])]
        {
            if let Some(value) = said.as_str().and_then(|text| HeaderValue::from_str(text).ok()) {
                request = request.header(header, value);
            }
        }
        request.body(body.to_vec())
    }

    fn legacy(&self, body: &[u8]) -> RequestBuilder {
        self.request("/mcp").header(REVISION, "2025-11-25").header(SESSION, &self.session).body(body.to_vec())
    }

    /// A session of the older revision.
    async fn begin(&self) -> String {
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
            {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "peer", "version": "1"}}});
        let answered = self.request("/mcp").json(&hello).send().await.expect("the server answers");
        let session = answered.headers().get(SESSION).expect("a session").to_str().unwrap().to_owned();
        let said = self.request("/mcp").header(REVISION, "2025-11-25").header(SESSION, &session);
        let said = said.json(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).send().await.expect("the server answers");
        assert_eq!(said.status().as_u16(), 202);
        session
    }

    /// Both eras are served as if nothing had been.
    async fn is_well(&self, after: &[u8]) {
        let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
        let discover = json!({"jsonrpc": "2.0", "id": "well", "method": "server/discover", "params": {"_meta": meta}}).to_string();
        let (status, text) = answer(self.modern(discover.as_bytes()), after).await;
        assert!(status == 200 && text.contains("supportedVersions"), "after {}: {status} {text}", shown(after));
        let ping = json!({"jsonrpc": "2.0", "id": "well", "method": "ping"}).to_string();
        let (status, text) = answer(self.legacy(ping.as_bytes()), after).await;
        assert!(status == 200 && text.contains("\"result\":{}"), "after {}: {status} {text}", shown(after));
    }
}

/// The whole answer; a stream of events ends with it.
async fn answer(request: RequestBuilder, body: &[u8]) -> (u16, String) {
    let whole = async {
        let response = match request.send().await {
            Ok(response) => response,
            // The server hangs up on who goes on sending what it has refused; who still writes may not see why.
            Err(_) if body.len() > TAKEN => return (413, String::new()),
            Err(error) => panic!("{}: {error}", shown(body)),
        };
        let status = response.status().as_u16();
        (status, response.text().await.unwrap_or_default())
    };
    let (status, text) = tokio::time::timeout(HANGS_AFTER, whole).await.unwrap_or_else(|_| panic!("no answer to {}", shown(body)));
    assert!(status < 500, "{status} to {}: {text}", shown(body));
    (status, text)
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    format!("`{}` ({} bytes)", text.chars().take(300).collect::<String>(), bytes.len())
}

async fn withstands(bodies: Vec<Vec<u8>>) {
    let scene = Scene::new().await;
    for (number, body) in bodies.iter().enumerate() {
        answer(scene.modern(body), body).await;
        answer(scene.legacy(body), body).await;
        answer(scene.request("/mcp").body(body.clone()), body).await;
        answer(scene.request("/mcp/query").body(body.clone()), body).await;
        if number % 10 == 0 {
            scene.is_well(body).await;
        }
    }
    scene.is_well(b"all of it").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nasty_messages_are_answered() {
    withstands(nasty::bodies()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drawn_messages_are_answered() {
    withstands(made::bodies(DRAWN)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_told_apart() {
    let scene = Scene::new().await;
    for (body, status, code) in [
        ("{", 400, -32700),
        ("", 400, -32700),
        ("[]", 400, -32600),
        ("7", 400, -32600),
        (r#"{"jsonrpc":"1.0","id":5,"method":"ping"}"#, 400, -32600),
        (&format!("\"{}", "x".repeat(TAKEN)), 413, -32600),
    ] {
        for request in [scene.modern(body.as_bytes()), scene.legacy(body.as_bytes())] {
            let response = request.send().await.expect("the server answers");
            let (got, text) = (response.status().as_u16(), response.text().await.expect("a text"));
            let error: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{got} {text}"));
            assert_eq!((got, error["error"]["code"].as_i64()), (status, Some(code)), "{}: {text}", shown(body.as_bytes()));
            assert_eq!(error.get("id").and_then(Value::as_i64), body.contains("\"id\":5").then_some(5), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_once() {
    let scene = Scene::new().await;
    let end = || scene.server.client.http().delete(format!("{}/mcp", scene.server.client.url)).header(SESSION, &scene.session);
    assert_eq!(answer(end().header(REVISION, "2025-11-25"), b"").await, (204, String::new()));
    assert_eq!(answer(end().header(REVISION, "2025-11-25"), b"").await.0, 404);
    let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(answer(scene.legacy(ping), ping).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_headers_are_refused_and_forgotten() {
    let scene = Scene::new().await;
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"catalog_search","arguments":{"query":"orders"}}}"#;
    let long = "x".repeat(5_000);
    let wrong: [(&str, &[u8]); 26] = [
        ("accept", b"text/html"),
        ("accept", b";;;,,,q=\xff"),
        ("content-type", b"text/plain"),
        ("content-type", b"application/json; charset=utf-16"),
        ("content-encoding", b"gzip"),
        ("mcp-protocol-version", b"banana"),
        ("mcp-protocol-version", b"2099-01-01"),
        ("mcp-protocol-version", b"1999-01-01"),
        ("mcp-protocol-version", b"\xff\xfe"),
        ("mcp-protocol-version", b""),
        ("mcp-method", b"tools/list"),
        ("mcp-method", b"\xff"),
        ("mcp-name", b"=?base64?!!!?="),
        ("mcp-name", b"=?base64?/w==?="),
        ("mcp-name", b"other"),
        ("mcp-session-id", b"nobody"),
        ("mcp-session-id", b"\xff"),
        ("mcp-session-id", b"../../etc"),
        ("mcp-session-id", long.as_bytes()),
        ("last-event-id", b"nonsense/\xff"),
        ("origin", b"null"),
        ("origin", b"http://evil.example"),
        ("host", b"evil.example"),
        ("authorization", b"Bearer nonsense"),
        ("x-request-id", b"\xff"),
        ("mcp-param-value", b"=?base64?"),
    ];
    for (name, value) in wrong {
        let header = (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap());
        for request in [scene.modern(body), scene.legacy(body)] {
            let mut request = request.build().expect("a request");
            request.headers_mut().insert(header.0.clone(), header.1.clone());
            let sent = tokio::time::timeout(HANGS_AFTER, scene.server.client.http().execute(request)).await;
            let response = sent.unwrap_or_else(|_| panic!("no answer with {name}: {value:?}")).expect("the server answers");
            assert!(response.status().as_u16() < 500, "{} with {name}: {value:?}", response.status());
        }
    }
    for method in ["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "TRACE", "NONSENSE"] {
        for path in ["/mcp", "/mcp/", "/mcp/query", "/mcp?tools=nonsense", "/mcp?tools=%ff"] {
            for session in [None, Some("nobody"), Some("\u{7f}")] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let mut request = scene.server.client.http().request(method.clone(), format!("{}{path}", scene.server.client.url));
                if let Some(session) = session.and_then(|session| HeaderValue::from_str(session).ok()) {
                    request = request.header(SESSION, session).header(ACCEPT, "text/event-stream").header("last-event-id", "0/0/0");
                }
                let sent = tokio::time::timeout(HANGS_AFTER, request.send()).await;
                let status = sent.unwrap_or_else(|_| panic!("no answer to {method} {path}")).expect("the server answers").status();
                assert!(status.as_u16() < 500, "{status} to {method} {path}");
            }
        }
    }
    let (status, _) = answer(scene.request("/mcp?tools=nonsense").body(body.to_vec()), body).await;
    assert!(status < 500);
    scene.is_well(b"wrong headers").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_body_holds_nothing_up() {
    let scene = Scene::new().await;
    let address = scene.server.client.url.trim_start_matches("http://").to_owned();
    let half = format!(
        "POST /mcp HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\ncontent-length: 5000\r\n\r\n{{\"jsonrpc\":\"2.0\","
    );
    let open = |text: &str| {
        let mut stream = TcpStream::connect(&address).expect("the server accepts");
        stream.write_all(text.as_bytes()).expect("the server listens");
        stream
    };
    // These say nothing more while the others are served.
    let silent: Vec<TcpStream> = (0..20).map(|_| open(&half)).collect();
    scene.is_well(b"halves that wait").await;
    let gone = open(&half);
    gone.shutdown(std::net::Shutdown::Write).expect("the half can be ended");
    gone.set_read_timeout(Some(HANGS_AFTER)).expect("a time");
    let mut told = String::new();
    let read = (&gone).read_to_string(&mut told);
    assert!(read.is_ok() && (told.is_empty() || told.starts_with("HTTP/1.1 4")), "{read:?}: {told}");
    let chunked = half.replace("content-length: 5000", "transfer-encoding: chunked").replace("\r\n\r\n{", "\r\n\r\nzz\r\n{");
    let broken = open(&chunked);
    broken.set_read_timeout(Some(Duration::from_secs(5))).expect("a time");
    let mut told = [0; 12];
    if (&broken).read_exact(&mut told).is_ok() {
        assert!(told.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&told));
    }
    drop(silent);
    scene.is_well(b"halves").await;
}
