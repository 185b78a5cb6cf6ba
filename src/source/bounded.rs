//! A source within the limits of its registration, whatever a caller asks for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::guard::{Dialect, ReadQuery};
use super::{Consumer, Error, Limits, Progress, ReadLimits, Source, Streamed};
use crate::domain::{Snapshot, SourceKey};

pub struct Bounded {
    source: Arc<dyn Source>,
    limits: Limits,
}

impl Bounded {
    pub fn new(source: Arc<dyn Source>, limits: Limits) -> Self {
        Self { source, limits }
    }

    fn bound(&self, asked: &ReadLimits) -> ReadLimits {
        let limits = &self.limits;
        ReadLimits {
            max_rows: limits.max_rows.map_or(asked.max_rows, |most| most.min(asked.max_rows)),
            max_bytes: limits.max_bytes.map_or(asked.max_bytes, |most| most.min(asked.max_bytes)),
            time: limits.read_time_ms.map_or(asked.time, |most| Duration::from_millis(most).min(asked.time)),
        }
    }
}

#[async_trait]
impl Source for Bounded {
    fn key(&self) -> &SourceKey {
        self.source.key()
    }

    fn dialect(&self) -> Dialect {
        self.source.dialect()
    }

    async fn harvest_telling(&self, progress: &Progress) -> Result<Snapshot, Error> {
        self.source.harvest_telling(progress).await
    }

    async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        self.source.stream(query, &self.bound(limits), consumer).await
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        self.source.explain(query).await
    }

    async fn warnings(&self) -> Result<Vec<String>, Error> {
        self.source.warnings().await
    }
}
