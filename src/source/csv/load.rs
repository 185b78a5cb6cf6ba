//! Fills a fresh SQLite file, each CSV file a table, all in one transaction and a bounded piece at a time.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use csv::StringRecord;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Handle;

use super::bytes::Utf8;
use super::look::{Look, Type, look, reader, unique};
use crate::source::Dialect;
use crate::source::dsn::CsvFiles;

/// Values of one statement.
const VALUES_AT_ONCE: usize = 8_000;

/// What there is to say about the files. Blocks, so it is not for a thread of the runtime.
pub fn load(files: &CsvFiles, into: &Path) -> io::Result<Vec<String>> {
    let runtime = Handle::current();
    let options = SqliteConnectOptions::new()
        .filename(into)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Off)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Off)
        .disable_statement_logging();
    let connection = runtime.block_on(options.connect()).map_err(io::Error::other)?;
    let mut loader = Loader { runtime, connection, remarks: Vec::new(), tables: HashSet::new() };
    loader.run("begin")?;
    for file in files.files() {
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = if stem.to_lowercase().starts_with("sqlite_") { format!("t_{stem}") } else { stem };
        let table = unique(name, &mut loader.tables);
        // A file that cannot be read must not hide the others.
        match look(file) {
            Ok(Some(found)) => loader.table(&table, file, &found)?,
            Ok(None) => loader.remarks.push(format!("`{table}`: the file is empty")),
            Err(error) => loader.remarks.push(format!("`{table}`: the file cannot be read: {error}")),
        }
    }
    loader.run("commit")?;
    loader.runtime.block_on(loader.connection.close()).map_err(io::Error::other)?;
    Ok(loader.remarks)
}

struct Loader {
    runtime: Handle,
    connection: SqliteConnection,
    remarks: Vec<String>,
    tables: HashSet<String>,
}

impl Loader {
    fn run(&mut self, sql: &str) -> io::Result<()> {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection);
        self.runtime.block_on(done).map(drop).map_err(io::Error::other)
    }

    fn table(&mut self, name: &str, file: &Path, found: &Look) -> io::Result<()> {
        let quoted = Dialect::Sqlite.quoted(name);
        let columns: Vec<String> =
            found.columns.iter().map(|(column, kind)| format!("{} {}", Dialect::Sqlite.quoted(column), kind.declared())).collect();
        self.run(&format!("create table {quoted} ({})", columns.join(", ")))?;
        self.remarks.extend(found.remarks.iter().map(|remark| format!("`{name}`: {remark}")));

        let mut reader = reader(Utf8::open(file, found.encoding)?, found.delimiter);
        let row_bytes = reader.get_ref().row_bytes();
        let width = found.columns.len();
        let rows_at_once = (VALUES_AT_ONCE / width).max(1);
        let mut rows: Vec<StringRecord> = Vec::with_capacity(rows_at_once);
        let mut record = StringRecord::new();
        let mut is_header = found.has_header;
        while reader.read_record(&mut record)? {
            row_bytes.set(0);
            if !std::mem::take(&mut is_header) {
                rows.push(record.clone());
            }
            if rows.len() == rows_at_once {
                self.insert(&quoted, width, &rows)?;
                rows.clear();
            }
        }
        self.insert(&quoted, width, &rows)
    }

    fn insert(&mut self, table: &str, width: usize, rows: &[StringRecord]) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let row = format!("({})", vec!["?"; width].join(", "));
        let sql = format!("insert into {table} values {}", vec![row.as_str(); rows.len()].join(", "));
        let mut values = SqliteArguments::default();
        for row in rows {
            for at in 0..width {
                // The column's type makes a number of a text that is one.
                let value = row.get(at).filter(|value| !value.is_empty()).map(str::to_owned);
                values.add(value).map_err(io::Error::other)?;
            }
        }
        let inserting = sqlx::query_with(AssertSqlSafe(sql), values).execute(&mut self.connection);
        self.runtime.block_on(inserting).map(drop).map_err(io::Error::other)
    }
}

impl Type {
    fn declared(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Empty | Self::Text => "text",
        }
    }
}
