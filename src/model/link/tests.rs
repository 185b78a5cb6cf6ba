//! A link over a wire that fails as it is told to, in paused time.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::model::port::{Shape, Usage};
use crate::model::retry::Hint;
use crate::model::scripted::Scripted;

/// Each call takes a second and then does the next thing of the script; an empty script answers.
#[derive(Default)]
struct Script {
    failures: Mutex<VecDeque<Failure>>,
    calls: AtomicUsize,
    inside: AtomicUsize,
    most_inside: AtomicUsize,
    never: bool,
}

struct Fake(Arc<Script>);

#[async_trait]
impl Wire for Fake {
    async fn reply(&self, _request: &Request) -> Result<Reply, Failure> {
        let script = &self.0;
        script.calls.fetch_add(1, Ordering::SeqCst);
        let inside = script.inside.fetch_add(1, Ordering::SeqCst) + 1;
        script.most_inside.fetch_max(inside, Ordering::SeqCst);
        if script.never {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        script.inside.fetch_sub(1, Ordering::SeqCst);
        match script.failures.lock().expect("not poisoned").pop_front() {
            Some(failure) => Err(failure),
            None => Ok(Scripted::reply_of("{}")),
        }
    }
}

fn link(script: &Arc<Script>, max_in_flight: usize) -> Link {
    let provider = Provider {
        name: "http://h".to_owned(),
        limits: Limits::new(max_in_flight, None),
        breaker: Breaker::new(3, Duration::from_secs(10)),
    };
    Link {
        name: Arc::from("m"),
        wire: Box::new(Fake(Arc::clone(script))),
        provider: Arc::new(provider),
        policy: Policy { attempts: 4, base: Duration::from_millis(500), max_wait: Duration::from_secs(60) },
        attempt_limit: Duration::from_secs(30),
        price: Some(Price { input: 1.0, output: 2.0 }),
    }
}

fn script(failures: impl IntoIterator<Item = Failure>) -> Arc<Script> {
    Arc::new(Script { failures: Mutex::new(failures.into_iter().collect()), ..Script::default() })
}

fn request() -> Request {
    Request {
        purpose: "act".to_owned(),
        messages: Vec::new(),
        shape: Shape { name: "s".to_owned(), schema: serde_json::json!({}) },
        max_tokens: None,
        temperature: None,
        time_limit: Duration::from_secs(100),
    }
}

async fn ask(link: &Link, suspension: Suspension) -> Result<Reply, Error> {
    link.reply(&request(), Duration::from_secs(100), suspension).await
}

fn down() -> Failure {
    Failure::new(Error::Unavailable("500".to_owned()))
}

#[tokio::test(start_paused = true)]
async fn failures_are_sat_out_and_everything_is_counted() {
    let limited = Failure { error: Error::RateLimited { retry_after: None }, hint: Some(Hint(Duration::from_secs(7))), attempts: 2 };
    let script = script([down(), limited]);
    let begun = Instant::now();
    let reply = ask(&link(&script, 8), Suspension::WaitFor).await.expect("answered");
    assert_eq!(reply.attempts, 1 + 2 + 1);
    assert_eq!(reply.remarks.len(), 2);
    assert!(begun.elapsed() >= Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(reply.duration, begun.elapsed());
    assert_eq!(reply.usage, Usage { prompt_tokens: 100, answer_tokens: 1, usd: 102.0 / 1e6 });
}

#[tokio::test(start_paused = true)]
async fn what_no_retry_can_mend_is_not_repeated() {
    for error in [Error::QuotaUsedUp("x".to_owned()), Error::Refused("x".to_owned())] {
        let script = script([Failure::new(error.clone())]);
        assert_eq!(ask(&link(&script, 8), Suspension::WaitFor).await, Err(error));
        assert_eq!(script.calls.load(Ordering::SeqCst), 1);
    }
    let hours = Failure { error: Error::RateLimited { retry_after: None }, hint: Some(Hint(Duration::from_secs(7_200))), attempts: 1 };
    let script = script([hours]);
    assert!(ask(&link(&script, 8), Suspension::WaitFor).await.is_err());
    assert_eq!(script.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_than_places_and_the_others_wait() {
    let script = script([]);
    let link = link(&script, 3);
    let replies = futures::future::join_all((0..10).map(|_| ask(&link, Suspension::WaitFor))).await;
    assert!(replies.iter().all(Result::is_ok));
    assert_eq!(script.most_inside.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_deadline_even_while_it_waits_for_a_place() {
    let script = Arc::new(Script { never: true, ..Script::default() });
    let mut link = link(&script, 1);
    link.attempt_limit = Duration::from_secs(1_000);
    let begun = Instant::now();
    let (first, second) = tokio::join!(ask(&link, Suspension::WaitFor), ask(&link, Suspension::WaitFor));
    assert_eq!(first, Err(Error::TimedOut(Duration::from_secs(100))));
    assert_eq!(second, Err(Error::TimedOut(Duration::from_secs(100))));
    assert_eq!(begun.elapsed(), Duration::from_secs(100));
    assert_eq!(script.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_suspended_provider_is_left_alone_or_waited_for() {
    let script = script((0..3).map(|_| down()));
    let mut link = link(&script, 8);
    link.policy.attempts = 1;
    for _ in 0..3 {
        assert_eq!(ask(&link, Suspension::GiveUp).await, Err(Error::Unavailable("500".to_owned())));
    }
    assert!(matches!(ask(&link, Suspension::GiveUp).await, Err(Error::Suspended { .. })));
    assert_eq!(script.calls.load(Ordering::SeqCst), 3, "a suspended provider was called");

    let begun = Instant::now();
    let reply = ask(&link, Suspension::WaitFor).await.expect("answered after the suspension");
    assert!(begun.elapsed() >= Duration::from_secs(10));
    assert_eq!(reply.attempts, 1);
}
