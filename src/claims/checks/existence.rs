//! Whether what an entry speaks of is there at all: tables and columns by the snapshot.

use serde_json::json;

use super::Verdict;
use super::key::Subject;
use crate::claims::ProposedWrite;
use crate::domain::Snapshot;

/// That a table exists says nothing about what it means, so existing is no reason for more confidence.
pub fn check(snapshot: &Snapshot, write: &ProposedWrite) -> Verdict {
    if Subject::of_key(&write.key).exists_in(snapshot) {
        return Verdict::Unchecked { why: None };
    }
    let reason = format!("the snapshot has no such {}", write.kind);
    Verdict::Refuted { by: "check/existence".to_owned(), facts: json!({ "reason": reason }) }
}
