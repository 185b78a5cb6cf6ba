//! A model server that answers by rule: what it says depends on the request alone, never on order or time,
//! so that a run that was killed a hundred times must end like one that was not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Requests of which the words are kept.
const HEARD: usize = 200;

#[derive(Clone)]
pub struct ModelServer {
    pub url: String,
    state: Arc<Rule>,
}

struct Rule {
    latency: Duration,
    plans: u64,
    /// How often each thought was asked for: `run/task/purpose`.
    asked: Mutex<HashMap<String, u32>>,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
    /// Requests that must wait at once before any of them is answered.
    held: watch::Sender<usize>,
    /// What it was told, system and user text; the first of it.
    heard: Mutex<Vec<(String, String)>>,
    /// Says something else than the rule for a while: status and body, or `None` for the rule.
    spoil: Mutex<Vec<Spoiled>>,
}

/// An answer out of the ordinary.
#[derive(Clone)]
pub enum Spoiled {
    Status(u16, Vec<(&'static str, String)>, String),
    Content(String),
    /// The rule's answer, changed.
    Around(String, String),
}

impl ModelServer {
    /// Plans `plans` iterations of two tasks for each run, then has nothing left to do.
    pub async fn start(latency: Duration, plans: u64) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let state = Arc::new(Rule {
            latency,
            plans,
            asked: Mutex::default(),
            waiting: AtomicUsize::new(0),
            most_waiting: AtomicUsize::new(0),
            held: watch::Sender::new(0),
            heard: Mutex::default(),
            spoil: Mutex::default(),
        });
        let router = Router::new().route("/v1/chat/completions", post(chat)).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.expect("the model server serves") });
        Self { url, state }
    }

    /// The next answers, in order, before the rule applies again.
    pub fn spoil(&self, answers: impl IntoIterator<Item = Spoiled>) {
        let mut spoil = self.state.spoil.lock().expect("not poisoned");
        spoil.extend(answers);
    }

    pub fn spoiled_left(&self) -> usize {
        self.state.spoil.lock().expect("not poisoned").len()
    }

    /// From now on nobody is answered until this many wait at once; then everybody is.
    pub fn hold_until_waiting(&self, number: usize) {
        self.state.held.send_replace(number);
    }

    pub fn most_waiting(&self) -> usize {
        self.state.most_waiting.load(Ordering::SeqCst)
    }

    /// What it was told so far: system and user text of the first requests.
    pub fn heard(&self) -> Vec<(String, String)> {
        self.state.heard.lock().expect("not poisoned").clone()
    }

    /// How often each thought was asked for.
    pub fn asked(&self) -> HashMap<String, u32> {
        self.state.asked.lock().expect("not poisoned").clone()
    }
}

async fn chat(State(rule): State<Arc<Rule>>, Json(request): Json<Value>) -> Response {
    let text = |role: &str| {
        let messages = request["messages"].as_array().into_iter().flatten();
        let found = messages.filter(|message| message["role"] == role).filter_map(|message| message["content"].as_str());
        found.collect::<Vec<_>>()
    };
    let system = text("system").join("\n");
    let user = text("user").first().copied().unwrap_or_default().to_owned();
    {
        let mut heard = rule.heard.lock().expect("not poisoned");
        if heard.len() < HEARD {
            heard.push((system.clone(), user.clone()));
        }
    }
    // What the client says about an earlier answer stands behind the brief.
    let brief: Value = serde_json::Deserializer::from_str(&user).into_iter().next().and_then(Result::ok).unwrap_or(Value::Null);
    let (purpose, answer) = think(&rule, &system, &brief);
    let key = format!("{}/{}/{purpose}", brief["run_id"].as_str().unwrap_or("?"), brief["task"].as_str().unwrap_or("plan"));
    *rule.asked.lock().expect("not poisoned").entry(key).or_default() += 1;
    wait(&rule).await;
    let spoiled = {
        let mut spoil = rule.spoil.lock().expect("not poisoned");
        if spoil.is_empty() { None } else { Some(spoil.remove(0)) }
    };
    let content = match spoiled {
        None => answer.to_string(),
        Some(Spoiled::Content(content)) => content,
        Some(Spoiled::Around(before, after)) => format!("{before}{answer}{after}"),
        Some(Spoiled::Status(status, headers, body)) => {
            let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().expect("a header"));
            }
            return response;
        }
    };
    let message = json!({"role": "assistant", "content": content});
    let usage = json!({"prompt_tokens": user.len() / 4, "completion_tokens": content.len() / 4, "total_tokens": 0});
    Json(json!({"id": "x", "object": "chat.completion", "created": 0, "model": "mock", "usage": usage,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}))
    .into_response()
}

