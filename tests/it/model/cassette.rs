//! What a real model said is recorded and played back.

use fathom::model::{Error, Model, Player, Recorder, ask};
use serde_json::{Value, json};

use super::server::{Answer, KEY, Server, good, request};

#[tokio::test]
async fn a_recording_answers_as_the_model_did_and_names_what_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.jsonl");
    let other: fn() -> Answer = || Answer::text(r#"{"tasks":[]}"#);
    let server = Server::scripted([good, other]).await;
    let recorder = Recorder::new(server.model(), &path).unwrap();
    let first = ask::<Value>(&recorder, request()).await.unwrap();
    ask::<Value>(&recorder, request()).await.unwrap();

    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(!text.contains(KEY) && !text.contains("127.0.0.1"), "{text}");

    let player = Player::open("m", &path).unwrap();
    let played = ask::<Value>(&player, request()).await.unwrap();
    assert_eq!((&played.value, played.usage), (&first.value, first.usage));
    for _ in 0..2 {
        assert_eq!(ask::<Value>(&player, request()).await.unwrap().value, json!({ "tasks": [] }));
    }

    let mut unknown = request();
    unknown.messages[1].text = "something else".to_owned();
    let error = player.reply(&unknown).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused(text) if text.contains("something else") && text.contains("plan.jsonl") && text.contains("`plan`")),
        "{error}"
    );
}
