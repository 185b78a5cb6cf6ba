//! The expert for keys and references, by rule: what is declared is written down, what candidates suggest is put to the check.

use serde_json::{Value, json};

use super::results::{arg, list, member, number, of_tool, steps};
use super::table::{TableView, thing};
use super::{call, document, insight};
use crate::experts::thought::{ProposedWrite, Reflection, ToolCall, ToolResult};

/// Columns whose references are looked for in one task.
const MOST_SEARCHED: usize = 5;
/// Candidates below this are not worth a check.
const LEAST_SCORE: f64 = 0.5;

pub fn calls(view: &TableView) -> Vec<ToolCall> {
    let (schema, table) = (&view.schema, &view.name);
    let mut calls = vec![
        call("describe_table", json!({ "schema": schema, "table": table })),
        call("get_constraints", json!({ "schema": schema, "table": table })),
    ];
    let searched = view.undeclared_references().take(MOST_SEARCHED);
    calls.extend(
        searched.map(|column| call("find_reference_candidates", json!({ "schema": schema, "table": table, "column": column.name }))),
    );
    if calls.len() == 2 && view.references.is_empty() {
        calls.push(call("suggest_joins", json!({ "schema": schema, "table_a": table })));
    }
    calls
}

pub fn reflect(view: &TableView, results: &[ToolResult]) -> Reflection {
    let described = steps(results, &["describe_table", "get_constraints"]);
    let mut writes = vec![table_entry(view)];
    writes.extend(view.references.iter().map(|reference| {
        let (child, parent) = (view.thing(), thing(&reference.table));
        let meaning = format!("Each {child} refers to one {parent} by {}", reference.columns.join(", "));
        relationship(reference.key.clone(), &view.table, &reference.table, meaning, 1.0)
    }));
    let mut insights = vec![insight(summary(view), 0.8, described)];
    for result in of_tool(results, "find_reference_candidates") {
        let Some((column, parent_table, parent_column)) = best_candidate(view, result) else { continue };
        let key = format!("rel/{}.{column}->{parent_table}.{parent_column}", view.table);
        let meaning = format!("Each {} seems to refer to one {} by {column}; it is not declared", view.thing(), thing(&parent_table));
        insights.push(insight(
            format!("{}.{column} seems to refer to {parent_table}.{parent_column}", view.table),
            0.7,
            vec![result.step.clone(), key.clone()],
        ));
        writes.push(relationship(key, &view.table, &parent_table, meaning, 0.7));
    }
    Reflection { catalog_writes: writes, insights, questions_for_user: Vec::new() }
}

fn table_entry(view: &TableView) -> ProposedWrite {
    let keys = |references: &[super::table::ReferenceView]| references.iter().map(|reference| reference.key.clone()).collect::<Vec<_>>();
    let mut links: Vec<String> =
        view.references.iter().chain(&view.referenced_by).map(|reference| format!("table/{}", reference.table)).collect();
    links.sort_unstable();
    links.dedup();
    let facts = json!({
        "summary": summary(view),
        "role": view.role(),
        "rows": view.rows,
        "columns": view.columns.len(),
        "primary_key": view.primary_key,
        "references": keys(&view.references),
        "referenced_by": keys(&view.referenced_by),
    });
    ProposedWrite {
        kind: "table".to_owned(),
        key: format!("table/{}", view.table),
        document: document(facts, 0.7),
        tags: vec![view.role().to_owned()],
        links,
    }
}

fn relationship(key: String, child: &str, parent: &str, meaning: String, confidence: f64) -> ProposedWrite {
    ProposedWrite {
        kind: "relationship".to_owned(),
        key,
        document: document(json!({ "meaning": meaning, "cardinality": "many to one" }), confidence),
        tags: Vec::new(),
        links: vec![format!("table/{child}"), format!("table/{parent}")],
    }
}

fn summary(view: &TableView) -> String {
    let names = |references: &[super::table::ReferenceView]| {
        let mut names: Vec<String> = references.iter().map(|reference| thing(&reference.table)).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(6);
        names.join(", ")
    };
    let mut parts = vec![format!("One row per {}", view.thing())];
    if view.is_view() {
        parts = vec![format!("A view of {}", view.things())];
    }
    if let Some(rows) = view.rows {
        parts.push(format!("{rows} rows"));
    }
    if view.primary_key.is_empty() && !view.is_view() {
        parts.push("no declared key".to_owned());
    } else if !view.primary_key.is_empty() {
        parts.push(format!("identified by {}", view.primary_key.join(", ")));
    }
    if !view.references.is_empty() {
        parts.push(format!("refers to {}", names(&view.references)));
    }
    if !view.referenced_by.is_empty() {
        parts.push(format!("referred to by {}", names(&view.referenced_by)));
    }
    parts.join("; ")
}

/// Column, parent table and parent column of the best candidate, where it is good enough.
fn best_candidate(view: &TableView, result: &ToolResult) -> Option<(String, String, String)> {
    let column = arg(result, "column")?.to_owned();
    let text = |item: &Value, names: &[&str]| member(item, names).and_then(Value::as_str).map(str::to_owned);
    let mut best: Option<(f64, String, String)> = None;
    for item in list(&result.result, &["candidates", "references", "items"]) {
        let score = number(item, &["score", "confidence"]).unwrap_or(LEAST_SCORE);
        let Some(table) = text(item, &["parent_table", "to_table", "table"]) else { continue };
        let Some(parent_column) = text(item, &["parent_column", "to_column", "column"]) else { continue };
        let schema = text(item, &["parent_schema", "to_schema", "schema"]).unwrap_or_else(|| view.schema.clone());
        let table = if table.starts_with(&format!("{schema}.")) { table } else { format!("{schema}.{table}") };
        // The first of equals stays, so that the order of the tool decides.
        if best.as_ref().is_none_or(|(highest, _, _)| score > *highest) {
            best = Some((score, table, parent_column));
        }
    }
    best.filter(|(score, _, _)| *score >= LEAST_SCORE).map(|(_, table, parent_column)| (column, table, parent_column))
}
