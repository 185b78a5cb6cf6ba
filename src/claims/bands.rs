//! The bands of confidence: 0.9 to 1 for what a constraint or an exact check shows, up to 0.8 for what several signals speak for, up to
//! 0.5 for a hypothesis. The one place that turns a verdict, evidence and a claimant's own word into a confidence and a status.

use super::Verdict;
use crate::domain::{Confidence, EntryStatus};

/// Where certainty begins: declared, or checked over all rows.
const CERTAIN: f64 = 0.9;
/// Evidence that nobody checked, and checks that settle nothing.
pub const SIGNALS: f64 = 0.8;
/// Without any evidence a claim is a hypothesis.
pub const HYPOTHESIS: f64 = 0.5;
/// What a claim that does not say is taken to claim.
const SAYS_NOTHING: f64 = 0.6;
/// What is left of a claim that the data refutes.
const REFUTED: f64 = 0.05;

/// What a claim is worth. The claimant's own word is a wish, bounded by its band.
pub fn settle(said: Option<Confidence>, has_evidence: bool, verdict: &Verdict) -> (Confidence, EntryStatus) {
    let wanted = said.unwrap_or(Confidence::clamped(SAYS_NOTHING));
    match verdict {
        Verdict::Unchecked { .. } => (wanted.at_most(if has_evidence { SIGNALS } else { HYPOTHESIS }), EntryStatus::Draft),
        Verdict::Holds { confidence, .. } => (Confidence::clamped(confidence.max(CERTAIN)), EntryStatus::Validated),
        Verdict::Doubtful { at_most, .. } => (wanted.at_most(at_most.min(SIGNALS)), EntryStatus::Draft),
        Verdict::Refuted { .. } => (Confidence::clamped(REFUTED), EntryStatus::Refuted),
    }
}

/// What an insight is worth: beyond the claimant's word only by resting on an entry that a check upheld, and not beyond that entry.
pub fn of_insight(said: Confidence, has_evidence: bool, upheld: Option<Confidence>, rests_on_refuted: bool) -> Confidence {
    said.at_most(match upheld {
        _ if rests_on_refuted => HYPOTHESIS,
        Some(upheld) => upheld.value().max(SIGNALS),
        None if has_evidence => SIGNALS,
        None => HYPOTHESIS,
    })
}

/// What a claim that was settled before is worth now that its check was run again; none where the check settled nothing, and the claim
/// stands as it stood. A person's word that it is stable stands while the data bears it.
pub fn settle_again(confidence: Confidence, status: EntryStatus, verdict: &Verdict) -> Option<(Confidence, EntryStatus)> {
    // What was refuted says nothing of how sure its author was.
    let said = Some(confidence).filter(|_| status != EntryStatus::Refuted);
    match verdict {
        Verdict::Unchecked { .. } => None,
        Verdict::Holds { .. } if status == EntryStatus::Stable => Some((confidence, status)),
        Verdict::Holds { .. } | Verdict::Doubtful { .. } | Verdict::Refuted { .. } => Some(settle(said, true, verdict)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::checks::Check;

    #[test]
    fn no_verdict_leaves_its_band() {
        let check = || Check::without_query("check/x", "looked at");
        let verdicts = |value: f64| {
            [
                (Verdict::Holds { confidence: value, check: check() }, 0.9..=1.0),
                (Verdict::Doubtful { at_most: value, check: check() }, 0.0..=0.8),
                (Verdict::Refuted { check: check() }, 0.0..=0.1),
                (Verdict::Unchecked { why: None }, 0.0..=0.8),
            ]
        };
        for step in 0..=10 {
            for said in [None, Some(Confidence::clamped(f64::from(step) / 10.0))] {
                for (verdict, band) in verdicts(f64::from(10 - step) / 10.0) {
                    let (confidence, status) = settle(said, true, &verdict);
                    assert!(band.contains(&confidence.value()), "{verdict:?} {said:?}: {confidence:?}");
                    assert_eq!(status == EntryStatus::Validated, matches!(verdict, Verdict::Holds { .. }));
                }
            }
        }
        assert_eq!(settle(Some(Confidence::CERTAIN), false, &Verdict::Unchecked { why: None }).0.value(), HYPOTHESIS);
    }

    #[test]
    fn a_check_that_is_run_again_decides_and_one_that_settles_nothing_does_not() {
        let check = || Check::without_query("check/x", "looked at");
        let holds = Verdict::Holds { confidence: 0.95, check: check() };
        let again = |confidence: f64, status, verdict: &Verdict| {
            settle_again(Confidence::clamped(confidence), status, verdict).map(|(confidence, status)| (confidence.value(), status))
        };
        assert_eq!(again(0.05, EntryStatus::Refuted, &holds), Some((0.95, EntryStatus::Validated)));
        assert_eq!(again(0.99, EntryStatus::Stable, &holds), Some((0.99, EntryStatus::Stable)));
        assert_eq!(again(0.99, EntryStatus::Stable, &Verdict::Refuted { check: check() }), Some((REFUTED, EntryStatus::Refuted)));
        let doubtful = Verdict::Doubtful { at_most: 0.7, check: check() };
        assert_eq!(again(0.95, EntryStatus::Validated, &doubtful), Some((0.7, EntryStatus::Draft)));
        assert_eq!(again(0.05, EntryStatus::Refuted, &doubtful), Some((SAYS_NOTHING, EntryStatus::Draft)));
        assert_eq!(again(0.95, EntryStatus::Validated, &Verdict::Unchecked { why: None }), None);
    }
}
