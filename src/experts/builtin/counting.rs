//! What was counted in a table, by rule: metrics that say what a join makes of them, and what is odd, each with its count and its query.

use serde_json::{Value, json};

use super::probes::{self, About, FanOut, Probe, Twice};
use super::query::total_of;
use super::results::{cell, rows_of};
use super::table::{ColumnView, TableView, short};
use super::{document, insight, note, twice_question};
use crate::claims::sql;
use crate::domain::Question;
use crate::evidence::natures::Measure;
use crate::evidence::wording::{capital, listed};
use crate::experts::thought::{ProposedWrite, Reflection, TaskBrief, ToolResult};

const MOST_METRICS: usize = 4;
/// What is odd about one table.
const MOST_ODD: usize = 6;
const ONE: &str = "one person";

/// Adds metrics and notes; nothing is measured by a copy or by what is empty.
pub fn tell(brief: &TaskBrief, view: &TableView, results: &[ToolResult], reflection: &mut Reflection) {
    let probes = probes::of(view);
    let fan_outs = probes::read_fan_outs(results, &probes);
    if !view.is_empty() && view.copy_of().is_none() {
        let metrics = view.measures().take(MOST_METRICS).map(|(column, measure)| metric(view, column, measure, &fan_outs));
        reflection.catalog_writes.extend(metrics);
    }
    odd(brief, view, results, &probes, &fan_outs, reflection);
}

