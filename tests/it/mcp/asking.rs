//! Questions of the experts reach the person through a client that can ask, and nobody else answers them.

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::raw::Raw;
use crate::support::model_server::ModelServer;
use crate::support::process::{Launch, Server};
use crate::support::shop;

const LONG: Duration = Duration::from_secs(60);

struct Scene {
    server: Server,
    run: String,
    _model: ModelServer,
    _folder: TempDir,
}

/// A run whose model asks `audience`, with the question open.
async fn scene() -> Scene {
    let folder = TempDir::new().unwrap();
    let source = shop::make(folder.path(), "shop.db").await;
    let model = ModelServer::start(Duration::from_millis(60), 3).await;
    let server = Launch::on(folder.path()).model(&model.url).start().await;
    let source = source.display().to_string();
    let run = server.client.start_run(json!({"source": source, "max_iterations": 6, "tasks_per_iter": 2})).await;
    server.client.wait_until(&run, LONG, |state| state["questions_open"] == 1).await;
    Scene { server, run, _model: model, _folder: folder }
}

async fn answer_of(scene: &Scene) -> Value {
    let questions = scene.server.client.all(&format!("/runs/{}/questions", scene.run)).await;
    questions.into_iter().find(|question| question["question_id"] == "audience").unwrap()["answer"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_the_call_asks_for_input_and_is_repeated_with_it() {
    let scene = scene().await;
    let unable = Raw::modern(&scene.server.client.url);
    let watched = unable.done("discovery_watch", json!({"run_id": scene.run, "wait_seconds": 5})).await;
    assert_eq!(watched["questions"][0]["question_id"], "audience", "a client that cannot ask is told: {watched}");

    let able = Raw::modern(&scene.server.client.url).able(json!({"elicitation": {"form": {}}}));
    let call = json!({"name": "discovery_watch", "arguments": {"run_id": scene.run, "wait_seconds": 5}});
    let asked = able.result("tools/call", call.clone()).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let (key, request) = asked["inputRequests"].as_object().unwrap().iter().next().unwrap();
    let offered = &request["params"]["requestedSchema"]["properties"]["answer"]["enum"];
    assert!(request["method"] == "elicitation/create" && offered.as_array().unwrap().contains(&json!("support")), "{request}");

    let mut declined = call.clone();
    declined["inputResponses"] = json!({ key: {"action": "decline"} });
    let watched = able.result("tools/call", declined).await;
    assert_eq!(watched["structuredContent"]["questions"][0]["question_id"], "audience", "declined is not answered: {watched}");
    let mut forged = call.clone();
    forged["inputResponses"] = json!({"run_0/other": {"action": "accept", "content": {"answer": "support"}}});
    assert_eq!(able.result("tools/call", forged).await["resultType"], "input_required", "an answer to something else is none");
    assert_eq!(answer_of(&scene).await, Value::Null);

    let mut accepted = call;
    accepted["inputResponses"] = json!({ key: {"action": "accept", "content": {"answer": "support"}} });
    able.result("tools/call", accepted).await;
    assert_eq!(answer_of(&scene).await, json!({"option": "support"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_passes_no_answer_on() {
    let scene = scene().await;
    let reader = json!({"name": "reader", "kind": "assistant", "scopes": ["read"]});
    let (status, made) = scene.server.client.post("/tokens", reader).await;
    assert_eq!(status, 201, "{made}");
    let mut raw = Raw::modern(&scene.server.client.url).able(json!({"elicitation": {"form": {}}}));
    raw.token = made["token"].as_str().map(str::to_owned);
    let answer = json!({"action": "accept", "content": {"answer": "support"}});
    let mut call = json!({"name": "discovery_watch", "arguments": {"run_id": scene.run, "wait_seconds": 0}});
    call["inputResponses"] = json!({ format!("{}/audience", scene.run): answer });
    let watched = raw.result("tools/call", call).await;
    assert_eq!(watched["structuredContent"]["questions"][0]["question_id"], "audience", "{watched}");
    assert_eq!(answer_of(&scene).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_session_the_client_is_asked_at_once() {
    let scene = scene().await;
    let raw = Raw::legacy(&scene.server.client.url, json!({"elicitation": {}})).await;
    let call = json!({"name": "discovery_watch", "arguments": {"run_id": scene.run, "wait_seconds": 5}});
    let response = raw.request(5, "tools/call", call).send().await.unwrap();
    let (mut body, mut text, mut answered) = (response.bytes_stream(), String::new(), false);
    while let Some(Ok(chunk)) = body.next().await {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        let asked = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?.trim()).ok());
        let asked = asked.into_iter().find(|message| message["method"] == "elicitation/create");
        if let Some(asked) = asked.filter(|_| !answered) {
            answered = true;
            let result = json!({"action": "accept", "content": {"answer": "support"}});
            let reply = raw.post(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": result})).send().await.unwrap();
            assert_eq!(reply.status(), 202);
        }
    }
    assert!(answered && text.contains("structuredContent"), "{text}");
    assert_eq!(answer_of(&scene).await, json!({"option": "support"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistant_passes_on_what_the_person_said() {
    let scene = scene().await;
    let raw = Raw::modern(&scene.server.client.url);
    let open = raw.done("questions", json!({"run_id": scene.run})).await;
    assert_eq!(open["questions"][0]["question_id"], "audience", "{open}");
    let refused = raw.failed("answer_question", json!({"run_id": scene.run, "question_id": "audienc", "answer": "support"})).await;
    assert!(refused.contains("audience"), "the open ones are named: {refused}");
    raw.done("answer_question", json!({"run_id": scene.run, "question_id": "audience", "answer": "support"})).await;
    assert_eq!(answer_of(&scene).await, json!({"option": "support"}));
    let again = raw.failed("answer_question", json!({"run_id": scene.run, "question_id": "audience", "answer": "dev"})).await;
    assert!(again.contains("answered"), "{again}");
}
