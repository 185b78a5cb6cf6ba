//! `catalog_get_object`: one object with all that is known of it: harvest, profile, findings, relationships.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::brief::Detail;
use super::objects::{self, Object};
use super::port::{Call, Effect, Failure, Spec, Tool};
use super::workspace::Workspace;
use super::{brief, describe_table, reading, relationships, schema};
use crate::domain::{Entry, Layer};
use crate::store::{EntryFilter, Page};

/// Findings that are shown; `catalog_list` pages through all.
const MOST_FINDINGS: usize = 50;
/// How long a short answer waits for the survey of the data, which goes on meanwhile.
const SURVEY_WAIT: Duration = Duration::from_secs(3);

pub struct CatalogGetObject;

#[derive(Deserialize)]
struct Args {
    #[serde(alias = "object_key")]
    key: Option<String>,
    #[serde(alias = "schema_name")]
    schema: Option<String>,
    #[serde(alias = "object_name")]
    name: Option<String>,
    #[serde(rename = "type", alias = "object_type")]
    kind: Option<String>,
    include_definition: bool,
    include_profiles: bool,
    detail: Detail,
}

#[async_trait]
impl Tool for CatalogGetObject {
    fn spec(&self) -> Spec {
        let kind = |description: &str| json!({"type": "string", "enum": objects::TYPES, "description": description});
        Spec {
            name: "catalog_get_object",
            description: "Shows one object with all that is known of it: columns, keys, indexes, checks, triggers, definition, rows and size; the profile of its rows where one was made; findings about it with confidence, status and evidence; and its relationships without guesses. Named by key, or by schema, name and type.",
            args: schema::object(
                json!({
                    "key": schema::text("Key of the object: `table/main.orders`, `view/…`, `routine/public.f(integer)`, `sequence/…`, `col/main.orders.total`."),
                    "object_key": schema::text("Another name of `key`."),
                    "schema": schema::schema_name(),
                    "schema_name": schema::text("Another name of `schema`."),
                    "name": schema::text("Name of the object, in place of its key."),
                    "object_name": schema::text("Another name of `name`."),
                    "type": kind("Its type, where several objects have the name."),
                    "object_type": kind("Another name of `type`."),
                    "detail": schema::one_of(&["names", "summary", "full"], "full", "How much: names of columns and of what it joins; a line a column, a relationship and a finding; or everything."),
                    "include_definition": schema::flag(true, "Whether definitions (of views, routines, triggers) are shown."),
                    "include_profiles": schema::flag(true, "Whether the profile of its rows is shown, where one was made.")
                }),
                &[],
            ),
            output: schema::result(json!({
                "key": {"type": "string"}, "type": {"type": "string"}, "schema": {"type": "string"}, "name": {"type": "string"},
                "object": schema::open("What the harvest says of it; of a table or view, as `describe_table` does."),
                "profile": {
                    "type": ["object", "null"],
                    "description": "The profile of its rows; null where none was made or wanted.",
                    "properties": {
                        "document": schema::open("As `table_profile` answers it."),
                        "at": {"type": "integer", "description": "Milliseconds since 1970."},
                        "stale": {"type": ["object", "null"], "description": "The change of the table since, where there was one.", "additionalProperties": {}}
                    }
                },
                "findings": {"type": "array", "items": finding_schema()},
                "more_findings": {"type": "boolean", "description": "Whether there are more; `catalog_list` shows all."},
                "relationships": {"type": "array", "items": relationships::line_schema()}
            })),
            example: json!({"schema": "main", "name": "orders"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let object = match (&args.key, &args.name) {
            (Some(key), _) => objects::of_key(&workspace.snapshot, key)?,
            (None, Some(name)) => objects::named(workspace, args.schema.as_deref(), name, args.kind.as_deref())?,
            (None, None) => return Err(Failure::Mendable("`key` or `name` is needed: `table/main.orders`, or `orders`".to_owned())),
        };
        let is_full = args.detail == Detail::Full;
        let harvested = match (object, args.detail) {
            (Object::Table(table), Detail::Names) => brief::names(table),
            (Object::Table(table), Detail::Summary) => brief::summary(table),
            _ => {
                let mut harvested = harvested(object)?;
                if !args.include_definition {
                    without_definitions(&mut harvested);
                }
                harvested
            }
        };
        let profile = if args.include_profiles && is_full { profile(workspace, object).await? } else { Value::Null };
        let (findings, more) = findings(workspace, object).await?;
        let related = match object {
            // Whoever wants the gist wants the joins too that nobody declared, where they are known by now.
            Object::Table(table) if !is_full => match tokio::time::timeout(SURVEY_WAIT, relationships::of(workspace, table, true)).await {
                Ok(related) => related?,
                Err(_) => relationships::of(workspace, table, false).await?,
            },
            Object::Table(table) => relationships::of(workspace, table, false).await?,
            _ => Vec::new(),
        };
        let path = object.path();
        Ok(json!({
            "key": object.key(),
            "type": object.kind(),
            "schema": object.schema(),
            "name": object.name(),
            "object": harvested,
            "profile": profile,
            "findings": findings.iter().map(|entry| if is_full { finding(entry) } else { brief::finding(entry) }).collect::<Vec<_>>(),
            "more_findings": more,
            "relationships": related.iter().map(|one| if is_full { one.line(&path) } else { brief::relationship(one, &path) }).collect::<Vec<_>>(),
        }))
    }
}

fn harvested(object: Object<'_>) -> Result<Value, Failure> {
    match object {
        Object::Table(table) => Ok(describe_table::described(table)),
        Object::Column(table, column) => {
            let mut line = describe_table::column_line(column);
            line["table"] = json!(table.full_name());
            line["in_primary_key"] = json!(table.primary_key.contains(&column.name));
            Ok(line)
        }
        Object::Routine(routine) => reading::to_value(routine),
        Object::Sequence(sequence) => reading::to_value(sequence),
    }
}

fn without_definitions(object: &mut Value) {
    if let Some(members) = object.as_object_mut() {
        members.remove("definition");
    }
    for trigger in object["triggers"].as_array_mut().into_iter().flatten() {
        without_definitions(trigger);
    }
}

/// What was computed from the rows of the table, or of the column's table.
async fn profile(workspace: &Workspace, object: Object<'_>) -> Result<Value, Failure> {
    let (Object::Table(table) | Object::Column(table, _)) = object else { return Ok(Value::Null) };
    let key = format!("profile/{}", table.full_name());
    let found = workspace.store.entry(&workspace.key, Layer::Harvest, "profile", &key).await.map_err(reading::store_failure)?;
    let Some(Entry { claim, stale, at, .. }) = found else { return Ok(Value::Null) };
    Ok(json!({"document": claim.document, "at": at, "stale": stale}))
}

/// Findings whose key is about the object or what is in it, and findings that link to it.
async fn findings(workspace: &Workspace, object: Object<'_>) -> Result<(Vec<Entry>, bool), Failure> {
    let about = EntryFilter { layer: Some(Layer::Finding), prefix: Some(object.path()), ..EntryFilter::default() };
    let linked = EntryFilter { layer: Some(Layer::Finding), link: Some(object.key()), ..EntryFilter::default() };
    let (mut found, mut more): (Vec<Entry>, bool) = (Vec::new(), false);
    for filter in [about, linked] {
        let page = Page { limit: MOST_FINDINGS, after: None };
        let part = workspace.store.entries(&workspace.key, &filter, &page).await.map_err(reading::store_failure)?;
        more |= part.next.is_some();
        for entry in part.items {
            if !found.iter().any(|known| known.claim.kind == entry.claim.kind && known.claim.key == entry.claim.key) {
                found.push(entry);
            }
        }
    }
    // Relationships have a place of their own.
    found.retain(|entry| entry.claim.kind != "relationship" || !matches!(object, Object::Table(_)));
    more |= found.len() > MOST_FINDINGS;
    found.truncate(MOST_FINDINGS);
    Ok((found, more))
}

fn finding(entry: &Entry) -> Value {
    let claim = &entry.claim;
    json!({
        "kind": claim.kind,
        "key": claim.key,
        "document": claim.document,
        "confidence": claim.confidence,
        "status": claim.status,
        "evidence": claim.evidence,
        "author": claim.provenance.author,
        "competing": entry.competing,
    })
}

fn finding_schema() -> Value {
    json!({
        "type": "object",
        "required": ["kind", "key", "confidence", "status"],
        "properties": {
            "kind": {"type": "string"}, "key": {"type": "string"}, "document": {}, "confidence": {"type": "number"},
            "status": {"type": "string"}, "evidence": {"type": "array", "items": {"type": "string"}}, "author": {"type": "string"},
            "competing": {"type": "integer", "description": "How many others claim something else."}
        }
    })
}
