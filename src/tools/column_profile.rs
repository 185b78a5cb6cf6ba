//! `column_profile`: figures about one column and its most frequent values.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Effect, Failure, Spec, Tool};
use super::settings::Settings;
use super::workspace::Workspace;
use super::{reading, schema};
use crate::source::Dialect;

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
                "table": {"type": "string"}, "column": {"type": "string"}, "rows": {"type": "integer"}, "nulls": {"type": "integer"},
                "distinct": {"type": "integer"}, "top_values": {"type": "array", "items": {"type": "object"}}
            })),
            example: json!({"schema": "main", "table": "orders", "column": "status"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, workspace: &Workspace, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table)?;
        let column = reading::column(table, &args.column)?;
        let dialect = workspace.source.dialect();
        let scanned = self.settings.scan_rows;
        let from = format!(
            "(select {} as v from {} limit {scanned}) as s",
            reading::quoted(dialect, &column.name),
            reading::quoted_table(dialect, table)
        );
        // An empty text equals a zero, or is an error, where the other side is no text.
        let is_textual = matches!(column.r#type.as_str(), "text" | "enum" | "other") || dialect == Dialect::Sqlite;
        let empty = if is_textual { "sum(case when v = '' then 1 else 0 end)" } else { "0" };
        let length = dialect.length("v");
        let sql = format!(
            "select count(*), count(v), count(distinct v), min(v), max(v), avg(v), min({length}), max({length}), {empty} from {from}"
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
        let is_text = matches!(column.r#type.as_str(), "text" | "other" | "json" | "blob");
        if column.r#type != "blob" {
            answer["min"] = min;
            answer["max"] = max;
        }
        if crate::evidence::types::is_numeric(&column.r#type) {
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
