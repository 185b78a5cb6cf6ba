//! A source within the limits and lists of its registration, whatever a caller asks for and by whichever tool.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::guard::{self, Dialect, ReadQuery};
use super::rules::{Case, Naming, Rules};
use super::{Consumer, Error, Limits, Progress, ReadLimits, Source, Streamed};
use crate::domain::{Snapshot, SourceKey};

/// Rules that were made from an older harvest are made anew before the next query: tables, columns and views come and change.
const RULES_AGE: Duration = Duration::from_secs(60);

/// For the few words that are asked about names.
const NAMING_LIMITS: ReadLimits = ReadLimits { max_rows: 1_000, max_bytes: 100_000, time: Duration::from_secs(5) };

pub struct Bounded {
    source: Arc<dyn Source>,
    limits: Limits,
    /// Of the last harvest; whoever holds the lock makes them for all who wait.
    rules: Mutex<Option<(Instant, Arc<Rules>)>>,
}

impl Bounded {
    pub fn new(source: Arc<dyn Source>, limits: Limits) -> Self {
        Self { source, limits, rules: Mutex::new(None) }
    }

    fn bound(&self, asked: &ReadLimits) -> ReadLimits {
        let limits = &self.limits;
        ReadLimits {
            max_rows: limits.max_rows.map_or(asked.max_rows, |most| most.min(asked.max_rows)),
            max_bytes: limits.max_bytes.map_or(asked.max_bytes, |most| most.min(asked.max_bytes)),
            time: limits.read_time_ms.map_or(asked.time, |most| Duration::from_millis(most).min(asked.time)),
        }
    }

    /// The query as the lists let it through; every method that takes a query has to ask.
    async fn allowed<'a>(&self, query: &'a ReadQuery, use_of: Use) -> Result<Cow<'a, ReadQuery>, Error> {
        if !self.limits.has_lists() {
            return Ok(Cow::Borrowed(query));
        }
        let rules = self.rules().await?;
        rules.applied(query, use_of == Use::Plan).map(Cow::Owned)
    }

    async fn rules(&self) -> Result<Arc<Rules>, Error> {
        let mut place = self.rules.lock().await;
        if let Some((_, rules)) = place.as_ref().filter(|(at, _)| at.elapsed() < RULES_AGE) {
            return Ok(rules.clone());
        }
        let rules = self.rules_of(&self.source.harvest().await?).await?;
        *place = Some((Instant::now(), rules.clone()));
        Ok(rules)
    }

    async fn rules_of(&self, found: &Snapshot) -> Result<Arc<Rules>, Error> {
        Ok(Arc::new(Rules::new(self.source.dialect(), &self.limits, self.naming().await?, found)))
    }

    async fn naming(&self) -> Result<Naming, Error> {
        let sql = match self.source.dialect() {
            Dialect::Sqlite => return Ok(Naming { schemas: vec!["main".to_owned()], case: Case::Ignored }),
            // With a `from`, which some remote servers want in every query.
            Dialect::Postgresql => "select unnest(current_schemas(false)), 0 from (select 1 as one) as asked",
            Dialect::Mysql => "select database(), @@lower_case_table_names from (select 1 as one) as asked",
        };
        let query = guard::check(self.source.dialect(), sql).expect("our own words pass the guard, which a test keeps");
        let rows = self.source.read(&query, &NAMING_LIMITS).await?.rows;
        let folds = rows.first().and_then(|row| row.get(1)).and_then(serde_json::Value::as_i64).unwrap_or(0) != 0;
        let schemas = rows.iter().filter_map(|row| Some(row.first()?.as_str()?.to_owned())).collect();
        Ok(Naming { schemas, case: if folds { Case::Ignored } else { Case::Told } })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Rows,
    Plan,
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
        let found = self.source.harvest_telling(progress).await?;
        if !self.limits.has_lists() {
            return Ok(found);
        }
        let rules = self.rules_of(&found).await?;
        *self.rules.lock().await = Some((Instant::now(), rules.clone()));
        Ok(rules.shown(found))
    }

    async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        let query = self.allowed(query, Use::Rows).await?;
        self.source.stream(&query, &self.bound(limits), consumer).await
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        let query = self.allowed(query, Use::Plan).await?;
        self.source.explain(&query).await
    }

    async fn warnings(&self) -> Result<Vec<String>, Error> {
        let mut warnings = self.source.warnings().await?;
        if self.limits.has_lists() {
            warnings.extend(self.rules().await?.idle_patterns());
        }
        Ok(warnings)
    }
}
