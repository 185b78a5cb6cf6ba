//! What is known of how a table relates to others, whoever knows it: declared keys, findings, what views read, and what the data tells.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::port::Failure;
use super::reading;
use super::workspace::Workspace;
use crate::domain::{Entry, EntryStatus, Layer, Table};
use crate::evidence::{JoinSuggestion, suggest_joins};
use crate::store::{EntryFilter, Page};

/// Guesses for one table that are looked at.
const MOST_INFERRED: usize = 200;
/// Findings that are read at once.
const PORTION: usize = 500;

/// Known from where; the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Knowledge {
    Declared,
    ViewLineage,
    Finding,
    Inferred,
}

#[derive(Clone, Debug)]
pub struct Relationship {
    /// As findings are called: `rel/main.orders.customer_id->main.customers.id`.
    pub key: String,
    /// `schema.table`, of the side that refers or reads.
    pub from: String,
    pub from_columns: Vec<String>,
    pub to: String,
    pub to_columns: Vec<String>,
    pub knowledge: Knowledge,
    pub confidence: f64,
    /// The finding, or the signals of a guess.
    pub more: Value,
}

/// All relationships of the table, to it and from it; each at most once a source of knowledge.
pub async fn of(workspace: &Workspace, table: &Table, include_inferred: bool) -> Result<Vec<Relationship>, Failure> {
    let name = table.full_name();
    let findings = findings(workspace).await?;
    let mut found = known(workspace, &findings);
    let decided: HashSet<String> =
        found.iter().map(|one| one.key.clone()).chain(findings.iter().map(|entry| entry.claim.key.clone())).collect();
    found.retain(|one| one.from == name || one.to == name);
    if include_inferred {
        let survey = workspace.surveys.of(workspace).await?;
        let guesses = suggest_joins(survey.references(), &name, None, MOST_INFERRED).into_iter().filter(|join| !join.declared);
        found.extend(guesses.map(of_guess).filter(|guess| !decided.contains(&guess.key)));
    }
    Ok(found)
}

/// What is declared, what views read, and what was found and not refuted, of all tables.
pub fn known(workspace: &Workspace, findings: &[Entry]) -> Vec<Relationship> {
    let mut found = Vec::new();
    for table in &workspace.snapshot.tables {
        let name = table.full_name();
        found.extend(table.foreign_keys.iter().map(|key| {
            let to = format!("{}.{}", key.to_schema, key.to_table);
            let more = json!({"constraint": key.name, "on_update": key.on_update, "on_delete": key.on_delete});
            Relationship::new(name.clone(), key.columns.clone(), to, key.to_columns.clone(), Knowledge::Declared, 1.0, more)
        }));
        let read = table.reads.iter();
        found.extend(
            read.map(|read| Relationship::new(name.clone(), Vec::new(), read.clone(), Vec::new(), Knowledge::ViewLineage, 1.0, json!({}))),
        );
    }
    let tables: HashSet<String> = workspace.snapshot.tables.iter().map(Table::full_name).collect();
    found.extend(findings.iter().filter_map(|entry| of_finding(&tables, entry)));
    found
}

/// Refuted ones too: a guess that was refuted is no guess any more.
async fn findings(workspace: &Workspace) -> Result<Vec<Entry>, Failure> {
    let filter = EntryFilter { layer: Some(Layer::Finding), kind: Some("relationship".to_owned()), ..EntryFilter::default() };
    let (mut all, mut page) = (Vec::new(), Page { limit: PORTION, after: None });
    loop {
        let found = workspace.store.entries(&workspace.key, &filter, &page).await.map_err(reading::store_failure)?;
        all.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return Ok(all);
        }
    }
}

fn of_finding(tables: &HashSet<String>, entry: &Entry) -> Option<Relationship> {
    let claim = &entry.claim;
    if matches!(claim.status, EntryStatus::Refuted | EntryStatus::Rejected) {
        return None;
    }
    let (child, parent) = claim.key.strip_prefix("rel/")?.split_once("->")?;
    let (from, from_columns) = side(tables, child)?;
    let (to, to_columns) = side(tables, parent)?;
    let more = json!({"status": claim.status, "author": claim.provenance.author, "evidence": claim.evidence, "document": claim.document});
    let mut one = Relationship::new(from, from_columns, to, to_columns, Knowledge::Finding, claim.confidence.value(), more);
    one.key.clone_from(&claim.key);
    Some(one)
}

/// `schema.table.a,b`, by the longest table name that fits; a table that is gone is still named.
fn side(tables: &HashSet<String>, text: &str) -> Option<(String, Vec<String>)> {
    let dots = text.rmatch_indices('.').map(|(at, _)| &text[..at]);
    let known = std::iter::once(text).chain(dots).find(|name| tables.contains(*name));
    let table = match known {
        Some(name) => name,
        None => text.rsplit_once('.')?.0,
    };
    let columns = text[table.len()..].trim_start_matches('.').split(',').map(str::trim).filter(|name| !name.is_empty());
    Some((table.to_owned(), columns.map(str::to_owned).collect()))
}

fn of_guess(join: JoinSuggestion) -> Relationship {
    let signals: Vec<&str> = join.signals.iter().map(|signal| signal.says.as_str()).collect();
    let more = json!({ "signals": signals });
    Relationship::new(join.from, join.from_columns, join.to, join.to_columns, Knowledge::Inferred, join.score, more)
}

impl Knowledge {
    pub const ALL: [Self; 4] = [Self::Declared, Self::ViewLineage, Self::Finding, Self::Inferred];

    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::ViewLineage => "view_lineage",
            Self::Finding => "finding",
            Self::Inferred => "inferred",
        }
    }
}

impl Relationship {
    fn new(
        from: String,
        from_columns: Vec<String>,
        to: String,
        to_columns: Vec<String>,
        knowledge: Knowledge,
        confidence: f64,
        more: Value,
    ) -> Self {
        let side =
            |table: &str, columns: &[String]| if columns.is_empty() { table.to_owned() } else { format!("{table}.{}", columns.join(",")) };
        let key = format!("rel/{}->{}", side(&from, &from_columns), side(&to, &to_columns));
        Self { key, from, from_columns, to, to_columns, knowledge, confidence, more }
    }

    /// As the table sees it: `outgoing` where it refers.
    pub fn line(&self, table: &str) -> Value {
        let mut line = json!({
            "key": self.key,
            "direction": if self.from == table { "outgoing" } else { "incoming" },
            "from": self.from,
            "from_columns": self.from_columns,
            "to": self.to,
            "to_columns": self.to_columns,
            "known_from": self.knowledge.name(),
            "confidence": self.confidence,
        });
        if let (Value::Object(line), Value::Object(more)) = (&mut line, &self.more) {
            line.extend(more.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())));
        }
        line
    }
}

/// What `line` answers.
pub fn line_schema() -> Value {
    let names = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "type": "object",
        "required": ["key", "direction", "from", "from_columns", "to", "to_columns", "known_from", "confidence"],
        "properties": {
            "key": {"type": "string"},
            "direction": {"type": "string", "enum": ["incoming", "outgoing"]},
            "from": {"type": "string"}, "from_columns": names, "to": {"type": "string"}, "to_columns": names,
            "known_from": {"type": "string", "enum": Knowledge::ALL.map(Knowledge::name)},
            "confidence": {"type": "number"},
            "constraint": {"type": "string"}, "on_update": {"type": "string"}, "on_delete": {"type": "string"},
            "status": {"type": "string"}, "author": {"type": "string"}, "evidence": names, "document": {},
            "signals": names
        }
    })
}
