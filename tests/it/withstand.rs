//! What a running server withstands: bad models, full disks, clients that go away, a second process.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::client::assert_whole;
use crate::support::model_server::{ModelServer, Spoiled};
use crate::support::process::{Launch, Server};
use crate::support::shop;

const LONG: Duration = Duration::from_secs(60);

struct Scene {
    folder: TempDir,
    server: Server,
    model: ModelServer,
    source: String,
}

async fn scene(latency: Duration, plans: u64) -> Scene {
    let folder = TempDir::new().expect("a folder");
    let model = ModelServer::start(latency, plans).await;
    let source = shop::make(folder.path(), "shop.db").await.to_string_lossy().into_owned();
    let server = Launch::on(folder.path())
        .model(&model.url)
        .env("FATHOM_MODEL__RETRY_BASE_MS", "5")
        .env("FATHOM_ENGINE__RETRY_BASE_MS", "5")
        .start()
        .await;
    Scene { folder, server, model, source }
}

impl Scene {
    /// One task at a time, so that the model is asked in a known order.
    async fn run(&self) -> (Value, Vec<Value>) {
        let run = self.server.client.start_run(json!({"source": self.source, "max_iterations": 2, "tasks_per_iter": 1})).await;
        let state = self.server.client.wait_for_end(&run, LONG).await;
        let events = self.server.client.events(&run).await;
        assert_whole(&events);
        (state, events)
    }
}

