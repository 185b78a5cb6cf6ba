//! `fathom token`: who may use a server that other machines can reach.

use clap::Subcommand;

use super::exit::Exit;
use super::global::Global;
use super::runs::show::when;
use super::target::Target;
use super::{grid, out};
use crate::api::tokens::{MadeToken, NewToken, TokenItem};
use crate::app::Resume;
use crate::domain::{Scope, TokenKind};
use crate::engine::clock::now_ms;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const EXAMPLES: &str = "\
Examples:
  fathom token new laptop                                   everything, for a person
  fathom token new claude --assistant                       read, sql and write, which is the most for an assistant
  fathom token new reader --scope read --days 30
  fathom token list
  fathom token revoke laptop

Scopes:
  read     runs, findings, the catalog, the structure of sources
  sql      values of rows: SQL, samples, profiles
  write    runs, harvests, findings
  approve  what only a person may: answering the questions of a run
  admin    tokens, sources, secrets, the audit log";

/// Make, list and revoke tokens: who may use a server from where, and what for
///
/// A token's text is shown once, when it is made; only its hash is kept. Clients send it as `Authorization: Bearer …`,
/// the command line takes it from FATHOM_TOKEN.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum Token {
    /// Make a token and show it
    New {
        /// Who or what will use it; a name is given once
        name: String,
        /// It is for a program that decides by itself what to call: it never approves and never administers
        #[arg(long)]
        assistant: bool,
        /// What it may do: read, sql, write, approve, admin; several times for several
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<Scope>,
        /// It ends after so many days
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// List the tokens
    List {
        /// Also those that were revoked or have ended
        #[arg(long)]
        revoked: bool,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token; it is refused from then on, and its name is not given again
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
            Self::New { name, assistant, scopes, days } => {
                let new = NewToken {
                    name: name.clone(),
                    kind: if *assistant { TokenKind::Assistant } else { TokenKind::Person },
                    scopes: (!scopes.is_empty()).then(|| scopes.iter().copied().collect()),
                    expires_at: days.map(|days| now_ms() + i64::from(days) * DAY_MS),
                };
                let made: MadeToken = client.post(&["tokens"], &new).await?;
                let until = made.expires_at.map(|end| format!(" until {}", when(end))).unwrap_or_default();
                out::note(format!("the token `{}` of {} may {}{until}; shown only now:", made.name, whose(made.kind), made.scopes.words()));
                out::line(made.token)?;
            }
            Self::List { revoked, json } => {
                let items: Vec<TokenItem> = client.list(&["tokens"], &[("revoked", revoked.to_string())], 20_000).await?;
                if *json {
                    items.iter().try_for_each(|item| anyhow::Ok(out::line(serde_json::to_string(item)?)?))?;
                } else if items.is_empty() {
                    out::note("there are no tokens");
                } else {
                    let heading = ["made", "ends", "name", "of", "scopes"].map(str::to_owned);
                    grid::print(&heading, &items.iter().map(row).collect::<Vec<_>>(), &[])?;
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

fn row(item: &TokenItem) -> Vec<String> {
    let end = match (item.revoked_at, item.expires_at) {
        (Some(at), _) => format!("revoked {}", when(at)),
        (None, end) => end.map(when).unwrap_or_default(),
    };
    vec![when(item.created_at), end, out::harmless(&item.name, 80), whose(item.kind).to_owned(), item.scopes.words()]
}

fn whose(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Person => "a person",
        TokenKind::Assistant => "an assistant",
    }
}