fn metric(view: &TableView, column: &ColumnView, measure: Measure, fan_outs: &[FanOut]) -> ProposedWrite {
    let dialect = view.dialect();
    let adds = view.adds_up(column, measure);
    let (name, function) = if adds { ("total", "sum") } else { ("average", "avg") };
    let name = format!("{name}_{}", column.name);
    let table = sql::table(dialect, &view.schema, &view.name);
    let statement = format!("select {function}({}) as {} from {table}", sql::name(dialect, &column.name), sql::name(dialect, &name));
    let words = if adds { capital(&total_of(column)) } else { format!("Average {}", column.in_words()) };
    let things = view.things();
    let of_all = if things.starts_with('`') { format!("all rows of {things}") } else { format!("all {things}") };
    let multiplied: Vec<&FanOut> = fan_outs.iter().filter(|fan_out| fan_out.sum == column.name && adds).collect();
    let warning = multiplied.iter().map(|fan_out| fan_out.says()).collect::<Vec<_>>();
    let mut summary = format!("{words} of {of_all}");
    if !warning.is_empty() {
        summary.push_str(&format!(". Not to be added up over a join: {}", listed(&warning)));
    }
    let fan_out = multiplied.iter().map(
        |one| json!({ "join": one.join, "with": one.with, "rows_met": round(one.rows), "sum": one.plain, "sum_over_join": one.joined }),
    );
    let facts = json!({
        "summary": summary,
        "sql": statement,
        "grain": view.thing(),
        "adds_up": adds,
        "weight": view.weight(if adds { 0.8 } else { 0.4 }),
        "fan_out": Some(fan_out.collect::<Vec<_>>()).filter(|found| !found.is_empty()),
        "evidence": multiplied.iter().map(|one| one.step.clone()).collect::<Vec<_>>(),
    });
    ProposedWrite {
        kind: "metric".to_owned(),
        key: format!("metric/{}.{name}", view.table),
        document: document(facts, 0.7),
        tags: Vec::new(),
        links: vec![format!("table/{}", view.table), format!("col/{}.{}", view.table, column.name)],
    }
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn odd(brief: &TaskBrief, view: &TableView, results: &[ToolResult], probes: &[Probe], fan_outs: &[FanOut], reflection: &mut Reflection) {
    let named = short(&view.table);
    // Title, words, weight, more of the note, evidence.
    let mut found: Vec<(String, String, f64, Value, Vec<String>)> = Vec::new();
    let mut persons: Vec<(String, &Vec<String>, &Probe, Twice)> = Vec::new();
    for probe in probes {
        let count =
            |name: &str| rows_of(results, &probe.sql).and_then(|(step, rows)| Some((step.to_owned(), cell(rows.first()?, name)? as u64)));
        let more = || json!({ "sql": probe.sql });
        match &probe.about {
            About::Twice { columns } => {
                persons.extend(
                    probes::read_twice(results, probe)
                        .filter(|(_, twice)| twice.groups > 0)
                        .map(|(step, twice)| (step, columns, probe, twice)),
                );
            }
            About::Copied { of } => {
                if let (Some((step, entries)), Some((_, in_both))) = (count("entries"), count("in_both")) {
                    let only = entries.saturating_sub(in_both);
                    let text = format!(
                        "`{named}` is a copy of `{}`: {in_both} of its {entries} rows are in both, {only} only in the copy",
                        short(of)
                    );
                    found.push(("copy".to_owned(), text, 0.7, more(), vec![step]));
                }
            }
            About::SameRows => {
                if let (Some((step, groups)), Some((_, entries))) = (count("found"), count("entries"))
                    && entries > groups
                {
                    let text = format!("`{named}`: {} rows say the same as another one in every column", entries - groups);
                    found.push(("same_rows".to_owned(), text, 0.6, more(), vec![step]));
                }
            }
            About::Placeholder { column, day } => {
                if let Some((step, entries)) = count("entries").filter(|(_, entries)| *entries > 1) {
                    let text = format!("`{named}`: `{column}` is {day} in {entries} rows, perhaps for a missing value");
                    found.push((format!("sentinel_{column}"), text, 0.65, more(), vec![step]));
                }
            }
            About::FanOut { .. } => {}
        }
    }
    persons.sort_by_key(|person| std::cmp::Reverse(person.3.groups));
    if let Some((step, columns, probe, twice)) = persons.first() {
        let others =
            persons[1..].iter().map(|(_, columns, _, twice)| format!("{} by {}", twice.groups, spoken(columns))).collect::<Vec<_>>();
        let beside = if others.is_empty() { String::new() } else { format!("; {}", listed(&others)) };
        let example =
            twice.example.as_ref().map_or_else(String::new, |(first, last)| format!(", such as {} {first} and {last}", view.key()[0]));
        let text = format!(
            "{} are there more than once: {} with the same {}{example}{beside}",
            capital(&view.things()),
            twice.groups,
            spoken(columns)
        );
        found.push(("twice".to_owned(), text, 0.95, json!({ "sql": probe.sql, "columns": columns }), vec![step.clone()]));
        let id = twice_question(&view.table);
        let answer = brief.answers.iter().rev().find(|line| line.answers(&id)).map(|line| line.answer.trim().to_lowercase());
        match answer {
            Some(answer) if answer.starts_with(ONE) => reflection.catalog_writes.push(different(brief, view, columns)),
            Some(_) => {}
            None if view.may_ask.twice => reflection.questions_for_user.push(twice_asked(view, columns, twice)),
            None => {}
        }
    }
    let misleading = fan_outs.iter().filter(|fan_out| fan_out.plain != 0.0);
    if let Some(worst) = misleading.max_by(|one, other| (one.joined / one.plain).abs().total_cmp(&(other.joined / other.plain).abs())) {
        let times = worst.joined / worst.plain;
        let text = format!(
            "`{named}.{}` counts {times:.2} times over a join with `{}`: each row is met {:.2} times",
            worst.sum,
            short(&worst.with),
            worst.rows
        );
        // Who adds up what happened is misled sooner than who adds up what things are like.
        let weight = if view.role() == "fact" { 0.8 } else { 0.45 };
        found.push(("fan_out".to_owned(), text, weight, json!({ "join": worst.join }), vec![worst.step.clone()]));
    }
    found.sort_by(|one, other| other.2.total_cmp(&one.2).then_with(|| one.0.cmp(&other.0)));
    for (title, text, weight, more, evidence) in found.into_iter().take(MOST_ODD) {
        let mut written = note(view, &title, &text, weight, more);
        written.document["evidence"] = json!(evidence);
        reflection.catalog_writes.push(written);
        reflection.insights.push(insight(text, 0.8, evidence));
    }
}

fn spoken(columns: &[String]) -> String {
    listed(&columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>())
}

fn twice_asked(view: &TableView, columns: &[String], twice: &Twice) -> Question {
    let surplus = twice.entries.saturating_sub(twice.groups);
    let counted = view.rows.map_or_else(String::new, |rows| {
        format!(
            " If they are one, there are {} {}, not {rows}; averages for each change with it.",
            rows.saturating_sub(surplus),
            view.things()
        )
    });
    let example =
        twice.example.as_ref().map_or_else(String::new, |(first, last)| format!(", such as {} {first} and {last}", view.key()[0]));
    Question {
        question_id: twice_question(&view.table),
        title: format!("Are {} with the same {} one person?", view.things(), listed(columns)),
        prompt: format!(
            "{} times several {} have the same {}{example}. Are these one person?{counted}",
            twice.groups,
            view.things(),
            spoken(columns)
        ),
        options: vec![ONE.to_owned(), "different people".to_owned()],
        task: None,
    }
}

/// What the person said changes how many there are.
fn different(brief: &TaskBrief, view: &TableView, columns: &[String]) -> ProposedWrite {
    let table = sql::table(view.dialect(), &view.schema, &view.name);
    let statement = format!("select count(*) - ({}) as different from {table}", probes::surplus_sql(view, columns));
    let facts = json!({
        "summary": format!("Number of different {}: those with the same {} are one person, as the person said", view.things(), spoken(columns)),
        "sql": statement,
        "said_by": "person",
        "evidence": [format!("question/{}/{}", brief.run_id, twice_question(&view.table))],
    });
    ProposedWrite {
        kind: "metric".to_owned(),
        key: format!("metric/{}.different", view.table),
        document: document(facts, 0.8),
        tags: Vec::new(),
        links: vec![format!("table/{}", view.table)],
    }
}
