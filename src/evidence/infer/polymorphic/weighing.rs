//! What speaks for and against a column of names and a column of keys belonging together, in the same measure as for references.

use std::collections::BTreeSet;

use super::super::super::sketch::overlap;
use super::super::Study;
use super::super::inclusion::{LEAST_ROWS, shared};
use super::super::naming::Naming;
use super::super::signals::{Ground, Weighed};
use super::super::subject::{Place, Subject};
use super::super::vocabulary::KINDS;
use super::beside::Keys;
use super::{MOST_ROWS, NamingValue, Possible};

/// Keys that prove little by being found.
const FEW: usize = 5;

/// Letters that two names must have in common.
const SHORTEST_STEM: usize = 3;

/// A pair, weighed.
pub struct Judged<'p> {
    pub pair: &'p Possible,
    pub targets: Vec<Held<'p>>,
    /// Beside keys that are in no table that they name.
    pub(super) unknown: Vec<&'p NamingValue>,
    pub weighed: Weighed,
}

/// A value that names a table, which has the keys that stand beside it.
pub struct Held<'p> {
    pub(super) value: &'p NamingValue,
    keys: &'p Keys,
    likeness: f64,
    pub parent: Place,
    pub rows: u64,
    pub compared: usize,
    pub missing: usize,
    /// That is there: of different keys or of rows, whichever is more.
    share: f64,
    is_exact: bool,
}

impl Judged<'_> {
    /// The keys that are referred to, each once.
    pub fn parents(&self) -> BTreeSet<Place> {
        self.targets.iter().filter(|held| held.compared > 0).map(|held| held.parent).collect()
    }

    pub fn type_name<'s>(&self, subjects: &[Subject<'s>]) -> &'s str {
        &subjects[self.pair.types.table].table.columns[self.pair.types.column].name
    }

    fn rows(&self) -> u64 {
        self.targets.iter().map(|held| held.rows).sum()
    }
}

