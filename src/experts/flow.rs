//! The durable flow of one task: linear code over recorded steps.
//!
//! The first time a step is executed, and its result is stored before the flow goes on; after a restart the result is read back.
//! A step whose result was stored is never executed again.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::domain::event::ModelCall;
use crate::domain::{EntryWrite, EventBody, TaskId, TaskOutcome};
use crate::store::StepRow;

/// Where facts of a task go. The answer comes when the fact is on disk.
#[async_trait]
pub trait Recorder: Send + Sync {
    async fn record(&self, record: StepRecord) -> Result<(), Stopped>;
}

/// A step's result and everything that became true with it; stored together.
#[derive(Clone, Debug)]
pub struct StepRecord {
    pub task: TaskId,
    pub step: String,
    /// JSON text.
    pub result: String,
    pub events: Vec<EventBody>,
    pub entries: Vec<EntryWrite>,
    /// Set by the last step: the task is done.
    pub finished: Option<TaskOutcome>,
}

/// The run does not want this task any more: cancelled, taken over, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task was stopped")]
pub struct Stopped;

/// Why a task did not come to its end.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TaskError {
    #[error(transparent)]
    Stopped(#[from] Stopped),
    #[error("{reason}")]
    Failed {
        reason: String,
        transient: bool,
        raw: Option<String>,
        /// The step and cost of a model call that failed.
        call: Option<(String, ModelCall)>,
    },
}

/// A value that a step made, with the events and entries that go with it.
pub struct Recorded<T> {
    pub value: T,
    pub events: Vec<EventBody>,
    pub entries: Vec<EntryWrite>,
    pub finished: Option<TaskOutcome>,
}

pub struct Flow {
    task: TaskId,
    recorder: Arc<dyn Recorder>,
    stored: HashMap<String, String>,
    cancel: CancellationToken,
}

impl Flow {
    pub fn new(task: TaskId, recorder: Arc<dyn Recorder>, stored: Vec<StepRow>, cancel: CancellationToken) -> Self {
        let stored = stored.into_iter().map(|row| (row.step, row.result)).collect();
        Self { task, recorder, stored, cancel }
    }

    pub fn task(&self) -> TaskId {
        self.task
    }

    /// Executes the work and stores its result, or reads back what was stored.
    pub async fn step<T, Work>(&self, step: &str, work: Work) -> Result<T, TaskError>
    where
        T: Serialize + DeserializeOwned,
        Work: Future<Output = Result<Recorded<T>, TaskError>>,
    {
        if let Some(result) = self.stored.get(step) {
            return serde_json::from_str(result).map_err(|error| TaskError::Failed {
                reason: format!("the stored result of step `{step}` cannot be read back: {error}"),
                transient: false,
                raw: None,
                call: None,
            });
        }
        let recorded = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(Stopped.into()),
            recorded = work => recorded?,
        };
        let result = serde_json::to_string(&recorded.value).expect("results of steps are plain data and always serialise");
        let record = StepRecord {
            task: self.task,
            step: step.to_owned(),
            result,
            events: recorded.events,
            entries: recorded.entries,
            finished: recorded.finished,
        };
        self.recorder.record(record).await?;
        Ok(recorded.value)
    }
}

impl<T> Recorded<T> {
    pub fn plain(value: T) -> Self {
        Self { value, events: Vec::new(), entries: Vec::new(), finished: None }
    }

    pub fn with_event(mut self, event: EventBody) -> Self {
        self.events.push(event);
        self
    }
}
