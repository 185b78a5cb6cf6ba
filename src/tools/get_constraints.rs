//! `get_constraints`: the declared keys of a table, and who refers to it.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};
use crate::domain::{Snapshot, Table};

pub struct GetConstraints;

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: Option<String>,
}

#[async_trait]
impl Tool for GetConstraints {
    fn spec(&self) -> Spec {
        Spec {
            name: "get_constraints",
            description: "The declared primary key, unique keys, foreign keys and NOT NULL columns of one table, and the foreign keys of others that refer to it. Without a table: of every table that declares any.",
            args: schema::object(json!({"schema": schema::schema_name(), "table": schema::table_name()}), &[]),
            output: schema::result(json!({
                "schema": {"type": "string"},
                "tables": schema::list(schema::result(json!({
                    "table": {"type": "string"}, "primary_key": schema::names(), "unique": schema::list(schema::names()),
                    "foreign_keys": schema::list(schema::foreign_key()), "not_null": schema::names(),
                    "referred_to_by": schema::list(schema::result(json!({
                        "schema": {"type": "string"}, "table": {"type": "string"}, "columns": schema::names(), "to_columns": schema::names()
                    })))
                })))
            })),
            example: json!({"schema": "main", "table": "orders"}),
            effect: Effect::Read,
            aliases: &["table.constraints"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let snapshot = &workspace.snapshot;
        match args.table {
            Some(name) => {
                let table = reading::table(workspace, args.schema.as_deref(), &name)?;
                Ok(json!({"schema": table.schema, "tables": [constraints(snapshot, table)]}))
            }
            None => {
                let schema = reading::schema(workspace, args.schema.as_deref())?;
                let declares = |table: &&Table| !table.primary_key.is_empty() || !table.foreign_keys.is_empty();
                let tables: Vec<Value> = snapshot.tables_of(schema).filter(declares).map(|table| constraints(snapshot, table)).collect();
                Ok(json!({"schema": schema, "tables": tables}))
            }
        }
    }
}

fn constraints(snapshot: &Snapshot, table: &Table) -> Value {
    let unique: Vec<&Vec<String>> =
        table.indexes.iter().filter(|index| index.unique && index.predicate.is_none()).map(|index| &index.columns).collect();
    let not_null: Vec<&str> = table.columns.iter().filter(|column| !column.nullable).map(|column| column.name.as_str()).collect();
    let mut referred_by = Vec::new();
    for other in &snapshot.tables {
        for key in other.foreign_keys.iter().filter(|key| key.to_schema == table.schema && key.to_table == table.name) {
            referred_by.push(json!({"schema": other.schema, "table": other.name, "columns": key.columns, "to_columns": key.to_columns}));
        }
    }
    json!({
        "table": table.name,
        "primary_key": table.primary_key,
        "unique": unique,
        "foreign_keys": table.foreign_keys,
        "not_null": not_null,
        "referred_to_by": referred_by,
    })
}
