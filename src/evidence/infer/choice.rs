//! Which candidates stand: chosen over the whole graph of joins, not pair by pair.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::composite::Pairing;
use super::inclusion::{Inclusion, Shared};
use super::polymorphic::InferredPolymorphic;
use super::primary::{DECLARED, Key};
use super::sigmoid;
use super::signals::{Signal, Weighed};
use super::subject::{Place, Subject};

/// What weighs less is not worth a sceptic's look.
pub const SHOWN: f64 = -4.0;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inference {
    pub keys: Vec<InferredKey>,
    /// Accepted ones first, then those that were weighed and rejected, with the reason.
    pub references: Vec<InferredReference>,
    /// In the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub polymorphic: Vec<InferredPolymorphic>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferredKey {
    pub schema: String,
    pub table: String,
    pub columns: Vec<String>,
    pub confidence: f64,
    pub signals: Vec<Signal>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferredReference {
    pub child_schema: String,
    pub child_table: String,
    pub child_columns: Vec<String>,
    pub parent_schema: String,
    pub parent_table: String,
    pub parent_columns: Vec<String>,
    pub confidence: f64,
    pub signals: Vec<Signal>,
    pub declared: bool,
    /// Different values of the child that were looked for in the parent, and how many of them are not there.
    pub compared: usize,
    pub missing: usize,
    /// Different values that stand for a missing one; they are not counted as missing.
    pub sentinels: usize,
    /// Rows in which all columns of the child have a value, as far as they were read.
    pub child_rows: u64,
    /// None where it stands; else why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
}

impl InferredReference {
    /// As findings are called: `rel/main.orders.customer_id->main.customers.id`.
    pub fn key(&self) -> String {
        let side = |schema: &str, table: &str, columns: &[String]| format!("{schema}.{table}.{}", columns.join(","));
        let child = side(&self.child_schema, &self.child_table, &self.child_columns);
        format!("rel/{child}->{}", side(&self.parent_schema, &self.parent_table, &self.parent_columns))
    }
}

#[derive(Clone, Debug)]
pub struct Candidate {
    child: usize,
    columns: Vec<usize>,
    parent: usize,
    key: Vec<usize>,
    missing: usize,
    compared: usize,
    weighed: Weighed,
    weight: f64,
    /// The database says so itself; nothing that is weighed rejects it.
    declared: bool,
    rejected: Option<String>,
}

impl Candidate {
    pub fn single(inclusion: &Inclusion, weighed: Weighed) -> Self {
        Self { missing: inclusion.missing, compared: inclusion.compared, ..Self::by_name(inclusion.child, inclusion.parent, weighed) }
    }

    pub fn by_name(child: Place, parent: Place, weighed: Weighed) -> Self {
        Self::new(child.table, vec![child.column], parent.table, vec![parent.column], weighed)
    }

    pub fn together(pairing: &Pairing, found: &Shared, weighed: Weighed) -> Self {
        let Pairing { child, columns, parent, key } = pairing.clone();
        Self { missing: found.missing, compared: found.compared, ..Self::new(child, columns, parent, key, weighed) }
    }

    fn new(child: usize, columns: Vec<usize>, parent: usize, key: Vec<usize>, weighed: Weighed) -> Self {
        let weight = weighed.sum();
        Self { child, columns, parent, key, missing: 0, compared: 0, weighed, weight, declared: false, rejected: None }
    }

    fn place(&self) -> (usize, Vec<usize>, usize, Vec<usize>) {
        (self.child, self.columns.clone(), self.parent, self.key.clone())
    }

    fn declare(&mut self) {
        if !self.declared {
            self.declared = true;
            self.weighed.say("declared", DECLARED, || "a declared foreign key".to_owned());
            self.weight = self.weighed.sum();
        }
    }

    fn stands(&self) -> bool {
        self.rejected.is_none()
    }

    /// Names alone make a hypothesis, and what was estimated is never certain.
    fn confidence(&self) -> f64 {
        let most = match self.compared {
            _ if self.declared => return 1.0,
            0 => 0.5,
            _ if !self.weighed.is_exact => 0.8,
            _ => 1.0,
        };
        shown_confidence(self.weight).min(most)
    }

    fn is_own_key(&self, keys: &[Option<Key>]) -> bool {
        keys[self.child].as_ref().is_some_and(|key| key.columns == self.columns)
    }
}

/// What is declared is a candidate, whether or not anything was weighed of its columns.
pub fn heed(subjects: &[Subject<'_>], candidates: &mut Vec<Candidate>) {
    let places = |subject: &Subject<'_>, names: &[String]| -> Option<Vec<usize>> {
        names.iter().map(|name| subject.table.columns.iter().position(|column| column.name == *name)).collect()
    };
    let by_name: HashMap<(&str, &str), usize> =
        subjects.iter().enumerate().map(|(at, subject)| ((subject.table.schema.as_str(), subject.table.name.as_str()), at)).collect();
    let mut known: HashMap<(usize, Vec<usize>, usize, Vec<usize>), usize> = HashMap::new();
    known.extend(candidates.iter().enumerate().map(|(at, candidate)| (candidate.place(), at)));
    for (child, subject) in subjects.iter().enumerate() {
        for declared in &subject.table.foreign_keys {
            let Some(parent) = by_name.get(&(declared.to_schema.as_str(), declared.to_table.as_str())).copied() else { continue };
            let (Some(columns), Some(key)) = (places(subject, &declared.columns), places(&subjects[parent], &declared.to_columns)) else {
                continue;
            };
            let at = *known.entry((child, columns, parent, key)).or_insert_with_key(|(child, columns, parent, key)| {
                candidates.push(Candidate::new(*child, columns.clone(), *parent, key.clone(), Weighed::told()));
                candidates.len() - 1
            });
            candidates[at].declare();
        }
    }
}

/// What refers to one table or another, by a name beside it, refers to no table for all rows.
pub fn give_way(candidates: &mut [Candidate], ids: Place, says: &str) {
    let is_part = |candidate: &&mut Candidate| candidate.child == ids.table && candidate.columns.contains(&ids.column);
    for candidate in candidates.iter_mut().filter(|candidate| !candidate.declared).filter(is_part) {
        candidate.rejected = Some(format!("refers to one table or another, as `{says}` says"));
    }
}

pub fn choose(subjects: &[Subject<'_>], keys: &[Option<Key>], mut candidates: Vec<Candidate>) -> Inference {
    candidates.sort_by(|left, right| {
        (right.declared.cmp(&left.declared))
            .then_with(|| right.weight.total_cmp(&left.weight))
            .then_with(|| (left.child, &left.columns, left.parent, &left.key).cmp(&(right.child, &right.columns, right.parent, &right.key)))
    });
    for candidate in &mut candidates {
        if candidate.stands() && candidate.weight <= 0.0 && !candidate.declared {
            candidate.rejected = Some("too little speaks for it".to_owned());
        }
    }
    one_parent_each(subjects, &mut candidates);
    roots_of_subtypes(keys, &mut candidates);
    no_overlaps(subjects, &mut candidates);
    no_shortcuts(subjects, &mut candidates);
    let mut references: Vec<InferredReference> = candidates
        .iter()
        .filter(|candidate| candidate.declared || candidate.weight > SHOWN)
        .map(|candidate| shown(subjects, candidate))
        .collect();
    references.sort_by_key(|reference| reference.rejected.is_some());
    let keys = keys
        .iter()
        .enumerate()
        .filter_map(|(table, key)| {
            let key = key.as_ref()?;
            let subject = &subjects[table];
            Some(InferredKey {
                schema: subject.table.schema.clone(),
                table: subject.table.name.clone(),
                columns: key.columns.iter().map(|column| subject.table.columns[*column].name.clone()).collect(),
                confidence: shown_confidence(key.weight),
                signals: key
                    .why
                    .iter()
                    .map(|(says, weight)| Signal { name: says.clone().into(), weight: *weight, says: says.clone() })
                    .collect(),
            })
        })
        .collect();
    Inference { keys, references, polymorphic: Vec::new() }
}

/// The best parent of each column; the others are named in the reason.
fn one_parent_each(subjects: &[Subject<'_>], candidates: &mut [Candidate]) {
    let mut parents: HashMap<(usize, Vec<usize>), usize> = HashMap::new();
    for candidate in candidates.iter_mut().filter(|candidate| candidate.stands()) {
        let mut columns = candidate.columns.clone();
        columns.sort_unstable();
        match parents.entry((candidate.child, columns)) {
            Entry::Vacant(free) => {
                free.insert(candidate.parent);
            }
            Entry::Occupied(_) if candidate.declared => {}
            Entry::Occupied(better) => {
                candidate.rejected = Some(format!("more speaks for `{}`", subjects[*better.get()].table.full_name()));
            }
        }
    }
}

/// Tables that share one key refer to its root, and not around in a circle.
fn roots_of_subtypes(keys: &[Option<Key>], candidates: &mut [Candidate]) {
    let mut standing: HashSet<(usize, usize)> = HashSet::new();
    for candidate in candidates.iter_mut().filter(|candidate| candidate.stands() && candidate.is_own_key(keys)) {
        if !candidate.declared && standing.contains(&(candidate.parent, candidate.child)) {
            candidate.rejected = Some("the other refers to this one".to_owned());
        } else {
            standing.insert((candidate.child, candidate.parent));
        }
    }
}

/// Of two composite references that share some columns, the weaker goes where all of its columns refer otherwise.
fn no_overlaps(subjects: &[Subject<'_>], candidates: &mut [Candidate]) {
    for at in 0..candidates.len() {
        if !candidates[at].stands() || candidates[at].declared || candidates[at].columns.len() < 2 {
            continue;
        }
        let columns = &candidates[at].columns;
        let others =
            || candidates.iter().enumerate().filter(|(other, next)| *other != at && next.stands() && next.child == candidates[at].child);
        let crossing = others().find(|(other, next)| {
            let shared = columns.iter().filter(|column| next.columns.contains(column)).count();
            *other < at && next.columns.len() > 1 && shared > 0 && shared < columns.len() && shared < next.columns.len()
        });
        let is_covered = columns.iter().all(|column| others().any(|(_, next)| next.columns.contains(column)));
        if let (Some((_, crossing)), true) = (crossing, is_covered) {
            candidates[at].rejected = Some(format!("crosses the reference to `{}`", subjects[crossing.parent].table.full_name()));
        }
    }
}

/// What follows from other references is none of its own. Those that follow in most rows are taken out first, and each only where it
/// follows from what is left.
fn no_shortcuts(subjects: &[Subject<'_>], candidates: &mut [Candidate]) {
    // Only what has a longer reference beside it can follow.
    let together: HashSet<usize> =
        candidates.iter().filter(|candidate| candidate.stands() && candidate.columns.len() > 1).map(|candidate| candidate.child).collect();
    let may_follow = |at: &usize| candidates[*at].stands() && !candidates[*at].declared && together.contains(&candidates[*at].child);
    let mut order: Vec<usize> = (0..candidates.len()).filter(may_follow).collect();
    let filled = |candidate: &Candidate| {
        let filled = |column: &usize| subjects[candidate.child].traits[*column].filled();
        candidate.columns.iter().map(filled).min().unwrap_or(0) as f64 / subjects[candidate.child].rows.max(1) as f64
    };
    let paths = |candidates: &[Candidate], at: usize| -> f64 { longer(candidates, &candidates[at]).map(filled).fold(0.0, f64::max) };
    order.sort_by(|left, right| paths(candidates, *right).total_cmp(&paths(candidates, *left)).then(left.cmp(right)));
    for at in order {
        let through = longer(candidates, &candidates[at])
            .filter(|longer| filled(longer) >= 0.8 * filled(&candidates[at]))
            .find(|longer| {
                let there = mapped(&candidates[at], longer);
                follows(candidates, at, longer.parent, &there, candidates[at].parent, &candidates[at].key, 3)
            })
            .map(|longer| subjects[longer.parent].table.full_name());
        if let Some(through) = through {
            candidates[at].rejected = Some(format!("follows from the reference to `{through}`"));
        }
    }
}

/// References of the same table by these columns and more.
fn longer<'a>(candidates: &'a [Candidate], candidate: &'a Candidate) -> impl Iterator<Item = &'a Candidate> {
    candidates.iter().filter(|longer| {
        longer.stands()
            && longer.child == candidate.child
            && longer.columns.len() > candidate.columns.len()
            && candidate.columns.iter().all(|column| longer.columns.contains(column))
    })
}

/// The key's columns that the candidate's columns stand for in a longer reference.
fn mapped(candidate: &Candidate, longer: &Candidate) -> Vec<usize> {
    let place = |column: &usize| longer.columns.iter().position(|own| own == column).map(|place| longer.key[place]);
    candidate.columns.iter().filter_map(place).collect()
}

/// Whether `columns` of `table` lead to `key` of `parent` by references that stand, `without` one of them.
fn follows(candidates: &[Candidate], without: usize, table: usize, columns: &[usize], parent: usize, key: &[usize], depth: usize) -> bool {
    let standing = || candidates.iter().enumerate().filter(|(at, next)| *at != without && next.stands() && next.child == table);
    let pairs = |columns: &[usize], key: &[usize]| {
        let mut pairs: Vec<(usize, usize)> = columns.iter().copied().zip(key.iter().copied()).collect();
        pairs.sort_unstable();
        pairs
    };
    let wanted = pairs(columns, key);
    if standing().any(|(_, next)| next.parent == parent && pairs(&next.columns, &next.key) == wanted) {
        return true;
    }
    depth > 0
        && standing().filter(|(_, next)| columns.iter().all(|column| next.columns.contains(column))).any(|(_, next)| {
            let there: Vec<usize> = columns
                .iter()
                .filter_map(|column| next.columns.iter().position(|own| own == column).map(|place| next.key[place]))
                .collect();
            follows(candidates, without, next.parent, &there, parent, key, depth - 1)
        })
}

fn shown(subjects: &[Subject<'_>], candidate: &Candidate) -> InferredReference {
    let (child, parent) = (subjects[candidate.child].table, subjects[candidate.parent].table);
    InferredReference {
        child_schema: child.schema.clone(),
        child_table: child.name.clone(),
        child_columns: candidate.columns.iter().map(|column| child.columns[*column].name.clone()).collect(),
        parent_schema: parent.schema.clone(),
        parent_table: parent.name.clone(),
        parent_columns: candidate.key.iter().map(|column| parent.columns[*column].name.clone()).collect(),
        confidence: candidate.confidence(),
        signals: candidate.weighed.signals.clone(),
        sentinels: candidate.weighed.sentinels,
        declared: candidate.declared,
        compared: candidate.compared,
        missing: candidate.missing,
        child_rows: candidate.columns.iter().map(|column| subjects[candidate.child].traits[*column].filled()).min().unwrap_or(0),
        rejected: candidate.rejected.clone(),
    }
}

/// As it is told: to a thousandth.
pub fn shown_confidence(weight: f64) -> f64 {
    (1000.0 * sigmoid(weight)).round() / 1000.0
}
