//! Calls that a person makes. A tool may ask them something back: by an answer that says so, or while the call is under way and held here.

use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::Instrument;

use super::conversation::{Conversation, Turn};
use super::error::Error;
use super::held::{MOST_HELD, NotTaken, is_held};
use super::link::{Answers, Asks, Reply, ToolCall};
use super::person::Person;
use super::server::RemoteServer;

impl RemoteServer {
    /// Calls a tool as [`Self::call`] does. Where the reply is what the tool asks, the call is to be repeated with the answers and the state; it
    /// is the same call then, where it is held here, and one of its own otherwise.
    pub async fn call_for_person(self: &Arc<Self>, tool: &str, args: &Map<String, Value>, answers: &Answers) -> Result<Reply, Error> {
        let conversation = match answers.state.as_deref().filter(|state| is_held(state)) {
            Some(state) => self.held().take(state, tool, &answers.answers).map_err(|why| self.not_taken(tool, why))?,
            None => self.begin(tool, args, answers),
        };
        self.go_on(conversation).await
    }

    fn begin(self: &Arc<Self>, tool: &str, args: &Map<String, Value>, answers: &Answers) -> Conversation {
        let (person, questions) = Person::new(answers.clone());
        let (server, name, args) = (self.clone(), tool.to_owned(), args.clone());
        let call = async move {
            let person = Arc::new(person);
            server.by_effect(ToolCall { tool: &name, args: &args, hear: None, person: Some(&person) }).await
        };
        Conversation::new(&self.setup().name, tool, questions, call.in_current_span())
    }

    async fn go_on(&self, mut conversation: Conversation) -> Result<Reply, Error> {
        if let Turn::Ended(ended) = conversation.turn().await {
            return ended;
        }
        let tool = conversation.tool.clone();
        let asked = Reply { asks: Some(Asks { questions: conversation.asks(), state: None }), ..Reply::default() };
        let asked = match self.bounded(&tool, asked) {
            Ok(asked) => asked,
            Err(error) => {
                // What has become of the call goes before why nobody was asked.
                conversation.end().await?;
                return Err(error);
            }
        };
        match self.held().hold(conversation) {
            Ok(state) => Ok(Reply { asks: asked.asks.map(|asks| Asks { state: Some(state), ..asks }), ..asked }),
            Err(conversation) => {
                let said = self.redacted(conversation.end().await?.text());
                Err(Error::TooManyHeld { server: self.setup().name.clone(), tool, most: MOST_HELD, said })
            }
        }
    }

    fn not_taken(&self, tool: &str, why: NotTaken) -> Error {
        let (server, tool) = (self.setup().name.clone(), tool.to_owned());
        match why {
            NotTaken::Unknown => Error::NoSuchState { server, tool, time: self.held().time() },
            NotTaken::Unanswered(ids) => Error::Unanswered { server, tool, ids },
        }
    }
}
