//! `find_join_path`: how to get from one table to another.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::suggest_joins::{line, members};
use super::workspace::Workspace;
use super::{reading, schema};
use crate::domain::{EntryStatus, Layer};
use crate::evidence::{JoinSuggestion, join_path};
use crate::store::{EntryFilter, Page};

/// Findings that are looked at.
const FINDINGS: usize = 200;

pub struct FindJoinPath;

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    from: String,
    to: String,
}

#[async_trait]
impl Tool for FindJoinPath {
    fn spec(&self) -> Spec {
        Spec {
            name: "find_join_path",
            description: "Finds the way from one table to another over references: declared ones, and those that the data and names of the tables tell. Each join comes with its condition, its confidence, whether it multiplies rows, and other references between the same two tables; `sql` is the `from` clause.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "from": schema::table_name(),
                    "to": schema::table_name()
                }),
                &["from", "to"],
            ),
            output: schema::result(json!({
                "path": {"type": ["array", "null"], "items": step_schema()},
                "sql": {"type": ["string", "null"]},
                "fans_out": {"type": "boolean"},
                "says": {"type": "string"}
            })),
            example: json!({"schema": "main", "from": "order_items", "to": "customers"}),
            effect: Effect::Read,
            aliases: &["joins.path"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let from = reading::table(workspace, args.schema.as_deref(), &args.from)?.full_name();
        let to = reading::table(workspace, args.schema.as_deref(), &args.to)?.full_name();
        let joins = joins_of(workspace).await?;
        let Some(steps) = join_path(&joins, &from, &to) else {
            return Ok(
                json!({"path": null, "sql": null, "fans_out": false, "says": format!("no reference leads from `{from}` to `{to}`")}),
            );
        };
        let mut sql = format!("from {}", reading::spelt_table(workspace, &from));
        for step in &steps {
            sql.push_str(&format!(
                " join {} on {}",
                reading::spelt_table(workspace, &step.to),
                line(workspace, &step.join)["on"].as_str().unwrap_or_default()
            ));
        }
        let path: Vec<Value> = steps
            .iter()
            .map(|step| {
                let mut shown = line(workspace, &step.join);
                shown["joins"] = Value::from(step.to.as_str());
                shown["fans_out"] = Value::from(step.fans_out);
                if !step.others.is_empty() {
                    shown["others"] = Value::from(step.others.iter().map(|other| line(workspace, other)["on"].clone()).collect::<Vec<_>>());
                }
                shown
            })
            .collect();
        Ok(json!({"path": path, "sql": sql, "fans_out": steps.iter().any(|step| step.fans_out)}))
    }
}

fn step_schema() -> Value {
    let mut members = members();
    members["joins"] = json!({"type": "string"});
    members["fans_out"] = json!({"type": "boolean"});
    members["others"] = schema::names();
    schema::result(members)
}

/// What is declared, and what is not and may be: as sure as the catalog is of it.
async fn joins_of(workspace: &Workspace) -> Result<Vec<JoinSuggestion>, Failure> {
    let survey = workspace.surveys.of(workspace).await?;
    let mut joins: Vec<JoinSuggestion> = survey.references().map(JoinSuggestion::of).collect();
    let filter = EntryFilter { layer: Some(Layer::Finding), kind: Some("relationship".to_owned()), ..EntryFilter::default() };
    let mut page = Page { limit: FINDINGS, after: None };
    loop {
        let found = workspace.store.entries(&workspace.key, &filter, &page).await.map_err(reading::store_failure)?;
        for entry in &found.items {
            let claim = &entry.claim;
            if let Some(at) = joins.iter().position(|join| !join.declared && join.key() == claim.key) {
                if matches!(claim.status, EntryStatus::Refuted | EntryStatus::Rejected) {
                    joins.remove(at);
                } else {
                    joins[at].score = claim.confidence.value();
                }
            }
        }
        page.after = found.next;
        if page.after.is_none() {
            return Ok(joins);
        }
    }
}
