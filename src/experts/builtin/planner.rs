//! The planner by rule: the middle of the schema first, the person's words before that, each table step by step, and an end.

use std::cmp::Reverse;

use crate::claims::text::{singular, telling_words, words};
use crate::domain::PlannedTask;
use crate::experts::thought::{Plan, PlanBrief, TableLine};

/// In the order in which they stand on each other.
const STAGES: [(&str, &str); 4] = [
    ("structural", "Find out what identifies a row of {table} and what it refers to"),
    ("statistical", "Profile {table}: sizes, missing values, codes, measures"),
    ("semantic", "Find out what a row of {table} stands for and what its columns mean"),
    ("query", "Find questions that {table} answers, and prove their SQL"),
];
/// Tables that get their first look before any gets its second.
const FIRST_LOOKS: usize = 12;
/// How many places a table waits with each further step, so that the middle of the schema is soon known well.
const STEP_PLACES: usize = 2;

pub fn plan(brief: &PlanBrief) -> Plan {
    let most = brief.max_tasks as usize;
    let mut tasks = follow_ups(brief);
    let wanted = wanted_words(brief);
    let mut candidates = Vec::new();
    for (place, (table, meant)) in ranked(brief, &wanted).into_iter().enumerate() {
        for (stage, (expert, goal)) in STAGES.iter().enumerate() {
            let known = brief.experts.iter().any(|line| line.name == *expert);
            if !known || tried(brief, expert, &table.name) {
                continue;
            }
            // What the person asked about is worked through step by step; then first looks; then in the order of the middle.
            let first_look = stage == 0 && place < FIRST_LOOKS;
            let turn = if first_look { 0 } else { place + stage * STEP_PLACES };
            candidates.push(((Reverse(meant), Reverse(first_look), turn, stage, place), task(brief, expert, goal, table, meant)));
            // The next step waits for this one.
            break;
        }
    }
    candidates.sort_by_key(|(order, _)| *order);
    tasks.extend(candidates.into_iter().map(|(_, task)| task));
    tasks.truncate(most);
    for (position, task) in tasks.iter_mut().enumerate() {
        task.priority = (task.priority - position as f64 * 0.02).max(0.05);
    }
    let notes = match (tasks.is_empty(), wanted.is_empty()) {
        (true, _) => "everything that the rules look at was looked at".to_owned(),
        (false, true) => "from the middle of the schema outwards".to_owned(),
        (false, false) => "what the intent names first, then from the middle of the schema outwards".to_owned(),
    };
    Plan { tasks, notes }
}

/// What questions are about, by how their ids begin; who writes the answer down, and how that task is called.
const ASKED: [(&str, &str, &str); 3] = [
    ("codes", "semantic", "Write down what the person said about the codes of {about}"),
    ("reference", "structural", "Write down what {about} refers to, as the person said"),
    ("twice", "query", "Count {about} as the person said"),
];

/// What the person said is written down, once.
fn follow_ups(brief: &PlanBrief) -> Vec<PlannedTask> {
    let mut tasks = Vec::new();
    for table in &brief.tables {
        for (asked, expert, goal) in ASKED.iter().filter(|(_, expert, _)| brief.experts.iter().any(|line| line.name == *expert)) {
            let start = format!("({asked}.{}.{}.", brief.schema, table.name);
            for line in &brief.answers {
                let Some((_, rest)) = line.question.split_once(&start) else { continue };
                let column: String = rest.chars().take_while(|c| *c != ')').collect();
                let goal = goal.replace("{about}", &format!("{}.{column}", table.name));
                if !brief.done.iter().any(|done| done.goal == goal && done.state != "dropped") {
                    tasks.push(PlannedTask {
                        expert: (*expert).to_owned(),
                        goal,
                        schema: brief.schema.clone(),
                        table: Some(table.name.clone()),
                        priority: 0.95,
                    });
                }
            }
        }
    }
    tasks
}

fn task(brief: &PlanBrief, expert: &str, goal: &str, table: &TableLine, meant: bool) -> PlannedTask {
    PlannedTask {
        expert: expert.to_owned(),
        goal: goal.replace("{table}", &table.name),
        schema: brief.schema.clone(),
        table: Some(table.name.clone()),
        priority: if meant { 0.9 } else { 0.7 },
    }
}

/// Done or failed: a rule that failed fails again.
fn tried(brief: &PlanBrief, expert: &str, table: &str) -> bool {
    brief.done.iter().any(|line| line.expert == expert && line.table.as_deref() == Some(table) && line.state != "dropped")
}

/// Tables by how much hangs on them, each with whether the person's words mean it.
fn ranked<'a>(brief: &'a PlanBrief, wanted: &[String]) -> Vec<(&'a TableLine, bool)> {
    let mut tables: Vec<(&TableLine, bool)> = brief.tables.iter().map(|table| (table, means(wanted, &table.name))).collect();
    tables.sort_by(|(one, _), (other, _)| {
        let by_size = centrality(other).total_cmp(&centrality(one));
        one.view.cmp(&other.view).then(by_size).then_with(|| one.name.cmp(&other.name))
    });
    tables
}

fn centrality(table: &TableLine) -> f64 {
    let size = (table.rows.unwrap_or(0) as f64 + 1.0).log10();
    2.0 * table.referenced_by as f64 + table.foreign_keys as f64 + size / 2.0
}

fn wanted_words(brief: &PlanBrief) -> Vec<String> {
    telling_words(&brief.intent.words()).iter().map(|word| singular(word)).collect()
}

fn means(wanted: &[String], table: &str) -> bool {
    words(table).iter().any(|word| word.len() > 2 && wanted.contains(&singular(word)))
}
