//! Every event variant and what a person reads of it.

use super::*;
use crate::cli::board::Board;
use crate::domain::event::ModelCall;
use crate::domain::{
    Answer, Budget, Confidence, EntryStatus, PlannedTask, Question, RunRequest, RunStatus, SnapshotId, Task, TaskId, TaskOutcome,
};

/// One of each, in an order in which a run could have them. The names that are missing here are named by the test below.
fn one_of_each() -> Vec<EventBody> {
    use EventBody as E;
    let task = TaskId(1);
    let planned = PlannedTask { expert: "structural".into(), goal: "find keys".into(), schema: "main".into(), table: None, priority: 0.5 };
    let request = RunRequest {
        source: "shop.db".into(),
        snapshot: None,
        schema: None,
        max_iterations: 8,
        tasks_per_iter: 3,
        intent: Intent::default(),
        budget: Budget::default(),
        model: "m".into(),
        outside: None,
    };
    let call = ModelCall { model: "m".into(), prompt_tokens: 900, answer_tokens: 100, usd: 0.01, ..ModelCall::default() };
    let (step, tool, args) = ("tool/1/0".to_owned(), "run_sql".to_owned(), serde_json::json!({}));
    let question = |id: &str, options: &[&str]| Question {
        question_id: id.into(),
        title: "Orders".into(),
        prompt: "What is\nan order?".into(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        task: None,
    };
    let spent = Spent { prompt_tokens: 12_000, answer_tokens: 345, usd: 0.0123, ..Spent::default() };
    vec![
        E::Starting { request, reasoning: "built-in reasoning".into(), experts: vec![] },
        E::SchemaSelected { snapshot: SnapshotId("snap_1".into()), schema: "main".into(), schemas: vec!["main".into(), "old".into()] },
        E::TablesListed { schema: "main".into(), tables: vec![], count: 12 },
        E::TasksPlanned { iteration: 1, tasks: vec![Task { task, iteration: 1, planned }], notes: String::new() },
        E::TaskStart { task, attempt: 1, expert: "structural".into(), goal: "find keys".into(), table: None },
        E::ModelAnswered { task: Some(task), step: step.clone(), call: call.clone() },
        E::ModelFailed { task: Some(task), step: step.clone(), call, reason: "no answer within 60 s".into() },
        E::ToolDone { task, step: step.clone(), tool: tool.clone(), args: args.clone(), duration_ms: 1, bytes: 2, truncated: false },
        E::ToolFailed { task, step: step.clone(), tool: tool.clone(), args: args.clone(), duration_ms: 1, reason: "no such table".into() },
        E::ToolRefused { task, step, tool, args, reason: "not allowed".into() },
        E::CatalogWritten {
            task: Some(task),
            kind: "rel".into(),
            key: "rel/main.orders>main.customers".into(),
            confidence: Confidence::clamped(0.9),
            status: EntryStatus::Validated,
            digest: "d".into(),
        },
        E::InsightFound {
            task,
            claim: "orders refer to customers".into(),
            confidence: Confidence::clamped(0.7),
            evidence: vec![],
            digest: None,
        },
        E::QuestionAsked(question("q1", &["a", "b"])),
        E::QuestionAnswered { question_id: "q1".into(), answer: Answer::Option("a".into()) },
        E::QuestionAsked(question("q2", &[])),
        E::TaskFailed { task, attempt: 1, reason: "panicked".into(), retry_in_ms: Some(500), raw: None },
        E::TaskDone { task, outcome: TaskOutcome { findings: 1, notes: "one reference".into(), ..TaskOutcome::default() } },
        E::TasksDropped { tasks: vec![], why: "the intent changed".into() },
        E::PlanFailed { iteration: 2, attempt: 4, reason: "prose".into(), retry_in_ms: None, raw: None },
        E::IntentChanged {
            revision: 1,
            intent: Intent { audience: Some("sales".into()), goals: vec!["returns".into()], constraints: vec![] },
        },
        E::BudgetLow { limit: Limit::Tokens, share: 0.8 },
        E::BudgetUsedUp { limit: Limit::Tokens },
        E::AgentReported { task: TaskId(1), kind: "decision".into(), text: "orders first".into(), data: serde_json::json!({}) },
        E::IterationDone { iteration: 1, new_findings: 1, barren_iterations: 0 },
        E::Paused {},
        E::Resumed {},
        E::Cancelling {},
        E::Cancelled { undone: vec!["planning".into()] },
        E::Error { code: "source_gone".into(), reason: "the file is gone".into(), undone: vec![] },
        E::Finished {
            reason: StopReason::Budget(Limit::Usd),
            iterations: 2,
            findings: 5,
            undone: vec![],
            open_questions: vec!["q2".into()],
            spent,
        },
    ]
}

#[test]
fn every_event_has_its_words() {
    let lines: Vec<String> =
        one_of_each().iter().map(|body| format!("{:18} {}", body.message(), line(body).unwrap_or_else(|| "-".into()))).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn no_variant_is_missing_here() {
    // The compiler makes whoever adds a variant come to `line`; this makes them come here. The count is of `EventBody`'s variants.
    let names: std::collections::BTreeSet<&str> = one_of_each().iter().map(EventBody::message).collect();
    assert_eq!(names.len(), 29);
}

#[test]
fn the_board_keeps_what_a_person_wants_to_know() {
    let mut board = Board::default();
    let mut states = Vec::new();
    for body in one_of_each() {
        board.apply(&body);
        states.push(format!("{:18} {}", body.message(), board.status()));
        let runs = matches!(body, EventBody::TaskStart { .. });
        if runs {
            assert_eq!(board.running.len(), 1);
        }
    }
    insta::assert_snapshot!(states.join("\n"));
    assert_eq!(board.ended, Some(RunStatus::Finished));
    assert!(board.running.is_empty());
}

#[test]
fn model_text_stays_on_its_line() {
    let body = EventBody::InsightFound {
        task: TaskId(1),
        claim: format!("\u{1b}[2J\n{}", "x".repeat(1_000)),
        confidence: Confidence::CERTAIN,
        evidence: vec![],
        digest: None,
    };
    let text = line(&body).unwrap();
    assert!(!text.contains(['\u{1b}', '\n']) && text.chars().count() <= LONG, "{text}");
}
