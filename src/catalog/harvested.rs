//! A snapshot as entries of the catalog's lower layer: one a table or view, one a column.

use serde_json::{Value, json};

use crate::domain::{Column, Confidence, EntryStatus, EntryWrite, Layer, Provenance, Snapshot, Table};

pub fn entries(snapshot: &Snapshot) -> Vec<EntryWrite> {
    let mut entries = Vec::with_capacity(snapshot.tables.iter().map(|table| table.columns.len() + 1).sum());
    for table in &snapshot.tables {
        entries.push(entry(snapshot, table.kind.word(), table_key(table), table_document(table), Vec::new()));
        for column in &table.columns {
            let key = format!("col/{}.{}", table.full_name(), column.name);
            entries.push(entry(snapshot, "column", key, column_document(table, column), vec![table_key(table)]));
        }
    }
    entries
}

pub fn table_key(table: &Table) -> String {
    format!("{}/{}", table.kind.word(), table.full_name())
}

fn entry(snapshot: &Snapshot, kind: &str, key: String, document: Value, links: Vec<String>) -> EntryWrite {
    EntryWrite {
        layer: Layer::Harvest,
        kind: kind.to_owned(),
        key,
        document,
        tags: Vec::new(),
        links,
        confidence: Confidence::CERTAIN,
        status: EntryStatus::Validated,
        evidence: vec![snapshot.id.0.clone()],
        provenance: Provenance::of("harvest"),
    }
}

fn table_document(table: &Table) -> Value {
    let references: Vec<Value> = table
        .foreign_keys
        .iter()
        .map(|key| json!({"columns": key.columns, "to": format!("{}.{}", key.to_schema, key.to_table), "to_columns": key.to_columns}))
        .collect();
    let mut document = json!({
        "schema": table.schema,
        "name": table.name,
        "rows": table.row_count,
        "columns": table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
        "primary_key": table.primary_key,
        "references": references,
    });
    for (name, text) in [("definition", &table.definition), ("comment", &table.comment)] {
        if let Some(text) = text {
            document[name] = Value::from(text.as_str());
        }
    }
    document
}

fn column_document(table: &Table, column: &Column) -> Value {
    let mut document = json!({
        "table": table.full_name(),
        "name": column.name,
        "type": column.r#type,
        "declared_type": column.declared_type,
        "nullable": column.nullable,
        "in_primary_key": table.primary_key.contains(&column.name),
    });
    for (name, text) in [("default", &column.default), ("comment", &column.comment)] {
        if let Some(text) = text {
            document[name] = Value::from(text.as_str());
        }
    }
    if let Some(key) = table.foreign_keys.iter().find(|key| key.columns.contains(&column.name)) {
        document["references"] = Value::from(format!("{}.{}", key.to_schema, key.to_table));
    }
    document
}
