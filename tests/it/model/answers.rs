//! Answers in all the forms in which servers and models give them, and what is asked for.

use fathom::model::{Error, Usage, ask};
use serde_json::{Value, json};

use super::server::{Answer, GOOD, Server, good, request};

async fn asked(answers: impl IntoIterator<Item = fn() -> Answer>) -> (Result<fathom::model::Asked<Value>, Error>, Server) {
    let server = Server::scripted(answers).await;
    (ask::<Value>(&*server.model(), request()).await, server)
}

#[tokio::test]
async fn a_good_answer_is_taken_as_it_is() {
    let (asked, server) = asked([good as fn() -> Answer]).await;
    let asked = asked.unwrap();
    assert_eq!(asked.value, json!({ "tasks": [{ "goal": "look" }] }));
    assert_eq!((asked.model.as_str(), asked.calls, asked.attempts), ("served-model", 1, 1));
    assert_eq!(asked.usage, Usage { prompt_tokens: 10, answer_tokens: 5, usd: 0.0 });
    assert_eq!(asked.remarks, Vec::<String>::new());

    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.headers["authorization"], format!("Bearer {}", super::server::KEY));
    let body = &seen.body;
    assert_eq!(body["model"], "m");
    assert_eq!(body["max_tokens"], 500);
    assert_eq!(body["temperature"], 0.2);
    assert_eq!(body["messages"][0], json!({ "role": "system", "content": "You plan.\n\nAnswer in JSON." }));
    assert_eq!(body["messages"][1], json!({ "role": "user", "content": "{\"run_id\":\"r\"}" }));
    let format = &body["response_format"];
    assert_eq!((&format["type"], &format["json_schema"]["strict"]), (&json!("json_schema"), &json!(true)));
    assert_eq!(
        format["json_schema"]["schema"]["required"],
        json!(["notes", "tasks"]),
        "optional ones are nullable, so that all are required"
    );
    assert_eq!(format["json_schema"]["schema"]["properties"]["tasks"].get("maxItems"), None);
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["max_tokens", "messages", "model", "response_format", "temperature"], "nothing that is not needed");
}

#[tokio::test]
async fn text_around_the_value_and_nulls_cost_no_second_turn() {
    let forms: [fn() -> Answer; 8] = [
        || Answer::text(&format!("Sure! Here is what I think you need:\n{GOOD}\nLet me know if that helps.")),
        || Answer::text(&format!("```json\n{GOOD}\n```")),
        || Answer::text(&format!("<think>{{\"tasks\":[]}}</think>{GOOD}")),
        || Answer::text(r#"{"tasks":[{"goal":"look"}],"notes":null}"#),
        || Answer::message(json!({ "content": [{ "type": "text", "text": GOOD }] })),
        || Answer::message(json!({ "content": null, "reasoning_content": GOOD })),
        || Answer::message(json!({ "content": "", "reasoning": GOOD })),
        || Answer::message(json!({ "content": null, "tool_calls": [{ "id": "1", "function": { "name": "plan", "arguments": GOOD } }] })),
    ];
    for form in forms {
        let (asked, server) = asked([form]).await;
        assert_eq!(asked.unwrap().value, json!({ "tasks": [{ "goal": "look" }] }));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_shape_is_mended_in_one_more_turn() {
    let (asked, server) = asked([|| Answer::text(r#"{"tasks":"none","tool_calls":42}"#), good as fn() -> Answer]).await;
    let asked = asked.unwrap();
    assert_eq!((asked.calls, asked.usage.prompt_tokens), (2, 20));
    let again = server.seen()[1].body["messages"].clone();
    let user = again[1]["content"].as_str().unwrap();
    assert!(user.starts_with(r#"{"run_id":"r"}"#) && user.contains("`/tasks`"), "{user}");
}

#[tokio::test]
async fn an_empty_answer_is_asked_for_again() {
    let (asked, server) = asked([|| Answer::text(""), good as fn() -> Answer]).await;
    assert_eq!(asked.unwrap().calls, 2);
    assert!(server.seen()[1].body["messages"][1]["content"].as_str().unwrap().contains("the answer is empty"));
}

#[tokio::test]
async fn a_text_that_breaks_off_is_repaired() {
    let (asked, server) = asked([|| Answer::text(r#"{"tasks":[{"goal":"look"},{"go"#), good as fn() -> Answer]).await;
    asked.unwrap();
    let repair = server.seen()[1].body["messages"].clone();
    assert!(repair[0]["content"].as_str().unwrap().contains("JSON repair"));
    assert_eq!(repair[1]["content"].as_str().unwrap().split_once("\n\n").unwrap().1, r#"{"tasks":[{"goal":"look"},{"go"#);
}

#[tokio::test]
async fn what_stays_unusable_fails_with_its_text() {
    let (asked, server) = asked([(|| Answer::text("I would rather not")) as fn() -> Answer]).await;
    match asked.unwrap_err() {
        Error::Garbled { raw, usage, .. } => assert_eq!((raw.as_str(), usage.answer_tokens), ("I would rather not", 10)),
        other => panic!("{other}"),
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_answer_cut_at_the_limit_is_never_parsed() {
    let cut: fn() -> Answer = || Answer::json(200, json!({ "choices": [{ "message": { "content": GOOD }, "finish_reason": "length" }] }));
    let (asked, server) = asked([cut]).await;
    assert!(matches!(asked.unwrap_err(), Error::Cut { .. }));
    let limits: Vec<Value> = server.seen().iter().map(|seen| seen.body["max_tokens"].clone()).collect();
    assert_eq!(limits, [json!(500), json!(2_048)]);
}

#[tokio::test]
async fn a_filtered_answer_is_no_parse_error() {
    let filtered: fn() -> Answer =
        || Answer::json(200, json!({ "choices": [{ "message": { "content": "" }, "finish_reason": "content_filter" }] }));
    assert!(matches!(asked([filtered]).await.0.unwrap_err(), Error::Filtered(_)));
    let refused: fn() -> Answer = || Answer::message(json!({ "content": null, "refusal": "I cannot help with that" }));
    let (asked, server) = asked([refused]).await;
    assert_eq!(asked.unwrap_err(), Error::Filtered("I cannot help with that".to_owned()));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_prompt_that_the_server_cut_is_remarked_on() {
    let server = Server::scripted([good as fn() -> Answer]).await;
    let mut long = request();
    long.messages[1].text = "word ".repeat(4_000);
    let asked = ask::<Value>(&*server.model(), long).await.unwrap();
    assert!(asked.remarks[0].contains("counted 10 tokens"), "{:?}", asked.remarks);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let server = Server::scripted([(|| Answer::text(&"x".repeat(100_000))) as fn() -> Answer]).await;
    let mut settings = server.settings();
    settings.max_answer_bytes = 10_000;
    let models = fathom::model::build(&settings, fathom::model::Prices::builtin()).unwrap();
    let error = models.get("m").unwrap().reply(&request()).await.unwrap_err();
    assert!(matches!(&error, Error::Garbled { reason, .. } if reason.contains("max_answer_bytes")), "{error}");
    assert_eq!(server.seen().len(), 1);
}
