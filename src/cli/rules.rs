//! `fathom rules`: the rules in force, and how often each was met.

use clap::Args;
use serde_json::Value;

use super::exit::Exit;
use super::global::Global;
use super::runs::show::when;
use super::target::Target;
use super::{grid, out};
use crate::api::rules::RuleItem;
use crate::app::Resume;

/// Show the rules for calls of tools, in their order, with how often each was met since the server started
///
/// Rules stand in the configuration, as `[[rules]]`; `fathom check` says where and whether they are sound.
#[derive(Debug, Args)]
pub struct Rules {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

const WORDS_CHARS: usize = 80;

impl Rules {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::No).await?;
        let listed = target.client.list(&["rules"], &[], 10_000).await;
        let items: Vec<RuleItem> = target.close_after(listed).await?;
        if self.json {
            items.iter().try_for_each(|item| anyhow::Ok(out::line(serde_json::to_string(item)?)?))?;
        } else if items.is_empty() {
            out::note("there are no rules; they stand in the configuration as `[[rules]]`");
        } else {
            let heading = ["hits", "last", "name", "about", "does"].map(str::to_owned);
            let rows = items.iter().map(row).collect::<Result<Vec<_>, _>>()?;
            grid::print(&heading, &rows, &[true])?;
        }
        Ok(Exit::Done)
    }
}

fn row(item: &RuleItem) -> Result<Vec<String>, serde_json::Error> {
    let rule = serde_json::to_value(&item.rule)?;
    let about = words(&rule, &["caller", "tool", "source", "schema", "table", "pattern"]);
    let does = words(&rule, &["block", "answer", "rewrite", "time_limit_ms", "log", "continue"]);
    let about = if about.is_empty() { "every call".to_owned() } else { about };
    let last = item.last_hit_at.map(when).unwrap_or_default();
    Ok(vec![item.hits.to_string(), last, item.rule.name.clone(), about, does])
}

fn words(rule: &Value, keys: &[&str]) -> String {
    let told = keys.iter().filter_map(|key| match rule.get(key)? {
        Value::Bool(false) => None,
        Value::Bool(true) => Some((*key).to_owned()),
        Value::String(text) => Some(format!("{key} {text}")),
        other => Some(format!("{key} {other}")),
    });
    out::harmless(&told.collect::<Vec<_>>().join(", "), WORDS_CHARS)
}
