//! `table_profile`: figures about every column of a table, from one reading of it.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::profiles::{Mode, Profiles, shown};
use super::{reading, schema};

pub struct TableProfile {
    profiles: Arc<Profiles>,
}

#[derive(Deserialize)]
struct Args {
    schema: Option<String>,
    table: String,
    mode: String,
}

impl TableProfile {
    pub fn new(profiles: Arc<Profiles>) -> Self {
        Self { profiles }
    }
}

#[async_trait]
impl Tool for TableProfile {
    fn spec(&self) -> Spec {
        Spec {
            name: "table_profile",
            description: "Profiles all columns of a table in one reading: NULLs, distinct values, smallest and largest value, mean of numbers, lengths of texts, what the texts are (e-mail, URL, code …) with the share that matches, patterns, time coverage, what is odd, and which columns could be a key. `quick` samples large tables within a short time; `full` looks at all rows within a longer one. `method`, `rate` and `complete` say which rows were seen, `distinct_exact` whether a count is exact.",
            args: schema::object(
                json!({
                    "schema": schema::schema_name(),
                    "table": schema::table_name(),
                    "mode": schema::one_of(&["quick", "full"], "quick", "`quick` samples large tables.")
                }),
                &["table"],
            ),
            output: shown::table_schema(),
            example: json!({"schema": "main", "table": "orders"}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let table = reading::table(workspace, args.schema.as_deref(), &args.table)?;
        let mode = if args.mode == "full" { Mode::Full } else { Mode::Quick };
        let profile = self.profiles.of(workspace, table, mode).await?;
        Ok(self.profiles.shown(&profile))
    }
}
