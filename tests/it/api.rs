//! The HTTP API of a running server: a table of what clients get wrong and what they are told, and what they may rely on.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::{Launch, Server};
use crate::support::shop;

const LONG: Duration = Duration::from_secs(60);

struct Scene {
    _folder: TempDir,
    server: Server,
    source: String,
    /// A run that has ended.
    run: String,
}

/// A server and a run of it that has ended, without any model.
async fn scene() -> Scene {
    let folder = TempDir::new().expect("a folder");
    let source = shop::make(folder.path(), "shop.db").await.to_string_lossy().into_owned();
    let server = Launch::on(folder.path()).start().await;
    let run = server.client.start_run(json!({"source": source, "max_iterations": 1})).await;
    server.client.wait_for_end(&run, LONG).await;
    Scene { _folder: folder, server, source, run }
}

/// Method, path (`{run}` is a run that has ended), headers (`Name: value`), body; the status and the problem's code, empty where it is none.
type Call = (&'static str, &'static str, &'static [&'static str], &'static str, u16, &'static str);

const JSON: &[&str] = &["Content-Type: application/json"];
const NONE: &[&str] = &[];
const OTHER: &str = "/runs/run_00000000000000000000000000000000";

const CALLS: &[Call] = &[
    // What is well.
    ("GET", "/healthz", NONE, "", 200, ""),
    ("GET", "/readyz", NONE, "", 200, ""),
    ("GET", "/metrics", NONE, "", 200, ""),
    ("GET", "/openapi.json", NONE, "", 200, ""),
    ("GET", "/docs", NONE, "", 200, ""),
    ("GET", "/errors/run_ended", NONE, "", 200, ""),
    ("GET", "/runs", NONE, "", 200, ""),
    ("GET", "/runs?status=finished&limit=1", NONE, "", 200, ""),
    ("GET", "/runs/{run}", NONE, "", 200, ""),
    ("HEAD", "/runs/{run}", NONE, "", 200, ""),
    ("GET", "/runs/{run}/tasks", NONE, "", 200, ""),
    ("GET", "/runs/{run}/findings", NONE, "", 200, ""),
    ("GET", "/runs/{run}/questions", NONE, "", 200, ""),
    ("GET", "/runs/{run}/report", NONE, "", 200, ""),
    ("GET", "/runs/{run}/report?format=markdown", NONE, "", 200, ""),
    ("GET", "/runs/{run}/events", NONE, "", 200, ""),
    ("GET", "/runs/{run}/events?follow=false", NONE, "", 200, ""),
    ("GET", "/tokens", NONE, "", 200, ""),
    ("GET", "/healthz", &["Origin: http://{host}"], "", 200, ""),
    ("GET", "/healthz", &["Host: localhost"], "", 200, ""),
    // Paths and methods.
    ("GET", "/", NONE, "", 404, "no_such_path"),
    ("GET", "/runs/", NONE, "", 404, "no_such_path"),
    ("GET", "/nowhere", NONE, "", 404, "no_such_path"),
    ("GET", "/errors/nonsense", NONE, "", 404, "no_such_path"),
    ("PUT", "/runs", NONE, "", 405, "method_not_allowed"),
    ("DELETE", "/runs/{run}", NONE, "", 405, "method_not_allowed"),
    ("POST", "/runs/{run}/events", NONE, "", 405, "method_not_allowed"),
    ("OPTIONS", "/runs", NONE, "", 405, "method_not_allowed"),
    // Ids.
    ("GET", "/runs/nonsense", NONE, "", 404, "no_such_run"),
    ("GET", "/runs/%ff", NONE, "", 404, "no_such_path"),
    ("GET", "/runs/..%2f..%2fetc", NONE, "", 404, "no_such_run"),
    ("GET", OTHER, NONE, "", 404, "no_such_run"),
    ("GET", "/runs/run_00000000000000000000000000000000/events", NONE, "", 404, "no_such_run"),
    ("GET", "/runs/run_00000000000000000000000000000000/report", NONE, "", 404, "no_such_run"),
    ("GET", "/runs/run_00000000000000000000000000000000/findings", NONE, "", 404, "no_such_run"),
    ("POST", "/runs/run_00000000000000000000000000000000/cancel", NONE, "", 404, "no_such_run"),
    ("DELETE", "/tokens/nobody", NONE, "", 404, "no_such_token"),
    // Parameters.
    ("GET", "/runs?limit=0", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs?limit=201", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs?limit=many", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs?status=dancing", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs?after=nonsense", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs?colour=red", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs?limit=1&limit=2", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs/{run}/tasks?state=dancing", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs/{run}/tasks?after=nonsense", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs/{run}/findings?after=nonsense", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs/{run}/questions?state=dancing", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs/{run}/report?format=pdf", NONE, "", 400, "invalid_parameter"),
    // Streams.
    ("GET", "/runs/{run}/events?after={last}", NONE, "", 204, ""),
    ("GET", "/runs/{run}/events", &["Last-Event-ID: {last}"], "", 204, ""),
    ("GET", "/runs/{run}/events?after=0", &["Last-Event-ID: {run}:{last}"], "", 204, ""),
    ("GET", "/runs/{run}/events?after=nonsense", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs/{run}/events?after=-1", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs/{run}/events?follow=maybe", NONE, "", 400, "invalid_parameter"),
    ("GET", "/runs/{run}/events", &["Last-Event-ID: 1.5"], "", 400, "invalid_parameter"),
    ("GET", "/runs/{run}/events", &["Last-Event-ID: run_00000000000000000000000000000000:1"], "", 400, "event_of_another_run"),
    ("GET", "/runs/{run}/events?after=999999", NONE, "", 416, "beyond_head"),
    ("GET", "/runs/{run}/events?after=18446744073709551615", NONE, "", 416, "beyond_head"),
    ("GET", "/runs/{run}/events?after=18446744073709551616", NONE, "", 400, "invalid_parameter"),
    // Bodies.
    ("POST", "/runs", JSON, "{", 400, "malformed_json"),
    ("POST", "/runs", JSON, "[]", 400, "malformed_json"),
    ("POST", "/runs", JSON, "\u{feff}{}", 400, "malformed_json"),
    ("POST", "/runs", NONE, "{}", 415, "unsupported_media_type"),
    ("POST", "/runs", &["Content-Type: text/plain"], "{}", 415, "unsupported_media_type"),
    ("POST", "/runs", &["Content-Type: application/json", "Content-Encoding: gzip"], "{}", 415, "unsupported_media_type"),
    ("POST", "/runs", NONE, "", 400, "missing_field"),
    ("POST", "/runs", JSON, r#"{"sauce": "x"}"#, 400, "unknown_field"),
    ("POST", "/runs", JSON, r#"{"source": 7}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": ""}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": "no/such/file.db"}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": "gopher://host/db"}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": "{source}", "max_iterations": 0}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": "{source}", "max_iterations": 101}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": "{source}", "tasks_per_iter": 7}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": "{source}", "tasks_per_iter": "all"}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": "{source}", "model": "oracle"}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": "{source}", "budget": {"usd": -1}}"#, 400, "invalid_field"),
    ("POST", "/runs", JSON, r#"{"source": "{source}", "budget": {"euros": 1}}"#, 400, "unknown_field"),
    ("POST", "/runs", JSON, r#"{"source": "{source}", "intent": "everything"}"#, 400, "invalid_field"),
    ("POST", "/runs", &["Content-Type: application/json", "Idempotency-Key: two words"], "{}", 400, "invalid_parameter"),
    // A run that has ended takes no commands; what is wrong with the request itself is said first.
    ("POST", "/runs/{run}/cancel", NONE, "", 409, "run_ended"),
    ("POST", "/runs/{run}/pause", JSON, "{}", 409, "run_ended"),
    ("POST", "/runs/{run}/cancel", JSON, r#"{"force": true}"#, 400, "unknown_field"),
    ("POST", "/runs/{run}/intent", JSON, "{}", 400, "missing_field"),
    ("POST", "/runs/{run}/intent", JSON, r#"{"goal": "x"}"#, 400, "unknown_field"),
    ("POST", "/runs/{run}/intent", JSON, r#"{"goals": ["x"]}"#, 409, "run_ended"),
    ("POST", "/runs/{run}/questions/q/answer", JSON, "{}", 400, "missing_field"),
    ("POST", "/runs/{run}/questions/q/answer", JSON, r#"{"answer": "a", "option": "b"}"#, 400, "invalid_field"),
    ("POST", "/tokens", JSON, r#"{"name": "a/b"}"#, 400, "invalid_field"),
    ("POST", "/tokens", JSON, "{}", 400, "missing_field"),
    // The gate.
    ("GET", "/healthz", &["Host: evil.example.com"], "", 403, "host_not_allowed"),
    ("GET", "/runs", &["Host: localhost.evil.example.com"], "", 403, "host_not_allowed"),
    ("GET", "/runs", &["Origin: https://evil.example.com"], "", 403, "origin_not_allowed"),
    ("GET", "/runs", &["Origin: null"], "", 403, "origin_not_allowed"),
    ("POST", "/runs/{run}/cancel", &["Origin: https://evil.example.com"], "", 403, "origin_not_allowed"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_call_answers_as_documented() {
    let scene = scene().await;
    let (_, state) = scene.server.client.get(&format!("/runs/{}", scene.run)).await;
    let last = state["last_seq"].to_string();
    let host = scene.server.client.url.trim_start_matches("http://").to_owned();
    let filled =
        |text: &str| text.replace("{run}", &scene.run).replace("{last}", &last).replace("{host}", &host).replace("{source}", &scene.source);
    let mut wrong = Vec::new();
    for (method, path, headers, body, status, code) in CALLS {
        let url = format!("{}{}", scene.server.client.url, filled(path));
        let mut request = scene.server.client.http().request(method.parse().expect("a method"), url).body(filled(body));
        for header in *headers {
            let (name, value) = header.split_once(": ").expect("`Name: value`");
            request = request.header(name, filled(value));
        }
        let response = request.send().await.expect("the server answers");
        let found = judge(response, *method == "HEAD", *status, code).await;
        wrong.extend(found.map(|what| format!("{method} {path} {headers:?} {body}: {what}")));
    }
    assert!(wrong.is_empty(), "{} of {} calls:\n{}", wrong.len(), CALLS.len(), wrong.join("\n"));
}

/// What is not as it was expected.
async fn judge(response: reqwest::Response, without_body: bool, status: u16, code: &str) -> Option<String> {
    let got = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.expect("the answer is read");
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if got != status {
        return Some(format!("{got} instead of {status}: {text}"));
    }
    if header("x-request-id").is_empty() {
        return Some("it has no request id".to_owned());
    }
    if status == 405 && header("allow").is_empty() {
        return Some("it does not say which methods are allowed".to_owned());
    }
    if code.is_empty() || without_body {
        return None;
    }
    if header("content-type") != "application/problem+json" {
        return Some(format!("it is `{}`, not a problem", header("content-type")));
    }
    let problem: Value = serde_json::from_str(&text).expect("a problem is JSON");
    let document = json!([code, status, format!("/errors/{code}")]);
    let told = json!([problem["code"], problem["status"], problem["type"]]);
    (document != told || problem["detail"].as_str().is_none_or(str::is_empty)).then(|| text.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_body_is_refused_declared_or_not() {
    let scene = scene().await;
    let huge = format!(r#"{{"source": "{}"}}"#, "x".repeat(2 << 20));
    let chunks: Vec<Result<String, std::io::Error>> =
        huge.as_bytes().chunks(1 << 16).map(|chunk| Ok(String::from_utf8_lossy(chunk).into())).collect();
    for body in [reqwest::Body::from(huge.clone()), reqwest::Body::wrap_stream(futures::stream::iter(chunks))] {
        let request =
            scene.server.client.http().post(format!("{}/runs", scene.server.client.url)).header("content-type", "application/json");
        // The server may hang up before it has read all of it.
        if let Ok(response) = request.body(body).send().await {
            assert_eq!(judge(response, false, 413, "body_too_large").await, None);
        }
    }
    assert_eq!(scene.server.client.get("/healthz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_a_request_happen_once() {
    let scene = scene().await;
    let client = &scene.server.client;
    let ask = |path: String, key: &'static str, body: Value| async move {
        let request = client.http().post(format!("{}{path}", client.url)).header("idempotency-key", key);
        let response = request.json(&body).send().await.expect("the server answers");
        let replayed = response.headers().contains_key("idempotency-replayed");
        let location = response.headers().get("location").map(|value| value.to_str().expect("text").to_owned());
        (response.status().as_u16(), location, replayed, response.text().await.expect("the answer is read"))
    };
    let body = json!({"source": scene.source, "max_iterations": 1});
    let (status, location, replayed, first) = ask("/runs".into(), "one", body.clone()).await;
    assert_eq!((status, replayed), (201, false), "{first}");
    let run: Value = serde_json::from_str(&first).expect("a run is JSON");
    let path = format!("/runs/{}", run["run_id"].as_str().expect("an id"));
    assert_eq!(location.as_deref(), Some(path.as_str()));
    client.wait_for_end(path.trim_start_matches("/runs/"), LONG).await;
    assert_eq!(ask("/runs".into(), "one", body).await, (201, location, true, first), "the same answer, although the run has ended since");
    let (status, _, _, text) = ask("/runs".into(), "one", json!({"source": scene.source, "max_iterations": 2})).await;
    assert_eq!(status, 422, "{text}");
    assert!(text.contains("key_misused"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_paged_without_gap_or_repetition() {
    let scene = scene().await;
    let client = &scene.server.client;
    for _ in 0..4 {
        client.start_run(json!({"source": scene.source, "max_iterations": 1})).await;
    }
    let mut seen = Vec::new();
    let mut path = "/runs?limit=2".to_owned();
    loop {
        let (status, page) = client.get(&path).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().expect("a list has items");
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|run| run["run_id"].as_str().expect("an id").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/runs?limit=2&after={next}");
    }
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_names_every_call_and_its_errors() {
    let scene = scene().await;
    let (_, document) = scene.server.client.get("/openapi.json").await;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    let paths = document["paths"].as_object().expect("an object");
    for path in [
        "/runs",
        "/runs/{id}",
        "/runs/{id}/events",
        "/runs/{id}/intent",
        "/runs/{id}/questions",
        "/runs/{id}/questions/{qid}/answer",
        "/runs/{id}/cancel",
        "/runs/{id}/pause",
        "/runs/{id}/resume",
        "/runs/{id}/tasks",
        "/runs/{id}/findings",
        "/runs/{id}/report",
        "/events",
    ] {
        assert!(paths.contains_key(path), "{path} is not described");
    }
    for (path, item) in paths {
        for (verb, operation) in item.as_object().expect("an object").iter().filter(|(verb, _)| *verb != "parameters") {
            assert!(operation["responses"]["default"]["content"]["application/problem+json"].is_object(), "{verb} {path} has no errors");
            assert!(operation["summary"].is_string() && operation["operationId"].is_string(), "{verb} {path} says nothing");
        }
    }
    let text = document.to_string();
    for (at, _) in text.match_indices("\"#/components/schemas/") {
        let name = text[at + "\"#/components/schemas/".len()..].split('"').next().expect("a name");
        assert!(document["components"]["schemas"][name].is_object(), "the schema `{name}` is not there");
    }
}

/// A server that other machines can reach, with what it printed.
struct Open {
    child: Child,
    url: String,
    token: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        // Gone already where the test failed in between.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open_server(folder: &TempDir) -> Open {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fathom"));
    command.args(["serve", "--listen", "0.0.0.0:0", "--data"]).arg(folder.path().join("data")).current_dir(folder.path());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut url = String::new();
    for line in lines {
        let line = line.expect("text");
        if let Some((_, rest)) = line.split_once("listens on ") {
            url = rest.split(';').next().expect("a URL").trim().to_owned();
        }
        if line.trim().starts_with("fathom_") {
            return Open { child, url, token: line.trim().to_owned() };
        }
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it is gone");
    panic!("no token was printed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_others_can_reach_wants_its_token() {
    let folder = TempDir::new().expect("a folder");
    let server = tokio::task::block_in_place(|| open_server(&folder));
    let http = crate::support::client::Client::new(&server.url).http().clone();
    let ask = |path: &str, token: Option<&str>| {
        let request = http.get(format!("{}{path}", server.url));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
        .send()
    };
    assert_eq!(ask("/runs", Some(&server.token)).await.expect("an answer").status(), 200);
    for token in [None, Some("fathom_nonsense"), Some(&server.token[..server.token.len() - 1])] {
        let response = ask("/runs", token).await.expect("an answer");
        assert!(response.headers().contains_key("www-authenticate"));
        assert_eq!(judge(response, false, 401, "unauthorized").await, None);
    }
    let in_url = ask(&format!("/runs?token={}", server.token), None).await.expect("an answer");
    assert_eq!(in_url.status(), 400, "a token in a URL is none");
    for path in ["/healthz", "/readyz", "/docs", "/errors/unauthorized"] {
        assert_eq!(ask(path, None).await.expect("an answer").status(), 200, "{path}");
    }
    assert_eq!(ask("/metrics", None).await.expect("an answer").status(), 401);

    let make = http.post(format!("{}/tokens", server.url)).bearer_auth(&server.token).json(&json!({"name": "laptop"}));
    let made: Value = make.send().await.expect("an answer").json().await.expect("JSON");
    let laptop = made["token"].as_str().expect("a token").to_owned();
    assert_eq!(ask("/runs", Some(&laptop)).await.expect("an answer").status(), 200, "a new token is valid at once");
    let listed = ask("/tokens", Some(&laptop)).await.expect("an answer").text().await.expect("text");
    assert!(listed.contains("laptop") && !listed.contains(&laptop), "{listed}");
    let revoke = http.delete(format!("{}/tokens/laptop", server.url)).bearer_auth(&server.token);
    assert_eq!(revoke.send().await.expect("an answer").status(), 204);
    assert_eq!(ask("/runs", Some(&laptop)).await.expect("an answer").status(), 401, "a revoked token is refused at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_what_event_sources_expect() {
    let scene = scene().await;
    let client = &scene.server.client;
    let response = client.http().get(format!("{}/runs/{}/events", client.url, scene.run)).send().await.expect("an answer");
    for (name, value) in [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert_eq!(response.headers()[name], value);
    }
    let text = response.text().await.expect("it ends by itself");
    assert!(text.contains("retry: ") && !text.contains("event: "), "{}", &text[..text.len().min(300)]);
    let after = client.events_after(&scene.run, 3, true).await;
    assert_eq!(after.first().map(|event| event["seq"].clone()), Some(json!(4)));
}
