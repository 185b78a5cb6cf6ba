//! `fathom harvest`: reads a source's structure anew, shows how far it is and what came of it.

use clap::Args;
use eventsource_stream::Eventsource;
use futures::StreamExt;
use indicatif::ProgressBar;
use serde_json::json;

use super::client::Client;
use super::exit::Exit;
use super::global::Global;
use super::out::{self, count, harmless};
use super::target::Target;
use super::watching::interrupted;
use crate::api::harvests::{HarvestItem, HarvestStatus, NewHarvest};
use crate::app::Resume;
use crate::tools::harvests::{Happened, Harvested, Step};

/// What was not read, named up to here; `--json` has all of it.
const UNREAD_TOLD: usize = 10;

/// Read a source's structure anew
///
/// In one transaction: what was read is kept whole or not at all. Interrupted, it ends in the database too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fathom harvest shop\n  fathom harvest sqlite:shop.db --json\n  fathom harvest shop --time-limit 10 && fathom diff shop"
)]
pub struct Harvest {
    /// A registered name, a DSN, or the path of a SQLite file [default: the server's default source]
    pub source: Option<String>,
    /// End it after so long
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub time_limit: Option<u64>,
    /// Print the events as they are, one JSON object a line, and nothing else
    #[arg(long)]
    pub json: bool,
}

impl Harvest {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::No).await?;
        let done = self.ask(&target).await;
        target.close_after(done).await
    }

    async fn ask(&self, target: &Target) -> anyhow::Result<Exit> {
        let client = &target.client;
        let source = self.source.as_deref().map(|source| target.words_of(source));
        let request = NewHarvest { source, time_limit_ms: self.time_limit.map(|seconds| seconds * 1_000) };
        let begun: HarvestItem = client.post(&["harvests"], &request).await?;
        let id = begun.harvest_id;
        let bar = (!self.json && console::user_attended_stderr()).then(ProgressBar::new_spinner);
        let following = self.follow(client, &id, bar.as_ref());
        tokio::pin!(following);
        let followed = tokio::select! {
            followed = &mut following => followed,
            () = interrupted() => {
                let _told: HarvestItem = client.post(&["harvests", &id, "cancel"], &json!({})).await?;
                following.await
            }
        };
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        followed?;
        let ended: HarvestItem = client.get(&["harvests", &id], &[]).await?;
        self.conclude(&ended)
    }

    /// Shows what happens until nothing more does.
    async fn follow(&self, client: &Client, id: &str, bar: Option<&ProgressBar>) -> anyhow::Result<()> {
        let mut frames = client.open_harvest(id).await?.bytes_stream().eventsource();
        while let Some(frame) = frames.next().await {
            let frame = frame?;
            if self.json {
                out::line(&frame.data)?;
            }
            if let (Some(bar), Ok(Happened { step: Step::Progress { part, count }, .. })) = (bar, serde_json::from_str(&frame.data)) {
                bar.set_message(format!("{part} {count}"));
                bar.tick();
            }
        }
        Ok(())
    }

    fn conclude(&self, ended: &HarvestItem) -> anyhow::Result<Exit> {
        let told = match &ended.last.step {
            Step::Done { found, elapsed_ms } => found_words(&ended.source, found, *elapsed_ms),
            Step::Failed { reason } => harmless(reason, 1_000),
            Step::TimedOut { time_limit_ms } => format!("ended after {time_limit_ms} ms; nothing of it was kept"),
            Step::Cancelled {} => "cancelled; nothing of it was kept".to_owned(),
            Step::Started {} | Step::Progress { .. } => "the server stopped before the end".to_owned(),
        };
        let exit = match ended.status {
            HarvestStatus::Done => Exit::Done,
            HarvestStatus::Cancelled => Exit::Cancelled,
            HarvestStatus::Failed | HarvestStatus::TimedOut | HarvestStatus::Running => Exit::Failed,
        };
        match (self.json, exit) {
            (true, _) => {}
            (false, Exit::Done) => out::line(told)?,
            (false, _) => out::note(told),
        }
        Ok(exit)
    }
}

fn found_words(source: &str, found: &Harvested, elapsed_ms: u64) -> String {
    let engine = format!("{} {}", found.engine, found.engine_version);
    let parts = [
        (found.schemas, "schema"),
        (found.tables, "table"),
        (found.views, "view"),
        (found.columns, "column"),
        (found.foreign_keys, "foreign key"),
        (found.routines, "routine"),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, one)| count(number, one)).collect();
    let indexes = if found.indexes == 1 { "1 index".to_owned() } else { format!("{} indexes", found.indexes) };
    let mut text = format!("{}: {}", harmless(source, 200), harmless(engine.trim(), 200));
    text.push_str(&format!("\n  {}, {indexes}", if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }));
    match &found.changes {
        None => text.push_str("\n  read for the first time"),
        Some(changes) if changes.added + changes.removed + changes.changed == 0 => {
            text.push_str("\n  nothing has changed since the last time")
        }
        Some(changes) => text.push_str(&format!(
            "\n  since the last time {} added, {} removed, {} changed",
            changes.added, changes.removed, changes.changed
        )),
    }
    for said in found.unread.iter().take(UNREAD_TOLD) {
        text.push_str(&format!("\n  not read: {}", harmless(said, 300)));
    }
    if found.unread.len() > UNREAD_TOLD {
        text.push_str(&format!("\n  and {} more that were not read", found.unread.len() - UNREAD_TOLD));
    }
    text.push_str(&format!("\n  {} in {:.1} s", found.snapshot, elapsed_ms as f64 / 1e3));
    text
}
