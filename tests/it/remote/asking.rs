//! A tool that asks back: whom, in which form, and what is said to it.

use fathom::mcp::client::{Answers, Error};
use fathom::source::remote::Form;
use serde_json::{Value, json};

use super::fake::{Answer, Fake};
use super::{Scene, args, at};
use crate::cli::command;

fn required(question: Value) -> Value {
    json!({"resultType": "input_required", "inputRequests": {"form": question}, "requestState": "opaque/1=="})
}

/// A server of the newest revision, whose tool wants to know a name first.
async fn asking_server() -> Fake {
    Fake::start(|method, params| {
        let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]});
        let form = json!({"method": "elicitation/create", "params": {"message": "Who?", "requestedSchema": schema}});
        let page = json!({"method": "elicitation/create", "params": {"mode": "url", "message": "There", "url": "https://h/", "elicitationId": "1"}});
        let complete = |more: Value| {
            let mut whole = json!({"resultType": "complete", "ttlMs": 0, "cacheScope": "private"});
            whole.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            Answer::Result(whole)
        };
        let tool = |name: &str| json!({"name": name, "inputSchema": {"type": "object"}});
        let name = &params["inputResponses"]["form"]["content"]["name"];
        let answer = match (method.as_str(), params["name"].as_str()) {
            ("server/discover", _) => complete(json!({
                "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "serverInfo": {"name": "asks", "version": "1"}
            })),
            ("tools/list", _) => complete(json!({"tools": [tool("greet"), tool("page")]})),
            ("tools/call", Some("greet")) if params["requestState"] == "opaque/1==" => {
                complete(json!({"content": [{"type": "text", "text": format!("hello {name}")}]}))
            }
            ("tools/call", Some("greet")) => Answer::Result(required(form)),
            ("tools/call", _) => Answer::Result(required(page)),
            _ => Answer::Error(-32_601, "Method not found".to_owned()),
        };
        Box::pin(std::future::ready(answer))
    })
    .await
}

fn declared(fake: &Fake) -> Vec<bool> {
    let calls = fake.params_of("tools/call");
    calls.iter().map(|params| params["_meta"]["io.modelcontextprotocol/clientCapabilities"]["elicitation"].is_object()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_asks_the_person_who_calls_and_nobody_else() {
    let fake = asking_server().await;
    let scene = Scene::of(at(&fake.url, Form::Mcp)).await;
    let (hub, none) = (scene.hub(), args(json!({})));
    let error = hub.call("greet", &none, None).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { reason, .. } if reason.contains("nobody here can give")), "{error}");
    assert_eq!(declared(&fake), [false], "where nobody is there, nobody is said to be");

    let asks = hub.call_for_person("greet", &none, &Answers::default()).await.unwrap().asks.unwrap();
    let question = &asks.questions[0];
    assert_eq!((question.id.as_str(), question.message.as_str(), asks.state.as_deref()), ("form", "Who?", Some("opaque/1==")));
    assert_eq!(question.schema["properties"]["name"]["type"], "string");
    let answers = args(json!({"form": {"action": "accept", "content": {"name": "Ada"}}}));
    let reply = hub.call_for_person("greet", &none, &Answers { answers, state: asks.state }).await.unwrap();
    assert_eq!((reply.text().as_str(), reply.asks), ("hello \"Ada\"", None));
    assert_eq!(declared(&fake), [false, true, true]);

    let error = hub.call_for_person("page", &none, &Answers::default()).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "only forms are filled in: {error}");
    assert_eq!(scene.servers.unanswered().await.unwrap(), [], "whoever asks back has answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_what_is_asked_and_answers_with_the_next_call() {
    let fake = asking_server().await;
    let folder = tempfile::TempDir::new().unwrap();
    let here = folder.path().to_owned();
    std::fs::write(here.join("fathom.toml"), format!("[mcp.servers.hub]\nurl = \"{}\"\nform = \"mcp\"\n", fake.url)).unwrap();
    let fathom = async |words: &[&str]| {
        let mut command = command(&here, words);
        let output = tokio::task::spawn_blocking(move || command.output().expect("the binary starts")).await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (exit, out, err) = fathom(&["mcp", "call", "hub", "greet"]).await;
    let asked: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, &asked["asks"][0]["message"], &asked["state"]), (Some(1), &json!("Who?"), &json!("opaque/1==")), "{err}");
    assert!(err.contains("--answers"), "{err}");
    let answers = r#"{"form": {"action": "accept", "content": {"name": "Ada"}}}"#;
    let (exit, out, err) = fathom(&["mcp", "call", "hub", "greet", "--answers", answers, "--state", "opaque/1=="]).await;
    assert_eq!((exit, out.as_str()), (Some(0), "hello \"Ada\"\n"), "{err}");
    let (exit, _, err) = fathom(&["mcp", "call", "hub", "greet", "--answers", r#"{"form": {"action": "perhaps"}}"#]).await;
    assert!(exit == Some(2) && err.contains("not of the form"), "{err}");
}
