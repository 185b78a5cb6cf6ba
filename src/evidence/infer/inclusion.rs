//! Which columns' values are found in which others: a gate, and nearly worthless as proof, because small numbers are found everywhere.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use super::super::inclusions::Sought;
use super::super::sketch::{ByDigest, Class, Digest, Distinct, Overlap, Traits, digest_of, overlap};
use super::subject::{Place, Subject};
use crate::domain::Cell;

/// More than this share of values missing is no reference, however dirty the data.
const MOST_MISSING: f64 = 0.2;

/// So few values tell little by one that is missing.
pub const TINY: usize = 10;

/// Digests that are looked for once more, of all columns together.
const MOST_ASKED: usize = 2_000_000;

/// A column of which so many rows are found may be a reference, whatever the others hold.
pub const LEAST_ROWS: f64 = 0.9;

/// Texts that stand for a missing value; small and capital letters are tried, too.
const SENTINEL_TEXTS: [&str; 12] = ["", "-", "?", "n/a", "na", "none", "null", "nil", "unknown", "tbd", "undefined", "(none)"];
const SENTINEL_NUMBERS: [i64; 9] = [0, -1, -9, -99, -999, -9_999, 999, 9_999, 99_999];

static SENTINELS: LazyLock<Vec<Digest>> = LazyLock::new(|| {
    let text = |text: String| digest_of(&Cell::Text(text.into_bytes().into()));
    let texts = SENTINEL_TEXTS.iter().flat_map(|word| {
        let capital = word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
        [text((*word).to_owned()), text(word.to_uppercase()), text(capital)]
    });
    texts.chain(SENTINEL_NUMBERS.iter().map(|number| digest_of(&Cell::Integer(*number)))).collect()
});

/// What stands for a missing value, as text in small letters.
pub fn stand_ins() -> Vec<String> {
    SENTINEL_TEXTS.iter().map(ToString::to_string).chain(SENTINEL_NUMBERS.iter().map(ToString::to_string)).collect()
}

#[derive(Clone, Debug)]
pub struct Inclusion {
    pub child: Place,
    pub parent: Place,
    /// Of different values, those that stand for a missing one left out.
    pub share: f64,
    pub compared: usize,
    pub missing: usize,
    /// Values that stand for a missing one, and that the parent has not.
    pub sentinels: usize,
    pub is_exact: bool,
}

/// Of every column in every one of `targets`, a table's own included.
pub fn inclusions<'s>(subjects: &'s [Subject<'_>], targets: &'s [Place]) -> impl Iterator<Item = Inclusion> + 's {
    let columns =
        subjects.iter().enumerate().flat_map(|(table, subject)| (0..subject.traits.len()).map(move |column| Place { table, column }));
    columns.flat_map(move |child| {
        targets.iter().filter(move |parent| **parent != child).filter_map(move |parent| inclusion(subjects, child, *parent))
    })
}

