//! `list_schemas`: the schemas of the source and how much is in each.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{paging, reading, schema};

pub struct ListSchemas;

#[derive(Deserialize)]
struct Args {
    limit: usize,
    after: Option<String>,
}

#[async_trait]
impl Tool for ListSchemas {
    fn spec(&self) -> Spec {
        Spec {
            name: "list_schemas",
            description: "Lists the schemas of the database with the number of tables and views in each.",
            args: schema::object(json!({"limit": schema::integer(1, 1000, 200, "Schemas on one page."), "after": paging::after()}), &[]),
            output: schema::result(json!({
                "engine": {"type": "string"},
                "count": {"type": "integer", "description": "On all pages."},
                "schemas": {"type": "array", "items": {
                    "type": "object",
                    "required": ["schema", "tables", "views"],
                    "properties": {"schema": {"type": "string"}, "tables": {"type": "integer"}, "views": {"type": "integer"}}
                }},
                "next": paging::next()
            })),
            example: json!({}),
            effect: Effect::Read,
            aliases: &["schemas.list"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let snapshot = &workspace.snapshot;
        let line = |schema: &String| {
            let views = snapshot.tables_of(schema).filter(|table| table.kind.is_derived()).count();
            json!({"schema": schema, "tables": snapshot.tables_of(schema).count() - views, "views": views})
        };
        let found: Vec<&String> = snapshot.schemas.iter().collect();
        let page = paging::page("schemas", found, |schema| (*schema).clone(), args.limit, args.after.as_deref())?;
        let lines: Vec<Value> = page.items.into_iter().map(line).collect();
        Ok(json!({"engine": snapshot.engine, "count": page.count, "schemas": lines, "next": page.next}))
    }
}
