//! `list_targets`: the sources that have a name here.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};

pub struct ListTargets;

#[async_trait]
impl Tool for ListTargets {
    fn spec(&self) -> Spec {
        Spec {
            name: "list_targets",
            description: "Lists the sources that are registered here, and which one this call looks into. Another one is looked into by its name.",
            args: schema::object(json!({}), &[]),
            output: schema::result(json!({
                "looking_into": {"type": "string"},
                "targets": schema::list(schema::result(json!({"target_id": {"type": "string"}, "where": {"type": "string"}})))
            })),
            example: json!({}),
            effect: Effect::Read,
            aliases: &["targets.list"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, _: Value) -> Result<Value, Failure> {
        let rows = workspace.store.sources().await.map_err(reading::store_failure)?;
        let targets: Vec<Value> = rows.iter().map(|row| json!({"target_id": row.name, "where": row.shown})).collect();
        Ok(json!({"looking_into": workspace.key, "targets": targets}))
    }
}
