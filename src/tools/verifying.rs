//! Verifying: what stands in the catalog is held against the data as it is now, and becomes what the data makes of it.
//!
//! All claims under a key are looked at, whoever made them: where the data refutes one, another of the same must not take its place.

use serde_json::{Value, json};

use super::port::Failure;
use super::reading;
use super::workspace::Workspace;
use crate::claims::text::snippet;
use crate::claims::{Verdict, again};
use crate::domain::{Entry, EntryWrite, Rival, Staleness};

const SAYS: usize = 300;

/// A claim and what became of it.
pub struct Verified {
    pub shown: Value,
    /// There is nothing in it that a query could answer.
    pub has_nothing_to_check: bool,
}

/// Runs the checks of an entry again: of the claim that stands, and of those beside it.
pub async fn entry(workspace: &Workspace, entry: Entry, at: i64) -> Result<Vec<Verified>, Failure> {
    let Entry { claim, competing: _, stale, at: made } = entry;
    let (store, layer) = (&workspace.store, claim.layer);
    let rivals = store.rivals(&workspace.key, layer, &claim.kind, &claim.key).await.map_err(reading::store_failure)?;
    let mut verified = Vec::with_capacity(rivals.len() + 1);
    for one in std::iter::once(Rival { claim, stale, at: made }).chain(rivals) {
        verified.push(claim_of(workspace, one, at).await?);
    }
    Ok(verified)
}

async fn claim_of(workspace: &Workspace, Rival { claim, stale, .. }: Rival, at: i64) -> Result<Verified, Failure> {
    let before = as_it_was(&claim, stale.as_ref());
    let again::Again { verdict, claim: settled } = again::examine(&workspace.data(), &before, at).await.map_err(Failure::Broken)?;
    let mut shown = json!({
        "kind": claim.kind,
        "key": claim.key,
        "author": claim.provenance.author,
        "says": snippet(&without_check(&claim.document), SAYS),
        "outcome": verdict.word(),
        "before": {"status": claim.status, "confidence": claim.confidence, "result": claim.document["check"].get("result")},
    });
    let mut now = &claim;
    match &settled {
        None => shown["why"] = Value::from(why_not(&claim, &verdict)),
        Some(settled) => {
            shown["check"] = settled.document["check"].clone();
            if is_unchanged(workspace, &before).await? {
                workspace.store.restate(&workspace.key, vec![settled.clone()]).await.map_err(reading::store_failure)?;
                now = settled;
            } else {
                shown["why"] = Value::from("its author claimed something else while it was checked; nothing was written");
            }
        }
    }
    shown["after"] = json!({"status": now.status, "confidence": now.confidence});
    shown["changed"] = Value::from((now.status, now.confidence) != (claim.status, claim.confidence));
    if let Some(before) = shown["before"].as_object_mut() {
        before.retain(|_, value| !value.is_null());
    }
    Ok(Verified { shown, has_nothing_to_check: verdict == Verdict::Unchecked { why: None } })
}

/// The claim as its author made it: what only the database changed under has the status that it had.
fn as_it_was(claim: &EntryWrite, stale: Option<&Staleness>) -> EntryWrite {
    EntryWrite { status: stale.map_or(claim.status, |stale| stale.was), ..claim.clone() }
}

/// A check takes its time, in which the author may have thought better of it.
async fn is_unchanged(workspace: &Workspace, before: &EntryWrite) -> Result<bool, Failure> {
    let (store, author) = (&workspace.store, &before.provenance.author);
    let found = store.claim_of(&workspace.key, &before.kind, &before.key, author).await.map_err(reading::store_failure)?;
    Ok(found.is_some_and(|found| found.document == before.document))
}

fn why_not(claim: &EntryWrite, verdict: &Verdict) -> String {
    match (verdict, claim.kind.as_str()) {
        (Verdict::Unchecked { why: Some(why) }, _) => why.clone(),
        (_, "table" | "column") => format!("the {} is there; what is said of it is nothing that a query could check", claim.kind),
        (_, kind) => format!("a {} says nothing that a query could check", kind.replace('_', " ")),
    }
}

/// What it says, not how it was checked.
fn without_check(document: &Value) -> Value {
    let mut document = document.clone();
    document.as_object_mut().map(|members| members.remove("check"));
    document
}
