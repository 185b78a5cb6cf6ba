//! kill -9: whatever the moment, a run ends as an undisturbed one would, its stream has no gap, and nothing that was journaled is done again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use fathom::domain::crash::CrashPoint;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::support::client::{Client, assert_whole};
use crate::support::model_server::ModelServer;
use crate::support::process::Launch;
use crate::support::shop;

const KILLS: u32 = 100;
const RUNS_AT_ONCE: usize = 4;
const LONG: Duration = Duration::from_secs(60);

/// What a run leaves behind that must not depend on how often the process died.
#[derive(Debug, PartialEq)]
struct Result {
    status: Value,
    reason: Value,
    tasks: Vec<(String, String, String, String)>,
    findings: BTreeMap<String, Value>,
    questions: Vec<Value>,
}

async fn result_of(client: &Client, run: &str) -> Result {
    let events = client.events(run).await;
    assert_whole(&events);
    assert_nothing_was_done_twice(&events);
    let (_, state) = client.get(&format!("/runs/{run}")).await;
    let tasks = client.all(&format!("/runs/{run}/tasks")).await;
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mut findings = BTreeMap::new();
    for finding in client.all(&format!("/runs/{run}/findings")).await {
        let claim = json!([finding["document"], finding["confidence"], finding["status"], finding["tags"], finding["links"]]);
        findings.insert(format!("{}/{}", text(&finding, "kind"), text(&finding, "key")), claim);
    }
    let questions = client.all(&format!("/runs/{run}/questions")).await;
    Result {
        status: state["status"].clone(),
        reason: events.last().expect("a run has a last event")["data"]["reason"].clone(),
        tasks: tasks.iter().map(|task| (text(task, "task"), text(task, "expert"), text(task, "goal"), text(task, "state"))).collect(),
        findings,
        questions: questions.iter().map(|question| question["question_id"].clone()).collect(),
    }
}

/// A thought or a tool call stands in the journal once for each step.
fn assert_nothing_was_done_twice(events: &[Value]) {
    let mut seen = BTreeSet::new();
    for event in events {
        if matches!(event["message"].as_str(), Some("model_answered" | "tool_done" | "task_start" | "task_done")) {
            let data = &event["data"];
            let step = format!("{} {} {}", event["message"], data["task"], data["step"]);
            assert!(seen.insert(step.clone()), "{step} stands twice in the journal");
        }
    }
}

/// Thoughts that stand in the journals of a folder whose process is dead, named as the model server names them.
async fn journaled_thoughts(folder: &Path) -> BTreeSet<String> {
    let options = SqliteConnectOptions::new().filename(folder.join("fathom.db"));
    let Ok(mut connection) = options.connect().await else { return BTreeSet::new() };
    let query = "select r.run_id, e.data from events e join runs r on r.no = e.id >> 32 where e.message = 'model_answered'";
    let rows: Vec<(String, String)> = sqlx::query_as(query).fetch_all(&mut connection).await.expect("the journals can be read");
    connection.close().await.expect("closed");
    let named = rows.into_iter().map(|(run, data)| {
        let data: Value = serde_json::from_str(&data).expect("an event's data is JSON");
        let task = data["task"].as_str().unwrap_or("plan");
        format!("{run}/{task}/{}", data["step"].as_str().unwrap_or_default())
    });
    named.collect()
}

async fn start_runs(client: &Client, folder: &Path, wave: u32) -> Vec<String> {
    let mut runs = Vec::new();
    for number in 0..RUNS_AT_ONCE {
        // Each on a database of its own, so that catalogs can be compared run by run.
        let source = shop::make(folder, &format!("shop-{wave}-{number}.db")).await;
        runs.push(client.start_run(json!({"source": source, "max_iterations": 4, "tasks_per_iter": 2})).await);
    }
    runs
}

