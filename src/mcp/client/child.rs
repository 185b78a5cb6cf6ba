//! A server that is a program of this machine: started when it is needed, with variables of its own, and ended with its connection.

use std::collections::{BTreeMap, VecDeque};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::transport::TokioChildProcess;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStderr, Command};

use crate::model::ApiKey;

/// What a program wrote to its standard error last, for who wants to know why it ended.
#[derive(Clone, Default)]
pub struct LastWords(Arc<Mutex<VecDeque<String>>>);

const LINES_KEPT: usize = 5;
const LINE_BYTES: usize = 500;

impl LastWords {
    pub fn said(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(" / ")
    }

    fn keep(&self, mut line: String) {
        let mut end = line.len().min(LINE_BYTES);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Of our own variables it gets only the few in `around`: the others hold our secrets.
pub fn start(
    program: &str,
    args: &[String],
    env: &BTreeMap<String, ApiKey>,
    around: &BTreeMap<String, String>,
) -> Result<(TokioChildProcess, LastWords), String> {
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(around).envs(env.iter().map(|(name, value)| (name, value.expose())));
    command.kill_on_drop(true);
    let started = TokioChildProcess::builder(command).stderr(Stdio::piped()).spawn();
    let (child, errors) = started.map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    let words = LastWords::default();
    if let Some(errors) = errors {
        tokio::spawn(listen(errors, words.clone()));
    }
    Ok((child, words))
}

async fn listen(errors: ChildStderr, words: LastWords) {
    let mut lines = BufReader::new(errors).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        words.keep(line);
    }
}
