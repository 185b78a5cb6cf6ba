//! Reading what tools returned. Forms that are not understood are skipped, never guessed.

use serde_json::Value;

use super::table::TableView;
use crate::evidence::natures::{self, has_word};
use crate::evidence::oddities::Profiled;
use crate::experts::thought::ToolResult;

/// What the profile of a table says of one column.
pub struct ColumnLine<'a> {
    pub name: &'a str,
    pub line: &'a Value,
}

impl<'a> ColumnLine<'a> {
    /// What the values are, and the share of them that is so.
    fn semantic(&self) -> Option<(&'a str, f64)> {
        Some((self.line["semantic_type"].as_str()?, self.line["semantic_share"].as_f64().unwrap_or(1.0)))
    }

    pub fn profiled(&self, view: &TableView) -> Profiled {
        let column = view.columns.iter().find(|column| column.name == self.name);
        let r#type = column.map(|column| column.r#type.clone()).unwrap_or_default();
        Profiled {
            name: self.name.to_owned(),
            is_key: view.key().iter().any(|key| key == self.name) || view.is_reference(self.name),
            is_measure: natures::measure(self.name, &r#type).is_some() && !has_word(self.name, &["change", "delta", "difference"]),
            least: self.line["min"].as_f64(),
            semantic_type: self.semantic().map(|(kind, _)| kind.to_owned()),
            semantic_share: self.semantic().map_or(1.0, |(_, share)| share),
            pattern: self.line["pattern"].as_str().map(str::to_owned),
            quality: list(self.line, &["quality"]).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            r#type,
        }
    }
}

/// The columns of the table's profile, where it was read.
pub fn column_lines(results: &[ToolResult]) -> Vec<ColumnLine<'_>> {
    let profile = of_tool(results, "table_profile").next();
    let lines = profile.and_then(|profile| profile.result.get("columns")).and_then(Value::as_array);
    lines.into_iter().flatten().filter_map(|line| Some(ColumnLine { name: line["name"].as_str()?, line })).collect()
}

/// A row as what it says by column.
pub type Row<'a> = Vec<(&'a str, &'a Value)>;

/// Rows of a query that was run, with the step that ran it.
pub fn rows_of<'a>(results: &'a [ToolResult], sql: &str) -> Option<(&'a str, Vec<Row<'a>>)> {
    let ran = of_tool(results, "run_sql_readonly").find(|result| arg(result, "sql") == Some(sql))?;
    let names: Vec<&str> = list(&ran.result, &["columns"]).iter().filter_map(|column| column["name"].as_str()).collect();
    let rows = list(&ran.result, &["rows"]).iter().filter_map(Value::as_array);
    Some((&ran.step, rows.map(|row| names.iter().copied().zip(row).collect()).collect()))
}

/// A number of a row, also where the engine writes it as text.
pub fn cell(row: &[(&str, &Value)], name: &str) -> Option<f64> {
    let (_, value) = row.iter().find(|(column, _)| column.eq_ignore_ascii_case(name))?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// Successful results of one tool.
pub fn of_tool<'a>(results: &'a [ToolResult], tool: &'a str) -> impl Iterator<Item = &'a ToolResult> {
    results.iter().filter(move |result| !result.failed && result.call.name == tool)
}

pub fn steps(results: &[ToolResult], tools: &[&str]) -> Vec<String> {
    results.iter().filter(|result| !result.failed && tools.contains(&result.call.name.as_str())).map(|result| result.step.clone()).collect()
}

pub fn arg<'a>(result: &'a ToolResult, name: &str) -> Option<&'a str> {
    result.call.args.get(name).and_then(Value::as_str)
}

/// The first of these members that is there, at the top or one object deep.
pub fn member<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let direct = |value: &'a Value| names.iter().find_map(|name| value.get(*name));
    direct(value).or_else(|| value.as_object()?.values().filter(|inner| inner.is_object()).find_map(direct))
}

pub fn number(value: &Value, names: &[&str]) -> Option<f64> {
    member(value, names)?.as_f64()
}

/// The list of objects under one of these names, or the value itself where it is one.
pub fn list<'a>(value: &'a Value, names: &[&str]) -> &'a [Value] {
    let found = value.as_array().or_else(|| member(value, names).and_then(Value::as_array));
    found.map_or(&[], Vec::as_slice)
}

/// The share of rows without a value.
pub fn null_share(profile: &Value) -> Option<f64> {
    number(profile, &["null_share", "null_fraction", "null_rate"]).or_else(|| {
        let nulls = number(profile, &["null_count", "nulls"])?;
        let rows = number(profile, &["row_count", "rows", "count"]).filter(|rows| *rows > 0.0)?;
        Some(nulls / rows)
    })
}

pub fn distinct(profile: &Value) -> Option<u64> {
    number(profile, &["distinct_count", "distinct", "distinct_values"]).map(|number| number as u64)
}

/// The values that a column profile lists, with how often each is there.
pub fn counted_values(profile: &Value) -> Vec<(String, u64)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let counted = |item: &Value| Some((text(item.get("value").filter(|value| !value.is_null())?), item.get("count")?.as_u64()?));
    list(profile, &["top_values"]).iter().filter_map(counted).collect()
}

/// The values that a column profile lists, as text.
pub fn top_values(profile: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let value = |item: &Value| match item {
        Value::Object(members) => members.get("value").filter(|value| !value.is_null()).map(text),
        Value::Array(pair) => pair.first().filter(|value| !value.is_null()).map(text),
        Value::Null => None,
        plain => Some(text(plain)),
    };
    list(profile, &["top_values", "most_common", "values"]).iter().filter_map(value).collect()
}

/// Values of each column from sampled rows, which are lists beside their columns, or objects.
pub fn sampled(result: &Value, column: &str) -> Vec<String> {
    let names = list(result, &["columns"]);
    let name = |value: &Value| value.as_str().or_else(|| value.get("name").and_then(Value::as_str)).map(str::to_owned);
    let position = names.iter().position(|value| name(value).as_deref() == Some(column));
    let cell = |row: &Value| match row {
        Value::Array(cells) => cells.get(position?).cloned(),
        Value::Object(cells) => cells.get(column).cloned(),
        _ => None,
    };
    list(result, &["rows"]).iter().filter_map(cell).filter_map(|value| value.as_str().map(str::to_owned)).collect()
}
