//! `catalog_search`: entries of the catalog by any words.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::filter::{Filter, with_filters};
use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};

pub struct CatalogSearch;

#[derive(Deserialize)]
struct Args {
    query: String,
    limit: usize,
    include_details: bool,
    #[serde(flatten)]
    filter: Filter,
}

#[async_trait]
impl Tool for CatalogSearch {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_search",
            description: "Searches what is known of this database, harvest and findings alike, by any words: names, comments, definitions, texts of findings. Names match by their parts (`order_items`, `orderItems`) and by how they begin. Best hits first, with kind, key, confidence, status, score and a snippet.",
            args: schema::object(
                with_filters(json!({
                    "query": schema::text("Any words; no syntax is needed."),
                    "limit": schema::integer(1, 50, 10, "Hits to return."),
                    "include_details": schema::flag(false, "Whether each hit also has its `entry`: document, tags, links, evidence and where it comes from.")
                })),
                &["query"],
            ),
            output: schema::result(json!({"hits": {"type": "array", "items": hit()}})),
            example: json!({"query": "customer orders", "limit": 5}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let hits = workspace.store.search(&workspace.key, &args.query, &args.filter.entries(), args.limit).await;
        let mut shown = Vec::new();
        for hit in hits.map_err(reading::store_failure)? {
            let entry = if args.include_details {
                workspace.store.entry(&workspace.key, hit.layer, &hit.kind, &hit.key).await.map_err(reading::store_failure)?
            } else {
                None
            };
            let mut line = reading::to_value(hit)?;
            if let Some(entry) = entry {
                line["entry"] = reading::to_value(entry)?;
            }
            shown.push(line);
        }
        Ok(json!({ "hits": shown }))
    }
}

fn hit() -> Value {
    json!({
        "type": "object",
        "required": ["layer", "kind", "key", "snippet", "score", "confidence", "status"],
        "properties": {
            "layer": {"type": "string"}, "kind": {"type": "string"}, "key": {"type": "string"},
            "snippet": {"type": "string", "description": "The text around the first word that was found."},
            "score": {"type": "number", "description": "How well it fits; of use only to compare hits of one search."},
            "confidence": {"type": "number"}, "status": {"type": "string"},
            "entry": schema::entry()
        }
    })
}
