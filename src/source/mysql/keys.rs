//! Primary keys, indexes and foreign keys: rows of single columns, put together in the order of the key.

use std::collections::HashMap;

use super::engine::Kind;
use super::harvest::{Draft, Reader};
use crate::domain::{ForeignKey, Index};

/// A column of an index; ordered by table, index and place in it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    table: usize,
    index: String,
    place: u64,
    column: String,
    option: String,
    unique: bool,
    method: Option<String>,
}

/// A pair of columns of a foreign key; ordered as above.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    table: usize,
    key: String,
    place: u64,
    column: String,
    to: [String; 3],
}

pub async fn indexes(reader: &mut Reader<'_>, draft: &mut Draft, kind: Kind) -> Result<(), sqlx::Error> {
    let sql = match kind {
        Kind::Mysql => include_str!("sql/indexes_with_expressions.sql"),
        Kind::Mariadb | Kind::OldMysql => include_str!("sql/indexes.sql"),
    };
    let mut parts = Vec::new();
    reader
        .each("indexes", sql, |row| {
            let Some(table) = draft.place(row.text(0)) else { return };
            let prefix = row.number(5).map(|length| format!("prefix {length}"));
            let descending = (row.text(6) == "D").then(|| "desc".to_owned());
            let method = row.text(7).to_ascii_lowercase();
            let expression = || row.filled(8).unwrap_or_else(|| "<expression>".to_owned());
            // Of a fulltext or spatial index the server may tell a prefix that says nothing.
            let is_ordered = method == "btree";
            parts.push(Part {
                table,
                index: row.own(1),
                place: row.number(2).unwrap_or(0),
                column: row.filled(3).unwrap_or_else(expression),
                option: [prefix.filter(|_| is_ordered), descending].into_iter().flatten().collect::<Vec<_>>().join(" "),
                unique: row.number(4) == Some(0),
                method: (!is_ordered).then_some(method),
            });
        })
        .await?;
    parts.sort();
    for Part { table, index: name, column, option, unique, method, .. } in parts {
        let table = &mut draft.tables[table];
        if name == "PRIMARY" {
            table.primary_key.push(column);
            continue;
        }
        if table.indexes.last().is_none_or(|index| index.name != name) {
            table.indexes.push(Index { name, unique, method, ..Index::default() });
        }
        if let Some(index) = table.indexes.last_mut() {
            index.columns.push(column);
            index.options.push(option);
        }
    }
    for index in draft.tables.iter_mut().flat_map(|table| &mut table.indexes) {
        if index.options.iter().all(String::is_empty) {
            index.options.clear();
        }
    }
    Ok(())
}

pub async fn references(reader: &mut Reader<'_>, draft: &mut Draft) -> Result<(), sqlx::Error> {
    let mut rules = HashMap::new();
    let mut pairs = Vec::new();
    reader
        .each("rules of references", include_str!("sql/reference_rules.sql"), |row| {
            let rule = |index| row.filled(index).map(|rule| rule.to_ascii_lowercase()).filter(|rule| rule != "no action");
            if let Some(table) = draft.place(row.text(0)) {
                rules.insert((table, row.own(1)), (rule(2), rule(3)));
            }
        })
        .await?;
    reader
        .each("references", include_str!("sql/references.sql"), |row| {
            let Some(table) = draft.place(row.text(0)) else { return };
            let to = [row.own(4), row.own(5), row.own(6)];
            pairs.push(Pair { table, key: row.own(1), place: row.number(2).unwrap_or(0), column: row.own(3), to });
        })
        .await?;
    pairs.sort();
    for Pair { table: at, key: name, column, to: [to_schema, to_table, to_column], .. } in pairs {
        let table = &mut draft.tables[at];
        if table.foreign_keys.last().is_none_or(|key| key.name.as_deref() != Some(&name)) {
            let (on_update, on_delete) = rules.remove(&(at, name.clone())).unwrap_or_default();
            table.foreign_keys.push(ForeignKey { name: Some(name), to_schema, to_table, on_update, on_delete, ..ForeignKey::default() });
        }
        if let Some(key) = table.foreign_keys.last_mut() {
            key.columns.push(column);
            key.to_columns.push(to_column);
        }
    }
    Ok(())
}
