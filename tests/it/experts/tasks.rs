//! What one task does with good and bad tool calls, and how it settles what is claimed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fathom::domain::{Confidence, EntryStatus, EntryWrite, EventBody, Insight, Question, Rows, TaskId};
use fathom::experts::thought::{
    Act, Plan, PlanBrief, ProposedWrite, Reasoning, Reflection, TaskBrief, Thought, ThoughtError, ToolCall, ToolResult,
};
use fathom::experts::{Flow, TaskError, perform};
use fathom::source;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::fakes::{Answering, MemoryRecorder, ScriptedReasoning, context, counting, desk, task, workspace};

fn call(name: &str, column: &str) -> ToolCall {
    ToolCall { name: name.to_owned(), args: json!({ "schema": "shop", "table": "orders", "column": column }) }
}

fn act(calls: Vec<ToolCall>, more: bool) -> Act {
    Act { tool_calls: calls, notes: String::new(), more }
}

fn write(kind: &str, key: &str, document: Value) -> ProposedWrite {
    ProposedWrite { kind: kind.to_owned(), key: key.to_owned(), document, tags: Vec::new(), links: Vec::new() }
}

struct Done {
    result: Result<(), TaskError>,
    recorder: Arc<MemoryRecorder>,
    reasoning: Arc<ScriptedReasoning>,
}

async fn done(expert: &str, acts: Vec<Act>, reflection: Reflection, answering: Answering) -> Done {
    let (desk, _) = desk();
    let recorder = Arc::new(MemoryRecorder::default());
    let reasoning = ScriptedReasoning::new(acts, reflection);
    let flow = Flow::new(TaskId(3), recorder.clone(), Vec::new(), CancellationToken::new());
    let result = perform(&desk, &flow, task(expert, "orders", "look"), context(workspace(answering), reasoning.clone())).await;
    Done { result, recorder, reasoning }
}

async fn settled(writes: Vec<ProposedWrite>, answering: Answering) -> HashMap<String, EntryWrite> {
    let acts = vec![act(vec![call("describe_table", "id")], false)];
    let reflection = Reflection { catalog_writes: writes, ..Reflection::default() };
    let done = done("structural", acts, reflection, answering).await;
    done.result.unwrap();
    done.recorder.entries()
}

#[tokio::test]
async fn a_refused_call_comes_back_once_as_a_result() {
    let bad = act(vec![call("fly", "x"), call("run_sql_readonly", "x"), call("describe_table", "id")], false);
    let still_bad = act(vec![call("fly", "x")], false);
    let done = done("structural", vec![bad, still_bad], Reflection::default(), counting([0; 5])).await;
    done.result.unwrap();
    // Two rounds although no more was wanted, and no third although the second was as bad.
    assert_eq!(*done.reasoning.asked.lock().unwrap(), ["act", "act", "reflect"]);
    let seen = done.reasoning.seen.lock().unwrap()[1].clone();
    assert_eq!(seen.iter().map(|result| result.failed).collect::<Vec<_>>(), [true, true, false]);
    assert!(seen[0].result["error"].as_str().unwrap().contains("fly"));
    let refused = done.recorder.events().iter().filter(|event| matches!(event, EventBody::ToolRefused { .. })).count();
    assert_eq!(refused, 3);
}

#[tokio::test]
async fn a_mendable_failure_is_an_event_and_gives_one_more_round() {
    let acts =
        vec![act(vec![call("find_reference_candidates", "missing")], false), act(vec![call("find_reference_candidates", "id")], false)];
    let done = done("structural", acts, Reflection::default(), counting([0; 5])).await;
    done.result.unwrap();
    assert_eq!(done.recorder.steps(), ["act/1", "tool/1/0", "act/2", "tool/2/0", "reflect", "conclude"]);
    assert!(done.recorder.events().iter().any(|event| matches!(event, EventBody::ToolFailed { reason, .. } if reason.contains("missing"))));
}

#[tokio::test]
async fn rounds_end_at_the_agents_limit() {
    let more = || act(vec![call("describe_table", "id")], true);
    let done = done("structural", vec![more(), more(), more(), more()], Reflection::default(), counting([0; 5])).await;
    done.result.unwrap();
    assert_eq!(*done.reasoning.asked.lock().unwrap(), ["act", "act", "act", "reflect"]);
}

