//! Entries of the catalog: what the harvest says and what experts find, and which of two claims stands.
//!
//! Invariant: settling is commutative. Whatever the order in which claims on one key arrive, the same one is current in the end.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{RunId, Staleness, TaskId};

/// The two layers of the catalog, never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// What the database itself says.
    Harvest,
    /// What experts and people claim, each with its evidence.
    Finding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryStatus {
    Draft,
    Validated,
    Stable,
    Refuted,
    Stale,
    Rejected,
}

/// How sure a claim is: 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Confidence(f64);

/// Who claims: an expert's name, `harvest`, or `person`.
pub type Author = String;

/// Where a claim comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Provenance {
    pub author: Author,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub task: Option<TaskId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// A claim on its way into the catalog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntryWrite {
    pub layer: Layer,
    pub kind: String,
    pub key: String,
    pub document: Value,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub links: Vec<String>,
    pub confidence: Confidence,
    pub status: EntryStatus,
    /// What speaks for it: keys of entries, tool results, checks. A claim without any stays a draft of at most 0.5.
    #[serde(default)]
    pub evidence: Vec<String>,
    pub provenance: Provenance,
}

/// An entry as it is read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Entry {
    #[serde(flatten)]
    pub claim: EntryWrite,
    /// How many other authors claim something else under this key.
    pub competing: u32,
    /// Where it is stale: why, and which status it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Staleness>,
    /// Milliseconds since 1970, as events have them.
    pub at: i64,
}

/// A search result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hit {
    pub layer: Layer,
    pub kind: String,
    pub key: String,
    pub snippet: String,
    pub score: f64,
    pub confidence: Confidence,
    pub status: EntryStatus,
}

/// What an expert says it learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Insight {
    pub claim: String,
    pub confidence: Confidence,
    #[serde(default)]
    pub evidence: Vec<String>,
}

impl Confidence {
    pub const CERTAIN: Self = Self(1.0);

    /// Clamped to 0..=1; what is not a number is 0.
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() { Self(0.0) } else { Self(value.clamp(0.0, 1.0)) }
    }

    pub fn value(self) -> f64 {
        self.0
    }

    pub fn at_most(self, bound: f64) -> Self {
        Self::clamped(self.0.min(bound))
    }
}

impl Provenance {
    /// Of somebody who is not at work in a run.
    pub fn of(author: impl Into<Author>) -> Self {
        Self { author: author.into(), run: None, task: None, step: None, model: None }
    }
}

impl TryFrom<f64> for Confidence {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(format!("confidence `{value}` is outside 0 to 1")) }
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> f64 {
        confidence.0
    }
}

impl Layer {
    pub fn name(self) -> &'static str {
        match self {
            Self::Harvest => "harvest",
            Self::Finding => "finding",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Harvest, Self::Finding].into_iter().find(|layer| layer.name() == name)
    }
}

impl EntryStatus {
    pub const ALL: [Self; 6] = [Self::Draft, Self::Validated, Self::Stable, Self::Refuted, Self::Stale, Self::Rejected];

    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Validated => "validated",
            Self::Stable => "stable",
            Self::Refuted => "refuted",
            Self::Stale => "stale",
            Self::Rejected => "rejected",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// A checked status, either way, stands above an unchecked one; a person's rejection above all.
    fn weight(self) -> u8 {
        match self {
            Self::Stale => 0,
            Self::Draft => 1,
            Self::Validated | Self::Refuted => 2,
            Self::Stable => 3,
            Self::Rejected => 4,
        }
    }
}

impl EntryWrite {
    /// Which of two claims on one key is the more certain; a total order, so that ties cannot depend on time.
    /// Among equals the later task knows more.
    pub fn certainty(&self, other: &Self) -> Ordering {
        let task = |claim: &Self| (claim.provenance.run, claim.provenance.task, claim.provenance.step.clone());
        self.status
            .weight()
            .cmp(&other.status.weight())
            .then_with(|| self.confidence.0.total_cmp(&other.confidence.0))
            .then_with(|| task(self).cmp(&task(other)))
            .then_with(|| self.provenance.author.cmp(&other.provenance.author))
            .then_with(|| self.document.to_string().cmp(&other.document.to_string()))
    }

    /// Whether status, then confidence, put this claim above the other.
    pub fn outranks(&self, other: &Self) -> bool {
        self.status.weight().cmp(&other.status.weight()).then(self.confidence.0.total_cmp(&other.confidence.0)).is_gt()
    }

    /// What remains of a claim that its author takes back: it says nothing and stands below every other; catalogs do not show it,
    /// and their history does.
    pub fn withdrawn(&self) -> Self {
        Self {
            document: Value::Null,
            tags: Vec::new(),
            links: Vec::new(),
            evidence: Vec::new(),
            confidence: Confidence(0.0),
            status: EntryStatus::Stale,
            ..self.clone()
        }
    }

    pub fn is_withdrawn(&self) -> bool {
        self.document.is_null()
    }

    /// Names what the claim says, not how it says it: equal for texts that differ in order, case or punctuation.
    pub fn content_digest(&self) -> String {
        let mut words = Vec::new();
        collect_content("", &self.document, &mut words);
        words.sort_unstable();
        words.dedup();
        let text = format!("{}\n{}", self.kind, words.join("\n"));
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
    }
}

impl Insight {
    /// An insight is new by what it rests on, not by its wording.
    pub fn content_digest(&self) -> Option<String> {
        if self.evidence.is_empty() {
            return None;
        }
        let mut evidence = self.evidence.clone();
        evidence.sort_unstable();
        evidence.dedup();
        Some(format!("{:016x}", xxhash_rust::xxh3::xxh3_64(evidence.join("\n").as_bytes())))
    }
}

fn collect_content(path: &str, value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{path}/{name}");
                // When a check was run again is not what is claimed.
                if path != "/check/at" {
                    collect_content(&path, member, into);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                collect_content(path, item, into);
            }
        }
        Value::String(text) => {
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            into.extend(words.map(|word| format!("{path}={}", word.to_lowercase())));
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => into.push(format!("{path}={value}")),
    }
}
