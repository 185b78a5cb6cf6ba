//! `catalog_get_relationships`: what a table refers to and what refers to it, and from where that is known.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::objects::{self, Object};
use super::port::{Call, Effect, Failure, Spec, Tool};
use super::relationships::{self, Relationship};
use super::{paging, reading, schema};

pub struct CatalogGetRelationships;

#[derive(Deserialize)]
struct Args {
    #[serde(alias = "object_key")]
    key: Option<String>,
    #[serde(alias = "schema_name")]
    schema: Option<String>,
    table: Option<String>,
    direction: String,
    include_inferred: bool,
    min_confidence: f64,
    limit: usize,
    after: Option<String>,
}

#[async_trait]
impl Tool for CatalogGetRelationships {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_get_relationships",
            description: "Lists the relationships of a table or view, to it and from it: declared foreign keys, findings of experts with status and evidence, what views read, and guesses from names, types and keys where nobody has looked yet. Each says from where it is known. What was refuted is left out.",
            args: schema::object(
                json!({
                    "key": schema::text("Key of the table or view: `table/main.orders`."),
                    "object_key": schema::text("Another name of `key`."),
                    "schema": schema::schema_name(),
                    "schema_name": schema::text("Another name of `schema`."),
                    "table": schema::text("Name of the table or view, in place of its key."),
                    "direction": schema::one_of(&["both", "outgoing", "incoming"], "both", "Only those in which the table refers to others (`outgoing`), or others to it (`incoming`)."),
                    "include_inferred": schema::flag(true, "Whether guesses from metadata are listed too."),
                    "min_confidence": {"type": "number", "minimum": 0, "maximum": 1, "default": 0, "description": "Only those that are at least so certain; what is declared has 1."},
                    "limit": schema::integer(1, 200, 50, "Relationships on one page."),
                    "after": paging::after()
                }),
                &[],
            ),
            output: schema::result(json!({
                "key": {"type": "string"},
                "relationships": {"type": "array", "items": relationships::line_schema()},
                "count": {"type": "integer", "description": "On all pages."},
                "next": paging::next()
            })),
            example: json!({"key": "table/main.orders", "min_confidence": 0.5}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let object = match (&args.key, &args.table) {
            (Some(key), _) => objects::of_key(&workspace.snapshot, key)?,
            (None, Some(table)) => Object::Table(reading::table(workspace, args.schema.as_deref(), table)?),
            (None, None) => return Err(Failure::Mendable("`key` or `table` is needed: `table/main.orders`, or `orders`".to_owned())),
        };
        let Object::Table(table) = object else {
            return Err(Failure::Mendable(format!("`{}` is a {}; only tables and views have relationships", object.key(), object.kind())));
        };
        let name = table.full_name();
        let mut found = relationships::of(workspace, table, args.include_inferred).await?;
        found.retain(|one| {
            one.confidence >= args.min_confidence
                && match args.direction.as_str() {
                    "outgoing" => one.from == name,
                    "incoming" => one.to == name,
                    _ => true,
                }
        });
        // One key a source of knowledge: a declared reference may have a finding that says what it means.
        let order = |one: &Relationship| (one.from != name, one.knowledge.name().to_owned(), one.key.clone());
        found.sort_by_key(|one| order(one));
        found.dedup_by_key(|one| order(one));
        let page = paging::page("relationships", found, order, args.limit, args.after.as_deref())?;
        let lines: Vec<Value> = page.items.iter().map(|one| one.line(&name)).collect();
        Ok(json!({"key": object.key(), "relationships": lines, "count": page.count, "next": page.next}))
    }
}
