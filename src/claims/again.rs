//! A claim that stands in the catalog, held against the data as it is now, by the check that it was recorded with.

use serde_json::Value;

use super::checks::{self, Data, Verdict};
use super::{ProposedWrite, bands, grounds};
use crate::domain::{EntryStatus, EntryWrite};

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Again {
    pub verdict: Verdict,
    /// The claim as it is to stand now; none where the data settled nothing.
    pub claim: Option<EntryWrite>,
}

/// Runs the check again. `at` is the moment, in milliseconds since 1970. An error means that the source does not answer.
pub async fn examine(data: &Data<'_>, claim: &EntryWrite, at: i64) -> Result<Again, String> {
    if claim.status == EntryStatus::Rejected {
        let why = "a person rejected it, and no check changes that".to_owned();
        return Ok(Again { verdict: Verdict::Unchecked { why: Some(why) }, claim: None });
    }
    let write = ProposedWrite {
        kind: claim.kind.clone(),
        key: claim.key.clone(),
        document: claim.document.clone(),
        tags: Vec::new(),
        links: Vec::new(),
    };
    let verdict = checks::examine(data, &write).await?;
    let claim = bands::settle_again(claim.confidence, claim.status, &verdict).map(|(confidence, status)| {
        let mut claim = EntryWrite { confidence, status, ..claim.clone() };
        if let Some(check) = verdict.check() {
            let mut shown = check.shown();
            shown["at"] = Value::from(at);
            grounds::note(&mut claim.document, Some(shown));
            if !claim.evidence.iter().any(|known| known == check.by) {
                claim.evidence.insert(0, check.by.to_owned());
            }
        }
        claim
    });
    Ok(Again { verdict, claim })
}
