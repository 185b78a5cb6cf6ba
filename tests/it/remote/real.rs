//! Servers that others have written, over HTTP and over standard input and output.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fathom::mcp::client::{Acceptance, Error, Heard, RemoteServer, ServerSettings, State};
use fathom::source::remote::Form;
use fathom::tools::Effect;
use serde_json::{Value, json};

use super::kit::{self, Running};
use super::{Scene, args, at, quick};

fn command(words: &[String], more: &[&str]) -> ServerSettings {
    let rest = words[1..].iter().cloned().chain(more.iter().map(|word| (*word).to_owned()));
    ServerSettings { command: Some(words[0].clone()), args: rest.collect(), trusted: true, ..ServerSettings::default() }
}

async fn hears_everything(server: &RemoteServer, spoken: &str) {
    assert_eq!(server.state().await, State::Up { spoken: spoken.to_owned() });
    let tools = server.tools().await.unwrap().unwrap();
    let of = |name: &str| tools.iter().find(|tool| tool.name == name).unwrap_or_else(|| panic!("no `{name}` among {tools:?}"));
    assert!(tools.len() >= 8 && tools.iter().all(|tool| tool.acceptance == Acceptance::Accepted && tool.hash.len() == 64), "{tools:?}");
    assert_eq!((of("echo").effect, of("toggle-simulated-logging").effect), (Effect::Read, Effect::Mutate));
    assert_eq!(of("echo").args["properties"]["message"]["type"], "string");

    let reply = server.call("echo", &args(json!({"message": "grüße"})), None).await.unwrap();
    assert!(reply.text().contains("grüße") && !reply.is_error, "{reply:?}");
    let reply = server.call("get-structured-content", &args(json!({"location": "Chicago"})), None).await.unwrap();
    assert!(reply.structured.as_ref().is_some_and(|value| value["temperature"].is_number()), "{reply:?}");
    let reply = server.call("get-sum", &args(json!({"a": "x"})), None).await;
    assert!(reply.as_ref().map_or_else(|error| error.to_string().contains("nvalid"), |reply| reply.is_error), "{reply:?}");
    let error = server.call("no-such-tool", &args(json!({})), None).await.unwrap_err();
    assert!(matches!(&error, Error::NoSuchTool { known, .. } if known.contains("echo")), "{error}");

    let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
    let writing = heard.clone();
    let hear = move |one: Heard| writing.lock().unwrap().push(one);
    let reply = server.call("trigger-long-running-operation", &args(json!({"duration": 0.6, "steps": 3})), Some(&hear)).await.unwrap();
    assert!(reply.text().contains("completed"), "{reply:?}");
    let steps: Vec<(f64, Option<f64>)> = heard.lock().unwrap().iter().map(|heard| (heard.done, heard.total)).collect();
    assert_eq!(steps, [(1.0, Some(3.0)), (2.0, Some(3.0)), (3.0, Some(3.0))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_server_is_spoken_with_over_http() {
    let running = Running::everything().await;
    let scene = Scene::of(at(&running.url, Form::Auto)).await;
    hears_everything(&scene.hub(), "MCP 2025-11-25").await;
    assert_eq!(scene.servers.unanswered().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_server_is_spoken_with_as_a_process_that_knows_none_of_our_secrets() {
    let mut server = command(&kit::everything(), &["stdio"]);
    server.env.insert("OF_ITS_OWN".to_owned(), fathom::model::ApiKey::new("given"));
    let mut settings = quick();
    settings.servers.insert("hub".to_owned(), server);
    settings.around = BTreeMap::from([("PATH".to_owned(), "/usr/bin".to_owned())]);
    let scene = Scene::new(settings).await;
    hears_everything(&scene.hub(), "MCP 2025-11-25").await;
    let reply = scene.hub().call("get-env", &args(json!({})), None).await.unwrap();
    let names: Vec<String> = serde_json::from_str::<Value>(&reply.text()).unwrap().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["OF_ITS_OWN", "PATH"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_says_why() {
    let server = command(&[kit::python()[0].clone()], &["-c", "import sys; sys.exit('no such licence')"]);
    let scene = Scene::of(server).await;
    let State::Down { reason } = scene.hub().state().await else { panic!("it cannot be up") };
    assert!(reason.contains("no such licence"), "{reason}");
    let missing = Scene::of(command(&["/no/such/program".to_owned()], &[])).await;
    let State::Down { reason } = missing.hub().state().await else { panic!("it cannot be up") };
    assert!(reason.contains("`/no/such/program` cannot be started"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_in_the_middle_of_a_call_leaves_it_on_record_and_is_started_again() {
    let scene = Scene::of(command(&kit::python(), &[])).await;
    let hub = scene.hub();
    let error = hub.call("vanish", &args(json!({})), None).await.unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
    assert_eq!(scene.servers.unanswered().await.unwrap().len(), 1);
    let reply = hub.call("add", &args(json!({"a": 1, "b": 2})), None).await.unwrap();
    assert_eq!(reply.structured.unwrap()["sum"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_waits_for_is_cancelled_at_the_server() {
    let running = Running::python_at(kit::free_port()).await;
    for server in [at(&running.url, Form::Auto), command(&kit::python(), &[])] {
        let scene = Scene::of(server).await;
        let hub = scene.hub();
        assert_eq!(hub.state().await, State::Up { spoken: "MCP 2026-07-28".to_owned() });
        let count =
            || async { hub.call("cancellations", &args(json!({})), None).await.unwrap().structured.unwrap()["count"].as_u64().unwrap() };
        let before = count().await;
        let slow = args(json!({"steps": 100}));
        let given_up = tokio::time::timeout(Duration::from_millis(500), hub.call("slow", &slow, None)).await;
        assert!(given_up.is_err(), "{given_up:?}");
        let deadline = Instant::now() + Duration::from_secs(10);
        while count().await == before {
            assert!(Instant::now() < deadline, "the server still works for nobody");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_is_used_again_when_it_is_back() {
    let mut running = Running::python_at(kit::free_port()).await;
    let scene = Scene::of(at(&running.url, Form::Auto)).await;
    let hub = scene.hub();
    let add = args(json!({"a": 1, "b": 2}));
    let sum = async || hub.call("add", &add, None).await.map(|reply| reply.structured.unwrap_or_default()["sum"].clone());
    assert_eq!(sum().await.unwrap(), 3);
    running.kill();
    let error = sum().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    let _again = Running::python_at(running.port).await;
    assert_eq!(sum().await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_that_a_server_changes_are_looked_at_again_and_not_called_until_accepted() {
    let running = Running::python_at(kit::free_port()).await;
    let scene = Scene::of(at(&running.url, Form::Auto)).await;
    let hub = scene.hub();
    let greet = args(json!({"name": "Ada"}));
    assert_eq!(hub.call("greet", &greet, None).await.unwrap().text(), "hello Ada");
    hub.call("redefine", &args(json!({})), None).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let error = loop {
        match hub.call("greet", &greet, None).await {
            Err(error) => break error,
            Ok(_) => assert!(Instant::now() < deadline, "the change is not heard of"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(matches!(error, Error::Changed { .. }) && error.to_string().contains("fathom mcp accept hub greet"), "{error}");
    assert!(hub.tools().await.unwrap().unwrap().iter().any(|tool| tool.name == "fresh"));
    assert_eq!(hub.accept(Some("greet")).await.unwrap(), ["greet"]);
    assert_eq!(hub.call("greet", &greet, None).await.unwrap().text(), "hello Ada");
}
