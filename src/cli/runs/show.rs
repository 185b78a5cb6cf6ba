//! `fathom runs show`.

use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::which;
use crate::api::runs::RunState;
use crate::cli::client::Client;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::line::{cost_words, intent_words, stop_words};
use crate::cli::out::{self, harmless};

/// Show how a run stands
#[derive(Debug, Args)]
pub struct Show {
    /// A run's id, or `last`
    pub run: String,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

impl Show {
    pub async fn carry_out(&self, client: &Client, global: &Global) -> anyhow::Result<Exit> {
        let run = which(client, &self.run).await?.to_string();
        let state: RunState = client.get(&["runs", &run], &[]).await?;
        if self.json {
            out::json(&state)?;
            return Ok(Exit::Done);
        }
        for (name, value) in facts(&state) {
            out::line(format!("{name:10}  {value}"))?;
        }
        for open in &state.open_questions {
            let question = &open.question;
            let id = harmless(&question.question_id, 60);
            out::line(format!("question    {id}: {}", harmless(&question.prompt, 300)))?;
            let command = global.again(&format!("runs answer {run} {} 'YOUR ANSWER'", out::quoted(&id)));
            out::line(format!("            answer with  {command}"))?;
        }
        Ok(Exit::Done)
    }
}

fn facts(state: &RunState) -> Vec<(&'static str, String)> {
    let run = &state.run;
    let of = &run.summary;
    let mut facts = vec![
        ("run", run.run_id.to_string()),
        ("status", format!("{}, {}", run.status.name(), of.phase)),
        ("source", harmless(&run.source, 200)),
        ("model", harmless(&run.model, 80)),
        ("created", when(run.created_at)),
        ("iteration", format!("{} of {} at most", of.iteration, run.max_iterations)),
        (
            "tasks",
            format!("{} planned, {} running, {} done, {} failed", of.tasks_planned, of.tasks_running, of.tasks_done, of.tasks_failed),
        ),
        ("findings", of.findings.to_string()),
        ("questions", format!("{} open, {} answered", of.questions_open, of.questions_answered)),
        ("spent", format!("{} tool calls, {} s{}", of.spent.tool_calls, of.spent.seconds, cost_words(&of.spent))),
    ];
    if !state.intent.is_empty() {
        facts.push(("intent", harmless(&intent_words(&state.intent), 500)));
    }
    if let Some(reason) = state.stop_reason {
        facts.push(("ended", stop_words(reason)));
    }
    if let Some(error) = &state.error {
        facts.push(("error", harmless(error, 500)));
    }
    facts.extend(state.undone.iter().map(|undone| ("undone", harmless(undone, 200))));
    facts
}

/// A point in time as people read it, in UTC.
pub fn when(millis: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(millis.div_euclid(1000)).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| millis.to_string())
}
