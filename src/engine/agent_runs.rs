//! The engine's side of runs that are carried out outside: the port of `tools`, on the door that every client uses.

use std::time::Duration;

use async_trait::async_trait;

use super::{Command, Error, Runs};
use crate::domain::{RunId, RunRequest, RunStatus, Seq};
use crate::tools::Failure;
use crate::tools::agent_runs::{AgentRuns, AgentStart, Entered, Told};

/// How a run names its model where the agent does not say.
const UNNAMED: &str = "outside";
/// How long a start waits for the source to be read, and how often it looks.
const TO_OPEN: Duration = Duration::from_secs(12);
const LOOKS_EVERY: Duration = Duration::from_millis(25);

#[async_trait]
impl AgentRuns for Runs {
    async fn start(&self, start: AgentStart) -> Result<RunId, Failure> {
        let AgentStart { source, schema, agent, model, intent, budget } = start;
        let request = RunRequest {
            source: source.0,
            snapshot: None,
            schema,
            max_iterations: 1,
            tasks_per_iter: 1,
            intent,
            budget,
            model: model.unwrap_or_else(|| UNNAMED.to_owned()),
            outside: Some(agent),
        };
        let run = Runs::start(self, request, None).await.map_err(failure)?.row.id;
        let opened = async {
            loop {
                let row = self.run(run).await.map_err(failure)?;
                if row.status.is_ended() {
                    let (_, view) = self.look(run).await.map_err(failure)?;
                    let why = view.error.unwrap_or_else(|| "there is no table to look at".to_owned());
                    return Err(Failure::Mendable(format!("run `{run}` could not begin: {why}")));
                }
                if row.summary.tasks_running > 0 {
                    return Ok(());
                }
                tokio::time::sleep(LOOKS_EVERY).await;
            }
        };
        match tokio::time::timeout(TO_OPEN, opened).await {
            Ok(opened) => opened.map(|()| run),
            // It goes on opening; calls in it are refused until it has.
            Err(_) => Ok(run),
        }
    }

    async fn enter(&self, run: RunId, author: &str) -> Result<Entered, Failure> {
        let row = self.run(run).await.map_err(failure)?;
        let refuse = |why: String| Err(Failure::Mendable(format!("run `{run}`: {why}")));
        let Some(agent) = &row.request.outside else {
            return refuse("its own experts work on it; `agent.run_start` starts one for you".to_owned());
        };
        if agent.author != author {
            return refuse(format!("it is carried out by `{}`, and you are `{author}`", agent.author));
        }
        match row.status {
            RunStatus::Running if row.summary.tasks_running > 0 => Ok(Entered { source: row.request.source, model: row.request.model }),
            RunStatus::Waiting | RunStatus::Running => refuse("it is still reading the source; call again in a moment".to_owned()),
            RunStatus::Paused => refuse("it is paused by a person; call again when it is resumed".to_owned()),
            RunStatus::Cancelling => refuse("it is ending: a person cancelled it, or its budget is used up".to_owned()),
            RunStatus::Finished | RunStatus::Failed | RunStatus::Cancelled => {
                let (_, view) = self.look(run).await.map_err(failure)?;
                let why = match view.stop_reason {
                    Some(crate::domain::StopReason::Budget(_)) => "; its budget is used up",
                    _ => "",
                };
                refuse(format!("it has ended ({}){why}; `agent.run_start` starts another", row.status.name()))
            }
        }
    }

    async fn tell(&self, run: RunId, author: &str, told: Told) -> Result<Seq, Failure> {
        let command = Command::Tell { author: author.to_owned(), told };
        self.deliver(run, command, None).await.map(|outcome| outcome.seq).map_err(failure)
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Stopping | Error::Store(_) => Failure::Broken(error.to_string()),
        other => Failure::Mendable(other.to_string()),
    }
}
