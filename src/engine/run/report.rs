//! Reports: facts that go from the work of a run to its actor, answered when they are on disk.

use actix::prelude::*;
use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::domain::{EntryWrite, SourceKey};
use crate::experts::{Recorder, StepRecord, Stopped};
use crate::store::StepRow;

use super::actor::RunActor;
use super::input::Input;

/// Something happened. `stored` is answered after the commit: whether the run still wanted it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Report {
    pub input: Input,
    pub step: Option<StepRow>,
    pub entries: Vec<EntryWrite>,
    /// Known from the moment the source is opened.
    pub source: Option<SourceKey>,
    pub stored: Option<oneshot::Sender<bool>>,
}

/// A worker's way to the run that it works for.
#[derive(Clone)]
pub struct Reporter {
    run: Addr<RunActor>,
}

impl Report {
    pub fn of(input: Input) -> Self {
        Self { input, step: None, entries: Vec::new(), source: None, stored: None }
    }
}

impl Reporter {
    pub fn new(run: Addr<RunActor>) -> Self {
        Self { run }
    }

    /// Comes back when the fact is on disk, or with `Stopped` when the run did not want it or is gone.
    pub async fn report(&self, mut report: Report) -> Result<(), Stopped> {
        let (stored, answer) = oneshot::channel();
        report.stored = Some(stored);
        self.run.send(report).await.map_err(|_| Stopped)?;
        match answer.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Stopped),
        }
    }

    pub fn address(&self) -> &Addr<RunActor> {
        &self.run
    }
}

#[async_trait]
impl Recorder for Reporter {
    async fn record(&self, record: StepRecord) -> Result<(), Stopped> {
        let StepRecord { task, step, result, events, entries, finished } = record;
        let step = StepRow { task, step, result };
        let input = Input::StepRecorded { task, events, finished };
        self.report(Report { step: Some(step), entries, ..Report::of(input) }).await
    }
}
