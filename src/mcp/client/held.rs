//! Calls of one server that wait for what a person says, each under a state that nobody can guess and that is taken once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde_json::{Map, Value};
use tokio_util::task::AbortOnDropHandle;

use super::conversation::Conversation;

/// Calls of one server that wait at once.
pub const MOST_HELD: usize = 4;
/// States of servers begin otherwise.
const PREFIX: &str = "held_";

pub struct HeldCalls {
    held: Arc<Mutex<HashMap<String, Held>>>,
    time: Duration,
}

struct Held {
    conversation: Conversation,
    _end: AbortOnDropHandle<()>,
}

/// Why a state leads to no call.
#[derive(Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It was taken, its time is over, or it is of another tool.
    Unknown,
    /// The call goes on waiting, because these questions have no answer.
    Unanswered(Vec<String>),
}

/// Whether a state was given here, and not by a server.
pub fn is_held(state: &str) -> bool {
    state.starts_with(PREFIX)
}

impl HeldCalls {
    pub fn new(time: Duration) -> Self {
        Self { held: Arc::default(), time }
    }

    pub fn time(&self) -> Duration {
        self.time
    }

    /// The state under which it waits; the call itself where too many do.
    pub fn hold(&self, conversation: Conversation) -> Result<String, Box<Conversation>> {
        let mut held = lock(&self.held);
        if held.len() >= MOST_HELD {
            // One that has ended, and that nobody has come back to, makes room.
            let over = held.iter().find(|(_, held)| held.conversation.is_over()).map(|(state, _)| state.clone());
            match over {
                Some(state) => drop(held.remove(&state)),
                None => return Err(Box::new(conversation)),
            }
        }
        let mut bytes = [0_u8; 32];
        OsRng.try_fill_bytes(&mut bytes).expect("the operating system has a source of randomness");
        let state = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let end = AbortOnDropHandle::new(tokio::spawn(end(self.held.clone(), state.clone(), self.time)));
        held.insert(state.clone(), Held { conversation, _end: end });
        Ok(state)
    }

    /// The call that waits under this state, with what was said to it.
    pub fn take(&self, state: &str, tool: &str, answers: &Map<String, Value>) -> Result<Conversation, NotTaken> {
        let mut held = lock(&self.held);
        let found = held.get_mut(state).filter(|held| held.conversation.tool == tool).ok_or(NotTaken::Unknown)?;
        found.conversation.say(answers).map_err(NotTaken::Unanswered)?;
        held.remove(state).map(|held| held.conversation).ok_or(NotTaken::Unknown)
    }
}

/// Nobody has come back in time.
async fn end(held: Arc<Mutex<HashMap<String, Held>>>, state: String, time: Duration) {
    tokio::time::sleep(time).await;
    let Some(Held { conversation, _end }) = lock(&held).remove(&state) else { return };
    tracing::info!(server = %conversation.server, tool = %conversation.tool, "nobody answered what a remote tool asked; it was cancelled");
    conversation.leave();
}

fn lock(held: &Mutex<HashMap<String, Held>>) -> MutexGuard<'_, HashMap<String, Held>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
