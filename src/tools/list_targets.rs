//! `list_targets`: the sources that have a name here.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{paging, reading, schema};

pub struct ListTargets;

#[derive(Deserialize)]
struct Args {
    limit: usize,
    after: Option<String>,
}

#[async_trait]
impl Tool for ListTargets {
    fn spec(&self) -> Spec {
        Spec {
            name: "list_targets",
            description: "Lists the sources that are registered here, and which one this call looks into. Another one is looked into by its name.",
            args: schema::object(json!({"limit": schema::integer(1, 1000, 200, "Sources on one page."), "after": paging::after()}), &[]),
            output: schema::result(json!({
                "looking_into": {"type": "string"},
                "count": {"type": "integer", "description": "On all pages."},
                "targets": {"type": "array", "items": {
                    "type": "object",
                    "required": ["target_id", "where"],
                    "properties": {"target_id": {"type": "string"}, "where": {"type": "string"}}
                }},
                "next": paging::next()
            })),
            example: json!({}),
            effect: Effect::Read,
            aliases: &["targets.list"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let rows = workspace.store.sources().await.map_err(reading::store_failure)?;
        let page = paging::page("targets", rows, |row| row.name.clone(), args.limit, args.after.as_deref())?;
        let targets: Vec<Value> = page.items.iter().map(|row| json!({"target_id": row.name, "where": row.shown})).collect();
        Ok(json!({"looking_into": workspace.key, "count": page.count, "targets": targets, "next": page.next}))
    }
}
