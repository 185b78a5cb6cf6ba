//! `fathom runs watch`.

use clap::Args;

use super::which;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::line::line;
use crate::cli::out;
use crate::cli::run::detached;
use crate::cli::target::Target;
use crate::cli::watching::{Form, Watched, Watching};
use crate::domain::Seq;

/// Watch a run to its end; where no server is up, it goes on inside this command
#[derive(Debug, Args)]
#[command(after_help = crate::cli::exit::EXIT_CODES)]
pub struct Watch {
    /// A run's id, or `last`
    pub run: String,
    /// Begin after the event with this number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub after: Seq,
    /// Show what there is, and do not wait for more
    #[arg(long)]
    pub no_follow: bool,
    /// Print the events as they are, one JSON object a line
    #[arg(long)]
    pub json: bool,
}

impl Watch {
    pub async fn carry_out(&self, target: &Target, global: &Global) -> anyhow::Result<Exit> {
        let run = which(&target.client, &self.run).await?;
        let form = match Form::fitting(self.json) {
            Form::Picture if self.no_follow => Form::Lines,
            form => form,
        };
        let watching = Watching { client: &target.client, global, run, form, words: line };
        match watching.follow(self.after, !self.no_follow).await? {
            Watched::ToTheEnd => watching.conclude().await,
            Watched::Interrupted => {
                out::note(detached(global, &run.to_string(), target.is_inside()));
                Ok(Exit::Interrupted)
            }
        }
    }
}
