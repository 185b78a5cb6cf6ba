//! What of a source leaves for a language model. Whatever a prompt tells of a source passes here, whichever tool or entry it came from;
//! the built-in reasoning thinks in this process, and nothing leaves.
//!
//! Invariant: below `masked` no value of a row is in what is told, and what is not known to be harmless counts as a value.

mod classes;
mod mask;

use serde_json::{Map, Value};

use super::thought::{KnownLine, PlanBrief, TableLine, TaskBrief, ToolResult};
use crate::domain::egress::Shown;
use crate::domain::{Egress, Layer};
use classes::Class;

/// A column with no more different values than this holds codes.
const FEW: u64 = 20;

/// The mean of fewer different values than this gives them away.
const HIDDEN_IN_A_MEAN: u64 = 5;

/// One call of a model: what it may see, and what it was not shown.
pub struct Gate {
    shown: Shown,
}

/// The column that values are of, as far as it is known.
#[derive(Clone, Copy, Default)]
struct Of {
    personal: bool,
    /// It has few different values, each of them often.
    few: bool,
    /// So many rows were looked at.
    rows: u64,
}

impl Gate {
    pub fn new(level: Egress) -> Self {
        Self { shown: Shown { level, values_masked: 0, fields_left_out: 0 } }
    }

    pub fn shown(&self) -> Shown {
        self.shown
    }

    pub fn plan(&mut self, brief: &PlanBrief) -> PlanBrief {
        let mut told = brief.clone();
        told.tables.iter_mut().for_each(|table| self.table(table));
        told.known.iter_mut().for_each(|line| self.known(line));
        told
    }

    pub fn task(&mut self, brief: &TaskBrief) -> TaskBrief {
        let mut told = brief.clone();
        told.evidence = self.walk("", told.evidence, Of::default()).unwrap_or_default();
        told.known.iter_mut().for_each(|line| self.known(line));
        told
    }

    /// The call is the model's own; what came of it is the source's.
    pub fn result(&mut self, result: &ToolResult) -> ToolResult {
        let mut told = result.clone();
        told.result = match (&result.result, self.shown.level) {
            (_, Egress::Full) => return told,
            (Value::Object(members), _) if result.failed => {
                let of_call = result.call.args.to_string();
                let error = members.get("error").and_then(Value::as_str).unwrap_or_default();
                let mut shown = Map::new();
                shown.insert("error".to_owned(), Value::String(self.error(error, &of_call)));
                Value::Object(shown)
            }
            (value, _) => self.walk("", value.clone(), Of::default()).unwrap_or_default(),
        };
        told
    }

    fn table(&mut self, table: &mut TableLine) {
        if self.shown.level < Egress::Statistics && table.rows.take().is_some() {
            self.shown.fields_left_out += 1;
        }
    }

    /// What is known was written by somebody about the data.
    fn known(&mut self, line: &mut KnownLine) {
        line.snippet = match self.leaf("snippet", "", Value::String(std::mem::take(&mut line.snippet)), Of::default()) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
    }

    /// A value as it may be shown; none where it may not.
    fn walk(&mut self, parent: &str, value: Value, of: Of) -> Option<Value> {
        if self.shown.level == Egress::Full {
            return Some(value);
        }
        match value {
            Value::Object(members) => Some(Value::Object(self.members(parent, members, of))),
            other => self.leaf(parent, "", other, of),
        }
    }

