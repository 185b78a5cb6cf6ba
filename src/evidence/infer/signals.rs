//! What speaks for and against one column referring to another. Each signal is a weight of evidence: a logarithm of odds, so that
//! independent signals add up, and zero says nothing either way.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::super::sketch::{Class, Traits};
use super::composite::Pairing;
use super::inclusion::{Inclusion, Shared, TINY};
use super::naming::{Kinship, Naming, Told};
use super::rows::Tuples;
use super::subject::{Place, Subject};

/// Before anything else is known, a contained column is seldom a reference.
const PRIOR: f64 = -3.0;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub name: Cow<'static, str>,
    pub weight: f64,
    pub says: String,
}

/// Signals as they add up.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    pub signals: Vec<Signal>,
    weight: f64,
    /// Whether signals are kept, with their words.
    is_told: bool,
    /// Values that stand for a missing one; they were not counted as missing.
    pub sentinels: usize,
    /// Every value was compared with every other.
    pub is_exact: bool,
}

/// What is known of a database as a whole when one pair is judged.
pub struct Ground<'a> {
    pub subjects: &'a [Subject<'a>],
    pub naming: &'a Naming,
    /// 0 to 1: how far references of this database are named after what they refer to.
    pub names_tell: f64,
    /// 0 to 1: how far references of this database are named as identifiers.
    pub ids_tell: f64,
    /// The column that is each table's key by itself, with how sure that is (0 to 1); none while keys are not known.
    pub keys: Option<&'a [Option<(usize, f64)>]>,
}

impl Ground<'_> {
    /// None while keys are not known.
    fn key(&self, table: usize) -> Option<Option<(usize, f64)>> {
        self.keys.map(|keys| keys[table])
    }
}

impl Weighed {
    /// To be read by somebody.
    pub fn told() -> Self {
        Self { signals: Vec::new(), weight: PRIOR, is_told: true, sentinels: 0, is_exact: false }
    }

    /// The sum alone is wanted.
    fn untold(weight: f64) -> Self {
        Self { weight, is_told: false, ..Self::told() }
    }

    pub fn sum(&self) -> f64 {
        self.weight
    }

    pub fn say(&mut self, name: &'static str, weight: f64, says: impl FnOnce() -> String) {
        let weight = (weight * 100.0).round() / 100.0;
        self.weight += weight;
        if weight != 0.0 && self.is_told {
            self.signals.push(Signal { name: name.into(), weight, says: says() });
        }
    }
}

/// One column found in another, with what stays as it is whatever else is learned: databases have very many such pairs, and each is
/// judged again whenever more is known of keys.
pub struct Pair {
    pub inclusion: Inclusion,
    pub told: Told,
    /// What the data alone speaks.
    lasting: f64,
}

