//! The expert for keys and references, by rule: what is declared and what the data tells is written down; where it tells two things, the
//! person is asked.

use serde_json::{Value, json};

use super::results::{list, of_tool, steps};
use super::table::{PolymorphicView, ReferenceView, RivalView, TableView, short};
use super::{call, document, insight, note, reference_question};
use crate::domain::Question;
use crate::evidence::wording::{listed, thing, things};
use crate::experts::thought::{ProposedWrite, Reflection, TaskBrief, ToolCall, ToolResult};

/// Columns whose references are looked for in one task.
const MOST_SEARCHED: usize = 3;
const MOST_NAMED: usize = 6;
const NEITHER: &str = "neither";

pub fn calls(view: &TableView) -> Vec<ToolCall> {
    let (schema, table) = (&view.schema, &view.name);
    let mut calls = vec![
        call("describe_table", json!({ "schema": schema, "table": table })),
        call("get_constraints", json!({ "schema": schema, "table": table })),
    ];
    // Only where the survey's answer leaves something open: a rival, or a column that looks as if it referred to something.
    let contested = view.references.iter().filter(|reference| reference.contested).filter_map(|reference| reference.columns.first());
    let open = view.undeclared_references().map(|column| &column.name);
    let mut searched: Vec<&String> = Vec::new();
    for column in contested.chain(open).filter(|_| view.copy_of().is_none()) {
        if searched.len() < MOST_SEARCHED && !searched.contains(&column) {
            searched.push(column);
        }
    }
    calls.extend(
        searched.into_iter().map(|column| call("find_reference_candidates", json!({ "schema": schema, "table": table, "column": column }))),
    );
    if view.references.is_empty() && view.referenced_by.is_empty() {
        calls.push(call("suggest_joins", json!({ "schema": schema, "table_a": table })));
    }
    calls
}

pub fn reflect(brief: &TaskBrief, view: &TableView, results: &[ToolResult]) -> Reflection {
    let described = steps(results, &["describe_table", "get_constraints"]);
    let mut reflection = Reflection::default();
    reflection.catalog_writes.push(table_entry(view));
    reflection.insights.push(insight(summary(view), 0.8, described.clone()));
    for reference in &view.references {
        match said(brief, view, reference) {
            Some(Said::Neither) => {}
            Some(Said::Other(rival)) => reflection.catalog_writes.push(as_the_person_said(brief, view, reference, rival)),
            Some(Said::This) | None => {
                reflection.catalog_writes.push(relationship(view, reference));
                if !reference.declared {
                    let claim = format!(
                        "{} refers to {}, though nothing declares it{}",
                        side(&view.table, &reference.columns),
                        side(&reference.table, &reference.to_columns),
                        reasons(&reference.signals)
                    );
                    reflection.insights.push(insight(claim, reference.confidence, vec![reference.key.clone()]));
                }
            }
        }
        let is_open = reference.contested && said(brief, view, reference).is_none();
        if is_open && view.may_ask.references && reflection.questions_for_user.is_empty() {
            reflection.questions_for_user.push(question(view, reference));
        }
    }
    for pair in view.polymorphic() {
        let text = several(view, &pair);
        let claim = format!("{text}{}", reasons(&pair.signals));
        reflection.insights.push(insight(claim, pair.confidence, described.clone()));
        reflection.catalog_writes.push(polymorphic(view, &pair, &text));
    }
    reflection.insights.extend(nowhere(view, results));
    reflection
}

