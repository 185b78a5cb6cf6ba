//! Checks: what is claimed is held against the database. One file a check; what cannot be checked is said to be so.

pub mod existence;
pub mod key;
pub mod metric;
pub mod question_template;
pub mod reference;
pub mod relationship;
pub mod run;

use serde_json::{Value, json};

use super::ProposedWrite;
use crate::domain::Snapshot;
use crate::source::{Dialect, Source};
use reference::Reference;

/// What claims are held against.
#[derive(Clone, Copy)]
pub struct Data<'a> {
    pub snapshot: &'a Snapshot,
    pub source: &'a dyn Source,
}

/// How a claim was held against the data: enough to do it again, by hand too.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What evidence calls it: `check/anti_join`, `constraint`, …
    pub by: &'static str,
    /// What it came to, in words.
    pub reason: String,
    /// The query, where one was asked, in the words of the source.
    pub query: Option<Query>,
    /// What it counted or saw; null where it asked nothing.
    pub result: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub dialect: Dialect,
    pub sql: String,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// There is nothing to check, or it could not be; then `why`.
    Unchecked {
        why: Option<String>,
    },
    /// Exact, over all rows, or declared.
    Holds {
        confidence: f64,
        check: Check,
    },
    /// Looked at, and not settled.
    Doubtful {
        at_most: f64,
        check: Check,
    },
    Refuted {
        check: Check,
    },
}

impl Check {
    pub fn without_query(by: &'static str, reason: impl Into<String>) -> Self {
        Self { by, reason: reason.into(), query: None, result: Value::Null }
    }

    /// As it stands in the document of a claim.
    pub fn shown(&self) -> Value {
        let mut shown = json!({"by": self.by, "reason": self.reason});
        if let Some(query) = &self.query {
            shown["dialect"] = json!(query.dialect.name());
            shown["sql"] = json!(query.sql);
        }
        if !self.result.is_null() {
            shown["result"] = self.result.clone();
        }
        shown
    }
}

impl Verdict {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unchecked { .. } => "unchecked",
            Self::Holds { .. } => "holds",
            Self::Doubtful { .. } => "doubtful",
            Self::Refuted { .. } => "refuted",
        }
    }

    pub fn check(&self) -> Option<&Check> {
        match self {
            Self::Unchecked { .. } => None,
            Self::Holds { check, .. } | Self::Doubtful { check, .. } | Self::Refuted { check } => Some(check),
        }
    }
}

/// Brings kinds and keys into their one form and drops what is not an expert's to write; of two writes to one key the later stands.
pub fn tidy(snapshot: &Snapshot, writes: Vec<ProposedWrite>) -> Vec<ProposedWrite> {
    let mut tidied: Vec<ProposedWrite> = Vec::new();
    for write in writes {
        let Some((kind, key)) = key::canonical(snapshot, &write.kind, &write.key) else { continue };
        let mut write = ProposedWrite { kind, key, ..write };
        if write.kind == "relationship" {
            spell_out(snapshot, &mut write);
        }
        tidied.retain(|other| other.key != write.key || other.kind != write.kind);
        tidied.push(write);
    }
    tidied
}

/// Holds each claim against the data, in order. An error means that the source does not answer; later it may.
pub async fn examine_all(data: &Data<'_>, writes: &[ProposedWrite]) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::with_capacity(writes.len());
    for write in writes {
        verdicts.push(examine(data, write).await?);
    }
    Ok(verdicts)
}

/// Holds one claim against the data.
pub async fn examine(data: &Data<'_>, write: &ProposedWrite) -> Result<Verdict, String> {
    match write.kind.as_str() {
        "relationship" => relationship::check(data, write).await,
        "metric" => metric::check(data, write).await,
        "question_template" => question_template::check(data, write).await,
        "table" | "column" => Ok(existence::check(data.snapshot, write)),
        _ => Ok(Verdict::Unchecked { why: None }),
    }
}

/// A relationship that can be read gets its one key, and its two sides as members of the document.
fn spell_out(snapshot: &Snapshot, write: &mut ProposedWrite) {
    if let Ok(reference) = Reference::find(snapshot, &write.key, &write.document) {
        write.key = reference.key();
        if let Some(members) = write.document.as_object_mut() {
            members.insert("child".to_owned(), json!(reference.child));
            members.insert("parent".to_owned(), json!(reference.parent));
        }
    }
}
