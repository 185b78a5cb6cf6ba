//! Profiles as results: a line a column in a table's, everything in a column's.

use serde_json::{Map, Value, json};

use super::{Profile, ProfiledColumn};
use crate::tools::bounds;

/// Room for what a result has beside its columns.
const BESIDE: usize = 4 * 1024;

/// Texts of a line are cut to so many characters.
const LONG: usize = 60;

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
