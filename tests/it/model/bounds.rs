//! Places, suspension and stand-ins over real HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fathom::model::{Error, ModelSettings, Prices, Settings, build};

use super::server::{Answer, GOOD, Server, error, good, request};

#[tokio::test]
async fn no_more_requests_are_in_flight_than_allowed_for_all_models_of_a_server() {
    let now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (inside, highest) = (Arc::clone(&now), Arc::clone(&most));
    let server = Server::answering(move |_| {
        highest.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let inside = Arc::clone(&inside);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(40)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
        });
        good().after(Duration::from_millis(50))
    })
    .await;
    let models = build(&Settings { max_in_flight: 3, ..server.settings() }, Prices::builtin()).unwrap();
    let calls = (0..12).map(|n| {
        let model = models.get(if n % 2 == 0 { "m" } else { "other" }).unwrap();
        async move { model.reply(&request()).await }
    });
    for reply in futures::future::join_all(calls).await {
        assert_eq!(reply.unwrap().text, GOOD);
    }
    assert_eq!(server.seen().len(), 12);
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_left_alone() {
    let server = Server::scripted([(|| error(500, "down")) as fn() -> Answer]).await;
    let settings = Settings { attempts: 1, breaker_failures: 4, breaker_open_s: 100, max_wait_s: 1, ..server.settings() };
    let model = build(&settings, Prices::builtin()).unwrap().get("m").unwrap();
    for _ in 0..4 {
        assert!(matches!(model.reply(&request()).await.unwrap_err(), Error::Unavailable(_)));
    }
    let error = model.reply(&request()).await.unwrap_err();
    assert!(matches!(&error, Error::Suspended { provider, .. } if *provider == format!("{}/v1", server.url())), "{error}");
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_model_that_cannot_answer_is_stood_in_for() {
    let down = Server::scripted([(|| error(500, "down")) as fn() -> Answer]).await;
    let up = Server::scripted([good as fn() -> Answer]).await;
    let spare = ModelSettings { base_url: Some(up.url()), ..ModelSettings::default() };
    let settings = Settings {
        attempts: 2,
        fallbacks: vec!["m".to_owned(), "spare".to_owned()],
        models: [("spare".to_owned(), spare)].into(),
        ..down.settings()
    };
    let model = build(&settings, Prices::builtin()).unwrap().get("m").unwrap();
    let reply = model.reply(&request()).await.unwrap();
    assert_eq!(reply.text, GOOD);
    assert!(reply.remarks[0].starts_with("`spare` answered in place of `m` ("), "{:?}", reply.remarks);
    assert_eq!((down.seen().len(), up.seen().len()), (2, 1));
}

#[tokio::test]
async fn a_filter_is_not_worked_around() {
    let filtering =
        Server::scripted([(|| Answer::json(400, serde_json::json!({ "error": { "code": "content_filter" } }))) as fn() -> Answer]).await;
    let spare = Server::scripted([good as fn() -> Answer]).await;
    let settings = Settings {
        fallbacks: vec!["spare".to_owned()],
        models: [("spare".to_owned(), ModelSettings { base_url: Some(spare.url()), ..ModelSettings::default() })].into(),
        ..filtering.settings()
    };
    let model = build(&settings, Prices::builtin()).unwrap().get("m").unwrap();
    assert!(matches!(model.reply(&request()).await.unwrap_err(), Error::Filtered(_)));
    assert_eq!(spare.seen().len(), 0);
}
