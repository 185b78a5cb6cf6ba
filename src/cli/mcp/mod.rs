//! `fathom mcp`: a database for an AI assistant, on standard input and output.

mod asking;
mod install;
mod login;
mod remote;

use clap::{Args, Subcommand};

use super::exit::{Exit, UsageError};
use super::global::Global;
use super::out;
use super::target::Target;
use super::watching::interrupted;
use crate::app::Resume;
use crate::mcp::server::{self, Selection};
use crate::model::ApiKey;

const EXAMPLES: &str = "\
Examples:
  fathom mcp shop.db                              what an assistant starts; nobody else needs to run
  fathom mcp install --client claude-code shop.db write that into the assistant's configuration
  fathom mcp shop --tools all                     every tool, not only the handful that suffices
  fathom mcp servers                              remote servers of the configuration, [mcp.servers.NAME], and their tools
  fathom mcp accept hub run_sql_readonly          after a definition has changed
  fathom mcp login hub                            where a remote server wants to know who calls
  fathom mcp call hub run_sql_readonly '{\"sql\": \"select count(*) from orders\"}'
  fathom run mcp:hub                              a database behind one is a source

It speaks the Model Context Protocol. Where a server uses the data folder already, it passes on what is said to that one, so that
assistants and people share one catalog.";

/// Offer a database to an AI assistant over MCP, and look at remote MCP servers
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Mcp {
    #[command(subcommand)]
    pub command: Option<Action>,
    /// A registered name, a DSN, or the path of a SQLite file
    #[arg(value_name = "SOURCE")]
    pub source: Option<String>,
    /// Tools to offer: `default`, `all`, or names of groups and tools between commas
    #[arg(long, value_name = "WHICH")]
    pub tools: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Action {
    Install(install::Install),
    #[command(flatten)]
    Remote(remote::Remote),
}

impl Mcp {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        match &self.command {
            Some(Action::Install(install)) => install.carry_out(global),
            Some(Action::Remote(remote)) => remote.carry_out(global).await,
            None => self.serve(global).await,
        }
    }

    async fn serve(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::Yes).await?;
        let done = tokio::select! {
            served = self.speak(global, &target) => served,
            () = interrupted() => Ok(()),
        };
        target.close_after(done).await.map(|()| Exit::Done)
    }

    async fn speak(&self, global: &Global, target: &Target) -> anyhow::Result<()> {
        let source = self.source.as_deref().map(|source| target.words_of(source));
        let Some((assistants, tools)) = target.assistants() else {
            out::note(format!("passing on to {}", target.client.url()));
            let endpoint = target.client.endpoint("mcp", self.tools.as_deref());
            let token = global.load()?.settings.token;
            return server::bridge(&endpoint, token.as_ref().map(ApiKey::expose), source.as_deref()).await;
        };
        let mut assistants = assistants.clone();
        if let Some(which) = &self.tools {
            assistants = assistants.offering(Selection::parse(which, tools).map_err(UsageError)?);
        }
        if let Some(source) = source {
            assistants = assistants.about(source);
        }
        assistants.check().await.map_err(UsageError)?;
        server::stdio(assistants).await
    }
}
