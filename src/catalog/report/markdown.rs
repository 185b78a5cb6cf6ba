//! The report as Markdown. Text of the database, of models and of people is data: it is escaped, on one line and cut, never markup.

use std::fmt::Write;

use super::{Finding, Report};
use crate::domain::Intent;

/// Characters of one piece of data.
const MAX_DATA: usize = 600;

pub fn to_markdown(report: &Report) -> String {
    let mut out = String::with_capacity(8 * 1024);
    line(&mut out, &format!("# {}", data(&report.title)));
    line(&mut out, "");
    line(&mut out, &format!("Run {} over {}, {}.", code(&report.run_id.to_string()), code(&report.source), reasoning(report)));
    match &report.ended_because {
        Some(why) => line(&mut out, &format!("State: {}; {}.", report.status.name(), data(why))),
        None => line(&mut out, &format!("State: {}; what follows is what is known so far.", report.status.name())),
    }
    if let Some(agent) = &report.carried_out_by {
        let said: Vec<String> = report.tasks.iter().map(|task| data(&task.notes)).filter(|notes| !notes.is_empty()).collect();
        line(&mut out, &format!("Carried out by the agent {} from outside. {}", code(agent), said.join(" ")));
    }
    asked(&mut out, &report.intent);
    overview(&mut out, report);
    findings(&mut out, report);
    questions(&mut out, report);
    undone(&mut out, report);
    cost(&mut out, report);
    out
}

fn reasoning(report: &Report) -> String {
    match report.model.as_str() {
        "builtin" => "without a language model (built-in rules)".to_owned(),
        model => format!("with the model {}", code(model)),
    }
}

fn asked(out: &mut String, intent: &Intent) {
    heading(out, "What was asked");
    if intent.is_empty() {
        line(out, "Nothing in particular: to find out what is in the database.");
        return;
    }
    if let Some(audience) = &intent.audience {
        line(out, &format!("- For: {}", data(audience)));
    }
    for goal in &intent.goals {
        line(out, &format!("- Goal: {}", data(goal)));
    }
    for constraint in &intent.constraints {
        line(out, &format!("- Constraint: {}", data(constraint)));
    }
}

fn overview(out: &mut String, report: &Report) {
    heading(out, "The schema");
    if report.overview.is_empty() {
        line(out, "No tables are known.");
        return;
    }
    line(out, "| Table | Rows | Columns | Primary key | Declared references |");
    line(out, "| --- | ---: | ---: | --- | --- |");
    for table in &report.overview {
        let rows = table.rows.map_or_else(|| "–".to_owned(), |rows| rows.to_string());
        let view = if table.view { " (view)" } else { "" };
        let references = table.references.iter().map(|reference| data(reference)).collect::<Vec<_>>().join("; ");
        let key = data(&table.primary_key.join(", "));
        line(out, &format!("| {}{view} | {rows} | {} | {key} | {references} |", data(&table.name), table.columns));
    }
    if report.tables_left_out > 0 {
        line(out, &format!("\n… and {} more.", report.tables_left_out));
    }
}

fn findings(out: &mut String, report: &Report) {
    heading(out, "Findings");
    if report.findings.is_empty() {
        line(out, "None.");
    }
    for group in &report.findings {
        line(out, &format!("\n### {} ({})\n", data(&title_of(&group.kind)), group.findings.len()));
        group.findings.iter().for_each(|finding| one(out, finding));
    }
    if !report.refuted.is_empty() {
        heading(out, "Refuted");
        line(out, "Claimed at some point, and contradicted by the data or rejected by a person. None of this is known to be true.\n");
        report.refuted.iter().for_each(|finding| one(out, finding));
    }
}

fn one(out: &mut String, finding: &Finding) {
    let status = finding.status.name();
    let says = if finding.says.is_empty() { String::new() } else { format!(": {}", data(&finding.says)) };
    line(out, &format!("- {}{says} ({status}, confidence {:.2}, by {})", code(&finding.key), finding.confidence, data(&finding.author)));
    for evidence in finding.evidence.iter().take(8) {
        line(out, &format!("  - evidence: {}", data(evidence)));
    }
    if finding.competing > 0 {
        line(out, &format!("  - {} other claims stand beside it", finding.competing));
    }
}

