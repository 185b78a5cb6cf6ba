//! A golden file for every event: what clients and old journals rely on. `UPDATE_GOLDEN=1` writes them anew.

use std::path::PathBuf;

use fathom::domain::egress::Shown;
use fathom::domain::event::ModelCall;
use fathom::domain::{
    Answer, Budget, Confidence, Egress, EntryStatus, Event, EventBody, Intent, Limit, PlannedTask, Question, RunId, RunRequest, SnapshotId,
    Spent, StopReason, Task, TaskId, TaskOutcome,
};
use fathom::store::Record;
use serde_json::{Value, json};
use uuid::Uuid;

const TS: i64 = 1_767_225_600_000;

#[test]
fn every_event_has_the_json_of_its_golden_file() {
    let mut differing = Vec::new();
    for (position, body) in samples().iter().enumerate() {
        let written = frame_data(position as u64 + 1, body);
        let path = golden_folder().join(format!("{}.json", body.message()));
        if updating() {
            std::fs::write(&path, serde_json::to_string_pretty(&written).unwrap() + "\n").unwrap();
        }
        let golden = std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        if golden.as_ref() != Some(&written) {
            differing.push(format!("{}: golden {golden:?}, now {written}", path.display()));
        }
    }
    assert!(differing.is_empty(), "old journals and clients rely on these:\n{}", differing.join("\n"));
}

#[test]
fn every_golden_file_is_read_as_the_event_that_it_was() {
    for body in samples() {
        let text = std::fs::read_to_string(golden_folder().join(format!("{}.json", body.message()))).unwrap();
        let golden: Value = serde_json::from_str(&text).unwrap();
        let read = EventBody::from_parts(golden["message"].as_str().unwrap(), &golden["data"].to_string()).unwrap();
        assert_eq!(read, body);
        assert_eq!(golden["type"], body.kind().name());
    }
}

#[test]
fn a_record_of_the_journal_gives_back_its_event() {
    for body in samples() {
        let record = Record::encode(7, TS, &body);
        assert_eq!(record.decode(run_id()).unwrap(), Event { seq: 7, ts: TS, run_id: run_id(), body });
    }
}

#[test]
fn a_frame_is_one_event_with_its_number_and_no_event_name() {
    let body = EventBody::Paused {};
    let frame = frame(&Record::encode(3, TS, &body));
    assert!(frame.starts_with("id: 3\ndata: {\"seq\":3,") && frame.ends_with("\"data\":{}}\n\n"), "{frame}");
    assert!(!frame.contains("event:"));
}

fn golden_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/events")
}

#[expect(clippy::disallowed_methods, reason = "a switch of the test, not a setting")]
fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

fn run_id() -> RunId {
    RunId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001))
}

/// What a client reads behind `data:`.
fn frame_data(seq: u64, body: &EventBody) -> Value {
    let frame = frame(&Record::encode(seq, TS, body));
    serde_json::from_str(frame.split_once("data: ").unwrap().1).unwrap()
}

/// One event of each kind, in the order of their declaration.
pub fn samples() -> Vec<EventBody> {
    std::iter::successors(Some(first()), next).collect()
}

fn first() -> EventBody {
    let request = RunRequest {
        source: "sqlite:shop.db".to_owned(),
        snapshot: None,
        schema: Some("main".to_owned()),
        max_iterations: 8,
        tasks_per_iter: 3,
        intent: intent(),
        budget: Budget { tokens: Some(100_000), usd: Some(1.5), seconds: Some(600), tool_calls: None },
        model: "builtin".to_owned(),
        outside: None,
    };
    EventBody::Starting { request, reasoning: "builtin".to_owned(), experts: words(&["structural", "semantic"]) }
}

