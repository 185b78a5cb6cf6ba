//! `find_reference_candidates`: what a column may refer to, the best candidates checked against the data.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::settings::Settings;
use super::workspace::Workspace;
use super::{reading, schema};
use crate::domain::{Column, Rows, Table};
use crate::evidence::infer::InferredReference;

/// Candidates that are checked; each costs a query.
const CHECKED: usize = 5;

/// Violating values that are shown.
const SHOWN: usize = 5;

pub struct FindReferenceCandidates {
    settings: Settings,
}

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: String,
    column: String,
    max_tables: usize,
}

impl FindReferenceCandidates {
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone() }
    }

    /// Counts the values that are not among the other's. An answer of one row a value would be too long; the counts are enough.
    async fn check(&self, workspace: &Workspace, child: &Table, column: &Column, candidate: &InferredReference) -> Result<Value, Failure> {
        let Some(parent) = workspace.snapshot.table(&candidate.parent_schema, &candidate.parent_table) else {
            return Ok(json!({"checked": false, "why": "the table that is referred to does not exist"}));
        };
        let [key] = candidate.parent_columns.as_slice() else {
            return Ok(json!({"checked": false, "why": "several columns refer together; the relationship's own check counts them"}));
        };
        let Some(key) = parent.column(key) else {
            return Ok(json!({"checked": false, "why": "the column that is referred to does not exist"}));
        };
        let dialect = workspace.source.dialect();
        let comparable = dialect.compares(&column.r#type, &key.r#type);
        let plain = |name: &str| reading::quoted(dialect, name);
        // Digits kept as text equal the number only as text.
        let form = |name: &str| if comparable { plain(name) } else { dialect.as_text(&plain(name)) };
        let scanned = self.settings.scan_rows;
        let sql = format!(
            "select sum(n), sum(case when v in (select {key} from {parent} where {key_plain} is not null) then 0 else n end), count(*), \
             sum(case when v in (select {key} from {parent} where {key_plain} is not null) then 0 else 1 end) \
             from (select v, count(*) as n from (select {child_value} as v from {child} where {child_plain} is not null limit {scanned}) as s group by v) as d",
            key = form(&key.name),
            key_plain = plain(&key.name),
            parent = reading::quoted_table(dialect, parent),
            child_value = form(&column.name),
            child_plain = plain(&column.name),
            child = reading::quoted_table(dialect, child),
        );
        let counts = match reading::read(workspace, &sql, &self.settings.read_limits(1)).await {
            Ok(rows) => rows,
            Err(Failure::Mendable(why)) => return Ok(json!({"checked": false, "why": why})),
            Err(broken) => return Err(broken),
        };
        let figure = |at: usize| counts.rows.first().and_then(|row| row.get(at)).and_then(Value::as_u64).unwrap_or(0);
        let (rows, violating, values, violating_values) = (figure(0), figure(1), figure(2), figure(3));
        if rows == 0 {
            return Ok(json!({"checked": true, "rows": 0, "why": "the column holds no values, so the data cannot tell"}));
        }
        let exact = child.row_count.is_some_and(|count| count <= scanned);
        let mut answer = json!({
            "checked": true,
            "exact": exact,
            "rows": rows,
            "violating_rows": violating,
            "violating_share": violating as f64 / rows as f64,
            "distinct_values": values,
            "distinct_violating": violating_values,
        });
        if let Some(parent_rows) = parent.row_count.filter(|count| *count > 0) {
            answer["covered_share_of_target"] = json!((values - violating_values) as f64 / parent_rows as f64);
        }
        if violating > 0 {
            let sql = format!(
                "select distinct {child_value} as v from {child} where {child_plain} is not null \
                 and {child_value} not in (select {key} from {parent} where {key_plain} is not null) limit {SHOWN}",
                key = form(&key.name),
                key_plain = plain(&key.name),
                parent = reading::quoted_table(dialect, parent),
                child_value = form(&column.name),
                child_plain = plain(&column.name),
                child = reading::quoted_table(dialect, child),
            );
            if let Ok(Rows { rows, .. }) = reading::read(workspace, &sql, &self.settings.read_limits(SHOWN)).await {
                answer["violating_values"] = rows.into_iter().flatten().collect();
            }
        }
        Ok(answer)
    }
}

