//! The filters that searches and lists of the catalog have in common, and the moment that an entry is read as of.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::port::Failure;
use super::workspace::Workspace;
use super::{reading, schema};
use crate::domain::{EntryStatus, Layer, RunId};
use crate::store::EntryFilter;

#[derive(Deserialize)]
pub struct Filter {
    #[serde(alias = "object_type")]
    kind: Option<String>,
    #[serde(alias = "prefix", alias = "schema_name")]
    schema: Option<String>,
    tag: Option<String>,
    min_confidence: Option<f64>,
    status: Option<EntryStatus>,
    layer: Option<Layer>,
}

impl Filter {
    pub fn entries(self) -> EntryFilter {
        EntryFilter {
            layer: self.layer,
            kind: self.kind,
            prefix: self.schema,
            tag: self.tag,
            run: None,
            min_confidence: self.min_confidence,
            status: self.status,
            link: None,
        }
    }
}

/// The arguments, added to those of a tool.
pub fn with_filters(properties: Value) -> Value {
    let statuses: Vec<&str> = EntryStatus::ALL.into_iter().map(EntryStatus::name).collect();
    let kind = "Only entries of this kind: table, view, column, profile, relationship, domain, metric, question_template, summary, note, hypothesis, …";
    let place = "Only entries that belong to this schema or table: `main` or `main.orders`.";
    let filters = json!({
        "kind": schema::text(kind),
        "object_type": schema::text("Another name of `kind`."),
        "schema": schema::text(place),
        "schema_name": schema::text("Another name of `schema`."),
        "prefix": schema::text("Another name of `schema`."),
        "tag": schema::text("Only entries that have this tag."),
        "min_confidence": {"type": "number", "minimum": 0, "maximum": 1, "description": "Only entries that are at least so certain; what is harvested has 1."},
        "status": {"type": "string", "enum": statuses, "description": "Only entries of this status. Stale is what the database has changed under since it was claimed."},
        "layer": {"type": "string", "enum": ["harvest", "finding"], "description": "Only what the database itself says (`harvest`), or only what was claimed about it (`finding`)."}
    });
    let mut all = members(properties);
    all.extend(members(filters));
    Value::Object(all)
}

pub fn as_of() -> Value {
    schema::text("A run, by its id: the catalog is shown as it was at that run's end (or is now, where the run goes on).")
}

/// The end of the run that the caller names.
pub async fn moment(workspace: &Workspace, run: Option<&str>) -> Result<Option<i64>, Failure> {
    let Some(name) = run else { return Ok(None) };
    let unknown = || Failure::Mendable(format!("there is no run `{name}` of `{}`; `as_of` is the id of a run, `run_…`", workspace.key));
    let id: RunId = name.parse().map_err(|_| unknown())?;
    let row = workspace.store.run(id).await.map_err(reading::store_failure)?.ok_or_else(unknown)?;
    // A run of another source says nothing about this catalog.
    if row.source.as_ref() != Some(&workspace.key) {
        return Err(unknown());
    }
    Ok(Some(row.updated_at))
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
