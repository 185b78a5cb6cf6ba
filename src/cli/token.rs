//! `fathom token`: who may use a server that other machines can reach.

use clap::Subcommand;

use super::exit::Exit;
use super::global::Global;
use super::out;
use super::runs::show::when;
use super::target::Target;
use crate::api::tokens::{MadeToken, NewToken, TokenItem};
use crate::app::Resume;

/// Make, list and revoke the tokens of a server that other machines can reach
///
/// A token's text is shown once, when it is made; only its hash is kept. Clients send it as `Authorization: Bearer …`,
/// the command line takes it from FATHOM_TOKEN.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  fathom token new laptop\n  fathom token list\n  fathom token revoke laptop")]
pub enum Token {
    /// Make a token and show it
    New {
        /// Who or what will use it
        name: String,
    },
    /// List the names of the tokens
    List {},
    /// Revoke a token; it is refused from then on
    Revoke { name: String },
}

impl Token {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::No).await?;
        let done = self.ask(&target).await;
        target.close_after(done).await.map(|()| Exit::Done)
    }

    async fn ask(&self, target: &Target) -> anyhow::Result<()> {
        let client = &target.client;
        match self {
            Self::New { name } => {
                let made: MadeToken = client.post(&["tokens"], &NewToken { name: name.clone() }).await?;
                out::note(format!("the token `{}`, shown only now:", made.name));
                out::line(made.token)?;
            }
            Self::List {} => {
                let items: Vec<TokenItem> = client.list(&["tokens"], &[], 1_000).await?;
                for item in items {
                    out::line(format!("{}  {}", when(item.created_at), item.name))?;
                }
            }
            Self::Revoke { name } => {
                client.delete(&["tokens", name]).await?;
                out::note(format!("the token `{name}` is revoked"));
            }
        }
        Ok(())
    }
}
