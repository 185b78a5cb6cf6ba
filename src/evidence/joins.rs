//! How two tables can be joined: by references that are declared, and by those that the data tells.

use serde::{Deserialize, Serialize};

use super::infer::{InferredReference, Signal};

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

impl JoinSuggestion {
    pub fn of(reference: &InferredReference) -> Self {
        Self {
            from: format!("{}.{}", reference.child_schema, reference.child_table),
            from_columns: reference.child_columns.clone(),
            to: format!("{}.{}", reference.parent_schema, reference.parent_table),
            to_columns: reference.parent_columns.clone(),
            score: if reference.declared { 1.0 } else { reference.confidence },
            declared: reference.declared,
            signals: reference.signals.clone(),
        }
    }

    /// As findings are called.
    pub fn key(&self) -> String {
        format!("rel/{}.{}->{}.{}", self.from, self.from_columns.join(","), self.to, self.to_columns.join(","))
    }
}

/// Joins of `table` with `other`, or with any table where none is given. Best first; at most `max`.
pub fn suggest_joins<'r>(
    references: impl Iterator<Item = &'r InferredReference>,
    table: &str,
    other: Option<&str>,
    max: usize,
) -> Vec<JoinSuggestion> {
    let joins = |join: &JoinSuggestion| match other {
        Some(other) => join.from == table && join.to == other || join.from == other && join.to == table,
        None => join.from == table || join.to == table,
    };
    let mut found: Vec<JoinSuggestion> = references.map(JoinSuggestion::of).filter(joins).collect();
    found.sort_by(|left, right| right.score.total_cmp(&left.score).then_with(|| left.key().cmp(&right.key())));
    found.truncate(max);
    found
}
