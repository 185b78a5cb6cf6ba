//! `fathom search`: what is known, by any words.

use clap::Args;
use serde_json::{Value, json};

use super::exit::Exit;
use super::global::Global;
use super::looking::{Looking, cell, list, object};
use super::{grid, out};

/// Search what is known of a source: tables, columns, comments, findings
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fathom search orders --source shop\n  fathom search 'customer email' --kind column --source shop.db\n  fathom search order --status stale --source shop"
)]
pub struct Search {
    /// Any words; no syntax is needed
    pub words: String,
    /// Only entries of this kind: table, view, column, relationship, domain, metric, …
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only what belongs to this schema or table: `public`, `public.orders`
    #[arg(long, value_name = "NAME")]
    pub schema: Option<String>,
    /// Only entries that have this tag
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Only entries that are at least so certain, 0 to 1
    #[arg(long, value_name = "0..1")]
    pub min_confidence: Option<f64>,
    /// Only entries of this status: draft, validated, stable, refuted, stale or rejected
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Only what the database says itself (harvest), or only what was claimed about it (finding)
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// At most so many, 1 to 50
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub limit: usize,
    #[command(flatten)]
    pub looking: Looking,
}

impl Search {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let mut args = object(json!({"query": self.words, "limit": self.limit}));
        let filters =
            [("kind", &self.kind), ("schema", &self.schema), ("tag", &self.tag), ("status", &self.status), ("layer", &self.layer)];
        let given = filters.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value.as_deref()?))));
        args.extend(given);
        args.extend(self.min_confidence.map(|least| ("min_confidence".to_owned(), Value::from(least))));
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
