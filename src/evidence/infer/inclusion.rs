//! Which columns' values are found in which others: a gate, and nearly worthless as proof, because small numbers are found everywhere.

use std::sync::LazyLock;

use super::super::sketch::{Class, Digest, Distinct, Overlap, digest_of, overlap};
use super::subject::{Place, Subject};
use crate::domain::Cell;

/// More than this share of values missing is no reference, however dirty the data.
const MOST_MISSING: f64 = 0.2;

/// A column of which so many rows are found may be a reference, whatever the others hold.
const LEAST_ROWS: f64 = 0.9;

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
pub fn inclusions(subjects: &[Subject<'_>], targets: &[Place]) -> Vec<Inclusion> {
    let mut found = Vec::new();
    for (table, subject) in subjects.iter().enumerate() {
        for column in 0..subject.traits.len() {
            let child = Place { table, column };
            found.extend(targets.iter().filter(|parent| **parent != child).filter_map(|parent| inclusion(subjects, child, *parent)));
        }
    }
    found
}

fn inclusion(subjects: &[Subject<'_>], child: Place, parent: Place) -> Option<Inclusion> {
    let (of_child, of_parent) = (&subjects[child.table].traits[child.column], &subjects[parent.table].traits[parent.column]);
    let is_comparable = matches!(
        (of_child.class, of_parent.class),
        (Class::Integer | Class::Digits, Class::Integer | Class::Digits)
            | (Class::Text | Class::Digits, Class::Text | Class::Digits)
            | (Class::Integer, Class::Text)
            | (Class::Time, Class::Time)
    );
    if !is_comparable {
        return None;
    }
    // The middle of a child's numbers lies between the ends of its parent's.
    if let (Some((least, most)), false) = (of_parent.ends, of_child.numbers.is_empty()) {
        let middle = of_child.numbers[of_child.numbers.len() / 2];
        if of_parent.class == Class::Integer && of_child.class == Class::Integer && (middle < least || middle > most) {
            return None;
        }
    }
    // Many different strays may stand in few rows.
    let rows_found: u64 =
        of_child.frequent.iter().filter(|(digest, _)| of_parent.digests.contains(*digest) == Some(true)).map(|(_, count)| *count).sum();
    let of_rows = rows_found as f64 / of_child.filled().max(1) as f64;
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
    let is_enough = compared > 0 && missing as f64 <= compared as f64 * MOST_MISSING;
    is_enough.then_some(Shared { compared, missing, sentinels, is_exact })
}
