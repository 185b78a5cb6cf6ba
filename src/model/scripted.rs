//! A model for tests: it says what a script says, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::port::{Error, Finish, Model, Reply, Request, Usage};
use super::shapes::Shapes;

type Answering = dyn Fn(&Request) -> Result<Reply, Error> + Send + Sync;

pub struct Scripted {
    name: String,
    script: Script,
    delay: Duration,
    asked: Mutex<Vec<Request>>,
    shapes: Shapes,
}

enum Script {
    Queue(Mutex<VecDeque<Result<Reply, Error>>>),
    Answering(Box<Answering>),
}

impl Scripted {
    /// Gives these replies, in order. To ask for more than there are is a panic.
    pub fn queue(name: &str, replies: impl IntoIterator<Item = Result<Reply, Error>>) -> Self {
        Self::new(name, Script::Queue(Mutex::new(replies.into_iter().collect())))
    }

    /// Answers with these values, in order.
    pub fn values(name: &str, values: impl IntoIterator<Item = Value>) -> Self {
        Self::queue(name, values.into_iter().map(|value| Ok(Self::reply_of(value.to_string()))))
    }

    /// Answers each request by what the closure says.
    pub fn answering(name: &str, answer: impl Fn(&Request) -> Result<Reply, Error> + Send + Sync + 'static) -> Self {
        Self::new(name, Script::Answering(Box::new(answer)))
    }

    /// Takes this long for each answer.
    pub fn slow(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Panics where replies are left over.
    pub fn assert_used_up(&self) {
        if let Script::Queue(queue) = &self.script {
            let left = queue.lock().unwrap_or_else(PoisonError::into_inner).len();
            assert!(left == 0, "the script of model `{}` has {left} replies left over", self.name);
        }
    }

    /// A reply with this text, as a model would give it that costs nothing to speak of.
    pub fn reply_of(text: impl Into<String>) -> Reply {
        let text = text.into();
        let usage = Usage { prompt_tokens: 100, answer_tokens: text.len() as u64 / 4 + 1, usd: 0.0 };
        Reply {
            text,
            finish: Finish::Stop,
            usage,
            model: "scripted".to_owned(),
            attempts: 1,
            duration: Duration::ZERO,
            remarks: Vec::new(),
        }
    }

    fn new(name: &str, script: Script) -> Self {
        Self { name: name.to_owned(), script, delay: Duration::ZERO, asked: Mutex::default(), shapes: Shapes::default() }
    }
}

#[async_trait]
impl Model for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    async fn reply(&self, request: &Request) -> Result<Reply, Error> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        if !self.delay.is_zero() {
            tokio::time::timeout(request.time_limit, tokio::time::sleep(self.delay))
                .await
                .map_err(|_| Error::TimedOut(request.time_limit))?;
        }
        match &self.script {
            Script::Answering(answer) => answer(request),
            Script::Queue(queue) => {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                next.unwrap_or_else(|| panic!("the script of model `{}` is used up; asked for `{}`", self.name, request.purpose))
            }
        }
    }

    fn shapes(&self) -> Option<&Shapes> {
        Some(&self.shapes)
    }
}
