//! Rows of a query, through a cursor: the server computes no more of them than are asked for, and the limits hold while reading.

use futures::TryStreamExt;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgColumn, PgRow};
use sqlx::{Column, Executor, Row, SqlSafeStr, Statement, ValueRef};
use tokio::task::coop;

use super::session::{Session, own_sql};
use super::types::{Form, Scalar, ValueType, built_in, scalar};
use super::value::cell;
use crate::domain::Cell;
use crate::domain::rows::RowColumn;
use crate::source::stream::Passage;

/// About how many bytes are asked for at once; what comes too much is thrown away.
const BYTES_AHEAD: usize = 256 * 1024;

const ROWS_AHEAD: usize = 1_000;

type TypeRow = (Oid, String, bool, Option<Oid>, String);

struct Answer<'p, 'c> {
    passage: &'p mut Passage<'c>,
    columns: Vec<RowColumn>,
    forms: Vec<Form>,
    /// Of all rows, as they came.
    wire_bytes: usize,
}

/// The columns of the answer, whose rows have gone through the passage.
pub async fn read(session: &mut Session, sql: &str, passage: &mut Passage<'_>) -> Result<Vec<RowColumn>, sqlx::Error> {
    let mut answer = Answer { passage, columns: Vec::new(), forms: Vec::new(), wire_bytes: 0 };
    if is_told(sql) {
        answer.told(session, sql).await?;
    } else {
        answer.through_cursor(session, sql).await?;
    }
    Ok(answer.columns)
}

/// Statements that read and that no cursor takes; what they answer is small, and text.
fn is_told(sql: &str) -> bool {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    ["show", "explain"].iter().any(|told| word.eq_ignore_ascii_case(told))
}

impl Answer<'_, '_> {
    async fn through_cursor(&mut self, session: &mut Session, sql: &str) -> Result<(), sqlx::Error> {
        // By a protocol that takes one statement only, so that nothing can follow it.
        let cursor = own_sql(format!("declare fathom no scroll cursor for {sql}"));
        sqlx::query(cursor).persistent(false).execute(&mut session.connection).await?;
        // By the one in which every value comes as text, whatever its type.
        let first = sqlx::raw_sql("fetch forward 1 from fathom").fetch_optional(&mut session.connection).await?;
        let Some(first) = first else {
            let statement = (&mut session.connection).prepare(own_sql(sql.to_owned()).into_sql_str()).await?;
            return self.describe(session, statement.columns()).await;
        };
        self.describe(session, first.columns()).await?;
        self.take(&first)?;
        while !self.passage.has_ended() {
            let row_bytes = self.wire_bytes / self.passage.rows.max(1) + 1;
            // Rows that are longer than those before must not surprise by the thousand.
            let careful = (2 * self.passage.rows).clamp(8, ROWS_AHEAD);
            let ahead = (BYTES_AHEAD / row_bytes).clamp(1, careful).min(self.passage.rows_left());
            if self.fetch(session, ahead).await? < ahead {
                break;
            }
        }
        Ok(())
    }

    async fn fetch(&mut self, session: &mut Session, ahead: usize) -> Result<usize, sqlx::Error> {
        let mut came = 0;
        let fetching = sqlx::raw_sql(own_sql(format!("fetch forward {ahead} from fathom")));
        let mut rows = fetching.fetch(&mut session.connection);
        while let Some(row) = rows.try_next().await? {
            came += 1;
            coop::consume_budget().await;
            self.take(&row)?;
        }
        Ok(came)
    }

    async fn told(&mut self, session: &mut Session, sql: &str) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(own_sql(sql.to_owned())).persistent(false).fetch_all(&mut session.connection).await?;
        let Some(first) = rows.first() else { return Ok(()) };
        self.describe(session, first.columns()).await?;
        for row in &rows {
            self.take(row)?;
        }
        Ok(())
    }

    /// Names and types of the columns; types that are not built in are asked for, once a session.
    async fn describe(&mut self, session: &mut Session, columns: &[PgColumn]) -> Result<(), sqlx::Error> {
        let number = |column: &PgColumn| column.type_info().oid().map_or(0, |number| number.0);
        let is_unknown = |number: &u32| built_in(*number).is_none() && !session.types.contains_key(number);
        let unknown: Vec<Oid> = columns.iter().map(number).filter(is_unknown).map(Oid).collect();
        if !unknown.is_empty() {
            let asking = sqlx::query_as::<_, TypeRow>(include_str!("sql/value_types.sql")).persistent(false).bind(unknown);
            for (number, name, is_array, element, delimiter) in asking.fetch_all(&mut session.connection).await? {
                let form = match element {
                    Some(of) if is_array => Form::Array { of: scalar(of.0), delimiter: delimiter.bytes().next().unwrap_or(b',') },
                    _ => Form::Plain(Scalar::Text),
                };
                session.types.insert(number.0, ValueType { name, form });
            }
        }
        for column in columns {
            let number = number(column);
            let found = built_in(number).or_else(|| session.types.get(&number).cloned());
            let found = found.unwrap_or(ValueType { name: "unknown".to_owned(), form: Form::Plain(Scalar::Text) });
            self.columns.push(RowColumn { name: column.name().to_owned(), r#type: found.name });
            self.forms.push(found.form);
        }
        Ok(())
    }

    /// What comes after enough is thrown away unread.
    fn take(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        if self.passage.has_ended() {
            return Ok(());
        }
        let mut cells = Vec::with_capacity(self.forms.len());
        for (index, form) in self.forms.iter().enumerate() {
            let raw = row.try_get_raw(index)?;
            if raw.is_null() {
                cells.push(Cell::Null);
                continue;
            }
            let text = raw.as_bytes().map_err(sqlx::Error::Decode)?;
            self.wire_bytes += text.len();
            cells.push(cell(*form, text));
        }
        self.passage.pass(&cells);
        Ok(())
    }
}
