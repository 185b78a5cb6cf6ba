//! Runs that an agent outside carries out: journal, budget, claims and end are like those of our own experts.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::client::{Client, assert_whole};
use crate::support::process::{Launch, Server};
use crate::support::shop;

struct Scene {
    server: Server,
    shop: String,
    folder: TempDir,
}

async fn scene(settings: &[(&str, &str)]) -> Scene {
    let folder = TempDir::new().expect("a folder");
    let shop = shop::make(folder.path(), "shop.db").await.display().to_string();
    let server = launch(folder.path(), settings).start().await;
    Scene { server, shop, folder }
}

fn launch(folder: &Path, settings: &[(&str, &str)]) -> Launch {
    settings.iter().fold(Launch::on(folder), |launch, (name, value)| launch.env(name, *value))
}

async fn call(client: &Client, tool: &str, source: Option<&str>, args: Value) -> Value {
    let mut body = json!({"args": args});
    if let Some(source) = source {
        body["source"] = json!(source);
    }
    let (_, mut answer) = client.post(&format!("/tools/{tool}"), body).await;
    if answer["code"].is_string() { answer } else { answer["result"].take() }
}

async fn start(scene: &Scene, args: Value) -> String {
    let started = call(&scene.server.client, "agent.run_start", Some(&scene.shop), args).await;
    started["agent_run_id"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned()
}

fn messages(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["message"].as_str()).collect()
}

fn says(answer: &Value, what: &str) -> bool {
    answer["detail"].as_str().is_some_and(|detail| detail.contains(what))
}

#[tokio::test]
async fn an_agent_outside_carries_out_a_run_with_a_journal_of_its_own() {
    let mut scene = scene(&[]).await;
    let run = start(
        &scene,
        json!({"agent_name": "structural", "model_name": "some-model", "purpose": "what is sold", "budget": {"tool_calls": 50}}),
    )
    .await;
    let client = scene.server.client.clone();
    let tables = call(&client, "list_tables", None, json!({"agent_run_id": run})).await;
    assert_eq!(tables["count"], 5, "the run knows its source: {tables}");
    let reported =
        json!({"agent_run_id": run, "event_type": "finished", "message": "orders first", "payload": {"seq": 1, "message": "finished"}});
    assert_eq!(call(&client, "agent.event_append", None, reported).await["seq"], 7);

    // the process dies; the run waits for its agent
    scene.server.kill();
    scene.server = launch(scene.folder.path(), &[]).start().await;
    let client = scene.server.client.clone();
    let reference = json!({"agent_run_id": run, "child_object_id": "order_items", "child_column": "product_id", "parent_object_id": "products", "parent_column": "id"});
    let recorded = call(&client, "llm.relationship_upsert", None, reference).await;
    assert_eq!(recorded["status"], "validated", "{recorded}");
    let refused = call(&client, "describe_table", None, json!({"run_id": run, "tabel": "x"})).await;
    assert_eq!(refused["code"], "tool_refused", "{refused}");
    let finished = call(&client, "agent.run_finish", None, json!({"agent_run_id": run, "summary": "products are sold"})).await;
    assert_eq!(finished["report"], format!("/runs/{run}/report"), "{finished}");

    let events = client.events_to_the_end(&run).await;
    assert_whole(&events);
    let expect = [
        "starting",
        "schema_selected",
        "tables_listed",
        "tasks_planned",
        "task_start",
        "tool_done",
        "agent_reported",
        "catalog_written",
        "tool_done",
        "tool_refused",
        "task_done",
        "iteration_done",
        "finished",
    ];
    assert_eq!(messages(&events), expect);
    assert_eq!((&events[6]["type"], &events[6]["data"]["kind"]), (&json!("agent"), &json!("finished")));
    assert_eq!(events[4]["data"]["expert"], "structural (outside)", "no name passes for an expert's");
    assert_eq!(events[12]["data"]["spent"]["tool_calls"], 3);
    let found = client.all(&format!("/runs/{run}/findings")).await;
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["provenance"]["run"], &found[0]["provenance"]["model"]), (&json!(run), &json!("some-model")));
    let (_, report) = client.get(&format!("/runs/{run}/report?format=markdown")).await;
    assert!(
        report
            .as_str()
            .is_some_and(|text| text.contains("order_items.product_id")
                && text.contains("by the agent `structural` from outside. products are sold")),
        "{report}"
    );
    let (_, state) = client.get(&format!("/runs/{run}")).await;
    assert_eq!(
        (&state["status"], &state["summary"]["findings"].as_u64().or(state["findings"].as_u64())),
        (&json!("finished"), &Some(1)),
        "{state}"
    );
    let late = call(&client, "list_tables", None, json!({"agent_run_id": run})).await;
    assert!(says(&late, "it has ended (finished)"), "{late}");
}

