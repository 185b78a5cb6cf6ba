//! `sample_distinct`: the different values of one column, the frequent ones first.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::settings::Settings;
use super::{reading, schema};

pub struct SampleDistinct {
    settings: Settings,
}

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: String,
    column: String,
    r#where: Option<String>,
    limit: usize,
}

impl SampleDistinct {
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone() }
    }
}

#[async_trait]
impl Tool for SampleDistinct {
    fn spec(&self) -> Spec {
        Spec {
            name: "sample_distinct",
            description: "Shows up to 50 different values of one column with how often each stands, the most frequent first. Of a large table only the first rows are looked at, and the answer says how many.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "table": schema::table_name(),
                    "column": schema::text("Name of the column."),
                    "where": schema::condition(),
                    "limit": schema::integer(1, 50, 20, "Values to show.")
                }),
                &["table", "column"],
            ),
            output: schema::result(json!({
                "table": {"type": "string"}, "column": {"type": "string"},
                "values": schema::list(schema::result(json!({"value": {}, "count": {"type": "integer"}}))),
                "more": {"type": "boolean"}, "looked_at": {"type": "string"}
            })),
            example: json!({"schema": "main", "table": "orders", "column": "status"}),
            effect: Effect::Read,
            aliases: &["column.distinct"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table)?;
        let column = reading::column(table, &args.column)?;
        let dialect = workspace.source.dialect();
        let sql = format!(
            "select v as value, count(*) as n from (select {} as v from {}{} limit {}) as s group by v order by n desc, v limit {}",
            dialect.groupable(&reading::quoted(dialect, &column.name), &column.r#type),
            reading::quoted_table(dialect, table),
            reading::where_clause(dialect, args.r#where.as_deref())?,
            self.settings.scan_rows,
            args.limit + 1
        );
        let rows = reading::read(workspace, &sql, &self.settings.read_limits(args.limit)).await?;
        let values: Vec<Value> = rows.rows.iter().map(|row| json!({"value": row.first(), "count": row.get(1)})).collect();
        let looked_at = match table.row_count {
            Some(count) if count <= self.settings.scan_rows => "all rows".to_owned(),
            _ => format!("the first {} rows at most", self.settings.scan_rows),
        };
        Ok(json!({"table": table.full_name(), "column": column.name, "values": values, "more": rows.truncated, "looked_at": looked_at}))
    }
}