impl Study<'_> {
    /// None where nothing was answered, or where too little leads to what is named.
    pub(super) fn judge<'p>(&'p self, ground: &Ground<'_>, pair: &'p Possible) -> Option<Judged<'p>> {
        let beside = pair.beside.as_ref()?;
        let mut judged = Judged { pair, targets: Vec::new(), unknown: Vec::new(), weighed: Weighed::told() };
        for value in &pair.values {
            let Some(keys) = beside.keys(value.digest) else { continue };
            match self.held(ground, pair, value, keys) {
                Some(held) => judged.targets.push(held),
                None => judged.unknown.push(value),
            }
        }
        let covered = judged.rows() as f64 / beside.rows.max(1) as f64;
        if judged.parents().len() < 2 || covered < MOST_ROWS {
            return None;
        }
        judged.weighed.is_exact = judged.targets.iter().all(|held| held.is_exact);
        weigh_values(&mut judged, covered);
        self.weigh_keys(ground, &mut judged);
        weigh_columns(ground, &mut judged);
        Some(judged)
    }

    /// The table that is meant, as names and keys agree best.
    fn held<'p>(&self, ground: &Ground<'_>, pair: &Possible, value: &'p NamingValue, keys: &'p Keys) -> Option<Held<'p>> {
        let is_elsewhere = |held: &Held<'_>| self.subjects[held.parent.table].table.schema != self.subjects[pair.ids.table].table.schema;
        let possible = value.meant.iter().filter_map(|meant| {
            let column = ground.keys?[meant.table]?.0;
            let parent = Place { table: meant.table, column };
            let of_parent = &self.subjects[meant.table].traits[column].digests;
            if !self.subjects[meant.table].complete {
                return None;
            }
            let held = Held {
                value,
                keys,
                likeness: meant.likeness,
                parent,
                rows: keys.rows,
                compared: 0,
                missing: 0,
                share: 1.0,
                is_exact: false,
            };
            // Samples that do not meet say nothing against it.
            let Some(all) = overlap(&keys.different, of_parent, usize::MAX) else { return Some(held) };
            let of_rows = keys.share_in(of_parent);
            let (compared, missing, is_exact) = match shared(&keys.different, of_parent) {
                Some(found) => (found.compared, found.missing, found.is_exact),
                // Many different strays may stand in few rows.
                None if of_rows >= LEAST_ROWS => (all.compared, all.missing.len(), all.is_exact),
                None => return None,
            };
            let of_values = 1.0 - missing as f64 / compared.max(1) as f64;
            Some(Held { compared, missing, share: of_values.max(of_rows), is_exact, ..held })
        });
        possible.min_by(|left, right| {
            // What was compared goes before what could not be.
            ((left.compared == 0).cmp(&(right.compared == 0)))
                .then(right.share.total_cmp(&left.share))
                .then(is_elsewhere(left).cmp(&is_elsewhere(right)))
                .then(right.likeness.total_cmp(&left.likeness))
        })
    }

    fn weigh_keys(&self, ground: &Ground<'_>, judged: &mut Judged<'_>) {
        let (compared, missing) =
            judged.targets.iter().fold((0, 0), |(compared, missing), held| (compared + held.compared, missing + held.missing));
        let share = judged.targets.iter().map(|held| (1.0 - held.share) * held.rows as f64).sum::<f64>() / judged.rows().max(1) as f64;
        let weight = if missing == 0 { 0.5 } else { -(0.5 + 20.0 * share).min(4.0) };
        judged.weighed.say("containment", weight, || match missing {
            0 => format!("all {compared} different values are found in the tables that are named"),
            missing => format!("{missing} of {compared} different values are not found in the tables that are named"),
        });
        if compared < FEW {
            judged.weighed.say("few_values", -1.0, || format!("{compared} different values prove little"));
        }
        let surprise = judged.targets.iter().map(|held| self.surprise(held)).fold(0.0, f64::max);
        judged.weighed.say("surprise", surprise.min(2.0), || "values like these are seldom found by chance".to_owned());
        if self.keys_follow_names(judged) {
            judged.weighed.say("follows", 2.0, || "what one table has and another has not stands beside the name of the one".to_owned());
        }
        let rows = judged.rows();
        let narrow: u64 = judged.targets.iter().filter(|held| self.is_narrow(held)).map(|held| held.rows).sum();
        if narrow * 2 > rows {
            judged.weighed.say("narrow", -1.5, || "few of the keys come again and again".to_owned());
        }
        let is_one_table = |name: f64, table: usize| name >= 0.8 && table != judged.pair.ids.table;
        let plain = self.pairs_of(judged.pair.ids).iter();
        let explained =
            plain.filter(|pair| pair.inclusion.share > 0.95 && is_one_table(pair.told.likeness.table, pair.parent().table)).count();
        if explained > 0 {
            let is_of_one_stem = are_of_one_stem(ground.naming, judged.pair.types, judged.pair.ids);
            judged
                .weighed
                .say("one_table", if is_of_one_stem { -2.0 } else { -4.0 }, || "named after one table that has all of them".to_owned());
        }
    }

    /// How surprising it is that the keys are there, if nothing connected them.
    fn surprise(&self, held: &Held<'_>) -> f64 {
        let parent = &self.subjects[held.parent.table].traits[held.parent.column];
        let density = parent.density().unwrap_or_else(|| (parent.distinct as f64 / 20_f64.powf(parent.longest.min(8) as f64)).min(1.0));
        -density.max(1e-9).ln() * held.compared.min(6) as f64 / 4.0
    }

    /// Keys beside one name that another of the tables has not.
    fn keys_follow_names(&self, judged: &Judged<'_>) -> bool {
        judged.targets.iter().filter(|held| held.compared > 0).any(|held| {
            judged.parents().into_iter().filter(|parent| parent.table != held.parent.table).any(|other| {
                let of_other = &self.subjects[other.table].traits[other.column].digests;
                overlap(&held.keys.different, of_other, usize::MAX)
                    .is_some_and(|found| found.missing.len() >= held.missing + 2 && 1.0 - found.share() > 0.05)
            })
        })
    }

    /// Far fewer different keys than so many rows would have if any could be meant.
    fn is_narrow(&self, held: &Held<'_>) -> bool {
        let keys = self.subjects[held.parent.table].traits[held.parent.column].distinct as f64;
        let expected = keys * (1.0 - (-(held.rows as f64) / keys.max(1.0)).exp());
        keys >= 8.0 && (held.keys.different.count() as f64) < expected / 4.0
    }
}

