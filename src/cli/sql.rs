//! `fathom sql`: one query that cannot write.

use clap::Args;
use serde_json::{Value, json};

use super::client;
use super::exit::{self, Exit};
use super::global::Global;
use super::looking::{Looking, cell, list, object};
use super::{grid, out};

/// Run one query that only reads
///
/// Anything that could write is refused before the database sees it, and the database is told to refuse it too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fathom sql shop 'select status, count(*) from orders group by status'\n  fathom sql shop.db 'select * from orders' --max-rows 5 --json"
)]
pub struct Sql {
    /// A registered name, a DSN, or the path of a SQLite file
    pub source: String,
    /// The query, in the database's own dialect
    pub sql: String,
    /// Rows to return at most
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub max_rows: usize,
    /// Seconds after which the database ends the query
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub timeout: f64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Sql {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let looking = Looking { source: Some(self.source.clone()), json: self.json };
        let args = json!({"sql": self.sql, "max_rows": self.max_rows, "timeout_sec": self.timeout});
        let called = looking.call(global, "run_sql_readonly", object(args), show).await;
        match called {
            Err(error) if is_denied(&error) => {
                out::note(exit::told(&error));
                Ok(Exit::Denied)
            }
            other => other,
        }
    }
}

/// The guard's own words begin so.
fn is_denied(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<client::Error>(), Some(client::Error::Refused(problem)) if problem.detail.starts_with("refused: "))
}

fn show(answer: &Value) -> std::io::Result<()> {
    let columns = list(answer, "columns");
    let heading: Vec<String> = columns.iter().map(|column| cell(&column["name"])).collect();
    let rows: Vec<&[Value]> = list(answer, "rows").iter().map(|row| row.as_array().map_or(&[][..], Vec::as_slice)).collect();
    let right: Vec<bool> = (0..heading.len())
        .map(|at| rows.iter().any(|row| row[at].is_number()) && rows.iter().all(|row| row[at].is_number() || row[at].is_null()))
        .collect();
    let lines: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    grid::print(&heading, &lines, &right)?;
    let more = if answer["truncated"] == json!(true) { ", and there are more" } else { "" };
    out::note(format!("{}{more} ({} ms)", out::count(rows.len(), "row"), answer["elapsed_ms"]));
    Ok(())
}
