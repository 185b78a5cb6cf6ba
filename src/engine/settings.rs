//! Settings of the engine.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Runs that are live at once; more wait for a place.
    pub max_live_runs: usize,
    /// Iterations of a run that does not say.
    pub max_iterations: u32,
    /// Tasks an iteration of a run that does not say.
    pub tasks_per_iter: u32,
    /// Attempts at one task before it fails for good.
    pub task_attempts: u32,
    /// Attempts at one plan before the run fails.
    pub plan_attempts: u32,
    /// Wait before the second attempt; it doubles with each.
    pub retry_base_ms: u64,
    /// Events a page when a reader is served from the journal.
    pub journal_page: usize,
    /// Batches that a live stream keeps for readers that are a little behind.
    pub feed_depth: usize,
    /// Seconds between two comments on a silent stream.
    pub keep_alive_s: u64,
    /// What `retry:` tells a reader to wait before it connects again.
    pub reconnect_ms: u64,
    /// Seconds without a word after which a run that is carried out outside is ended.
    pub agent_silence_s: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_live_runs: 2_000,
            max_iterations: 8,
            tasks_per_iter: 3,
            task_attempts: 3,
            plan_attempts: 4,
            retry_base_ms: 500,
            journal_page: 500,
            feed_depth: 64,
            keep_alive_s: 15,
            reconnect_ms: 1_000,
            agent_silence_s: 3_600,
        }
    }
}
