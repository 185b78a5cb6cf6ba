//! `catalog_get`: one entry of the catalog in full.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};
use crate::domain::Layer;

pub struct CatalogGet;

#[derive(Deserialize)]
struct Args {
    kind: String,
    key: String,
}

#[async_trait]
impl Tool for CatalogGet {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_get",
            description: "Shows one entry of the catalog in full: document, confidence, status, evidence and where it comes from. A finding and a harvested entry of the same key are both shown.",
            args: schema::object(
                json!({
                    "kind": schema::text("Kind of the entry, as `catalog_list` shows it."),
                    "key": schema::text("Key of the entry: `table/main.orders`, `col/main.orders.total`, `rel/…`.")
                }),
                &["kind", "key"],
            ),
            output: schema::result(json!({"entries": schema::list(schema::entry())})),
            example: json!({"kind": "table", "key": "table/main.orders"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let mut entries = Vec::new();
        for layer in [Layer::Finding, Layer::Harvest] {
            let entry = workspace.store.entry(&workspace.key, layer, &args.kind, &args.key).await.map_err(reading::store_failure)?;
            entries.extend(entry);
        }
        if entries.is_empty() {
            let (kind, key) = (&args.kind, &args.key);
            return Err(Failure::Mendable(format!("there is no entry `{key}` of kind `{kind}`; `catalog_list` shows the keys there are")));
        }
        Ok(json!({"entries": reading::to_value(entries)?}))
    }
}
