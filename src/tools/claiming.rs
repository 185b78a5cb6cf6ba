//! Claiming: how what a caller says passes the gate into the catalog, and how its author takes it back or doubts it. Every tool that
//! records goes through here.
//!
//! Invariant: a caller writes and takes back under its own name only, and no word of its own makes a claim checked.

use serde_json::{Map, Value, json};

use super::agent_runs::Told;
use super::port::{Call, Failure};
use super::workspace::Workspace;
use super::{bounds, reading};
use crate::claims::checks::run::{self, NoRows};
use crate::claims::text::line;
use crate::claims::{Grounds, ProposedWrite, Verdict, bands, checks};
use crate::domain::{Confidence, EntryStatus, EntryWrite, Layer};

/// Rows of a proof that are looked at.
const PROOF_ROWS: usize = 20;
/// Citations that are looked up; more say nothing new.
const CITATIONS: usize = 20;
/// Bytes of what one claim may say.
const DOCUMENT: usize = 64 * 1024;

/// Records a claim of the caller. `sql`, where there is one, is run as its proof.
pub async fn claim(call: Call<'_>, write: ProposedWrite, sql: Option<&str>) -> Result<Value, Failure> {
    let Call { workspace, caller, .. } = call;
    let mut write = one_form(workspace, write)?;
    if let Some(members) = write.document.as_object_mut() {
        // Only a query that was run makes a proof, and only `set_status` a doubt.
        ["proof", "doubt"].into_iter().for_each(|ours| drop(members.remove(ours)));
    }
    let bytes = bounds::size(&write.document);
    if bytes > DOCUMENT {
        return Err(Failure::Mendable(format!("the claim has {bytes} bytes; at most {DOCUMENT} are kept, so say it shorter")));
    }
    let mut established = Vec::new();
    if let Some(sql) = sql {
        let proof = prove(workspace, sql).await?;
        established.push(proof.citation);
        member(&mut write, "proof", proof.facts);
    }
    let verdict = checks::examine(&workspace.data(), &write).await.map_err(Failure::Broken)?;
    if let Verdict::Refuted { check } = &verdict
        && (write.kind != "relationship" || check.by == checks::existence::BY)
    {
        // Only a reference says by its key what was refuted. Another claim would stand there as the refutation of what others say.
        return Err(Failure::Mendable(format!(
            "the data refutes this, and nothing was recorded: {}",
            line(&check.shown().to_string(), 600)
        )));
    }
    let cited = citations(write.document.get("evidence"));
    established.extend(upheld(workspace, &write.key, &cited).await?);
    // That two tables are there does not make a reference between them evidence.
    let counts = |citation: &&String| !citation.starts_with("rel/") || established.contains(*citation);
    let grounds = Grounds {
        snapshot: &workspace.snapshot,
        results: &[],
        established: &established,
        hears_person: false,
        provenance: caller.provenance.clone(),
    };
    let (resolved, unresolved): (Vec<&String>, Vec<&String>) =
        cited.iter().partition(|citation| counts(citation) && grounds.resolve(citation).is_some());
    let all: Vec<&String> = resolved.into_iter().chain(&established).collect();
    member(&mut write, "evidence", json!(all));
    let mut answer = record(call, grounds.entry(write, verdict)).await?;
    if !unresolved.is_empty() {
        answer.insert("unresolved".to_owned(), json!(unresolved));
    }
    Ok(Value::Object(answer))
}

/// Takes the caller's own claim back.
pub async fn withdraw(call: Call<'_>, kind: &str, key: &str) -> Result<Value, Failure> {
    let own = own_claim(call, kind, key).await?;
    call.workspace.store.restate(&call.workspace.key, vec![own.withdrawn()]).await.map_err(reading::store_failure)?;
    let stands = standing(call, &own.kind, &own.key).await?;
    Ok(json!({"kind": own.kind, "key": own.key, "withdrawn": true, "stands_now": stands}))
}

