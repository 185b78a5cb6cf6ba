//! `column_profile`: figures about one column and its most frequent values.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::settings::Settings;
use super::{reading, schema};
use crate::evidence::types;

pub struct ColumnProfile {
    settings: Settings,
}

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: String,
    column: String,
    max_top_values: usize,
}

impl ColumnProfile {
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone() }
    }
}

#[async_trait]
impl Tool for ColumnProfile {
    fn spec(&self) -> Spec {
        Spec {
            name: "column_profile",
            description: "Profiles one column: rows, NULLs, empty strings, distinct values, smallest, largest and mean value, shortest and longest text, and the most frequent values with their counts. Of a large table only the first rows are looked at, and the answer says so.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "table": schema::table_name(),
                    "column": schema::text("Name of the column."),
                    "max_top_values": schema::integer(0, 100, 20, "Frequent values to show.")
                }),
                &["table", "column"],
            ),
            output: schema::result(json!({
                "table": {"type": "string"}, "column": {"type": "string"}, "type": {"type": "string"}, "declared_type": {"type": "string"},
                "rows": {"type": "integer"}, "how": {"type": "string"}, "nulls": {"type": "integer"}, "distinct": {"type": "integer"},
                "empty": {"type": ["integer", "null"]}, "min": {}, "max": {}, "mean": {}, "min_length": {"type": ["integer", "null"]},
                "max_length": {"type": ["integer", "null"]},
                "top_values": schema::list(schema::result(json!({"value": {}, "count": {"type": "integer"}})))
            })),
            example: json!({"schema": "main", "table": "orders", "column": "status"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table)?;
        let column = reading::column(table, &args.column)?;
        let dialect = workspace.source.dialect();
        let scanned = self.settings.scan_rows;
        let kind = column.r#type.as_str();
        let is_text = matches!(kind, "text" | "other" | "json" | "blob");
        let from = format!(
            "(select {} as v from {} limit {scanned}) as s",
            dialect.groupable(&reading::quoted(dialect, &column.name), kind),
            reading::quoted_table(dialect, table)
        );
        let (least, most) = dialect.orderable("v", kind).map_or(none_twice(), |value| (format!("min({value})"), format!("max({value})")));
        let length = dialect.length("v", kind);
        let (shortest, longest) = if is_text { (format!("min({length})"), format!("max({length})")) } else { none_twice() };
        let mean = if types::is_numeric(kind) { dialect.mean("v", kind) } else { "null".to_owned() };
        let empty = dialect.is_empty("v", kind);
        let sql = format!(
            "select count(*), count(v), count(distinct v), {least}, {most}, {mean}, {shortest}, {longest}, sum(case when {empty} then 1 else 0 end) from {from}"
        );
        let figures = reading::read(workspace, &sql, &self.settings.read_limits(1)).await?;
        let row = figures.rows.into_iter().next().unwrap_or_default();
        let [rows, filled, distinct, min, max, mean, shortest, longest, empty] = <[Value; 9]>::try_from(row)
            .map_err(|row| Failure::Broken(format!("a profile has 9 figures, the database gave {}", row.len())))?;
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let nulls = count(&rows).saturating_sub(count(&filled));
        let mut answer = json!({
            "table": table.full_name(),
            "column": column.name,
            "type": column.r#type,
            "declared_type": column.declared_type,
            "rows": rows,
            "how": if table.row_count.is_some_and(|count| count <= scanned) { "all rows".to_owned() } else { format!("the first {scanned} rows at most") },
            "nulls": nulls,
            "distinct": distinct,
            "empty": empty,
        });
        if kind != "blob" {
            answer["min"] = min;
            answer["max"] = max;
        }
        if types::is_numeric(kind) {
            answer["mean"] = mean;
        }
        if is_text {
            answer["min_length"] = shortest;
            answer["max_length"] = longest;
        }
        if args.max_top_values > 0 {
            let sql = format!(
                "select v, count(*) as n from {from} where v is not null group by v order by n desc, v limit {}",
                args.max_top_values
            );
            let top = reading::read(workspace, &sql, &self.settings.read_limits(args.max_top_values)).await?;
            answer["top_values"] = top.rows.iter().map(|row| json!({"value": row.first(), "count": row.get(1)})).collect();
        }
        Ok(answer)
    }
}

fn none_twice() -> (String, String) {
    ("null".to_owned(), "null".to_owned())
}
