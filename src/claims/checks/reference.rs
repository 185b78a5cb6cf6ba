//! A reference between two tables as it is claimed: read from the key, or from the document.

use serde::Serialize;
use serde_json::Value;

use super::key::{find_table, split_table};
use crate::domain::{Snapshot, Table};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    pub child: Side,
    pub parent: Side,
}

/// Names as the snapshot spells them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    pub schema: String,
    pub table: String,
    pub columns: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// Neither key nor document say which columns are meant.
    #[error("the two sides cannot be read; expected the key `rel/<schema>.<child>.<column>-><schema>.<parent>.<column>`")]
    Unreadable,
    #[error("there is no `{0}`")]
    NoSuch(String),
}

impl Reference {
    pub fn find(snapshot: &Snapshot, key: &str, document: &Value) -> Result<Self, NotFound> {
        let text = key.strip_prefix("rel/").unwrap_or(key);
        let sides = text.split_once("->").or_else(|| text.split_once('→'));
        let by_key = sides.map(|(child, parent)| Ok(Self { child: side(snapshot, child)?, parent: side(snapshot, parent)? }));
        match by_key {
            Some(Ok(reference)) => reference.fitting(),
            by_key => match Self::of_document(snapshot, document) {
                Err(NotFound::Unreadable) => by_key.unwrap_or(Err(NotFound::Unreadable)),
                by_document => by_document?.fitting(),
            },
        }
    }

    pub fn key(&self) -> String {
        format!("rel/{}->{}", self.child.text(), self.parent.text())
    }

    /// Both sides have as many columns, and are not the same.
    fn fitting(self) -> Result<Self, NotFound> {
        if self.child.columns.len() == self.parent.columns.len() { Ok(self) } else { Err(NotFound::Unreadable) }
    }

    fn of_document(snapshot: &Snapshot, document: &Value) -> Result<Self, NotFound> {
        let named = |names: [&str; 3]| {
            names.iter().find_map(|name| side_of_document(snapshot, document, name)).unwrap_or(Err(NotFound::Unreadable))
        };
        Ok(Self { child: named(["child", "from", "source"])?, parent: named(["parent", "to", "target"])? })
    }
}

impl Side {
    fn of(table: &Table, columns: &[&str]) -> Result<Self, NotFound> {
        let spelt = |name: &&str| {
            let column = table.column(name.trim()).map(|column| column.name.clone());
            column.ok_or_else(|| NotFound::NoSuch(format!("{}.{name}", table.full_name())))
        };
        let columns = columns.iter().map(spelt).collect::<Result<Vec<_>, _>>()?;
        if columns.is_empty() {
            return Err(NotFound::Unreadable);
        }
        Ok(Self { schema: table.schema.clone(), table: table.name.clone(), columns })
    }

    fn text(&self) -> String {
        format!("{}.{}.{}", self.schema, self.table, self.columns.join(","))
    }
}

/// `schema.table.column`, with several columns as `a,b` or `(a, b)`.
fn side(snapshot: &Snapshot, text: &str) -> Result<Side, NotFound> {
    let text = text.trim();
    let (table, rest) = split_table(snapshot, text).ok_or_else(|| NotFound::NoSuch(text.to_owned()))?;
    let columns: Vec<&str> = rest.trim_matches(['(', ')', ' ']).split([',', '+']).map(str::trim).collect();
    Side::of(table, &columns)
}

/// `child: "shop.orders.customer_id"`, `child: {schema, table, columns}`, or `child_table` beside `child_column`.
fn side_of_document(snapshot: &Snapshot, document: &Value, name: &str) -> Option<Result<Side, NotFound>> {
    let member = document.get(name);
    if let Some(text) = member.and_then(Value::as_str)
        && document.get(format!("{name}_column")).is_none()
    {
        return Some(side(snapshot, text));
    }
    let look = |part: &str| match member {
        Some(Value::Object(members)) => members.get(part),
        _ => document.get(format!("{name}_{part}")),
    };
    let table = look("table").or(member).and_then(Value::as_str)?;
    let schema = look("schema").or_else(|| document.get("schema")).and_then(Value::as_str);
    let found = schema.and_then(|schema| snapshot.table(schema, table)).or_else(|| find_table(snapshot, table));
    let Some(found) = found else { return Some(Err(NotFound::NoSuch(table.to_owned()))) };
    let columns: Vec<&str> = match look("columns").or_else(|| look("column"))? {
        Value::String(text) => text.split(',').collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    Some(Side::of(found, &columns))
}
