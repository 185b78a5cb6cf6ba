//! What becomes of calls when the connection breaks: reads are made again, and what changes something is put to a person.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fathom::mcp::client::Error;
use fathom::source::remote::Form;
use serde_json::{Value, json};

use super::fake::{Answer, Fake, tool};
use super::{Scene, args, at};

fn tools() -> Value {
    json!([tool("pay", false), tool("look", true)])
}

/// A server in MCP's older revision; `way` gets the tool.
async fn in_mcp(way: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Fake {
    Fake::start(move |method, params| {
        let answer = match method.as_str() {
            "initialize" => Answer::Result(json!({
                "protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "fake", "version": "1"}
            })),
            "tools/list" => Answer::Result(json!({"tools": tools()})),
            "tools/call" => way(params["name"].as_str().unwrap_or_default()),
            "ping" => Answer::Result(json!({})),
            _ => Answer::Error(-32_601, "Method not found".to_owned()),
        };
        Box::pin(std::future::ready(answer))
    })
    .await
}

fn done() -> Answer {
    Answer::Result(json!({"content": [{"type": "text", "text": "done"}]}))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_is_sent_once_and_put_on_record_where_its_answer_is_lost() {
    let breaks: [(Form, fn() -> Answer); 6] = [
        (Form::Plain, || Answer::Break),
        (Form::Plain, || Answer::Status(502, "bad gateway".to_owned())),
        (Form::Plain, || Answer::Status(200, "<html>a proxy's page</html>".to_owned())),
        (Form::Mcp, || Answer::Break),
        (Form::Mcp, || Answer::BreakStream),
        (Form::Mcp, || Answer::Status(500, "it fell over".to_owned())),
    ];
    for (form, broken) in breaks {
        let fake = match form {
            Form::Mcp => in_mcp(move |_| broken()).await,
            _ => Fake::plain(tools(), move |_, _| broken()).await,
        };
        let scene = Scene::of(at(&fake.url, form)).await;
        let error = scene.hub().call("pay", &args(json!({"to": "Ada", "cents": 5})), None).await.unwrap_err();
        let Error::Ambiguous { id, .. } = &error else { panic!("{form:?}: {error}") };
        assert!(error.to_string().contains(&format!("fathom mcp settle {id}")), "{error}");
        assert_eq!(fake.calls_of("pay").len(), 1, "{form:?}: it was repeated");
        let kept = scene.servers.unanswered().await.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].id.as_str(), kept[0].server.as_str(), kept[0].tool.as_str()), (id.as_str(), "hub", "pay"));
        assert_eq!(serde_json::from_str::<Value>(&kept[0].arguments).unwrap(), json!({"to": "Ada", "cents": 5}));
        assert!(kept[0].at > 1_700_000_000_000 && !kept[0].reason.contains("under way"), "{kept:?}");
        assert!(scene.servers.settle(id).await.unwrap() && !scene.servers.settle(id).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_is_made_again() {
    for form in [Form::Plain, Form::Mcp] {
        let failures = Arc::new(AtomicUsize::new(2));
        let left = failures.clone();
        let answer = move || {
            if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() { Answer::Break } else { done() }
        };
        let fake = match form {
            Form::Mcp => in_mcp(move |_| answer()).await,
            _ => Fake::plain(tools(), move |_, _| answer()).await,
        };
        let scene = Scene::of(at(&fake.url, form)).await;
        let reply = scene.hub().call("look", &args(json!({})), None).await.unwrap_or_else(|error| panic!("{form:?}: {error}"));
        assert_eq!((reply.text().as_str(), fake.calls_of("look").len()), ("done", 3));
        assert_eq!(scene.servers.unanswered().await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_waits_for_any_more_stays_on_record() {
    let fake = Fake::plain(tools(), |_, _| Answer::Hang).await;
    let scene = Scene::of(at(&fake.url, Form::Plain)).await;
    let (hub, none) = (scene.hub(), args(json!({})));
    assert!(tokio::time::timeout(Duration::from_millis(300), hub.call("pay", &none, None)).await.is_err());
    let kept = scene.servers.unanswered().await.unwrap();
    assert!(kept.len() == 1 && kept[0].reason.contains("under way"), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_or_never_sent_is_not_on_record() {
    let fake = Fake::plain(tools(), |_, args| match args["how"].as_str() {
        Some("refuse") => Answer::Error(-32_000, "no money".to_owned()),
        Some("fail") => Answer::Result(json!({"content": [{"type": "text", "text": "no money"}], "isError": true})),
        _ => done(),
    })
    .await;
    let scene = Scene::of(at(&fake.url, Form::Plain)).await;
    let hub = scene.hub();
    assert_eq!(hub.call("pay", &args(json!({})), None).await.unwrap().text(), "done");
    assert!(hub.call("pay", &args(json!({"how": "fail"})), None).await.unwrap().is_error);
    let refused = hub.call("pay", &args(json!({"how": "refuse"})), None).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused { reason, .. } if reason == "no money"), "{refused}");
    drop(fake);
    let away = hub.call("pay", &args(json!({})), None).await.unwrap_err();
    assert!(matches!(away, Error::Unavailable { .. }), "{away}");
    assert_eq!(scene.servers.unanswered().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_plain_forms_are_spoken_and_the_one_that_works_is_kept() {
    for (by_name, lists) in [(true, false), (true, true), (false, true)] {
        let fake = Fake::start(move |method, _| {
            let answer = match method.as_str() {
                "tools/list" if lists => Answer::Result(json!({"tools": tools()})),
                "look" if by_name => Answer::Result(json!({"n": 1})),
                "tools/call" if !by_name => Answer::Result(json!({"content": [{"type": "text", "text": "{\"n\": 1}"}]})),
                _ => Answer::Error(-32_601, "Method not found".to_owned()),
            };
            Box::pin(std::future::ready(answer))
        })
        .await;
        let scene = Scene::of(at(&fake.url, Form::Auto)).await;
        let hub = scene.hub();
        for _ in 0..2 {
            let reply = hub.call_to_read("look", &args(json!({}))).await.unwrap_or_else(|error| panic!("{by_name} {lists}: {error}"));
            assert_eq!(reply.value(), json!({"n": 1}));
        }
        assert_eq!(fake.calls_of("look").len(), if by_name && lists { 3 } else { 2 }, "the other form is asked once at most");
        assert_eq!(hub.tools().await.unwrap().is_some(), lists);
    }
}
