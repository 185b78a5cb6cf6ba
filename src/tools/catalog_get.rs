//! `catalog_get`: one entry of the catalog in full, as it is or as it was, with what stands beside it.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::filter;
use super::port::{Call, Effect, Failure, Spec, Tool};
use super::workspace::Workspace;
use super::{paging, reading, schema};
use crate::domain::{Entry, Layer};
use crate::store::Page;

pub struct CatalogGet;

#[derive(Deserialize)]
struct Args {
    kind: String,
    key: String,
    history: bool,
    claims: bool,
    as_of: Option<String>,
    limit: usize,
    after: Option<String>,
}

#[async_trait]
impl Tool for CatalogGet {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_get",
            description: "Shows one entry of the catalog in full: document, confidence, status, evidence and where it comes from. A finding and a harvested entry of the same key are both shown. On request also with the claims of others that do not stand, with its history (who claimed what and when), or as it was at the end of a run.",
            args: schema::object(
                json!({
                    "kind": schema::text("Kind of the entry, as `catalog_list` shows it."),
                    "key": schema::text("Key of the entry: `table/main.orders`, `col/main.orders.total`, `rel/…`."),
                    "claims": schema::flag(false, "Whether the claims of other authors that do not stand are shown too, the most certain first."),
                    "history": schema::flag(false, "Whether its changes are shown too, newest first."),
                    "as_of": filter::as_of(),
                    "limit": schema::integer(1, 200, 20, "Changes of the history on one page."),
                    "after": schema::text("The `next` of the history before, to read on.")
                }),
                &["kind", "key"],
            ),
            output: schema::result(json!({"entries": {"type": "array", "items": shown_schema()}})),
            example: json!({"kind": "table", "key": "table/main.orders"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let moment = filter::moment(workspace, args.as_of.as_deref()).await?;
        let mut entries = Vec::new();
        for layer in [Layer::Finding, Layer::Harvest] {
            let (store, key) = (&workspace.store, &workspace.key);
            let entry = match moment {
                Some(at) => store.entry_as_of(key, layer, &args.kind, &args.key, at).await,
                None => store.entry(key, layer, &args.kind, &args.key).await,
            };
            if let Some(entry) = entry.map_err(reading::store_failure)? {
                entries.push(shown(workspace, &args, &entry).await?);
            }
        }
        if entries.is_empty() {
            let (kind, key) = (&args.kind, &args.key);
            let then = args.as_of.map(|run| format!(" at the end of `{run}`")).unwrap_or_default();
            return Err(Failure::Mendable(format!(
                "there is no entry `{key}` of kind `{kind}`{then}; `catalog_list` shows the keys there are"
            )));
        }
        Ok(json!({ "entries": entries }))
    }
}

async fn shown(workspace: &Workspace, args: &Args, entry: &Entry) -> Result<Value, Failure> {
    let (store, source, layer) = (&workspace.store, &workspace.key, entry.claim.layer);
    let mut shown = reading::to_value(entry)?;
    if args.claims {
        let rivals = store.rivals(source, layer, &args.kind, &args.key).await.map_err(reading::store_failure)?;
        shown["claims"] = reading::to_value(rivals)?;
    }
    if args.history {
        let page = Page { limit: args.limit, after: args.after.clone() };
        let found = store.history(source, layer, &args.kind, &args.key, &page).await.map_err(reading::store_failure)?;
        shown["history"] = json!({"changes": reading::to_value(found.items)?, "next": found.next});
    }
    Ok(shown)
}

fn shown_schema() -> Value {
    let mut entry = schema::entry();
    entry["properties"]["claims"] = json!({"type": "array", "items": schema::claim(), "description": "The claims that do not stand now."});
    let mut change = schema::claim();
    change["properties"]["revision"] = json!({"type": "integer"});
    change["properties"]["standing"] = json!({"type": "string", "description": "Whose claim stood after the change."});
    entry["properties"]["history"] =
        json!({"type": "object", "properties": {"changes": {"type": "array", "items": change}, "next": paging::next()}});
    entry
}
