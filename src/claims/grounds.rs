//! What claims stand on: which evidence really exists, and what its check makes of a claim.
//!
//! Invariant: confidence and status come from `bands`. The claimant's own word is a wish, bounded by the evidence.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::checks::Verdict;
use super::checks::key::Subject;
use super::text::line;
use super::{ProposedWrite, ToolCall, ToolResult, bands};
use crate::domain::{Confidence, EntryStatus, EntryWrite, Insight, Layer, Provenance, Snapshot};

const MOST_EVIDENCE: usize = 12;

/// What claims of one author can stand on.
pub struct Grounds<'a> {
    pub snapshot: &'a Snapshot,
    pub results: &'a [ToolResult],
    /// Citations that were found to be true in another way: entries that a check upheld, queries that were run.
    pub established: &'a [String],
    /// Whether the one who claims has heard the person, whose answers are then evidence.
    pub hears_person: bool,
    pub provenance: Provenance,
}

impl Grounds<'_> {
    pub fn entry(&self, write: ProposedWrite, verdict: Verdict) -> EntryWrite {
        let ProposedWrite { kind, key, mut document, tags, links } = write;
        let said = take(&mut document, "confidence").and_then(|value| value.as_f64());
        let cited = take(&mut document, "evidence").map(texts).unwrap_or_default();
        take(&mut document, "status");
        let mut evidence: BTreeSet<String> = cited.iter().filter_map(|reference| self.resolve(reference)).collect();
        // Keys of entries are no evidence for themselves.
        evidence.remove(&key);
        for about in std::iter::once(&key).chain(&links) {
            evidence.extend(self.calls_on(&Subject::of_key(about)));
        }
        let said = said.map(Confidence::clamped);
        let (confidence, status) = bands::settle(said, !evidence.is_empty(), &verdict);
        match verdict.check() {
            Some(check) => {
                evidence.insert(check.by.to_owned());
                note(&mut document, Some(check.shown()));
            }
            None => {
                let Verdict::Unchecked { why } = verdict else { unreachable!("only what is unchecked has no check") };
                note(&mut document, why.map(|why| json!({ "unchecked": why })));
            }
        }
        let evidence = evidence.into_iter().take(MOST_EVIDENCE).collect();
        let provenance = self.provenance.clone();
        EntryWrite { layer: Layer::Finding, kind, key, document, tags, links, confidence, status, evidence, provenance }
    }

    pub fn insight(&self, insight: Insight, entries: &[EntryWrite]) -> Insight {
        let mut evidence = Vec::new();
        for reference in insight.evidence.iter().filter_map(|reference| self.resolve(reference)) {
            if !evidence.contains(&reference) {
                evidence.push(reference);
            }
        }
        let upheld = entries.iter().filter(|entry| entry.status == EntryStatus::Validated && evidence.contains(&entry.key));
        let upheld = upheld.map(|entry| entry.confidence).max_by(|one, other| one.value().total_cmp(&other.value()));
        let refuted = entries.iter().any(|entry| entry.status == EntryStatus::Refuted && evidence.contains(&entry.key));
        let confidence = bands::of_insight(insight.confidence, !evidence.is_empty(), upheld, refuted);
        evidence.truncate(MOST_EVIDENCE);
        Insight { claim: insight.claim, confidence, evidence }
    }

    /// What a citation means, where it exists: a call of this task, the key of a table, column or reference, the person.
    /// `tool/1/0: five rows` means the call of that step; a tool's name means its first call.
    pub fn resolve(&self, citation: &str) -> Option<String> {
        let citation = citation.trim().trim_matches('`');
        let first = citation.split_whitespace().next()?.trim_end_matches([':', ',', ';']);
        let succeeded = |result: &&ToolResult| !result.failed;
        let called = self.results.iter().filter(succeeded).find(|result| result.step == first || result.call.name == first);
        match called {
            Some(result) => Some(call_in_words(&result.call)),
            // An answer of the person is evidence by itself; which one is said in the document.
            None if self.hears_person && (first.eq_ignore_ascii_case("person") || first.starts_with("question/")) => {
                Some(line(first, 120).to_lowercase())
            }
            None if self.established.iter().any(|known| known == citation) => Some(line(citation, 300)),
            None => Subject::of_key(citation).exists_in(self.snapshot).then(|| line(citation, 300)),
        }
    }

    /// Results about the same table speak for what is written about it.
    fn calls_on(&self, subject: &Subject<'_>) -> Vec<String> {
        let about = |result: &&ToolResult| {
            let member = |name: &str| result.call.args.get(name).and_then(Value::as_str);
            let mut tables = ["table", "table_a", "table_b"].into_iter().filter_map(member);
            !result.failed && tables.any(|table| subject.names_table(member("schema"), table))
        };
        self.results.iter().filter(about).map(|result| call_in_words(&result.call)).collect()
    }
}

