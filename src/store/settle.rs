//! Which claims of an entry are kept, and which of them stands. Pure; every database of ours settles by it.
//!
//! Invariant: among findings the order of arrival does not matter, unless an author restates its own. Each author keeps its most
//! certain claim, and the most certain of all stands. A harvest is the truth of the day instead: the same author's newer one replaces the older one.
//! A mark says that the database has changed: it makes all claims that are there less certain than any that comes after it.

use std::cmp::Ordering;

use crate::domain::{EntryStatus, EntryWrite, Layer, StaleMark, Staleness};

/// A claim and when it was first made with this content.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub write: EntryWrite,
    pub at: i64,
    /// Made before the database changed under it.
    pub stale: Option<Staleness>,
}

/// How a finding meets what its author claimed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The more certain of the two stays.
    Claimed,
    /// The newer one stays: the author has thought better of it.
    Restated,
}

/// What a write did to the claims of its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Nothing,
    /// The same was claimed again, later: only where it comes from changed.
    Provenance,
    Content,
}

/// Takes a write in. There is one claim an author in `claims`, before and after.
pub fn accept(claims: &mut Vec<Claim>, write: &EntryWrite, at: i64, manner: Manner) -> Change {
    let Some(own) = claims.iter_mut().find(|claim| claim.write.provenance.author == write.provenance.author) else {
        claims.push(Claim::made(write, at));
        return Change::Content;
    };
    if own.stale.is_none() {
        let replaces = match (write.layer, manner) {
            (Layer::Harvest, _) | (Layer::Finding, Manner::Restated) => *write != own.write,
            (Layer::Finding, Manner::Claimed) => certainty(write, &own.write) == Ordering::Greater,
        };
        if !replaces {
            return Change::Nothing;
        }
        if says_the_same(write, &own.write) {
            own.write.provenance = write.provenance.clone();
            return Change::Provenance;
        }
    }
    *own = Claim::made(write, at);
    Change::Content
}

/// Marks the claims that are there. False where all of them were marked before.
pub fn mark(claims: &mut [Claim], mark: &StaleMark, at: i64) -> bool {
    let mut marked = false;
    for claim in claims.iter_mut().filter(|claim| claim.stale.is_none()) {
        claim.stale = Some(staleness(mark, at, claim.write.status));
        marked = true;
    }
    marked
}

pub fn staleness(mark: &StaleMark, at: i64, was: EntryStatus) -> Staleness {
    Staleness { since: at, snapshot: mark.snapshot.clone(), because: mark.because.clone(), was }
}

/// The position of the claim that stands.
pub fn standing(claims: &[Claim]) -> usize {
    let most = claims.iter().enumerate().max_by(|(_, one), (_, other)| one.cmp_certainty(other));
    most.expect("an entry has a claim").0
}

impl Claim {
    pub fn made(write: &EntryWrite, at: i64) -> Self {
        Self { write: write.clone(), at, stale: None }
    }

    /// What is not stale is more certain than what is, whatever they say of themselves, and of what is stale the one that was
    /// right for longer. So a mark does not change which claim stands. What was withdrawn is below all.
    pub fn cmp_certainty(&self, other: &Self) -> Ordering {
        let held_until = |claim: &Self| claim.stale.as_ref().map_or(i64::MAX, |stale| stale.since);
        let says = |claim: &Self| !claim.write.is_withdrawn();
        says(self).cmp(&says(other)).then(held_until(self).cmp(&held_until(other))).then_with(|| certainty(&self.write, &other.write))
    }
}

/// How many authors claim something else than the claim that stands; what is stale does not compete with what is not.
pub fn competing(claims: &[Claim], standing: usize) -> u32 {
    if claims.len() < 2 {
        return 0;
    }
    let stands = &claims[standing].write;
    let digest = stands.content_digest();
    let others = claims.iter().enumerate().filter(|(position, claim)| {
        *position != standing
            && !claim.write.is_withdrawn()
            && (claim.stale.is_none() || claims[standing].stale.is_some())
            && (is_denial(&claim.write) != is_denial(stands) || claim.write.content_digest() != digest)
    });
    u32::try_from(others.count()).unwrap_or(u32::MAX)
}

/// `EntryWrite::certainty`, made total: no two different claims are equal.
fn certainty(one: &EntryWrite, other: &EntryWrite) -> Ordering {
    one.certainty(other)
        .then_with(|| one.tags.cmp(&other.tags))
        .then_with(|| one.links.cmp(&other.links))
        .then_with(|| one.evidence.cmp(&other.evidence))
        .then_with(|| one.status.name().cmp(other.status.name()))
        .then_with(|| one.provenance.model.cmp(&other.provenance.model))
}

