//! Queries that hold what may be odd about a table against its rows: second entries, copies, placeholders, and what a join multiplies.

use serde_json::json;

use super::call;
use super::results::{cell, rows_of};
use super::table::{ColumnView, ReferenceView, TableView, short};
use crate::claims::sql;
use crate::evidence::natures;
use crate::experts::thought::{ToolCall, ToolResult};
use crate::source::Dialect;

/// Queries of one task.
const MOST: usize = 8;
/// Ways to tell that two rows are one person, and joins that are looked at for what they multiply.
const MOST_TWICE: usize = 3;
const MOST_JOINS: usize = 2;
const MOST_PLACEHOLDERS: usize = 2;
const MOST_SUMS: usize = 3;
/// Rows of fewer columns are compared as a whole.
const MOST_COLUMNS: usize = 40;
/// What stands for a missing text.
const MISSING: &str = "('', '-', '--', '?', 'n/a', 'na', 'none', 'null', 'unknown', '0', '1900-01-01', '1970-01-01')";

#[derive(Clone, Debug)]
pub struct Probe {
    pub sql: String,
    pub about: About,
}

#[derive(Clone, Debug)]
pub enum About {
    /// Rows that say the same of a person.
    Twice {
        columns: Vec<String>,
    },
    /// How much of a copy is in what it was made from.
    Copied {
        of: String,
    },
    /// Rows that are alike in every column.
    SameRows,
    Placeholder {
        column: String,
        day: String,
    },
    /// What sums come to over a join that meets a row several times.
    FanOut {
        join: String,
        with: String,
        sums: Vec<String>,
    },
}

/// What rows of a group have in common.
pub struct Twice {
    pub groups: u64,
    pub entries: u64,
    /// Keys of two rows that are the same.
    pub example: Option<(String, String)>,
}

impl Probe {
    pub fn call(&self) -> ToolCall {
        call("run_sql_readonly", json!({ "sql": self.sql, "max_rows": 5 }))
    }
}

pub fn of(view: &TableView) -> Vec<Probe> {
    if view.is_view() || view.is_empty() {
        return Vec::new();
    }
    let mut probes: Vec<Probe> = copied(view).into_iter().collect();
    if view.copy_of().is_none() {
        probes.extend(twice(view));
        probes.extend(same_rows(view));
        probes.extend(placeholders(view));
        probes.extend(fan_outs(view));
    }
    probes.truncate(MOST);
    probes
}

