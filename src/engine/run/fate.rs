//! How an actor of a run ended, told to the conductor also when it panicked.

use tokio::sync::mpsc;

use crate::domain::{RunId, Seq};
use crate::engine::conductor::{Fate, RunOver};

/// Tells the conductor how the actor ended, also when it panicked.
pub struct FateTeller {
    pub run: RunId,
    pub fate: Fate,
    pub head: Seq,
    pub tell: mpsc::UnboundedSender<RunOver>,
}

impl Drop for FateTeller {
    fn drop(&mut self) {
        // At shutdown nobody listens any more.
        let _ = self.tell.send(RunOver { run: self.run, fate: self.fate, head: self.head });
    }
}