async fn wait(rule: &Rule) {
    let waiting = rule.waiting.fetch_add(1, Ordering::SeqCst) + 1;
    rule.most_waiting.fetch_max(waiting, Ordering::SeqCst);
    rule.held.send_if_modified(|held| {
        let enough = *held > 0 && waiting >= *held;
        if enough {
            *held = 0;
        }
        enough
    });
    rule.held.subscribe().wait_for(|held| *held == 0).await.expect("the rule outlives its requests");
    tokio::time::sleep(rule.latency).await;
    rule.waiting.fetch_sub(1, Ordering::SeqCst);
}

fn think(rule: &Rule, system: &str, brief: &Value) -> (String, Value) {
    let system = system.to_lowercase();
    let schema = brief["schema"].as_str().unwrap_or("main");
    if system.contains("json repair") {
        return ("repair".to_owned(), json!({"tasks": [], "tool_calls": [], "catalog_writes": []}));
    }
    if system.contains("catalog_writes") {
        return ("reflect".to_owned(), reflect(brief, schema));
    }
    if system.contains("planner agent") {
        let iteration = brief["iteration"].as_u64().unwrap_or(1);
        return (format!("plan/{iteration}"), plan(rule, brief, schema, iteration));
    }
    (format!("act/{}", brief["round"].as_u64().unwrap_or(1)), act(&system, brief, schema))
}

fn plan(rule: &Rule, brief: &Value, schema: &str, iteration: u64) -> Value {
    if iteration > rule.plans {
        return json!({"tasks": [], "notes": "nothing left"});
    }
    let tables: Vec<&str> = brief["tables"].as_array().into_iter().flatten().filter_map(|table| table["name"].as_str()).collect();
    let experts = ["structural", "statistical", "semantic", "query"];
    let task = |number: u64| {
        let table = tables[number as usize % tables.len()];
        json!({"expert": experts[number as usize % 4], "goal": format!("look at {table}, step {number}"), "schema": schema,
            "table": table, "priority": 0.5})
    };
    json!({"tasks": [task(iteration * 2), task(iteration * 2 + 1)], "notes": ""})
}

fn act(system: &str, brief: &Value, schema: &str) -> Value {
    let table = brief["table"].as_str().unwrap_or("orders");
    let expert = ["structural", "statistical", "semantic", "query"].into_iter().find(|name| system.contains(name)).unwrap_or("query");
    let calls = match expert {
        "structural" => json!([
            {"name": "describe_table", "args": {"schema": schema, "table": table}},
            {"name": "get_constraints", "args": {"schema": schema, "table": table}}]),
        "statistical" => json!([{"name": "table_profile", "args": {"schema": schema, "table": table, "mode": "quick"}}]),
        "semantic" => json!([{"name": "sample_rows", "args": {"schema": schema, "table": table, "limit": 3}}]),
        _ => json!([{"name": "run_sql_readonly", "args": {"sql": format!("select count(*) from {table}")}}]),
    };
    json!({"tool_calls": calls, "notes": "looking"})
}

fn reflect(brief: &Value, schema: &str) -> Value {
    let table = brief["table"].as_str().unwrap_or("orders");
    let task = brief["task"].as_str().unwrap_or("task_0");
    let document = json!({"summary": format!("{table} as seen by {task}"), "table": table}).to_string();
    let questions = if task == "task_1" {
        json!([{"question_id": "audience", "title": "Audience", "prompt": "Who will read the result?", "options": ["dev", "support"]}])
    } else {
        json!([])
    };
    json!({
        "catalog_writes": [
            {"kind": "table", "key": format!("table/{schema}.{table}"), "document": document, "tags": "mock", "links": ""},
            {"kind": "note", "key": format!("note/{task}"), "document": format!("{{\"text\":\"{task} looked at {table}\"}}")}],
        "insights": [{"claim": format!("{table} holds rows"), "confidence": 0.7, "evidence": [format!("table/{schema}.{table}")]}],
        "questions_for_user": questions})
}