fn table_entry(view: &TableView) -> ProposedWrite {
    let keys = |references: &[ReferenceView]| references.iter().map(|reference| reference.key.clone()).collect::<Vec<_>>();
    let mut links: Vec<String> =
        view.references.iter().chain(&view.referenced_by).map(|reference| format!("table/{}", reference.table)).collect();
    links.sort_unstable();
    links.dedup();
    let facts = json!({
        "summary": summary(view),
        "role": view.role(),
        "role_because": view.place.as_ref().map(|place| &place.why).filter(|why| !why.is_empty()),
        "copy_of": view.copy_of(),
        "called_by": view.place.as_ref().map(|place| &place.label).filter(|label| !label.is_empty()),
        "rows": view.rows,
        "columns": view.columns.len(),
        "primary_key": view.primary_key,
        "inferred_key": Some(&view.inferred_key).filter(|key| view.primary_key.is_empty() && !key.is_empty()),
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

fn relationship(view: &TableView, reference: &ReferenceView) -> ProposedWrite {
    let (child, parent) = (view.thing(), thing(&reference.table));
    let by = listed(&reference.columns);
    let meaning = match reference.declared {
        true => format!("Each {child} refers to one {parent} by {by}"),
        false => format!("Each {child} refers to one {parent} by {by} (inferred, not declared)"),
    };
    let facts = json!({
        "meaning": meaning,
        "cardinality": "many to one",
        "declared": reference.declared,
        "signals": Some(&reference.signals).filter(|signals| !signals.is_empty()),
    });
    written(view, &reference.table, reference.key.clone(), facts, if reference.declared { 1.0 } else { reference.confidence })
}

fn as_the_person_said(brief: &TaskBrief, view: &TableView, reference: &ReferenceView, rival: &RivalView) -> ProposedWrite {
    let key = format!("rel/{}->{}.{}", side_of_key(&view.table, &reference.columns), rival.table, rival.columns.join(","));
    let by = listed(&reference.columns);
    let facts = json!({
        "meaning": format!("Each {} refers to one {} by {by}, as the person said", view.thing(), thing(&rival.table)),
        "cardinality": "many to one",
        "said_by": "person",
        "evidence": [format!("question/{}/{}", brief.run_id, reference_question(&view.table, &reference.columns))],
    });
    written(view, &rival.table, key, facts, 0.8)
}

fn written(view: &TableView, parent: &str, key: String, facts: Value, confidence: f64) -> ProposedWrite {
    ProposedWrite {
        kind: "relationship".to_owned(),
        key,
        document: document(facts, confidence),
        tags: Vec::new(),
        links: vec![format!("table/{}", view.table), format!("table/{parent}")],
    }
}

enum Said<'a> {
    This,
    Other(&'a RivalView),
    Neither,
}

/// What the person answered about a contested reference.
fn said<'a>(brief: &TaskBrief, view: &TableView, reference: &'a ReferenceView) -> Option<Said<'a>> {
    let id = reference_question(&view.table, &reference.columns);
    let answer = brief.answers.iter().rev().find(|line| line.answers(&id))?.answer.trim().to_lowercase();
    let is = |table: &str, columns: &[String]| answer.contains(&side(table, columns).to_lowercase());
    if is(&reference.table, &reference.to_columns) {
        return Some(Said::This);
    }
    let rival = reference.rivals.iter().find(|rival| is(&rival.table, &rival.columns));
    rival.map(Said::Other).or_else(|| answer.starts_with(NEITHER).then_some(Said::Neither))
}

fn question(view: &TableView, reference: &ReferenceView) -> Question {
    let child = side(&view.table, &reference.columns);
    let first = side(&reference.table, &reference.to_columns);
    let mut options = vec![first.clone()];
    options.extend(reference.rivals.iter().map(|rival| side(&rival.table, &rival.columns)));
    let others = listed(&options[1..]);
    options.push(NEITHER.to_owned());
    let prompt = format!(
        "`{child}` seems to refer to `{first}` ({:.0} %), and nearly as much speaks for `{others}`. Which is it? Joins of {} go there, and totals by {} or by {} rest on it.",
        reference.confidence * 100.0,
        view.things(),
        thing(&reference.table),
        listed(&reference.rivals.iter().map(|rival| thing(&rival.table)).collect::<Vec<_>>()),
    );
    Question {
        question_id: reference_question(&view.table, &reference.columns),
        title: format!("What does {child} refer to?"),
        prompt,
        options,
        task: None,
    }
}

/// Columns that look as if they referred to something, and of which every candidate was rejected.
fn nowhere(view: &TableView, results: &[ToolResult]) -> Vec<crate::domain::Insight> {
    let mut insights = Vec::new();
    for result in of_tool(results, "find_reference_candidates") {
        let Some(column) = result.call.args["column"].as_str().filter(|column| !view.is_reference(column)) else { continue };
        let candidates = list(&result.result, &["candidates"]);
        let Some((first, why)) = candidates.iter().find_map(|one| Some((one, one["rejected"].as_str()?))) else { continue };
        let target = format!("{}.{}", first["table"].as_str().unwrap_or_default(), first["column"].as_str().unwrap_or_default());
        let claim = format!("{}.{column} is no reference to {target}, though its values are found there: {why}", view.table);
        insights.push(insight(claim, 0.7, vec![result.step.clone()]));
    }
    insights
}

fn polymorphic(view: &TableView, pair: &PolymorphicView, text: &str) -> ProposedWrite {
    let mut written = note(view, &format!("polymorphic_{}", pair.columns[1]), text, 0.5, json!({ "columns": pair.columns }));
    if !pair.tables.is_empty() {
        written.document["tables"] = json!(pair.tables);
        written.document["signals"] = json!(pair.signals);
        written.document["confidence"] = json!(pair.confidence);
        written.links.extend(pair.tables.iter().map(|table| format!("table/{table}")));
    }
    written
}

/// Of a reference to one table or another.
fn several(view: &TableView, pair: &PolymorphicView) -> String {
    let [kind, id] = &pair.columns;
    let which = match pair.tables.as_slice() {
        [] => "one table or another".to_owned(),
        tables => format!("one of {}", listed(&tables.iter().map(|table| short(table).to_owned()).collect::<Vec<_>>())),
    };
    format!("`{id}` of {} refers to {which}, as `{kind}` says: no single join is right for all rows", view.things())
}

fn reasons(signals: &[String]) -> String {
    if signals.is_empty() { String::new() } else { format!(": {}", signals.iter().take(2).cloned().collect::<Vec<_>>().join("; ")) }
}

/// `customers.id`, several columns with commas.
fn side(table: &str, columns: &[String]) -> String {
    format!("{}.{}", short(table), columns.join(","))
}

fn side_of_key(table: &str, columns: &[String]) -> String {
    format!("{table}.{}", columns.join(","))
}

fn summary(view: &TableView) -> String {
    let names = |references: &[ReferenceView]| {
        let mut names: Vec<String> = references.iter().filter(|one| one.table != view.table).map(|one| things(&one.table)).collect();
        names.sort_unstable();
        names.dedup();
        let more = names.len().saturating_sub(MOST_NAMED);
        names.truncate(MOST_NAMED);
        names.extend((more > 0).then(|| format!("{more} more")));
        listed(&names)
    };
    let mut parts = vec![match (view.copy_of(), view.is_view()) {
        (Some(of), _) => format!("A copy of {}", short(of)),
        (None, true) => format!("A view of {}", view.things()),
        (None, false) => format!("One row per {}", view.thing()),
    }];
    parts.extend(view.rows.map(|rows| if rows == 0 { "empty".to_owned() } else { format!("{rows} rows") }));
    if !view.primary_key.is_empty() {
        parts.push(format!("identified by {}", listed(&view.primary_key)));
    } else if !view.inferred_key.is_empty() {
        parts.push(format!("identified by {} (inferred)", listed(&view.inferred_key)));
    } else if !view.is_view() {
        parts.push("nothing identifies a row".to_owned());
    }
    let (parents, children) = (names(&view.references), names(&view.referenced_by));
    parts.extend((!parents.is_empty()).then(|| format!("belongs to {parents}")));
    parts.extend((!children.is_empty()).then(|| format!("{children} belong to it")));
    parts.extend(view.references.iter().any(|one| one.table == view.table).then(|| "a tree in itself".to_owned()));
    parts.join("; ")
}
