//! Deterministic facts about a table, from the snapshot alone: what an expert need not ask for.

use serde::Serialize;
use serde_json::{Value, json};

use crate::claims::text::cut;
use crate::domain::{ForeignKey, Snapshot, Table, TableKind};

/// Columns of one table that are told; the rest is counted.
const MOST_COLUMNS: usize = 120;
const MOST_REFERENCES: usize = 60;
const MOST_TABLES: usize = 100;
/// Of one table, where the whole schema is told.
const MOST_TARGETS: usize = 12;
/// Bytes of a comment, and of a default.
const COMMENT: usize = 400;
const DEFAULT: usize = 120;

#[derive(Serialize)]
struct TableFacts<'a> {
    engine: &'a str,
    table: String,
    kind: TableKind,
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    primary_key: &'a [String],
    columns: Vec<ColumnFacts<'a>>,
    column_count: usize,
    references: Vec<ReferenceFacts>,
    referenced_by: Vec<ReferenceFacts>,
    unique: Vec<&'a [String]>,
    indexed: Vec<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<String>,
}

#[derive(Serialize)]
struct ColumnFacts<'a> {
    name: &'a str,
    r#type: &'a str,
    declared: &'a str,
    nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

/// A declared foreign key; `key` is the relationship's key in the catalog.
#[derive(Serialize)]
struct ReferenceFacts {
    key: String,
    columns: Vec<String>,
    table: String,
    to_columns: Vec<String>,
}

/// What the metadata says about the task's table, or about the schema where the task has none.
pub fn of(snapshot: &Snapshot, schema: &str, table: Option<&str>) -> Value {
    match table {
        Some(name) => match snapshot.table(schema, name) {
            Some(table) => table_facts(snapshot, table),
            None => json!({ "problem": format!("there is no table `{schema}.{name}`") }),
        },
        None => schema_facts(snapshot, schema),
    }
}

/// The catalog's key of a declared foreign key.
pub fn relationship_key(child: &Table, key: &ForeignKey) -> String {
    format!("rel/{}.{}->{}.{}.{}", child.full_name(), key.columns.join(","), key.to_schema, key.to_table, key.to_columns.join(","))
}

fn table_facts(snapshot: &Snapshot, table: &Table) -> Value {
    let columns = table.columns.iter().take(MOST_COLUMNS).map(|column| ColumnFacts {
        name: &column.name,
        r#type: &column.r#type,
        declared: &column.declared_type,
        nullable: column.nullable,
        default: column.default.as_deref().map(|text| cut(text, DEFAULT)),
        comment: column.comment.as_deref().map(|text| cut(text, COMMENT)),
    });
    let references = table.foreign_keys.iter().take(MOST_REFERENCES).map(|key| ReferenceFacts {
        key: relationship_key(table, key),
        columns: key.columns.clone(),
        table: format!("{}.{}", key.to_schema, key.to_table),
        to_columns: key.to_columns.clone(),
    });
    let referenced_by = snapshot
        .tables
        .iter()
        .flat_map(|child| child.foreign_keys.iter().map(move |key| (child, key)))
        .filter(|(_, key)| key.to_table == table.name && key.to_schema == table.schema)
        .take(MOST_REFERENCES)
        .map(|(child, key)| ReferenceFacts {
            key: relationship_key(child, key),
            columns: key.columns.clone(),
            table: child.full_name(),
            to_columns: key.to_columns.clone(),
        });
    let indexes = |unique: bool| table.indexes.iter().filter(move |index| index.unique == unique).map(|index| index.columns.as_slice());
    let facts = TableFacts {
        engine: &snapshot.engine,
        table: table.full_name(),
        kind: table.kind,
        rows: table.row_count,
        comment: table.comment.as_deref().map(|text| cut(text, COMMENT)),
        primary_key: &table.primary_key,
        columns: columns.collect(),
        column_count: table.columns.len(),
        references: references.collect(),
        referenced_by: referenced_by.collect(),
        unique: indexes(true).collect(),
        indexed: indexes(false).collect(),
        definition: table.definition.as_deref().filter(|_| table.kind.is_derived()).map(|text| cut(text, 4_000)),
    };
    serde_json::to_value(facts).expect("facts are plain data and always serialise")
}

fn schema_facts(snapshot: &Snapshot, schema: &str) -> Value {
    let tables: Vec<Value> = snapshot
        .tables_of(schema)
        .take(MOST_TABLES)
        .map(|table| {
            let references: Vec<String> = table.foreign_keys.iter().take(MOST_TARGETS).map(|key| format!("{}.{}", key.to_schema, key.to_table)).collect();
            json!({ "name": table.name, "kind": table.kind, "rows": table.row_count, "columns": table.columns.len(), "references": references })
        })
        .collect();
    json!({ "engine": snapshot.engine, "schema": schema, "tables": tables, "table_count": snapshot.tables_of(schema).count() })
}