#[tokio::test]
async fn a_broken_tool_fails_the_task_for_now_and_keeps_what_came_back() {
    let acts = vec![act(vec![call("describe_table", "id"), call("find_reference_candidates", "broken")], false)];
    let done = done("structural", acts, Reflection::default(), counting([0; 5])).await;
    assert!(
        matches!(done.result, Err(TaskError::Failed { transient: true, ref reason, .. }) if reason.contains("find_reference_candidates"))
    );
    assert_eq!(done.recorder.steps(), ["act/1", "tool/1/0"]);
}

#[tokio::test]
async fn calls_beyond_the_limit_are_not_made_and_said_so() {
    let many = act((0..20).map(|_| call("describe_table", "id")).collect(), false);
    let done = done("structural", vec![many, act(Vec::new(), false)], Reflection::default(), counting([0; 5])).await;
    done.result.unwrap();
    assert_eq!(done.recorder.steps().iter().filter(|step| step.starts_with("tool/")).count(), 8);
    let refused = done.recorder.events().into_iter().find(|event| matches!(event, EventBody::ToolRefused { .. })).unwrap();
    assert!(matches!(refused, EventBody::ToolRefused { reason, .. } if reason.contains("12 calls")));
}

#[tokio::test]
async fn long_arguments_do_not_swell_the_journal() {
    let long = ToolCall { name: "describe_table".to_owned(), args: json!({ "table": "x".repeat(50_000) }) };
    let done = done("structural", vec![act(vec![long], false)], Reflection::default(), counting([0; 5])).await;
    let size = |event: &EventBody| matches!(event, EventBody::ToolDone { .. }).then(|| event.data_json().len());
    assert!(done.recorder.events().iter().filter_map(size).max().unwrap() < 4_000);
}

#[tokio::test]
async fn a_relationship_is_believed_as_far_as_the_rows_go() {
    let check = async |counts: [u64; 5], status: EntryStatus, confidence: f64| {
        let claim =
            write("Relationship", "rel/SHOP.orders.customer_id -> shop.customers.ID", json!({ "meaning": "who", "confidence": 0.95 }));
        let entries = settled(vec![claim], counting(counts)).await;
        let entry = &entries["rel/shop.orders.customer_id->shop.customers.id"];
        assert_eq!((entry.status, entry.confidence.value()), (status, confidence), "{counts:?}");
        assert!(entry.document.get("confidence").is_none());
        assert_eq!(entry.document["parent"], json!({ "schema": "shop", "table": "customers", "columns": ["id"] }));
        assert_eq!(entry.document["check"]["result"]["rows_without_partner"], counts[1]);
        assert!(entry.evidence.contains(&"check/anti_join".to_owned()));
    };
    check([1000, 0, 40, 40, 40], EntryStatus::Validated, 0.95).await;
    check([1000, 20, 40, 40, 40], EntryStatus::Draft, 0.8).await;
    check([1000, 400, 40, 40, 40], EntryStatus::Refuted, 0.05).await;
    check([0, 0, 0, 40, 40], EntryStatus::Draft, 0.5).await;
}

#[tokio::test]
async fn a_relationship_may_be_told_in_the_document() {
    let claim = write(
        "fk",
        "orders_to_customers",
        json!({ "child_table": "orders", "child_column": "customer_id", "parent": "shop.customers.id" }),
    );
    let entries = settled(vec![claim], counting([1000, 0, 40, 40, 40])).await;
    assert_eq!(entries["rel/shop.orders.customer_id->shop.customers.id"].status, EntryStatus::Validated);
}

#[tokio::test]
async fn a_relationship_to_nowhere_is_refuted() {
    let claim = write("relationship", "rel/shop.orders.customer_id->shop.clients.id", json!({}));
    let entries = settled(vec![claim], counting([0; 5])).await;
    assert_eq!(entries.values().next().unwrap().status, EntryStatus::Refuted);
}

