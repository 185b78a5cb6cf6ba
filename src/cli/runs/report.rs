//! `fathom runs report`.

use clap::{Args, ValueEnum};

use super::which;
use crate::cli::client::Client;
use crate::cli::exit::Exit;
use crate::cli::out;

/// Print what a run found
#[derive(Debug, Args)]
pub struct Report {
    /// A run's id, or `last`
    pub run: String,
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Markdown,
    Json,
}

impl Report {
    pub async fn carry_out(&self, client: &Client) -> anyhow::Result<Exit> {
        let run = which(client, &self.run).await?;
        let format = match self.format {
            Format::Markdown => "markdown",
            Format::Json => "json",
        };
        let text = client.text(&["runs", &run.to_string(), "report"], &[("format", format.to_owned())]).await?;
        out::line(text.trim_end())?;
        Ok(Exit::Done)
    }
}
