//! `sample_rows`: a few rows of one table.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::settings::Settings;
use super::{reading, schema};

pub struct SampleRows {
    settings: Settings,
}

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: String,
    columns: Option<Vec<String>>,
    r#where: Option<String>,
    order_by: Option<String>,
    limit: usize,
}

impl SampleRows {
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone() }
    }
}

#[async_trait]
impl Tool for SampleRows {
    fn spec(&self) -> Spec {
        Spec {
            name: "sample_rows",
            description: "Shows up to 20 rows of a table or view: the first ones, or those that a condition and an order select. Long texts and binary values are shortened and marked.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "table": schema::table_name(),
                    "columns": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 100, "description": "Only these columns; all where left out."},
                    "where": schema::condition(),
                    "order_by": schema::ordering(),
                    "limit": schema::integer(1, 20, 10, "Rows to show.")
                }),
                &["table"],
            ),
            output: schema::rows(),
            example: json!({"schema": "main", "table": "orders", "where": "total > 100", "limit": 5}),
            effect: Effect::Read,
            aliases: &["table.sample", "rows.sample"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table)?;
        let dialect = workspace.source.dialect();
        let columns = match &args.columns {
            None => "*".to_owned(),
            Some(names) => {
                let columns = names.iter().map(|name| reading::column(table, name).map(|column| reading::quoted(dialect, &column.name)));
                columns.collect::<Result<Vec<_>, _>>()?.join(", ")
            }
        };
        let sql = format!(
            "select {columns} from {}{}{} limit {}",
            reading::quoted_table(dialect, table),
            reading::where_clause(dialect, args.r#where.as_deref())?,
            reading::order_clause(dialect, args.order_by.as_deref())?,
            args.limit
        );
        reading::to_value(reading::read(workspace, &sql, &self.settings.read_limits(args.limit)).await?)
    }
}
