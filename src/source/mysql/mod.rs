//! MySQL and MariaDB as a source: read-only sessions, statements that the server itself ends, rows bounded while they are read.

mod engine;
mod grants;
mod harvest;
mod keys;
mod lineage;
mod refusal;
mod routines;
mod session;
pub(in crate::source) mod types;
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
use super::stream::{Consumer, Kept, Passage, Streamed};
use crate::domain::rows::RowColumn;
use crate::domain::{Cell, Rows, Snapshot, SourceKey};

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

/// Whether the statement ended by itself.
enum End {
    Complete,
    /// There is more, and nobody wants it.
    Running,
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

    async fn run(&self, sql: &str, form: Form, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        let mut passage = Passage::new(consumer, limits);
        let deadline = Instant::now() + limits.time;
        let mut lent = self.pool.lend(deadline).await?;
        let time_left = deadline.saturating_duration_since(Instant::now());
        let reading = tokio::time::timeout(time_left + GRACE, pass(&mut lent, sql, form, limits.time, &mut passage)).await;
        match reading {
            Ok(Ok((columns, End::Complete))) => {
                lent.give_back().await;
                Ok(passage.streamed(columns))
            }
            Ok(Ok((columns, End::Running))) => Ok(passage.streamed(columns)),
            Ok(Err(error @ (Error::Statement(_) | Error::TimedOut(_)))) => {
                lent.give_back().await;
                Err(error)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::TimedOut(limits.time)),
        }
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

    async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        self.run(query.sql(), query.form(), limits, consumer).await
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        let mut kept = Kept::default();
        let sql = format!("explain {}", query.sql());
        let streamed = self.run(&sql, Form::Plan, &self.settings.read_limits(), &mut |cells: &[Cell<'_>]| kept.keep(cells)).await?;
        Ok(plan_lines(&kept.rows(streamed)))
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

/// The columns of the answer, whose rows have gone through the passage.
async fn pass(
    session: &mut Session,
    sql: &str,
    form: Form,
    time: Duration,
    passage: &mut Passage<'_>,
) -> Result<(Vec<RowColumn>, End), Error> {
    let sql = session.signed(sql);
    let failed = |error: sqlx::Error| refusal::of_statement(time, &error);
    // Prepared, a text is one statement; and a query that promises no columns does something else than reading, into a file for example.
    // Of plans and listings MySQL tells the columns only when they are run.
    let statement = (&mut session.connection).prepare(AssertSqlSafe(sql.clone()).into_sql_str()).await.map_err(failed)?;
    if form == Form::Query && statement.columns().is_empty() {
        return Err(Error::Statement("it gives no rows; only what reads is run".to_owned()));
    }
    let (mut columns, mut forms) = (row_columns(statement.columns()), Vec::new());
    let mut stream = sqlx::query(AssertSqlSafe(sql)).fetch(&mut session.connection);
    while let Some(row) = stream.try_next().await.map_err(failed)? {
        // The driver does not yield while rows keep coming, and no clock would be looked at.
        coop::consume_budget().await;
        if forms.is_empty() {
            // The table may have changed in between.
            columns = row_columns(row.columns());
            forms = row.columns().iter().map(|column| value::form(column.type_info())).collect();
        }
        let cells: Result<Vec<Cell<'_>>, _> = forms.iter().enumerate().map(|(index, form)| value::cell(&row, index, *form)).collect();
        passage.pass(&cells.map_err(failed)?);
        if passage.has_ended() {
            break;
        }
    }
    let rest = async {
        while let Ok(Some(_)) = stream.try_next().await {
            coop::consume_budget().await;
        }
    };
    if !passage.has_ended() || tokio::time::timeout(ENDING, rest).await.is_ok() {
        return Ok((columns, End::Complete));
    }
    Ok((columns, End::Running))
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
