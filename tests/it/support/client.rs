//! A person's side of the API: JSON calls and event streams.

use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::Value;

#[derive(Clone)]
pub struct Client {
    pub url: String,
    http: reqwest::Client,
}

impl Client {
    pub fn new(url: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(120)).build().expect("a client can be made");
        Self { url: url.trim_end_matches('/').to_owned(), http }
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.http.get(format!("{}{path}", self.url)).send().await.expect("the server answers")).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.http.post(format!("{}{path}", self.url)).json(&body).send().await.expect("the server answers")).await
    }

    pub async fn start_run(&self, body: Value) -> String {
        let (status, run) = self.post("/runs", body).await;
        assert_eq!(status, 201, "{run}");
        run["run_id"].as_str().expect("a run has an id").to_owned()
    }

    /// All events that are on disk.
    pub async fn events(&self, run: &str) -> Vec<Value> {
        self.events_after(run, 0, false).await
    }

    /// Reads on until the stream ends by itself.
    pub async fn events_to_the_end(&self, run: &str) -> Vec<Value> {
        self.events_after(run, 0, true).await
    }

    pub async fn events_after(&self, run: &str, after: u64, follow: bool) -> Vec<Value> {
        let url = format!("{}/runs/{run}/events?after={after}&follow={follow}", self.url);
        let response = self.http.get(url).send().await.expect("the server answers");
        assert!(response.status().is_success(), "{}", response.status());
        let mut text = Vec::new();
        let mut body = response.bytes_stream();
        while let Some(Ok(chunk)) = body.next().await {
            text.extend_from_slice(&chunk);
        }
        parse_events(&String::from_utf8(text).expect("streams are text"))
    }

    /// Polls the run's state until it has ended.
    pub async fn wait_for_end(&self, run: &str, at_most: Duration) -> Value {
        self.wait_until(run, at_most, |state| matches!(state["status"].as_str(), Some("finished" | "failed" | "cancelled"))).await
    }

    pub async fn wait_until(&self, run: &str, at_most: Duration, holds: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + at_most;
        loop {
            let (_, state) = self.get(&format!("/runs/{run}")).await;
            if holds(&state) {
                return state;
            }
            assert!(Instant::now() < deadline, "waited {at_most:?} in vain; the run stands at {state}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let joined = if path.contains('?') { '&' } else { '?' };
            let url = match &after {
                Some(token) => format!("{path}{joined}limit=200&after={token}"),
                None => format!("{path}{joined}limit=200"),
            };
            let (status, page) = self.get(&url).await;
            assert_eq!(status, 200, "{page}");
            items.extend(page["items"].as_array().expect("a list has items").iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => return items,
            }
        }
    }
}

async fn answer(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("the answer is read");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub fn parse_events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.map(|data| serde_json::from_str(data).expect("an event is JSON")).collect()
}

/// Numbers are 1..n, and only the last event is one that ends a run.
pub fn assert_whole(events: &[Value]) {
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["seq"].as_u64(), Some(index as u64 + 1), "numbers go from 1 without gap or repetition");
    }
    let ends = |event: &Value| event["type"] == "run" && matches!(event["message"].as_str(), Some("finished" | "error" | "cancelled"));
    assert_eq!(events.iter().filter(|event| ends(event)).count(), 1, "a run ends once");
    assert!(events.last().is_some_and(ends), "nothing follows the end");
}
