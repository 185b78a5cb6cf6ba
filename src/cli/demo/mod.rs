//! `fathom demo`: a broken shop, what Fathom makes of it, and a server to look around in.

mod chance;
pub mod shop;
mod story;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use console::style;
use tokio::net::TcpListener;

use super::client::Client;
use super::exit::{Exit, UsageError};
use super::global::{self, Global};
use super::out;
use super::run::detached;
use super::target::start;
use super::watching::{Form, Watched, Watching, interrupted};
use crate::api::runs::RunState;
use crate::api::start::{StartRequest, Started};
use crate::app::{self, App, Resume};
use crate::catalog::report::Report;
use crate::config::Settings;

/// Enough for every expert to have looked at every table.
const ROUNDS: u32 = 16;
const TASKS_A_ROUND: u32 = 6;

/// Make a shop with everything wrong in it, and watch Fathom find out
///
/// Writes a SQLite file of about 50,000 rows in which nothing is declared, discovers it, and says what was found and what is odd.
/// Then the server stays up until Ctrl-C. Everything is in one folder that is named; nothing is sent anywhere.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fathom demo
  fathom demo --once                 end after the summary, as it does where nobody watches
  fathom demo --model my-model       reason with a configured model, not by rule")]
pub struct Demo {
    /// End after the summary
    #[arg(long)]
    pub once: bool,
    /// A configured model; by default Fathom reasons by rule
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
}

impl Demo {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        if global.server.is_some() {
            return Err(UsageError("the demo runs a server of its own; leave out `--server`".to_owned()).into());
        }
        let global = &Global { data: Some(folder(global)?), ..global.clone() };
        let place = global.data.as_deref().unwrap_or(Path::new("."));
        let file = make_shop(place).await?;

        let app = start(settings(global).await?, Resume::Yes).await?;
        let client = Client::new(&app.url, None)?;
        let told = self.tell(global, &client, &file).await;
        match told {
            Ok(Exit::Done) if !self.once && console::user_attended() => stay(app).await,
            told => close(app).await.and(told),
        }
    }

    /// The run from its start to what came of it.
    async fn tell(&self, global: &Global, client: &Client, file: &Path) -> anyhow::Result<Exit> {
        let model = self.model.clone().unwrap_or_else(|| app::BUILTIN.to_owned());
        let request = StartRequest {
            source: Some(file.display().to_string()),
            model: Some(model),
            max_iterations: Some(ROUNDS),
            tasks_per_iter: Some(TASKS_A_ROUND),
            ..StartRequest::default()
        };
        let started: Started = client.post(&["runs"], &request).await?;
        let run = started.run_id;
        let watching = Watching { client, global, run, form: Form::fitting(false), words: story::milestone };
        if watching.follow(0, true).await? == Watched::Interrupted {
            out::note(detached(global, &run.to_string(), true));
            return Ok(Exit::Interrupted);
        }
        let id = run.to_string();
        let state: RunState = client.get(&["runs", &id], &[]).await?;
        let report: Report = client.get(&["runs", &id, "report"], &[("format", "json".to_owned())]).await?;
        for text in story::ending(&report) {
            out::line(text)?;
        }
        let open = state.open_questions.iter().map(|open| &open.question);
        for text in story::questions(open, |question| watching.how_to_answer(question)) {
            out::line(text)?;
        }
        out::line(format!("\n{}", style("Look further").bold()))?;
        out::line(format!("  the whole report   {}", global.again("runs report last")))?;
        out::line(format!(
            "  ask it yourself    {}",
            global.again(&format!("sql {} 'select …'", out::quoted(&file.display().to_string())))
        ))?;
        Ok(Exit::of_status(state.run.status))
    }
}

/// The data folder that was named, or a fresh one that nothing else uses.
fn folder(global: &Global) -> anyhow::Result<PathBuf> {
    match &global.data {
        Some(folder) => Ok(folder.clone()),
        None => Ok(tempfile::Builder::new().prefix("fathom-demo-").tempdir().context("no folder can be made for the demo")?.keep()),
    }
}

/// In a folder that is new each time, so that no file of anybody is touched.
async fn make_shop(place: &Path) -> anyhow::Result<PathBuf> {
    let began = Instant::now();
    std::fs::create_dir_all(place).with_context(|| format!("`{}` cannot be made", place.display()))?;
    let folder = tempfile::Builder::new().prefix("shop-").tempdir_in(place)?.keep();
    let file = std::path::absolute(folder.join("shop.db"))?;
    let made = shop::write(&file).await.with_context(|| format!("`{}` cannot be written", file.display()))?;
    let what = format!("{} and {} rows, no key or reference declared", out::count(made.tables, "table"), out::short(made.rows as u64));
    out::line(format!("{}  {what}, made in {:.1} s", style("A shop").bold(), began.elapsed().as_secs_f64()))?;
    out::line(format!("  {}", file.display()))?;
    Ok(file)
}

/// On this machine only: what was set for a server of others does not hold for a demo.
async fn settings(global: &Global) -> anyhow::Result<Settings> {
    let loaded = global::load(global.flags())?;
    let log_was_chosen = loaded.effective().iter().any(|setting| setting.key == "telemetry.log" && setting.origin != "default");
    let mut settings = loaded.settings;
    let port = settings.api.listen.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).unwrap_or_default();
    let wanted = format!("127.0.0.1:{port}");
    // Another process may take it in between; then starting says so.
    let is_free = TcpListener::bind(&wanted).await.is_ok();
    settings.api.listen = if is_free { wanted } else { "127.0.0.1:0".to_owned() };
    if !log_was_chosen {
        settings.telemetry.log = "warn".to_owned();
    }
    Ok(settings)
}

async fn stay(mut app: App) -> anyhow::Result<Exit> {
    out::line(format!("  in the browser     {}/docs", app.url))?;
    out::line(format!("\nThe server is up at {}. Ctrl-C ends it.", style(&app.url).bold()))?;
    tokio::select! {
        () = interrupted() => {}
        served = &mut app.served => return served?.map(|()| Exit::Done),
    }
    close(app).await
}

async fn close(app: App) -> anyhow::Result<Exit> {
    app.shutdown.cancel();
    app.served.await?.map(|()| Exit::Done)
}
