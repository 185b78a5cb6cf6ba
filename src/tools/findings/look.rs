//! Looking at the findings of one kind: in a list, and one in full.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Kind, accepted};
use crate::claims::text::snippet;
use crate::domain::{Entry, Layer};
use crate::store::{EntryFilter, Page};
use crate::tools::port::{Call, Effect, Failure, Spec, Tool};
use crate::tools::{claiming, reading, schema};

const SNIPPET: usize = 300;

pub struct List(pub(super) &'static Kind);
pub struct Get(pub(super) &'static Kind);

#[derive(Deserialize)]
struct ListArgs {
    prefix: Option<String>,
    tag: Option<String>,
    min_confidence: Option<f64>,
    limit: usize,
    after: Option<String>,
}

#[async_trait]
impl Tool for List {
    fn spec(&self) -> Spec {
        let mut properties = serde_json::Map::from_iter([
            ("prefix".to_owned(), schema::text("Only findings of this schema or table: `main` or `main.orders`.")),
            ("tag".to_owned(), schema::text("Only findings with this tag.")),
            ("min_confidence".to_owned(), schema::share("Only findings that are at least this sure.")),
            ("limit".to_owned(), schema::integer(1, 200, 50, "Findings on one page.")),
            ("after".to_owned(), schema::text("The `next` of the page before.")),
        ]);
        accepted(&mut properties);
        Spec {
            name: self.0.list,
            description: "Lists the findings of this kind in order of key, each with a line of what it says, its status, its confidence and its author. `next` in the answer is the `after` of the next page.",
            args: schema::object(Value::Object(properties), &[]),
            output: schema::result(json!({
                "items": schema::list(schema::result(json!({
                    "key": {"type": "string"}, "says": {"type": "string"}, "status": {"type": "string"}, "confidence": {"type": "number"},
                    "author": {"type": "string"}, "tags": schema::names(),
                    "competing": {"type": "integer", "description": "How many others claim something else."}
                }))),
                "next": {"type": ["string", "null"]}
            })),
            example: json!({"prefix": "main.orders", "limit": 20}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let ListArgs { prefix, tag, min_confidence, limit, after } = reading::parsed(args)?;
        let kind = Some(self.0.kind.to_owned());
        let filter = EntryFilter { layer: Some(Layer::Finding), kind, prefix, tag, min_confidence, ..EntryFilter::default() };
        let page = workspace.store.entries(&workspace.key, &filter, &Page { limit, after }).await.map_err(reading::store_failure)?;
        Ok(json!({"items": page.items.iter().map(line).collect::<Vec<_>>(), "next": page.next}))
    }
}

#[async_trait]
impl Tool for Get {
    fn spec(&self) -> Spec {
        let more =
            json!({"latest": {"type": "boolean", "description": "Accepted for clients that send it; the claim that stands is shown."}});
        Spec {
            name: self.0.get,
            description: "Shows one finding of this kind in full: what it says, evidence, status, confidence, where it comes from, and how many others claim something else.",
            args: schema::object(self.0.naming(more), &[]),
            output: schema::entry(),
            example: json!({"key": (self.0.shape)().key}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let key = self.0.key(args.as_object().unwrap_or(&serde_json::Map::new()))?;
        let (kind, key) = claiming::one_name(workspace, self.0.kind, &key)?;
        let entry = workspace.store.entry(&workspace.key, Layer::Finding, &kind, &key).await.map_err(reading::store_failure)?;
        let missing =
            || Failure::Mendable(format!("there is no finding `{key}` of kind `{kind}`; `{}` shows those there are", self.0.list));
        reading::to_value(entry.ok_or_else(missing)?)
    }
}

fn line(Entry { claim, competing, .. }: &Entry) -> Value {
    json!({
        "key": claim.key,
        "says": snippet(&claim.document, SNIPPET),
        "status": claim.status,
        "confidence": claim.confidence,
        "author": claim.provenance.author,
        "competing": competing,
        "tags": claim.tags,
    })
}
