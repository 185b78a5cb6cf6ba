//! `fathom queries`: what callers asked of a source, literals aside.

use clap::Args;

use super::exit::Exit;
use super::global::Global;
use super::runs::show::when;
use super::target::Target;
use super::{grid, out};
use crate::api::queries::{QueryItem, QueryOrder};
use crate::app::Resume;

/// Show what callers asked of a source: each query once, without its literals, with how often and how long
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fathom queries shop\n  fathom queries shop.db --order time --limit 5\n  fathom queries shop --json")]
pub struct Queries {
    /// A registered name, a DSN, or the path of a SQLite file
    pub source: String,
    /// What comes first: the most frequent, what took longest in all, or what was asked last
    #[arg(long, value_name = "ORDER", default_value = "count", value_parser = QueryOrder::NAMES)]
    pub order: String,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

const TEXT_CHARS: usize = 100;

impl Queries {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::No).await?;
        let source = target.words_of(&self.source);
        let listed = target.client.list(&["sources", &source, "queries"], &[("order", self.order.clone())], self.limit.max(1)).await;
        let items: Vec<QueryItem> = target.close_after(listed).await?;
        if self.json {
            items.iter().try_for_each(|item| anyhow::Ok(out::line(serde_json::to_string(item)?)?))?;
        } else if items.is_empty() {
            out::note("nobody has asked anything of this source yet");
        } else {
            let heading = ["count", "refused", "failed", "total ms", "max ms", "rows", "last", "caller", "tool", "text"].map(str::to_owned);
            grid::print(&heading, &items.iter().map(row).collect::<Vec<_>>(), &[true; 6])?;
        }
        Ok(Exit::Done)
    }
}

fn row(item: &QueryItem) -> Vec<String> {
    let numbers = [item.count, item.refused, item.failed].map(|number| number.to_string());
    let times = [item.total_ms, item.max_ms].map(|millis| format!("{millis:.1}"));
    let words = [item.rows.to_string(), when(item.last_at), out::harmless(&item.caller, 30), item.tool.clone()];
    numbers.into_iter().chain(times).chain(words).chain([out::harmless(&item.text, TEXT_CHARS)]).collect()
}