impl Pair {
    pub fn new(subjects: &[Subject<'_>], naming: &Naming, inclusion: Inclusion) -> Self {
        let told = naming.told(inclusion.child, inclusion.parent);
        let mut pair = Self { inclusion, told, lasting: 0.0 };
        let mut weighed = Weighed::untold(PRIOR);
        pair.weigh_data(&mut weighed, subjects, naming);
        pair.lasting = weighed.weight;
        pair
    }

    pub fn child(&self) -> Place {
        self.inclusion.child
    }

    pub fn parent(&self) -> Place {
        self.inclusion.parent
    }

    pub fn is_within_a_table(&self) -> bool {
        self.child().table == self.parent().table
    }

    pub fn weigh(&self, ground: &Ground<'_>) -> Weighed {
        let mut weighed = Weighed::told();
        self.weigh_data(&mut weighed, ground.subjects, ground.naming);
        self.weigh_known(&mut weighed, ground);
        weighed.sentinels = self.inclusion.sentinels;
        weighed.is_exact = self.inclusion.is_exact;
        weighed
    }

    /// The sum of [`Pair::weigh`].
    pub fn weight(&self, ground: &Ground<'_>) -> f64 {
        let mut weighed = Weighed::untold(self.lasting);
        self.weigh_known(&mut weighed, ground);
        weighed.weight
    }

    fn weigh_data(&self, weighed: &mut Weighed, subjects: &[Subject<'_>], naming: &Naming) {
        let (child, parent) = (self.child(), self.parent());
        let of = |place: Place| &subjects[place.table].traits[place.column];
        let (of_child, of_parent) = (of(child), of(parent));
        containment(weighed, &self.inclusion);
        chance(weighed, of_child, of_parent);
        spread(weighed, of_child, of_parent, self.mildest());
        coverage(weighed, of_child, of_parent);
        kind(weighed, of_child, of_parent, naming.is_calendar(parent.table));
        sizes(weighed, subjects[child.table].rows, subjects[parent.table].rows);
        copies(weighed, naming.kinship(child, parent));
    }

    fn weigh_known(&self, weighed: &mut Weighed, ground: &Ground<'_>) {
        names(weighed, ground, self.child(), self.parent(), &self.told);
        places(weighed, ground, self.child(), self.parent(), &self.told);
    }

    /// How much an uneven spread may weigh: the first rows of a tree are its upper ones, and a good name speaks louder.
    fn mildest(&self) -> f64 {
        match self.told.likeness.best() {
            _ if self.is_within_a_table() => 0.7,
            best if best >= 0.9 => 1.5,
            _ => 4.0,
        }
    }
}

fn traits<'a>(ground: &Ground<'a>, place: Place) -> &'a Traits {
    &ground.subjects[place.table].traits[place.column]
}

fn containment(weighed: &mut Weighed, inclusion: &Inclusion) {
    let missing = 1.0 - inclusion.share;
    let weight = match missing {
        0.0 => 0.5,
        _ if inclusion.compared <= TINY => -(0.5 + 20.0 * missing).min(2.0),
        _ => -(0.5 + 20.0 * missing).min(4.0),
    };
    weighed.say("containment", weight, || match inclusion.missing {
        0 => format!("all {} different values are found", inclusion.compared),
        missing => format!("{missing} of {} different values are not found", inclusion.compared),
    });
}

/// How surprising it is that the values are found, if nothing connected the columns.
fn chance(weighed: &mut Weighed, child: &Traits, parent: &Traits) {
    let density = match parent.density() {
        Some(density) => density,
        None => {
            let letters = parent.longest.min(child.longest.max(1)).min(8) as f64;
            (parent.distinct as f64 / 20_f64.powf(letters)).min(1.0)
        }
    };
    let surprise = -(density.max(1e-9)).ln() * (child.distinct as f64).min(6.0);
    weighed.say("surprise", (surprise / 4.0).min(3.2), || "values like these are seldom found by chance".to_owned());
}

/// A reference looks like a sample of its key's values; numbers of another kind hug one end of them.
fn spread(weighed: &mut Weighed, child: &Traits, parent: &Traits, most: f64) {
    if child.class != Class::Integer || parent.class != Class::Integer || parent.numbers.is_empty() || child.numbers.is_empty() {
        return;
    }
    // Both are in order: what stands before a value is found once for all of them.
    let mut before = 0;
    let ranks = child.numbers.iter().map(|value| {
        before += parent.numbers[before..].iter().take_while(|number| *number <= value).count();
        before as f64 / parent.numbers.len() as f64
    });
    let inside: Vec<f64> = ranks.filter(|rank| *rank > 0.0).collect();
    let count = inside.len() as f64;
    if inside.is_empty() {
        return;
    }
    let gap = inside
        .iter()
        .enumerate()
        .map(|(at, rank)| (rank - at as f64 / count).abs().max((rank - (at as f64 + 1.0) / count).abs()))
        .fold(0.0, f64::max);
    let beyond = gap * count.min(40.0).sqrt() - 0.9;
    if beyond > 0.0 {
        weighed.say("spread", -(1.6 * beyond).min(most), || {
            format!("its values lie at one end of the key's range ({gap:.2} from an even spread)")
        });
    }
    let top = inside.last().copied().unwrap_or(0.0);
    if top >= 0.9 && parent.distinct >= 8 {
        weighed.say("reach", 0.8, || "its greatest value comes near the key's greatest".to_owned());
    }
}

