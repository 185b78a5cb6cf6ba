//! A question template is checked by asking it: the database plans its SQL, then runs it, bounded.

use serde_json::{Value, json};

use super::{Check, Data, Query, Verdict, run};
use crate::claims::ProposedWrite;
use crate::claims::text::line;

const BY: &str = "check/question_template";
const ROWS: usize = 5;

pub async fn check(data: &Data<'_>, write: &ProposedWrite) -> Result<Verdict, String> {
    let text = |member: &str| write.document.get(member).and_then(Value::as_str).filter(|sql| !sql.trim().is_empty());
    let Some(sql) = text("example_sql").or_else(|| text("sql")) else {
        return Ok(Verdict::Unchecked { why: Some("the template has no `sql`".to_owned()) });
    };
    if has_parameters(sql) {
        return Ok(Verdict::Unchecked { why: Some("it has parameters and no `example_sql` that runs as it is".to_owned()) });
    }
    let check = |reason: &str, result: Value| Check {
        by: BY,
        reason: reason.to_owned(),
        query: Some(Query { dialect: data.source.dialect(), sql: sql.to_owned() }),
        result,
    };
    let wrong = |why: String| Verdict::Refuted { check: check("its SQL does not run", json!({ "error": line(&why, 500) })) };
    let judge = |no_rows: run::NoRows| match no_rows {
        run::NoRows::Wrong(why) => wrong(why),
        too_long @ run::NoRows::TooLong(_) => too_long.unchecked(),
    };
    let query = match run::guarded(data, sql) {
        Ok(query) => query,
        Err(no_rows) => return Ok(judge(no_rows)),
    };
    if query.reads().relations.is_empty() {
        return Ok(Verdict::Unchecked { why: Some("its SQL reads no table, so that the data says nothing of it".to_owned()) });
    }
    if let Err(no_plan) = run::plan(data, &query).await? {
        return Ok(judge(no_plan));
    }
    Ok(match run::rows(data, &query, ROWS).await? {
        Ok(rows) => {
            let columns: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
            let check = |reason: &str| check(reason, json!({ "columns": columns, "rows_seen": rows.rows.len(), "more": rows.truncated }));
            if rows.rows.is_empty() {
                Verdict::Doubtful { at_most: 0.6, check: check("it runs, and finds nothing") }
            } else {
                Verdict::Holds { confidence: 0.9, check: check("it was planned and run") }
            }
        }
        Err(no_rows) => judge(no_rows),
    })
}

/// `{name}`, `{{name}}`, `:name` or `?` outside of quotes; `::type` is a cast.
pub fn has_parameters(sql: &str) -> bool {
    let mut quote: Option<char> = None;
    let mut before = ' ';
    let mut characters = sql.chars().peekable();
    while let Some(c) = characters.next() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' || c == '`' => quote = Some(c),
            None if c == '{' || c == '?' => return true,
            None if c == ':' && before != ':' && characters.peek().is_some_and(|next| next.is_alphabetic() || *next == '_') => return true,
            None => {}
        }
        before = c;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_parameters;

    #[test]
    fn parameters_are_told_from_text_and_casts() {
        let check = |sql: &str, expect: bool| assert_eq!(has_parameters(sql), expect, "{sql}");
        check("select 1", false);
        check("select * from t where a = :day", true);
        check("select * from t where a = {day}", true);
        check("select * from t where a = ?", true);
        check("select a::date from t where b = 'x: y?' and \"c:d\" = 1", false);
    }
}
