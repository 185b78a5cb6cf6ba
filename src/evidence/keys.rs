//! Which columns could be a table's key, judged by figures about their values. A unique measure is unique, and no key.

use serde::{Deserialize, Serialize};

use super::names;
use crate::domain::{Column, Table};

/// Figures about one column's values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnFacts {
    pub column: String,
    /// Rows that were looked at.
    pub rows: u64,
    pub nulls: u64,
    pub distinct: u64,
    /// Whether no two rows have the same value; none where an estimate cannot tell.
    pub all_different: Option<bool>,
    /// Whether all rows of the table were looked at.
    pub exact: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyCandidate {
    pub columns: Vec<String>,
    /// 0 to 1.
    pub score: f64,
    /// `declared`, `unique index`, or `values`.
    pub basis: String,
    pub why: Vec<String>,
}

/// Best first. A declared key is the only answer where there is one.
pub fn key_candidates(table: &Table, facts: &[ColumnFacts]) -> Vec<KeyCandidate> {
    if !table.primary_key.is_empty() {
        let why = vec!["declared as primary key".to_owned()];
        return vec![KeyCandidate { columns: table.primary_key.clone(), score: 1.0, basis: "declared".to_owned(), why }];
    }
    let mut candidates: Vec<KeyCandidate> = table
        .indexes
        .iter()
        .filter(|index| index.unique && index.predicate.is_none() && index.columns.iter().all(|column| table.column(column).is_some()))
        .map(|index| KeyCandidate {
            columns: index.columns.clone(),
            score: 0.9,
            basis: "unique index".to_owned(),
            why: vec![format!("unique index `{}`", index.name)],
        })
        .collect();
    for fact in facts {
        let Some(column) = table.column(&fact.column) else { continue };
        let known = candidates.iter().any(|candidate| candidate.columns == [column.name.as_str()]);
        if fact.rows > 0 && fact.nulls == 0 && fact.all_different != Some(false) && !known {
            candidates.push(from_values(table, column, fact));
        }
    }
    candidates.sort_by(|left, right| right.score.total_cmp(&left.score).then_with(|| left.columns.cmp(&right.columns)));
    candidates
}

fn from_values(table: &Table, column: &Column, fact: &ColumnFacts) -> KeyCandidate {
    let is_known = fact.all_different == Some(true);
    let mut why = match is_known {
        true => vec![format!("{} rows, all different, none NULL", fact.rows)],
        false => vec![format!("{} rows, by an estimate all or nearly all different, none NULL", fact.rows)],
    };
    let mut score: f64 = if is_known { 0.35 } else { 0.25 };
    if !fact.exact {
        score -= 0.1;
        why.push("seen on a sample only".to_owned());
    }
    // A handful of rows is all different by chance.
    if fact.rows < 5 {
        score -= 0.15;
        why.push("too few rows to tell".to_owned());
    }
    let words = names::words(&column.name);
    let table_words = names::words(&table.name);
    if words == ["id"] || (names::is_id_like(&words) && names::similarity(names::subject_words(&words), &table_words) > 0.6) {
        score += 0.35;
        why.push("named as the table's own identifier".to_owned());
    } else if names::is_id_like(&words) {
        score += 0.15;
        why.push("named as an identifier".to_owned());
    }
    if column.position == 1 {
        score += 0.15;
        why.push("the first column".to_owned());
    }
    match column.r#type.as_str() {
        "integer" => score += 0.05,
        "float" | "timestamp" | "date" | "boolean" | "blob" | "json" => {
            score -= 0.2;
            why.push(format!("a {} is seldom a key", column.r#type));
        }
        _ => {}
    }
    KeyCandidate { columns: vec![column.name.clone()], score: score.clamp(0.0, 0.85), basis: "values".to_owned(), why }
}
