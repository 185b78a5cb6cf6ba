//! `fathom runs list`.

use clap::Args;

use super::show::when;
use crate::api::runs::RunItem;
use crate::cli::client::Client;
use crate::cli::exit::Exit;
use crate::cli::out::{self, count, harmless};

/// List runs, newest first
#[derive(Debug, Args)]
pub struct List {
    /// Only runs in this state: waiting, running, paused, cancelling, finished, failed, cancelled
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Only runs over this source
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

impl List {
    pub async fn carry_out(&self, client: &Client) -> anyhow::Result<Exit> {
        let status = self.status.iter().map(|status| ("status", status.clone()));
        let source = self.source.iter().map(|source| ("source", source.clone()));
        let query: Vec<_> = status.chain(source).collect();
        let runs: Vec<RunItem> = client.list(&["runs"], &query, self.limit.max(1)).await?;
        for run in &runs {
            out::line(if self.json { serde_json::to_string(run)? } else { row(run) })?;
        }
        if runs.is_empty() && !self.json {
            out::note("no such runs; start one with `fathom run SOURCE`");
        }
        Ok(Exit::Done)
    }
}

fn row(run: &RunItem) -> String {
    let findings = count(run.summary.findings as usize, "finding");
    format!("{}  {:10}  {}  {findings}  {}", run.run_id, run.status.name(), when(run.created_at), harmless(&run.source, 80))
}
