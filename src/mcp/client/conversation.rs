//! A call of a person as they see it: it ends with a reply, or asks something first and waits for what they say.

use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::error::Error;
use super::link::{Ask, Reply};
use super::person::{Question, Said};

/// Dropped, the call is given up, as one whose caller went away.
pub struct Conversation {
    pub server: String,
    pub tool: String,
    questions: mpsc::Receiver<Question>,
    /// Put to the person, and not answered yet.
    open: Vec<Question>,
    call: AbortOnDropHandle<Result<Reply, Error>>,
}

pub enum Turn {
    /// It is the person's.
    Theirs,
    Ended(Result<Reply, Error>),
}

impl Conversation {
    /// `call` runs by itself.
    pub fn new(
        server: &str,
        tool: &str,
        questions: mpsc::Receiver<Question>,
        call: impl Future<Output = Result<Reply, Error>> + Send + 'static,
    ) -> Self {
        let call = AbortOnDropHandle::new(tokio::spawn(call));
        Self { server: server.to_owned(), tool: tool.to_owned(), questions, open: Vec::new(), call }
    }

    /// Waits until the call has ended or asks something.
    pub async fn turn(&mut self) -> Turn {
        loop {
            tokio::select! {
                biased;
                ended = &mut self.call => return Turn::Ended(self.ended(ended)),
                Some(question) = self.questions.recv() => self.open.push(question),
            }
            while let Ok(question) = self.questions.try_recv() {
                self.open.push(question);
            }
            // Some are taken back by the server.
            self.open.retain(|question| !question.answer.is_closed());
            if !self.open.is_empty() {
                return Turn::Theirs;
            }
        }
    }

    pub fn asks(&self) -> Vec<Ask> {
        self.open.iter().map(|question| question.ask.clone()).collect()
    }

    pub fn is_over(&self) -> bool {
        self.call.is_finished()
    }

    /// Gives the answers to what was asked, by its ids; where one is missing nothing is given, and the ids are told.
    pub fn say(&mut self, answers: &Map<String, Value>) -> Result<(), Vec<String>> {
        let said = |question: &Question| answers.get(&question.ask.id).and_then(|answer| Said::of(answer, &question.ask.schema));
        let all: Vec<Option<Said>> = self.open.iter().map(said).collect();
        let missing: Vec<String> =
            self.open.iter().zip(&all).filter(|(_, said)| said.is_none()).map(|(question, _)| question.ask.id.clone()).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        for (question, said) in self.open.drain(..).zip(all.into_iter().flatten()) {
            // Taken back meanwhile, it needs no answer; what became of the call is told in its turn.
            let _ = question.answer.send(said);
        }
        Ok(())
    }

    /// Cancels what is asked, now and later, and waits for what the tool makes of it.
    pub async fn end(mut self) -> Result<Reply, Error> {
        self.open.clear();
        self.questions.close();
        while self.questions.try_recv().is_ok() {}
        let ended = (&mut self.call).await;
        self.ended(ended)
    }

    /// The same, and nobody waits. The call goes on: it is on record until the server has answered.
    pub fn leave(self) {
        let Self { questions, open, call, .. } = self;
        drop((questions, open));
        drop(call.detach());
    }

    fn ended(&self, ended: Result<Result<Reply, Error>, tokio::task::JoinError>) -> Result<Reply, Error> {
        let broken = |error: tokio::task::JoinError| Error::Unavailable { server: self.server.clone(), reason: error.to_string() };
        ended.unwrap_or_else(|error| Err(broken(error)))
    }
}
