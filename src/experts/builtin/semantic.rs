//! The expert for meaning, by rule: what names, types and a few rows let say, and what the person answered.

use serde_json::{Value, json};

use super::results::{of_tool, sampled, steps};
use super::table::{ColumnView, TableView, has_word, thing};
use super::{call, codes_question, document, insight};
use crate::claims::text::words;
use crate::experts::thought::{ProposedWrite, Reflection, TaskBrief, ToolCall, ToolResult};

const SAMPLE: u32 = 5;
const MOST_COLUMNS: usize = 14;
/// From so many tables around one on, they are shown as a domain.
const DOMAIN_TABLES: usize = 3;

pub fn calls(view: &TableView) -> Vec<ToolCall> {
    vec![call("sample_rows", json!({ "schema": view.schema, "table": view.name, "limit": SAMPLE }))]
}

pub fn reflect(brief: &TaskBrief, view: &TableView, results: &[ToolResult]) -> Reflection {
    let sample = of_tool(results, "sample_rows").next().map(|result| &result.result);
    let looked = steps(results, &["sample_rows"]);
    let columns = view.columns.iter().filter_map(|column| column_entry(brief, view, column, sample)).take(MOST_COLUMNS);
    let mut writes: Vec<ProposedWrite> = columns.collect();
    let personal: Vec<&str> = writes
        .iter()
        .filter(|write| write.tags.iter().any(|tag| tag == "personal"))
        .filter_map(|write| write.key.rsplit('.').next())
        .collect();
    let mut insights =
        vec![insight(format!("{} is {} by its columns and references", view.table, role_in_words(view.role())), 0.6, looked.clone())];
    if !personal.is_empty() {
        insights.push(insight(format!("{} holds personal data: {}", view.table, personal.join(", ")), 0.7, looked));
    }
    writes.extend(domain(view));
    Reflection { catalog_writes: writes, insights, questions_for_user: Vec::new() }
}

fn column_entry(brief: &TaskBrief, view: &TableView, column: &ColumnView, sample: Option<&Value>) -> Option<ProposedWrite> {
    let question_id = codes_question(&view.table, &column.name);
    let said = brief.answers.iter().find(|line| line.answers(&question_id)).map(|line| line.answer.clone());
    let values = sample.map(|sample| sampled(sample, &column.name)).unwrap_or_default();
    let (meaning, personal) = meaning(view, column, &values);
    let meaning = match (&said, &column.comment) {
        (Some(said), _) => Some(format!("As the person said: {said}")),
        (None, Some(comment)) => Some(comment.clone()),
        (None, None) => meaning,
    }?;
    let evidence = said.as_ref().map(|_| json!([format!("question/{}/{question_id}", brief.run_id)]));
    let confidence = if said.is_some() { 0.8 } else { 0.6 };
    let facts = json!({ "meaning": meaning, "codes": said, "said_by": said.as_ref().map(|_| "person"), "evidence": evidence });
    Some(ProposedWrite {
        kind: "column".to_owned(),
        key: format!("col/{}.{}", view.table, column.name),
        document: document(facts, confidence),
        tags: if personal { vec!["personal".to_owned()] } else { Vec::new() },
        links: vec![format!("table/{}", view.table)],
    })
}

/// What a column means as far as rules can say, and whether it holds personal data. Columns that explain themselves get nothing.
fn meaning(view: &TableView, column: &ColumnView, values: &[String]) -> (Option<String>, bool) {
    let thing_here = view.thing();
    let named = |listed: &[&str]| has_word(&column.name, listed);
    let valued = |test: fn(&str) -> bool| !values.is_empty() && values.iter().all(|value| test(value));
    if let Some(reference) = view.references.iter().find(|reference| reference.columns.contains(&column.name)) {
        return (Some(format!("Which {} the {thing_here} belongs to", thing(&reference.table))), false);
    }
    if named(&["email", "mail"]) || valued(is_email) {
        return (Some(format!("E-mail address of the {thing_here}")), true);
    }
    if named(&["phone", "telephone", "mobile", "fax"]) {
        return (Some(format!("Telephone or fax number of the {thing_here}")), true);
    }
    if named(&["firstname", "lastname", "surname", "birthdate", "birthday", "ssn", "iban"])
        || (named(&["first", "last", "birth"]) && named(&["name", "date"]))
    {
        return (Some(format!("{} of a person", capital(&column.in_words()))), true);
    }
    if named(&["address", "street", "zip", "postal", "postcode"]) {
        return (Some(format!("Part of the address of the {thing_here}")), true);
    }
    if valued(|value| value.starts_with("http://") || value.starts_with("https://")) {
        return (Some("A link to a page on the web".to_owned()), false);
    }
    if view.times().any(|time| time.name == column.name) {
        let what: Vec<String> =
            words(&column.name).into_iter().filter(|word| !["at", "date", "time", "timestamp", "on"].contains(&word.as_str())).collect();
        let when = if what.is_empty() {
            format!("When the {thing_here} took place")
        } else {
            format!("When the {thing_here} was {}, or its {} time", what.join(" "), what.join(" "))
        };
        return (Some(when), false);
    }
    if view.measures().any(|measure| measure.name == column.name) {
        return (Some(format!("{} of the {thing_here}, a number", capital(&column.in_words()))), false);
    }
    if named(&["is", "has", "active", "deleted", "enabled", "flag"]) && matches!(column.r#type.as_str(), "boolean" | "integer") {
        return (Some(format!("Whether: {}", column.in_words())), false);
    }
    if view.codes().any(|code| code.name == column.name) {
        return (Some(format!("{} of the {thing_here}, a code", capital(&column.in_words()))), false);
    }
    (None, false)
}

/// A table that several others refer to is the middle of something.
fn domain(view: &TableView) -> Option<ProposedWrite> {
    let mut tables: Vec<String> = view.referenced_by.iter().chain(&view.references).map(|reference| reference.table.clone()).collect();
    tables.push(view.table.clone());
    tables.sort_unstable();
    tables.dedup();
    if view.referenced_by.len() < 2 || tables.len() < DOMAIN_TABLES {
        return None;
    }
    let links = tables.iter().map(|table| format!("table/{table}")).collect();
    let summary = format!("{} and what is recorded about them", capital(&view.things()));
    Some(ProposedWrite {
        kind: "domain".to_owned(),
        key: format!("domain/{}", view.table),
        document: document(json!({ "summary": summary, "tables": tables, "centre": view.table }), 0.6),
        tags: Vec::new(),
        links,
    })
}

fn role_in_words(role: &str) -> String {
    match role {
        "bridge" => "a bridge between two tables".to_owned(),
        "entity" => "an entity of its own".to_owned(),
        "event" => "a record of events or transactions".to_owned(),
        "lookup" => "a lookup table".to_owned(),
        other => format!("a {other}"),
    }
}

fn is_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !value.contains(' '))
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