/// The sample after this one. The match is exhaustive: a new variant does not compile until it has its place in this chain.
fn next(body: &EventBody) -> Option<EventBody> {
    let task = TaskId(4);
    Some(match body {
        EventBody::Starting { .. } => EventBody::SchemaSelected {
            snapshot: SnapshotId("snap_0123456789abcdef".to_owned()),
            schema: "main".to_owned(),
            schemas: words(&["main", "temp"]),
        },
        EventBody::SchemaSelected { .. } => {
            EventBody::TablesListed { schema: "main".to_owned(), tables: words(&["customers", "orders"]), count: 2 }
        }
        EventBody::TablesListed { .. } => EventBody::TasksPlanned {
            iteration: 1,
            tasks: vec![planned(4, Some("orders")), planned(5, None)],
            notes: "keys first".to_owned(),
        },
        EventBody::TasksPlanned { .. } => EventBody::TaskStart {
            task,
            attempt: 1,
            expert: "structural".to_owned(),
            goal: "find the keys of orders".to_owned(),
            table: Some("orders".to_owned()),
        },
        EventBody::TaskStart { .. } => EventBody::TaskDone {
            task,
            outcome: TaskOutcome { tool_calls: 2, findings: 1, questions: 0, notes: "orders belong to customers".to_owned() },
        },
        EventBody::TaskDone { .. } => EventBody::IterationDone { iteration: 1, new_findings: 3, barren_iterations: 0 },
        EventBody::IterationDone { .. } => EventBody::Paused {},
        EventBody::Paused {} => EventBody::Resumed {},
        EventBody::Resumed {} => EventBody::Cancelling {},
        EventBody::Cancelling {} => EventBody::Finished {
            reason: StopReason::Budget(Limit::Tokens),
            iterations: 2,
            findings: 5,
            undone: words(&["semantic: what a row of payments is"]),
            open_questions: words(&["currency"]),
            spent: Spent { model_calls: 7, prompt_tokens: 9_000, answer_tokens: 1_200, usd: 0.25, tool_calls: 11, seconds: 42 },
        },
        EventBody::Finished { .. } => EventBody::Error {
            code: "source_unusable".to_owned(),
            reason: "cannot open `sqlite:shop.db`: not a database".to_owned(),
            undone: Vec::new(),
        },
        EventBody::Error { .. } => EventBody::Cancelled { undone: words(&["structural: find the keys of orders"]) },
        EventBody::Cancelled { .. } => EventBody::TaskFailed {
            task,
            attempt: 1,
            reason: "the answer is not usable: `tool_calls` is missing".to_owned(),
            retry_in_ms: Some(500),
            raw: Some("Sure! Here is".to_owned()),
        },
        EventBody::TaskFailed { .. } => EventBody::TasksDropped { tasks: vec![TaskId(5)], why: "the intent has changed".to_owned() },
        EventBody::TasksDropped { .. } => EventBody::PlanFailed {
            iteration: 2,
            attempt: 4,
            reason: "the model server failed: 500".to_owned(),
            retry_in_ms: None,
            raw: None,
        },
        EventBody::PlanFailed { .. } => EventBody::ToolDone {
            task,
            step: "tool/1/0".to_owned(),
            tool: "suggest_joins".to_owned(),
            args: json!({"schema": "main", "table_a": "orders"}),
            duration_ms: 12,
            bytes: 431,
            truncated: false,
        },
        EventBody::ToolDone { .. } => EventBody::ToolFailed {
            task,
            step: "tool/1/1".to_owned(),
            tool: "sample_rows".to_owned(),
            args: json!({"schema": "main", "table": "ordres"}),
            duration_ms: 1,
            reason: "there is no table `ordres`; did you mean `orders`?".to_owned(),
        },
        EventBody::ToolFailed { .. } => EventBody::ToolRefused {
            task,
            step: "tool/1/2".to_owned(),
            tool: "run_sql_readonly".to_owned(),
            args: json!({"sql": "select 1"}),
            reason: "`structural` may not call `run_sql_readonly`".to_owned(),
        },
        EventBody::ToolRefused { .. } => {
            EventBody::ModelAnswered { task: Some(task), step: "act/1".to_owned(), call: model_call(&["json_object"]) }
        }
        EventBody::ModelAnswered { .. } => EventBody::ModelFailed {
            task: None,
            step: "plan/2".to_owned(),
            call: model_call(&[]),
            reason: "no answer within 60 s".to_owned(),
        },
        EventBody::ModelFailed { .. } => EventBody::CatalogWritten {
            task: Some(task),
            kind: "relationship".to_owned(),
            key: "rel/main.orders.customer_id->main.customers.id".to_owned(),
            confidence: Confidence::clamped(0.95),
            status: EntryStatus::Validated,
            digest: "00112233445566ff".to_owned(),
        },
        EventBody::CatalogWritten { .. } => EventBody::InsightFound {
            task,
            claim: "every order has a customer".to_owned(),
            confidence: Confidence::CERTAIN,
            evidence: words(&["tool/1/0"]),
            digest: Some("ffeeddccbbaa0099".to_owned()),
        },
        EventBody::InsightFound { .. } => EventBody::QuestionAsked(Question {
            question_id: "currency".to_owned(),
            title: "Currency of amounts".to_owned(),
            prompt: "In which currency are the amounts of orders?".to_owned(),
            options: words(&["EUR", "USD"]),
            task: Some(task),
        }),
        EventBody::QuestionAsked(_) => {
            EventBody::QuestionAnswered { question_id: "currency".to_owned(), answer: Answer::Option("EUR".to_owned()) }
        }
        EventBody::QuestionAnswered { .. } => EventBody::IntentChanged { revision: 1, intent: intent() },
        EventBody::IntentChanged { .. } => EventBody::BudgetLow { limit: Limit::Usd, share: 0.8 },
        EventBody::BudgetLow { .. } => EventBody::BudgetUsedUp { limit: Limit::ToolCalls },
        EventBody::BudgetUsedUp { .. } => EventBody::AgentReported {
            task: TaskId(1),
            kind: "decision".to_owned(),
            text: "orders first, as everything refers to them".to_owned(),
            data: json!({"tables": ["orders"]}),
        },
        EventBody::AgentReported { .. } => return None,
    })
}

fn intent() -> Intent {
    Intent { audience: Some("the finance team".to_owned()), goals: words(&["what sells"]), constraints: words(&["no personal data"]) }
}

fn planned(number: u32, table: Option<&str>) -> Task {
    let planned = PlannedTask {
        expert: "structural".to_owned(),
        goal: "find the keys".to_owned(),
        schema: "main".to_owned(),
        table: table.map(str::to_owned),
        priority: 0.75,
    };
    Task { task: TaskId(number), iteration: 1, planned }
}

fn model_call(remarks: &[&str]) -> ModelCall {
    ModelCall {
        model: "small-model".to_owned(),
        calls: 2,
        prompt_tokens: 1_500,
        answer_tokens: 300,
        usd: 0.0125,
        duration_ms: 840,
        remarks: words(remarks),
        egress: (!remarks.is_empty()).then_some(Shown { level: Egress::Masked, values_masked: 12, fields_left_out: 1 }),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn frame(record: &Record) -> String {
    let mut frame = String::new();
    record.frame_into(run_id(), &mut frame);
    frame
}
