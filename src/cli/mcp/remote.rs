//! `fathom mcp servers|accept|call|login|logout|settle`: remote MCP servers, their tools, and calls of them.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::{asking, login};
use crate::api::servers::{Accepted, Accepting, ServerAnswer, ServerCall, ServerItem, UnansweredCall};
use crate::app::Resume;
use crate::cli::exit::{Exit, UsageError};
use crate::cli::global::Global;
use crate::cli::runs::show::when;
use crate::cli::target::Target;
use crate::cli::{grid, out};
use crate::mcp::client::is_held;

/// Remote MCP servers: what they offer, and calls of their tools
#[derive(Debug, Subcommand)]
pub enum Remote {
    /// List the servers with their tools, and the calls that have no answer
    Servers {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Accept the definitions of a server's tools as they are now
    Accept {
        #[arg(value_name = "SERVER")]
        name: String,
        /// One tool; all of them where left out
        tool: Option<String>,
    },
    /// Call a tool; one that changes something is sent once
    Call {
        #[arg(value_name = "SERVER")]
        name: String,
        tool: String,
        /// The arguments, as a JSON object
        #[arg(default_value = "{}")]
        args: String,
        /// Answers to what the tool has asked back, as JSON: {"id": {"action": "accept", "content": {…}}}
        #[arg(long, default_value = "{}", hide_default_value = true)]
        answers: String,
        /// The state that the tool gave when it asked
        #[arg(long)]
        state: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Sign in to a server that wants it: prints the address to open in a browser, and waits
    Login {
        #[arg(value_name = "SERVER")]
        name: String,
    },
    /// Forget what signing in gave
    Logout {
        #[arg(value_name = "SERVER")]
        name: String,
    },
    /// Remove the record of a call without an answer, once you know what became of it
    Settle { id: String },
}

const TEXT_CHARS: usize = 100;
/// A tool that asks on and on is left.
const MOST_ROUNDS: usize = 20;

impl Remote {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let args = self.args()?;
        self.said()?;
        let target = Target::find(global, Resume::No).await?;
        let done = self.ask(&target, args).await;
        target.close_after(done).await
    }

    /// Looked at before anything is started.
    fn args(&self) -> Result<Map<String, Value>, UsageError> {
        let Self::Call { args, .. } = self else { return Ok(Map::new()) };
        serde_json::from_str(args).map_err(|error| UsageError(format!("the arguments are not a JSON object: {error}")))
    }

    /// What is said to what the tool has asked before.
    fn said(&self) -> Result<ServerCall, UsageError> {
        let Self::Call { answers, state, .. } = self else { return Ok(ServerCall::default()) };
        let read = serde_json::from_str(answers);
        let answers =
            read.map_err(|error| UsageError(format!("the answers are not of the form {{\"id\": {{\"action\": …}}}}: {error}")))?;
        Ok(ServerCall { answers, state: state.clone(), ..ServerCall::default() })
    }

    async fn ask(&self, target: &Target, args: Map<String, Value>) -> anyhow::Result<Exit> {
        let client = &target.client;
        match self {
            Self::Servers { json } => {
                let servers: Vec<ServerItem> = client.list(&["servers"], &[], 10_000).await?;
                let calls: Vec<UnansweredCall> = client.list(&["servers", "calls"], &[], 10_000).await?;
                if *json {
                    servers.iter().try_for_each(|item| anyhow::Ok(out::line(serde_json::to_string(item)?)?))?;
                    calls.iter().try_for_each(|call| anyhow::Ok(out::line(serde_json::to_string(call)?)?))?;
                } else {
                    show(&servers, &calls)?;
                }
            }
            Self::Accept { name, tool } => {
                let body = Accepting { tool: tool.clone() };
                let done: Accepted = client.post(&["servers", name, "accept"], &body).await?;
                match done.accepted.as_slice() {
                    [] => out::note("nothing has changed since it was accepted"),
                    tools => tools.iter().try_for_each(|tool| out::line(format!("accepted {}", out::harmless(tool, TEXT_CHARS))))?,
                }
            }
            Self::Call { name, tool, json, .. } => {
                let mut call = ServerCall { args, ..self.said()? };
                let mut answer: ServerAnswer = client.post_once(&["servers", name, "tools", tool], &call).await?;
                for _ in 0..MOST_ROUNDS {
                    let Some(asks) = answer.asks.as_ref().filter(|_| !json && asking::is_somebody_there()) else { break };
                    call.answers = asking::ask(&format!("{name}.{tool}"), asks).await?;
                    call.state = answer.state.clone();
                    answer = client.post_once(&["servers", name, "tools", tool], &call).await?;
                }
                if let Some(asks) = answer.asks.as_ref().filter(|_| target.is_inside() && answer.state.as_deref().is_some_and(is_held)) {
                    // The call is held in this process, and nobody can come back to it.
                    out::json(&answer)?;
                    call.answers = asking::cancelled(asks);
                    call.state = answer.state.clone();
                    let _told: ServerAnswer = client.post_once(&["servers", name, "tools", tool], &call).await?;
                    out::note("the tool asks something back, and waits only while `fathom serve` runs; it was told that nobody answers");
                    return Ok(Exit::Failed);
                }
                if answer.asks.is_some() {
                    out::json(&answer)?;
                    out::note("the tool asks something back; call it again with `--answers` and, where there is one, `--state`");
                    return Ok(Exit::Failed);
                }
                if *json {
                    out::json(&answer)?
                } else {
                    told(&answer)?
                }
                if answer.is_error {
                    return Ok(Exit::Failed);
                }
            }
            Self::Login { name } => return login::login(client, name).await,
            Self::Logout { name } => {
                client.delete(&["servers", name, "login"]).await?;
                out::note(format!("nobody is signed in to `{name}` any more"));
            }
            Self::Settle { id } => {
                client.delete(&["servers", "calls", id]).await?;
                out::note(format!("the call `{id}` is off the record"));
            }
        }
        Ok(Exit::Done)
    }
}

fn show(servers: &[ServerItem], calls: &[UnansweredCall]) -> std::io::Result<()> {
    if servers.is_empty() {
        out::note("there are no remote servers; they stand in the configuration as `[mcp.servers.NAME]`");
    }
    for server in servers {
        let up = if server.up { "up" } else { "down" };
        let signed_in = if server.signed_in { "  signed in" } else { "" };
        let (place, state) = (out::harmless(&server.place, TEXT_CHARS), out::harmless(&server.state, 300));
        out::line(format!("{}  {up}{signed_in}  {place}  {state}", server.name))?;
        let rows: Vec<Vec<String>> = server
            .tools
            .iter()
            .map(|tool| {
                let effect = serde_json::to_value(tool.effect).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
                let changed = if tool.changed { "changed: not called until accepted" } else { "" };
                vec![out::harmless(&tool.name, TEXT_CHARS), effect, changed.to_owned(), out::harmless(&tool.description, TEXT_CHARS)]
            })
            .collect();
        if !rows.is_empty() {
            grid::print(&["tool", "effect", "definition", "says"].map(str::to_owned), &rows, &[])?;
        }
    }
    if !calls.is_empty() {
        out::line("calls without an answer; nobody knows whether they took place:")?;
        for call in calls {
            let args = out::harmless(&call.args.to_string(), 200);
            let reason = out::harmless(&call.reason, 200);
            out::line(format!("{}  {}  {}.{} {args}  {reason}", call.id, when(call.at), call.server, call.tool))?;
        }
    }
    Ok(())
}

/// Data where the tool gave any, else its texts; foreign words cannot touch the terminal.
fn told(answer: &ServerAnswer) -> anyhow::Result<()> {
    if let Some(structured) = &answer.structured {
        out::json(structured)?;
        return Ok(());
    }
    for block in &answer.content {
        match block.get("text").and_then(Value::as_str) {
            Some(text) => text.lines().try_for_each(|line| out::line(out::harmless(line, 2_000)))?,
            None => out::line(format!("({})", out::harmless(block["type"].as_str().unwrap_or("content"), 50)))?,
        }
    }
    Ok(())
}
