//! Answers of a real model kept in a file, a JSON line each, and played back by what was asked.
//!
//! Neither keys nor addresses are in it: a request does not hold any. Prompts are kept as a digest and a beginning.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::port::{Error, Model, Reply, Request, Role};
use super::shapes::Shapes;

/// Characters of the last message that make a line of the file recognisable.
const BEGINNING: usize = 120;

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    purpose: String,
    /// How the last message of the user begins; for people.
    beginning: String,
    reply: Reply,
}

/// Passes calls on to a model and writes down what it answered. Failures are not kept.
pub struct Recorder {
    inner: Arc<dyn Model>,
    file: Mutex<File>,
}

impl Recorder {
    /// Appends to the file.
    pub fn new(inner: Arc<dyn Model>, path: &Path) -> std::io::Result<Self> {
        Ok(Self { inner, file: Mutex::new(OpenOptions::new().create(true).append(true).open(path)?) })
    }
}

#[async_trait]
impl Model for Recorder {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn reply(&self, request: &Request) -> Result<Reply, Error> {
        let reply = self.inner.reply(request).await?;
        let line = Line { key: key(request), purpose: request.purpose.clone(), beginning: beginning(request), reply: reply.clone() };
        let mut text = serde_json::to_string(&line).expect("replies are plain data and always serialise");
        text.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes()).map_err(|error| Error::Refused(format!("the cassette cannot be written: {error}")))?;
        Ok(reply)
    }

    fn shapes(&self) -> Option<&Shapes> {
        self.inner.shapes()
    }
}

/// Gives the answers of a cassette back; the same question asked again gets the next answer to it, and the last one from then on.
pub struct Player {
    name: String,
    path: PathBuf,
    answers: HashMap<String, Vec<Reply>>,
    played: Mutex<HashMap<String, usize>>,
    shapes: Shapes,
}

impl Player {
    pub fn open(name: &str, path: &Path) -> std::io::Result<Self> {
        let mut answers: HashMap<String, Vec<Reply>> = HashMap::new();
        for (number, line) in BufReader::new(File::open(path)?).lines().enumerate() {
            let line: Line = serde_json::from_str(&line?).map_err(|error| {
                let text = format!("line {} of the cassette `{}` cannot be read: {error}", number + 1, path.display());
                std::io::Error::new(std::io::ErrorKind::InvalidData, text)
            })?;
            answers.entry(line.key).or_default().push(line.reply);
        }
        Ok(Self { name: name.to_owned(), path: path.to_owned(), answers, played: Mutex::default(), shapes: Shapes::default() })
    }
}

#[async_trait]
impl Model for Player {
    fn name(&self) -> &str {
        &self.name
    }

    async fn reply(&self, request: &Request) -> Result<Reply, Error> {
        let key = key(request);
        let Some(answers) = self.answers.get(&key) else {
            return Err(Error::Refused(format!(
                "the cassette `{}` has no answer to request `{key}`, purpose `{}`, which begins with `{}`; record it again",
                self.path.display(),
                request.purpose,
                beginning(request)
            )));
        };
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let times = played.entry(key).or_default();
        let reply = answers[(*times).min(answers.len() - 1)].clone();
        *times += 1;
        Ok(reply)
    }

    fn shapes(&self) -> Option<&Shapes> {
        Some(&self.shapes)
    }
}

/// A digest of what is asked; time limits do not change the question.
fn key(request: &Request) -> String {
    let Request { purpose, messages, shape, max_tokens, temperature, time_limit: _ } = request;
    let text = serde_json::to_string(&(purpose, messages, shape, max_tokens, temperature)).expect("requests are plain data");
    Sha256::digest(text).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn beginning(request: &Request) -> String {
    let last = request.messages.iter().rev().find(|message| message.role == Role::User);
    last.map(|message| message.text.chars().take(BEGINNING).collect()).unwrap_or_default()
}