    fn members(&mut self, parent: &str, members: Map<String, Value>, around: Of) -> Map<String, Value> {
        let of = column_of(&members, around);
        let is_harvested = members.get("layer").and_then(Value::as_str) == Some(Layer::Harvest.name());
        let headings: Vec<String> = headings(&members);
        let gives_away = self.shown.level < Egress::Masked
            && members.get("distinct").and_then(Value::as_u64).is_some_and(|distinct| distinct < HIDDEN_IN_A_MEAN);
        let mut told = Map::new();
        for (name, value) in members {
            let shown = match (name.as_str(), value) {
                ("mean" | "standard_deviation", _) if gives_away => {
                    self.shown.fields_left_out += 1;
                    None
                }
                ("rows", Value::Array(rows)) => self.rows(&headings, rows),
                // What the harvest says is the database's own metadata, whoever shows it.
                ("document", document @ Value::Object(_)) if is_harvested => self.walk("", document, of),
                (_, value) => self.leaf(&name, parent, value, of),
            };
            if let Some(shown) = shown {
                told.insert(name, shown);
            }
        }
        told
    }

    /// A member, by its class; objects inside are looked at member by member, unless nothing in them may be shown.
    fn leaf(&mut self, name: &str, parent: &str, value: Value, of: Of) -> Option<Value> {
        let class = classes::of(parent, name);
        if self.shown.level == Egress::Full {
            return Some(value);
        }
        if self.shown.level < class.least() && !value.is_null() {
            let inside = class == Class::Value && matches!(&value, Value::Array(items) if items.iter().any(Value::is_object));
            if !inside {
                self.shown.fields_left_out += 1;
                return None;
            }
        }
        Some(match value {
            value @ (Value::Object(_) | Value::Array(_)) if class == Class::Said => self.said("", value),
            Value::Object(members) => Value::Object(self.members(name, members, of)),
            Value::Array(items) => {
                let of = if class == Class::Value && name == "values" { counted(&items, of) } else { of };
                let shown = items.into_iter().filter_map(|item| match item {
                    Value::Object(mut members) if class == Class::Value || name == "top_values" => {
                        // A value and how often it stands: the column is the one around it.
                        let value = members.remove("value").map(|value| self.leaf("value", name, value, of));
                        let mut shown = self.members(name, members, of);
                        shown.extend(value.flatten().map(|value| ("value".to_owned(), value)));
                        Some(Value::Object(shown))
                    }
                    other => self.leaf(name, parent, other, of),
                });
                Value::Array(shown.collect())
            }
            value => self.scalar(class, name, value, of),
        })
    }

    fn scalar(&mut self, class: Class, name: &str, value: Value, of: Of) -> Value {
        match (class, value) {
            (Class::Value, value) => self.value(value, of),
            (Class::Said | Class::Definition, Value::String(text)) => match mask::in_sentence(&text) {
                Some(masked) => {
                    self.shown.values_masked += 1;
                    Value::String(masked)
                }
                None => Value::String(text),
            },
            (Class::Error, Value::String(text)) => Value::String(self.error(&text, "")),
            (Class::Name, Value::String(text)) if self.shown.level < Egress::Masked && has_constants(name) => {
                Value::String(without_constants(&text))
            }
            (_, value) => value,
        }
    }