/// `column_profile(column=status, schema=shop, table=orders)`: the same wherever and whenever the call was made, so that what rests
/// on it can be compared from task to task; a step's name says nothing outside its task.
fn call_in_words(call: &ToolCall) -> String {
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut args: Vec<String> = match &call.args {
        Value::Object(members) => members.iter().map(|(name, member)| format!("{name}={}", value(member))).collect(),
        _ => Vec::new(),
    };
    args.sort_unstable();
    line(&format!("{}({})", call.name, args.join(", ")), 300)
}

fn take(document: &mut Value, member: &str) -> Option<Value> {
    document.as_object_mut().and_then(|members| members.remove(member))
}

/// What the check saw stands in the document under `check`, whatever a model wrote there.
pub(super) fn note(document: &mut Value, facts: Option<Value>) {
    if let Some(members) = document.as_object_mut() {
        members.remove("check");
        if let Some(facts) = facts {
            members.insert("check".to_owned(), facts);
        }
    }
}

fn texts(value: Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::claims::checks::Check;

    fn unproven() -> impl Strategy<Value = Verdict> {
        let check = || Check::without_query("check/x", "looked at");
        prop_oneof![
            Just(Verdict::Unchecked { why: None }),
            (0.0..=1.0f64).prop_map(move |at_most| Verdict::Doubtful { at_most, check: check() }),
            Just(Verdict::Refuted { check: check() }),
        ]
    }

    fn write() -> impl Strategy<Value = ProposedWrite> {
        let status = prop::sample::select(EntryStatus::ALL.to_vec());
        let cited =
            prop::collection::vec(prop::sample::select(vec!["table/main.a", "person", "question/run_1/x", "note/upheld", "nothing"]), 0..4);
        (0.0..=9.0f64, status, cited).prop_map(|(confidence, status, cited)| ProposedWrite {
            kind: "note".to_owned(),
            key: "note/x".to_owned(),
            document: json!({"text": "said", "confidence": confidence, "status": status.name(), "check": {"by": "me"}, "evidence": cited}),
            tags: Vec::new(),
            links: Vec::new(),
        })
    }

    proptest! {
        #[test]
        fn no_words_of_its_own_put_an_unproven_claim_above_a_checked_one_or_a_persons(write in write(), verdict in unproven()) {
            let snapshot = Snapshot::default();
            let grounds = Grounds {
                snapshot: &snapshot,
                results: &[],
                established: &["note/upheld".to_owned()],
                hears_person: false,
                provenance: Provenance::of("token:x"),
            };
            let cites_what_holds = write.document["evidence"].as_array().is_some_and(|all| all.contains(&json!("note/upheld")));
            let checked_by = matches!(verdict, Verdict::Doubtful { .. });
            let claim = grounds.entry(write, verdict);
            prop_assert!(matches!(claim.status, EntryStatus::Draft | EntryStatus::Refuted));
            let bound = if cites_what_holds { bands::SIGNALS } else { bands::HYPOTHESIS };
            prop_assert!(checked_by || claim.confidence.value() <= bound);
            prop_assert!(claim.document["check"]["by"] != json!("me"));
            for (status, confidence) in [(EntryStatus::Validated, 0.9), (EntryStatus::Stable, 0.1), (EntryStatus::Rejected, 0.0)] {
                let other = EntryWrite { status, confidence: Confidence::clamped(confidence), provenance: Provenance::of("person"), ..claim.clone() };
                prop_assert!(!claim.outranks(&other) && other.outranks(&claim));
            }
        }
    }
}
