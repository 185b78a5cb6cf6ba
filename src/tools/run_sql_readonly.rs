//! `run_sql_readonly`: one guarded query, with bounds on rows and time.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::settings::Settings;
use super::{reading, schema};

pub struct RunSqlReadonly {
    settings: Settings,
}

#[derive(Deserialize)]
struct Args {
    sql: String,
    max_rows: usize,
    timeout_sec: f64,
}

impl RunSqlReadonly {
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone() }
    }
}

#[async_trait]
impl Tool for RunSqlReadonly {
    fn spec(&self) -> Spec {
        let longest = (self.settings.tool_time_ms / 1_000).max(1);
        Spec {
            name: "run_sql_readonly",
            description: "Runs one SELECT, VALUES or WITH … SELECT (or what else only reads: EXPLAIN of these, SHOW, DESCRIBE, safe PRAGMAs) and returns columns, types and rows with real NULLs and numbers. Anything that could write is refused. `truncated` says that more rows exist.",
            args: schema::object(
                json!({
                    "sql": schema::sql(20_000, "One query in the database's own dialect."),
                    "max_rows": schema::integer(1, self.settings.max_rows as u64, 200.min(self.settings.max_rows as u64), "Rows to return at most."),
                    "timeout_sec": {"type": "number", "exclusiveMinimum": 0, "maximum": longest, "default": 2.min(longest), "description": "Seconds after which the statement is ended."}
                }),
                &["sql"],
            ),
            output: schema::rows(),
            example: json!({"sql": "select status, count(*) as n from orders group by status order by n desc", "max_rows": 50}),
            effect: Effect::Read,
            aliases: &["sql.run", "run_sql"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let mut limits = self.settings.read_limits(args.max_rows);
        limits.time = Duration::from_secs_f64(args.timeout_sec);
        reading::to_value(reading::read(workspace, &args.sql, &limits).await?)
    }
}
