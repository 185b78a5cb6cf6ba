//! Without any model: the rules discover a small shop, the same way each time, and come to an end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fathom::domain::{Answer, EntryStatus, EventBody, Intent, PlannedTask, Question, Task, TaskId};
use fathom::experts::thought::{AnswerLine, DoneLine};
use fathom::experts::{Desk, Flow, Guidance, PlanContext, perform, plan};
use tokio_util::sync::CancellationToken;

use super::fakes::{MemoryRecorder, counting, desk, guided, run_id, workspace};

/// All that a run of the rules brings forth.
#[derive(Debug, Default, PartialEq)]
struct Discovery {
    tasks: Vec<(String, String)>,
    /// Status, confidence and document by key.
    entries: BTreeMap<String, (EntryStatus, f64, String)>,
    questions: Vec<Question>,
    insights: Vec<(String, usize)>,
}

async fn discover(intent: Intent, answers: Vec<AnswerLine>) -> Discovery {
    let (desk, _) = desk();
    let mut discovery = Discovery::default();
    let mut done: Vec<DoneLine> = Vec::new();
    for iteration in 1..=50 {
        let tasks = planned(&desk, iteration, &intent, &answers, &done).await;
        if tasks.is_empty() {
            return discovery;
        }
        assert!(tasks.len() <= 3);
        for planned in tasks {
            let id = TaskId(done.len() as u32 + 1);
            let table = planned.table.clone().unwrap();
            discovery.tasks.push((planned.expert.clone(), table.clone()));
            let line = DoneLine {
                task: id,
                expert: planned.expert.clone(),
                table: Some(table),
                goal: planned.goal.clone(),
                state: "done".to_owned(),
                findings: 1,
            };
            work(&desk, Task { task: id, iteration, planned }, &intent, &answers, &mut discovery).await;
            done.push(line);
        }
    }
    panic!("the rules come to no end: {:?}", discovery.tasks);
}

async fn planned(desk: &Desk, iteration: u32, intent: &Intent, answers: &[AnswerLine], done: &[DoneLine]) -> Vec<PlannedTask> {
    let context = PlanContext {
        run_id: run_id(),
        iteration,
        max_tasks: 3,
        schema: "shop".to_owned(),
        intent: intent.clone(),
        answers: answers.to_vec(),
        open_questions: Vec::new(),
        done: done.to_vec(),
        workspace: workspace(counting([1000, 0, 40, 40, 40])),
        reasoning: Arc::new(desk.builtin_reasoning()),
    };
    plan(desk, context).await.unwrap().value.tasks
}

async fn work(desk: &Desk, task: Task, intent: &Intent, answers: &[AnswerLine], discovery: &mut Discovery) {
    let recorder = Arc::new(MemoryRecorder::default());
    let flow = Flow::new(task.task, recorder.clone(), Vec::new(), CancellationToken::new());
    let guidance = Guidance { intent: intent.clone(), answers: answers.to_vec() };
    let context = guided(workspace(counting([1000, 0, 40, 40, 40])), Arc::new(desk.builtin_reasoning()), guidance);
    perform(desk, &flow, task, context).await.unwrap();
    for (key, entry) in recorder.entries() {
        discovery.entries.insert(key, (entry.status, entry.confidence.value(), entry.document.to_string()));
    }
    for event in recorder.events() {
        match event {
            EventBody::QuestionAsked(question) => discovery.questions.push(question),
            EventBody::InsightFound { claim, evidence, .. } => discovery.insights.push((claim, evidence.len())),
            EventBody::ToolFailed { tool, reason, .. } | EventBody::ToolRefused { tool, reason, .. } => panic!("{tool}: {reason}"),
            EventBody::ModelAnswered { call, .. } => assert_eq!((call.model.as_str(), call.calls), ("builtin", 0)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_small_shop_is_discovered() {
    let discovery = discover(Intent::default(), Vec::new()).await;
    assert_eq!(discovery.tasks.len(), 16, "four steps for each of four tables");
    let mut steps: HashMap<&str, Vec<&str>> = HashMap::new();
    for (expert, table) in &discovery.tasks {
        steps.entry(table).or_default().push(expert);
    }
    assert!(steps.values().all(|steps| *steps == ["structural", "statistical", "semantic", "query"]), "{steps:?}");
    let first: Vec<&str> = discovery.tasks[..4].iter().map(|(expert, _)| expert.as_str()).collect();
    assert_eq!(first, ["structural"; 4], "every table has a summary before any is profiled");

    let status = |key: &str| discovery.entries.get(key).map(|(status, ..)| *status);
    for table in ["customers", "orders", "order_items", "products"] {
        assert_eq!(status(&format!("table/shop.{table}")), Some(EntryStatus::Draft));
    }
    // Declared, and found by its name and upheld by the rows.
    assert_eq!(status("rel/shop.order_items.order_id->shop.orders.id"), Some(EntryStatus::Validated));
    assert_eq!(status("rel/shop.orders.customer_id->shop.customers.id"), Some(EntryStatus::Validated));
    assert_eq!(status("metric/shop.orders.total_total"), Some(EntryStatus::Validated));
    assert_eq!(status("metric/shop.products.average_price"), Some(EntryStatus::Validated));
    assert_eq!(status("question_template/shop.orders.count_by_status"), Some(EntryStatus::Validated));
    assert!(status("col/shop.customers.email").is_some());
    // What a column means and what its values look like do not compete.
    assert!(status("col/shop.orders.status").is_some() && status("profile/shop.orders.status").is_some());
    assert!(discovery.entries.len() >= 15, "{:#?}", discovery.entries.keys());
    assert!(discovery.insights.iter().all(|(_, evidence)| *evidence > 0), "{:#?}", discovery.insights);
    let ids: Vec<&str> = discovery.questions.iter().map(|question| question.question_id.as_str()).collect();
    assert_eq!(ids, ["codes.shop.orders.status"]);
}

#[tokio::test]
async fn the_same_shop_is_discovered_the_same_way() {
    assert_eq!(discover(Intent::default(), Vec::new()).await, discover(Intent::default(), Vec::new()).await);
}

#[tokio::test]
async fn the_intent_decides_what_comes_first() {
    let intent = Intent { goals: vec!["Which product sells best?".to_owned()], ..Intent::default() };
    let discovery = discover(intent, Vec::new()).await;
    assert!(discovery.tasks[0].1 == "products" && discovery.tasks[3].1 == "products", "{:?}", discovery.tasks);
    assert_eq!(discovery.tasks.len(), 16);
}

#[tokio::test]
async fn an_answer_is_written_down_and_not_asked_for_again() {
    let question = Question {
        question_id: "codes.shop.orders.status".to_owned(),
        title: "What do the codes mean?".to_owned(),
        prompt: "Tell".to_owned(),
        options: Vec::new(),
        task: None,
    };
    let answers = vec![AnswerLine::of(&question, &Answer::Answer("1 new, 2 paid, 3 sent, 9 lost".to_owned()))];
    let discovery = discover(Intent::default(), answers).await;
    assert!(discovery.questions.is_empty());
    assert_eq!(discovery.tasks[0], ("semantic".to_owned(), "orders".to_owned()));
    let (_, confidence, document) = &discovery.entries["col/shop.orders.status"];
    assert!(document.contains("9 lost"), "{document}");
    assert_eq!(*confidence, 0.8);
}
