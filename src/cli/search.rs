//! `fathom search`: what is known, by any words.

use clap::Args;
use serde_json::{Value, json};

use super::exit::Exit;
use super::global::Global;
use super::looking::{Looking, cell, list, object};
use super::{grid, out};

/// Search what is known of a source: tables, columns, comments, findings
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fathom search orders --source shop\n  fathom search 'customer email' --kind column --source shop.db")]
pub struct Search {
    /// Any words; no syntax is needed
    pub words: String,
    /// Only entries of this kind: table, view, column, relationship, domain, metric, …
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// At most so many, 1 to 50
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub limit: usize,
    #[command(flatten)]
    pub looking: Looking,
}

impl Search {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let mut args = object(json!({"query": self.words, "limit": self.limit}));
        args.extend(self.kind.as_ref().map(|kind| ("kind".to_owned(), Value::from(kind.as_str()))));
        self.looking.call(global, "catalog_search", args, show).await
    }
}

fn show(answer: &Value) -> std::io::Result<()> {
    let hits = list(answer, "hits");
    if hits.is_empty() {
        out::note("nothing that is known has these words");
        return Ok(());
    }
    let heading = ["kind", "key", "status", "sure", "what"].map(str::to_owned);
    let row = |hit: &Value| {
        let sure = hit["confidence"].as_f64().map(|sure| format!("{sure:.2}")).unwrap_or_default();
        vec![cell(&hit["kind"]), cell(&hit["key"]), cell(&hit["status"]), sure, cell(&hit["snippet"])]
    };
    grid::print(&heading, &hits.iter().map(row).collect::<Vec<_>>(), &[false, false, false, true, false])
}
