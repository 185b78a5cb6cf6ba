//! `catalog_init`: how much the catalog of a source holds.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};
use crate::domain::Layer;

pub struct CatalogInit;

#[async_trait]
impl Tool for CatalogInit {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_init",
            description: "Makes sure that the catalog of this source is there and current, and says what is in it: how many entries of each kind, from which snapshot, and how many findings of each status. A source that was not harvested, or not for a while, is harvested first.",
            args: schema::object(json!({}), &[]),
            output: schema::result(json!({
                "source": {"type": "string"},
                "engine": {"type": "string"},
                "engine_version": {"type": "string"},
                "snapshot": {"type": "string", "description": "What the harvest found, by a name that says what is in it: the same database has the same."},
                "harvested_at": {"type": ["integer", "null"], "description": "When a harvest found the snapshot last; milliseconds since 1970."},
                "schemas": {"type": "integer"}, "tables": {"type": "integer"}, "views": {"type": "integer"},
                "routines": {"type": "integer"}, "sequences": {"type": "integer"},
                "unread": {"type": "array", "items": {"type": "string"}, "description": "What is there and could not be read."},
                "entries": counts("Harvested entries by kind, what is gone included."),
                "findings": counts("Findings by kind."),
                "findings_by_status": counts("Findings by status.")
            })),
            example: json!({}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, _: Value) -> Result<Value, Failure> {
        let (store, snapshot) = (&workspace.store, &workspace.snapshot);
        let (mut entries, mut findings, mut by_status) = (Map::new(), Map::new(), Map::new());
        for count in store.counts(&workspace.key).await.map_err(reading::store_failure)? {
            if count.layer == Layer::Harvest {
                add(&mut entries, &count.kind, count.count);
            } else {
                add(&mut findings, &count.kind, count.count);
                add(&mut by_status, count.status.name(), count.count);
            }
        }
        let known = store.snapshots(&workspace.key, SNAPSHOTS_LOOKED_AT).await.map_err(reading::store_failure)?;
        let views = snapshot.tables.iter().filter(|table| table.kind.is_derived()).count();
        Ok(json!({
            "source": workspace.key,
            "engine": snapshot.engine,
            "engine_version": snapshot.engine_version,
            "snapshot": snapshot.id,
            "harvested_at": known.iter().find(|row| row.id == snapshot.id).map(|row| row.at),
            "schemas": snapshot.schemas.len(),
            "tables": snapshot.tables.len() - views,
            "views": views,
            "routines": snapshot.routines.len(),
            "sequences": snapshot.sequences.len(),
            "unread": snapshot.unread,
            "entries": entries,
            "findings": findings,
            "findings_by_status": by_status,
        }))
    }
}

/// The one at hand is among the last.
const SNAPSHOTS_LOOKED_AT: usize = 100;

fn add(counts: &mut Map<String, Value>, name: &str, count: u64) {
    let before = counts.get(name).and_then(Value::as_u64).unwrap_or_default();
    counts.insert(name.to_owned(), Value::from(before + count));
}

fn counts(description: &str) -> Value {
    json!({"type": "object", "additionalProperties": {"type": "integer"}, "description": description})
}
