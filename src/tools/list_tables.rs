//! `list_tables`: tables and views of a schema, by pages.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{paging, reading, schema};
use crate::domain::Table;

pub struct ListTables;

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    kind: String,
    name_contains: Option<String>,
    limit: usize,
    after: Option<String>,
}

#[async_trait]
impl Tool for ListTables {
    fn spec(&self) -> Spec {
        Spec {
            name: "list_tables",
            description: "Lists tables and views of a schema in order of name, with row counts, number of columns and keys. `next` in the answer is the `after` of the next page.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "kind": schema::one_of(&["any", "table", "view"], "any", "Only tables, or only views."),
                    "name_contains": schema::text("Only names that contain this, in either case."),
                    "limit": schema::integer(1, 200, 100, "Names on one page."),
                    "after": paging::after()
                }),
                &[],
            ),
            output: schema::result(json!({
                "schema": {"type": "string"}, "count": {"type": "integer"}, "next": {"type": ["string", "null"]},
                "tables": schema::list(schema::result(json!({
                    "name": {"type": "string"}, "kind": {"type": "string"}, "rows": {"type": ["integer", "null"]}, "columns": {"type": "integer"},
                    "primary_key": schema::names(), "foreign_keys": {"type": "integer"}
                })))
            })),
            example: json!({"schema": "main", "limit": 50}),
            effect: Effect::Read,
            aliases: &["tables.list"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let schema = reading::schema(workspace, args.schema.as_deref())?;
        let part = args.name_contains.map(|part| part.to_lowercase());
        let fits = |table: &&Table| {
            (match args.kind.as_str() {
                "table" => !table.kind.is_derived(),
                "view" => table.kind.is_derived(),
                _ => true,
            }) && part.as_ref().is_none_or(|part| table.name.to_lowercase().contains(part))
        };
        let found: Vec<&Table> = workspace.snapshot.tables_of(schema).filter(fits).collect();
        let page = paging::page("tables", found, |table| table.name.clone(), args.limit, args.after.as_deref())?;
        let lines: Vec<Value> = page
            .items
            .into_iter()
            .map(|table| {
                json!({
                    "name": table.name,
                    "kind": table.kind,
                    "rows": table.row_count,
                    "columns": table.columns.len(),
                    "primary_key": table.primary_key,
                    "foreign_keys": table.foreign_keys.len(),
                })
            })
            .collect();
        Ok(json!({"schema": schema, "count": page.count, "tables": lines, "next": page.next}))
    }
}
