//! `fathom runs intent`.

use clap::Args;

use super::which;
use crate::api::once::Done;
use crate::cli::client::Client;
use crate::cli::exit::Exit;
use crate::cli::out;
use crate::domain;

/// Change what a run is for; what is given stands for the whole intent from then on
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fathom runs intent last --goal 'only the returns' --constraint 'ignore archived orders'")]
pub struct Intent {
    /// A run's id, or `last`
    pub run: String,
    /// What you want to know; may be given several times
    #[arg(long = "goal", visible_alias = "intent", value_name = "TEXT", required_unless_present_any = ["audience", "constraints"])]
    pub goals: Vec<String>,
    /// Who will read the result
    #[arg(long, value_name = "TEXT")]
    pub audience: Option<String>,
    /// What must be kept to; may be given several times
    #[arg(long = "constraint", value_name = "TEXT")]
    pub constraints: Vec<String>,
}

impl Intent {
    pub async fn carry_out(&self, client: &Client) -> anyhow::Result<Exit> {
        let run = which(client, &self.run).await?;
        let intent = domain::Intent { audience: self.audience.clone(), goals: self.goals.clone(), constraints: self.constraints.clone() };
        let done: Done = client.post(&["runs", &run.to_string(), "intent"], &intent).await?;
        out::line(format!("{run}: intent changed (event {})", done.seq))?;
        Ok(Exit::Done)
    }
}
