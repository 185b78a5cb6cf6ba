//! Profiles of tables: each is made by one reading of the table for all of its columns, kept for whoever asks next, and put into the catalog.

mod reading;
pub mod shown;
mod way;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::port::Failure;
use super::settings::Settings;
use super::workspace::Workspace;
use crate::catalog::harvested;
use crate::domain::{Confidence, EntryStatus, EntryWrite, Layer, Provenance, SnapshotId, SourceKey, Table};
use crate::evidence::{self, ColumnFacts, ColumnFigures, KeyCandidate};

pub use way::Mode;

/// Frequent values of a column that are kept.
const TOP_VALUES: usize = 100;

const KEYS_SHOWN: usize = 5;

pub struct Profiles {
    settings: Settings,
    kept: Mutex<HashMap<Asked, (Instant, Slot)>>,
}

/// Whoever asks first makes it, the others wait for it.
type Slot = Arc<OnceCell<Arc<Profile>>>;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Asked {
    source: SourceKey,
    snapshot: SnapshotId,
    table: String,
    mode: Mode,
}

/// What one reading of a table told.
#[derive(Debug)]
pub struct Profile {
    pub seen: Seen,
    pub columns: Vec<ProfiledColumn>,
    pub keys: Vec<KeyCandidate>,
}

/// Which rows were seen, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub table: String,
    /// `scan`, `first_rows`, `row_sample`, `page_sample`, `key_ranges`, `key_digest`.
    pub method: &'static str,
    /// In words.
    pub how: String,
    pub rows: u64,
    /// The number of rows that the table has, where all were seen; else as the database counts or estimates it.
    pub rows_estimated: Option<u64>,
    /// Every row was seen: the figures are those of the table.
    pub complete: bool,
    pub elapsed_ms: u64,
}

#[derive(Debug)]
pub struct ProfiledColumn {
    pub name: String,
    pub r#type: String,
    pub declared_type: String,
    /// Its values are hidden, so that figures would be those of what stands in their place.
    pub masked: bool,
    pub figures: ColumnFigures,
}

impl Profiles {
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), kept: Mutex::new(HashMap::new()) }
    }

    /// The profile of a table, as fresh as the settings ask for.
    pub async fn of(&self, workspace: &Workspace, table: &Table, mode: Mode) -> Result<Arc<Profile>, Failure> {
        let slot = self.slot(Self::asked(workspace, table, mode));
        slot.get_or_try_init(|| self.make(workspace, table, mode)).await.cloned()
    }

    /// The one that saw all rows, where somebody has asked for it; else a quick one.
    pub async fn best_of(&self, workspace: &Workspace, table: &Table) -> Result<Arc<Profile>, Failure> {
        let full = Self::asked(workspace, table, Mode::Full);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&full).cloned();
        match kept.filter(|(at, _)| self.is_fresh(*at)).and_then(|(_, slot)| slot.get().cloned()) {
            Some(profile) => Ok(profile),
            None => self.of(workspace, table, Mode::Quick).await,
        }
    }

    /// The profile as `table_profile` answers it, within the size of a result.
    pub fn shown(&self, profile: &Profile) -> Value {
        shown::table(profile, self.settings.max_result_bytes)
    }

    pub fn column_shown(profile: &Profile, column: &str, max_top_values: usize) -> Option<Value> {
        shown::column(profile, column, max_top_values)
    }

    fn asked(workspace: &Workspace, table: &Table, mode: Mode) -> Asked {
        Asked { source: workspace.key.clone(), snapshot: workspace.snapshot.id.clone(), table: table.full_name(), mode }
    }

    fn is_fresh(&self, at: Instant) -> bool {
        at.elapsed() < Duration::from_secs(self.settings.profile_age_s)
    }

    fn slot(&self, asked: Asked) -> Slot {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, slot)) = kept.get(&asked)
            && self.is_fresh(*at)
        {
            return slot.clone();
        }
        if kept.len() >= self.settings.profiles_kept {
            let oldest = kept.iter().min_by_key(|(_, (at, _))| *at).map(|(asked, _)| asked.clone());
            oldest.map(|oldest| kept.remove(&oldest));
        }
        let slot = Slot::default();
        kept.insert(asked, (Instant::now(), slot.clone()));
        slot
    }

    async fn make(&self, workspace: &Workspace, table: &Table, mode: Mode) -> Result<Arc<Profile>, Failure> {
        if table.columns.is_empty() {
            return Err(Failure::Mendable(format!("`{}` has no columns that can be read", table.full_name())));
        }
        let (seen, sketches) = reading::read(workspace, table, mode, &self.settings).await?;
        let mut columns = Vec::with_capacity(sketches.len());
        let mut facts = Vec::with_capacity(sketches.len());
        for (column, sketch) in table.columns.iter().zip(sketches) {
            let figures = sketch.figures(&column.name, TOP_VALUES);
            if !column.masked {
                facts.push(ColumnFacts {
                    column: column.name.clone(),
                    rows: figures.rows,
                    nulls: figures.nulls,
                    distinct: figures.distinct,
                    all_different: figures.all_different,
                    exact: seen.complete,
                });
            }
            columns.push(ProfiledColumn {
                name: column.name.clone(),
                r#type: column.r#type.clone(),
                declared_type: column.declared_type.clone(),
                masked: column.masked,
                figures: if seen.complete { figures } else { figures.of_some_rows() },
            });
        }
        let mut keys = evidence::key_candidates(table, &facts);
        keys.truncate(KEYS_SHOWN);
        let profile = Arc::new(Profile { seen, columns, keys });
        self.put_into_catalog(workspace, table, &profile).await;
        Ok(profile)
    }

    /// Beside what the harvest says of the table, so that others need not read it again.
    async fn put_into_catalog(&self, workspace: &Workspace, table: &Table, profile: &Profile) {
        let mut document = self.shown(profile);
        // The same table gives the same document, however long it took.
        document.as_object_mut().map(|members| members.remove("elapsed_ms"));
        let entry = EntryWrite {
            layer: Layer::Harvest,
            kind: "profile".to_owned(),
            key: format!("profile/{}", table.full_name()),
            document,
            tags: Vec::new(),
            links: vec![harvested::table_key(table)],
            confidence: Confidence::CERTAIN,
            status: EntryStatus::Validated,
            evidence: vec![workspace.snapshot.id.0.clone()],
            provenance: Provenance::of("profile"),
        };
        if let Err(error) = workspace.store.put_entries(&workspace.key, vec![entry]).await {
            // Whoever asked has the profile all the same.
            tracing::warn!(source.name = %workspace.key, table.name = table.full_name(), %error, "a profile was not put into the catalog");
        }
    }
}

impl Seen {
    /// The members that results have in common.
    fn members(&self) -> Value {
        let rate = self.rows_estimated.filter(|rows| *rows > 0).map(|rows| (self.rows as f64 / rows as f64).min(1.0));
        json!({
            "table": self.table,
            "method": self.method,
            "how": self.how,
            "rows_seen": self.rows,
            "rows_estimated": self.rows_estimated,
            "rate": if self.complete { Some(1.0) } else { rate.map(|rate| (rate * 1e6).round() / 1e6) },
            "complete": self.complete,
            "elapsed_ms": self.elapsed_ms,
        })
    }
}
