//! What a collector of OpenTelemetry gets from a running server.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::support::model_server::ModelServer;
use crate::support::process::Launch;
use crate::support::shop;

const LONG: Duration = Duration::from_secs(30);

/// A run of one iteration with one task, each span by its name behind those of its parents.
const TREE: [&str; 8] = [
    "run",
    "run > invoke_agent planner",
    "run > invoke_agent planner > chat mock",
    "run > invoke_agent semantic",
    "run > invoke_agent semantic > chat mock",
    "run > invoke_agent semantic > chat mock",
    "run > invoke_agent semantic > execute_tool sample_rows",
    "run > open source",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_run_arrives_at_the_collector_as_one_tree_of_spans() {
    let (collector, mut collected) = collector().await;
    let model = ModelServer::start(Duration::ZERO, 1).await;
    let folder = TempDir::new().unwrap();
    let source = shop::make(folder.path(), "shop.db").await;
    let launch = Launch::on(folder.path()).model(&model.url).env("FATHOM_TELEMETRY__OTLP_ENDPOINT", &collector);
    let server = launch.env("OTEL_BSP_SCHEDULE_DELAY", "50").start().await;
    let run = server.client.start_run(json!({"source": source, "max_iterations": 1, "tasks_per_iter": 1})).await;
    server.client.wait_for_end(&run, LONG).await;
    // Where too little comes in time, the comparison shows what is missing.
    let _ = timeout(LONG, collected.wait_for(|spans| of_runs(spans).len() >= TREE.len())).await;
    assert_eq!(of_runs(&collected.borrow()), TREE);
}

/// Keeps what it is sent.
async fn collector() -> (String, watch::Receiver<Vec<Span>>) {
    let (keep, collected) = watch::channel(Vec::new());
    let take = post(move |body: Bytes| async move {
        let export = ExportTraceServiceRequest::decode(body).expect("spans come as protobuf");
        let scopes = export.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        keep.send_modify(|spans| spans.extend(scopes.flat_map(|scope| scope.spans)));
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/traces", take)).await });
    (url, collected)
}

/// The paths of all spans but those of HTTP requests, in order.
fn of_runs(spans: &[Span]) -> Vec<String> {
    let mut paths: Vec<String> = spans.iter().filter(|span| span.name != "request").map(|span| path(span, spans)).collect();
    paths.sort();
    paths
}

fn path(span: &Span, spans: &[Span]) -> String {
    match spans.iter().find(|other| other.span_id == span.parent_span_id) {
        Some(parent) => format!("{} > {}", path(parent, spans), span.name),
        None if span.parent_span_id.is_empty() => span.name.clone(),
        None => format!("? > {}", span.name),
    }
}
