//! `fathom verify`: the checks of findings, run again.

use clap::Args;
use serde_json::{Map, Value, json};

use super::exit::{Exit, UsageError};
use super::global::Global;
use super::looking::{cell, list, object};
use super::out;
use super::target::Target;
use crate::api::tools::{ToolAnswer, ToolCall};
use crate::app::Resume;

/// Run the checks of findings again, against the database as it is now
///
/// What the data refutes becomes refuted, and the command then ends with 1.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fathom verify shop relationship 'rel/main.orders.customer_id->main.customers.id'\n  fathom verify shop metric metric/orders.revenue --json\n  fathom verify shop --all"
)]
pub struct Verify {
    /// A registered name, a DSN, or the path of a SQLite file
    pub source: String,
    /// The finding's kind: relationship, metric, question_template, …
    #[arg(requires = "key", required_unless_present = "all", conflicts_with = "all")]
    pub kind: Option<String>,
    /// The finding's key, as `fathom search` shows it
    pub key: Option<String>,
    /// All findings that can be checked
    #[arg(long)]
    pub all: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// What came of all of them.
#[derive(Default)]
struct Tally {
    items: usize,
    changed: usize,
    refuted: usize,
    nothing_to_check: u64,
}

impl Verify {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::No).await?;
        let done = self.ask(&target).await;
        target.close_after(done).await
    }

    async fn ask(&self, target: &Target) -> anyhow::Result<Exit> {
        let mut args = match (&self.kind, &self.key) {
            (Some(kind), Some(key)) => object(json!({"kind": kind, "key": key})),
            (None, None) => Map::new(),
            _ => return Err(UsageError("a finding is named by its kind and its key; `--all` verifies all".to_owned()).into()),
        };
        let mut tally = Tally::default();
        loop {
            let request = ToolCall { source: Some(target.words_of(&self.source)), args: args.clone() };
            let answer: ToolAnswer = target.client.post(&["tools", "catalog_verify"], &request).await?;
            for item in list(&answer.result, "items") {
                tally.count(item);
                if self.json { out::line(item.to_string())? } else { show(item)? }
            }
            tally.nothing_to_check += answer.result["nothing_to_check"].as_u64().unwrap_or(0);
            match &answer.result["next"] {
                Value::String(next) => args.insert("after".to_owned(), Value::from(next.as_str())),
                _ => break,
            };
        }
        if self.all && !self.json {
            out::note(tally.told());
        }
        Ok(if tally.refuted > 0 { Exit::Failed } else { Exit::Done })
    }
}

impl Tally {
    fn count(&mut self, item: &Value) {
        self.items += 1;
        self.changed += usize::from(item["changed"] == json!(true));
        self.refuted += usize::from(item["outcome"] == json!("refuted") && item["changed"] == json!(true));
    }

    fn told(&self) -> String {
        let Self { items, changed, refuted, nothing_to_check } = self;
        let checked = out::count(*items, "claim");
        format!(
            "{checked} checked, {changed} changed, {refuted} of them refuted; {nothing_to_check} more say nothing that a query could check"
        )
    }
}

fn show(item: &Value) -> std::io::Result<()> {
    let sure = |claim: &Value| format!("{} {:.2}", cell(&claim["status"]), claim["confidence"].as_f64().unwrap_or_default());
    let (before, after) = (sure(&item["before"]), sure(&item["after"]));
    let change = if item["changed"] == json!(true) { format!("{before} → {after}") } else { format!("{after}, as before") };
    out::line(format!("{:<9} {} ({change}; {})", cell(&item["outcome"]), out::harmless(&text(&item["key"]), 200), cell(&item["author"])))?;
    let check = &item["check"];
    for said in [&item["why"], &check["reason"]] {
        if said.is_string() {
            out::line(format!("          {}", out::harmless(&text(said), 400)))?;
        }
    }
    if check["result"].is_object() {
        out::line(format!("          {}", out::harmless(&check["result"].to_string(), 400)))?;
    }
    if check["sql"].is_string() {
        out::line(format!("          {}", out::harmless(&text(&check["sql"]), 2_000)))?;
    }
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
