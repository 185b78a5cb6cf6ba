//! A SQLite file of our own, made from tables in memory in one transaction; declares types and nothing else. Writes to no file that is there.

use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection};

use crate::source::Dialect;

/// Values of one statement.
const VALUES_AT_ONCE: usize = 8_000;

/// A table that shall be made.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: &'static str,
    /// Names and declared types.
    pub columns: Vec<(&'static str, &'static str)>,
    pub rows: Vec<Vec<Value>>,
}

pub async fn make(path: &Path, tables: &[Table]) -> std::io::Result<()> {
    drop(std::fs::File::create_new(path)?);
    fill(path, tables).await.map_err(std::io::Error::other)
}

async fn fill(path: &Path, tables: &[Table]) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Off);
    let mut connection = options.synchronous(SqliteSynchronous::Off).disable_statement_logging().connect().await?;
    run(&mut connection, "begin".to_owned()).await?;
    for table in tables {
        let name = Dialect::Sqlite.quoted(table.name);
        let columns = table.columns.iter().map(|(column, declared)| format!("{} {declared}", Dialect::Sqlite.quoted(column)));
        run(&mut connection, format!("create table {name} ({})", columns.collect::<Vec<_>>().join(", "))).await?;
        for rows in table.rows.chunks(VALUES_AT_ONCE / table.columns.len()) {
            insert(&mut connection, &name, table.columns.len(), rows).await?;
        }
    }
    run(&mut connection, "commit".to_owned()).await?;
    connection.close().await
}

async fn run(connection: &mut SqliteConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

async fn insert(connection: &mut SqliteConnection, table: &str, width: usize, rows: &[Vec<Value>]) -> Result<(), sqlx::Error> {
    let row = format!("({})", vec!["?"; width].join(", "));
    let sql = format!("insert into {table} values {}", vec![row.as_str(); rows.len()].join(", "));
    let mut values = SqliteArguments::default();
    for value in rows.iter().flatten() {
        let added = match value {
            Value::Null => values.add(None::<String>),
            Value::Bool(truth) => values.add(*truth),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => values.add(whole),
                None => values.add(number.as_f64()),
            },
            Value::String(text) => values.add(text.clone()),
            Value::Array(_) | Value::Object(_) => values.add(value.to_string()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    sqlx::query_with(AssertSqlSafe(sql), values).execute(connection).await.map(drop)
}