fn questions(out: &mut String, report: &Report) {
    let (answered, open): (Vec<_>, Vec<_>) = report.questions.iter().partition(|question| question.answer.is_some());
    heading(out, "Open questions");
    if open.is_empty() {
        line(out, "None.");
    }
    for question in open {
        line(out, &format!("- **{}** ({}): {}", data(&question.title), code(&question.question_id), data(&question.prompt)));
        for option in &question.options {
            line(out, &format!("  - {}", data(option)));
        }
    }
    if !answered.is_empty() {
        heading(out, "Answered questions");
        for question in answered {
            line(out, &format!("- **{}**: {}", data(&question.title), data(question.answer.as_deref().unwrap_or_default())));
        }
    }
}

fn undone(out: &mut String, report: &Report) {
    heading(out, "Left undone");
    if report.undone.is_empty() {
        line(out, "Nothing that was planned.");
    }
    for item in &report.undone {
        line(out, &format!("- {}", data(item)));
    }
    for task in report.tasks.iter().filter(|task| task.state == "failed") {
        line(out, &format!("- {} failed ({}, {}): {}", task.task, data(&task.expert), data(&task.goal), data(&task.notes)));
    }
}

fn cost(out: &mut String, report: &Report) {
    heading(out, "What it cost");
    let spent = &report.spent;
    let done = report.tasks.iter().filter(|task| task.state == "done").count();
    line(out, &format!("- {} tasks, {done} of them done; {} tool calls; {} s", report.tasks.len(), spent.tool_calls, spent.seconds));
    let (prompt, answer) = (spent.prompt_tokens, spent.answer_tokens);
    line(
        out,
        &format!("- {} model calls; {prompt} tokens in prompts, {answer} in answers; {:.4} US dollars", spent.model_calls, spent.usd),
    );
}

fn title_of(kind: &str) -> String {
    let text = kind.replace('_', " ");
    let mut signs = text.chars();
    signs.next().map(|first| first.to_uppercase().chain(signs).collect()).unwrap_or_default()
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n## {text}\n");
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Data as plain text: whatever Markdown or HTML would read as markup is escaped.
fn data(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = flat.chars().count();
    for sign in flat.chars().take(MAX_DATA) {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' => {
                safe.push('\\');
                safe.push(sign);
            }
            // `https://…` would become a link, `1.` and `-` a list, `@` a mention.
            ':' => safe.push_str("&#58;"),
            '@' => safe.push_str("&#64;"),
            '+' | '-' | '=' if safe.is_empty() => {
                safe.push('\\');
                safe.push(sign);
            }
            '.' if safe.ends_with("www") || safe.ends_with("WWW") => safe.push_str("\\."),
            '.' if safe.bytes().all(|byte| byte.is_ascii_digit()) && !safe.is_empty() => safe.push_str("\\."),
            _ if sign.is_control() => safe.push(' '),
            _ => safe.push(sign),
        }
    }
    if count > MAX_DATA {
        safe.push('…');
    }
    safe
}

/// Data as code; the fence is longer than any run of backticks inside.
fn code(text: &str) -> String {
    let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_DATA).collect();
    let longest = flat.split(|sign| sign != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 || flat.is_empty() { " " } else { "" };
    format!("{fence}{pad}{flat}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::{code, data};

    #[test]
    fn data_is_never_markup() {
        for (text, expect) in [
            ("plain words, 3.5 of them", "plain words, 3.5 of them"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert\\(1\\)&lt;/script&gt;"),
            ("a | b\n## c", "a \\| b \\#\\# c"),
            ("![x](http://evil)", "\\!\\[x\\]\\(http&#58;//evil\\)"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("**bold** `code`", "\\*\\*bold\\*\\* \\`code\\`"),
        ] {
            assert_eq!(data(text), expect);
        }
        assert_eq!(data(&"x".repeat(700)).chars().count(), 601);
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
    }
}
