//! What waits for the actor of a run, and what one turn of it makes of that: the contents of one append, and the answers that are due after it.

use tokio::sync::oneshot;

use super::input::{Input, Refusal};
use crate::domain::{EntryWrite, EventBody};
use crate::engine::{CommandOutcome, Error};
use crate::store::{ConsumedCommand, StepRow};

pub struct Waiting {
    pub input: Input,
    pub step: Option<StepRow>,
    pub entries: Vec<EntryWrite>,
    pub command_id: Option<String>,
    pub answer: Reply,
}

pub enum Reply {
    Nobody,
    Reporter(oneshot::Sender<bool>),
    Person(oneshot::Sender<Result<CommandOutcome, Error>>),
}

/// An answer that is due when the append is on disk.
pub struct Due {
    pub reply: Reply,
    pub outcome: Result<CommandOutcome, Refusal>,
}

/// What a turn has decided.
#[derive(Default)]
pub struct Undertaken {
    pub events: Vec<EventBody>,
    pub steps: Vec<StepRow>,
    pub entries: Vec<EntryWrite>,
    pub consumed: Vec<ConsumedCommand>,
    pub due: Vec<Due>,
}

impl Undertaken {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.steps.is_empty() && self.consumed.is_empty()
    }
}
