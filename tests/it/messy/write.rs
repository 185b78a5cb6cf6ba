//! Puts messy databases into SQLite files without any declared key, with their truth beside them: `db/NAME.sqlite`, `truth/NAME.json`.
//!
//! Apart from the rest of the folder, because it needs `sqlx` and the rest needs nothing.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::messy::{MessyDatabase, Value, generate};

const ROWS_AT_ONCE: usize = 400;

pub async fn write_sqlite(database: &MessyDatabase, path: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Off).synchronous(SqliteSynchronous::Off);
    let mut connection = options.disable_statement_logging().connect().await?;
    run(&mut connection, "begin".to_owned()).await?;
    for table in &database.tables {
        let columns = table.columns.iter().map(|column| format!("{} {}", quoted(&column.name), column.declared));
        let columns = columns.collect::<Vec<_>>().join(", ");
        run(&mut connection, format!("create table {} ({columns})", quoted(&table.name))).await?;
        for rows in table.rows.chunks(ROWS_AT_ONCE) {
            let row = |row: &Vec<Value>| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(", "));
            let rows = rows.iter().map(row).collect::<Vec<_>>().join(", ");
            run(&mut connection, format!("insert into {} values {rows}", quoted(&table.name))).await?;
        }
    }
    run(&mut connection, "commit".to_owned()).await?;
    connection.close().await
}

/// The databases of these seeds, in the folders that scoring expects.
pub async fn write_folder(folder: &Path, seeds: std::ops::Range<u64>) -> Result<(), Box<dyn std::error::Error>> {
    for inner in ["db", "truth"] {
        std::fs::create_dir_all(folder.join(inner))?;
    }
    for seed in seeds {
        let database = generate(seed);
        let path = folder.join("db").join(format!("{}.sqlite", database.name));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        write_sqlite(&database, &path).await?;
        let truth = serde_json::to_string_pretty(&database.truth_json())?;
        std::fs::write(folder.join("truth").join(format!("{}.json", database.name)), truth)?;
    }
    Ok(())
}

async fn run(connection: &mut SqliteConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_generated_is_what_stands_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path(), 3..6).await.unwrap();
        for seed in 3..6 {
            let database = generate(seed);
            let path = folder.path().join("db").join(format!("{}.sqlite", database.name));
            let mut connection = SqliteConnectOptions::new().filename(path).read_only(true).connect().await.unwrap();
            for table in &database.tables {
                let name = quoted(&table.name);
                let rows = sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!("select count(*) from {name}")));
                assert_eq!(rows.fetch_one(&mut connection).await.unwrap(), table.rows.len() as i64, "seed {seed}: {name}");
            }
            for (table, key) in &database.truth.primary_keys {
                let columns = key.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
                let sql = format!("select count(*) from (select 1 from {} group by {columns} having count(*) > 1)", quoted(table));
                let repeated = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
                assert_eq!(repeated, 0, "seed {seed}: `{table}` repeats {columns}");
            }
            let truth = std::fs::read(folder.path().join("truth").join(format!("{}.json", database.name))).unwrap();
            let truth: serde_json::Value = serde_json::from_slice(&truth).unwrap();
            assert_eq!(truth["foreign_keys"].as_array().unwrap().len(), database.truth.foreign_keys.len());
            assert_eq!(truth["primary_keys"].as_object().unwrap().len(), database.truth.primary_keys.len());
        }
    }
}
