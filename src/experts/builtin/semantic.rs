//! The expert for meaning, by rule: what names, types and a few rows let say, and what the person answered.

use serde_json::json;

use super::results::{of_tool, sampled, steps};
use super::table::{ColumnView, TableView, short};
use super::{call, codes_question, document, insight, note};
use crate::evidence::natures::{Measure, has_word};
use crate::evidence::wording::{capital, in_words, listed, thing};
use crate::experts::thought::{ProposedWrite, Reflection, TaskBrief, ToolCall, ToolResult};

const SAMPLE: u32 = 5;
const MOST_COLUMNS: usize = 14;
/// Tables of a domain that its sentence names.
const MOST_NAMED: usize = 7;
/// From this share of values on, a column holds what they look like.
const MOSTLY: f64 = 0.6;

pub fn calls(view: &TableView) -> Vec<ToolCall> {
    vec![call("sample_rows", json!({ "schema": view.schema, "table": view.name, "limit": SAMPLE }))]
}

pub fn reflect(brief: &TaskBrief, view: &TableView, results: &[ToolResult]) -> Reflection {
    let sample = of_tool(results, "sample_rows").next().map(|result| &result.result);
    let looked = steps(results, &["sample_rows"]);
    let personal = personal(view);
    let mut writes: Vec<ProposedWrite> = Vec::new();
    // A copy means what its original means.
    for column in view.columns.iter().filter(|_| view.copy_of().is_none()) {
        let values = sample.map(|sample| sampled(sample, &column.name)).unwrap_or_default();
        let what = personal.iter().find(|(name, _)| *name == column.name).map(|(_, what)| *what);
        writes.extend(column_entry(brief, view, &Seen { column, values, personal: what }));
    }
    writes.truncate(MOST_COLUMNS);
    let because = view.place.as_ref().map(|place| place.why.join("; ")).filter(|why| !why.is_empty());
    let because = because.map_or_else(String::new, |why| format!(": {why}"));
    let mut insights = vec![insight(format!("{} is {}{because}", view.table, role_in_words(view.role())), 0.6, looked.clone())];
    if !personal.is_empty() && !view.is_empty() {
        let named = personal.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let text = format!("Personal data in `{}`: {named}", short(&view.table));
        let columns: Vec<&str> = personal.iter().map(|(name, _)| *name).collect();
        let mut written = note(view, "personal_data", &text, 0.55, json!({ "columns": columns, "tells": by_what(&personal) }));
        written.tags.push("personal".to_owned());
        writes.push(written);
        insights.push(insight(text, 0.7, looked));
    }
    writes.extend(domain(view));
    Reflection { catalog_writes: writes, insights, questions_for_user: Vec::new() }
}

struct Seen<'a> {
    column: &'a ColumnView,
    values: Vec<String>,
    personal: Option<&'static str>,
}

/// By names, and by values where they tell.
fn personal<'a>(view: &'a TableView) -> Vec<(&'a str, &'static str)> {
    let by_name: Vec<(&str, &str)> = view.personal().map(|(column, what)| (column.name.as_str(), what)).collect();
    let told = |column: &'a ColumnView| {
        let named = by_name.iter().find(|(name, _)| *name == column.name).map(|(_, what)| *what);
        let looks = column.semantic().filter(|(_, share)| *share >= MOSTLY).map(|(kind, _)| kind);
        let by_values = match looks {
            Some("email") => Some("e-mail address"),
            Some("iban" | "credit_card") => Some("bank account"),
            _ => None,
        };
        by_values.or(named).map(|what| (column.name.as_str(), what))
    };
    view.columns.iter().filter_map(told).collect()
}