fn weigh_values(judged: &mut Judged<'_>, covered: f64) {
    let rows = judged.rows().max(1) as f64;
    let likeness = judged.targets.iter().map(|held| held.likeness * held.rows as f64 / rows).sum::<f64>().min(1.0);
    let (named, tables) = (judged.targets.len(), judged.parents().len());
    judged.weighed.say("names_tables", 4.0 * likeness * likeness, || format!("{named} values name {tables} tables ({likeness:.2})"));
    judged.weighed.say("covered", -4.0 * (1.0 - covered), || format!("{:.0} % of the rows lead to a table that is named", covered * 100.0));
}

fn weigh_columns(ground: &Ground<'_>, judged: &mut Judged<'_>) {
    let naming = ground.naming;
    let Possible { types, ids, .. } = judged.pair;
    let weighed = &mut judged.weighed;
    let is_of_one_stem = are_of_one_stem(naming, *types, *ids);
    if is_of_one_stem {
        weighed.say("stem", 2.0, || "both columns are named alike".to_owned());
    }
    if naming.words(*types).iter().any(|word| KINDS.contains(&word.as_str())) {
        weighed.say("kind", 0.7, || "one is named as saying of what kind something is".to_owned());
    }
    if naming.is_id_like(*ids) {
        weighed.say("id_like", 0.5, || "the other as something that identifies or refers".to_owned());
    } else if !is_of_one_stem {
        weighed.say("not_id_like", -1.5, || "the other is not named as something that refers".to_owned());
    }
    if naming.is_named_after_other(*ids, ids.table) && !is_of_one_stem {
        weighed.say("named_otherwise", -3.0, || "a table is what the other is named after".to_owned());
    }
    let distance = types.column.abs_diff(ids.column);
    weighed.say("place", if distance == 1 { 0.3 } else { -0.3 }, || match distance {
        1 => "they stand beside each other".to_owned(),
        _ => "they stand apart".to_owned(),
    });
    if let Some((column, sure)) = ground.keys.and_then(|keys| keys[ids.table])
        && column == ids.column
    {
        weighed.say("own_key", -1.5 * sure, || "the other is its table's own key".to_owned());
    }
}

/// What can be said before anything is asked.
pub(super) fn names_alone(naming: &Naming, types: Place, ids: Place) -> f64 {
    let stem = if are_of_one_stem(naming, types, ids) { 4.0 } else { 0.0 };
    let id_like = if naming.is_id_like(ids) { 2.0 } else { 0.0 };
    stem + id_like + 1.0 / types.column.abs_diff(ids.column).max(1) as f64
}

/// `owner_type` and `owner_id`, also as `OWNTYP` and `OWNNBR`.
fn are_of_one_stem(naming: &Naming, types: Place, ids: Place) -> bool {
    let (kind, subject) = (naming.words(types), naming.subject(ids));
    if kind.is_empty() || subject.is_empty() {
        return false;
    }
    let is_kind = |word: &String| KINDS.contains(&word.as_str());
    let stem = match kind {
        [rest @ .., last] if is_kind(last) => rest,
        [first, rest @ ..] if is_kind(first) => rest,
        _ => kind,
    };
    if stem == subject || kind == subject {
        return true;
    }
    let (kind, subject) = (kind.concat(), subject.concat());
    let stems = KINDS.iter().filter_map(|word| kind.strip_suffix(word).or_else(|| kind.strip_prefix(word)));
    stems
        .filter(|stem| stem.len() >= SHORTEST_STEM && subject.len() >= SHORTEST_STEM)
        .any(|stem| subject.starts_with(stem) || stem.starts_with(&subject))
}
