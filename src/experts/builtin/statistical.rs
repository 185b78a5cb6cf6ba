//! The expert for values, by rule: profiles are written down, measures become metrics, what is odd is noted with its count, and codes that
//! nothing explains become a question.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::probes::{self, About, FanOut, Probe, Twice};
use super::query::total_of;
use super::results::{arg, cell, column_lines, counted_values, distinct, list, member, null_share, of_tool, rows_of, steps, top_values};
use super::table::{ColumnView, TableView, short};
use super::{call, codes_question, document, insight, note, twice_question};
use crate::claims::sql;
use crate::claims::text::line;
use crate::domain::Question;
use crate::evidence::natures::{self, Measure};
use crate::evidence::oddities;
use crate::evidence::wording::{capital, listed};
use crate::experts::thought::{ProposedWrite, Reflection, TaskBrief, ToolCall, ToolResult};
use crate::source::Dialect;

/// Columns that are profiled in one task.
const MOST_PROFILED: usize = 6;
const MOST_METRICS: usize = 4;
/// More different values than this are not a list of codes.
const MOST_CODES: u64 = 12;
/// A null share from here on is worth telling.
const MANY_NULLS: f64 = 0.2;
/// What is odd about one table.
const MOST_ODD: usize = 6;
const ONE: &str = "one person";

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

/// What the profile leaves to be counted.
pub fn further(view: &TableView, results: &[ToolResult]) -> Vec<ToolCall> {
    probes::of(view, &column_lines(results)).iter().map(Probe::call).collect()
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
    let probes = probes::of(view, &column_lines(results));
    let fan_outs = probes::read_fan_outs(results, &probes);
    if !view.is_empty() && view.copy_of().is_none() {
        let metrics = view.measures().take(MOST_METRICS).map(|(column, measure)| metric(view, column, measure, &fan_outs));
        reflection.catalog_writes.extend(metrics);
    }
    odd(brief, view, results, &probes, &fan_outs, &mut reflection);
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

/// What is odd, each as a note and as an insight; the gravest first.
fn odd(brief: &TaskBrief, view: &TableView, results: &[ToolResult], probes: &[Probe], fan_outs: &[FanOut], reflection: &mut Reflection) {
    let lines = column_lines(results);
    let profiled: Vec<oddities::Profiled> = lines.iter().map(|line| line.profiled(view)).collect();
    let looked = steps(results, &["table_profile"]);
    let named = short(&view.table);
    // Title, words, weight, more of the note, evidence.
    let mut found: Vec<(String, String, f64, Value, Vec<String>)> = Vec::new();
    if view.is_empty() && !view.is_view() {
        found.push(("empty".to_owned(), format!("`{named}` has no row"), 0.35, json!({}), looked.clone()));
    } else if view.copy_of().is_none() {
        for oddity in oddities::of(&profiled, view.dialect() != Dialect::Sqlite) {
            let title = format!("{}_{}", oddity.what, oddity.columns.join("_"));
            let text = format!("`{named}`: {}", oddity.says);
            found.push((title, text, oddity.weight, json!({ "columns": oddity.columns }), looked.clone()));
        }
    }
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
    persons.sort_by_key(|person| Reverse(person.3.groups));
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