fn messages<'a>(events: &'a [Value], message: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["message"] == message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_well_although_its_model_server_does_everything_wrong_once() {
    let scene = scene(Duration::ZERO, 2).await;
    let status = |code: u16, body: &str| Spoiled::Status(code, Vec::new(), body.to_owned());
    scene.model.spoil([
        Spoiled::Status(429, vec![("retry-after", "1".to_owned())], r#"{"error":{"message":"slow down"}}"#.to_owned()),
        status(500, "<html>oops</html>"),
        Spoiled::Around("Sure! Here you are:\n".to_owned(), "\nAnything else?".to_owned()),
        Spoiled::Around("```json\n".to_owned(), "\n```".to_owned()),
        Spoiled::Around("<think>hm { not json".to_owned() + "</think>", String::new()),
        Spoiled::Content(r#"{"tasks":"none","tool_calls":42,"catalog_writes":{"kind":7}}"#.to_owned()),
        Spoiled::Content(String::new()),
        status(200, r#"{"error":{"message":"upstream overloaded","code":503}}"#),
        status(503, ""),
    ]);
    let (state, events) = scene.run().await;
    assert_eq!(scene.model.spoiled_left(), 0, "all of it was met");
    assert_eq!(state["status"], "finished", "{events:#?}");
    assert_eq!(state["tasks_failed"], 0);
    assert_eq!(state["tasks_done"], 2, "{events:#?}");
    assert_eq!(messages(&events, "plan_failed").len(), 1, "what could not be mended was asked for again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_must_not_call_comes_back_to_it_and_the_run_goes_on() {
    let scene = scene(Duration::ZERO, 1).await;
    let plan = json!({"tasks": [{"expert": "semantic", "goal": "look", "schema": "main", "table": "orders", "priority": 0.9}]});
    let calls = json!({"tool_calls": [
        {"name": "drop_everything", "args": {}},
        {"name": "run_sql_readonly", "args": {"sql": "select 1"}},
        {"name": "sample_rows", "args": {"schema": "main", "table": "orders", "limit": 5000}}], "notes": ""});
    scene.model.spoil([Spoiled::Content(plan.to_string()), Spoiled::Content(calls.to_string())]);
    let (state, events) = scene.run().await;
    assert_eq!(state["status"], "finished");
    let refused: Vec<String> = messages(&events, "tool_refused").iter().map(|event| event["data"]["reason"].to_string()).collect();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(
        refused[0].contains("drop_everything") && refused[0].contains("sample_rows"),
        "names what is wrong and what is valid: {refused:?}"
    );
    assert_eq!(messages(&events, "tool_done").len(), 1, "the model had one more round to mend its calls");
    assert_eq!(state["tasks_done"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_stays_unusable_fails_its_task_with_the_text_kept_and_never_the_run() {
    let scene = scene(Duration::ZERO, 1).await;
    let plan = json!({"tasks": [{"expert": "semantic", "goal": "look", "schema": "main", "table": "orders", "priority": 0.9}]});
    let garbage = || Spoiled::Content("I would rather write a poem.".to_owned());
    scene.model.spoil([Spoiled::Content(plan.to_string())].into_iter().chain(std::iter::repeat_with(garbage).take(12)));
    let run = scene.server.client.start_run(json!({"source": scene.source, "max_iterations": 1, "tasks_per_iter": 1})).await;
    let state = scene.server.client.wait_for_end(&run, LONG).await;
    let events = scene.server.client.events(&run).await;
    assert_eq!(state["status"], "finished", "{events:#?}");
    assert_eq!(state["tasks_failed"], 1);
    let failures = messages(&events, "task_failed");
    assert!(failures.len() >= 2, "it was tried again");
    assert!(failures.iter().any(|event| event["data"]["raw"].as_str().is_some_and(|raw| raw.contains("poem"))), "{failures:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_answers_changes_the_intent_pauses_and_resumes() {
    let scene = scene(Duration::from_millis(60), 3).await;
    let client = &scene.server.client;
    let run = client.start_run(json!({"source": scene.source, "max_iterations": 6, "tasks_per_iter": 2})).await;
    client.wait_until(&run, LONG, |state| state["questions_open"] == 1).await;
    let answer = format!("/runs/{run}/questions/audience/answer");
    let (status, problem) = client.post(&answer, json!({"option": "nobody"})).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("no_such_option")), "{problem}");
    let (status, _) = client.post(&answer, json!({"option": "support"})).await;
    assert_eq!(status, 200);
    let (status, problem) = client.post(&answer, json!({"answer": "dev"})).await;
    assert_eq!((status, &problem["first"]), (409, &json!({"option": "support"})), "{problem}");
    let (status, _) = client.post(&format!("/runs/{run}/intent"), json!({"goals": ["find late orders"]})).await;
    assert!(status < 300);
    let (status, _) = client.post(&format!("/runs/{run}/pause"), json!({})).await;
    assert!(status < 300);
    client.wait_until(&run, LONG, |state| state["status"] == "paused" && state["tasks_running"] == 0).await;
    let (status, _) = client.post(&format!("/runs/{run}/resume"), json!({})).await;
    assert!(status < 300);
    let state = client.wait_for_end(&run, LONG).await;
    assert_eq!(state["status"], "finished");
    let events = client.events(&run).await;
    assert_whole(&events);
    let order: Vec<&str> = events.iter().filter_map(|event| event["message"].as_str()).collect();
    for message in ["question_asked", "question_answered", "intent_changed", "paused", "resumed"] {
        assert!(order.contains(&message), "{message} is missing in {order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_ends_soon_although_its_model_does_not_answer() {
    let scene = scene(Duration::from_secs(300), 3).await;
    let client = &scene.server.client;
    let run = client.start_run(json!({"source": scene.source})).await;
    client.wait_until(&run, LONG, |state| state["phase"] == "planning").await;
    let (status, _) = client.post(&format!("/runs/{run}/cancel"), json!({})).await;
    assert!(status < 300);
    let state = client.wait_for_end(&run, Duration::from_secs(5)).await;
    assert_eq!(state["status"], "cancelled");
    let (status, problem) = client.post(&format!("/runs/{run}/intent"), json!({"goals": ["too late"]})).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("run_ended")), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_ends_a_run_and_says_what_was_left() {
    let scene = scene(Duration::ZERO, 5).await;
    let client = &scene.server.client;
    let run = client.start_run(json!({"source": scene.source, "budget": {"tool_calls": 2}})).await;
    let state = client.wait_for_end(&run, LONG).await;
    assert_eq!(state["status"], "finished");
    let events = client.events(&run).await;
    assert_eq!(events.last().map(|event| &event["data"]["reason"]), Some(&json!({"budget": "tool_calls"})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_in_the_middle_of_a_call_leaves_it_done_wholly_or_not_at_all() {
    let scene = scene(Duration::from_millis(30), 2).await;
    let client = &scene.server.client;
    let address = client.url.trim_start_matches("http://").to_owned();
    for number in 0..30 {
        let body = json!({"source": scene.source, "max_iterations": 1}).to_string();
        let head = format!(
            "POST /runs HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nIdempotency-Key: key-{number}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let whole = head + &body;
        // Cut somewhere in the request, or right after it without waiting for the answer.
        let sent = if number % 3 == 0 { whole.len() } else { whole.len() * (number % 30) / 30 };
        let mut stream = TcpStream::connect(&address).expect("the server accepts");
        stream.write_all(&whole.as_bytes()[..sent]).expect("sent");
        drop(stream);
    }
    let mut ids = std::collections::BTreeSet::new();
    for number in 0..30 {
        let request = client.http().post(format!("{}/runs", client.url)).header("idempotency-key", format!("key-{number}"));
        let again = request.json(&json!({"source": scene.source, "max_iterations": 1})).send().await.expect("the server answers");
        assert!(again.status().is_success(), "{}", again.status());
        let run: Value = again.json().await.expect("a run");
        ids.insert(run["run_id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(ids.len(), 30);
    assert_eq!(client.all("/runs").await.len(), 30, "each key made one run, whether its first client stayed or not");
    for run in ids {
        assert_eq!(client.wait_for_end(&run, LONG).await["status"], "finished");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_a_data_folder_refuses_and_names_the_first() {
    let scene = scene(Duration::ZERO, 1).await;
    let second = Launch::on(scene.folder.path());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fathom"));
    let refused =
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&second.data).stdin(Stdio::null()).output().expect("it runs");
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains(&scene.server.pid().to_string()) && text.contains(&scene.server.client.url), "{text}");
    let (status, _) = scene.server.client.get("/healthz").await;
    assert_eq!(status, 200, "the first is not disturbed");
}

#[test]
fn a_data_folder_that_cannot_be_one_is_a_clear_error() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("taken");
    std::fs::write(&file, "not a folder").expect("written");
    let broken = folder.path().join("broken");
    std::fs::create_dir(&broken).expect("made");
    std::fs::write(broken.join("fathom.db"), "this is no database, however long one looks at it ".repeat(100)).expect("written");
    for path in [&file, &broken] {
        let refused = serve_once(path);
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains(&path.display().to_string()), "names the folder: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

fn serve_once(data: &Path) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fathom"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).stdin(Stdio::null()).output().expect("it runs")
}
