//! Keys and references of a database, inferred from what its tables hold and how they are named; declared constraints are not looked at.
//!
//! A study goes in steps, because some of what it asks needs another look at the data: [`Study::begin`], then answers to
//! [`Study::value_questions`], [`Study::pair_questions`] and [`Study::key_questions`], then answers to [`Study::reference_questions`], then
//! [`Study::conclude`]. The same input gives the same output, whatever the order of tables.

mod by_name;
mod choice;
mod composite;
mod inclusion;
mod naming;
pub mod polymorphic;
mod primary;
pub mod rows;
mod signals;
mod subject;
mod vocabulary;

pub use choice::{Inference, InferredKey, InferredReference};
pub use inclusion::stand_ins;
pub use polymorphic::InferredPolymorphic;
pub use rows::{FirstRows, Tuples};
pub use signals::Signal;
pub use subject::Subject;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::inclusions::{Gathered, Sought};
use choice::Candidate;
use composite::Pairing;
use inclusion::{Shared, inclusions};
use naming::Naming;
use primary::{Key, Support, weigh_key};
use signals::{Ground, Pair, Weighed};
use subject::Place;

/// Columns of a table that are to be read together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    pub table: usize,
    pub columns: Vec<usize>,
}

/// A combination that nobody looks at, however good its parts.
const MOST_KEYS_ASKED: usize = 12;

/// So like in name that the one is named after the other.
const NAMED: f64 = 0.8;

/// What declared constraints are to inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// They hold, and the rest is inferred around them.
    Heeded,
    /// They are not looked at.
    Ignored,
}

pub struct Study<'a> {
    declared: Declared,
    /// The places that the caller knows the subjects by, and back.
    outside: Vec<usize>,
    inside: Vec<usize>,
    subjects: Vec<Subject<'a>>,
    naming: Naming,
    /// Unique columns.
    targets: Vec<Place>,
    /// Of every column in every unique one, in the order of the columns that are found.
    pairs: Vec<Pair>,
    habits: Habits,
    /// Combinations that do not identify a row after all.
    refuted: Vec<Vec<Vec<usize>>>,
    /// Composite ones that the rows bear out.
    composite_keys: Vec<Vec<Vec<usize>>>,
    keys: Vec<Option<Key>>,
    pairings: Vec<Pairing>,
    /// Pairs of which one column may name the table that the other refers to.
    possible: Vec<polymorphic::Possible>,
    tuples: HashMap<Question, Tuples>,
}

/// How references of a database are named, as far as data and names agree on them.
#[derive(Clone, Copy, Debug, Default)]
struct Habits {
    /// The share of tables that some column is named after.
    names_tell: f64,
    /// Of the columns that are named after what they refer to, the share that is named as an identifier.
    ids_tell: f64,
}

