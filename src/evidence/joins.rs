//! How two tables can be joined: declared references first, then candidates by metadata.

use serde::{Deserialize, Serialize};

use super::candidates::{Signal, reference_candidates};
use crate::domain::{Snapshot, Table};

/// Weaker candidates are not worth a person's look when whole tables are compared.
const MIN_SCORE: f64 = 0.5;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinSuggestion {
    /// `schema.table` of the side that refers.
    pub from: String,
    pub from_columns: Vec<String>,
    /// `schema.table` of the side that is referred to.
    pub to: String,
    pub to_columns: Vec<String>,
    pub score: f64,
    pub declared: bool,
    pub signals: Vec<Signal>,
}

/// Joins of `table` with `other`, or with any table where none is given. Best first; at most `max`.
pub fn suggest_joins(snapshot: &Snapshot, table: &Table, other: Option<&Table>, max: usize) -> Vec<JoinSuggestion> {
    let mut found = Vec::new();
    match other {
        Some(other) => {
            found.extend(from_one(snapshot, table).into_iter().filter(|join| join.to == other.full_name()));
            if other.full_name() != table.full_name() {
                found.extend(from_one(snapshot, other).into_iter().filter(|join| join.to == table.full_name()));
            }
        }
        None => {
            found.extend(from_one(snapshot, table));
            for child in &snapshot.tables {
                if child.full_name() != table.full_name() {
                    found.extend(from_one(snapshot, child).into_iter().filter(|join| join.to == table.full_name()));
                }
            }
        }
    }
    found.sort_by(|left, right| {
        let name = |join: &JoinSuggestion| (join.from.clone(), join.from_columns.clone(), join.to.clone(), join.to_columns.clone());
        right.score.total_cmp(&left.score).then_with(|| name(left).cmp(&name(right)))
    });
    found.dedup_by(|left, right| {
        left.from == right.from && left.from_columns == right.from_columns && left.to == right.to && left.to_columns == right.to_columns
    });
    found.truncate(max);
    found
}

fn from_one(snapshot: &Snapshot, child: &Table) -> Vec<JoinSuggestion> {
    let mut joins: Vec<JoinSuggestion> = child
        .foreign_keys
        .iter()
        .map(|key| JoinSuggestion {
            from: child.full_name(),
            from_columns: key.columns.clone(),
            to: format!("{}.{}", key.to_schema, key.to_table),
            to_columns: key.to_columns.clone(),
            score: 1.0,
            declared: true,
            signals: vec![Signal { name: "declared".to_owned(), weight: 1.0, says: "a declared foreign key".to_owned() }],
        })
        .collect();
    for column in &child.columns {
        // One parent for a column: what is declared needs no guess beside it.
        if child.foreign_keys.iter().any(|key| key.columns.contains(&column.name)) {
            continue;
        }
        for candidate in reference_candidates(snapshot, child, column, 3) {
            if candidate.score >= MIN_SCORE {
                joins.push(JoinSuggestion {
                    from: child.full_name(),
                    from_columns: vec![column.name.clone()],
                    to: format!("{}.{}", candidate.schema, candidate.table),
                    to_columns: vec![candidate.column],
                    score: candidate.score,
                    declared: false,
                    signals: candidate.signals,
                });
            }
        }
    }
    joins
}
