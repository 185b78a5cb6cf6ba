//! What speaks for and against one column referring to another. Each signal is a weight of evidence: a logarithm of odds, so that
//! independent signals add up, and zero says nothing either way.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::super::sketch::{Class, Traits};
use super::composite::Pairing;
use super::inclusion::{Inclusion, Shared, TINY};
use super::naming::Naming;
use super::rows::Tuples;
use super::subject::{Place, Subject};

/// Tables whose names end in the same word, among which names alone may choose.
const MOST_NAMESAKES: usize = 50;

/// Before anything else is known, a contained column is seldom a reference.
const PRIOR: f64 = -3.0;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub name: String,
    pub weight: f64,
    pub says: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weighed {
    pub signals: Vec<Signal>,
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
    pub fn sum(&self) -> f64 {
        PRIOR + self.signals.iter().map(|signal| signal.weight).sum::<f64>()
    }

    pub fn say(&mut self, name: &str, weight: f64, says: impl FnOnce() -> String) {
        let weight = (weight * 100.0).round() / 100.0;
        if weight != 0.0 {
            self.signals.push(Signal { name: name.to_owned(), weight, says: says() });
        }
    }
}

pub fn weigh(ground: &Ground<'_>, inclusion: &Inclusion) -> Weighed {
    let (child, parent) = (inclusion.child, inclusion.parent);
    let (of_child, of_parent) = (traits(ground, child), traits(ground, parent));
    let mut weighed = Weighed::default();
    containment(&mut weighed, inclusion);
    chance(&mut weighed, of_child, of_parent);
    spread(&mut weighed, of_child, of_parent, mildest(ground, child, parent));
    coverage(&mut weighed, of_child, of_parent);
    kind(&mut weighed, of_child, of_parent, ground.naming.is_calendar(parent.table));
    names(&mut weighed, ground, child, parent);
    places(&mut weighed, ground, child, parent);
    sizes(&mut weighed, ground, child, parent);
    copies(&mut weighed, ground, child, parent);
    weighed
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
    weighed.sentinels = inclusion.sentinels;
    weighed.is_exact = inclusion.is_exact;
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

/// How much an uneven spread may weigh: the first rows of a tree are its upper ones, and a good name speaks louder.
fn mildest(ground: &Ground<'_>, child: Place, parent: Place) -> f64 {
    match ground.naming.likeness(child, parent).best() {
        _ if child.table == parent.table => 0.7,
        best if best >= 0.9 => 1.5,
        _ => 4.0,
    }
}

/// A reference looks like a sample of its key's values; numbers of another kind hug one end of them.
fn spread(weighed: &mut Weighed, child: &Traits, parent: &Traits, most: f64) {
    if child.class != Class::Integer || parent.class != Class::Integer || parent.numbers.is_empty() || child.numbers.is_empty() {
        return;
    }
    let rank = |value: f64| parent.numbers.partition_point(|number| *number <= value) as f64 / parent.numbers.len() as f64;
    let inside: Vec<f64> = child.numbers.iter().map(|value| rank(*value)).filter(|rank| *rank > 0.0).collect();
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

fn names(weighed: &mut Weighed, ground: &Ground<'_>, child: Place, parent: Place) {
    let likeness = ground.naming.likeness(child, parent);
    let is_key = ground.key(parent.table).is_none_or(|key| key.is_some_and(|(column, _)| column == parent.column));
    // What is merely unique may be named like anything.
    let best = if is_key { likeness.best() } else { likeness.table };
    let is_role = ground.naming.is_role(child, parent);
    if best < 0.8 && is_role {
        weighed.say("role", 2.5, || "named as a role of what it refers to".to_owned());
    } else if best >= 0.5 {
        weighed.say("name", 4.5 * best * best, || format!("named like what it refers to ({best:.2})"));
        if likeness.same_kind && ground.naming.is_id_like(child) {
            weighed.say("same_kind", 0.3, || "and identifies by the same word".to_owned());
        }
    } else {
        let is_id_like = ground.naming.is_id_like(child);
        let is_of_other = ground.naming.is_named_after_other(child, parent.table);
        // What identifies must refer to something, and where nothing is named so it may be this.
        let weight = match (is_id_like, is_of_other) {
            (_, true) => -2.5,
            (true, false) if ground.naming.own(child) < 0.5 => -0.5,
            (true, false) => -1.2,
            (false, false) => -0.8 - ground.ids_tell,
        };
        weighed.say("no_name", weight * ground.names_tell, || "not named like what it refers to, as others here are".to_owned());
    }
    if (0.5..0.95).contains(&best) && ground.naming.is_named_after_other(child, parent.table) {
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

fn places(weighed: &mut Weighed, ground: &Ground<'_>, child: Place, parent: Place) {
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
        let is_named = ground.naming.likeness(child, parent).best() >= 0.95;
        weighed.say("own_key", if is_named { -1.2 } else { -2.5 } * sure, || {
            "it is its table's own key: at most a one-to-one reference".to_owned()
        });
    }
}

fn copies(weighed: &mut Weighed, ground: &Ground<'_>, child: Place, parent: Place) {
    let naming = ground.naming;
    if naming.is_copy(child.table) || naming.is_copy(parent.table) {
        weighed.say("copy", -9.0, || "one of the tables is a copy".to_owned());
    } else if naming.are_alike(child.table, parent.table) && naming.same_column_name(child, parent) {
        weighed.say("same_table", -6.0, || "both tables are parts of one".to_owned());
    }
}

fn sizes(weighed: &mut Weighed, ground: &Ground<'_>, child: Place, parent: Place) {
    let (rows, parent_rows) = (ground.subjects[child.table].rows, ground.subjects[parent.table].rows);
    if rows >= parent_rows {
        weighed.say("size", 0.3, || "more rows refer than are referred to".to_owned());
    } else if rows * 4 < parent_rows {
        weighed.say("size", -0.5, || format!("{rows} rows refer to {parent_rows}"));
    }
}

/// Where there are no rows to compare, names are all there is.
pub fn by_name_alone(ground: &Ground<'_>) -> Vec<(Place, Place, Weighed)> {
    // By the last word of what a reference to them would be called.
    let mut by_head: HashMap<&str, Vec<Place>> = HashMap::new();
    for (table, key) in ground.keys.unwrap_or_default().iter().enumerate() {
        let Some((column, _)) = key else { continue };
        let parent = Place { table, column: *column };
        for head in ground.naming.heads(parent) {
            by_head.entry(head).or_default().push(parent);
        }
    }
    let mut found = Vec::new();
    for (table, subject) in ground.subjects.iter().enumerate() {
        for column in 0..subject.traits.len() {
            let child = Place { table, column };
            let Some(head) = ground.naming.head(child) else { continue };
            // A word that so many share names none of them.
            let Some(parents) = by_head.get(head).filter(|parents| parents.len() <= MOST_NAMESAKES) else { continue };
            for parent in parents.iter().copied() {
                let (other, key) = (parent.table, &parent.column);
                let is_empty =
                    subject.traits[column].class == Class::Nothing || ground.subjects[other].rows == 0 || !ground.subjects[other].complete;
                let fits = super::super::types::compatibility(
                    &subject.table.columns[column].r#type,
                    &ground.subjects[other].table.columns[*key].r#type,
                ) > 0.5;
                if !is_empty || !fits || child == parent {
                    continue;
                }
                let likeness = ground.naming.likeness(child, parent);
                let least = if ground.naming.is_id_like(child) { 0.8 } else { 0.95 };
                if likeness.best() < least || ground.naming.own(child) > 0.9 {
                    continue;
                }
                let mut weighed = Weighed::default();
                weighed.say("no_rows", -0.5, || "there are no values to compare".to_owned());
                names(&mut weighed, ground, child, parent);
                places(&mut weighed, ground, child, parent);
                found.push((child, parent, weighed));
            }
        }
    }
    found
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
    let mut weighed = Weighed { sentinels: found.sentinels, is_exact: found.is_exact, ..Weighed::default() };
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
