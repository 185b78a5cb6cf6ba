//! Bounds of remote calls: how large, how long, how many at once, how often in vain; and what never shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fathom::mcp::client::{Error, ServerSettings, Settings};
use fathom::source::remote::Form;
use serde_json::json;

use super::fake::{Answer, Fake, tool};
use super::kit::free_port;
use super::{Scene, args, at, quick};

#[tokio::test(flavor = "multi_thread")]
async fn results_are_bounded_and_calls_end_in_time() {
    let fake = Fake::plain(json!([tool("look", true), tool("pay", false)]), |_, args| match args["bytes"].as_u64() {
        Some(bytes) => Answer::Result(json!({"text": "x".repeat(bytes as usize)})),
        None => Answer::Hang,
    })
    .await;
    let server = ServerSettings { max_result_bytes: Some(10_000), call_s: Some(2), ..at(&fake.url, Form::Plain) };
    let scene = Scene::of(server).await;
    let hub = scene.hub();
    hub.call("look", &args(json!({"bytes": 9_000})), None).await.unwrap();
    for bytes in [11_000, 300_000] {
        let error = hub.call("look", &args(json!({"bytes": bytes})), None).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { most: 10_000, .. }), "{error}");
    }
    let started = Instant::now();
    let error = hub.call("look", &args(json!({})), None).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }) && started.elapsed() < Duration::from_secs(8), "{error}");
    let error = hub.call("pay", &args(json!({})), None).await.unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_than_allowed_are_under_way() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let fake = Fake::start(move |method, _| {
        let (now, most) = (now.clone(), most.clone());
        Box::pin(async move {
            match method.as_str() {
                "tools/list" => Answer::Result(json!({"tools": [tool("look", true)]})),
                "tools/call" => {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    Answer::Result(json!({}))
                }
                _ => Answer::Error(-32_601, "Method not found".to_owned()),
            }
        })
    })
    .await;
    let scene = Scene::of(ServerSettings { max_in_flight: Some(3), ..at(&fake.url, Form::Plain) }).await;
    let (hub, none) = (scene.hub(), args(json!({})));
    let calls = (0..12).map(|_| hub.call("look", &none, None));
    for reply in futures::future::join_all(calls).await {
        reply.unwrap();
    }
    assert_eq!(seen.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_failing_is_left_alone_for_a_while() {
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/mcp");
    let settings = Settings { breaker_failures: 3, breaker_open_s: 1, attempts: 3, ..quick() };
    let scene = Scene::new(Settings { servers: [("hub".to_owned(), at(&url, Form::Auto))].into(), ..settings }).await;
    let (hub, none) = (scene.hub(), args(json!({})));
    let error = hub.call("look", &none, None).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    let error = hub.call("look", &none, None).await.unwrap_err();
    assert!(matches!(error, Error::Suspended { .. }), "{error}");
    let _fake = Fake::start_at(([127, 0, 0, 1], port).into(), |method, _| {
        let answer = match method.as_str() {
            "tools/list" => Answer::Result(json!({"tools": [tool("look", true)]})),
            "tools/call" => Answer::Result(json!({"n": 1})),
            _ => Answer::Error(-32_601, "Method not found".to_owned()),
        };
        Box::pin(std::future::ready(answer))
    })
    .await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(hub.call("look", &none, None).await.unwrap().value(), json!({"n": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_leaves_in_a_header_and_nowhere_else() {
    let fake = Fake::plain(json!([tool("look", true)]), |_, args| match args["how"].as_str() {
        Some("refuse") => Answer::Error(-32_000, "`Bearer sekrit-token-1` may not do this".to_owned()),
        _ => Answer::Status(401, "who is sekrit-token-1?".to_owned()),
    })
    .await;
    let scene = Scene::of(at(&fake.url, Form::Plain)).await;
    let hub = scene.hub();
    for (how, says) in [("refuse", "may not do this"), ("401", "does not let us in")] {
        let error = hub.call("look", &args(json!({"how": how})), None).await.unwrap_err();
        let shown = format!("{error} {error:?} {:?}", hub.setup());
        assert!(shown.contains(says) && !shown.contains("sekrit"), "{shown}");
    }
    let sent = fake.headers();
    assert!(sent.len() >= 2 && sent.iter().all(|headers| headers["authorization"] == "Bearer sekrit-token-1"));
}
