//! `catalog_upsert`: records a claim of the caller under a kind and a key.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{claiming, reading, schema};
use crate::claims::ProposedWrite;

pub struct CatalogUpsert;

#[derive(Deserialize)]
struct Args {
    kind: String,
    key: String,
    document: Value,
    #[serde(default)]
    tags: Value,
    #[serde(default)]
    links: Value,
    confidence: Option<f64>,
    #[serde(default)]
    evidence: Value,
    sql: Option<String>,
}

#[async_trait]
impl Tool for CatalogUpsert {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_upsert",
            description: "Records what you claim as an entry of the catalog. It is a proposal: references, metrics and question templates are checked against the data, evidence is looked up, and status and confidence in the answer follow from that (without evidence a draft of at most 0.5). A claim by somebody else that is more certain stands, with yours beside it.",
            args: schema::object(
                json!({
                    "kind": schema::text("table, column, relationship, domain, metric, question_template, summary, note, hypothesis, or a word of your own."),
                    "key": schema::text("What it is about: `table/main.orders`, `rel/main.orders.customer_id->main.customers.id`, `metric/revenue`."),
                    "document": {"type": ["object", "string"], "description": "What you claim. A metric and a question template have their query in `sql`, a question template may have `example_sql`."},
                    "tags": schema::texts("Words to find it by."),
                    "links": schema::texts("Keys of entries that it belongs to."),
                    "confidence": schema::share("How sure you are; bounded by the evidence."),
                    "evidence": schema::cited(),
                    "sql": schema::proof()
                }),
                &["kind", "key", "document"],
            ),
            output: schema::claimed(),
            example: json!({"kind": "note", "key": "note/orders.status", "document": {"text": "status S means shipped"}, "evidence": ["col/main.orders.status"], "confidence": 0.7}),
            effect: Effect::Record,
            aliases: &["catalog.upsert"],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let mut document = match args.document {
            Value::Object(members) => members,
            // ProxySQL's clients send the document as JSON text.
            Value::String(text) => serde_json::from_str(&text).unwrap_or_else(|_| Map::from_iter([("text".to_owned(), json!(text))])),
            other => Map::from_iter([("text".to_owned(), other)]),
        };
        // Only `catalog_merge` says so.
        document.remove("merged");
        claiming::sure(&mut document, args.confidence);
        if !args.evidence.is_null() {
            document.insert("evidence".to_owned(), json!(claiming::citations(Some(&args.evidence))));
        }
        let write = ProposedWrite {
            kind: args.kind,
            key: args.key,
            document: Value::Object(document),
            tags: schema::texts_in(&args.tags),
            links: schema::texts_in(&args.links),
        };
        claiming::claim(call, write, args.sql.as_deref()).await
    }
}
