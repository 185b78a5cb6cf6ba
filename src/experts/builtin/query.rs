//! The expert for questions, by rule: a few questions that every table of its form can answer, kept where their SQL ran; and what is counted
//! beside them.

use serde_json::json;

use super::counting;
use super::probes::{self, Probe, month_of};
use super::results::rows_of;
use super::table::{ColumnView, TableView};
use super::{call, document, insight};
use crate::claims::sql;
use crate::evidence::natures::Measure;
use crate::evidence::ways::Way;
use crate::evidence::wording::{thing, things};
use crate::experts::thought::{ProposedWrite, Reflection, TaskBrief, ToolCall, ToolResult};

const MOST_ROWS: u32 = 20;
/// Templates of one table, and ways to what its rows belong to.
const MOST: usize = 6;
const MOST_WAYS: usize = 2;

struct Template {
    slug: String,
    question: String,
    sql: String,
    links: Vec<String>,
    weight: f64,
}

/// A table that answers no question is counted at once.
pub fn calls(view: &TableView) -> Vec<ToolCall> {
    let templates = templates(view);
    if templates.is_empty() {
        return further(view);
    }
    templates.into_iter().map(|template| call("run_sql_readonly", json!({ "sql": template.sql, "max_rows": MOST_ROWS }))).collect()
}

/// What is counted beside, once the questions were asked.
pub fn further(view: &TableView) -> Vec<ToolCall> {
    probes::of(view).iter().map(Probe::call).collect()
}

pub fn reflect(brief: &TaskBrief, view: &TableView, results: &[ToolResult]) -> Reflection {
    let mut reflection = Reflection::default();
    for template in templates(view) {
        let Some((step, _)) = rows_of(results, &template.sql) else { continue };
        reflection.insights.push(insight(format!("{} can answer: {}", view.table, template.question), 0.7, vec![step.to_owned()]));
        let weight = view.weight(template.weight);
        let facts = json!({ "question": template.question, "sql": template.sql, "weight": weight, "evidence": [step] });
        reflection.catalog_writes.push(ProposedWrite {
            kind: "question_template".to_owned(),
            key: format!("question_template/{}.{}", view.table, template.slug),
            document: document(facts, 0.7),
            tags: Vec::new(),
            links: template.links,
        });
    }
    counting::tell(brief, view, results, &mut reflection);
    reflection
}

/// Copies answer what their originals answer, and what is empty answers nothing.
fn templates(view: &TableView) -> Vec<Template> {
    if view.is_empty() || view.copy_of().is_some() {
        return Vec::new();
    }
    let writing = Writing { view, table: sql::table(view.dialect(), &view.schema, &view.name) };
    let summed = view.main_sum();
    let averaged = view.measures().find(|(_, measure)| *measure == Measure::Averages).map(|(column, _)| column);
    let mut templates = Vec::new();
    for way in view.ways.iter().take(MOST_WAYS) {
        templates.push(writing.most(way));
        templates.extend(summed.map(|column| writing.largest(way, column)));
    }
    let time = view.happened().next();
    let month = time.and_then(|time| Some((time, month_of(view.dialect(), &writing.name(&time.name), time)?)));
    if let Some((time, month)) = &month {
        templates.push(writing.each_month(time, month, summed));
    }
    if let Some(code) = view.codes().next() {
        templates.push(writing.shares(code));
        templates.extend(averaged.filter(|_| summed.is_none()).map(|column| writing.average_by(code, column)));
    }
    templates.truncate(MOST);
    if templates.is_empty() {
        templates.push(writing.count());
    }
    templates
}

struct Writing<'a> {
    view: &'a TableView,
    table: String,
}

