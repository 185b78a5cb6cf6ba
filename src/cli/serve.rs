//! `fathom serve`: the API until it is told to stop.

use clap::Args;

use super::exit::Exit;
use super::global::{self, Global};
use super::out;
use super::target::start;
use super::watching::interrupted;
use crate::app::Resume;

const EXAMPLES: &str = "\
Examples:
  fathom serve --source shop.db
  curl http://127.0.0.1:7700/runs -H 'content-type: application/json' -d '{\"intent\": {\"goals\": [\"who buys again?\"]}}'
  curl -N http://127.0.0.1:7700/runs/run_…/events
  fathom serve --listen 0.0.0.0:7700        reachable from other machines: every call then needs a token

Runs that were not finished when Fathom last stopped go on by themselves.";

/// Serve the HTTP API, its events and its reference
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// The source of runs that name none: a registered name, a DSN, or the path of a SQLite file
    #[arg(long, value_name = "DSN")]
    pub source: Option<String>,
    /// Address and port [default: 127.0.0.1:7700]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
}

impl Serve {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let mut flags = global.flags();
        flags.set_if_given("--source", "default_source", self.source.as_ref());
        flags.set_if_given("--listen", "api.listen", self.listen.as_ref());
        let loaded = global::load(flags)?;
        #[cfg(feature = "crash-points")]
        if let Some(point) = &loaded.crash_point {
            anyhow::ensure!(crate::domain::crash::arm(point), "`{point}` is not a crash point");
        }
        let settings = loaded.settings;
        let source = settings.default_source.clone();
        let mut app = start(settings, Resume::Yes).await?;
        say(format!("Fathom listens on {}; the reference is at {0}/docs", app.url));
        say(format!("assistants connect with  {}", global.again("mcp install --client claude-code")));
        say(format!("                     or  claude mcp add --transport http fathom {}/mcp", app.url));
        if let Some(source) = source {
            say(format!("runs that name no source discover {source}"));
        }
        if app.resumed > 0 {
            say(format!("{} that had not finished go on", out::count(app.resumed, "run")));
        }
        if let Some(token) = &app.first_token {
            say("other machines can reach this address, so every call needs this token, which is shown only now:");
            say(format!("  {token}"));
            say(format!("more of them with  {}", global.again("token new NAME")));
        }
        tokio::select! {
            () = interrupted() => {}
            // It never stops by itself unless something broke.
            served = &mut app.served => return served?.map(|()| Exit::Done),
        }
        out::note("stopping; once more to stop at once");
        app.shutdown.cancel();
        tokio::select! {
            stopped = app.served => stopped?.map(|()| Exit::Done),
            () = interrupted() => Ok(Exit::Interrupted),
        }
    }
}

/// A server goes on although whoever started it does not read what it prints.
fn say(text: impl AsRef<str>) {
    let _ = out::line(text);
}