/// Values that samples cannot look up, of columns that may be found in a target: for the target's column to be read again.
pub fn open_values(subjects: &[Subject<'_>], targets: &[Place]) -> BTreeMap<(usize, usize), Sought> {
    let mut open: BTreeMap<(usize, usize), HashSet<Digest, ByDigest>> = BTreeMap::new();
    let mut asked = 0_usize;
    for parent in targets {
        let of_parent = &subjects[parent.table].traits[parent.column];
        if of_parent.digests.is_exact() {
            continue;
        }
        for (table, subject) in subjects.iter().enumerate() {
            for (column, of_child) in subject.traits.iter().enumerate() {
                let is_other = *parent != Place { table, column };
                if !is_other || !of_child.digests.is_exact() || !may_refer(of_child, of_parent) || asked > MOST_ASKED {
                    continue;
                }
                let known = of_child.digests.digests().map(|digest| of_parent.digests.contains(digest));
                let (mut compared, mut missing) = (0_usize, 0_usize);
                known.flatten().for_each(|found| {
                    compared += 1;
                    missing += usize::from(!found);
                });
                if missing as f64 <= compared as f64 * MOST_MISSING + 2.0 {
                    let unknown = of_child.digests.digests().filter(|digest| of_parent.digests.contains(*digest).is_none());
                    let digests = open.entry((parent.table, parent.column)).or_default();
                    let before = digests.len();
                    digests.extend(unknown);
                    asked += digests.len() - before;
                }
            }
        }
    }
    open.into_iter().map(|(place, digests)| (place, Sought::Some(digests))).collect()
}

/// Values of these kinds can be the same, and the child's lie where the parent's do.
fn may_refer(of_child: &Traits, of_parent: &Traits) -> bool {
    let is_comparable = matches!(
        (of_child.class, of_parent.class),
        (Class::Integer | Class::Digits, Class::Integer | Class::Digits)
            | (Class::Text | Class::Digits, Class::Text | Class::Digits)
            | (Class::Integer, Class::Text)
            | (Class::Time, Class::Time)
    );
    // The middle of a child's numbers lies between the ends of its parent's.
    let lies_within = match (of_parent.ends, of_child.numbers.get(of_child.numbers.len() / 2)) {
        (Some((least, most)), Some(middle)) if of_parent.class == Class::Integer && of_child.class == Class::Integer => {
            *middle >= least && *middle <= most
        }
        _ => true,
    };
    is_comparable && lies_within
}

fn inclusion(subjects: &[Subject<'_>], child: Place, parent: Place) -> Option<Inclusion> {
    let (of_child, of_parent) = (&subjects[child.table].traits[child.column], &subjects[parent.table].traits[parent.column]);
    if !may_refer(of_child, of_parent) {
        return None;
    }
    // Many different strays may stand in few rows.
    let rows = |holds: &dyn Fn(Option<bool>, Digest) -> bool| -> u64 {
        let counted = of_child.frequent.iter().filter(|(digest, _)| holds(of_parent.digests.contains(*digest), *digest));
        counted.map(|(_, count)| *count).sum()
    };
    let rows_found = rows(&|found, _| found == Some(true));
    let rows_of_none = rows(&|found, digest| found == Some(false) && SENTINELS.contains(&digest));
    let of_rows = rows_found as f64 / (of_child.filled() - rows_of_none).max(1) as f64;
    let found = match shared(&of_child.digests, &of_parent.digests) {
        Some(found) => found,
        None if of_rows >= LEAST_ROWS => {
            let compared = of_child.frequent.len();
            let missing = of_child.frequent.iter().filter(|(digest, _)| of_parent.digests.contains(*digest) == Some(false)).count();
            Shared { compared, missing, sentinels: 0, is_exact: false }
        }
        None => return None,
    };
    let of_values = 1.0 - found.missing as f64 / found.compared as f64;
    Some(Inclusion {
        child,
        parent,
        share: of_values.max(of_rows.min(1.0)),
        compared: found.compared,
        missing: found.missing,
        sentinels: found.sentinels,
        is_exact: found.is_exact,
    })
}

pub struct Shared {
    pub compared: usize,
    pub missing: usize,
    pub sentinels: usize,
    pub is_exact: bool,
}

/// None where too much is missing to be a reference.
pub fn shared(child: &Distinct, parent: &Distinct) -> Option<Shared> {
    let most = (child.count().min(20_000) as f64 * MOST_MISSING) as usize + 2;
    let Overlap { compared, missing, is_exact } = overlap(child, parent, most)?;
    let sentinels = missing.iter().filter(|digest| SENTINELS.contains(digest)).count();
    let (compared, missing) = (compared - sentinels, missing.len() - sentinels);
    // Of a handful of values, one that is missing is a large share and says little.
    let is_tiny = compared <= TINY && missing <= 1;
    let is_enough = compared > missing && (is_tiny || missing as f64 <= compared as f64 * MOST_MISSING);
    is_enough.then_some(Shared { compared, missing, sentinels, is_exact })
}
