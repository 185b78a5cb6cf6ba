//! What matters of an object, for who has little room: a line a column, a line a relationship, a line a finding.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::relationships::Relationship;
use crate::domain::{Column, Entry, EntryStatus, Table};

/// How much is told.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    Names,
    Summary,
    Full,
}

/// Characters of a finding's words.
const WORDS: usize = 240;
/// Members of a finding's document that say it in words, the first that is there.
const SAID_IN: [&str; 9] = ["text", "body", "summary", "description", "meaning", "question", "statement", "definition", "name"];

pub fn names(table: &Table) -> Value {
    json!({"rows": table.row_count, "columns": table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>()})
}

/// Columns as `name type`, with what is special about them.
pub fn summary(table: &Table) -> Value {
    let mut summary = Map::new();
    summary.insert("rows".to_owned(), json!(table.row_count));
    if let Some(comment) = &table.comment {
        summary.insert("comment".to_owned(), json!(comment));
    }
    summary.insert("primary_key".to_owned(), json!(table.primary_key));
    let columns = table.columns.iter().map(|column| format!("{} {}", column.name, in_words(column)));
    summary.insert("columns".to_owned(), json!(columns.collect::<Vec<_>>()));
    if !table.reads.is_empty() {
        summary.insert("reads".to_owned(), json!(table.reads));
    }
    Value::Object(summary)
}

fn in_words(column: &Column) -> String {
    let mut words = column.r#type.clone();
    if !column.nullable {
        words.push_str(" not null");
    }
    if !column.enum_values.is_empty() {
        words.push_str(&format!(" of {}", column.enum_values.join("|")));
    }
    if column.masked {
        words.push_str(" (masked)");
    }
    if let Some(comment) = &column.comment {
        words.push_str(&format!(": {comment}"));
    }
    words
}

/// What a finding says, in words where its document has some.
pub fn said(entry: &Entry) -> Option<&str> {
    SAID_IN.iter().find_map(|name| entry.claim.document.get(*name)?.as_str())
}

pub fn finding(entry: &Entry) -> Value {
    let claim = &entry.claim;
    let status = if entry.stale.is_some() { EntryStatus::Stale } else { claim.status };
    let mut line = json!({"kind": claim.kind, "key": claim.key, "confidence": claim.confidence, "status": status});
    if let Some(words) = said(entry) {
        line["says"] = json!(words.chars().take(WORDS).collect::<String>());
    }
    line
}

/// Seen from the table that `path` names.
pub fn relationship(one: &Relationship, path: &str) -> Value {
    let line = one.line(path);
    let members = ["direction", "from", "from_columns", "to", "to_columns", "known_from", "confidence", "key"];
    Value::Object(members.iter().map(|member| ((*member).to_owned(), line[*member].clone())).collect())
}
