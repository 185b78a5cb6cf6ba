//! The expert for values, by rule: profiles are written down, measures become metrics, codes that nothing explains become a question.

use serde_json::{Value, json};

use super::results::{arg, distinct, list, member, null_share, of_tool, steps, top_values};
use super::table::{ColumnView, TableView};
use super::{call, codes_question, document, insight};
use crate::claims::sql;
use crate::claims::text::line;
use crate::domain::Question;
use crate::experts::thought::{ProposedWrite, Reflection, TaskBrief, ToolCall, ToolResult};

/// Columns that are profiled in one task.
const MOST_PROFILED: usize = 6;
const MOST_METRICS: usize = 3;
/// More different values than this are not a list of codes.
const MOST_CODES: u64 = 12;
/// A null share from here on is worth telling.
const MANY_NULLS: f64 = 0.2;

pub fn calls(view: &TableView) -> Vec<ToolCall> {
    let (schema, table) = (&view.schema, &view.name);
    let mut calls = vec![call("table_profile", json!({ "schema": schema, "table": table }))];
    let mut profiled: Vec<&str> = Vec::new();
    for column in view.codes().chain(view.measures()).chain(view.times()) {
        if profiled.len() < MOST_PROFILED && !profiled.contains(&column.name.as_str()) {
            profiled.push(&column.name);
        }
    }
    calls.extend(profiled.into_iter().map(|column| call("column_profile", json!({ "schema": schema, "table": table, "column": column }))));
    calls
}

pub fn reflect(brief: &TaskBrief, view: &TableView, results: &[ToolResult]) -> Reflection {
    let mut reflection = Reflection::default();
    for result in of_tool(results, "column_profile") {
        let Some(column) = arg(result, "column").and_then(|name| view.columns.iter().find(|column| column.name == name)) else { continue };
        reflection.catalog_writes.push(profile_entry(view, column, &result.result));
        if let Some(share) = null_share(&result.result).filter(|share| *share >= MANY_NULLS) {
            let claim = format!("{}.{} has no value in {:.0} % of the rows", view.table, column.name, share * 100.0);
            reflection.insights.push(insight(claim, 0.8, vec![result.step.clone()]));
        }
        for oddity in list(&result.result, &["quality"]).iter().filter_map(Value::as_str) {
            let claim = format!("{}.{}: {}", view.table, column.name, line(oddity, 200));
            reflection.insights.push(insight(claim, 0.8, vec![result.step.clone()]));
        }
        if reflection.questions_for_user.is_empty() {
            reflection.questions_for_user.extend(question(brief, view, column, &result.result));
        }
    }
    reflection.catalog_writes.extend(view.measures().take(MOST_METRICS).map(|column| metric(view, column)));
    let measures: Vec<String> = view.measures().map(|column| column.name.clone()).collect();
    if !measures.is_empty() {
        let claim = format!("{} can be measured by {}", view.table, measures.join(", "));
        reflection.insights.push(insight(claim, 0.6, steps(results, &["table_profile", "column_profile"])));
    }
    reflection
}

/// Beside the column's own entry, which says what it means.
fn profile_entry(view: &TableView, column: &ColumnView, profile: &Value) -> ProposedWrite {
    let values = top_values(profile);
    let few = distinct(profile).is_some_and(|distinct| distinct <= MOST_CODES);
    let facts = json!({
        "null_share": null_share(profile).map(|share| (share * 1e4).round() / 1e4),
        "distinct": distinct(profile),
        "least": member(profile, &["min", "minimum"]),
        "greatest": member(profile, &["max", "maximum"]),
        "values": (few && !values.is_empty()).then_some(values),
        "semantic_types": member(profile, &["semantic_types"]),
        "coverage": member(profile, &["coverage"]),
        "quality": member(profile, &["quality"]),
    });
    ProposedWrite {
        kind: "profile".to_owned(),
        key: format!("profile/{}.{}", view.table, column.name),
        document: document(facts, 0.8),
        tags: Vec::new(),
        links: vec![format!("table/{}", view.table), format!("col/{}.{}", view.table, column.name)],
    }
}

fn metric(view: &TableView, column: &ColumnView) -> ProposedWrite {
    let dialect = view.dialect();
    let (name, function, word) = if column.is_rate() { ("average", "avg", "Average") } else { ("total", "sum", "Total") };
    let name = format!("{name}_{}", column.name);
    let table = sql::table(dialect, &view.schema, &view.name);
    let statement = format!("select {function}({}) as {} from {table}", sql::name(dialect, &column.name), sql::name(dialect, &name));
    let summary = format!("{word} {} of all {}", column.in_words(), view.things());
    ProposedWrite {
        kind: "metric".to_owned(),
        key: format!("metric/{}.{name}", view.table),
        document: document(json!({ "summary": summary, "sql": statement }), 0.7),
        tags: Vec::new(),
        links: vec![format!("table/{}", view.table), format!("col/{}.{}", view.table, column.name)],
    }
}

/// Codes that explain themselves, that a comment explains or that the person explained are not asked about.
fn question(brief: &TaskBrief, view: &TableView, column: &ColumnView, profile: &Value) -> Option<Question> {
    let values = top_values(profile);
    let count = distinct(profile).unwrap_or(values.len() as u64);
    let is_code = view.codes().any(|code| code.name == column.name);
    let bare = |value: &String| value.chars().all(|c| c.is_ascii_digit()) || value.chars().count() <= 3;
    let question_id = codes_question(&view.table, &column.name);
    let ambiguous =
        is_code && column.comment.is_none() && (2..=MOST_CODES).contains(&count) && !values.is_empty() && values.iter().all(bare);
    if !ambiguous || brief.answers.iter().any(|line| line.answers(&question_id)) {
        return None;
    }
    let listed = values.iter().take(MOST_CODES as usize).map(|value| format!("`{}`", line(value, 40))).collect::<Vec<_>>().join(", ");
    Some(Question {
        question_id,
        title: format!("What do the codes of {} in {} mean?", column.name, view.table),
        prompt: format!(
            "The column `{}` of `{}` holds {listed}, and nothing in the database says what they stand for. What does each one mean?",
            column.name, view.table
        ),
        options: Vec::new(),
        task: None,
    })
}
