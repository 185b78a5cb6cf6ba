//! A plan is made to fit the database, the experts and what was done before.

use std::collections::HashMap;
use std::sync::Arc;

use fathom::domain::{ForeignKey, Intent, PlannedTask, Snapshot, TaskId};
use fathom::experts::thought::{DoneLine, Plan};
use fathom::experts::{PlanContext, plan};

use super::fakes::{ScriptedModel, ScriptedReasoning, counting, desk, run_id, shop, workspace, workspace_with};

fn planned(expert: &str, table: Option<&str>, goal: &str, priority: f64) -> PlannedTask {
    PlannedTask { expert: expert.to_owned(), goal: goal.to_owned(), schema: "shop".to_owned(), table: table.map(str::to_owned), priority }
}

fn done(expert: &str, table: &str, goal: &str, state: &str) -> DoneLine {
    DoneLine {
        task: TaskId(1),
        expert: expert.to_owned(),
        table: Some(table.to_owned()),
        goal: goal.to_owned(),
        state: state.to_owned(),
        findings: 1,
    }
}

async fn cleaned(tasks: Vec<PlannedTask>, done: Vec<DoneLine>, max_tasks: u32) -> Plan {
    let (desk, _) = desk();
    let reasoning = ScriptedReasoning::planning(Plan { tasks, notes: "why".to_owned() });
    let context = PlanContext {
        run_id: run_id(),
        iteration: 2,
        max_tasks,
        schema: "shop".to_owned(),
        intent: Intent::default(),
        answers: Vec::new(),
        open_questions: Vec::new(),
        done,
        workspace: workspace(counting([0; 5])),
        reasoning: reasoning.clone() as Arc<_>,
    };
    let plan = plan(&desk, context).await.unwrap().value;
    let brief = reasoning.plan_briefs.lock().unwrap().pop().unwrap();
    assert_eq!((brief.tables.len(), brief.table_count, brief.experts.len()), (4, 4, 4));
    assert_eq!(brief.tables.iter().map(|table| table.referenced_by).collect::<Vec<_>>(), [1, 0, 1, 1]);
    plan
}

#[tokio::test]
async fn unknown_experts_and_tables_are_left_out_and_said() {
    let tasks = vec![
        planned("alchemist", Some("orders"), "gold", 0.5),
        planned("query", Some("clients"), "who", 0.5),
        planned("query", Some("shop.ORDERS"), "how many", 7.0),
        planned("query", None, "all", f64::NAN),
        planned("query", Some("orders"), " ", 0.5),
    ];
    let plan = cleaned(tasks, Vec::new(), 6).await;
    let kept: Vec<_> = plan.tasks.iter().map(|task| (task.table.as_deref(), task.priority)).collect();
    assert_eq!(kept, [(Some("orders"), 1.0), (None, 0.5)]);
    assert_eq!(plan.notes, "why (left out: `alchemist` is no expert; there is no table `clients`; a task of `query` without a goal)");
}

#[tokio::test]
async fn what_was_done_is_not_done_again_but_a_further_step_is() {
    let tasks = vec![
        planned("query", Some("orders"), "advance  orders (step 3)", 0.5),
        planned("query", Some("orders"), "Advance orders (step 7)", 0.5),
        planned("query", Some("orders"), "Advance orders (step 9)", 0.5),
    ];
    let before =
        vec![done("query", "orders", "Advance orders (step 3)", "done"), done("query", "orders", "Advance orders (step 9)", "failed")];
    let plan = cleaned(tasks, before, 3).await;
    assert_eq!(
        plan.tasks.iter().map(|task| task.goal.as_str()).collect::<Vec<_>>(),
        ["Advance orders (step 7)", "Advance orders (step 9)"]
    );
}

#[tokio::test]
async fn a_plan_is_never_longer_than_asked_and_than_six() {
    let many = || (0..20).map(|number| planned("query", Some("orders"), &format!("step {number}"), 0.5)).collect::<Vec<_>>();
    assert_eq!(cleaned(many(), Vec::new(), 2).await.tasks.len(), 2);
    assert_eq!(cleaned(many(), Vec::new(), 100).await.tasks.len(), 6);
    assert_eq!(cleaned(many(), Vec::new(), 0).await.tasks.len(), 1);
    let twice = vec![planned("query", Some("orders"), "same", 0.5), planned("query", Some("orders"), "Same", 0.5)];
    assert_eq!(cleaned(twice, Vec::new(), 6).await.tasks.len(), 1);
}

/// A schema of so many tables, whose names are as long as servers allow.
fn wide(tables: usize) -> Snapshot {
    let mut wide = shop();
    let model = wide.tables[2].clone();
    wide.tables = (0..tables)
        .map(|number| {
            let mut table = model.clone();
            table.name = format!("{number:05}_{}", "n".repeat(57));
            table.comment = Some("c".repeat(10_000));
            table.foreign_keys =
                vec![ForeignKey { to_table: "the_centre".to_owned(), to_schema: "shop".to_owned(), ..ForeignKey::default() }; 50];
            table
        })
        .collect();
    let mut centre = model;
    centre.name = "the_centre".to_owned();
    wide.tables.push(centre);
    wide
}

#[tokio::test]
async fn what_a_planner_is_told_does_not_grow_with_the_number_of_tables() {
    let told = async |tables: usize| {
        let (desk, _) = desk();
        let model = ScriptedModel::new(|_| Ok(r#"{"tasks": []}"#.to_owned()));
        let context = PlanContext {
            run_id: run_id(),
            iteration: 1,
            max_tasks: 3,
            schema: "shop".to_owned(),
            intent: Intent::default(),
            answers: Vec::new(),
            open_questions: Vec::new(),
            done: Vec::new(),
            workspace: workspace_with(wide(tables), counting([0; 5]), Vec::new()),
            reasoning: Arc::new(desk.model_reasoning(model.clone(), HashMap::new())),
        };
        plan(&desk, context).await.unwrap();
        let request = model.requests.lock().unwrap().pop().unwrap();
        request.messages.last().unwrap().text.clone()
    };
    let (many, more) = (told(1_000).await, told(2_500).await);
    assert!(many.len() < 64 * 1024 && more.len() < many.len() + 1024, "{} and {} bytes", many.len(), more.len());
    assert!(more.contains("the_centre"), "what all others refer to is told");
    assert!(more.contains("\"table_count\":2501"));
}
