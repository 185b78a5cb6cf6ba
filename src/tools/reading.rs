//! What tools share when they look something up or read rows: finding a table by its name, quoting, and failures in words.

use serde_json::Value;

use super::port::Failure;
use super::workspace::Workspace;
use crate::domain::{Column, Rows, Table};
use crate::evidence::names;
use crate::source::guard::{self, Dialect, Fragment};
use crate::source::{self, ReadLimits};
use crate::store;

const NAMES_TOLD: usize = 30;

/// Arguments that passed the schema, as the tool's own type.
pub fn parsed<Args: serde::de::DeserializeOwned>(args: Value) -> Result<Args, Failure> {
    serde_json::from_value(args).map_err(|error| Failure::Mendable(format!("the arguments cannot be read: {error}")))
}

pub fn to_value(value: impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::Broken(format!("the result cannot be written as JSON: {error}")))
}

/// The schema that is meant where none is named.
pub fn schema<'a>(workspace: &'a Workspace, schema: Option<&'a str>) -> Result<&'a str, Failure> {
    let known = &workspace.snapshot.schemas;
    match (schema, known.as_slice()) {
        (Some(name), known) => match known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => Ok(known),
            None => Err(Failure::Mendable(format!("there is no schema `{name}`; there are: {}", told(known.iter().map(String::as_str))))),
        },
        (None, [only]) => Ok(only),
        (None, known) => Err(Failure::Mendable(format!(
            "`schema` is needed, or `schema.table` as the name; there are: {}",
            told(known.iter().map(String::as_str))
        ))),
    }
}

/// The table that is meant; `schema.table` in one is understood too.
pub fn table<'a>(workspace: &'a Workspace, named_schema: Option<&str>, name: &str) -> Result<&'a Table, Failure> {
    let schema = match named_schema {
        Some(named) => self::schema(workspace, Some(named)).map(str::to_owned)?,
        None => match name.split_once('.').filter(|(first, _)| workspace.snapshot.schemas.iter().any(|known| known == first)) {
            Some((first, _)) => first.to_owned(),
            None => match only_of_this_name(workspace, name) {
                Some(table) => return Ok(table),
                None => self::schema(workspace, None)?.to_owned(),
            },
        },
    };
    let snapshot = &workspace.snapshot;
    let bare = name.strip_prefix(schema.as_str()).and_then(|rest| rest.strip_prefix('.'));
    if let Some(table) = snapshot.table(&schema, name).or_else(|| bare.and_then(|bare| snapshot.table(&schema, bare))) {
        return Ok(table);
    }
    let all: Vec<&str> = snapshot.tables_of(&schema).map(|table| table.name.as_str()).collect();
    Err(Failure::Mendable(format!(
        "there is no table `{name}` in schema `{schema}`{}; there are: {}",
        guess(name, &all),
        told(all.into_iter())
    )))
}

/// The table where only one schema has one of this name.
fn only_of_this_name<'a>(workspace: &'a Workspace, name: &str) -> Option<&'a Table> {
    let mut found = workspace.snapshot.tables.iter().filter(|table| table.name == name);
    found.next().filter(|_| found.next().is_none())
}

pub fn column<'a>(table: &'a Table, name: &str) -> Result<&'a Column, Failure> {
    table.column(name).ok_or_else(|| {
        let all: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let guess = guess(name, &all);
        Failure::Mendable(format!("there is no column `{name}` in `{}`{guess}; there are: {}", table.full_name(), told(all.into_iter())))
    })
}

/// Reads with a query that a tool has built; all of it goes through the guard.
pub async fn read(workspace: &Workspace, sql: &str, limits: &ReadLimits) -> Result<Rows, Failure> {
    let query = guard::check(workspace.source.dialect(), sql).map_err(|refusal| Failure::Mendable(refusal.to_string()))?;
    workspace.source.read(&query, limits).await.map_err(source_failure)
}

pub fn source_failure(error: source::Error) -> Failure {
    match error {
        source::Error::TimedOut(_) => Failure::Mendable(format!("{error}; ask for less: a condition, fewer rows, or a smaller table")),
        source::Error::Refused(_) => Failure::Mendable(error.to_string()),
        source::Error::Statement(text) => Failure::Mendable(format!("the database says: {text}")),
        source::Error::CannotOpen { .. } | source::Error::Unavailable(_) => Failure::Broken(error.to_string()),
    }
}

pub fn store_failure(error: store::Error) -> Failure {
    match error {
        store::Error::BadPageToken(_) => Failure::Mendable(format!("{error}; give the `next` of the page before")),
        other => Failure::Broken(other.to_string()),
    }
}

/// A name as the database reads it, whatever is in it.
pub fn quoted(dialect: Dialect, name: &str) -> String {
    dialect.quoted(name)
}

pub fn quoted_table(dialect: Dialect, table: &Table) -> String {
    format!("{}.{}", quoted(dialect, &table.schema), quoted(dialect, &table.name))
}

/// A name in quotes only where it needs them.
pub fn spelt(dialect: Dialect, name: &str) -> String {
    let plain = |sign: char| sign.is_ascii_lowercase() || sign == '_';
    let is_plain = name.starts_with(plain) && name.chars().all(|sign| plain(sign) || sign.is_ascii_digit());
    if is_plain { name.to_owned() } else { quoted(dialect, name) }
}

/// The same of a table, which is given by its full name.
pub fn spelt_table(workspace: &Workspace, full_name: &str) -> String {
    let dialect = workspace.source.dialect();
    let table = workspace.snapshot.tables.iter().find(|table| table.full_name() == full_name);
    table.map_or_else(|| full_name.to_owned(), |table| format!("{}.{}", spelt(dialect, &table.schema), spelt(dialect, &table.name)))
}

/// ` where (…)` around a caller's condition, which must be whole by itself.
pub fn where_clause(dialect: Dialect, condition: Option<&str>) -> Result<String, Failure> {
    let Some(condition) = condition else { return Ok(String::new()) };
    guard::check_fragment(dialect, Fragment::Condition, condition).map_err(|refusal| Failure::Mendable(format!("`where`: {refusal}")))?;
    // On a line of its own, so that a comment at its end takes nothing else with it.
    Ok(format!(" where (\n{condition}\n)"))
}

pub fn order_clause(dialect: Dialect, ordering: Option<&str>) -> Result<String, Failure> {
    let Some(ordering) = ordering else { return Ok(String::new()) };
    guard::check_fragment(dialect, Fragment::Ordering, ordering).map_err(|refusal| Failure::Mendable(format!("`order_by`: {refusal}")))?;
    Ok(format!(" order by\n{ordering}\n"))
}

fn guess(name: &str, all: &[&str]) -> String {
    let wanted = names::words(name);
    let best =
        all.iter().map(|known| (names::similarity(&wanted, &names::words(known)), *known)).max_by(|left, right| left.0.total_cmp(&right.0));
    match best {
        Some((likeness, known)) if likeness > 0.5 => format!(" (did you mean `{known}`?)"),
        _ => String::new(),
    }
}

fn told<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = names.len();
    let mut text = names.take(NAMES_TOLD).collect::<Vec<_>>().join(", ");
    if count > NAMES_TOLD {
        text.push_str(&format!(" and {} more", count - NAMES_TOLD));
    }
    if count == 0 {
        text.push_str("none");
    }
    text
}