/// Says of the caller's own claim that it is doubtful, or no longer true; nothing more certain is for a caller to say.
pub async fn set_status(call: Call<'_>, kind: &str, key: &str, status: EntryStatus, reason: Option<&str>) -> Result<Value, Failure> {
    let confidence = match status {
        // A claim that its author doubts is one without evidence.
        EntryStatus::Draft => bands::HYPOTHESIS,
        EntryStatus::Stale => 1.0,
        EntryStatus::Validated | EntryStatus::Stable | EntryStatus::Refuted => {
            return Err(Failure::Mendable(format!(
                "`{}` comes from an exact check of the data, or from a person; valid for you are `draft` and `stale`. To have a claim checked, record it with SQL or columns that can be",
                status.name()
            )));
        }
        EntryStatus::Rejected => {
            return Err(Failure::Mendable(
                "only a person rejects; valid for you are `draft` and `stale`, and what you claimed yourself you may delete".to_owned(),
            ));
        }
    };
    let own = own_claim(call, kind, key).await?;
    if own.status == EntryStatus::Refuted {
        let (kind, key) = (&own.kind, &own.key);
        return Err(Failure::Mendable(format!(
            "the data refutes your claim `{key}` of kind `{kind}`, which stays said; you may delete it"
        )));
    }
    let mut marked = EntryWrite { status, confidence: own.confidence.at_most(confidence), ..own };
    if let (Some(reason), Some(members)) = (reason, marked.document.as_object_mut()) {
        members.insert("doubt".to_owned(), json!(line(reason, 500)));
    }
    call.workspace.store.restate(&call.workspace.key, vec![marked.clone()]).await.map_err(reading::store_failure)?;
    let stands = standing(call, &marked.kind, &marked.key).await?;
    Ok(json!({"kind": marked.kind, "key": marked.key, "status": marked.status, "confidence": marked.confidence, "stands_now": stands}))
}

/// Kind and key as the catalog knows them.
pub fn one_name(workspace: &Workspace, kind: &str, key: &str) -> Result<(String, String), Failure> {
    checks::key::canonical(&workspace.snapshot, kind, key).ok_or_else(|| {
        Failure::Mendable(format!(
            "entries of kind `{kind}` and key `{key}` are not for callers; valid kinds are table, column, relationship, domain, metric, question_template, summary, note, hypothesis, and words of your own; a key has a name after its `/`"
        ))
    })
}

/// The texts in what was cited, however it was written.
pub fn citations(cited: Option<&Value>) -> Vec<String> {
    let mut texts = Vec::new();
    collect(cited.unwrap_or(&Value::Null), &mut texts);
    texts.truncate(CITATIONS);
    texts
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => members.values().for_each(|item| collect(item, texts)),
        _ => {}
    }
}

fn one_form(workspace: &Workspace, write: ProposedWrite) -> Result<ProposedWrite, Failure> {
    one_name(workspace, &write.kind, &write.key)?;
    let mut tidied = checks::tidy(&workspace.snapshot, vec![write]);
    tidied.pop().ok_or_else(|| Failure::Broken("a claim with a valid name was dropped".to_owned()))
}

struct Proof {
    citation: String,
    facts: Value,
}

/// Runs a query as the proof of a claim: what it gave is kept beside the claim, for who reads it to judge.
async fn prove(workspace: &Workspace, sql: &str) -> Result<Proof, Failure> {
    let mend = |why: String| Failure::Mendable(format!("`sql`: {why}"));
    let words = |no_rows: NoRows| match no_rows {
        NoRows::Wrong(why) | NoRows::TooLong(why) => mend(why),
    };
    let data = workspace.data();
    let query = run::guarded(&data, sql).map_err(words)?;
    let rows = run::rows(&data, &query, PROOF_ROWS).await.map_err(Failure::Broken)?.map_err(words)?;
    let columns: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
    let facts = json!({"sql": sql, "columns": columns, "rows": rows.rows, "more": rows.truncated});
    Ok(Proof { citation: format!("sql: {}", line(sql, 280)), facts })
}

/// The citations that are keys of findings which a check or a person upheld; an unchecked finding is no evidence for another.
async fn upheld(workspace: &Workspace, own: &str, cited: &[String]) -> Result<Vec<String>, Failure> {
    let mut upheld = Vec::new();
    for citation in cited.iter().filter(|citation| *citation != own && citation.contains('/')) {
        let Some((kind, key)) = checks::key::canonical(&workspace.snapshot, "", citation) else { continue };
        let entry = workspace.store.entry(&workspace.key, Layer::Finding, &kind, &key).await.map_err(reading::store_failure)?;
        if entry.is_some_and(|entry| matches!(entry.claim.status, EntryStatus::Validated | EntryStatus::Stable)) {
            upheld.push(citation.clone());
        }
    }
    Ok(upheld)
}

