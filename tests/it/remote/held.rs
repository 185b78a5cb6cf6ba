//! A tool of an older revision that asks while its call is under way: who is asked, how long the call waits, and what stays on record.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fathom::mcp::client::{Answers, Asks, Error, RemoteServer, Reply, ServerSettings, Settings, State};
use fathom::source::remote::Form;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::fake::{Answer, Event, Fake, tool};
use super::kit::{self, Running};
use super::{Scene, args, at, quick};
use crate::cli::command;

/// Its tools `pay` and `look` ask as often as they are told to, and tell what was said. With `cut`, the connection breaks when the test says so;
/// with `hang`, nothing comes.
struct Asking {
    fake: Fake,
    cut: Arc<tokio::sync::Notify>,
}

impl Asking {
    async fn start() -> Self {
        let waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>> = Arc::default();
        let (ids, cut) = (Arc::new(AtomicU64::new(100)), Arc::new(tokio::sync::Notify::new()));
        let cutting = cut.clone();
        let fake = Fake::start(move |method, params| {
            let answer = match method.as_str() {
                "initialize" => Answer::Result(json!({
                    "protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "fake", "version": "1"}
                })),
                "tools/list" => Answer::Result(json!({"tools": [tool("pay", false), tool("look", true)]})),
                "tools/call" => {
                    let (events, streamed) = mpsc::channel(1);
                    tokio::spawn(ask(params["arguments"].clone(), events, ids.clone(), waiting.clone(), cutting.clone()));
                    Answer::Events(streamed)
                }
                "answer" => {
                    let waits = params["id"].as_u64().and_then(|id| waiting.lock().unwrap().remove(&id));
                    waits.map(|waits| waits.send(params["result"].clone()));
                    Answer::Status(202, String::new())
                }
                _ => Answer::Error(-32_601, "Method not found".to_owned()),
            };
            Box::pin(std::future::ready(answer))
        })
        .await;
        Self { fake, cut }
    }

