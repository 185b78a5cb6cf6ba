//! What the demo says of a run: a line where something has been reached, and at the end what was found and what is odd. Pure.

use std::collections::BTreeMap;

use console::style;
use serde_json::Value;

use crate::catalog::report::{Finding, Report};
use crate::cli::line::line;
use crate::cli::out::{count, harmless};
use crate::domain::{EventBody, Question};

/// Lines about references, about findings of each other kind and about what is odd, and questions; the report has them all.
const REFERENCES_TOLD: usize = 3;
const TOLD: usize = 2;
const ODD_TOLD: usize = 10;
const ASKED: usize = 2;
const WIDE: usize = 116;
/// How grave it is that rows lead nowhere, and what nobody weighed.
const ASTRAY: f64 = 0.9;
const UNWEIGHED: f64 = 0.5;

/// Kinds that a person wants to read of; the others are counted.
const WORTH_TELLING: [&str; 5] = ["domain", "summary", "relationship", "metric", "question_template"];
/// Kinds that say by themselves that something is not as it should be.
const ODD: [&str; 6] = ["note", "hypothesis", "oddity", "anomaly", "quality", "privacy"];

/// The steps of a run that a person who sees one for the first time can follow.
pub fn milestone(body: &EventBody) -> Option<String> {
    use EventBody as E;
    match body {
        E::IterationDone { iteration, new_findings, .. } => {
            Some(format!("  round {iteration:>2}  {}", count(*new_findings as usize, "new finding")))
        }
        E::TaskFailed { retry_in_ms: None, .. } | E::Finished { .. } | E::Error { .. } | E::Cancelled { .. } => line(body),
        _ => None,
    }
}

/// What was found and what is odd, in a page.
pub fn ending(report: &Report) -> Vec<String> {
    let groups = || report.findings.iter().filter(|group| !ODD.contains(&group.kind.as_str()));
    let counted = groups().map(|group| count(group.findings.len(), &group.kind.replace('_', " ")));
    let mut lines = heading("What was found").to_vec();
    lines.push(format!("  {}", harmless(&counted.collect::<Vec<_>>().join(", "), WIDE)));
    for group in groups().filter(|group| WORTH_TELLING.contains(&group.kind.as_str())) {
        lines.push(format!("  {}", style(group.kind.replace('_', " ")).cyan()));
        let told = |finding: &Finding| {
            let says = ends(&finding.document).unwrap_or_else(|| finding.says.clone());
            format!("{:>5.0} %  {}", finding.confidence * 100.0, harmless(&says, WIDE))
        };
        let most = if group.kind == "relationship" { REFERENCES_TOLD } else { TOLD };
        lines.extend(some(group.findings.iter().map(told).collect(), most));
    }
    let odd = odd(report);
    if !odd.is_empty() {
        lines.extend(heading("What is odd"));
        lines.extend(some(odd, ODD_TOLD).into_iter().map(|line| format!("  {line}")));
    }
    lines
}

pub fn questions<'a>(open: impl Iterator<Item = &'a Question>, how_to_answer: impl Fn(&Question) -> [String; 2]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Vec<&Question> = open.collect();
    // What can be answered by choosing comes first.
    open.sort_by_key(|question| question.options.is_empty());
    for question in open.into_iter().take(ASKED) {
        if lines.is_empty() {
            lines.extend(heading("What only a person knows"));
        }
        let options = if question.options.is_empty() { String::new() } else { format!(" [{}]", question.options.join(" | ")) };
        lines.push(format!("  {}", harmless(&format!("{}{options}", question.prompt), 2 * WIDE)));
        let [command, _] = how_to_answer(question);
        lines.push(format!("  {command}"));
    }
    lines
}

/// References that some rows do not keep to, what profiles complain of, and what was written down as odd.
fn odd(report: &Report) -> Vec<String> {
    let all = || report.findings.iter().flat_map(|group| &group.findings);
    let place = |finding: &Finding| {
        let key = finding.key.split_once('/').map_or(finding.key.as_str(), |(_, place)| place);
        let schema = report.schema.as_ref().map(|schema| format!("{schema}."));
        schema.and_then(|schema| key.strip_prefix(&schema)).unwrap_or(key).to_owned()
    };
    let weight = |finding: &Finding| finding.document["weight"].as_f64().unwrap_or(UNWEIGHED);
    let told = all().filter(|finding| ODD.contains(&finding.kind.as_str())).map(|finding| (weight(finding), finding.says.clone()));
    let astray = all().chain(&report.refuted).filter_map(|finding| {
        let counted = &finding.document["check"]["result"];
        let (lost, rows) = (counted["rows_without_partner"].as_u64()?, counted["referencing_rows"].as_u64()?);
        let ends = ends(&finding.document)?;
        (lost > 0).then(|| (ASTRAY, format!("{ends}: {lost} of {rows} rows lead nowhere")))
    });
    let said_to_be_none = all().filter_map(|finding| {
        let rows = finding.document["check"]["result"]["rows_standing_for_none"].as_u64().filter(|rows| *rows > 0)?;
        Some((ASTRAY / 2.0, format!("{}: {rows} rows hold a value that stands for none", ends(&finding.document)?)))
    });
    // What many columns suffer from is said once, and not where a note on their table says it.
    let noted: Vec<&str> = all().filter(|finding| finding.kind == "note").filter_map(|note| note.key.split('/').nth(1)).collect();
    let is_noted = |finding: &Finding| noted.iter().any(|table| finding.key.contains(&format!("/{table}.")));
    let mut complaints: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in all().filter(|finding| !is_noted(finding)) {
        for complaint in finding.document["quality"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            complaints.entry(complaint).or_default().push(place(finding));
        }
    }
    let complaints = complaints.into_iter().map(|(complaint, places)| (0.0, format!("{complaint}: {}", places.join(", "))));
    let mut odd: Vec<(f64, String)> = told.chain(astray).chain(said_to_be_none).chain(complaints).collect();
    // The gravest first; the rest stays as it was.
    odd.sort_by(|one, other| other.0.total_cmp(&one.0));
    odd.into_iter().map(|(_, text)| harmless(&text, WIDE)).collect()
}