impl<'a> Study<'a> {
    pub fn begin(subjects: Vec<Subject<'a>>, declared: Declared) -> Self {
        // Inside, tables go by their names, so that their order outside decides nothing.
        let mut subjects: Vec<(usize, Subject<'a>)> = subjects.into_iter().enumerate().collect();
        subjects.sort_by_key(|(_, subject)| (&subject.table.schema, &subject.table.name));
        let (outside, subjects): (Vec<usize>, Vec<Subject<'a>>) = subjects.into_iter().unzip();
        let naming = Naming::of(&subjects);
        let mut targets = Vec::new();
        // What was not read to its end may hold the values that seem to be missing.
        for (table, subject) in subjects.iter().enumerate().filter(|(_, subject)| subject.complete) {
            let unique = (0..subject.traits.len()).filter(|column| subject.traits[*column].is_unique());
            targets.extend(unique.map(|column| Place { table, column }));
        }
        let count = subjects.len();
        let mut inside = vec![0; count];
        outside.iter().enumerate().for_each(|(at, outside)| inside[*outside] = at);
        Self {
            declared,
            outside,
            inside,
            subjects,
            naming,
            targets,
            pairs: Vec::new(),
            habits: Habits::default(),
            refuted: vec![Vec::new(); count],
            composite_keys: vec![Vec::new(); count],
            keys: vec![None; count],
            pairings: Vec::new(),
            possible: Vec::new(),
            tuples: HashMap::new(),
        }
    }

    /// Columns of many values that are to be read again, for values that their samples cannot look up.
    pub fn value_questions(&self) -> BTreeMap<(usize, usize), Sought> {
        let open = inclusion::open_values(&self.subjects, &self.targets);
        open.into_iter().map(|((table, column), sought)| ((self.outside[table], column), sought)).collect()
    }

    /// What was found of them; then it is known what is found in what.
    pub fn learn_values(&mut self, gathered: impl IntoIterator<Item = ((usize, usize), Gathered)>) {
        for ((table, column), gathered) in gathered {
            if let Some((digests, found)) = gathered.of_some() {
                let table = self.inside[table];
                self.subjects[table].traits[column].digests.learn(digests, found);
            }
        }
        let (subjects, naming) = (&self.subjects, &self.naming);
        self.pairs = inclusions(subjects, &self.targets).map(|inclusion| Pair::new(subjects, naming, inclusion)).collect();
        self.habits = self.habits();
        self.choose_keys();
    }

    /// Combinations of columns of which it is to be known whether they identify a row; those that the first rows answer are not asked.
    /// Once they are answered, others may follow.
    pub fn key_questions(&mut self) -> Vec<Question> {
        let support = self.support();
        let mut asked = Vec::new();
        for table in 0..self.subjects.len() {
            if !self.subjects[table].complete {
                continue;
            }
            // A table with a good key of one column needs no other.
            if self.keys[table].as_ref().is_some_and(|key| key.weight > 2.5) {
                continue;
            }
            let is_known = |columns: &Vec<usize>| self.composite_keys[table].contains(columns);
            let mut possible: Vec<Key> = composite::possible_keys(&self.subjects[table], &self.refuted[table])
                .iter()
                .filter(|columns| !is_known(columns))
                .map(|columns| weigh_key(&self.subjects, &self.naming, &support, table, columns))
                .collect();
            possible.sort_by(|left, right| right.weight.total_cmp(&left.weight).then_with(|| left.columns.cmp(&right.columns)));
            possible.truncate(MOST_KEYS_ASKED);
            for key in possible {
                if self.subjects[table].first.is_whole {
                    self.composite_keys[table].push(key.columns);
                } else {
                    asked.push(Question { table: self.outside[table], columns: key.columns });
                }
            }
        }
        asked
    }

    /// In the order of the questions.
    pub fn learn_keys(&mut self, answers: Vec<(Question, Tuples)>) {
        for (question, tuples) in answers {
            let table = self.inside[question.table];
            let list = if tuples.all_different == Some(false) { &mut self.refuted } else { &mut self.composite_keys };
            list[table].push(question.columns);
        }
        self.choose_keys();
    }

    /// Combinations of columns that may be found together in another table, with the keys they may be found in.
    pub fn reference_questions(&mut self) -> Vec<Question> {
        let composite: Vec<(usize, Vec<usize>)> = self
            .keys
            .iter()
            .enumerate()
            .filter(|(table, _)| self.subjects[*table].complete)
            .filter_map(|(table, key)| key.as_ref().filter(|key| key.columns.len() > 1).map(|key| (table, key.columns.clone())))
            .collect();
        let targets: Vec<Place> =
            composite.iter().flat_map(|(table, key)| key.iter().map(|column| Place { table: *table, column: *column })).collect();
        let parts = composite::Parts::of(inclusions(&self.subjects, &targets));
        let naming = &self.naming;
        let liking = |child: Place, parent: Place| part_likeness(naming, child, parent);
        self.pairings = composite.iter().flat_map(|(parent, key)| composite::pairings(*parent, key, &parts, &liking)).collect();
        let mut asked: Vec<Question> = self
            .pairings
            .iter()
            .flat_map(|pairing| {
                [
                    Question { table: pairing.child, columns: pairing.columns.clone() },
                    Question { table: pairing.parent, columns: pairing.key.clone() },
                ]
            })
            .collect();
        asked.sort();
        asked.dedup();
        asked.retain(|question| !self.tuples.contains_key(question));
        let (answered, open): (Vec<Question>, Vec<Question>) =
            asked.into_iter().partition(|question| self.subjects[question.table].first.is_whole);
        for question in answered {
            let tuples = self.subjects[question.table].first.tuples(&question.columns, Tuples::of_reference(8_192));
            self.tuples.insert(question, tuples);
        }
        open.into_iter().map(|question| Question { table: self.outside[question.table], ..question }).collect()
    }

    pub fn learn_references(&mut self, answers: Vec<(Question, Tuples)>) {
        for (question, tuples) in answers {
            let table = self.inside[question.table];
            self.tuples.insert(Question { table, ..question }, tuples);
        }
        self.choose_keys();
    }

    pub fn conclude(self) -> Inference {
        let keys = self.single_keys();
        let ground = self.ground(Some(&keys));
        // What is worth nobody's look is not put into words; the declared ones always are.
        let is_shown = |pair: &&Pair| {
            let child = self.subjects[pair.child().table].table;
            pair.weight(&ground) > choice::SHOWN || self.declared == Declared::Heeded && !child.foreign_keys.is_empty()
        };
        let shown = self.pairs.iter().filter(is_shown);
        let mut candidates: Vec<Candidate> = shown.map(|pair| Candidate::single(&pair.inclusion, pair.weigh(&ground))).collect();
        candidates
            .extend(by_name::by_name_alone(&ground).into_iter().map(|(child, parent, weighed)| Candidate::by_name(child, parent, weighed)));
        candidates.extend(
            self.weigh_pairings(&ground).into_iter().map(|(pairing, found, weighed)| Candidate::together(pairing, &found, weighed)),
        );
        if self.declared == Declared::Heeded {
            choice::heed(&self.subjects, &mut candidates);
        }
        let standing = self.standing_pairs(&ground);
        standing.iter().for_each(|judged| choice::give_way(&mut candidates, judged.pair.ids, judged.type_name(&self.subjects)));
        let polymorphic = polymorphic::shown(&self.subjects, &standing);
        Inference { polymorphic, ..choice::choose(&self.subjects, &self.keys, candidates) }
    }

    fn weigh_pairings(&self, ground: &Ground<'_>) -> Vec<(&Pairing, Shared, Weighed)> {
        let mut weighed = Vec::new();
        for pairing in &self.pairings {
            let is_key = self.keys[pairing.parent].as_ref().is_some_and(|key| key.columns == pairing.key);
            if !is_key {
                continue;
            }
            let tuples = |table: usize, columns: &[usize]| self.tuples.get(&Question { table, columns: columns.to_vec() });
            let (Some(child), Some(parent)) = (tuples(pairing.child, &pairing.columns), tuples(pairing.parent, &pairing.key)) else {
                continue;
            };
            if let Some(found) = inclusion::shared(&child.distinct, &parent.distinct) {
                let together = signals::weigh_together(ground, pairing, &found, child, parent, self.is_sibling(pairing));
                weighed.push((pairing, found, together));
            }
        }
        weighed
    }

    /// The child's whole key, found in a key of which every part is found elsewhere by itself.
    fn is_sibling(&self, pairing: &Pairing) -> bool {
        let mut own: Vec<usize> = pairing.columns.clone();
        own.sort_unstable();
        let is_own_key = self.keys[pairing.child].as_ref().is_some_and(|key| key.columns == own);
        let refers = |part: &usize| {
            let place = Place { table: pairing.parent, column: *part };
            self.pairs_of(place).iter().any(|pair| pair.parent().table != pairing.child && pair.inclusion.missing == 0)
        };
        is_own_key && pairing.child != pairing.parent && pairing.key.iter().filter(|part| refers(part)).count() + 1 >= pairing.key.len()
    }

    fn pairs_of(&self, child: Place) -> &[Pair] {
        let from = self.pairs.partition_point(|pair| pair.child() < child);
        let count = self.pairs[from..].partition_point(|pair| pair.child() == child);
        &self.pairs[from..from + count]
    }

    fn ground<'g>(&'g self, keys: Option<&'g [Option<(usize, f64)>]>) -> Ground<'g> {
        let Habits { names_tell, ids_tell } = self.habits;
        Ground { subjects: &self.subjects, naming: &self.naming, names_tell, ids_tell, keys }
    }

    /// Keys and references depend on each other: twice around is enough.
    fn choose_keys(&mut self) {
        for _ in 0..2 {
            let support = self.support();
            self.keys = (0..self.subjects.len())
                .map(|table| {
                    let subject = &self.subjects[table];
                    if let Some(key) = primary::declared(subject).filter(|_| self.declared == Declared::Heeded) {
                        return Some(key);
                    }
                    let single = (0..subject.traits.len())
                        .filter(|column| subject.traits[*column].is_unique() && subject.traits[*column].nulls == 0)
                        .map(|column| vec![column]);
                    let empty = primary::of_empty(subject, &self.naming, table);
                    let mut unique: Vec<Vec<usize>> = single.chain(self.composite_keys[table].iter().cloned()).collect();
                    unique.extend(composite::leading_keys(subject, &|column| support.refers(Place { table, column })));
                    unique.extend(composite::completed(subject, &unique, &support.together[table]));
                    unique.sort();
                    unique.dedup();
                    let mut candidates: Vec<Key> = unique
                        .into_iter()
                        .map(|columns| weigh_key(&self.subjects, &self.naming, &support, table, &columns))
                        .chain(empty)
                        .collect();
                    candidates.sort_by(|left, right| right.weight.total_cmp(&left.weight).then_with(|| left.columns.cmp(&right.columns)));
                    candidates.into_iter().next().filter(|key| key.weight > primary::ACCEPTED)
                })
                .collect();
        }
    }

    /// What seems to refer to what, as far as the keys are known by now.
    fn support(&self) -> Support {
        let keys = self.single_keys();
        let (ground, keyless) = (self.ground(Some(&keys)), self.ground(None));
        let mut best: BTreeMap<Place, (f64, Place)> = BTreeMap::new();
        let mut refers: BTreeMap<Place, f64> = BTreeMap::new();
        let standing = self.standing_pairs(&ground);
        let several: BTreeSet<Place> = standing.iter().map(|judged| judged.pair.ids).collect();
        for pair in self.pairs.iter().filter(|pair| !several.contains(&pair.child())) {
            let sure = sigmoid(pair.weight(&keyless));
            let known = best.entry(pair.child()).or_insert((0.0, pair.parent()));
            if sure > known.0 {
                *known = (sure, pair.parent());
            }
            let known = refers.entry(pair.child()).or_default();
            *known = known.max(sigmoid(pair.weight(&ground)));
        }
        let mut support = Support { together: vec![Vec::new(); self.subjects.len()], ..Support::default() };
        for (sure, parent) in best.into_values() {
            *support.used.entry(parent).or_default() += sure;
        }
        support.refers = refers.into_iter().collect();
        for judged in &standing {
            let sure = sigmoid(judged.weighed.sum());
            support.refers.insert(judged.pair.ids, sure);
            judged.parents().into_iter().for_each(|parent| *support.used.entry(parent).or_default() += sure);
        }
        for (pairing, _, weighed) in self.weigh_pairings(&ground) {
            let sure = sigmoid(weighed.sum());
            for column in &pairing.columns {
                let part = support.refers.entry(Place { table: pairing.child, column: *column }).or_default();
                *part = part.max(sure);
            }
            if sure > 0.5 {
                support.together[pairing.child].push(pairing.columns.clone());
            }
        }
        support
    }

    fn single_keys(&self) -> Vec<Option<(usize, f64)>> {
        self.keys
            .iter()
            .map(|key| match key.as_ref()?.columns.as_slice() {
                [column] => Some((*column, sigmoid(key.as_ref()?.weight))),
                _ => None,
            })
            .collect()
    }

    fn habits(&self) -> Habits {
        let others = || self.pairs.iter().filter(|pair| !pair.is_within_a_table());
        let named: BTreeSet<Place> = others().filter(|pair| pair.told.likeness.table >= NAMED).map(Pair::child).collect();
        let ids = named.iter().filter(|place| self.naming.is_id_like(**place)).count();
        let naming: BTreeSet<usize> = others().filter(|pair| pair.told.likeness.best() >= NAMED).map(|pair| pair.child().table).collect();
        Habits {
            names_tell: (2.5 * naming.len() as f64 / self.subjects.len().max(1) as f64).min(1.0),
            ids_tell: if named.is_empty() { 0.0 } else { ids as f64 / named.len() as f64 },
        }
    }
}

fn sigmoid(weight: f64) -> f64 {
    1.0 / (1.0 + (-weight).exp())
}

/// Parts of a key may carry each other's names, even where these are another table's.
fn part_likeness(naming: &Naming, child: Place, parent: Place) -> f64 {
    if naming.same_column_name(child, parent) { 1.0 } else { naming.likeness(child, parent).best() }
}
