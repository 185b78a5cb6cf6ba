//! Settings of sources: how many connections, and how much one query may read.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ReadLimits;
use super::rules::{ColumnPattern, TablePattern};
use crate::domain::Egress;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Connections to one source at once; more queries wait for a free one.
    pub pool: usize,
    /// Rows of one query, where the caller does not say.
    pub max_rows: usize,
    /// Bytes of one query's values, as JSON, where the caller does not say.
    pub max_bytes: usize,
    /// Time of one query, where the caller does not say.
    pub read_time_ms: u64,
    /// Wait for a database that another process has locked.
    pub busy_wait_ms: u64,
    /// Time that a harvest may spend on counting rows; tables that it does not reach have no count.
    pub count_time_ms: u64,
    /// Time of one harvest.
    pub harvest_time_ms: u64,
    /// A harvest of a server may be this old for who only looks something up; a run always reads anew.
    pub harvest_age_s: u64,
    /// Time of one survey, which reads tables to find keys and references; tables that it does not reach are judged by names.
    pub survey_time_ms: u64,
    /// Rows of a table that a survey reads; of larger ones it knows only what these tell.
    pub survey_rows: usize,
    /// Sources that are kept open at once; the one that was not used for longest is closed first.
    pub open_sources: usize,
    /// Where CSV files are loaded to.
    pub csv_dir: PathBuf,
    /// What of a source a language model may be shown.
    pub egress: Egress,
}

/// What a registered source has otherwise than the settings say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Connections at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub pool: Option<usize>,
    /// Rows of one query, where the caller does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub max_rows: Option<usize>,
    /// Bytes of one query's values, where the caller does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub max_bytes: Option<usize>,
    /// Milliseconds of one query, where the caller does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub read_time_ms: Option<u64>,
    /// Milliseconds of one harvest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub harvest_time_ms: Option<u64>,
    /// What a language model may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Egress>,
    /// The only tables and views that are shown and read, as `schema`, `table` or `schema.table`, `*` for any part of a name; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, max_items = 1000, example = json!(["public"]))]
    pub allow: Vec<TablePattern>,
    /// Tables and views that are neither shown nor read, whatever `allow` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, max_items = 1000, example = json!(["*.secrets"]))]
    pub deny: Vec<TablePattern>,
    /// Columns whose values never leave, as `column`, `table.column` or `schema.table.column`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, max_items = 1000, example = json!(["customers.email"]))]
    pub mask: Vec<ColumnPattern>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pool: 4,
            max_rows: 1_000,
            max_bytes: 1024 * 1024,
            read_time_ms: 5_000,
            busy_wait_ms: 2_000,
            count_time_ms: 1_000,
            harvest_time_ms: 30_000,
            harvest_age_s: 300,
            survey_time_ms: 120_000,
            survey_rows: 5_000_000,
            open_sources: 64,
            csv_dir: PathBuf::new(),
            egress: Egress::default(),
        }
    }
}

impl Settings {
    pub fn with(&self, limits: &Limits) -> Self {
        Self {
            pool: limits.pool.unwrap_or(self.pool),
            max_rows: limits.max_rows.unwrap_or(self.max_rows),
            max_bytes: limits.max_bytes.unwrap_or(self.max_bytes),
            read_time_ms: limits.read_time_ms.unwrap_or(self.read_time_ms),
            harvest_time_ms: limits.harvest_time_ms.unwrap_or(self.harvest_time_ms),
            egress: limits.egress.unwrap_or(self.egress),
            ..self.clone()
        }
    }

    pub fn read_limits(&self) -> ReadLimits {
        ReadLimits { max_rows: self.max_rows, max_bytes: self.max_bytes, time: Duration::from_millis(self.read_time_ms) }
    }
}
