//! The expert for values, by rule: profiles are written down, what is odd about them is noted, and codes that nothing explains become a
//! question.

use serde_json::{Value, json};

use super::results::{arg, column_lines, counted_values, distinct, list, member, null_share, of_tool, steps, top_values};
use super::table::{ColumnView, TableView, short};
use super::{call, codes_question, document, insight, note};
use crate::claims::text::line;
use crate::domain::Question;
use crate::evidence::natures;
use crate::evidence::oddities;
use crate::experts::thought::{ProposedWrite, Reflection, TaskBrief, ToolCall, ToolResult};
use crate::source::Dialect;

/// Columns that are profiled in one task.
const MOST_PROFILED: usize = 6;
/// More different values than this are not a list of codes.
const MOST_CODES: u64 = 12;
/// A null share from here on is worth telling.
const MANY_NULLS: f64 = 0.2;
/// What is odd about one table.
const MOST_ODD: usize = 6;

pub fn calls(view: &TableView) -> Vec<ToolCall> {
    let (schema, table) = (&view.schema, &view.name);
    let mut calls = vec![call("table_profile", json!({ "schema": schema, "table": table }))];
    let mut profiled: Vec<&str> = Vec::new();
    let measures = view.measures().map(|(column, _)| column);
    for column in view.codes().chain(measures).chain(view.times()).filter(|_| !view.is_empty()) {
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
        if let Some(share) = null_share(&result.result).filter(|share| (MANY_NULLS..1.0).contains(share)) {
            let claim = format!("{}.{} has no value in {:.0} % of the rows", view.table, column.name, share * 100.0);
            reflection.insights.push(insight(claim, 0.8, vec![result.step.clone()]));
        }
        if reflection.questions_for_user.is_empty() && view.may_ask.codes {
            reflection.questions_for_user.extend(codes_asked(brief, view, column, &result.result));
        }
    }
    odd(view, results, &mut reflection);
    let measures: Vec<String> = view.measures().map(|(column, _)| column.name.clone()).collect();
    if !measures.is_empty() {
        let claim = format!("{} can be measured by {}", view.table, measures.join(", "));
        reflection.insights.push(insight(claim, 0.6, steps(results, &["table_profile", "column_profile"])));
    }
    reflection
}

/// Beside the column's own entry, which says what it means.
fn profile_entry(view: &TableView, column: &ColumnView, profile: &Value) -> ProposedWrite {
    let counted = counted_values(profile);
    let few = distinct(profile).is_some_and(|distinct| (1..=MOST_CODES).contains(&distinct)) && !counted.is_empty();
    let ends = ["min", "max"].map(|end| member(profile, &[end]));
    let facts = json!({
        "summary": in_a_sentence(profile, few, &counted),
        "null_share": null_share(profile).map(|share| (share * 1e4).round() / 1e4),
        "distinct": distinct(profile),
        "least": ends[0],
        "greatest": ends[1],
        "values": few.then(|| counted.iter().map(|(value, count)| json!({ "value": value, "count": count })).collect::<Vec<_>>()),
        "semantic_types": member(profile, &["semantic_types"]),
        "date_formats": member(profile, &["date_formats"]),
        // What does not match shows in them.
        "patterns": member(profile, &["patterns"]).filter(|_| partly(profile)),
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

fn partly(profile: &Value) -> bool {
    list(profile, &["semantic_types"]).first().and_then(|found| found["share"].as_f64()).is_some_and(|share| share < 0.999)
}

fn in_a_sentence(profile: &Value, few: bool, counted: &[(String, u64)]) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let different = distinct(profile).unwrap_or(0);
    let all: u64 = counted.iter().map(|(_, count)| count).sum();
    let mut said = if different == 0 {
        "No row has a value".to_owned()
    } else if few {
        let share = |count: u64| 100.0 * count as f64 / all.max(1) as f64;
        let values = counted.iter().map(|(value, count)| format!("`{}` ({:.0} %)", line(value, 40), share(*count))).collect::<Vec<_>>();
        format!("{different} different values: {}", values.join(", "))
    } else {
        match (member(profile, &["min"]), member(profile, &["max"])) {
            (Some(least), Some(most)) => format!("{different} different values from {} to {}", text(least), text(most)),
            _ => format!("{different} different values"),
        }
    };
    if let Some(grain) = profile.get("coverage").and_then(|coverage| coverage["grain"].as_str()) {
        let missing = profile["coverage"]["missing"].as_u64().filter(|missing| *missing > 0);
        said.push_str(&format!(", by {grain}"));
        said.push_str(&missing.map_or_else(String::new, |missing| format!(" with {missing} left out")));
    }
    if let Some(share) = null_share(profile).filter(|share| *share >= 0.0005 && different > 0) {
        said.push_str(&format!("; {:.1} % of the rows have none", share * 100.0));
    }
    said
}

/// What the profile complains of, each as a note and as an insight; the gravest first.
fn odd(view: &TableView, results: &[ToolResult], reflection: &mut Reflection) {
    let looked = steps(results, &["table_profile"]);
    let named = short(&view.table);
    if view.is_view() || view.copy_of().is_some() {
        return;
    }
    if view.is_empty() {
        let text = format!("`{named}` has no row");
        reflection.catalog_writes.push(note(view, "empty", &text, 0.35, json!({ "evidence": looked })));
        reflection.insights.push(insight(text, 0.8, looked));
        return;
    }
    let profiled: Vec<oddities::Profiled> = column_lines(results).iter().map(|line| line.profiled(view)).collect();
    for oddity in oddities::of(&profiled, view.dialect() != Dialect::Sqlite).into_iter().take(MOST_ODD) {
        let title = format!("{}_{}", oddity.what, oddity.columns.join("_"));
        let text = format!("`{named}`: {}", oddity.says);
        reflection.catalog_writes.push(note(view, &title, &text, oddity.weight, json!({ "columns": oddity.columns, "evidence": looked })));
        reflection.insights.push(insight(text, 0.8, looked.clone()));
    }
}

/// Codes that explain themselves, that a comment explains or that the person explained are not asked about.
fn codes_asked(brief: &TaskBrief, view: &TableView, column: &ColumnView, profile: &Value) -> Option<Question> {
    let values = top_values(profile);
    let count = distinct(profile).unwrap_or(values.len() as u64);
    let is_code = view.codes().any(|code| code.name == column.name);
    let bare = |value: &String| value.chars().all(|c| c.is_ascii_digit()) || value.chars().count() <= 3;
    let question_id = codes_question(&view.table, &column.name);
    let ambiguous = is_code
        && !natures::is_known_code(&column.name)
        && column.comment.is_none()
        && (2..=MOST_CODES).contains(&count)
        && !values.is_empty()
        && values.iter().all(bare);
    if !ambiguous || brief.answers.iter().any(|line| line.answers(&question_id)) {
        return None;
    }
    let mut values = values;
    values.sort_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    let listed = values.iter().take(MOST_CODES as usize).map(|value| format!("`{}`", line(value, 40))).collect::<Vec<_>>().join(", ");
    Some(Question {
        question_id,
        title: format!("What do the codes of {} in {} mean?", column.name, view.table),
        prompt: format!(
            "The column `{}` of `{}` holds {listed}, and nothing in the database says what they stand for. What does each one mean? It names the groups of every count by {}.",
            column.name,
            view.table,
            column.in_words()
        ),
        options: Vec::new(),
        task: None,
    })
}