async fn undisturbed(model: &ModelServer, launch_env: impl Fn(&Path) -> Launch) -> Result {
    let folder = TempDir::new().expect("a folder");
    let server = launch_env(folder.path()).model(&model.url).start().await;
    let source = shop::make(folder.path(), "shop.db").await;
    let run = server.client.start_run(json!({"source": source, "max_iterations": 4, "tasks_per_iter": 2})).await;
    server.client.wait_for_end(&run, LONG).await;
    result_of(&server.client, &run).await
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_end_the_same_however_often_the_process_is_killed() {
    let model = ModelServer::start(Duration::from_millis(15), 3).await;
    let expected = undisturbed(&model, Launch::on).await;
    assert_eq!(expected.tasks.len(), 6);
    assert!(!expected.findings.is_empty() && !expected.questions.is_empty(), "{expected:?}");

    let folder = TempDir::new().expect("a folder");
    let launch = Launch::on(folder.path()).model(&model.url);
    let mut moments = Moments(0x5eed);
    let (mut kills, mut wave, mut ended) = (0, 0, 0);
    let mut runs: Vec<String> = Vec::new();
    while kills < KILLS || !runs.is_empty() {
        let (known, asked_before) = (journaled_thoughts(folder.path()).await, model.asked());
        let server = launch.start().await;
        if runs.is_empty() {
            wave += 1;
            runs = start_runs(&server.client, folder.path(), wave).await;
        }
        if kills < KILLS {
            tokio::time::sleep(moments.next()).await;
            server.kill();
            kills += 1;
        } else {
            for run in &runs {
                server.client.wait_for_end(run, LONG).await;
            }
            drop(server);
        }
        assert_nothing_journaled_was_asked_again(&known, &asked_before, &model.asked());
        let server = launch.start().await;
        let mut going_on = Vec::new();
        for run in runs {
            let (_, state) = server.client.get(&format!("/runs/{run}")).await;
            if state["status"] == "finished" {
                assert_eq!(result_of(&server.client, &run).await, expected);
                ended += 1;
            } else {
                assert!(matches!(state["status"].as_str(), Some("running" | "waiting")), "{state}");
                going_on.push(run);
            }
        }
        runs = going_on;
        server.kill();
        kills += 1;
    }
    assert!(ended >= RUNS_AT_ONCE, "{ended} runs came to their end in {kills} kills");
    println!("{ended} runs ended as they should in {kills} kills");
}

/// What stood in a journal when a life began was not asked for in it.
fn assert_nothing_journaled_was_asked_again(known: &BTreeSet<String>, before: &HashMap<String, u32>, after: &HashMap<String, u32>) {
    for thought in known {
        assert_eq!(after.get(thought), before.get(thought), "{thought} stood in the journal and was asked for again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_named_crash_point_is_survived() {
    let model = ModelServer::start(Duration::ZERO, 2).await;
    let expected = undisturbed(&model, Launch::on).await;
    for point in CrashPoint::ALL {
        for nth in [1, 3] {
            let folder = TempDir::new().expect("a folder");
            let source = shop::make(folder.path(), "shop.db").await;
            let calm = Launch::on(folder.path()).model(&model.url);
            let mut server =
                Launch::on(folder.path()).model(&model.url).env("FATHOM_CRASH_POINT", format!("{}:{nth}", point.name())).start().await;
            // The process may die in the middle of these calls: a retry with the same key is safe.
            let http = server.client.http().clone();
            let body = json!({"source": source, "max_iterations": 4, "tasks_per_iter": 2});
            let key = format!("{}-{nth}", point.name());
            let post = |url: String, path: &'static str, body: Value, key: String| {
                let http = http.clone();
                async move { http.post(format!("{url}{path}")).header("idempotency-key", key).json(&body).send().await }
            };
            let first = post(server.client.url.clone(), "/runs", body.clone(), key.clone()).await;
            if let Ok(started) = &first
                && started.status().is_success()
                && point == CrashPoint::CommandStored
            {
                speak(&server.client, nth).await;
            }
            let deadline = std::time::Instant::now() + LONG;
            while !server.has_died() {
                let passes_less =
                    nth == 3 && matches!(point, CrashPoint::RunCreated | CrashPoint::BeforeLastEvent | CrashPoint::AfterLastEvent);
                if passes_less && ended(&server.client).await {
                    break;
                }
                assert!(
                    std::time::Instant::now() < deadline,
                    "the process never came to {} for the time {nth}; log: {}",
                    point.name(),
                    calm.log()
                );
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            drop(server);
            let server = calm.start().await;
            let again = post(server.client.url.clone(), "/runs", body, key).await.expect("the server answers");
            assert!(again.status().is_success(), "{}", again.status());
            let run: Value = again.json().await.expect("a run");
            let run = run["run_id"].as_str().expect("a run has an id").to_owned();
            server.client.wait_for_end(&run, LONG).await;
            assert_eq!(server.client.all("/runs").await.len(), 1, "a retry with the same key makes no second run");
            assert_eq!(result_of(&server.client, &run).await, expected, "after {} for the time {nth}", point.name());
        }
    }
}

async fn ended(client: &Client) -> bool {
    let Ok(response) = client.http().get(format!("{}/runs", client.url)).send().await else { return false };
    let page: Value = response.json().await.unwrap_or_default();
    let runs = page["items"].as_array().cloned().unwrap_or_default();
    !runs.is_empty() && runs.iter().all(|run| matches!(run["status"].as_str(), Some("finished" | "failed")))
}

/// Pauses and resumes: commands that change nothing in the end.
async fn speak(client: &Client, times: u32) {
    let (_, page) = client.get("/runs").await;
    let Some(run) = page["items"][0]["run_id"].as_str().map(str::to_owned) else { return };
    for number in 0..times {
        let call = if number % 2 == 0 { "resume" } else { "pause" };
        // The process is meant to die in one of these.
        if client.http().post(format!("{}/runs/{run}/{call}", client.url)).send().await.is_err() {
            return;
        }
    }
}

/// Moments to kill at, from right after the start to late in the runs; the same in every test run.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % 260)
    }
}
