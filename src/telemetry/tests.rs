//! Tests of logs, export and metrics; the collector is a small HTTP server in the test.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use metrics::with_local_recorder;
use tracing::subscriber::with_default;
use tracing_subscriber::fmt::MakeWriter;

use super::init::subscriber;
use super::names::{self, Kind};
use super::{Error, Format, Settings, metrics as recorder, spans};
use crate::domain::{RunId, TaskId};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn logged(settings: &Settings, work: impl FnOnce()) -> String {
    let lines = Lines::default();
    let (subscriber, _guard) = subscriber(settings, lines.clone(), false).unwrap();
    with_default(subscriber, work);
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn a_json_line_is_one_object_with_its_fields() {
    let settings = Settings { format: Format::Json, ..Settings::default() };
    let text = logged(&settings, || tracing::info!(run.id = "run_1", duration_ms = 7, "the run has ended"));
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["message"], "the run has ended");
    assert_eq!(line["run.id"], "run_1");
    assert_eq!(line["duration_ms"], 7);
}

#[test]
fn directives_decide_what_is_logged() {
    let settings = Settings { log: "warn,fathom::telemetry=debug".to_owned(), ..Settings::default() };
    let text = logged(&settings, || {
        tracing::debug!("ours");
        tracing::info!(target: "elsewhere", "theirs");
    });
    assert!(text.contains("ours") && !text.contains("theirs"), "{text}");
}

#[test]
fn what_the_sdk_says_of_connections_is_heard_by_who_names_it() {
    for (log, is_heard) in [("info", false), ("debug", false), ("info,rmcp=error", true)] {
        let settings = Settings { log: log.to_owned(), ..Settings::default() };
        let text = logged(&settings, || {
            tracing::error!(target: "rmcp::transport::worker", "worker quit");
            tracing::error!("ours");
        });
        assert!(text.contains("ours") && text.contains("worker quit") == is_heard, "{log}: {text}");
    }
}

#[test]
fn codes_and_tokens_of_a_sign_in_are_heard_by_nobody_however_they_ask() {
    for log in ["rmcp=trace", "trace,rmcp::transport::auth=trace", "info,rmcp=info,[request]=trace"] {
        let settings = Settings { log: log.to_owned(), ..Settings::default() };
        let text = logged(&settings, || {
            let _request = tracing::info_span!("request").entered();
            tracing::debug!(target: "rmcp::transport::auth", "the code is hidden");
            tracing::info!(target: "rmcp::transport::auth", "somebody signs in");
        });
        assert!(text.contains("somebody signs in") && !text.contains("hidden"), "{log}: {text}");
    }
}

#[test]
fn a_bad_directive_is_an_error_and_a_problem() {
    let settings = Settings { log: "fathom=loudly".to_owned(), otlp_endpoint: Some("localhost:4318".to_owned()), ..Settings::default() };
    assert!(matches!(subscriber(&settings, std::io::sink, false).map(|_| ()), Err(Error::BadDirective { .. })));
    let wrong: Vec<_> = settings.validate().into_iter().map(|(key, _)| key).collect();
    assert_eq!(wrong, ["log", "otlp_endpoint"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_arrive_at_the_collector_with_their_names() {
    let received = Arc::new(Mutex::new(Vec::<u8>::new()));
    let store = received.clone();
    let take = post(move |body: Bytes| async move { store.lock().unwrap().extend_from_slice(&body) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/traces", take)).await });

    let settings = Settings { otlp_endpoint: Some(endpoint), service_name: "fathom-under-test".to_owned(), ..Settings::default() };
    let (subscriber, guard) = subscriber(&settings, std::io::sink, false).unwrap();
    with_default(subscriber, || {
        let run_id = RunId::fresh();
        spans::run(run_id, "builtin").in_scope(|| {
            spans::task(run_id, TaskId(1), "semantic", 1).in_scope(|| {
                let model = spans::model("small-model", "act");
                spans::answered(&model, "small-model-1", 10, 20);
                spans::failed(&spans::tool("sample_rows"), "timeout");
            });
        });
        tracing::info_span!(target: "hyper", "not_ours").in_scope(|| ());
    });
    guard.shutdown().await;
    server.abort();

    let bytes = received.lock().unwrap().clone();
    let words = ["fathom-under-test", "invoke_agent semantic", "chat small-model", "gen_ai.usage.input_tokens", "execute_tool sample_rows"];
    for word in words {
        assert!(contains(&bytes, word), "`{word}` did not arrive in {} bytes", bytes.len());
    }
    assert!(!contains(&bytes, "not_ours"));
}

#[test]
fn histograms_have_real_buckets_and_every_metric_is_described() {
    let own = recorder::recorder();
    let handle = own.handle();
    with_local_recorder(&own, || {
        names::describe_all();
        for metric in names::ALL {
            let labels: Vec<(&str, &str)> = metric.labels.iter().map(|label| (*label, "x")).collect();
            match metric.kind {
                Kind::Counter => metrics::counter!(metric.name, &labels).increment(1),
                Kind::Gauge => metrics::gauge!(metric.name, &labels).set(1.0),
                Kind::Histogram(_) => metrics::histogram!(metric.name, &labels).record(0.5),
            }
        }
    });
    let text = handle.render();
    for metric in names::ALL {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        assert!(text.contains(&format!("# TYPE {} {kind}\n", metric.name)), "{} is not a {kind} in\n{text}", metric.name);
        assert!(text.contains(&format!("# HELP {} {}", metric.name, metric.help)), "{} is not described", metric.name);
    }
    assert!(text.contains("fathom_journal_commit_seconds_bucket{le=\"0.001\"} 0"), "{text}");
}

#[test]
fn names_of_metrics_follow_one_form() {
    for metric in names::ALL {
        assert!(metric.name.starts_with("fathom_"), "{}", metric.name);
        assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
        assert_eq!(metric.name.ends_with("_seconds"), metric.unit == metrics::Unit::Seconds, "{}", metric.name);
    }
}

#[test]
fn the_recorder_can_be_installed_many_times() {
    let first = recorder::install();
    let second = recorder::install();
    metrics::gauge!(names::SSE_SUBSCRIBERS).set(3.0);
    assert!(first.render().contains("fathom_sse_subscribers 3"));
    assert!(second.render().contains("fathom_sse_subscribers 3"));
}
