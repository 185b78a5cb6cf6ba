//! Pairs of columns of which one names a table and the other holds the key of a row there: `commentable_type` beside `commentable_id`.
//!
//! What one reading of the tables tells suggests pairs; which keys stand beside which name is asked of the data; then names and data are
//! weighed together, as for references. A pair of which nothing was answered does not stand.

mod beside;
mod named;
#[cfg(test)]
mod tests;
mod weighing;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::sketch::{Class, Digest, digest_of};
use super::choice::shown_confidence;
use super::signals::{Ground, Signal};
use super::subject::{Place, Subject};
use super::{Declared, Study};
use crate::domain::Cell;
pub use beside::Beside;
use named::{Meant, Named};
pub use weighing::Judged;

/// Columns of keys that are tried beside one column of names, and pairs of one table.
const MOST_BESIDE: usize = 3;
const MOST_OF_TABLE: usize = 8;

/// Of the rows of a pair, the share that must lead to a row of the table that is named.
const MOST_ROWS: f64 = 0.5;

/// What was estimated is never certain.
const ESTIMATED: f64 = 0.8;

/// A reference to one of several tables, which a column beside it names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferredPolymorphic {
    pub child_schema: String,
    pub child_table: String,
    pub type_column: String,
    pub id_column: String,
    /// The most frequent first.
    pub targets: Vec<PolymorphicTarget>,
    /// That stand beside keys and name no table that has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_values: Vec<String>,
    pub confidence: f64,
    pub signals: Vec<Signal>,
}

/// What one value of the column of names stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolymorphicTarget {
    pub value: String,
    pub parent_schema: String,
    pub parent_table: String,
    pub parent_column: String,
    /// That have this value and a key.
    pub rows: u64,
    /// Different keys that were looked for, and how many of them are not there.
    pub compared: usize,
    pub missing: usize,
}

/// Two columns that are to be read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairQuestion {
    pub table: usize,
    pub type_column: usize,
    pub id_column: usize,
    values: Vec<Digest>,
}

/// A pair that names and first sight do not rule out.
pub struct Possible {
    pub types: Place,
    pub ids: Place,
    values: Vec<NamingValue>,
    /// None until it was answered.
    beside: Option<Beside>,
}

#[derive(Clone)]
struct NamingValue {
    text: String,
    digest: Digest,
    rows: u64,
    /// Empty where it names no table.
    meant: Vec<Meant>,
}

impl PairQuestion {
    pub fn unanswered(&self) -> Beside {
        Beside::new(&self.values)
    }
}

impl Study<'_> {
    /// Pairs of columns of which it is to be known what stands beside what; those that the first rows answer are not asked.
    pub fn pair_questions(&mut self) -> Vec<PairQuestion> {
        let mut possible = self.possible_pairs();
        for pair in possible.iter_mut().filter(|pair| self.subjects[pair.ids.table].first.is_whole) {
            let mut beside = pair.question(pair.ids.table).unanswered();
            let rows = self.subjects[pair.ids.table].first.rows();
            rows.for_each(|row| beside.add(row[pair.types.column], row[pair.ids.column]));
            pair.beside = Some(beside);
        }
        let open = possible.iter().filter(|pair| pair.beside.is_none());
        let asked = open.map(|pair| pair.question(self.outside[pair.ids.table])).collect();
        self.possible = possible;
        asked
    }

    pub fn learn_pairs(&mut self, answers: Vec<(PairQuestion, Beside)>) {
        for (question, beside) in answers {
            let at = |column: usize| Place { table: self.inside[question.table], column };
            let (types, ids) = (at(question.type_column), at(question.id_column));
            if let Some(pair) = self.possible.iter_mut().find(|pair| (pair.types, pair.ids) == (types, ids)) {
                pair.beside = Some(beside);
            }
        }
        if !self.possible.is_empty() {
            self.choose_keys();
        }
    }

    /// The surest first; a column is in one of them.
    pub(super) fn standing_pairs(&self, ground: &Ground<'_>) -> Vec<Judged<'_>> {
        let mut standing: Vec<Judged<'_>> = self.possible.iter().filter_map(|pair| self.judge(ground, pair)).collect();
        standing.retain(|judged| judged.weighed.sum() > 0.0);
        standing.sort_by(|left, right| {
            let places = |judged: &Judged<'_>| (judged.pair.types, judged.pair.ids);
            right.weighed.sum().total_cmp(&left.weighed.sum()).then_with(|| places(left).cmp(&places(right)))
        });
        let mut taken: BTreeSet<Place> = BTreeSet::new();
        standing.retain(|judged| {
            let is_free = !taken.contains(&judged.pair.types) && !taken.contains(&judged.pair.ids);
            if is_free {
                taken.extend([judged.pair.types, judged.pair.ids]);
            }
            is_free
        });
        standing
    }

    fn possible_pairs(&self) -> Vec<Possible> {
        let named = Named::of(&self.subjects, &self.naming);
        let mut possible = Vec::new();
        for (table, subject) in self.subjects.iter().enumerate() {
            let mut of_table: Vec<(f64, Possible)> = Vec::new();
            for column in 0..subject.traits.len() {
                let types = Place { table, column };
                let values = values(&named, &subject.traits[column].texts);
                if !name_tables(&values) {
                    continue;
                }
                let ids = (0..subject.traits.len()).map(|column| Place { table, column });
                let ids = ids.filter(|ids| *ids != types && self.may_be_keys(*ids) && self.may_lead_there(*ids, &values));
                let mut ids: Vec<(f64, Place)> = ids.map(|ids| (weighing::names_alone(&self.naming, types, ids), ids)).collect();
                ids.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
                ids.truncate(MOST_BESIDE);
                of_table.extend(ids.into_iter().map(|(like, ids)| (like, Possible { types, ids, values: values.clone(), beside: None })));
            }
            // The sort keeps the order of places among equals.
            of_table.sort_by(|left, right| right.0.total_cmp(&left.0));
            of_table.truncate(MOST_OF_TABLE);
            possible.extend(of_table.into_iter().map(|(_, pair)| pair));
        }
        possible
    }

    /// Not what identifies its own row, and not what is declared to refer to one table.
    fn may_be_keys(&self, ids: Place) -> bool {
        let subject = &self.subjects[ids.table];
        let traits = &subject.traits[ids.column];
        let name = &subject.table.columns[ids.column].name;
        let is_declared = subject.table.foreign_keys.iter().any(|key| key.columns.len() == 1 && key.columns[0] == *name);
        let is_kind = matches!(traits.class, Class::Integer | Class::Digits | Class::Text) && traits.prose < 0.3 && traits.distinct > 1;
        let is_own = traits.is_unique() && self.naming.own(ids) > 0.9;
        is_kind && !is_own && !(is_declared && self.declared == Declared::Heeded)
    }

    /// Most of the values may be found in one or another of the tables that are named.
    fn may_lead_there(&self, ids: Place, values: &[NamingValue]) -> bool {
        let meant: BTreeSet<usize> = values.iter().flat_map(|value| &value.meant).map(|meant| meant.table).collect();
        let keys: Vec<&Place> = self.targets.iter().filter(|target| meant.contains(&target.table)).collect();
        let may_hold = |key: &&Place, digest: Digest| self.subjects[key.table].traits[key.column].digests.contains(digest) != Some(false);
        let (mut compared, mut found) = (0_usize, 0_usize);
        for digest in self.subjects[ids.table].traits[ids.column].digests.digests() {
            compared += 1;
            found += usize::from(keys.iter().any(|key| may_hold(key, digest)));
        }
        found as f64 >= compared as f64 * MOST_ROWS
    }
}

