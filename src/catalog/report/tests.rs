//! The report of a small run: what stands where, and that data of the database stays data.

use serde_json::json;

use super::*;
use crate::domain::{Budget, Confidence, EntryWrite, PlannedTask, Provenance, SourceKey, Table};

fn finding(kind: &str, key: &str, text: &str, confidence: f64, status: EntryStatus) -> Entry {
    let provenance = Provenance::of("semantic");
    let claim = EntryWrite {
        layer: Layer::Finding,
        kind: kind.to_owned(),
        key: key.to_owned(),
        document: json!({"text": text}),
        tags: Vec::new(),
        links: Vec::new(),
        confidence: Confidence::clamped(confidence),
        status,
        evidence: vec!["tool/1/0".to_owned()],
        provenance,
    };
    Entry { claim, competing: 0, stale: None, at: 0 }
}

fn report() -> Report {
    let request = RunRequest {
        source: "sqlite:/data/shop.db".to_owned(),
        snapshot: None,
        schema: None,
        max_iterations: 2,
        tasks_per_iter: 2,
        intent: Intent::default(),
        budget: Budget::default(),
        model: "builtin".to_owned(),
        outside: None,
    };
    let table = Table {
        schema: "main".to_owned(),
        name: "a|b <i>".to_owned(),
        primary_key: vec!["id".to_owned()],
        row_count: Some(7),
        ..Table::default()
    };
    let snapshot = Snapshot {
        id: SnapshotId("snap_1".to_owned()),
        source: SourceKey("sqlite:/data/shop.db".to_owned()),
        engine: "sqlite".to_owned(),
        schemas: vec!["main".to_owned()],
        tables: vec![table],
        ..Snapshot::default()
    };
    let entries = [
        finding("note", "note/x", "a weak one", 0.4, EntryStatus::Draft),
        finding("relationship", "rel/a", "orders belong to customers", 0.9, EntryStatus::Validated),
        finding("relationship", "rel/b", "orders belong to\n# suppliers", 0.95, EntryStatus::Refuted),
        finding("relationship", "rel/c", "a surer one", 0.97, EntryStatus::Validated),
    ];
    let planned =
        PlannedTask { expert: "structural".to_owned(), goal: "keys".to_owned(), schema: "main".to_owned(), table: None, priority: 1.0 };
    let task = Task { task: TaskId(1), iteration: 1, planned };
    let open = Question {
        question_id: "q1".to_owned(),
        title: "Which?".to_owned(),
        prompt: "This or that?".to_owned(),
        options: vec!["this".to_owned()],
        task: None,
    };
    let answered = Question { question_id: "q2".to_owned(), title: "Who?".to_owned(), ..open.clone() };
    Report::from_facts(&ReportFacts {
        run: RunId::from_uuid(uuid::Uuid::nil()),
        request: &request,
        status: RunStatus::Finished,
        summary: &RunSummary::default(),
        intent: &Intent { goals: vec!["find *revenue*".to_owned()], ..Intent::default() },
        snapshot: Some(&snapshot),
        tasks: &[TaskLine { task, state: "failed".to_owned(), notes: "the model said nothing".to_owned(), findings: 0 }],
        entries: &entries,
        questions: &[(open, None), (answered, Some(Answer::Option("us".to_owned())))],
        stop_reason: Some(StopReason::Budget(Limit::Tokens)),
        error: None,
        undone: &["profile of x".to_owned()],
    })
}

#[test]
fn findings_are_grouped_surest_first_and_refuted_ones_stand_apart() {
    let report = report();
    let groups: Vec<(&str, Vec<&str>)> = report
        .findings
        .iter()
        .map(|group| (group.kind.as_str(), group.findings.iter().map(|finding| finding.key.as_str()).collect()))
        .collect();
    assert_eq!(groups, [("relationship", vec!["rel/c", "rel/a"]), ("note", vec!["note/x"])]);
    assert_eq!(report.refuted.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), ["rel/b"]);
    let again: Report = serde_json::from_value(serde_json::to_value(&report).unwrap()).unwrap();
    assert_eq!(again, report);
}

#[test]
fn the_page_says_all_of_it_and_no_data_becomes_markup() {
    let page = to_markdown(&report());
    for says in [
        "# What is in shop.db",
        "the budget of tokens was used up",
        "without a language model",
        "- Goal: find \\*revenue\\*",
        "| a\\|b &lt;i&gt; | 7 |",
        "`rel/a`: orders belong to customers (validated, confidence 0.90, by semantic)",
        "  - evidence: tool/1/0",
        "## Refuted",
        "orders belong to \\# suppliers (refuted",
        "- **Which?** (`q1`)",
        "- **Who?**: us",
        "- profile of x",
        "task_1 failed (structural, keys): the model said nothing",
    ] {
        assert!(page.contains(says), "{says}\n---\n{page}");
    }
    assert!(page.find("`rel/c`").unwrap() < page.find("## Refuted").unwrap());
    assert!(page.find("`rel/b`").unwrap() > page.find("## Refuted").unwrap());
    assert!(!page.contains("<i>") && !page.contains("\n# suppliers"));
}
