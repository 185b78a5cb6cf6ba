//! `catalog_search`: entries of the catalog by any words.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};
use crate::store::EntryFilter;

pub struct CatalogSearch;

#[derive(Deserialize)]
struct Args {
    query: String,
    kind: Option<String>,
    limit: usize,
}

#[async_trait]
impl Tool for CatalogSearch {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_search",
            description: "Searches what is known of this database, harvest and findings alike, by any words: names, comments, texts of findings. Best hits first, with kind, key, confidence, status and a snippet.",
            args: schema::object(
                json!({
                    "query": schema::text("Any words; no syntax is needed."),
                    "kind": schema::text("Only entries of this kind: table, view, column, relationship, domain, metric, question_template, summary, note, hypothesis, …"),
                    "limit": schema::integer(1, 50, 10, "Hits to return.")
                }),
                &["query"],
            ),
            output: schema::result(json!({"hits": schema::list(schema::result(json!({
                "layer": {"type": "string"}, "kind": {"type": "string"}, "key": {"type": "string"}, "snippet": {"type": "string"},
                "score": {"type": "number"}, "confidence": {"type": "number"}, "status": {"type": "string"}
            })))})),
            example: json!({"query": "customer orders", "limit": 5}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let filter = EntryFilter { kind: args.kind, ..EntryFilter::default() };
        let hits = workspace.store.search(&workspace.key, &args.query, &filter, args.limit).await.map_err(reading::store_failure)?;
        Ok(json!({"hits": reading::to_value(hits)?}))
    }
}
