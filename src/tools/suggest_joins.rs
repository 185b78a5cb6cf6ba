//! `suggest_joins`: how tables can be joined, declared references first.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::workspace::Workspace;
use super::{reading, schema};
use crate::domain::Table;
use crate::evidence::{self, JoinSuggestion};

pub struct SuggestJoins;

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table_a: String,
    table_b: Option<String>,
    max_candidates: usize,
}

#[async_trait]
impl Tool for SuggestJoins {
    fn spec(&self) -> Spec {
        Spec {
            name: "suggest_joins",
            description: "Suggests how a table can be joined with another, or with any other: declared foreign keys first (score 1), then references that the data of both tables and their names tell, with the signals behind each. `find_reference_candidates` shows what else a column could refer to and counts the rows that break it.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "table_a": schema::table_name(),
                    "table_b": schema::text("The other table; any where left out."),
                    "max_candidates": schema::integer(1, 50, 5, "Suggestions to return.")
                }),
                &["table_a"],
            ),
            output: schema::result(json!({"table": {"type": "string"}, "joins": schema::list(schema::result(members()))})),
            example: json!({"schema": "main", "table_a": "orders", "table_b": "customers"}),
            effect: Effect::Read,
            aliases: &["joins.suggest"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table_a)?;
        let other = args.table_b.as_deref().map(|name| reading::table(workspace, args.schema.as_deref(), name)).transpose()?;
        let survey = workspace.surveys.of(workspace).await?;
        let other = other.map(Table::full_name);
        let joins = evidence::suggest_joins(survey.references(), &table.full_name(), other.as_deref(), args.max_candidates);
        let lines: Vec<Value> = joins.iter().map(|join| line(workspace, join)).collect();
        Ok(json!({"table": table.full_name(), "joins": lines}))
    }
}

/// The members of [`line`].
pub fn members() -> Value {
    json!({
        "from": {"type": "string"}, "from_columns": schema::names(), "to": {"type": "string"}, "to_columns": schema::names(),
        "on": {"type": "string"}, "score": {"type": "number"}, "declared": {"type": "boolean"}, "signals": schema::names()
    })
}

/// A join as models and people read it.
pub fn line(workspace: &Workspace, join: &JoinSuggestion) -> Value {
    let (from, to) = (join.from.as_str(), join.to.as_str());
    let spelt = |table: &str, column: &str| {
        format!("{}.{}", reading::spelt_table(workspace, table), reading::spelt(workspace.source.dialect(), column))
    };
    let pairs = join.from_columns.iter().zip(&join.to_columns);
    let on = pairs.map(|(left, right)| format!("{} = {}", spelt(from, left), spelt(to, right))).collect::<Vec<_>>().join(" and ");
    json!({
        "from": from,
        "from_columns": join.from_columns,
        "to": to,
        "to_columns": join.to_columns,
        "on": on,
        "score": join.score,
        "declared": join.declared,
        "signals": join.signals.iter().map(|signal| signal.says.as_str()).collect::<Vec<_>>(),
    })
}