fn coverage(weighed: &mut Weighed, child: &Traits, parent: &Traits) {
    let share = (child.distinct as f64 / parent.distinct.max(1) as f64).min(1.0);
    let weight = if share >= 0.9 {
        1.0
    } else if share >= 0.5 {
        0.7
    } else if share < 0.05 && child.class == Class::Integer {
        -0.5
    } else {
        0.0
    };
    weighed.say("coverage", weight, || format!("{:.0} % of the key's values are used", share * 100.0));
    if child.distinct <= 2 {
        weighed.say("few_values", -1.0, || format!("{} different values prove little", child.distinct));
    }
    if parent.distinct <= 2 {
        weighed.say("tiny_key", -1.0, || format!("a key of {} values is met by chance", parent.distinct));
    }
}

fn kind(weighed: &mut Weighed, child: &Traits, parent: &Traits, is_calendar: bool) {
    if child.class == Class::Time || parent.class == Class::Time {
        weighed.say("time", if is_calendar { -1.5 } else { -4.0 }, || "times are seldom references".to_owned());
    }
    if child.class != parent.class {
        weighed.say("class", -0.8, || "the values are of different kinds".to_owned());
    }
    if child.prose > 0.3 || child.mean_length > 40.0 {
        weighed.say("prose", -2.0, || "its values read like text".to_owned());
    }
}

pub fn names(weighed: &mut Weighed, ground: &Ground<'_>, child: Place, parent: Place, told: &Told) {
    let Told { likeness, is_role, is_of_other } = *told;
    let is_key = ground.key(parent.table).is_none_or(|key| key.is_some_and(|(column, _)| column == parent.column));
    // What is merely unique may be named like anything.
    let best = if is_key { likeness.best() } else { likeness.table };
    if best < 0.8 && is_role {
        weighed.say("role", 2.5, || "named as a role of what it refers to".to_owned());
    } else if best >= 0.5 {
        weighed.say("name", 4.5 * best * best, || format!("named like what it refers to ({best:.2})"));
        if likeness.same_kind && ground.naming.is_id_like(child) {
            weighed.say("same_kind", 0.3, || "and identifies by the same word".to_owned());
        }
    } else {
        let is_id_like = ground.naming.is_id_like(child);
        // What identifies must refer to something, and where nothing is named so it may be this.
        let weight = match (is_id_like, is_of_other) {
            (_, true) => -2.5,
            (true, false) if ground.naming.own(child) < 0.5 => -0.5,
            (true, false) => -1.2,
            (false, false) => -0.8 - ground.ids_tell,
        };
        weighed.say("no_name", weight * ground.names_tell, || "not named like what it refers to, as others here are".to_owned());
    }
    if (0.5..0.95).contains(&best) && is_of_other {
        weighed.say("named_otherwise", -2.5, || "another table is what it is named after".to_owned());
    }
    let is_text = traits(ground, child).class == Class::Text;
    if ground.naming.is_id_like(child) {
        weighed.say("id_like", 0.5, || "named as something that identifies or refers".to_owned());
    } else if !is_text && !is_role {
        weighed.say("not_id_like", -0.5 * ground.ids_tell, || "not named as something that refers".to_owned());
    }
    let own = ground.naming.own(child);
    if own > 0.9 && child.table != parent.table && best < own.min(0.95) {
        weighed.say("own_name", if own > 0.99 { -3.0 } else { -1.5 }, || "named as its own table's key".to_owned());
    }
}

pub fn places(weighed: &mut Weighed, ground: &Ground<'_>, child: Place, parent: Place, told: &Told) {
    match ground.key(parent.table) {
        None => {}
        Some(Some((column, sure))) if column == parent.column => {
            weighed.say("key", 1.2 * sure, || "the target is its table's key".to_owned())
        }
        Some(_) => weighed.say("not_the_key", -3.0, || "the target is unique, and not its table's key".to_owned()),
    }
    if let Some(Some((column, sure))) = ground.key(child.table)
        && column == child.column
    {
        let is_named = told.likeness.best() >= 0.95;
        weighed.say("own_key", if is_named { -1.2 } else { -2.5 } * sure, || {
            "it is its table's own key: at most a one-to-one reference".to_owned()
        });
    }
}

