//! `catalog_list`: entries of the catalog in order, by pages, as they are or as they were.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::filter::{self, Filter, with_filters};
use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{paging, reading, schema};
use crate::domain::Entry;
use crate::store::Page;

pub struct CatalogList;

#[derive(Deserialize)]
struct Args {
    limit: usize,
    after: Option<String>,
    as_of: Option<String>,
    #[serde(flatten)]
    filter: Filter,
}

#[async_trait]
impl Tool for CatalogList {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_list",
            description: "Lists entries of the catalog in order of layer, kind and key, without their documents; `catalog_get` shows one in full. `next` in the answer is the `after` of the next page.",
            args: schema::object(
                with_filters(json!({
                    "limit": schema::integer(1, 200, 50, "Entries on one page."),
                    "after": paging::after(),
                    "as_of": filter::as_of()
                })),
                &[],
            ),
            output: schema::result(json!({"entries": {"type": "array", "items": line_schema()}, "next": paging::next()})),
            example: json!({"kind": "relationship", "schema": "main.orders"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let page = Page { limit: args.limit, after: args.after };
        let (store, filter) = (&workspace.store, args.filter.entries());
        let found = match filter::moment(workspace, args.as_of.as_deref()).await? {
            Some(at) => store.entries_as_of(&workspace.key, &filter, at, &page).await,
            None => store.entries(&workspace.key, &filter, &page).await,
        };
        let found = found.map_err(reading::store_failure)?;
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

fn line_schema() -> Value {
    json!({
        "type": "object",
        "required": ["layer", "kind", "key", "confidence", "status", "tags"],
        "properties": {
            "layer": {"type": "string"}, "kind": {"type": "string"}, "key": {"type": "string"}, "confidence": {"type": "number"},
            "status": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}
        }
    })
}
