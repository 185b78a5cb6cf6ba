//! Servers that fail, refuse and ask to wait: what is tried again, what is asked for otherwise, and what is said.

use std::time::{Duration, Instant};

use fathom::model::{Error, LimitName, Reply, Rung, ask};
use serde_json::{Value, json};

use super::server::{Answer, GOOD, KEY, Seen, Server, error, good, request};

async fn replied(answers: impl IntoIterator<Item = fn() -> Answer>) -> (Result<Reply, Error>, Server) {
    let server = Server::scripted(answers).await;
    (server.model().reply(&request()).await, server)
}

#[tokio::test]
async fn a_wait_that_the_server_asks_for_is_kept() {
    let date = || {
        // Whole seconds: two from now are at least one.
        let at = time::OffsetDateTime::now_utc() + Duration::from_secs(2);
        let text = at.format(&time::format_description::well_known::Rfc2822).unwrap().replace("+0000", "GMT");
        error(429, "slow down").header("retry-after", text)
    };
    let waits: [(fn() -> Answer, u64); 4] = [
        (|| error(429, "slow down").header("retry-after", "1"), 1_000),
        (|| error(429, "slow down").header("retry-after-ms", "300").header("retry-after", "9"), 300),
        (|| error(503, "busy").header("retry-after", "0.2"), 200),
        (date, 950),
    ];
    for (limited, at_least) in waits {
        let begun = Instant::now();
        let (reply, server) = replied([limited, good]).await;
        let reply = reply.unwrap();
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(at_least) && took < Duration::from_millis(at_least + 2_500), "{took:?}");
        assert_eq!((reply.attempts, server.seen().len()), (2, 2));
        assert!(reply.remarks[0].starts_with("tried again after"), "{:?}", reply.remarks);
    }
}