/// The two ends of a relationship: `orders.customer_id → customers.id`.
fn ends(document: &Value) -> Option<String> {
    let end = |of: &Value| {
        let columns: Vec<&str> = of["columns"].as_array()?.iter().filter_map(Value::as_str).collect();
        Some(format!("{}.{}", of["table"].as_str()?, columns.join("+")))
    };
    Some(format!("{} → {}", end(&document["child"])?, end(&document["parent"])?))
}

fn some(mut lines: Vec<String>, most: usize) -> Vec<String> {
    let more = lines.len().saturating_sub(most);
    lines.truncate(most);
    lines.extend((more > 0).then(|| format!("         {}", style(format!("and {more} more")).dim())));
    lines
}

fn heading(text: &str) -> [String; 2] {
    [String::new(), style(text).bold().to_string()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finding(kind: &str, key: &str, document: Value) -> Value {
        json!({"kind": kind, "key": key, "status": "draft", "confidence": 0.95, "says": document["text"].as_str().unwrap_or("said"),
            "evidence": [], "author": "structural", "competing": 0, "document": document})
    }

    fn relationship(child: &str, lost: u64) -> Value {
        let document = json!({"child": {"table": "items", "columns": [child]}, "parent": {"table": "orders", "columns": ["id"]},
            "check": {"result": {"rows_without_partner": lost, "referencing_rows": 200, "rows_standing_for_none": lost / 2}}});
        finding("relationship", "rel/x", document)
    }

    fn report(findings: Value, refuted: Value) -> Report {
        let report = json!({"run_id": "run_00000000000000000000000000000001", "title": "t", "source": "s", "schema": "main", "snapshot": null,
            "model": "builtin", "status": "finished", "ended_because": null, "intent": {}, "overview": [], "tables_left_out": 0,
            "findings": findings, "refuted": refuted, "questions": [], "tasks": [], "undone": [],
            "spent": {"prompt_tokens": 0, "answer_tokens": 0, "usd": 0.0, "seconds": 0, "tool_calls": 0}});
        serde_json::from_value(report).unwrap()
    }

    fn plain(lines: &[String]) -> String {
        console::strip_ansi_codes(&lines.join("\n")).into_owned()
    }

    #[test]
    fn what_is_odd_is_told_apart_from_what_was_found() {
        let mut many: Vec<Value> = (0..9).map(|_| relationship("order_id", 0)).collect();
        many.push(relationship("seller", 4));
        let profile =
            |column: &str| finding("profile", &format!("profile/main.items.{column}"), json!({"quality": ["money is kept as text"]}));
        let note = finding("note", "note/1", json!({"text": "a second entry of the same person"}));
        let groups = json!([{"kind": "relationship", "findings": many}, {"kind": "profile", "findings": [profile("price"), profile("tax")]}, {"kind": "note", "findings": [note]}]);
        let text = plain(&ending(&report(groups, json!([relationship("carrier", 13)]))));
        let (found, odd) = text.split_once("What is odd").unwrap();
        assert!(found.contains("10 relationships, 2 profiles\n") && found.contains("and 7 more"), "{text}");
        assert_eq!(found.matches("   95 %  items.order_id → orders.id").count(), REFERENCES_TOLD, "{text}");
        assert!(!found.contains("second entry"), "{text}");
        for told in [
            "a second entry of the same person",
            "items.carrier → orders.id: 13 of 200 rows lead nowhere",
            "items.seller → orders.id: 2 rows hold a value that stands for none",
            "money is kept as text: items.price, items.tax",
        ] {
            assert!(odd.contains(told), "{text}");
        }
        assert!(!odd.contains("items.order_id"), "{text}");
    }

    #[test]
    fn where_nothing_is_odd_nothing_is_said_of_it() {
        let groups = json!([{"kind": "relationship", "findings": [relationship("order_id", 0)]}]);
        assert!(!plain(&ending(&report(groups, json!([])))).contains("odd"));
    }

    #[test]
    fn a_question_comes_with_the_command_that_answers_it() {
        let question =
            Question { question_id: "q".into(), title: "t".into(), prompt: "which?".into(), options: vec!["a".into()], task: None };
        let open = [question.clone(), question.clone(), question.clone(), question];
        let text = plain(&questions(open.iter(), |question| [format!("answer {}", question.question_id), String::new()]));
        assert_eq!((text.matches("which? [a]").count(), text.matches("answer q").count()), (ASKED, ASKED));
        assert!(questions([].iter(), |_| [String::new(), String::new()]).is_empty());
    }
}
