//! `catalog_list`: entries of the catalog in order, by pages.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};
use crate::domain::Entry;
use crate::store::{EntryFilter, Page};

pub struct CatalogList;

#[derive(Deserialize)]
struct Args {
    kind: Option<String>,
    prefix: Option<String>,
    limit: usize,
    after: Option<String>,
}

#[async_trait]
impl Tool for CatalogList {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_list",
            description: "Lists entries of the catalog in order of layer, kind and key, without their documents; `catalog_get` shows one in full. `next` in the answer is the `after` of the next page.",
            args: schema::object(
                json!({
                    "kind": schema::text("Only entries of this kind: table, view, column, relationship, domain, metric, question_template, summary, note, hypothesis, …"),
                    "prefix": schema::text("Only entries that belong to this schema or table: `main` or `main.orders`."),
                    "limit": schema::integer(1, 200, 50, "Entries on one page."),
                    "after": schema::text("The `next` of the page before.")
                }),
                &[],
            ),
            output: schema::result(json!({"entries": schema::list(schema::entry()), "next": {"type": ["string", "null"]}})),
            example: json!({"kind": "relationship", "prefix": "main.orders"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let filter = EntryFilter { kind: args.kind, prefix: args.prefix, ..EntryFilter::default() };
        let page = Page { limit: args.limit, after: args.after };
        let found = workspace.store.entries(&workspace.key, &filter, &page).await.map_err(reading::store_failure)?;
        Ok(json!({"entries": found.items.iter().map(line).collect::<Vec<_>>(), "next": found.next}))
    }
}

fn line(entry: &Entry) -> Value {
    json!({
        "layer": entry.claim.layer,
        "kind": entry.claim.kind,
        "key": entry.claim.key,
        "confidence": entry.claim.confidence,
        "status": entry.claim.status,
        "tags": entry.claim.tags,
    })
}