/// What was found in the data.
fn check_schema() -> Value {
    schema::result(json!({
        "checked": {"type": "boolean"}, "why": {"type": "string"}, "exact": {"type": "boolean"}, "rows": {"type": "integer"},
        "violating_rows": {"type": "integer"}, "violating_share": {"type": "number"}, "distinct_values": {"type": "integer"},
        "distinct_violating": {"type": "integer"}, "covered_share_of_target": {"type": "number"}, "violating_values": schema::list(json!({}))
    }))
}

#[async_trait]
impl Tool for FindReferenceCandidates {
    fn spec(&self) -> Spec {
        Spec {
            name: "find_reference_candidates",
            description: "Finds what a column may refer to: every candidate that was weighed over the data and names of all tables, those that stand first, with the signals behind each score and why the others are rejected; the best five are counted out, and the share of violating rows is reported. A share of 0 with few distinct values proves little.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "table": schema::table_name(),
                    "column": schema::text("The column that may refer to another table."),
                    "max_tables": schema::integer(1, 200, 50, "Candidates to return.")
                }),
                &["table", "column"],
            ),
            output: schema::result(json!({
                "table": {"type": "string"}, "column": {"type": "string"},
                "candidates": schema::list(schema::result(json!({
                    "schema": {"type": "string"}, "table": {"type": "string"}, "column": {"type": "string"}, "score": {"type": "number"},
                    "declared": {"type": "boolean"}, "signals": schema::names(), "check": check_schema(), "rejected": {"type": "string"},
                    "together": schema::result(json!({"columns": schema::names(), "to_columns": schema::names()}))
                })))
            })),
            example: json!({"schema": "main", "table": "orders", "column": "customer_id"}),
            effect: Effect::Read,
            aliases: &["references.find"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table)?;
        let column = reading::column(table, &args.column)?;
        let survey = workspace.surveys.of(workspace).await?;
        let is_own = |reference: &&InferredReference| {
            reference.child_schema == table.schema && reference.child_table == table.name && reference.child_columns.contains(&column.name)
        };
        let mut candidates: Vec<&InferredReference> = survey.inference.references.iter().filter(is_own).collect();
        // What stands comes first; the sort keeps the order of places among equals.
        candidates.sort_by(|left, right| {
            (left.rejected.is_some(), right.confidence)
                .partial_cmp(&(right.rejected.is_some(), left.confidence))
                .expect("no confidence is NaN")
        });
        candidates.truncate(args.max_tables);
        let mut lines = Vec::with_capacity(candidates.len());
        for (place, candidate) in candidates.into_iter().enumerate() {
            let part = candidate.child_columns.iter().position(|name| *name == column.name).unwrap_or(0);
            let mut line = json!({
                "schema": candidate.parent_schema,
                "table": candidate.parent_table,
                "column": candidate.parent_columns[part],
                "score": if candidate.declared { 1.0 } else { candidate.confidence },
                "declared": candidate.declared,
                "signals": candidate.signals.iter().map(|signal| signal.says.as_str()).collect::<Vec<_>>(),
            });
            if candidate.child_columns.len() > 1 {
                line["together"] = json!({"columns": candidate.child_columns, "to_columns": candidate.parent_columns});
            }
            if let Some(why) = &candidate.rejected {
                line["rejected"] = json!(why);
            }
            if place < CHECKED {
                line["check"] = self.check(workspace, table, column, candidate).await?;
            }
            lines.push(line);
        }
        Ok(json!({"table": table.full_name(), "column": column.name, "candidates": lines}))
    }
}