    /// What somebody wrote, whatever its shape: sentences, and the values that checks and proofs saw.
    fn said(&mut self, name: &str, value: Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(
                members
                    .into_iter()
                    .map(|(name, member)| {
                        let shown = self.said(&name, member);
                        (name, shown)
                    })
                    .collect(),
            ),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.said(name, item)).collect()),
            value if matches!(name, "rows" | "value" | "values") => self.value(value, Of::default()),
            value => self.scalar(Class::Said, name, value, Of::default()),
        }
    }

    /// A value of a row.
    fn value(&mut self, value: Value, of: Of) -> Value {
        let shown = match &value {
            Value::Null | Value::Bool(_) => true,
            Value::Number(_) => !of.personal,
            Value::String(text) if of.personal || mask::is_personal(text) => false,
            Value::String(text) if mask::is_plain(text) || mask::is_code(text) => true,
            Value::String(text) => of.few && text.chars().count() <= mask::LONG,
            Value::Array(_) | Value::Object(_) => false,
        };
        if shown {
            return value;
        }
        self.shown.values_masked += 1;
        mask::value(&value)
    }

    fn rows(&mut self, headings: &[String], rows: Vec<Value>) -> Option<Value> {
        if self.shown.level < Egress::Masked {
            self.shown.fields_left_out += 1;
            return None;
        }
        let columns: Vec<Of> = headings.iter().enumerate().map(|(at, name)| of_cells(name, at, &rows)).collect();
        let masked = rows.into_iter().map(|row| match row {
            Value::Array(cells) => {
                let cells = cells.into_iter().enumerate();
                Value::Array(cells.map(|(at, cell)| self.value(cell, columns.get(at).copied().unwrap_or_default())).collect())
            }
            other => self.value(other, Of::default()),
        });
        Some(Value::Array(masked.collect()))
    }

    /// A database's words about what it could not do may quote a value: what stands in quotes and is not in the call is not shown.
    fn error(&mut self, text: &str, of_call: &str) -> String {
        let mut told = text.to_owned();
        for quote in ['\'', '"'] {
            let pieces: Vec<&str> = told.split(quote).collect();
            let unknown = (1..pieces.len()).step_by(2).find(|at| !of_call.contains(pieces[*at]));
            if let Some(at) = unknown {
                self.shown.values_masked += 1;
                let (before, after) =
                    (pieces[..at].join(&quote.to_string()), if pieces.len() > at + 1 { *pieces.last().unwrap_or(&"") } else { "" });
                told = format!("{before}{quote}…{quote}{after}");
            }
        }
        mask::in_sentence(&told).unwrap_or(told)
    }
}

/// What a result says of the column that it is about; what it does not say is as around it.
fn column_of(members: &Map<String, Value>, around: Of) -> Of {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let rows = ["rows_seen", "rows"].iter().find_map(|name| members.get(*name)?.as_u64()).unwrap_or(around.rows);
    let Some(name) = text("column").or_else(|| text("name")) else { return Of { rows, ..around } };
    let kinds = members.get("semantic_types").and_then(Value::as_array).into_iter().flatten().filter_map(|kind| kind["type"].as_str());
    let personal = mask::is_personal_name(name) || text("semantic_type").into_iter().chain(kinds).any(mask::is_personal_kind);
    let few = members.get("distinct").and_then(Value::as_u64).is_some_and(|distinct| distinct <= FEW && rows >= 2 * distinct);
    Of { personal, few, rows }
}

/// Values with how often each stands: codes, where few stand often.
fn counted(values: &[Value], of: Of) -> Of {
    let counts: Vec<u64> = values.iter().filter_map(|value| value["count"].as_u64()).collect();
    let few = !counts.is_empty() && counts.len() as u64 <= FEW && counts.iter().sum::<u64>() >= 2 * counts.len() as u64;
    Of { few: of.few || few, ..of }
}

/// A column of rows: codes, where its values stand more than once each.
fn of_cells(name: &str, at: usize, rows: &[Value]) -> Of {
    let texts: Vec<&str> = rows.iter().filter_map(|row| row.get(at)?.as_str()).collect();
    let different: std::collections::BTreeSet<&str> = texts.iter().copied().collect();
    let few = different.len() as u64 <= FEW && texts.len() >= 2 * different.len();
    Of { personal: mask::is_personal_name(name), few, rows: rows.len() as u64 }
}

fn headings(members: &Map<String, Value>) -> Vec<String> {
    let columns = members.get("columns").and_then(Value::as_array).into_iter().flatten();
    columns.map(|column| column["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Types such as `enum('a', 'b')`, and expressions that are indexed.
fn has_constants(name: &str) -> bool {
    matches!(name, "declared" | "declared_type" | "columns" | "indexed" | "unique" | "type")
}

fn without_constants(text: &str) -> String {
    let pieces = text.split('\'').enumerate().map(|(at, piece)| if at % 2 == 0 { piece } else { "…" });
    pieces.collect::<Vec<_>>().join("'")
}

#[cfg(test)]
mod tests;
