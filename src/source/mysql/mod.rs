//! MySQL and MariaDB as a source: read-only sessions, statements that the server itself ends, rows bounded while they are read.

mod engine;
mod grants;
mod harvest;
mod keys;
mod lineage;
mod refusal;
mod routines;
mod session;
mod types;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::TryStreamExt;
use secrecy::ExposeSecret;
use serde_json::Value;
use sqlx::mysql::{MySqlColumn, MySqlConnectOptions};
use sqlx::{AssertSqlSafe, Column as _, Executor, Row, SqlSafeStr, Statement};
use tokio::task::coop;
use url::Url;

use self::session::{Pool, Session};
use super::dsn::{Dsn, Server};
use super::guard::{Dialect, Form, ReadQuery};
use super::port::{Error, ReadLimits, Source};
use super::progress::Progress;
use super::settings::Settings;
use crate::domain::rows::RowColumn;
use crate::domain::{Rows, Snapshot, SourceKey};

/// How much longer than its time a statement may take to be ended by the server.
const GRACE: Duration = Duration::from_millis(250);

/// After enough rows, how long the end of the answer may take to come by itself. Else the statement is ended, at the price of its connection;
/// `sql_select_limit` is no help: with it, MariaDB collects all rows of a `union all` before it sends the first.
const ENDING: Duration = Duration::from_millis(5);

pub struct MysqlSource {
    key: SourceKey,
    pool: Arc<Pool>,
    settings: Settings,
}

/// Whether reading ended by itself.
enum End {
    Complete(Rows),
    /// There is more; the statement may still be running.
    Enough(Rows),
}

impl MysqlSource {
    /// Opens one connection, so that a server that cannot be used is known now.
    pub async fn open(server: &Server, settings: &Settings) -> Result<Self, Error> {
        let options = connect_options(server)?;
        let source =
            Self { key: Dsn::Mysql(server.clone()).key(), pool: Pool::new(options, server.shown(), settings), settings: settings.clone() };
        source.pool.lend(Instant::now() + settings.read_limits().time).await?.give_back().await;
        Ok(source)
    }

    async fn run(&self, sql: &str, form: Form, limits: &ReadLimits) -> Result<Rows, Error> {
        let started = Instant::now();
        let deadline = started + limits.time;
        let mut lent = self.pool.lend(deadline).await?;
        let time_left = deadline.saturating_duration_since(Instant::now());
        let reading = tokio::time::timeout(time_left + GRACE, fetch(&mut lent, sql, form, limits)).await;
        let rows = match reading {
            Ok(Ok(End::Complete(rows))) => {
                lent.give_back().await;
                Ok(rows)
            }
            Ok(Err(error @ (Error::Statement(_) | Error::TimedOut(_)))) => {
                lent.give_back().await;
                Err(error)
            }
            Ok(Ok(End::Enough(rows))) => Ok(rows),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::TimedOut(limits.time)),
        };
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        rows.map(|rows| Rows { elapsed_ms, ..rows })
    }
}

#[async_trait]
impl Source for MysqlSource {
    fn key(&self) -> &SourceKey {
        &self.key
    }

    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    async fn harvest_telling(&self, progress: &Progress) -> Result<Snapshot, Error> {
        let time = Duration::from_millis(self.settings.harvest_time_ms);
        let deadline = Instant::now() + time;
        let mut lent = self.pool.lend(deadline).await?;
        let time_left = deadline.saturating_duration_since(Instant::now());
        let snapshot = match tokio::time::timeout(time_left, harvest::harvest(&mut lent, &self.key, progress)).await {
            Ok(snapshot) => snapshot.map_err(|error| refusal::of_statement(time, &error))?,
            Err(_) => return Err(Error::TimedOut(time)),
        };
        lent.give_back().await;
        Ok(snapshot)
    }

    async fn read(&self, query: &ReadQuery, limits: &ReadLimits) -> Result<Rows, Error> {
        self.run(query.sql(), query.form(), limits).await
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        let rows = self.run(&format!("explain {}", query.sql()), Form::Plan, &self.settings.read_limits()).await?;
        Ok(plan_lines(&rows))
    }

