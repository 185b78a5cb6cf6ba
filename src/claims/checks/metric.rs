//! A metric is checked by computing it: its SQL runs, and gives one row with a value.

use serde_json::{Value, json};

use super::{Check, Data, Query, Verdict, run};
use crate::claims::ProposedWrite;
use crate::claims::text::{bounded, line};

const BY: &str = "check/metric";

pub async fn check(data: &Data<'_>, write: &ProposedWrite) -> Result<Verdict, String> {
    let Some(sql) = write.document.get("sql").and_then(Value::as_str) else {
        return Ok(Verdict::Unchecked { why: Some("the metric has no `sql`".to_owned()) });
    };
    let check = |reason: &str, result: Value| Check {
        by: BY,
        reason: reason.to_owned(),
        query: Some(Query { dialect: data.source.dialect(), sql: sql.to_owned() }),
        result,
    };
    let wrong = |why: String| Verdict::Refuted { check: check("it cannot be computed", json!({ "error": line(&why, 500) })) };
    let query = match run::guarded(data, sql) {
        Ok(query) => query,
        Err(run::NoRows::Wrong(why)) => return Ok(wrong(why)),
        Err(other) => return Ok(other.unchecked()),
    };
    if query.reads().relations.is_empty() {
        return Ok(Verdict::Unchecked { why: Some("its `sql` reads no table, so that the data says nothing of it".to_owned()) });
    }
    // Two rows suffice to see that it is not one value.
    Ok(match run::rows(data, &query, 2).await? {
        Ok(rows) => {
            let check = |reason: &str| check(reason, json!({ "value": bounded(&json!(rows.rows.first()), 500) }));
            match rows.single() {
                _ if rows.rows.len() != 1 => Verdict::Doubtful { at_most: 0.6, check: check("it gives not one row but several, or none") },
                None | Some(Value::Null) => Verdict::Doubtful { at_most: 0.5, check: check("it gives no value") },
                Some(_) => Verdict::Holds { confidence: 0.9, check: check("it was computed") },
            }
        }
        Err(run::NoRows::Wrong(why)) => wrong(why),
        Err(other) => other.unchecked(),
    })
}
