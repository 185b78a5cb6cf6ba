//! Profiles as results: a line a column in a table's, everything in a column's.

use serde_json::{Map, Value, json};

use super::{Profile, ProfiledColumn};
use crate::tools::{bounds, schema};

/// Room for what a result has beside its columns.
const BESIDE: usize = 4 * 1024;

/// Texts of a line are cut to so many characters.
const LONG: usize = 60;

/// What results of both tools have in common.
fn seen_schema() -> Map<String, Value> {
    let members = json!({
        "table": {"type": "string"},
        "method": {"type": "string", "description": "Which rows were read: all, or which sample."},
        "how": {"type": "string", "description": "The same in words."},
        "rows_seen": {"type": "integer"},
        "rows_estimated": {"type": ["integer", "null"], "description": "In the whole table."},
        "rate": {"type": ["number", "null"], "description": "The share of all rows that was seen."},
        "complete": {"type": "boolean", "description": "Whether all rows were seen."},
        "elapsed_ms": {"type": "integer"}
    });
    members.as_object().cloned().unwrap_or_default()
}

fn coverage_schema() -> Value {
    schema::result(json!({
        "first": {"type": "string"}, "last": {"type": "string"}, "grain": {"type": "string"}, "filled": {"type": "integer"},
        "missing": {"type": "integer"}, "longest_gap": schema::names()
    }))
}

/// What [`table`] answers.
pub fn table_schema() -> Value {
    let mut members = seen_schema();
    members.insert("columns_left_out".to_owned(), json!({"type": "integer", "description": "For want of room."}));
    let line = json!({
        "name": {"type": "string"}, "type": {"type": "string"}, "masked": {"type": "boolean"}, "nulls": {"type": "integer"}, "null_share": {"type": "number"},
        "distinct": {"type": "integer"}, "distinct_exact": {"type": "boolean"}, "unique": {"type": "boolean"}, "min": {}, "max": {},
        "mean": {"type": "number"}, "true_share": {"type": "number"}, "max_length": {"type": "integer"}, "empty": {"type": "integer"},
        "semantic_type": {"type": "string"}, "semantic_share": {"type": "number"}, "pattern": {}, "coverage": coverage_schema(),
        "quality": schema::names()
    });
    members.insert("columns".to_owned(), schema::list(schema::result(line)));
    let key = json!({"columns": schema::names(), "score": {"type": "number"}, "basis": {"type": "string"}, "why": schema::names()});
    members.insert("key_candidates".to_owned(), schema::list(schema::result(key)));
    schema::result(Value::Object(members))
}

/// What [`column`] answers.
pub fn column_schema() -> Value {
    let mut members = seen_schema();
    let counted = || schema::list(schema::result(json!({"value": {}, "count": {"type": "integer"}})));
    let shares =
        || schema::list(schema::result(json!({"type": {"type": "string"}, "share": {"type": "number"}, "of": {"type": "integer"}})));
    let number = || json!({"type": "number"});
    let more = json!({
        "column": {"type": "string"}, "type": {"type": "string"}, "declared_type": {"type": "string"},
        "masked": {"type": "boolean", "description": "Its values are hidden here, and so are their figures."},
        "rows": {"type": "integer"}, "nulls": {"type": "integer"}, "null_share": number(), "empty": {"type": "integer"},
        "distinct": {"type": "integer"}, "distinct_exact": {"type": "boolean"},
        "distinct_error": {"type": "number", "description": "Of an estimate, relative: one standard deviation."},
        "all_different": {"type": "boolean"}, "min": {}, "max": {}, "mean": number(), "standard_deviation": number(),
        "quantiles": schema::result(json!({
            "p05": number(), "p25": number(), "p50": number(), "p75": number(), "p95": number(), "of": {"type": "integer"},
            "exact": {"type": "boolean"}
        })),
        "true_share": number(), "min_length": {"type": "integer"}, "max_length": {"type": "integer"}, "mean_length": number(),
        "semantic_types": shares(), "date_formats": shares(), "patterns": counted(), "coverage": coverage_schema(),
        "histogram": schema::list(schema::result(json!({"from": {}, "to": {}, "share": number()}))),
        "top_values": counted(),
        "top_values_missed": {"type": "integer", "description": "How many a count in `top_values` may be too low by."},
        "samples": schema::list(json!({})), "quality": schema::names()
    });
    members.extend(more.as_object().cloned().unwrap_or_default());
    schema::result(Value::Object(members))
}

