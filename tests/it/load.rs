//! Many runs and many readers at once, with the memory that they may take.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::json;
use tempfile::TempDir;

use crate::support::client::{assert_whole, parse_events};
use crate::support::model_server::ModelServer;
use crate::support::process::Launch;
use crate::support::shop;

/// In an unoptimised build, on whatever allocator the machine has: the same program took 189 to 202 in a row on one machine. A tenth of what a
/// run at once costs the asyncio baseline, 190, is for an optimised one.
const KB_A_WAITING_RUN: u64 = 230;
/// In an unoptimised build, whose futures are larger; an optimised one is to stay below 20.
const KB_A_READER: u64 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_runs_wait_on_a_slow_model_at_once_in_bounded_memory() {
    const RUNS: usize = 1_000;
    let model = ModelServer::start(Duration::from_secs(2), 1).await;
    let folder = TempDir::new().expect("a folder");
    let source = shop::make(folder.path(), "shop.db").await;
    let server = Launch::on(folder.path()).model(&model.url).start().await;
    // One run first, so that what every process has once is not counted a thousand times.
    let body = json!({"source": source, "max_iterations": 1, "tasks_per_iter": 2});
    let warm = server.client.start_run(body.clone()).await;
    server.client.wait_for_end(&warm, Duration::from_secs(60)).await;
    let before = server.resident_kb();
    let started = Instant::now();
    // The first answers are held back until every run waits for one.
    model.hold_until_waiting(RUNS);
    let starts = futures::stream::iter(0..RUNS).map(|_| server.client.start_run(body.clone()));
    let runs: Vec<String> = starts.buffer_unordered(64).collect().await;
    let mut peak = 0;
    let mut most_waiting = 0;
    loop {
        peak = peak.max(server.resident_kb());
        let open = server.client.all("/runs").await.iter().filter(|run| run["status"] == "running").count();
        most_waiting = most_waiting.max(open);
        if open == 0 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(240), "{open} runs are still open");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    for run in &runs {
        assert_whole(&server.client.events(run).await);
    }
    let kb_a_run = peak.saturating_sub(before) / RUNS as u64;
    println!("{RUNS} runs in {:.1} s, {most_waiting} open at once, {kb_a_run} kB a run", started.elapsed().as_secs_f64());
    assert!(model.most_waiting() >= RUNS, "only {} waited at once", model.most_waiting());
    assert!(kb_a_run <= KB_A_WAITING_RUN, "{kb_a_run} kB a waiting run");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_readers_follow_one_run_while_some_never_read() {
    const READERS: usize = 2_000;
    const SLOW: usize = 100;
    const EVENTS: usize = 60;
    let model = ModelServer::start(Duration::from_secs(600), 1).await;
    let folder = TempDir::new().expect("a folder");
    let source = shop::make(folder.path(), "shop.db").await;
    let server = Launch::on(folder.path()).model(&model.url).start().await;
    let run = server.client.start_run(json!({"source": source, "max_iterations": 1})).await;
    server.client.wait_until(&run, Duration::from_secs(30), |state| state["phase"] == "planning").await;
    let before = server.resident_kb();
    let address = server.client.url.trim_start_matches("http://").to_owned();
    let open = |_| {
        let mut stream = TcpStream::connect(&address).expect("the server accepts");
        let request = format!("GET /runs/{run}/events HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        stream
    };
    let never_read: Vec<TcpStream> = (0..SLOW).map(open).collect();
    let readers: Vec<TcpStream> = (SLOW..READERS).map(open).collect();
    // Each event is large enough that who never reads fills its sockets.
    let goal = "x".repeat(1_900);
    for number in 0..EVENTS {
        let goals: Vec<String> = (0..10).map(|part| format!("{number}.{part} {goal}")).collect();
        let (status, answer) = server.client.post(&format!("/runs/{run}/intent"), json!({"goals": goals})).await;
        assert!(status < 300, "{status} {answer}");
    }
    let during = server.resident_kb();
    let (status, answer) = server.client.post(&format!("/runs/{run}/cancel"), json!({})).await;
    assert!(status < 300, "{status} {answer}");
    let expected = server.client.events_to_the_end(&run).await;
    assert_whole(&expected);
    assert!(expected.len() > EVENTS);
    let expected_numbers = expected.len();
    let reading = std::thread::spawn(move || {
        readers.into_iter().map(read_to_the_end).map(|text| parse_events(&text).len()).filter(|events| *events == expected_numbers).count()
    });
    let complete = reading.join().expect("readers read");
    assert_eq!(complete, READERS - SLOW, "every reader that reads gets every event");
    let kb_a_reader = during.saturating_sub(before) / READERS as u64;
    println!("{READERS} readers, {kb_a_reader} kB a reader, {complete} read all {expected_numbers} events");
    assert!(kb_a_reader <= KB_A_READER, "{kb_a_reader} kB a reader ({before} kB before, {during} kB with {READERS} readers)");
    drop(never_read);
}

/// The body of a chunked answer; the server ends it.
fn read_to_the_end(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit can be set");
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 65_536];
    while !bytes.ends_with(b"0\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    String::from_utf8_lossy(&dechunk(&bytes[head..])).into_owned()
}

fn dechunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line_end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..line_end]).ok().and_then(|hex| usize::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
        let (from, to) = (line_end + 2, line_end + 2 + size);
        if size == 0 || to + 2 > bytes.len() {
            break;
        }
        body.extend_from_slice(&bytes[from..to]);
        bytes = &bytes[to + 2..];
    }
    body
}
