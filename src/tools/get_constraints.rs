//! `get_constraints`: the declared keys of a table, and who refers to it.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{paging, reading, schema};
use crate::domain::{Snapshot, Table};

pub struct GetConstraints;

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: Option<String>,
    limit: usize,
    after: Option<String>,
}

#[async_trait]
impl Tool for GetConstraints {
    fn spec(&self) -> Spec {
        Spec {
            name: "get_constraints",
            description: "The declared primary key, unique keys, foreign keys, checks and NOT NULL columns of one table, and the foreign keys of others that refer to it. Without a table: of every table that declares any.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "table": schema::table_name(),
                    "limit": schema::integer(1, 200, 100, "Tables on one page."),
                    "after": paging::after()
                }),
                &[],
            ),
            output: schema::result(json!({
                "schema": {"type": "string"},
                "tables": schema::list(schema::result(json!({
                    "table": {"type": "string"}, "primary_key": schema::names(), "unique": schema::list(schema::names()),
                    "foreign_keys": schema::list(schema::foreign_key()), "not_null": schema::names(),
                    "checks": schema::list(schema::check()),
                    "referred_to_by": schema::list(schema::result(json!({
                        "schema": {"type": "string"}, "table": {"type": "string"}, "columns": schema::names(), "to_columns": schema::names()
                    })))
                }))),
                "next": paging::next()
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
                Ok(json!({"schema": table.schema, "tables": [constraints(snapshot, table)], "next": null}))
            }
            None => {
                let schema = reading::schema(workspace, args.schema.as_deref())?;
                let declares = |table: &&Table| {
                    let unique = table.indexes.iter().any(|index| index.unique);
                    unique || !table.primary_key.is_empty() || !table.foreign_keys.is_empty() || !table.checks.is_empty()
                };
                let found: Vec<&Table> = snapshot.tables_of(schema).filter(declares).collect();
                let page = paging::page("constraints", found, |table| table.name.clone(), args.limit, args.after.as_deref())?;
                let tables: Vec<Value> = page.items.into_iter().map(|table| constraints(snapshot, table)).collect();
                Ok(json!({"schema": schema, "tables": tables, "next": page.next}))
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
        "checks": table.checks,
        "not_null": not_null,
        "referred_to_by": referred_by,
    })
}