    async fn warnings(&self) -> Result<Vec<String>, Error> {
        let time = self.settings.read_limits().time;
        let mut lent = self.pool.lend(Instant::now() + time).await?;
        let found = grants::read(&mut lent).await.map_err(|error| refusal::of_statement(time, &error))?;
        lent.give_back().await;
        Ok(found.warnings())
    }
}

fn connect_options(server: &Server) -> Result<MySqlConnectOptions, Error> {
    let refused = |error: sqlx::Error| refusal::of_opening(server.shown(), &error);
    let options: MySqlConnectOptions = server.url().expose_secret().parse().map_err(refused)?;
    let host = Url::parse(server.url().expose_secret()).ok().and_then(|url| url.host_str().map(str::to_owned));
    // The brackets of an IPv6 address belong to the URL, not to the address.
    Ok(match host.as_deref().and_then(|host| host.strip_prefix('[')?.strip_suffix(']')) {
        Some(address) => options.host(address),
        None => options,
    })
}

async fn fetch(session: &mut Session, sql: &str, form: Form, limits: &ReadLimits) -> Result<End, Error> {
    let sql = session.signed(sql);
    let failed = |error: sqlx::Error| refusal::of_statement(limits.time, &error);
    // Prepared, a text is one statement; and a query that promises no columns does something else than reading, into a file for example.
    // Of plans and listings MySQL tells the columns only when they are run.
    let statement = (&mut session.connection).prepare(AssertSqlSafe(sql.clone()).into_sql_str()).await.map_err(failed)?;
    if form == Form::Query && statement.columns().is_empty() {
        return Err(Error::Statement("it gives no rows; only what reads is run".to_owned()));
    }
    let mut answer = Rows { columns: row_columns(statement.columns()), ..Rows::default() };
    let mut stream = sqlx::query(AssertSqlSafe(sql)).fetch(&mut session.connection);
    let mut bytes = 0;
    while let Some(row) = stream.try_next().await.map_err(failed)? {
        // The driver does not yield while rows keep coming, and no clock would be looked at.
        coop::consume_budget().await;
        if answer.rows.is_empty() {
            // The table may have changed in between.
            answer.columns = row_columns(row.columns());
        }
        let mut values = Vec::with_capacity(answer.columns.len());
        if answer.rows.len() < limits.max_rows {
            for index in 0..answer.columns.len() {
                let cell = value::cell(&row, index).map_err(failed)?;
                bytes += cell.bytes;
                values.push(cell.value);
            }
        }
        // The row that is too much is not shown, and neither is any after it.
        if answer.rows.len() >= limits.max_rows || bytes > limits.max_bytes {
            answer.truncated = true;
            break;
        }
        answer.rows.push(values);
    }
    answer.row_count = answer.rows.len();
    let rest = async {
        while let Ok(Some(_)) = stream.try_next().await {
            coop::consume_budget().await;
        }
    };
    if !answer.truncated || tokio::time::timeout(ENDING, rest).await.is_ok() {
        return Ok(End::Complete(answer));
    }
    Ok(End::Enough(answer))
}

fn row_columns(columns: &[MySqlColumn]) -> Vec<RowColumn> {
    columns.iter().map(|column| RowColumn { name: column.name().to_owned(), r#type: value::type_name(column.type_info()) }).collect()
}

/// The plan is a table of one row a step, or, as newer servers may be told, one text.
fn plan_lines(rows: &Rows) -> Vec<String> {
    let said = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let ([_], [row]) = (rows.columns.as_slice(), rows.rows.as_slice()) {
        return row.iter().flat_map(|value| said(value).lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    }
    let line = |row: &Vec<Value>| {
        let filled = rows.columns.iter().zip(row).filter(|(_, value)| !value.is_null() && value.as_str() != Some(""));
        filled.map(|(column, value)| format!("{}={}", column.name, said(value))).collect::<Vec<_>>().join(" ")
    };
    rows.rows.iter().map(line).collect()
}