pub fn read_twice(results: &[ToolResult], probe: &Probe) -> Option<(String, Twice)> {
    let (step, rows) = rows_of(results, &probe.sql)?;
    let row = rows.first()?;
    let text = |name: &str| {
        let (_, value) = row.iter().find(|(column, _)| *column == name)?;
        (!value.is_null()).then(|| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let (groups, entries) = (cell(row, "found")? as u64, cell(row, "entries")? as u64);
    Some((step.to_owned(), Twice { groups, entries, example: text("first_key").zip(text("last_key")) }))
}

/// Rows beyond the first of each group, which count the same once more.
pub fn surplus_sql(view: &TableView, columns: &[String]) -> String {
    format!("select coalesce(sum(n - 1), 0) from ({}) as g", groups_sql(view, columns))
}

fn table(view: &TableView) -> String {
    sql::table(view.dialect(), &view.schema, &view.name)
}

fn column(view: &TableView, name: &str) -> String {
    sql::name(view.dialect(), name)
}

/// People by their mail address, their account, and their name with something else.
fn twice(view: &TableView) -> Vec<Probe> {
    if !natures::are_people(&view.name) {
        return Vec::new();
    }
    let is_text = |name: &str| view.columns.iter().any(|column| column.name == name && matches!(column.r#type.as_str(), "text" | "other"));
    let personal: Vec<(&str, &str)> = view.personal().map(|(column, what)| (column.name.as_str(), what)).collect();
    let of = |wanted: &str| personal.iter().filter(|(_, what)| *what == wanted).map(|(name, _)| *name).collect::<Vec<_>>();
    let is_key = |name: &str| view.is_alone_unique(name);
    // What many share tells nobody apart.
    let is_telling = |name: &&str| {
        let seen = view.columns.iter().find(|column| column.name == *name).and_then(|column| column.distinct);
        let (rows, distinct) = (view.rows.unwrap_or(0) as f64, seen.map_or(f64::MAX, |distinct| distinct as f64));
        distinct * 2.0 >= rows
    };
    let singly = ["bank account", "e-mail address", "official number"].into_iter().flat_map(of);
    let mut chosen: Vec<Vec<String>> =
        singly.filter(|name| is_text(name) && !is_key(name)).filter(is_telling).map(|name| vec![name.to_owned()]).collect();
    let names: Vec<String> = of("name").into_iter().filter(|name| is_text(name)).take(2).map(str::to_owned).collect();
    let second = ["date of birth", "address", "telephone number"].into_iter().flat_map(of).find(|name| is_text(name));
    if let Some(second) = second.filter(|_| !names.is_empty()) {
        chosen.push(names.into_iter().chain([second.to_owned()]).collect());
    }
    chosen.truncate(MOST_TWICE);
    let key = Some(view.key()).filter(|key| key.len() == 1).map(|key| column(view, &key[0]));
    let probe = |columns: Vec<String>| {
        let keys = key.as_ref().map_or(String::new(), |_| "first_key, last_key, ".to_owned());
        let order = key.as_ref().map_or("n desc", |_| "n desc, first_key");
        let sql = format!(
            "select {keys}n, count(*) over () as found, sum(n) over () as entries from ({}) as g order by {order} limit 1",
            groups_sql(view, &columns)
        );
        Probe { sql, about: About::Twice { columns } }
    };
    chosen.into_iter().map(probe).collect()
}

fn groups_sql(view: &TableView, columns: &[String]) -> String {
    let alike: Vec<String> = columns.iter().map(|name| format!("lower(trim({}))", column(view, name))).collect();
    let set: Vec<String> = alike.iter().map(|value| format!("{value} not in {MISSING}")).collect();
    let keys = match view.key() {
        [key] => format!("min({key}) as first_key, max({key}) as last_key, ", key = column(view, key)),
        _ => String::new(),
    };
    format!("select {keys}count(*) as n from {} where {} group by {} having count(*) > 1", table(view), set.join(" and "), alike.join(", "))
}

fn copied(view: &TableView) -> Option<Probe> {
    let of = view.copy_of()?;
    let key = view.key().first().filter(|_| view.key().len() == 1).cloned().or_else(|| {
        let mut ids = view.columns.iter().filter(|column| natures::has_word(&column.name, &["id", "key", "no", "nr"]));
        ids.next().map(|column| column.name.clone())
    })?;
    let key = column(view, &key);
    let (schema, name) = of.split_once('.')?;
    let original = sql::table(view.dialect(), schema, name);
    let sql = format!(
        "select count(*) as entries, (select count(*) from {copy} as c where c.{key} in (select o.{key} from {original} as o where o.{key} is not null)) as in_both from {copy}",
        copy = table(view),
    );
    Some(Probe { sql, about: About::Copied { of: of.to_owned() } })
}

fn same_rows(view: &TableView) -> Option<Probe> {
    let can_be_grouped = view
        .columns
        .iter()
        .all(|column| ["integer", "decimal", "float", "text", "date", "timestamp", "boolean"].contains(&column.r#type.as_str()));
    if !view.key().is_empty() || !can_be_grouped || view.columns.len() > MOST_COLUMNS {
        return None;
    }
    let columns = view.columns.iter().map(|one| column(view, &one.name)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select count(*) as found, coalesce(sum(n), 0) as entries from (select count(*) as n from {} group by {columns} having count(*) > 1) as g",
        table(view)
    );
    Some(Probe { sql, about: About::SameRows })
}

fn placeholders(view: &TableView) -> Vec<Probe> {
    let probe = |one: &ColumnView| {
        let day = one.placeholder.clone()?;
        let name = column(view, &one.name);
        let is_it = if one.r#type == "text" { format!("{name} like '{day}%'") } else { format!("{name} = '{day}'") };
        let sql = format!("select count(*) as entries from {} where {is_it}", table(view));
        Some(Probe { sql, about: About::Placeholder { column: one.name.clone(), day } })
    };
    view.columns.iter().filter_map(probe).take(MOST_PLACEHOLDERS).collect()
}

/// Joins to what refers here; the surest first.
fn fan_outs(view: &TableView) -> Vec<Probe> {
    let sums: Vec<String> = view
        .measures()
        .filter(|(column, measure)| view.adds_up(column, *measure))
        .map(|(column, _)| column.name.clone())
        .take(MOST_SUMS)
        .collect();
    if sums.is_empty() {
        return Vec::new();
    }
    let mut joined: Vec<&ReferenceView> =
        view.referenced_by.iter().filter(|reference| reference.table != view.table && reference.to_columns.len() == 1).collect();
    joined.sort_by(|one, other| other.confidence.total_cmp(&one.confidence).then_with(|| one.key.cmp(&other.key)));
    joined.into_iter().take(MOST_JOINS).filter_map(|reference| fan_out(view, reference, &sums)).collect()
}

fn fan_out(view: &TableView, reference: &ReferenceView, sums: &[String]) -> Option<Probe> {
    let (schema, child) = reference.table.split_once('.')?;
    let name = |name: &str| column(view, name);
    let on: Vec<String> =
        reference.columns.iter().zip(&reference.to_columns).map(|(own, to)| format!("c.{} = p.{}", name(own), name(to))).collect();
    let both: Vec<String> = sums
        .iter()
        .enumerate()
        .map(|(at, sum)| {
            let plain = format!("(select sum({}) from {})", name(sum), table(view));
            format!("sum(p.{}) as joined_{at}, {plain} as plain_{at}", name(sum))
        })
        .collect();
    let sql = format!(
        "select count(*) as joined_rows, count(distinct p.{key}) as met, {both} from {parent} as p join {child} as c on {on}",
        key = name(&reference.to_columns[0]),
        both = both.join(", "),
        parent = table(view),
        child = sql::table(view.dialect(), schema, child),
        on = on.join(" and "),
    );
    Some(Probe { sql, about: About::FanOut { join: reference.key.clone(), with: reference.table.clone(), sums: sums.to_vec() } })
}

/// What a join does to a sum.
pub struct FanOut {
    pub step: String,
    pub join: String,
    pub with: String,
    pub sum: String,
    /// How many rows of the other side a row meets that meets any.
    pub rows: f64,
    pub plain: f64,
    pub joined: f64,
}

impl FanOut {
    pub fn says(&self) -> String {
        let wrong = if self.plain == 0.0 {
            String::new()
        } else {
            format!(", so that the sum comes out {:.2} times as high", self.joined / self.plain)
        };
        format!("joined with `{}` it is met {:.2} times on average{wrong}", short(&self.with), self.rows)
    }
}

/// Of joins over which a row is met more than once.
pub fn read_fan_outs(results: &[ToolResult], probes: &[Probe]) -> Vec<FanOut> {
    let mut found = Vec::new();
    for probe in probes {
        let About::FanOut { join, with, sums } = &probe.about else { continue };
        let Some((step, rows)) = rows_of(results, &probe.sql) else { continue };
        let Some(row) = rows.first() else { continue };
        let (Some(joined_rows), Some(met)) = (cell(row, "joined_rows"), cell(row, "met").filter(|met| *met > 0.0)) else { continue };
        for (at, sum) in sums.iter().enumerate() {
            let (Some(joined), Some(plain)) = (cell(row, &format!("joined_{at}")), cell(row, &format!("plain_{at}"))) else { continue };
            if joined_rows / met > 1.005 {
                let (step, join, with, sum) = (step.to_owned(), join.clone(), with.clone(), sum.clone());
                found.push(FanOut { step, join, with, sum, rows: joined_rows / met, plain, joined });
            }
        }
    }
    found
}

/// The month of a time as `2026-01`, in the words of the engine; none where it cannot be told from how the column is kept.
pub fn month_of(dialect: Dialect, column: &str, time: &ColumnView) -> Option<String> {
    let written = time.written.as_deref();
    match (dialect, time.r#type.as_str()) {
        (Dialect::Sqlite, "integer") if written == Some("seconds") => Some(format!("strftime('%Y-%m', {column}, 'unixepoch')")),
        (Dialect::Postgresql, "integer") if written == Some("seconds") => Some(format!("to_char(to_timestamp({column}), 'YYYY-MM')")),
        (Dialect::Mysql, "integer") if written == Some("seconds") => Some(format!("date_format(from_unixtime({column}), '%Y-%m')")),
        (_, "integer") => None,
        (_, "text") => (written == Some("year_first")).then(|| format!("substr({column}, 1, 7)")),
        (Dialect::Sqlite, _) => (written.is_none() || written == Some("year_first")).then(|| format!("substr({column}, 1, 7)")),
        (Dialect::Postgresql, _) => Some(format!("to_char({column}, 'YYYY-MM')")),
        (Dialect::Mysql, _) => Some(format!("date_format({column}, '%Y-%m')")),
    }
}