    fn answered(&self) -> Vec<String> {
        let answers = self.fake.params_of("answer");
        answers.iter().map(|answer| answer["result"]["action"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

async fn ask(
    args: Value,
    events: mpsc::Sender<Event>,
    ids: Arc<AtomicU64>,
    waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>,
    cut: Arc<tokio::sync::Notify>,
) {
    if args["hang"] == true {
        events.closed().await;
        return;
    }
    let mut said = Vec::new();
    for number in 0..args["questions"].as_u64().unwrap_or(1) {
        let (id, (answer, answered)) = (ids.fetch_add(1, Ordering::SeqCst), oneshot::channel());
        waiting.lock().unwrap().insert(id, answer);
        let name = json!({"type": "string"});
        let schema = json!({"type": "object", "properties": {"name": name, "age": {"type": "integer", "default": 30}}});
        let asked = Event::Ask(id, json!({"message": format!("Who {number}?"), "requestedSchema": schema}));
        if events.send(asked).await.is_err() {
            return;
        }
        if args["cut"] == true {
            cut.notified().await;
            // Gone or not, nothing comes after it.
            let _ = events.send(Event::Cut).await;
            return;
        }
        match answered.await {
            Ok(answer) => said.push(answer),
            Err(_) => return,
        }
    }
    let text = Value::Array(said).to_string();
    let _ = events.send(Event::Result(json!({"content": [{"type": "text", "text": text}]}))).await;
}

async fn call(hub: &Arc<RemoteServer>, tool: &str, call: Value) -> Result<Reply, Error> {
    hub.call_for_person(tool, &args(call), &Answers::default()).await
}

async fn asked(hub: &Arc<RemoteServer>, tool: &str, arguments: Value) -> Asks {
    call(hub, tool, arguments).await.unwrap().asks.expect("it asks")
}

/// The same answer to all that is asked.
async fn say(hub: &Arc<RemoteServer>, tool: &str, asks: &Asks, answer: Value) -> Result<Reply, Error> {
    let answers = asks.questions.iter().map(|ask| (ask.id.clone(), answer.clone())).collect();
    hub.call_for_person(tool, &args(json!({})), &Answers { answers, state: asks.state.clone() }).await
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_asks_waits_for_the_person_and_goes_on_with_what_they_say() {
    let asking = Asking::start().await;
    let scene = Scene::of(ServerSettings { call_s: Some(2), ..at(&asking.fake.url, Form::Mcp) }).await;
    let hub = scene.hub();
    let first = asked(&hub, "pay", json!({"questions": 3})).await;
    assert_eq!((first.questions.len(), first.questions[0].message.as_str()), (1, "Who 0?"));
    assert_eq!(first.questions[0].schema["properties"]["age"]["default"], 30);
    assert!(first.state.as_ref().unwrap().len() > 40, "nobody can guess it");
    assert_eq!(scene.servers.unanswered().await.unwrap().len(), 1, "it is under way, and on record");

    let nothing = Answers { state: first.state.clone(), ..Answers::default() };
    let error = hub.call_for_person("pay", &args(json!({})), &nothing).await.unwrap_err();
    assert!(matches!(&error, Error::Unanswered { ids, .. } if *ids == ["1"]), "{error}");
    let error = say(&hub, "look", &first, json!({"action": "accept"})).await.unwrap_err();
    assert!(matches!(error, Error::NoSuchState { .. }), "it is another tool's: {error}");
    tokio::time::sleep(Duration::from_millis(2_200)).await;

    let accepted = json!({"action": "accept", "content": {"name": "Ada"}});
    let second = say(&hub, "pay", &first, accepted.clone()).await.unwrap().asks.expect("the next question");
    assert!(second.questions[0].message == "Who 1?" && second.state != first.state, "{second:?}");
    let error = say(&hub, "pay", &first, accepted.clone()).await.unwrap_err();
    assert!(matches!(&error, Error::NoSuchState { .. }) && error.to_string().contains("good once"), "{error}");
    let third = say(&hub, "pay", &second, json!({"action": "decline"})).await.unwrap().asks.expect("the last question");
    let reply = say(&hub, "pay", &third, json!({"action": "cancel"})).await.unwrap();
    let said: Value = serde_json::from_str(&reply.text()).unwrap();
    let with_default = json!({"action": "accept", "content": {"name": "Ada", "age": 30}});
    assert_eq!((said, reply.asks), (json!([with_default, {"action": "decline"}, {"action": "cancel"}]), None));
    assert_eq!(asking.fake.calls_of("pay").len(), 1, "it was one call all the while");
    assert_eq!(scene.servers.unanswered().await.unwrap(), []);
    let declared = asking.fake.params_of("initialize")[0]["capabilities"].clone();
    assert_eq!(declared, json!({"elicitation": {"form": {}}}), "forms, and nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_answers_in_time_is_cancelled_and_the_call_ends_in_order() {
    let asking = Asking::start().await;
    let server = BTreeMap::from([("hub".to_owned(), at(&asking.fake.url, Form::Mcp))]);
    let scene = Scene::new(Settings { servers: server, hold: Duration::from_millis(200), ..quick() }).await;
    let hub = scene.hub();
    let asks = asked(&hub, "pay", json!({"questions": 2})).await;
    assert_eq!(asking.answered(), [""; 0]);
    eventually("the call does not end", async || scene.servers.unanswered().await.unwrap().is_empty()).await;
    assert_eq!(asking.answered(), ["cancel", "cancel"], "what is asked later is cancelled, too");
    let error = say(&hub, "pay", &asks, json!({"action": "accept"})).await.unwrap_err();
    assert!(matches!(error, Error::NoSuchState { .. }), "{error}");
    assert_eq!(asking.fake.calls_of("pay").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_experts_ask_nobody_and_find_a_place_while_others_are_held() {
    let asking = Asking::start().await;
    let scene = Scene::of(ServerSettings { max_in_flight: Some(1), call_s: Some(5), ..at(&asking.fake.url, Form::Mcp) }).await;
    let hub = scene.hub();
    let held = asked(&hub, "pay", json!({})).await;
    let read = hub.call_to_read("look", &args(json!({}))).await.unwrap();
    let called = hub.call("pay", &args(json!({})), None).await.unwrap();
    assert_eq!((read.text(), called.text()), (r#"[{"action":"decline"}]"#.to_owned(), r#"[{"action":"decline"}]"#.to_owned()));
    assert!(read.asks.is_none() && called.asks.is_none());
    let reply = say(&hub, "pay", &held, json!({"action": "accept"})).await.unwrap();
    assert_eq!(reply.text(), r#"[{"action":"accept","content":{"age":30}}]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_while_a_call_is_held_leaves_it_on_record_if_it_changes_something() {
    let asking = Asking::start().await;
    let scene = Scene::of(at(&asking.fake.url, Form::Mcp)).await;
    let hub = scene.hub();
    let asks = asked(&hub, "pay", json!({"cut": true})).await;
    asking.cut.notify_one();
    let is_told = async || scene.servers.unanswered().await.unwrap().iter().all(|row| !row.reason.contains("under way"));
    eventually("the loss is not noticed", is_told).await;
    let error = say(&hub, "pay", &asks, json!({"action": "accept"})).await.unwrap_err();
    let Error::Ambiguous { id, .. } = &error else { panic!("{error}") };
    assert_eq!(scene.servers.unanswered().await.unwrap()[0].id, *id);

    let asks = asked(&hub, "look", json!({"cut": true})).await;
    asking.cut.notify_one();
    let error = say(&hub, "look", &asks, json!({"action": "accept"})).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert_eq!((asking.fake.calls_of("pay").len(), asking.fake.calls_of("look").len()), (1, 1), "nobody is asked anew behind their back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_does_not_wait_for_the_tool_gives_the_call_up_and_it_stays_on_record() {
    let asking = Asking::start().await;
    let scene = Scene::of(at(&asking.fake.url, Form::Mcp)).await;
    let hub = scene.hub();
    let waiting = tokio::time::timeout(Duration::from_millis(300), call(&hub, "pay", json!({"hang": true})));
    assert!(waiting.await.is_err());
    eventually("the server is not told", async || asking.fake.params_of("notifications/cancelled").len() == 1).await;
    assert_eq!(scene.servers.unanswered().await.unwrap().len(), 1, "whether it took place is not known");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_few_calls_wait_and_one_more_is_told_that_nobody_answers() {
    let asking = Asking::start().await;
    let scene = Scene::of(at(&asking.fake.url, Form::Mcp)).await;
    let hub = scene.hub();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(asked(&hub, "pay", json!({})).await);
    }
    let error = call(&hub, "pay", json!({})).await.unwrap_err();
    assert!(matches!(&error, Error::TooManyHeld { most: 4, said, .. } if said.contains("cancel")), "{error}");
    assert_eq!(scene.servers.unanswered().await.unwrap().len(), 4, "the fifth was answered");
    for asks in &held {
        assert!(say(&hub, "pay", asks, json!({"action": "decline"})).await.unwrap().text().contains("decline"));
    }
    assert_eq!(scene.servers.unanswered().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_not_given_here_calls_nothing_anew() {
    let asking = Asking::start().await;
    let scene = Scene::of(at(&asking.fake.url, Form::Mcp)).await;
    for state in ["held_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "of another server"] {
        let said = Answers { state: Some(state.to_owned()), ..Answers::default() };
        let error = scene.hub().call_for_person("pay", &args(json!({})), &said).await.unwrap_err();
        assert!(matches!(error, Error::NoSuchState { .. } | Error::Refused { .. }), "{error}");
    }
    assert_eq!(asking.fake.calls_of("pay"), [] as [Value; 0]);
    assert_eq!(scene.servers.unanswered().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_server_asks_over_http_and_as_a_process() {
    let (running, words) = (Running::everything().await, kit::everything());
    let rest = words[1..].iter().cloned().chain(["stdio".to_owned()]).collect();
    let program = ServerSettings { command: Some(words[0].clone()), args: rest, trusted: true, ..ServerSettings::default() };
    for server in [at(&running.url, Form::Auto), program] {
        let place = server.url.clone().unwrap_or_default();
        let scene = Scene::of(server).await;
        let hub = scene.hub();
        assert_eq!(hub.state().await, State::Up { spoken: "MCP 2025-11-25".to_owned() });
        let tool = "trigger-elicitation-request";
        let asks = asked(&hub, tool, json!({})).await;
        let fields = asks.questions[0].schema["properties"].as_object().unwrap();
        assert!(fields.len() > 5 && fields.contains_key("name"), "{asks:?}");
        let reply = say(&hub, tool, &asks, json!({"action": "accept", "content": {"name": "Ada"}})).await.unwrap();
        assert!(reply.text().contains("Ada") && !reply.is_error, "{place}: {reply:?}");
        let asks = asked(&hub, tool, json!({})).await;
        let reply = say(&hub, tool, &asks, json!({"action": "decline"})).await.unwrap();
        assert!(reply.text().contains("declined"), "{place}: {reply:?}");
        let reply = hub.call(tool, &args(json!({})), None).await.unwrap();
        assert!(reply.text().contains("declined"), "{place}: an expert's call asks nobody: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_wait_for_answers_says_so_and_leaves_no_call_behind() {
    let asking = Asking::start().await;
    let folder = tempfile::TempDir::new().unwrap();
    let here = folder.path().to_owned();
    std::fs::write(here.join("fathom.toml"), format!("[mcp.servers.hub]\nurl = \"{}\"\nform = \"mcp\"\n", asking.fake.url)).unwrap();
    let fathom = async |words: &[&str]| {
        let mut command = command(&here, words);
        let output = tokio::task::spawn_blocking(move || command.output().expect("the binary starts")).await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (exit, out, err) = fathom(&["mcp", "call", "hub", "pay"]).await;
    let told: Value = serde_json::from_str(&out).unwrap();
    assert!(exit == Some(1) && told["asks"][0]["message"] == "Who 0?" && err.contains("fathom serve"), "{out}{err}");
    assert_eq!(asking.answered(), ["cancel"]);
    let (_, out, err) = fathom(&["mcp", "servers", "--json"]).await;
    assert!(!out.contains("call_"), "{out}{err}");
}
