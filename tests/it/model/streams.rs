//! Answers in pieces, as they really come.

use std::time::{Duration, Instant};

use fathom::model::{Error, Model, Prices, build};
use serde_json::{Value, json};

use super::server::{Answer, GOOD, Seen, Server, error, good, request};

fn data(value: Value) -> String {
    format!("data: {value}\n\n")
}

fn piece(text: &str) -> String {
    data(json!({ "model": "served-model", "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }] }))
}

fn stop() -> String {
    data(json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }))
}

fn halves() -> [String; 2] {
    let (first, second) = GOOD.split_at(9);
    [piece(first), piece(second)]
}

async fn streaming(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> (std::sync::Arc<dyn Model>, Server) {
    let server = Server::answering(answer).await;
    let mut settings = server.settings();
    settings.stream = true;
    settings.attempts = 2;
    (build(&settings, Prices::builtin()).unwrap().get("m").unwrap(), server)
}

#[tokio::test]
async fn pieces_are_joined_with_everything_odd_in_between() {
    let (model, server) = streaming(|_| {
        let [first, second] = halves();
        Answer::events([
            ": OPENROUTER PROCESSING\n\n".to_owned(),
            data(json!({ "choices": [], "prompt_filter_results": [] })),
            data(json!({ "choices": [{ "index": 0, "delta": { "role": "assistant", "content": null } }] })),
            first,
            data(json!({ "choices": [{ "index": 0, "finish_reason": null }] })),
            "event: ping\ndata: {\"type\":\"ping\"}\n\n".to_owned(),
            second,
            stop(),
            data(json!({ "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 3 } })),
            "data: [DONE]\n\n".to_owned(),
        ])
    })
    .await;
    let reply = model.reply(&request()).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.model.as_str()), (GOOD, "served-model"));
    assert_eq!((reply.usage.prompt_tokens, reply.usage.answer_tokens), (7, 3));
    let body = &server.seen()[0].body;
    assert_eq!((&body["stream"], &body["stream_options"]), (&json!(true), &json!({ "include_usage": true })));
}

#[tokio::test]
async fn an_end_without_done_and_without_a_last_blank_line_is_an_end() {
    let (model, _) = streaming(|_| {
        let [first, second] = halves();
        let last = stop().trim_end().to_owned();
        Answer::events([first, second, last])
    })
    .await;
    let reply = model.reply(&request()).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.attempts), (GOOD, 1));
}

#[tokio::test]
async fn a_server_that_does_not_hang_up_after_the_last_piece_is_not_waited_for() {
    let (model, _) = streaming(|_| {
        let [first, second] = halves();
        Answer::events([first, second, stop()]).held_open()
    })
    .await;
    let begun = Instant::now();
    assert_eq!(model.reply(&request()).await.unwrap().text, GOOD);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_a_failure_and_tried_again() {
    for hard in [false, true] {
        let (model, server) = streaming(move |_| {
            let [first, _] = halves();
            let half = Answer::events([first]);
            if hard { half.cut() } else { half }
        })
        .await;
        let error = model.reply(&request()).await.unwrap_err();
        assert!(matches!(&error, Error::Unavailable(why) if why.contains("broke off")), "{error}");
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn an_error_among_the_pieces_is_an_error() {
    let (model, _) = streaming(|_| {
        let [first, _] = halves();
        Answer::events([first, data(json!({ "error": { "code": 400, "message": "bad thing" } }))])
    })
    .await;
    assert_eq!(model.reply(&request()).await.unwrap_err(), Error::Refused("400 bad thing".to_owned()));
}

#[tokio::test]
async fn a_whole_answer_to_a_wish_for_pieces_is_taken() {
    let (model, _) = streaming(|_| good()).await;
    assert_eq!(model.reply(&request()).await.unwrap().text, GOOD);
}

#[tokio::test]
async fn pieces_that_are_not_said_to_be_such_are_taken() {
    let (model, _) = streaming(|_| Answer::raw(200, format!("{}{}{}data: [DONE]\n\n", halves()[0], halves()[1], stop()))).await;
    assert_eq!(model.reply(&request()).await.unwrap().text, GOOD);
}

#[tokio::test]
async fn refused_stream_options_and_streams_are_left_out() {
    let (model, server) = streaming(|seen| {
        if seen.body.get("stream_options").is_some() {
            let detail = json!([{ "type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted" }]);
            return Answer::json(422, json!({ "detail": detail }));
        }
        if seen.body.get("stream").is_some() { error(400, "streaming is not supported with this model") } else { good() }
    })
    .await;
    assert_eq!(model.reply(&request()).await.unwrap().attempts, 3);
    assert_eq!(model.reply(&request()).await.unwrap().attempts, 1);
    assert_eq!(server.seen().len(), 4);
}
