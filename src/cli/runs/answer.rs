//! `fathom runs answer`.

use clap::Args;

use super::which;
use crate::api::once::Done;
use crate::api::questions::AnswerRequest;
use crate::cli::client::Client;
use crate::cli::exit::Exit;
use crate::cli::out;

/// Answer a question of a run; it is answered once
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fathom runs answer last q1 'yes, since 2019'\n  fathom runs answer last q1 --option 'one order each'")]
pub struct Answer {
    /// A run's id, or `last`
    pub run: String,
    /// The question's id, as `fathom runs show` names it
    pub question: String,
    /// The answer in your words
    #[arg(required_unless_present = "option", conflicts_with = "option")]
    pub answer: Option<String>,
    /// One of the options that the question offers, word for word
    #[arg(long, value_name = "OPTION")]
    pub option: Option<String>,
}

impl Answer {
    pub async fn carry_out(&self, client: &Client) -> anyhow::Result<Exit> {
        let run = which(client, &self.run).await?;
        let request = AnswerRequest { answer: self.answer.clone(), option: self.option.clone() };
        let done: Done = client.post(&["runs", &run.to_string(), "questions", &self.question, "answer"], &request).await?;
        out::line(format!("{run}: answered (event {})", done.seq))?;
        Ok(Exit::Done)
    }
}