fn says_the_same(one: &EntryWrite, other: &EntryWrite) -> bool {
    one.document == other.document
        && one.status == other.status
        && one.confidence == other.confidence
        && one.tags == other.tags
        && one.links == other.links
        && one.evidence == other.evidence
}

fn is_denial(claim: &EntryWrite) -> bool {
    matches!(claim.status, EntryStatus::Refuted | EntryStatus::Rejected)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::{Confidence, Provenance, RunId, SnapshotId, TaskId};

    fn claim() -> impl Strategy<Value = EntryWrite> {
        let (author, run) = (prop::sample::select(vec!["semantic", "query", "person"]), 0u128..3);
        let (status, confidence) = (prop::sample::select(EntryStatus::ALL.to_vec()), prop::sample::select(vec![0.4, 0.5, 0.9]));
        let said = (0u8..3, prop::collection::vec("[ab]", 0..2), prop::collection::vec("[ab]", 0..2));
        (author, run, 1u32..3, status, confidence, said).prop_map(|(author, run, task, status, confidence, (text, tags, evidence))| {
            EntryWrite {
                layer: Layer::Finding,
                kind: "note".to_owned(),
                key: "note/x".to_owned(),
                document: json!({"text": format!("claim {text}")}),
                tags,
                links: Vec::new(),
                confidence: Confidence::clamped(confidence),
                status,
                evidence,
                provenance: Provenance {
                    author: author.to_owned(),
                    run: Some(RunId::from_uuid(uuid::Uuid::from_u128(run))),
                    task: Some(TaskId(task)),
                    step: None,
                    model: None,
                },
            }
        })
    }

    fn settled(writes: &[EntryWrite]) -> (EntryWrite, u32, Vec<EntryWrite>) {
        settled_after(writes, &[])
    }

    /// As it is where the database changed after the first of the claims.
    fn settled_after(before: &[EntryWrite], after: &[EntryWrite]) -> (EntryWrite, u32, Vec<EntryWrite>) {
        let mut claims = Vec::new();
        for write in before {
            accept(&mut claims, write, 0, Manner::Claimed);
        }
        if !after.is_empty() {
            let change = StaleMark {
                layer: Layer::Finding,
                kind: "note".to_owned(),
                key: "note/x".to_owned(),
                snapshot: SnapshotId::default(),
                because: vec![],
            };
            mark(&mut claims, &change, 1);
            assert!(!mark(&mut claims, &change, 2), "what is stale does not become stale");
        }
        for write in after {
            accept(&mut claims, write, 2, Manner::Claimed);
        }
        let stands = standing(&claims);
        let mut kept: Vec<EntryWrite> = claims.iter().map(|claim| claim.write.clone()).collect();
        kept.sort_by(|one, other| one.provenance.author.cmp(&other.provenance.author));
        (claims[stands].write.clone(), competing(&claims, stands), kept)
    }

    proptest! {
        #[test]
        fn the_order_of_claims_does_not_matter(writes in prop::collection::vec(claim(), 1..6), seed in any::<u64>()) {
            let expect = settled(&writes);
            let mut shuffled = writes.clone();
            for position in (1..shuffled.len()).rev() {
                shuffled.swap(position, (seed.rotate_left(position as u32 * 7) % (position as u64 + 1)) as usize);
            }
            prop_assert_eq!(&settled(&shuffled), &expect);
            // and saying all of it again changes nothing
            let again: Vec<EntryWrite> = writes.iter().chain(&shuffled).cloned().collect();
            prop_assert_eq!(&settled(&again), &expect);
        }

        #[test]
        fn what_is_claimed_after_a_change_stands_above_what_was_claimed_before(
            before in prop::collection::vec(claim(), 0..4), after in prop::collection::vec(claim(), 1..4), seed in any::<u64>()
        ) {
            let shuffled = |writes: &[EntryWrite]| {
                let mut writes = writes.to_vec();
                for position in (1..writes.len()).rev() {
                    writes.swap(position, (seed.rotate_left(position as u32 * 7) % (position as u64 + 1)) as usize);
                }
                writes
            };
            let found = settled_after(&before, &after);
            prop_assert_eq!(&found, &settled_after(&shuffled(&before), &shuffled(&after)));
            let (stands, _, kept) = settled(&after);
            prop_assert_eq!(&found.0, &stands);
            for claim in kept {
                prop_assert!(found.2.contains(&claim), "of an author who claims again, the newer claim is kept");
            }
        }
    }
}
