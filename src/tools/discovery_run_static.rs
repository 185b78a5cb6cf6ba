//! `discovery.run_static`: reads the source's structure anew and says what is there.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::harvests::Harvested;
use super::port::{Call, Effect, Failure, Sight, Spec, Tool};
use super::{claiming, reading, schema};
use crate::claims::ProposedWrite;

pub struct DiscoveryRunStatic;

#[derive(Deserialize)]
struct Args {
    schema_filter: Option<String>,
    notes: Option<String>,
}

#[async_trait]
impl Tool for DiscoveryRunStatic {
    fn spec(&self) -> Spec {
        Spec {
            name: "discovery.run_static",
            description: "Reads the structure of the database anew, in one transaction and without any model, and brings the catalog up to date: schemas, tables, views, columns, keys, indexes, routines. Answers with how much is there and what changed since the state before.",
            args: schema::object(
                json!({
                    "schema_filter": schema::text("Tells what is in this schema only; the whole source is read all the same."),
                    "notes": schema::text("Why it is read or what to know about it; kept in the catalog as a note.")
                }),
                &[],
            ),
            output: schema::result(json!({
                "snapshot": {"type": "string"}, "engine": {"type": "string"}, "engine_version": {"type": "string"},
                "schemas": {"type": "integer"}, "tables": {"type": "integer"}, "views": {"type": "integer"},
                "columns": {"type": "integer"}, "foreign_keys": {"type": "integer"}, "indexes": {"type": "integer"},
                "routines": {"type": "integer"},
                "changes": {"type": "object", "properties": {
                    "since": {"type": "string"}, "added": {"type": "integer"}, "removed": {"type": "integer"}, "changed": {"type": "integer"}
                }},
                "unread": {"type": "array", "items": {"type": "string"}},
                "note": {"type": "string"}
            })),
            example: json!({"notes": "before the release"}),
            effect: Effect::Record,
            aliases: &["run_static"],
        }
    }

    fn sight(&self) -> Sight {
        Sight::Fresh
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let Call { workspace, .. } = call;
        let args: Args = reading::parsed(args)?;
        let schema = args.schema_filter.as_deref().map(|name| reading::schema(workspace, Some(name))).transpose()?;
        let states = workspace.store.snapshots(&workspace.key, 2).await.map_err(reading::store_failure)?;
        let before = states.into_iter().map(|row| row.id).find(|id| *id != workspace.snapshot.id);
        let found = Harvested::of(workspace, before.as_ref(), schema).await.map_err(reading::store_failure)?;
        let mut answer = reading::to_value(found)?;
        if let Some(text) = args.notes {
            let write = ProposedWrite {
                kind: "note".to_owned(),
                key: format!("note/{}", workspace.snapshot.id),
                document: json!({"text": text, "snapshot": workspace.snapshot.id}),
                tags: Vec::new(),
                links: Vec::new(),
            };
            answer["note"] = claiming::claim(call, write, None).await?["key"].take();
        }
        Ok(answer)
    }
}
