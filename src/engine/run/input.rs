//! What can happen to a run, and why a person's command may be refused. Plain data; the machine decides what follows.

use serde::{Deserialize, Serialize};

use crate::domain::event::ModelCall;
use crate::domain::{Answer, EventBody, PlannedTask, RunId, RunStatus, SnapshotId, TaskId, TaskOutcome};
use crate::engine::{Command, Error};

#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    Begin {
        reasoning: String,
        experts: Vec<String>,
    },
    SourceOpened {
        snapshot: SnapshotId,
        schema: String,
        schemas: Vec<String>,
        tables: Vec<String>,
        count: usize,
    },
    SourceFailed {
        code: &'static str,
        reason: String,
    },
    PlanMade {
        iteration: u32,
        revision: u32,
        tasks: Vec<PlannedTask>,
        notes: String,
        call: ModelCall,
    },
    PlanFailed {
        iteration: u32,
        revision: u32,
        reason: String,
        transient: bool,
        raw: Option<String>,
        call: ModelCall,
    },
    /// An expert is about to start; refused when the run does not want the task any more.
    TaskBegan {
        task: TaskId,
        attempt: u32,
    },
    StepRecorded {
        task: TaskId,
        events: Vec<EventBody>,
        finished: Option<TaskOutcome>,
    },
    TaskFailed {
        task: TaskId,
        attempt: u32,
        reason: String,
        transient: bool,
        raw: Option<String>,
        call: Option<(String, ModelCall)>,
    },
    /// The task was told to stop and did.
    TaskStopped {
        task: TaskId,
    },
    Commanded(Command),
    /// The run's actors came to grief too often.
    Abandoned {
        reason: String,
    },
    /// Nothing was heard of the agent that carries out the run outside.
    AgentSilent {
        seconds: u64,
    },
    /// Time has passed; the moment is given with every input.
    Ticked,
}

/// Why nothing came of an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The run went another way in the meantime.
    NotWanted,
    Ended {
        status: RunStatus,
    },
    NoSuchQuestion {
        question_id: String,
        open: Vec<String>,
    },
    AnsweredBefore {
        question_id: String,
        first: Answer,
    },
    NoSuchOption {
        question_id: String,
        option: String,
        options: Vec<String>,
    },
    WrongState {
        status: RunStatus,
        what: String,
    },
}

impl Refusal {
    pub fn into_error(self, run: RunId) -> Error {
        match self {
            Self::NotWanted => Error::Stopping,
            Self::Ended { status } => Error::RunEnded { run, status },
            Self::NoSuchQuestion { question_id, open } => Error::NoSuchQuestion { run, question_id, open },
            Self::AnsweredBefore { question_id, first } => Error::AnsweredBefore { question_id, first },
            Self::NoSuchOption { question_id, option, options } => Error::NoSuchOption { question_id, option, options },
            Self::WrongState { status, what } => Error::WrongState { run, status, what },
        }
    }
}
