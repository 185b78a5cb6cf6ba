//! What tools work on: one source, one snapshot of it, and the catalog that is scoped to it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::survey::{Extent, Surveys};
use crate::claims::Data;
use crate::domain::{Egress, Snapshot, SnapshotId, SourceKey};
use crate::source::{Bounded, Limits, Progress, Source};
use crate::store::Store;

/// Opens sources for the engine, which does not know what a source is.
#[async_trait]
pub trait Workbench: Send + Sync {
    /// Checks the words that name a source before anything is begun; nothing is kept open. The answer is what the catalog is scoped to, or
    /// what is wrong and what is valid.
    async fn check(&self, source: &str) -> Result<SourceKey, Problem>;

    /// Opens a source. With a snapshot, that one is loaded; without, the source is harvested and the catalog brought up to date.
    async fn open(&self, source: &str, snapshot: Option<&SnapshotId>) -> Result<Arc<Workspace>, Problem>;

    /// Reads a source anew, whatever is known of it. The word to stop holds while it is read; what is read is kept whole.
    async fn harvest(&self, source: &str, progress: &Progress) -> Result<Arc<Workspace>, Problem>;

    /// Opens a source to look something up; what was harvested a short while ago will do.
    async fn look(&self, source: &str) -> Result<Arc<Workspace>, Problem> {
        self.open(source, None).await
    }

    /// Whether to look something up in this source needs nothing of its database now.
    async fn is_at_hand(&self, _source: &str) -> bool {
        false
    }

    /// Counts how often a source was found to be built otherwise than before; ends at once where nobody counts.
    fn rebuilt(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }
}

#[derive(Clone)]
pub struct Workspace {
    pub key: SourceKey,
    pub snapshot: Arc<Snapshot>,
    pub source: Arc<dyn Source>,
    pub store: Arc<dyn Store>,
    /// What the data tells about keys and references, once somebody has asked.
    pub surveys: Arc<Surveys>,
    /// What of the source a language model may be shown.
    pub egress: Egress,
}

impl Workspace {
    pub fn new(key: SourceKey, snapshot: Arc<Snapshot>, source: Arc<dyn Source>, store: Arc<dyn Store>, extent: Extent) -> Self {
        Self { key, snapshot, source, store, surveys: Arc::new(Surveys::new(extent)), egress: Egress::default() }
    }

    #[must_use]
    pub fn with_egress(self, egress: Egress) -> Self {
        Self { egress, ..self }
    }

    /// What claims about this source are held against.
    pub fn data(&self) -> Data<'_> {
        Data { snapshot: &self.snapshot, source: &*self.source }
    }

    /// The same, with less time for each statement.
    pub(super) fn within(&self, time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let limits = Limits { read_time_ms: Some(millis), ..Limits::default() };
        Self {
            key: self.key.clone(),
            snapshot: self.snapshot.clone(),
            source: Arc::new(Bounded::new(self.source.clone(), limits)),
            store: self.store.clone(),
            surveys: self.surveys.clone(),
            egress: self.egress,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No retry helps: no such file, not a database, unknown scheme, unknown snapshot.
    #[error("{0}")]
    Unusable(String),
    #[error("{0}")]
    Unavailable(String),
}