fn copies(weighed: &mut Weighed, kinship: Kinship) {
    match kinship {
        Kinship::None => {}
        Kinship::Copy => weighed.say("copy", -9.0, || "one of the tables is a copy".to_owned()),
        Kinship::Parts => weighed.say("same_table", -6.0, || "both tables are parts of one".to_owned()),
    }
}

fn sizes(weighed: &mut Weighed, rows: u64, parent_rows: u64) {
    if rows >= parent_rows {
        weighed.say("size", 0.3, || "more rows refer than are referred to".to_owned());
    } else if rows * 4 < parent_rows {
        weighed.say("size", -0.5, || format!("{rows} rows refer to {parent_rows}"));
    }
}

/// Several columns that refer together.
pub fn weigh_together(
    ground: &Ground<'_>,
    pairing: &Pairing,
    found: &Shared,
    child: &Tuples,
    parent: &Tuples,
    is_sibling: bool,
) -> Weighed {
    let mut weighed = Weighed { sentinels: found.sentinels, is_exact: found.is_exact, ..Weighed::told() };
    let missing = found.missing as f64 / found.compared as f64;
    weighed.say("containment", if found.missing == 0 { 0.5 } else { -(0.5 + 20.0 * missing).min(4.0) }, || {
        format!("{} of {} different combinations are found", found.compared - found.missing, found.compared)
    });
    let product: f64 = pairing.key.iter().map(|part| ground.subjects[pairing.parent].traits[*part].distinct as f64).product();
    let density = (parent.distinct.count() as f64 / product.max(1.0)).min(1.0);
    let surprise = -density.max(1e-9).ln() * (child.distinct.count() as f64).min(6.0) / 4.0;
    weighed.say("surprise", surprise.min(3.0), || {
        format!("of all combinations of the parts {:.1} % occur, and these are among them", density * 100.0)
    });
    let pairs = || pairing.columns.iter().zip(&pairing.key);
    let at = |table: usize, column: &usize| Place { table, column: *column };
    let alike: f64 =
        pairs().map(|(column, part)| super::part_likeness(ground.naming, at(pairing.child, column), at(pairing.parent, part))).sum();
    let alike = alike / pairing.key.len() as f64;
    weighed.say("name", 4.5 * alike * alike, || format!("named like the parts of the key ({alike:.2})"));
    if alike < 0.5 {
        weighed.say("no_name", -1.8 * ground.names_tell, || "not named like what they refer to".to_owned());
    }
    for column in &pairing.columns {
        if ground.subjects[pairing.child].traits[*column].distinct <= 1 {
            weighed.say("constant", -3.0, || "a part that never differs says nothing".to_owned());
        }
    }
    let is_year = |part: &usize| {
        let traits = &ground.subjects[pairing.parent].traits[*part];
        traits.class == Class::Time
            || traits.class == Class::Integer && traits.ends.is_some_and(|(least, most)| least >= 1_700.0 && most <= 2_200.0)
    };
    if pairing.key.iter().any(is_year) {
        weighed.say("time", -2.5, || "times meet in tables that have nothing to do with each other".to_owned());
    }
    let naming = ground.naming;
    if naming.is_copy(pairing.child) || naming.is_copy(pairing.parent) || naming.are_alike(pairing.child, pairing.parent) {
        weighed.say("copy", -9.0, || "one of the tables is a copy or a part of the other".to_owned());
    }
    if is_sibling {
        weighed.say("sibling", -3.0, || "both are keys made of references to the same tables".to_owned());
    }
    let whole = child.filled as f64 / ground.subjects[pairing.child].rows.max(1) as f64;
    if whole < 0.1 {
        weighed.say("seldom", -1.0, || "most rows have no value in one of them".to_owned());
    }
    weighed.say("key", 1.0, || "the target is its table's key".to_owned());
    weighed
}
