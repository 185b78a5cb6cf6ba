//! `explain_sql`: the database's plan for a query, without running it.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::{reading, schema};
use crate::source::guard::{self, Form};

pub struct ExplainSql;

#[derive(Deserialize)]
struct Args {
    sql: String,
}

#[async_trait]
impl Tool for ExplainSql {
    fn spec(&self) -> Spec {
        Spec {
            name: "explain_sql",
            description: "Shows the database's plan for one SELECT without running it; so it also tells whether the query is valid. Give the SELECT itself, without `explain`.",
            args: schema::object(json!({"sql": schema::sql(20_000, "One SELECT, VALUES or WITH … SELECT.")}), &["sql"]),
            output: schema::result(json!({"plan": {"type": "array", "items": {"type": "string"}}})),
            example: json!({"sql": "select status, count(*) from orders group by status"}),
            effect: Effect::Read,
            aliases: &["sql.explain"],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let query = guard::check(workspace.source.dialect(), &args.sql).map_err(|refusal| Failure::Mendable(refusal.to_string()))?;
        if query.form() == Form::Listing {
            let why = "this is no query, so it has no plan; give one `select`".to_owned();
            return Err(Failure::Mendable(why));
        }
        let plan = workspace.source.explain(&query.planned()).await.map_err(reading::source_failure)?;
        Ok(json!({"plan": plan}))
    }
}
