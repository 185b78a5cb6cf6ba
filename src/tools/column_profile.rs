//! `column_profile`: everything that the reading of its table told of one column.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::profiles::{Profiles, shown};
use super::{reading, schema};

pub struct ColumnProfile {
    profiles: Arc<Profiles>,
}

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: String,
    column: String,
    max_top_values: usize,
}

impl ColumnProfile {
    pub fn new(profiles: Arc<Profiles>) -> Self {
        Self { profiles }
    }
}

#[async_trait]
impl Tool for ColumnProfile {
    fn spec(&self) -> Spec {
        Spec {
            name: "column_profile",
            description: "Profiles one column: NULLs, empty strings, distinct values, smallest, largest and mean value, quantiles, lengths, the most frequent values with their counts, patterns, histogram, time coverage, what the texts are with the share that matches, and what is odd. It uses the last full profile of the table, or a quick one, which samples large tables; `method`, `rate` and `complete` say which rows were seen.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "table": schema::table_name(),
                    "column": schema::text("Name of the column."),
                    "max_top_values": schema::integer(0, 100, 20, "Frequent values to show.")
                }),
                &["table", "column"],
            ),
            output: shown::column_schema(),
            example: json!({"schema": "main", "table": "orders", "column": "status"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table)?;
        let column = reading::column(table, &args.column)?;
        let profile = self.profiles.best_of(workspace, table).await?;
        Profiles::column_shown(&profile, &column.name, args.max_top_values)
            .ok_or_else(|| Failure::Broken(format!("the profile of `{}` has no column `{}`", table.full_name(), column.name)))
    }
}
