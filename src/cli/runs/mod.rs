//! `fathom runs`: looking at runs and telling them things.

pub mod answer;
pub mod intent;
pub mod list;
pub mod report;
pub mod show;
pub mod tell;
pub mod watch;

use clap::{Args, Subcommand};

use super::client::Client;
use super::exit::{Exit, UsageError};
use super::global::Global;
use super::target::Target;
use crate::api::runs::RunItem;
use crate::app::Resume;
use crate::domain::RunId;

const EXAMPLES: &str = "\
Examples:
  fathom runs list --status running
  fathom runs show last
  fathom runs watch last
  fathom runs answer last q1 'yes, since 2019'
  fathom runs intent last --goal 'only the returns' --constraint 'ignore archived orders'
  fathom runs report last > shop.md

RUN is a run's id, or `last` for the newest run.";

/// Look at runs and tell them things
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum Runs {
    List(list::List),
    Show(show::Show),
    Watch(watch::Watch),
    /// End a run: no new task starts, what was found stays
    Cancel(WhichRun),
    /// Let a run rest: tasks in flight go on to their end, no new one starts
    Pause(WhichRun),
    /// Let a paused run go on
    Resume(WhichRun),
    Answer(answer::Answer),
    Intent(intent::Intent),
    Report(report::Report),
}

#[derive(Debug, Args)]
pub struct WhichRun {
    /// A run's id, or `last`
    pub run: String,
}

impl Runs {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, self.resume()).await?;
        let exit = self.ask(global, &target).await;
        target.close_after(exit).await
    }

    /// Who only reads does not set old runs going; who tells a run something needs it alive.
    fn resume(&self) -> Resume {
        match self {
            Self::List(_) | Self::Show(_) | Self::Report(_) => Resume::No,
            Self::Watch(watch) if watch.no_follow => Resume::No,
            Self::Watch(_) | Self::Cancel(_) | Self::Pause(_) | Self::Resume(_) | Self::Answer(_) | Self::Intent(_) => Resume::Yes,
        }
    }

    async fn ask(&self, global: &Global, target: &Target) -> anyhow::Result<Exit> {
        let client = &target.client;
        match self {
            Self::List(list) => list.carry_out(client).await,
            Self::Show(show) => show.carry_out(client, global).await,
            Self::Watch(watch) => watch.carry_out(target, global).await,
            Self::Cancel(which) => tell::tell(client, &which.run, "cancel", "it is ending").await,
            Self::Pause(which) => tell::tell(client, &which.run, "pause", "it is paused").await,
            Self::Resume(which) => tell::tell(client, &which.run, "resume", "it goes on").await,
            Self::Answer(answer) => answer.carry_out(client).await,
            Self::Intent(intent) => intent.carry_out(client).await,
            Self::Report(report) => report.carry_out(client).await,
        }
    }
}

/// The run that a person means.
pub async fn which(client: &Client, word: &str) -> anyhow::Result<RunId> {
    if word != "last" {
        return Ok(word
            .parse()
            .map_err(|error: crate::domain::id::NotAnId| UsageError(format!("{error}, or `last` for the newest run")))?);
    }
    let newest: Vec<RunItem> = client.list(&["runs"], &[], 1).await?;
    let run = newest.first().ok_or_else(|| UsageError("there are no runs yet; start one with `fathom run SOURCE`".to_owned()))?;
    Ok(run.run_id)
}
