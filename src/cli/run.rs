//! `fathom run`: discovers a source and shows it happening.

use clap::Args;

use super::exit::Exit;
use super::global::Global;
use super::line::line;
use super::out;
use super::target::Target;
use super::watching::{Form, Watched, Watching};
use crate::api::start::{StartRequest, Started};
use crate::app::Resume;
use crate::domain::{Budget, Intent};

const EXAMPLES: &str = "\
Examples:
  fathom run shop.db
  fathom run shop.db --intent 'which customers come back?' --audience 'the sales team' --constraint 'ignore archived orders'
  fathom run shop.db --model builtin --max-iterations 2
  fathom run shop.db --budget-usd 0.50 --budget-seconds 600
  fathom run shop.db --json | jq -r 'select(.type == \"insight\") | .data.claim'

Where no server uses the data folder, Fathom runs inside this command. Its API is up as long as the command runs, on an
address that is shown: questions can be answered and the intent changed from another terminal, or with curl.
Interrupting the command (Ctrl-C) ends nothing: the run goes on when Fathom is started again.";

/// Discover a database and watch it happen
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", super::exit::EXIT_CODES))]
pub struct Run {
    /// A registered name, a DSN, or the path of a SQLite file [default: the server's default source]
    pub source: Option<String>,
    /// What you want to know; may be given several times
    #[arg(long = "intent", value_name = "TEXT")]
    pub goals: Vec<String>,
    /// Who will read the result
    #[arg(long, value_name = "TEXT")]
    pub audience: Option<String>,
    /// What must be kept to; may be given several times
    #[arg(long = "constraint", value_name = "TEXT")]
    pub constraints: Vec<String>,
    /// Look at this schema only
    #[arg(long, value_name = "NAME")]
    pub schema: Option<String>,
    /// A configured model, or `builtin` for reasoning without any model
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Stop after so many rounds of planning (1 to 100)
    #[arg(long, value_name = "N")]
    pub max_iterations: Option<u32>,
    /// Plan so many tasks a round (1 to 6)
    #[arg(long, value_name = "N")]
    pub tasks_per_iter: Option<u32>,
    /// Stop when so many tokens are used
    #[arg(long, value_name = "N")]
    pub budget_tokens: Option<u64>,
    /// Stop when so many US dollars are spent
    #[arg(long, value_name = "DOLLARS")]
    pub budget_usd: Option<f64>,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub budget_seconds: Option<u64>,
    /// Stop after so many tool calls
    #[arg(long, value_name = "N")]
    pub budget_tool_calls: Option<u64>,
    /// Print the events as they are, one JSON object a line, and nothing else
    #[arg(long)]
    pub json: bool,
}

impl Run {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::Yes).await?;
        let exit = self.start_and_watch(global, &target).await;
        target.close_after(exit).await
    }

    async fn start_and_watch(&self, global: &Global, target: &Target) -> anyhow::Result<Exit> {
        let client = &target.client;
        let started: Started = client.post(&["runs"], &self.request(target)).await?;
        let run = started.run_id;
        let form = Form::fitting(self.json);
        let url = client.url();
        let words = [
            format!("run {run} over {} with {}", started.source, started.model),
            format!("API at {url}/runs/{run}, reference at {url}/docs"),
        ];
        for text in words {
            if self.json { out::note(text) } else { out::line(text)? }
        }
        let watching = Watching { client, global, run, form, words: line };
        match watching.follow(0, true).await? {
            Watched::ToTheEnd => watching.conclude().await,
            Watched::Interrupted => {
                out::note(detached(global, &run.to_string(), target.is_inside()));
                Ok(Exit::Interrupted)
            }
        }
    }

    fn request(&self, target: &Target) -> StartRequest {
        let intent = Intent { audience: self.audience.clone(), goals: self.goals.clone(), constraints: self.constraints.clone() };
        let budget =
            Budget { tokens: self.budget_tokens, usd: self.budget_usd, seconds: self.budget_seconds, tool_calls: self.budget_tool_calls };
        StartRequest {
            source: self.source.as_deref().map(|source| target.words_of(source)),
            snapshot: None,
            schema: self.schema.clone(),
            max_iterations: self.max_iterations,
            tasks_per_iter: self.tasks_per_iter,
            intent: (!intent.is_empty()).then_some(intent),
            budget: (budget != Budget::default()).then_some(budget),
            model: self.model.clone(),
        }
    }
}

pub fn detached(global: &Global, run: &str, inside: bool) -> String {
    let watch = global.again(&format!("runs watch {run}"));
    let cancel = global.again(&format!("runs cancel {run}"));
    let state =
        if inside { "the run is not finished; it goes on when Fathom is started again" } else { "detached; the run goes on at the server" };
    format!("\n{state}\n  go on and watch  {watch}\n  end it           {cancel}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_detaches_is_told_how_to_go_on() {
        let global = Global { data: Some("d".into()), ..Global::default() };
        let text = detached(&global, "run_1", true);
        assert!(text.contains("fathom runs watch run_1 --data d") && text.contains("fathom runs cancel run_1 --data d"), "{text}");
    }
}
