//! Settings of tools: how long a call may take and how much it may answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::source::ReadLimits;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Time of one call.
    pub tool_time_ms: u64,
    /// Time of one statement on the source within a call.
    pub read_time_ms: u64,
    /// Size of one result as JSON; a larger one is cut.
    pub max_result_bytes: usize,
    /// Rows that `run_sql_readonly` may be asked for.
    pub max_rows: usize,
    /// Rows that a quick profile looks at; larger tables are sampled.
    pub quick_rows: u64,
    /// Time after which a quick profile ends with what it has seen.
    pub quick_time_ms: u64,
    /// Time after which a full profile ends with what it has seen.
    pub full_time_ms: u64,
    /// Rows that a check of one column looks at.
    pub scan_rows: u64,
    /// Profiles that are kept for the next who asks.
    pub profiles_kept: usize,
    /// Seconds after which a kept profile is made anew.
    pub profile_age_s: u64,
    /// Digests of what callers asked that are kept a source; beyond these the least used are forgotten.
    pub digests_kept: usize,
    /// Seconds between two writes of what was counted; a crash loses as much.
    pub digest_write_s: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tool_time_ms: 15_000,
            read_time_ms: 4_000,
            max_result_bytes: 24 * 1024,
            max_rows: 1_000,
            quick_rows: 10_000,
            quick_time_ms: 1_500,
            full_time_ms: 12_000,
            scan_rows: 200_000,
            profiles_kept: 256,
            profile_age_s: 60,
            digests_kept: 1_000,
            digest_write_s: 5,
        }
    }
}

impl Settings {
    pub fn tool_time(&self) -> Duration {
        Duration::from_millis(self.tool_time_ms)
    }

    /// For the few rows of a sample or a profile.
    pub(super) fn read_limits(&self, max_rows: usize) -> ReadLimits {
        ReadLimits { max_rows, max_bytes: 256 * 1024, time: Duration::from_millis(self.read_time_ms) }
    }
}
