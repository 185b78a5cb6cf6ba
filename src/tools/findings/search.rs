//! `llm.search`: findings by their words, templates with their SQL, and on wish the objects that they need, in one call.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{accepted, shapes};
use crate::domain::{Entry, Layer, Table};
use crate::store::{EntryFilter, Page};
use crate::tools::port::{Call, Effect, Failure, Spec, Tool};
use crate::tools::{Workspace, reading, schema};

const OBJECTS: usize = 20;

pub struct Search;

#[derive(Deserialize)]
struct Args {
    query: Option<String>,
    kind: Option<String>,
    limit: usize,
    include_objects: bool,
}

#[async_trait]
impl Tool for Search {
    fn spec(&self) -> Spec {
        let mut properties = Map::from_iter([
            (
                "query".to_owned(),
                json!({"type": "string", "maxLength": 4000, "description": "Words to look for; any text. Without them, the question templates are listed."}),
            ),
            (
                "kind".to_owned(),
                schema::text("Only findings of this kind: summary, relationship, domain, metric, question_template, note, …"),
            ),
            ("limit".to_owned(), schema::integer(1, 50, 10, "Findings to return.")),
            (
                "include_objects".to_owned(),
                json!({"type": "boolean", "default": false, "description": "Also shows the tables and views that the found ones need: columns, types, keys, references. Only with a query."}),
            ),
        ]);
        accepted(&mut properties);
        Spec {
            name: "llm.search",
            description: "Searches what was found out, best first: summaries, relationships, domains, metrics, notes, and question templates with their `example_sql`. With `include_objects`, one call gives a template and the tables to write a query with.",
            args: schema::object(Value::Object(properties), &[]),
            output: schema::result(json!({
                "items": schema::list(schema::result(json!({
                    "kind": {"type": "string"}, "key": {"type": "string"}, "score": {"type": ["number", "null"]}, "status": {"type": "string"},
                    "confidence": {"type": "number"}, "document": {}, "links": schema::names()
                }))),
                "objects": schema::list(schema::result(json!({
                    "key": {"type": "string"}, "kind": {"type": "string"}, "rows": {"type": ["integer", "null"]}, "primary_key": schema::names(),
                    "columns": schema::list(schema::result(json!({
                        "name": {"type": "string"}, "type": {"type": "string"}, "nullable": {"type": "boolean"}, "comment": {"type": ["string", "null"]}
                    }))),
                    "references": schema::list(schema::result(json!({
                        "columns": schema::names(), "table": {"type": "string"}, "to_columns": schema::names()
                    })))
                }))),
                "objects_left_out": {"type": "integer"}
            })),
            example: json!({"query": "orders by status", "include_objects": true}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let Args { query, kind, limit, include_objects } = reading::parsed(args)?;
        let query = query.filter(|query| !query.trim().is_empty());
        let (store, layer) = (&workspace.store, Some(Layer::Finding));
        let mut found: Vec<(Entry, Option<f64>)> = Vec::new();
        if let Some(query) = &query {
            let filter = EntryFilter { layer, kind, ..EntryFilter::default() };
            for hit in store.search(&workspace.key, query, &filter, limit).await.map_err(reading::store_failure)? {
                let entry = store.entry(&workspace.key, hit.layer, &hit.kind, &hit.key).await.map_err(reading::store_failure)?;
                found.extend(entry.map(|entry| (entry, Some(hit.score))));
            }
        } else {
            let filter = EntryFilter { layer, kind: kind.or_else(|| Some("question_template".to_owned())), ..EntryFilter::default() };
            let page = store.entries(&workspace.key, &filter, &Page { limit, after: None }).await.map_err(reading::store_failure)?;
            found.extend(page.items.into_iter().map(|entry| (entry, None)));
        }
        let mut answer = json!({"items": found.iter().map(|(entry, score)| item(entry, *score)).collect::<Vec<_>>()});
        if include_objects && query.is_some() {
            let needed: BTreeSet<String> = found.iter().flat_map(|(entry, _)| tables_of(workspace, entry)).collect();
            let tables = needed.iter().take(OBJECTS).filter_map(|name| shapes::table(workspace, name).ok());
            answer["objects"] = tables.map(object).collect();
            answer["objects_left_out"] = json!(needed.len().saturating_sub(OBJECTS));
        }
        Ok(answer)
    }
}

fn item(Entry { claim, .. }: &Entry, score: Option<f64>) -> Value {
    json!({
        "kind": claim.kind,
        "key": claim.key,
        "score": score,
        "status": claim.status,
        "confidence": claim.confidence,
        "document": claim.document,
        "links": claim.links,
    })
}

/// Tables that an entry links to, or whose columns it links to.
fn tables_of(workspace: &Workspace, Entry { claim, .. }: &Entry) -> Vec<String> {
    let keys = claim.links.iter().chain(std::iter::once(&claim.key));
    let named =
        keys.filter_map(|key| key.strip_prefix("table/").or_else(|| key.strip_prefix("col/")).or_else(|| key.strip_prefix("summary/")));
    named
        .filter_map(|name| match shapes::table(workspace, name) {
            Ok(table) => Some(table.full_name()),
            Err(_) => crate::claims::checks::key::split_table(&workspace.snapshot, name).map(|(table, _)| table.full_name()),
        })
        .collect()
}

fn object(table: &Table) -> Value {
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|column| json!({"name": column.name, "type": column.r#type, "nullable": column.nullable, "comment": column.comment}))
        .collect();
    let references: Vec<Value> = table
        .foreign_keys
        .iter()
        .map(|key| json!({"columns": key.columns, "table": format!("{}.{}", key.to_schema, key.to_table), "to_columns": key.to_columns}))
        .collect();
    json!({
        "key": format!("table/{}", table.full_name()),
        "kind": table.kind,
        "rows": table.row_count,
        "primary_key": table.primary_key,
        "columns": columns,
        "references": references,
    })
}