#[tokio::test]
async fn a_run_is_its_authors_and_ends_with_its_budget() {
    let scene = scene(&[]).await;
    let client = &scene.server.client;
    let run = start(&scene, json!({"budget": {"tool_calls": 2}})).await;
    let (_, made) = client.post("/tokens", json!({"name": "ada"})).await;
    let body = json!({"args": {"agent_run_id": run}});
    let ada =
        client.http().post(format!("{}/tools/list_tables", client.url)).bearer_auth(made["token"].as_str().expect("a token")).json(&body);
    let answer: Value = ada.send().await.expect("an answer").json().await.expect("JSON");
    assert!(says(&answer, "carried out by `outside`, and you are `token:ada`"), "{answer}");
    let other = shop::make(scene.folder.path(), "other.db").await.display().to_string();
    let elsewhere = call(client, "list_tables", Some(&other), json!({"agent_run_id": run})).await;
    assert!(says(&elsewhere, "and this call into"), "{elsewhere}");
    for bad in [json!("run_1"), json!(7), json!("run_0198c2a1b2c37d4e8f90a1b2c3d4e5f6")] {
        let answer = call(client, "list_tables", Some(&scene.shop), json!({"agent_run_id": bad})).await;
        assert!(answer["code"].is_string(), "{answer}");
    }
    let experts = client.start_run(json!({"source": scene.shop, "max_iterations": 1})).await;
    let answer = call(client, "agent.run_finish", None, json!({"agent_run_id": experts})).await;
    assert!(says(&answer, "its own experts work on it"), "{answer}");

    for _ in 0..2 {
        assert_eq!(call(client, "list_tables", None, json!({"agent_run_id": run})).await["count"], 5);
    }
    let over = call(client, "list_tables", None, json!({"agent_run_id": run})).await;
    assert!(says(&over, "its budget is used up"), "{over}");
    let events = client.events_to_the_end(&run).await;
    assert_eq!(messages(&events)[5..], ["tool_done", "tool_done", "budget_used_up", "tasks_dropped", "finished"]);

    let cancelled = start(&scene, json!({})).await;
    assert_eq!(client.post(&format!("/runs/{cancelled}/pause"), json!({})).await.0, 200);
    let paused = call(client, "list_tables", None, json!({"agent_run_id": cancelled})).await;
    assert!(says(&paused, "paused"), "{paused}");
    client.post(&format!("/runs/{cancelled}/cancel"), json!({})).await;
    assert_eq!(client.wait_for_end(&cancelled, Duration::from_secs(10)).await["status"], "cancelled");
    let failed = start(&scene, json!({})).await;
    call(client, "agent.run_finish", None, json!({"agent_run_id": failed, "status": "failed", "error": "out of ideas"})).await;
    let events = client.events_to_the_end(&failed).await;
    assert_eq!(events.last().map(|event| &event["data"]["reason"]), Some(&json!("out of ideas")));
}

#[tokio::test]
async fn a_run_of_which_nothing_is_heard_is_ended() {
    let scene = scene(&[("FATHOM_ENGINE__AGENT_SILENCE_S", "1")]).await;
    let run = start(&scene, json!({})).await;
    let events = scene.server.client.events_to_the_end(&run).await;
    let last = events.last().expect("it has events");
    assert_eq!((&last["message"], &last["data"]["code"]), (&json!("error"), &json!("agent_silent")));
    let late = call(&scene.server.client, "agent.event_append", None, json!({"agent_run_id": run, "event_type": "note"})).await;
    assert!(says(&late, "it has ended (failed)"), "{late}");
}
