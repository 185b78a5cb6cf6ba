//! Planning: the planner's brief goes out, and what comes back is made to fit the database, the experts and what was done before.

use std::sync::Arc;

use super::brief;
use super::thought::{AnswerLine, DoneLine, Plan, Reasoning, Thought, ThoughtError};
use super::{Agents, Desk};
use crate::domain::crash::CrashPoint;
use crate::domain::event::ModelCall;
use crate::domain::{Intent, PlannedTask, Question, RunId, Snapshot};
use crate::tools::Workspace;

/// Tasks of one plan, whatever a run asks for.
pub const MOST_TASKS: u32 = 6;
/// Notes on what was left out of a plan.
const MOST_NOTES: usize = 6;

/// What a run tells its planner.
pub struct PlanContext {
    pub run_id: RunId,
    pub iteration: u32,
    pub max_tasks: u32,
    pub schema: String,
    pub intent: Intent,
    /// In the order in which they were given.
    pub answers: Vec<AnswerLine>,
    pub open_questions: Vec<Question>,
    /// In the order of planning.
    pub done: Vec<DoneLine>,
    pub workspace: Arc<Workspace>,
    pub reasoning: Arc<dyn Reasoning>,
}

/// Asks for a plan. An empty one means that nothing is left to do.
pub async fn plan(desk: &Desk, context: PlanContext) -> Result<Thought<Plan>, ThoughtError> {
    let brief = brief::of_plan(desk, &context).await.map_err(|error| ThoughtError {
        reason: error.to_string(),
        transient: true,
        raw: None,
        call: ModelCall::default(),
    })?;
    let time_limit = desk.agents.planner().time_limit;
    let thought = tokio::time::timeout(time_limit, context.reasoning.plan(&brief)).await.map_err(|_| ThoughtError {
        reason: format!("no plan within {} s", time_limit.as_secs()),
        transient: true,
        raw: None,
        call: ModelCall::default(),
    })??;
    CrashPoint::ModelAnswered.passed();
    Ok(Thought { value: clean(thought.value, &desk.agents, &context), call: thought.call })
}

/// Drops what cannot be done or was done, and says so in the notes.
fn clean(plan: Plan, agents: &Agents, context: &PlanContext) -> Plan {
    let most = context.max_tasks.clamp(1, MOST_TASKS) as usize;
    let mut left_out = Vec::new();
    let mut tasks: Vec<PlannedTask> = Vec::new();
    for task in plan.tasks {
        match fit(task, agents, context) {
            Err(reason) => left_out.push(reason),
            Ok(task) if was_done(&task, context) => left_out.push(format!("`{}` was done before", task.goal)),
            Ok(task) if tasks.iter().any(|other| same(other, &task)) => left_out.push(format!("`{}` stands there twice", task.goal)),
            Ok(_) if tasks.len() >= most => left_out.push(format!("more than {most} tasks")),
            Ok(task) => tasks.push(task),
        }
    }
    left_out.dedup();
    left_out.truncate(MOST_NOTES);
    let notes = match (plan.notes.trim(), left_out.is_empty()) {
        (said, true) => said.to_owned(),
        ("", false) => format!("left out: {}", left_out.join("; ")),
        (said, false) => format!("{said} (left out: {})", left_out.join("; ")),
    };
    Plan { tasks, notes }
}

fn fit(task: PlannedTask, agents: &Agents, context: &PlanContext) -> Result<PlannedTask, String> {
    if agents.expert(&task.expert).is_none() {
        return Err(format!("`{}` is no expert", task.expert));
    }
    if task.goal.trim().is_empty() {
        return Err(format!("a task of `{}` without a goal", task.expert));
    }
    let snapshot = &context.workspace.snapshot;
    let priority = if task.priority.is_nan() { 0.5 } else { task.priority.clamp(0.0, 1.0) };
    let asked = |schema: &str| snapshot.schemas.iter().find(|known| known.eq_ignore_ascii_case(schema)).cloned();
    let Some(name) = &task.table else {
        let schema = asked(&task.schema).unwrap_or_else(|| context.schema.clone());
        return Ok(PlannedTask { schema, priority, ..task });
    };
    match find_table(snapshot, &[&task.schema, &context.schema], name) {
        Some((schema, table)) => Ok(PlannedTask { schema, table: Some(table), priority, ..task }),
        None => Err(format!("there is no table `{name}`")),
    }
}

/// A table by its name in one of the schemas, or by `schema.table`; the answer is spelt as in the snapshot.
fn find_table(snapshot: &Snapshot, schemas: &[&str], name: &str) -> Option<(String, String)> {
    let plain = schemas.iter().find_map(|schema| snapshot.table(schema, name));
    let qualified = || name.split_once('.').and_then(|(schema, table)| snapshot.table(schema, table));
    plain.or_else(qualified).map(|table| (table.schema.clone(), table.name.clone()))
}

fn was_done(task: &PlannedTask, context: &PlanContext) -> bool {
    let goal = comparable(&task.goal);
    context
        .done
        .iter()
        .any(|line| line.state == "done" && line.expert == task.expert && line.table == task.table && comparable(&line.goal) == goal)
}

fn same(one: &PlannedTask, other: &PlannedTask) -> bool {
    one.expert == other.expert && one.schema == other.schema && one.table == other.table && comparable(&one.goal) == comparable(&other.goal)
}

/// Equal for goals that differ in blanks and case only; a number in a goal is part of it.
fn comparable(goal: &str) -> String {
    goal.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
