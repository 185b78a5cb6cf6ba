//! The tables in which the catalog is read with SQL.

use serde_json::{Value, json};

use crate::domain::{Entry, EntryStatus, Layer, Table as Harvested};
use crate::source::sqlite::fresh::Table;
use crate::store::{self, EntryFilter, Page};
use crate::tools::workspace::Workspace;
use crate::tools::{brief, relationships};

/// All that is claimed about the source.
pub async fn findings(workspace: &Workspace, portion: usize) -> Result<Vec<Entry>, store::Error> {
    let filter = EntryFilter { layer: Some(Layer::Finding), ..EntryFilter::default() };
    let (mut all, mut page) = (Vec::new(), Page { limit: portion, after: None });
    loop {
        let found = workspace.store.entries(&workspace.key, &filter, &page).await?;
        all.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return Ok(all);
        }
    }
}

pub fn of(workspace: &Workspace, findings: &[Entry]) -> Vec<Table> {
    let tables = &workspace.snapshot.tables;
    let object_columns = vec![
        ("key", "text"),
        ("type", "text"),
        ("schema", "text"),
        ("name", "text"),
        ("rows", "integer"),
        ("bytes", "integer"),
        ("columns", "integer"),
        ("comment", "text"),
        ("definition", "text"),
    ];
    let mut objects: Vec<Vec<Value>> = tables.iter().map(object).collect();
    objects.extend(workspace.snapshot.routines.iter().map(|routine| {
        let key = format!("routine/{}.{}({})", routine.schema, routine.name, routine.signature);
        vec![
            json!(key),
            json!("routine"),
            json!(routine.schema),
            json!(routine.name),
            Value::Null,
            Value::Null,
            Value::Null,
            json!(routine.comment),
            json!(routine.definition),
        ]
    }));
    let columns = vec![
        ("key", "text"),
        ("table", "text"),
        ("name", "text"),
        ("position", "integer"),
        ("type", "text"),
        ("declared_type", "text"),
        ("nullable", "boolean"),
        ("in_primary_key", "boolean"),
        ("comment", "text"),
    ];
    let relationship_columns = vec![
        ("key", "text"),
        ("child_table", "text"),
        ("child_columns", "text"),
        ("parent_table", "text"),
        ("parent_columns", "text"),
        ("known_from", "text"),
        ("confidence", "real"),
        ("status", "text"),
    ];
    let finding_columns = vec![
        ("kind", "text"),
        ("key", "text"),
        ("text", "text"),
        ("document", "text"),
        ("confidence", "real"),
        ("status", "text"),
        ("author", "text"),
        ("evidence", "text"),
        ("tags", "text"),
    ];
    vec![
        Table { name: "objects", columns: object_columns, rows: objects },
        Table { name: "columns", columns, rows: tables.iter().flat_map(columns_of).collect() },
        Table { name: "relationships", columns: relationship_columns, rows: related(workspace, findings) },
        Table { name: "findings", columns: finding_columns, rows: findings.iter().map(finding).collect() },
    ]
}

fn object(table: &Harvested) -> Vec<Value> {
    vec![
        json!(format!("{}/{}", table.kind.word(), table.full_name())),
        json!(table.kind.word()),
        json!(table.schema),
        json!(table.name),
        json!(table.row_count),
        json!(table.bytes),
        json!(table.columns.len()),
        json!(table.comment),
        json!(table.definition),
    ]
}

fn columns_of(table: &Harvested) -> Vec<Vec<Value>> {
    let name = table.full_name();
    let line = |column: &crate::domain::Column| {
        vec![
            json!(format!("col/{name}.{}", column.name)),
            json!(name),
            json!(column.name),
            json!(column.position),
            json!(column.r#type),
            json!(column.declared_type),
            json!(column.nullable),
            json!(table.primary_key.contains(&column.name)),
            json!(column.comment),
        ]
    };
    table.columns.iter().map(line).collect()
}

fn related(workspace: &Workspace, findings: &[Entry]) -> Vec<Vec<Value>> {
    let line = |one: relationships::Relationship| {
        let status = if one.knowledge == relationships::Knowledge::Declared { json!("declared") } else { one.more["status"].clone() };
        vec![
            json!(one.key),
            json!(one.from),
            json!(one.from_columns),
            json!(one.to),
            json!(one.to_columns),
            json!(one.knowledge.name()),
            json!(one.confidence),
            status,
        ]
    };
    relationships::known(workspace, findings).into_iter().map(line).collect()
}

fn finding(entry: &Entry) -> Vec<Value> {
    let claim = &entry.claim;
    let status = if entry.stale.is_some() { EntryStatus::Stale } else { claim.status };
    vec![
        json!(claim.kind),
        json!(claim.key),
        json!(brief::said(entry)),
        claim.document.clone(),
        json!(claim.confidence),
        json!(status),
        json!(claim.provenance.author),
        json!(claim.evidence),
        json!(claim.tags),
    ]
}