fn by_what(personal: &[(&str, &'static str)]) -> String {
    let mut kinds: Vec<&str> = personal.iter().map(|(_, what)| *what).collect();
    kinds.dedup();
    let mut seen: Vec<&str> = Vec::new();
    kinds.retain(|kind| {
        let is_new = !seen.contains(kind);
        seen.push(kind);
        is_new
    });
    let columns =
        |kind: &str| personal.iter().filter(|(_, what)| *what == kind).map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    kinds.iter().map(|kind| format!("{kind} ({})", columns(kind))).collect::<Vec<_>>().join(", ")
}

fn column_entry(brief: &TaskBrief, view: &TableView, seen: &Seen<'_>) -> Option<ProposedWrite> {
    let column = seen.column;
    let question_id = codes_question(&view.table, &column.name);
    let said = brief.answers.iter().rev().find(|line| line.answers(&question_id)).map(|line| line.answer.clone());
    let meaning = match (&said, &column.comment) {
        (Some(said), _) => Some(format!("As the person said: {said}")),
        (None, Some(comment)) => Some(comment.clone()),
        (None, None) => meaning(view, seen),
    }?;
    let semantic = column.semantic();
    let meaning = match semantic.filter(|(_, share)| said.is_none() && (MOSTLY..0.999).contains(share)) {
        Some((kind, share)) => format!("{meaning}; {:.1} % of the values are {kind} by their form", share * 100.0),
        None => meaning,
    };
    let evidence = said.as_ref().map(|_| json!([format!("question/{}/{question_id}", brief.run_id)]));
    let confidence = if said.is_some() { 0.8 } else { 0.6 };
    let facts = json!({
        "meaning": meaning,
        "codes": said,
        "said_by": said.as_ref().map(|_| "person"),
        "semantic_type": semantic.map(|(kind, share)| json!({ "type": kind, "share": share })),
        "personal": seen.personal,
        "evidence": evidence,
    });
    Some(ProposedWrite {
        kind: "column".to_owned(),
        key: format!("col/{}.{}", view.table, column.name),
        document: document(facts, confidence),
        tags: if seen.personal.is_some() { vec!["personal".to_owned()] } else { Vec::new() },
        links: vec![format!("table/{}", view.table)],
    })
}

/// What a column means as far as rules can say. Columns that explain themselves get nothing.
fn meaning(view: &TableView, seen: &Seen<'_>) -> Option<String> {
    let column = seen.column;
    let thing_here = view.thing();
    let named = |listed: &[&str]| has_word(&column.name, listed);
    let valued = |test: fn(&str) -> bool| !seen.values.is_empty() && seen.values.iter().all(|value| test(value));
    if let Some(reference) = view.references.iter().find(|reference| reference.columns.contains(&column.name)) {
        let together = if reference.columns.len() > 1 {
            format!(", together with {}", others(&reference.columns, &column.name))
        } else {
            String::new()
        };
        return Some(match reference.table == view.table {
            true => format!("The {thing_here} above this one"),
            false => format!("Which {} the {thing_here} belongs to{together}", thing(&reference.table)),
        });
    }
    if let Some(pair) = view.polymorphic().iter().find(|pair| pair.columns[1] == column.name) {
        return Some(format!("The number of what the {thing_here} is about, in the table that `{}` names", pair.columns[0]));
    }
    if let Some(what) = seen.personal {
        return Some(match what {
            "e-mail address" | "telephone number" | "date of birth" | "bank account" => format!("{} of the {thing_here}", capital(what)),
            "address" => format!("Part of the address of the {thing_here}"),
            "name" => format!("{} of the {thing_here}", capital(&column.in_words())),
            _ => format!("{} of the {thing_here}, an official number", capital(&column.in_words())),
        });
    }
    if valued(|value| value.starts_with("http://") || value.starts_with("https://")) {
        return Some("A link to a page on the web".to_owned());
    }
    let looks = column.semantic().filter(|(_, share)| *share >= MOSTLY).map(|(kind, _)| kind);
    if view.times().any(|time| time.name == column.name) && column.r#type != "integer"
        || looks == Some("unix_time")
        || looks == Some("date")
    {
        return Some(format!("A time of the {thing_here}: {}{}", when(view, column), kept(column, looks)));
    }
    if let Some((_, measure)) = view.measures().find(|(measure, _)| measure.name == column.name) {
        let use_of = if measure == Measure::Adds { "adds up" } else { "to be averaged, not added up" };
        return Some(format!("{} of the {thing_here}; {use_of}", capital(&column.in_words())));
    }
    if named(&["is", "has", "active", "deleted", "enabled", "flag"]) && matches!(column.r#type.as_str(), "boolean" | "integer") {
        return Some(format!("Whether the {thing_here} is {}", column.in_words().trim_start_matches("is ").trim_end_matches(" flag")));
    }
    if view.codes().any(|code| code.name == column.name) {
        return Some(format!("{} of the {thing_here}, a code", capital(&column.in_words())));
    }
    match looks? {
        "country_code" | "country" => Some(format!("Country of the {thing_here}")),
        "currency_code" => Some(format!("Currency of the {thing_here}")),
        "money" => Some(format!("An amount of money of the {thing_here}")),
        "uuid" | "ip" | "mac" | "json" | "coordinates" | "version" | "hash" | "url" => {
            Some(format!("{} of the {thing_here}: {} by its form", capital(&column.in_words()), looks?))
        }
        _ => None,
    }
}

fn others(columns: &[String], own: &str) -> String {
    listed(&columns.iter().filter(|column| *column != own).cloned().collect::<Vec<_>>())
}

/// `ordered` of `ordered_at`.
fn when(view: &TableView, column: &ColumnView) -> String {
    let all = in_words(&column.name);
    let said: Vec<&str> = all.split(' ').filter(|word| !["at", "on", "date", "time", "timestamp"].contains(word)).collect();
    if said.is_empty() { format!("when it took place, of {}", view.things()) } else { said.join(" ") }
}

fn kept(column: &ColumnView, looks: Option<&str>) -> &'static str {
    match (column.r#type.as_str(), looks) {
        (_, Some("unix_time")) => ", in seconds since 1970",
        ("text", _) => ", kept as text",
        _ => "",
    }
}

/// Written with its middle, so that it is written once.
fn domain(view: &TableView) -> Option<ProposedWrite> {
    let domain = view.domain.as_ref()?;
    let mut named: Vec<String> = domain.tables.iter().filter(|table| **table != view.table).map(|table| short(table).to_owned()).collect();
    let more = domain.table_count.saturating_sub(1 + named.len().min(MOST_NAMED));
    named.truncate(MOST_NAMED);
    named.extend((more > 0).then(|| format!("{more} more")));
    let summary = format!("{}: {} tables around {}, with {}", domain.title, domain.table_count, short(&view.table), listed(&named));
    Some(ProposedWrite {
        kind: "domain".to_owned(),
        key: format!("domain/{}", view.table),
        document: document(json!({ "title": domain.title, "summary": summary, "tables": domain.tables, "centre": view.table }), 0.6),
        tags: Vec::new(),
        links: domain.tables.iter().map(|table| format!("table/{table}")).collect(),
    })
}

fn role_in_words(role: &str) -> String {
    match role {
        "bridge" => "a bridge between two tables".to_owned(),
        "entity" => "an entity of its own".to_owned(),
        "fact" => "a fact: something that happened or is counted".to_owned(),
        "lookup" => "a lookup table".to_owned(),
        "copy" => "a copy".to_owned(),
        "empty" => "empty".to_owned(),
        "configuration" => "configuration".to_owned(),
        other => format!("a {other}"),
    }
}
