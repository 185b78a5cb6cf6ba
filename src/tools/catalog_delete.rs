//! `catalog_delete`: the caller takes back what it claimed itself.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{claiming, reading, schema};

pub struct CatalogDelete;

#[derive(Deserialize)]
struct Args {
    kind: String,
    key: String,
}

#[async_trait]
impl Tool for CatalogDelete {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_delete",
            description: "Takes back what you claimed under a key. Claims of others and what the database itself says are not yours to delete. The history keeps it.",
            args: schema::object(
                json!({"kind": schema::text("Kind of the entry."), "key": schema::text("Key of the entry.")}),
                &["kind", "key"],
            ),
            output: schema::withdrawn(),
            example: json!({"kind": "note", "key": "note/orders.status"}),
            effect: Effect::Record,
            aliases: &["catalog.delete"],
        }
    }

    async fn call(&self, call: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        claiming::withdraw(call, &args.kind, &args.key).await
    }
}
