//! `catalog_verify`: runs the checks of findings again, against the database as it is now; of one finding, or of all in turn.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Sight, Spec, Tool};
use super::verifying::{self, Verified};
use super::{bounds, claiming, paging, reading, schema};
use crate::domain::Layer;
use crate::store::{EntryFilter, Page, clock};

pub struct CatalogVerify;

/// After so long a call begins no further check; the answer says where to go on.
const CALL_TIME: Duration = Duration::from_secs(4);
/// Nor with so many bytes said: results have a bound, and what was done must be told.
const CALL_BYTES: usize = 8 * 1024;

#[derive(Deserialize)]
struct Args {
    kind: Option<String>,
    key: Option<String>,
    limit: usize,
    after: Option<String>,
}

#[async_trait]
impl Tool for CatalogVerify {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_verify",
            description: "Runs the check of a finding again, against the database as it is now: the stored count of a reference, the SQL of a metric or a question template. The answer says what was claimed, what came out and what changed: what the data refutes becomes refuted, and what was stale and is checked is so no more. Without `key`: findings in order, as many as there is time for; `next` in the answer is the `after` of the call that goes on.",
            args: schema::object(
                json!({
                    "key": schema::text("Key of the finding: `rel/…`, `metric/…`, `question_template/…`, as `catalog_list` shows it."),
                    "kind": schema::text("Kind of the finding, where its key does not begin with it; without `key`: only findings of this kind."),
                    "limit": schema::integer(1, 200, 50, "Findings to look at without `key`."),
                    "after": paging::after()
                }),
                &[],
            ),
            output: schema::result(json!({
                "at": {"type": "integer", "description": "Milliseconds since 1970."},
                "items": schema::list(verified_schema()),
                "nothing_to_check": {"type": "integer", "description": "Findings without a check, which are not listed."},
                "next": paging::next()
            })),
            example: json!({"kind": "relationship", "limit": 20}),
            effect: Effect::Record,
            aliases: &["catalog.verify"],
        }
    }

    fn sight(&self) -> Sight {
        Sight::Fresh
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let Args { kind, key, limit, after } = reading::parsed(args)?;
        match key {
            Some(key) => one(call, kind.as_deref().unwrap_or_default(), &key).await,
            None => in_turn(call, kind, limit, after).await,
        }
    }
}

async fn one(Call { workspace, .. }: Call<'_>, kind: &str, key: &str) -> Result<Value, Failure> {
    let (kind, key) = claiming::one_name(workspace, kind, key)?;
    let entry = workspace.store.entry(&workspace.key, Layer::Finding, &kind, &key).await.map_err(reading::store_failure)?;
    let missing = || Failure::Mendable(format!("there is no finding `{key}` of kind `{kind}`; `catalog_list` shows the keys there are"));
    let at = clock::now();
    let verified = verifying::entry(workspace, entry.ok_or_else(missing)?, at).await?;
    let items: Vec<Value> = verified.into_iter().map(|verified| verified.shown).collect();
    Ok(json!({"at": at, "items": items, "nothing_to_check": 0, "next": null}))
}

/// One finding a page of the catalog, so that `next` is exact wherever time ends it.
async fn in_turn(Call { workspace, .. }: Call<'_>, kind: Option<String>, limit: usize, after: Option<String>) -> Result<Value, Failure> {
    let (begun, at) = (Instant::now(), clock::now());
    let filter = EntryFilter { layer: Some(Layer::Finding), kind, ..EntryFilter::default() };
    let mut page = Page { limit: 1, after };
    let (mut items, mut bytes, mut nothing_to_check) = (Vec::new(), 0, 0);
    for _ in 0..limit {
        let found = workspace.store.entries(&workspace.key, &filter, &page).await.map_err(reading::store_failure)?;
        for entry in found.items {
            for Verified { shown, has_nothing_to_check } in verifying::entry(workspace, entry, at).await? {
                if has_nothing_to_check {
                    nothing_to_check += 1;
                } else {
                    bytes += bounds::size(&shown);
                    items.push(shown);
                }
            }
        }
        page.after = found.next;
        if page.after.is_none() || begun.elapsed() >= CALL_TIME || bytes >= CALL_BYTES {
            break;
        }
    }
    Ok(json!({"at": at, "items": items, "nothing_to_check": nothing_to_check, "next": page.after}))
}

fn verified_schema() -> Value {
    let check =
        schema::open("How it was checked: `sql` in the `dialect` of the source, its `result`, and the `reason` that follows from it.");
    let stands = schema::result(json!({"status": {"type": "string"}, "confidence": {"type": "number"}}));
    let mut stood = stands.clone();
    stood["properties"]["result"] = schema::open("What the check saw then.");
    schema::result(json!({
        "kind": {"type": "string"}, "key": {"type": "string"}, "author": {"type": "string"},
        "says": {"type": "string", "description": "What is claimed."},
        "outcome": {"type": "string", "enum": ["holds", "doubtful", "refuted", "unchecked"]},
        "why": {"type": "string", "description": "Why nothing was settled, or written."},
        "before": stood, "check": check, "after": stands,
        "changed": {"type": "boolean", "description": "Whether status or confidence are others than before."}
    }))
}