/// Writes the claim unless the same author was more certain before.
async fn record(call: Call<'_>, entry: EntryWrite) -> Result<Map<String, Value>, Failure> {
    let Call { workspace, .. } = call;
    let author = &entry.provenance.author;
    let before = workspace.store.claim_of(&workspace.key, &entry.kind, &entry.key, author).await.map_err(reading::store_failure)?;
    let keeps = before.filter(|before| before.outranks(&entry));
    if keeps.is_none() {
        workspace.store.restate(&workspace.key, vec![entry.clone()]).await.map_err(reading::store_failure)?;
        tell(call, &entry).await?;
    }
    let stands = standing(call, &entry.kind, &entry.key).await?;
    let note = match &keeps {
        Some(before) => Some(format!(
            "not recorded: your earlier claim is more certain ({}, {}); delete it, or set its status to `draft`, to say less",
            before.status.name(),
            before.confidence.value()
        )),
        None if stands["author"] != json!(author) => {
            Some("recorded beside a more certain claim of another author, which stands".to_owned())
        }
        None => None,
    };
    let answer = json!({
        "kind": entry.kind,
        "key": entry.key,
        "recorded": keeps.is_none(),
        "status": entry.status,
        "confidence": entry.confidence,
        "evidence": entry.evidence,
        "check": entry.document.get("check"),
        "stands_now": stands,
        "note": note,
    });
    let Value::Object(mut members) = answer else { unreachable!("it was written as an object") };
    members.retain(|_, value| !value.is_null());
    Ok(members)
}

/// A claim that is made in a run stands in its journal too.
async fn tell(call: Call<'_>, entry: &EntryWrite) -> Result<(), Failure> {
    let (Some(run), Some(runs)) = (entry.provenance.run, call.runs) else { return Ok(()) };
    let told = Told::Recorded {
        kind: entry.kind.clone(),
        key: entry.key.clone(),
        confidence: entry.confidence,
        status: entry.status,
        digest: entry.content_digest(),
    };
    runs.tell(run, &entry.provenance.author, told).await.map(drop)
}

/// Whose claim stands under a key, and how sure it is.
async fn standing(Call { workspace, .. }: Call<'_>, kind: &str, key: &str) -> Result<Value, Failure> {
    let entry = workspace.store.entry(&workspace.key, Layer::Finding, kind, key).await.map_err(reading::store_failure)?;
    Ok(entry.map_or(Value::Null, |entry| {
        let claim = entry.claim;
        json!({"author": claim.provenance.author, "status": claim.status, "confidence": claim.confidence, "competing": entry.competing})
    }))
}

/// The caller's own claim; the failure says whose the others are.
async fn own_claim(call: Call<'_>, kind: &str, key: &str) -> Result<EntryWrite, Failure> {
    let Call { workspace, caller, .. } = call;
    let (kind, key) = one_name(workspace, kind, key)?;
    let author = &caller.provenance.author;
    let own = workspace.store.claim_of(&workspace.key, &kind, &key, author).await.map_err(reading::store_failure)?;
    if let Some(own) = own {
        return Ok(own);
    }
    let others = standing(call, &kind, &key).await?;
    let harvested = workspace.store.entry(&workspace.key, Layer::Harvest, &kind, &key).await.map_err(reading::store_failure)?;
    Err(Failure::Mendable(match (others.get("author").and_then(Value::as_str), harvested) {
        (Some(other), _) => format!(
            "`{key}` of kind `{kind}` is claimed by `{other}` and not by you (`{author}`); you may change what you claimed yourself, or record a claim of your own beside it"
        ),
        (None, Some(_)) => format!("`{key}` of kind `{kind}` is what the database itself says; nobody may change that"),
        (None, None) => format!("there is no claim `{key}` of kind `{kind}`; `catalog_list` shows the keys there are"),
    }))
}

/// The document of a claim as an object, so that members can be added to it.
fn member(write: &mut ProposedWrite, name: &str, value: Value) {
    if !write.document.is_object() {
        write.document = json!({"text": write.document.take()});
    }
    if let Some(members) = write.document.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// What a caller says of its own sureness; the gate bounds it.
pub fn sure(document: &mut Map<String, Value>, confidence: Option<f64>) {
    if let Some(confidence) = confidence {
        document.insert("confidence".to_owned(), json!(Confidence::clamped(confidence)));
    }
}
