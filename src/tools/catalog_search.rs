//! `catalog_search`: entries of the catalog by any words.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::brief::Detail;
use super::filter::{Filter, with_filters};
use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{paging, reading, schema};
use crate::store::pages;

const LIST: &str = "catalog_search";
/// Hits before a page; a search has fewer.
const MOST_SKIPPED: usize = 10_000;

pub struct CatalogSearch;

#[derive(Deserialize)]
struct Args {
    query: String,
    limit: usize,
    detail: Detail,
    include_details: bool,
    after: Option<String>,
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
                    "detail": schema::one_of(&["names", "summary", "full"], "summary", "How much of each hit: kind and key; with snippet, score, confidence and status; or with its whole `entry` too."),
                    "after": paging::after(),
                    "include_details": schema::flag(false, "The same as `detail` = `full`.")
                })),
                &["query"],
            ),
            output: schema::result(json!({"hits": {"type": "array", "items": hit()}, "next": paging::next()})),
            example: json!({"query": "customer orders", "limit": 5}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let begin = match &args.after {
            None => 0,
            Some(token) => {
                let position = pages::position(LIST, token).map_err(reading::store_failure)?;
                let begin = position.parse().ok().filter(|begin: &usize| *begin <= MOST_SKIPPED);
                begin.ok_or_else(|| Failure::Mendable("`after` is not a page token of this list".to_owned()))?
            }
        };
        let detail = if args.include_details { Detail::Full } else { args.detail };
        // One more than is shown tells whether there are more.
        let most = begin + args.limit + 1;
        let mut hits =
            workspace.store.search(&workspace.key, &args.query, &args.filter.entries(), most).await.map_err(reading::store_failure)?;
        let more = hits.len() == most;
        hits.truncate(begin + args.limit);
        let mut shown = Vec::new();
        for hit in hits.into_iter().skip(begin) {
            if detail == Detail::Names {
                shown.push(json!({"kind": hit.kind, "key": hit.key}));
                continue;
            }
            let entry = match detail {
                Detail::Full => {
                    workspace.store.entry(&workspace.key, hit.layer, &hit.kind, &hit.key).await.map_err(reading::store_failure)?
                }
                Detail::Names | Detail::Summary => None,
            };
            let mut line = reading::to_value(hit)?;
            if let Some(entry) = entry {
                line["entry"] = reading::to_value(entry)?;
            }
            shown.push(line);
        }
        let next = more.then(|| pages::token(LIST, &(begin + args.limit).to_string()));
        Ok(json!({"hits": shown, "next": next}))
    }
}

fn hit() -> Value {
    json!({
        "type": "object",
        "required": ["kind", "key"],
        "properties": {
            "layer": {"type": "string"}, "kind": {"type": "string"}, "key": {"type": "string"},
            "snippet": {"type": "string", "description": "The text around the first word that was found."},
            "score": {"type": "number", "description": "How well it fits; of use only to compare hits of one search."},
            "confidence": {"type": "number"}, "status": {"type": "string"},
            "entry": schema::entry()
        }
    })
}