#[tokio::test]
async fn hours_and_used_up_quota_end_the_call_at_once() {
    let (reply, server) = replied([(|| error(429, "later").header("retry-after", "7200")) as fn() -> Answer]).await;
    assert_eq!(reply.unwrap_err(), Error::RateLimited { retry_after: Some(Duration::from_secs(7_200)) });
    assert_eq!(server.seen().len(), 1);

    let quota: fn() -> Answer =
        || Answer::json(429, json!({ "error": { "code": "insufficient_quota", "message": "You exceeded your quota" } }));
    let (reply, server) = replied([quota]).await;
    assert!(matches!(reply.unwrap_err(), Error::QuotaUsedUp(_)));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn failures_of_the_server_are_tried_again_in_all_their_forms() {
    let failures: [fn() -> Answer; 10] = [
        || error(500, "boom"),
        || Answer::raw(502, "<html><title>Bad Gateway</title></html>"),
        || Answer::raw(503, ""),
        || Answer::json(200, json!({ "error": { "code": 429, "message": "upstream", "metadata": { "raw": "busy" } } })),
        || Answer::json(200, json!({ "error": "overloaded" })),
        || Answer::raw(200, "<html><title>Login</title></html>"),
        || Answer::raw(200, ""),
        || Answer::json(200, json!({ "choices": [] })),
        || Answer::raw(200, format!("{{\"choices\":[{{\"message\":{{\"content\":\"{}", "x".repeat(50))).cut(),
        || Answer::raw(500, r#"{"error":{"code":500,"message":"cut"#).cut(),
    ];
    for failure in failures {
        let (reply, server) = replied([failure, good]).await;
        assert_eq!(reply.unwrap().text, GOOD);
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn attempts_have_an_end_and_the_last_reason_is_told() {
    let (reply, server) = replied([(|| Answer::raw(502, "<html><head><title>Bad Gateway</title></head></html>")) as fn() -> Answer]).await;
    assert_eq!(reply.unwrap_err().to_string(), "the model server failed: 502 a web page `Bad Gateway`; check the base URL");
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let server = Server::scripted([good as fn() -> Answer]).await;
    let mut settings = server.settings();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    settings.base_url = format!("http://127.0.0.1:{port}");
    settings.attempts = 2;
    let models = fathom::model::build(&settings, fathom::model::Prices::builtin()).unwrap();
    let error = models.get("m").unwrap().reply(&request()).await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable(why) if why.to_lowercase().contains("refused")), "{error}");
}

#[tokio::test]
async fn a_slow_server_is_given_up_at_the_time_limit() {
    let server = Server::scripted([(|| good().after(Duration::from_secs(30))) as fn() -> Answer]).await;
    let mut request = request();
    request.time_limit = Duration::from_millis(300);
    let begun = Instant::now();
    assert_eq!(server.model().reply(&request).await.unwrap_err(), Error::TimedOut(Duration::from_millis(300)));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_falls_silent_in_the_middle_is_given_up() {
    let half: fn() -> Answer = || Answer::raw(200, "{\"choices\":[").held_open();
    let server = Server::scripted([half, good]).await;
    let mut settings = server.settings();
    settings.idle_s = 1;
    let models = fathom::model::build(&settings, fathom::model::Prices::builtin()).unwrap();
    assert_eq!(models.get("m").unwrap().reply(&request()).await.unwrap().attempts, 2);
}

/// A server that takes only what the closure lets through.
async fn picky(refuse: impl Fn(&Value) -> Option<Answer> + Send + Sync + 'static) -> Server {
    Server::answering(move |seen: &Seen| refuse(&seen.body).unwrap_or_else(good)).await
}

#[tokio::test]
async fn the_ladder_is_climbed_down_once_and_remembered() {
    let server = picky(|body| match body["response_format"]["type"].as_str() {
        Some("json_schema") => Some(error(400, "This response_format type is unavailable now")),
        Some("json_object") => Some(Answer::json(422, json!({ "error": "'response_format.type' must be 'json_schema' or 'text'" }))),
        _ => None,
    })
    .await;
    let models = server.models();
    let model = models.get("m").unwrap();
    let first = ask::<Value>(&*model, request()).await.unwrap();
    assert_eq!(first.attempts, 3);
    assert_eq!(first.remarks.len(), 2, "{:?}", first.remarks);
    let second = ask::<Value>(&*model, request()).await.unwrap();
    assert_eq!((second.attempts, second.remarks.len()), (1, 0), "what was learnt is kept");

    let seen = server.seen();
    for with_schema in &seen[1..] {
        let system = with_schema.body["messages"][0]["content"].as_str().unwrap();
        assert!(system.starts_with("You plan.") && system.contains("JSON Schema") && system.contains("\"goal\""), "{system}");
    }
    let learnt = models.learnt();
    assert_eq!((learnt[0].model.as_str(), learnt[0].learnt.rung), ("m", Rung::Prompt));
    assert!(learnt[0].learnt.lines()[0].contains("prompt only"));
}

#[tokio::test]
async fn a_500_that_names_the_format_is_a_step_and_no_failure() {
    let server = picky(|body| {
        (body["response_format"]["type"] == "json_schema")
            .then(|| error(500, "1 validation error for Request: body.response_format.type Input should be 'text' or 'json_object'"))
    })
    .await;
    let reply = server.model().reply(&request()).await.unwrap();
    assert_eq!(reply.attempts, 2);
    assert!(reply.remarks[0].contains("json_object"), "{:?}", reply.remarks);
}

#[tokio::test]
async fn refused_parameters_are_renamed_or_left_out_and_remembered() {
    let server = picky(|body| {
        if body.get("max_tokens").is_some() {
            let text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
            return Some(Answer::json(
                400,
                json!({ "error": { "message": text, "param": "max_tokens", "code": "unsupported_parameter" } }),
            ));
        }
        if body.get("temperature").is_some() {
            let text = "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.";
            return Some(Answer::json(400, json!({ "error": { "message": text, "param": "temperature", "code": "unsupported_value" } })));
        }
        None
    })
    .await;
    let models = server.models();
    let model = models.get("m").unwrap();
    assert_eq!(model.reply(&request()).await.unwrap().attempts, 3);
    assert_eq!(model.reply(&request()).await.unwrap().attempts, 1);
    let last = server.seen().pop().unwrap().body;
    assert_eq!((&last["max_completion_tokens"], last.get("temperature")), (&json!(500), None));
    let learnt = models.learnt()[0].learnt;
    assert_eq!((learnt.limit, learnt.temperature, learnt.rung), (LimitName::MaxCompletionTokens, false, Rung::Schema));
}

#[tokio::test]
async fn an_unknown_field_is_left_out_by_its_path() {
    let server = picky(|body| {
        body.get("temperature").map(|_| {
            let detail = json!([{ "type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs are not permitted" }]);
            Answer::json(422, json!({ "detail": detail }))
        })
    })
    .await;
    assert_eq!(server.model().reply(&request()).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn a_text_that_the_server_rejected_is_taken_where_it_is_good() {
    let rejected: fn() -> Answer = || {
        let error =
            json!({ "code": "json_validate_failed", "message": "Failed to generate JSON", "failed_generation": format!("Here: {GOOD}") });
        Answer::json(400, json!({ "error": error }))
    };
    let server = Server::scripted([rejected]).await;
    let asked = ask::<Value>(&*server.model(), request()).await.unwrap();
    assert_eq!((asked.value, server.seen().len()), (json!({ "tasks": [{ "goal": "look" }] }), 1));

    let hopeless: fn() -> Answer =
        || Answer::json(400, json!({ "error": { "code": "json_validate_failed", "message": "Failed", "failed_generation": "{" } }));
    let (reply, server) = replied([hopeless, hopeless, good]).await;
    assert_eq!(reply.unwrap().attempts, 3);
    let types: Vec<Value> = server.seen().iter().map(|seen| seen.body["response_format"]["type"].clone()).collect();
    assert_eq!(types, ["json_schema", "json_schema", "json_object"]);
}

#[tokio::test]
async fn what_cannot_be_helped_is_said_once_and_in_its_own_words() {
    type Case = (fn() -> Answer, fn(&Error) -> bool);
    let cases: [Case; 5] = [
        (|| Answer::json(401, json!({ "detail": "Invalid key" })), |error| matches!(error, Error::Unauthorized(_))),
        (|| error(404, "model `m` not found"), |error| matches!(error, Error::Refused(text) if text.contains("not found"))),
        (|| error(400, "This model's maximum context length is 4096 tokens, max_tokens"), |error| matches!(error, Error::TooLong(_))),
        (
            || Answer::json(400, json!({ "error": { "code": "content_filter", "message": "filtered" } })),
            |error| matches!(error, Error::Filtered(_)),
        ),
        (|| Answer::raw(307, "").header("location", "http://127.0.0.1:9/elsewhere"), |error| matches!(error, Error::Refused(_))),
    ];
    for (answer, is_right) in cases {
        let (reply, server) = replied([answer]).await;
        let error = reply.unwrap_err();
        assert!(is_right(&error), "{error:?}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn the_key_is_in_no_error_and_no_debug_text() {
    let echo: fn() -> Answer = || error(401, &format!("Incorrect API key provided: {KEY}"));
    let (reply, server) = replied([echo]).await;
    let error = reply.unwrap_err();
    let settings = server.settings();
    let shown = format!("{error} {error:?} {settings:?} {}", serde_json::to_string(&settings).unwrap());
    assert!(!shown.contains(KEY), "{shown}");
    assert!(shown.contains("***"));
}