#[tokio::test]
async fn a_declared_reference_is_certain_and_a_leaky_one_says_so() {
    let claim = || vec![write("relationship", "rel/shop.order_items.order_id->shop.orders.id", json!({}))];
    let entry = |entries: HashMap<String, EntryWrite>| entries.into_values().next().unwrap();
    let kept = entry(settled(claim(), counting([3000, 0, 900, 1000, 1000])).await);
    assert_eq!((kept.status, kept.confidence.value()), (EntryStatus::Validated, 1.0));
    let leaky = entry(settled(claim(), counting([3000, 600, 900, 1000, 1000])).await);
    assert_eq!((leaky.status, leaky.confidence.value()), (EntryStatus::Validated, 0.9));
    assert_eq!(leaky.document["check"]["result"]["share_without_partner"], 0.2);
}

#[tokio::test]
async fn without_a_check_confidence_follows_the_evidence() {
    let said = |confidence: f64| json!({ "summary": "s", "confidence": confidence, "status": "stable" });
    let writes = vec![
        write("table", "orders", said(1.0)),
        write("column", "col/shop.customers.email", said(1.0)),
        write("hypothesis", "hypothesis/shop.orders.x", said(0.3)),
        write("intent", "intent/run", said(1.0)),
        write("table", "table/shop.nowhere", said(1.0)),
    ];
    let entries = settled(writes, counting([0; 5])).await;
    let looked = |key: &str| (entries[key].confidence.value(), entries[key].status);
    // The task looked at orders, and at nothing of customers.
    assert_eq!(looked("table/shop.orders"), (0.8, EntryStatus::Draft));
    assert_eq!(entries["table/shop.orders"].evidence, ["describe_table(column=id, schema=shop, table=orders)"]);
    assert_eq!(looked("col/shop.customers.email"), (0.5, EntryStatus::Draft));
    assert_eq!(looked("hypothesis/shop.orders.x"), (0.3, EntryStatus::Draft));
    assert_eq!(looked("table/shop.nowhere").1, EntryStatus::Refuted);
    assert_eq!(entries.len(), 4, "an expert does not write intents");
}

#[tokio::test]
async fn metrics_and_templates_are_run() {
    let answering: Answering = Arc::new(|sql| match sql {
        _ if sql.contains("nope") => Err(source::Error::Statement("no such column: nope".to_owned())),
        _ if sql.contains("slow") => Err(source::Error::TimedOut(Duration::from_secs(10))),
        _ if sql.contains("none") => Ok(Rows::default()),
        _ => counting([0; 5])(sql),
    });
    let metric = |name: &str, sql: &str| write("metric", &format!("metric/shop.orders.{name}"), json!({ "sql": sql, "confidence": 0.99 }));
    let template = |name: &str, sql: &str| {
        write("question_template", &format!("question_template/shop.orders.{name}"), json!({ "question": "q", "sql": sql }))
    };
    let writes = vec![
        metric("good", "select sum(total) from orders"),
        metric("bad", "select sum(nope) from orders"),
        metric("slow", "select slow from orders"),
        metric("writing", "delete from orders"),
        template("good", "select 1 from orders"),
        template("bad", "select nope from orders"),
        template("empty", "select none from orders"),
        template("of nothing", "select 1"),
        metric("of nothing", "select 1"),
        template("open", "select * from orders where id = :id"),
    ];
    let entries = settled(writes, answering).await;
    let check = |key: &str, status: EntryStatus, confidence: f64| {
        let entry = &entries[key];
        assert_eq!((entry.status, entry.confidence.value()), (status, confidence), "{key}");
    };
    check("metric/shop.orders.good", EntryStatus::Validated, 0.9);
    check("metric/shop.orders.bad", EntryStatus::Refuted, 0.05);
    check("metric/shop.orders.slow", EntryStatus::Draft, 0.8);
    check("metric/shop.orders.writing", EntryStatus::Refuted, 0.05);
    check("question_template/shop.orders.good", EntryStatus::Validated, 0.9);
    check("question_template/shop.orders.bad", EntryStatus::Refuted, 0.05);
    check("question_template/shop.orders.empty", EntryStatus::Draft, 0.6);
    check("question_template/shop.orders.open", EntryStatus::Draft, 0.6);
    // What reads no table says nothing of the data, whatever it gives.
    check("question_template/shop.orders.of nothing", EntryStatus::Draft, 0.6);
    check("metric/shop.orders.of nothing", EntryStatus::Draft, 0.8);
    assert_eq!(entries["metric/shop.orders.good"].document["check"]["result"]["value"], json!([42]));
}

