//! The door to runs whose thinking is done outside, by an agent that calls tools: what the engine offers, and what such an agent tells it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::port::Failure;
use crate::domain::{Budget, Confidence, EntryStatus, Intent, OutsideAgent, RunId, Seq, SourceKey};

/// The engine implements it; whoever wires the process connects it to the registry.
#[async_trait]
pub trait AgentRuns: Send + Sync {
    /// Starts a run and comes back when calls can be made in it.
    async fn start(&self, start: AgentStart) -> Result<RunId, Failure>;

    /// Whether this author may act in the run now; the failure says why not.
    async fn enter(&self, run: RunId, author: &str) -> Result<Entered, Failure>;

    /// Comes back when it is on disk.
    async fn tell(&self, run: RunId, author: &str, told: Told) -> Result<Seq, Failure>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct AgentStart {
    pub source: SourceKey,
    pub schema: Option<String>,
    pub agent: OutsideAgent,
    pub model: Option<String>,
    pub intent: Intent,
    pub budget: Budget,
}

/// What a call in a run needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    pub source: String,
    pub model: String,
}

/// What becomes an event of the run; each in its own form, so that none can be taken for what the engine itself says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub enum Told {
    Called { tool: String, args: Value, duration_ms: u64, came_to: CameTo },
    Recorded { kind: String, key: String, confidence: Confidence, status: EntryStatus, digest: String },
    Said { kind: String, text: String, data: Value },
    Finished { summary: String },
    Failed { reason: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "came_to", rename_all = "snake_case")]
pub enum CameTo {
    Done { bytes: usize, truncated: bool },
    Failed { reason: String },
    Refused { reason: String },
}
