//! Whether what an entry speaks of is there at all: tables and columns by the snapshot.

use super::key::Subject;
use super::{Check, Verdict};
use crate::claims::ProposedWrite;
use crate::domain::Snapshot;

pub const BY: &str = "check/existence";

/// That a table exists says nothing about what it means, so existing is no reason for more confidence.
pub fn check(snapshot: &Snapshot, write: &ProposedWrite) -> Verdict {
    if Subject::of_key(&write.key).exists_in(snapshot) {
        return Verdict::Unchecked { why: None };
    }
    Verdict::Refuted { check: Check::without_query(BY, format!("the snapshot has no such {}", write.kind)) }
}