#[tokio::test]
async fn a_source_that_does_not_answer_fails_the_task_for_now() {
    let answering: Answering = Arc::new(|_| Err(source::Error::Unavailable("gone".to_owned())));
    let writes = vec![write("metric", "metric/shop.orders.a", json!({ "sql": "select 1 from orders" }))];
    let reflection = Reflection { catalog_writes: writes, ..Reflection::default() };
    let done = done("structural", vec![act(Vec::new(), false)], reflection, answering).await;
    assert!(matches!(done.result, Err(TaskError::Failed { transient: true, .. })));
    assert_eq!(done.recorder.steps(), ["act/1", "reflect"]);
}

#[tokio::test]
async fn insights_rest_on_what_was_seen_and_questions_name_their_task() {
    let insight = |evidence: &[&str]| Insight {
        claim: "c".to_owned(),
        confidence: Confidence::CERTAIN,
        evidence: evidence.iter().map(|text| (*text).to_owned()).collect(),
    };
    let question = Question { question_id: "q".to_owned(), title: "t".to_owned(), prompt: "p".to_owned(), options: Vec::new(), task: None };
    let reflection = Reflection {
        catalog_writes: vec![write("relationship", "rel/shop.orders.customer_id->shop.customers.id", json!({}))],
        insights: vec![
            insight(&["tool/1/0: it shows"]),
            insight(&["I just know", "tool/7/7"]),
            insight(&["rel/shop.orders.customer_id->shop.customers.id"]),
        ],
        questions_for_user: vec![question],
    };
    let done = done("structural", vec![act(vec![call("describe_table", "id")], false)], reflection, counting([1000, 0, 40, 40, 40])).await;
    done.result.unwrap();
    let events = done.recorder.events();
    let found: Vec<(f64, usize)> = events
        .iter()
        .filter_map(|event| match event {
            EventBody::InsightFound { confidence, evidence, .. } => Some((confidence.value(), evidence.len())),
            _ => None,
        })
        .collect();
    assert_eq!(found, [(0.8, 1), (0.5, 0), (0.95, 1)]);
    assert!(events.iter().any(|event| matches!(event, EventBody::QuestionAsked(question) if question.task == Some(TaskId(3)))));
    let records = done.recorder.records.lock().unwrap();
    let outcome = records.last().unwrap().finished.clone().unwrap();
    assert_eq!((outcome.tool_calls, outcome.findings, outcome.questions), (1, 4, 1));
}

/// Never comes to an end.
struct Endless;

#[async_trait]
impl Reasoning for Endless {
    fn name(&self) -> &str {
        "endless"
    }
    async fn plan(&self, _: &PlanBrief) -> Result<Thought<Plan>, ThoughtError> {
        std::future::pending().await
    }
    async fn act(&self, _: &TaskBrief, _: &[ToolResult]) -> Result<Thought<Act>, ThoughtError> {
        std::future::pending().await
    }
    async fn reflect(&self, _: &TaskBrief, _: &[ToolResult]) -> Result<Thought<Reflection>, ThoughtError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_ends_at_its_time_limit() {
    let (desk, _) = desk();
    let flow = Flow::new(TaskId(3), Arc::new(MemoryRecorder::default()), Vec::new(), CancellationToken::new());
    let result = perform(&desk, &flow, task("query", "orders", "look"), context(workspace(counting([0; 5])), Arc::new(Endless))).await;
    assert!(matches!(result, Err(TaskError::Failed { transient: true, ref reason, .. }) if reason.contains("300 s")));
}

#[tokio::test]
async fn a_task_of_an_expert_that_is_gone_fails_for_good() {
    let done = done("alchemist", Vec::new(), Reflection::default(), counting([0; 5])).await;
    assert!(matches!(done.result, Err(TaskError::Failed { transient: false, .. })));
}
