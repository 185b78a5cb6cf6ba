//! The expert for questions, by rule: a few questions that every table of its form can answer, kept where their SQL ran.

use serde_json::{Value, json};

use super::results::of_tool;
use super::table::{TableView, thing};
use super::{call, document, insight};
use crate::claims::sql;
use crate::experts::thought::{ProposedWrite, Reflection, ToolCall, ToolResult};
use crate::source::Dialect;

const MOST_ROWS: u32 = 20;

struct Template {
    slug: String,
    question: String,
    sql: String,
    links: Vec<String>,
}

pub fn calls(view: &TableView) -> Vec<ToolCall> {
    templates(view).into_iter().map(|template| call("run_sql_readonly", json!({ "sql": template.sql, "max_rows": MOST_ROWS }))).collect()
}

pub fn reflect(view: &TableView, results: &[ToolResult]) -> Reflection {
    let mut reflection = Reflection::default();
    for template in templates(view) {
        let ran =
            of_tool(results, "run_sql_readonly").find(|result| result.call.args.get("sql").and_then(Value::as_str) == Some(&template.sql));
        let Some(ran) = ran else { continue };
        reflection.insights.push(insight(format!("{} can answer: {}", view.table, template.question), 0.7, vec![ran.step.clone()]));
        let facts = json!({ "question": template.question, "sql": template.sql, "evidence": [ran.step] });
        reflection.catalog_writes.push(ProposedWrite {
            kind: "question_template".to_owned(),
            key: format!("question_template/{}.{}", view.table, template.slug),
            document: document(facts, 0.7),
            tags: Vec::new(),
            links: template.links,
        });
    }
    reflection
}

fn templates(view: &TableView) -> Vec<Template> {
    let dialect = view.dialect();
    let quoted = |name: &str| sql::name(dialect, name);
    let table = sql::table(dialect, &view.schema, &view.name);
    let things = view.things();
    let own = format!("table/{}", view.table);
    let mut templates = Vec::new();
    if let Some(code) = view.codes().next() {
        let column = quoted(&code.name);
        templates.push(Template {
            slug: format!("count_by_{}", code.name),
            question: format!("How many {things} are there by {}?", code.in_words()),
            sql: format!("select {column}, count(*) as rows_counted from {table} group by {column} order by rows_counted desc, {column} limit {MOST_ROWS}"),
            links: vec![own.clone(), format!("col/{}.{}", view.table, code.name)],
        });
    }
    if let Some(time) = view.times().next() {
        let month = month_of(dialect, &quoted(&time.name), &time.r#type);
        let filled = quoted(&time.name);
        templates.push(Template {
            slug: format!("count_by_month_of_{}", time.name),
            question: format!("How many {things} are there in each month, by {}?", time.in_words()),
            sql: format!(
                "select {month} as month, count(*) as rows_counted from {table} where {filled} is not null group by {month} order by month desc limit {MOST_ROWS}"
            ),
            links: vec![own.clone(), format!("col/{}.{}", view.table, time.name)],
        });
    }
    if let Some(reference) = view.references.first() {
        let columns: Vec<String> = reference.columns.iter().map(|name| format!("c.{}", quoted(name))).collect();
        let columns = columns.join(", ");
        let parent = thing(&reference.table);
        let links = vec![own.clone(), format!("table/{}", reference.table), reference.key.clone()];
        templates.push(Template {
            slug: format!("most_by_{}", reference.columns.join("_")),
            question: format!("Which {parent} has the most {things}?"),
            sql: format!("select {columns}, count(*) as rows_counted from {table} as c group by {columns} order by rows_counted desc, {columns} limit 10"),
            links: links.clone(),
        });
        if let Some(measure) = view.measures().find(|measure| !measure.is_rate()) {
            let sum = format!("sum(c.{})", quoted(&measure.name));
            templates.push(Template {
                slug: format!("largest_{}_by_{}", measure.name, reference.columns.join("_")),
                question: format!("Which {parent} has the largest total {} over its {things}?", measure.in_words()),
                sql: format!(
                    "select {columns}, {sum} as total from {table} as c group by {columns} order by total desc, {columns} limit 10"
                ),
                links,
            });
        }
    }
    if templates.is_empty() {
        templates.push(Template {
            slug: "count".to_owned(),
            question: format!("How many {things} are there?"),
            sql: format!("select count(*) as rows_counted from {table}"),
            links: vec![own],
        });
    }
    templates
}

/// The month as `2026-01`, in the words of the engine.
fn month_of(dialect: Dialect, column: &str, r#type: &str) -> String {
    match dialect {
        _ if r#type == "text" => format!("substr({column}, 1, 7)"),
        Dialect::Sqlite => format!("substr({column}, 1, 7)"),
        Dialect::Postgresql => format!("to_char({column}, 'YYYY-MM')"),
        Dialect::Mysql => format!("date_format({column}, '%Y-%m')"),
    }
}