impl Writing<'_> {
    fn name(&self, name: &str) -> String {
        sql::name(self.view.dialect(), name)
    }

    fn own(&self, column: Option<&ColumnView>) -> Vec<String> {
        let column = column.map(|column| format!("col/{}.{}", self.view.table, column.name));
        std::iter::once(format!("table/{}", self.view.table)).chain(column).collect()
    }

    fn count(&self) -> Template {
        Template {
            slug: "count".to_owned(),
            weight: 0.1,
            question: self.how_many("are there", ""),
            sql: format!("select count(*) as rows_counted from {}", self.table),
            links: self.own(None),
        }
    }

    /// Where a name says nothing, rows are counted, not things.
    fn how_many(&self, are: &str, by: &str) -> String {
        let things = self.view.things();
        if things.starts_with('`') { format!("How many rows {are} in {things}{by}?") } else { format!("How many {things} {are}{by}?") }
    }

    fn shares(&self, code: &ColumnView) -> Template {
        let (column, table) = (self.name(&code.name), &self.table);
        Template {
            slug: format!("count_by_{}", code.name),
            weight: 0.5,
            question: self.how_many("are there", &format!(" by {}, and what share is that", code.in_words())),
            sql: format!(
                "select {column}, count(*) as rows_counted, round(100.0 * count(*) / (select count(*) from {table}), 1) as percent \
                 from {table} group by {column} order by rows_counted desc, {column} limit {MOST_ROWS}"
            ),
            links: self.own(Some(code)),
        }
    }

    fn average_by(&self, code: &ColumnView, measure: &ColumnView) -> Template {
        let (column, table, mean) = (self.name(&code.name), &self.table, self.name(&measure.name));
        Template {
            slug: format!("average_{}_by_{}", measure.name, code.name),
            weight: 0.4,
            question: format!("What is the average {} of {} by {}?", measure.in_words(), self.view.things(), code.in_words()),
            sql: format!(
                "select {column}, avg({mean}) as average from {table} group by {column} order by average desc, {column} limit {MOST_ROWS}"
            ),
            links: self.own(Some(code)),
        }
    }

    fn each_month(&self, time: &ColumnView, month: &str, summed: Option<&ColumnView>) -> Template {
        let (filled, table) = (self.name(&time.name), &self.table);
        let sum = summed.map_or_else(String::new, |column| format!(", sum({}) as total", self.name(&column.name)));
        let and = summed.map_or_else(String::new, |column| format!(", and what do they come to in {}", column.in_words()));
        Template {
            slug: format!("count_by_month_of_{}", time.name),
            weight: 0.7,
            question: self.how_many("are there in each month", &format!(" of `{}`{and}", time.name)),
            sql: format!(
                "select {month} as month, count(*) as rows_counted{sum} from {table} where {filled} is not null group by {month} order by month desc limit {MOST_ROWS}"
            ),
            links: self.own(Some(time)),
        }
    }

    fn most(&self, way: &Way) -> Template {
        let (_, end) = self.joined(way);
        Template {
            slug: format!("most_by_{}", slug(way)),
            weight: 0.6,
            question: format!("Which {} have the most {}?", things(&way.table), self.counted()),
            sql: self.top(way, "count(*)", "rows_counted"),
            links: self.over(way, end),
        }
    }

    fn largest(&self, way: &Way, measure: &ColumnView) -> Template {
        let (_, end) = self.joined(way);
        Template {
            slug: format!("largest_{}_by_{}", measure.name, slug(way)),
            weight: 0.8,
            question: format!("Which {} come to the largest {}, over all their {}?", things(&way.table), total_of(measure), self.counted()),
            sql: self.top(way, &format!("sum(c.{})", self.name(&measure.name)), "total"),
            links: self.over(way, end),
        }
    }

    fn counted(&self) -> String {
        let things = self.view.things();
        if things.starts_with('`') { format!("rows of {things}") } else { things }
    }

    fn over(&self, way: &Way, mut links: Vec<String>) -> Vec<String> {
        links.extend(self.own(None));
        links.extend(way.joins.iter().map(|join| join.key.clone()));
        links
    }

    /// Grouped by the key at the end of the way, since two may have one name.
    fn top(&self, way: &Way, what: &str, called: &str) -> String {
        let (joins, _) = self.joined(way);
        let at = way.joins.len();
        let end = |name: &String| format!("p{at}.{}", self.name(name));
        let key: Vec<String> = way.joins[at - 1].to_columns.iter().map(end).collect();
        let label: Vec<String> = way.label.iter().map(end).collect();
        let mut listed = key.clone();
        listed.extend(label.iter().filter(|column| !key.contains(column)).cloned());
        let listed = listed.join(", ");
        // A sum that is unknown comes first with some engines.
        format!(
            "select {listed}, {what} as {called} from {table} as c {joins} group by {listed} having {what} is not null order by {called} desc, {listed} limit 10",
            table = self.table
        )
    }

    /// The joins as SQL, and the tables on the way.
    fn joined(&self, way: &Way) -> (String, Vec<String>) {
        let (mut joins, mut tables, mut before) = (Vec::new(), Vec::new(), "c".to_owned());
        for (at, join) in (1..).zip(&way.joins) {
            let here = format!("p{at}");
            let (schema, table) = join.table.split_once('.').unwrap_or((&self.view.schema, &join.table));
            let on: Vec<String> = join
                .columns
                .iter()
                .zip(&join.to_columns)
                .map(|(own, to)| format!("{before}.{} = {here}.{}", self.name(own), self.name(to)))
                .collect();
            joins.push(format!("join {} as {here} on {}", sql::table(self.view.dialect(), schema, table), on.join(" and ")));
            tables.push(format!("table/{}", join.table));
            before = here;
        }
        (joins.join(" "), tables)
    }
}

/// Two references to one table are two questions.
fn slug(way: &Way) -> String {
    let by = way.joins.iter().map(|join| join.columns.join("_")).collect::<Vec<_>>().join("_");
    if way.joins.len() == 1 { by } else { format!("{by}_{}", thing(&way.table).replace([' ', '`'], "_")) }
}

/// A `total` is no total of totals.
pub fn total_of(measure: &ColumnView) -> String {
    let words = measure.in_words();
    if words.split(' ').any(|word| word == "total" || word == "sum") { words } else { format!("total {words}") }
}
