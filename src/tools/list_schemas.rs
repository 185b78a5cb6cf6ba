//! `list_schemas`: the schemas of the source and how much is in each.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::schema;

pub struct ListSchemas;

#[async_trait]
impl Tool for ListSchemas {
    fn spec(&self) -> Spec {
        Spec {
            name: "list_schemas",
            description: "Lists the schemas of the database with the number of tables and views in each.",
            args: schema::object(json!({}), &[]),
            output: schema::result(json!({"engine": {"type": "string"}, "schemas": schema::list(schema::result(json!({
                "schema": {"type": "string"}, "tables": {"type": "integer"}, "views": {"type": "integer"}
            })))})),
            example: json!({}),
            effect: Effect::Read,
            aliases: &["schemas.list"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, _: Value) -> Result<Value, Failure> {
        let snapshot = &workspace.snapshot;
        let line = |schema: &String| {
            let views = snapshot.tables_of(schema).filter(|table| table.kind.is_derived()).count();
            json!({"schema": schema, "tables": snapshot.tables_of(schema).count() - views, "views": views})
        };
        Ok(json!({"engine": snapshot.engine, "schemas": snapshot.schemas.iter().map(line).collect::<Vec<_>>()}))
    }
}