/// How much a line tells of a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Detail {
    Names,
    Figures,
    Everything,
}

/// With as much of each column as fits into the size; columns that do not fit at all are left out, and said to be.
pub fn table(profile: &Profile, max_bytes: usize) -> Value {
    let room = max_bytes.saturating_sub(BESIDE).max(max_bytes / 2);
    let lines =
        |detail: Detail| -> Vec<Value> { profile.columns.iter().map(|column| line(column, profile.seen.complete, detail)).collect() };
    let size = |lines: &[Value]| lines.iter().map(|line| bounds::size(line) + 1).sum::<usize>();
    let details = [Detail::Everything, Detail::Figures, Detail::Names];
    let mut columns = details.into_iter().map(lines).find(|lines| size(lines) <= room).unwrap_or_else(|| lines(Detail::Names));
    let all = columns.len();
    while size(&columns) > room && columns.len() > 1 {
        // In proportion, and at least one.
        let fitting = columns.len() * room / size(&columns);
        columns.truncate(fitting.clamp(1, columns.len() - 1));
    }
    let mut answer = profile.seen.members();
    if columns.len() < all {
        answer["columns_left_out"] = json!(all - columns.len());
    }
    answer["columns"] = Value::Array(columns);
    answer["key_candidates"] = json!(profile.keys);
    answer
}

pub fn column(profile: &Profile, name: &str, max_top_values: usize) -> Option<Value> {
    let column = profile.columns.iter().find(|column| column.name == name)?;
    let mut answer = profile.seen.members();
    let members = answer.as_object_mut()?;
    members.insert("column".to_owned(), json!(column.name));
    members.insert("type".to_owned(), json!(column.r#type));
    members.insert("declared_type".to_owned(), json!(column.declared_type));
    if column.masked {
        members.insert("masked".to_owned(), json!(true));
        return Some(answer);
    }
    let mut figures = column.figures.clone();
    figures.top_values.truncate(max_top_values);
    if let Ok(Value::Object(figures)) = serde_json::to_value(figures) {
        members.extend(figures);
    }
    if max_top_values == 0 {
        members.remove("top_values_missed");
    }
    Some(answer)
}

fn line(column: &ProfiledColumn, complete: bool, detail: Detail) -> Value {
    let figures = &column.figures;
    let mut line = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            line.insert(name.to_owned(), value);
        }
    };
    put("name", json!(column.name));
    put("type", json!(column.r#type));
    if column.masked {
        put("masked", json!(true));
        return Value::Object(line);
    }
    put("nulls", json!(figures.nulls));
    put("distinct", json!(figures.distinct));
    if detail == Detail::Names {
        return Value::Object(line);
    }
    put("distinct_exact", json!(figures.distinct_exact));
    put("null_share", json!(figures.null_share));
    if complete && figures.rows > 0 && figures.nulls == 0 && figures.all_different == Some(true) {
        put("unique", json!(true));
    }
    put("min", cut(figures.min.as_ref()));
    put("max", cut(figures.max.as_ref()));
    put("mean", json!(figures.mean));
    put("true_share", json!(figures.true_share));
    put("max_length", json!(figures.max_length));
    if figures.empty > 0 {
        put("empty", json!(figures.empty));
    }
    if let Some(found) = figures.semantic_types.first() {
        put("semantic_type", json!(found.r#type));
        put("semantic_share", json!(found.share));
    }
    if detail == Detail::Everything {
        if let Some(pattern) = figures.patterns.first() {
            put("pattern", pattern.value.clone());
        }
        put("coverage", json!(figures.coverage));
        if !figures.quality.is_empty() {
            put("quality", json!(figures.quality));
        }
    }
    Value::Object(line)
}

fn cut(value: Option<&Value>) -> Value {
    match value {
        Some(Value::String(text)) if text.chars().count() > LONG => Value::from(text.chars().take(LONG).chain(['…']).collect::<String>()),
        Some(value) => value.clone(),
        None => Value::Null,
    }
}