impl Possible {
    fn question(&self, table: usize) -> PairQuestion {
        let values = self.values.iter().map(|value| value.digest).collect();
        PairQuestion { table, type_column: self.types.column, id_column: self.ids.column, values }
    }
}

fn values(named: &Named, texts: &[(String, u64)]) -> Vec<NamingValue> {
    let value = |(text, rows): &(String, u64)| NamingValue {
        text: text.clone(),
        digest: digest_of(&Cell::Text(text.as_bytes().into())).max(1),
        rows: *rows,
        meant: named.meant_by(text),
    };
    texts.iter().map(value).collect()
}

/// Two tables at least, and in most rows.
fn name_tables(values: &[NamingValue]) -> bool {
    let naming = || values.iter().filter(|value| !value.meant.is_empty());
    let tables: BTreeSet<usize> = naming().map(|value| value.meant[0].table).collect();
    let (rows, all): (u64, u64) = (naming().map(|value| value.rows).sum(), values.iter().map(|value| value.rows).sum());
    tables.len() > 1 && rows as f64 >= all as f64 * MOST_ROWS
}

/// In the order of names.
pub(super) fn shown(subjects: &[Subject<'_>], standing: &[Judged<'_>]) -> Vec<InferredPolymorphic> {
    let name = |place: Place| subjects[place.table].table.columns[place.column].name.clone();
    let mut shown: Vec<InferredPolymorphic> = standing
        .iter()
        .map(|judged| {
            let child = subjects[judged.pair.ids.table].table;
            let confidence = shown_confidence(judged.weighed.sum());
            let target = |held: &weighing::Held<'_>| PolymorphicTarget {
                value: held.value.text.clone(),
                parent_schema: subjects[held.parent.table].table.schema.clone(),
                parent_table: subjects[held.parent.table].table.name.clone(),
                parent_column: name(held.parent),
                rows: held.rows,
                compared: held.compared,
                missing: held.missing,
            };
            InferredPolymorphic {
                child_schema: child.schema.clone(),
                child_table: child.name.clone(),
                type_column: name(judged.pair.types),
                id_column: name(judged.pair.ids),
                targets: judged.targets.iter().map(target).collect(),
                unknown_values: judged.unknown.iter().map(|value| value.text.clone()).collect(),
                confidence: if judged.weighed.is_exact { confidence } else { confidence.min(ESTIMATED) },
                signals: judged.weighed.signals.clone(),
            }
        })
        .collect();
    let names = |pair: &InferredPolymorphic| {
        (pair.child_schema.clone(), pair.child_table.clone(), pair.type_column.clone(), pair.id_column.clone())
    };
    shown.sort_by_cached_key(names);
    shown
}
