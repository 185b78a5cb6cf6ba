//! Combinations of columns: which identify a row where no single column does, and which are found together in another table's key.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::sketch::Class;
use super::inclusion::Inclusion;
use super::rows::{FirstRows, Tuples};
use super::subject::{Place, Subject};

/// Columns of a table that are combined.
const MOST_COLUMNS: usize = 12;

const MOST_PARTS: usize = 4;

/// Combinations of columns of one child that are tried against one key.
const MOST_PAIRINGS: usize = 8;

/// Combinations without a smaller one that identifies; those that the first rows or `refuted` rule out are left out.
pub fn possible_keys(subject: &Subject<'_>, refuted: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let is_plausible = |column: &usize| {
        let traits = &subject.traits[*column];
        let is_kind = !matches!(traits.class, Class::Nothing | Class::Fraction | Class::Other);
        is_kind && traits.nulls == 0 && traits.distinct > 1 && traits.all_different != Some(true) && traits.prose < 0.5
    };
    let columns: Vec<usize> = (0..subject.traits.len()).filter(is_plausible).take(MOST_COLUMNS).collect();
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut level: Vec<Vec<usize>> = columns.iter().map(|column| vec![*column]).collect();
    for _ in 1..MOST_PARTS {
        let mut next = Vec::new();
        for parts in &level {
            for column in columns.iter().filter(|column| **column > parts[parts.len() - 1]) {
                let combined: Vec<usize> = parts.iter().copied().chain([*column]).collect();
                if found.iter().any(|key| key.iter().all(|part| combined.contains(part))) {
                    continue;
                }
                // The product of the parts' different values bounds how many rows they can tell apart.
                let most: f64 = combined.iter().map(|part| subject.traits[*part].distinct as f64).product();
                let may_identify = most >= subject.rows as f64 && !refuted.contains(&combined) && identifies(&subject.first, &combined);
                if may_identify { found.push(combined) } else { next.push(combined) }
            }
        }
        level = next;
    }
    found
}

/// The first columns of a table that all seem to refer, or of which the first alone does not identify: a bridge or a part of something,
/// even where chance makes fewer of them unique.
pub fn leading_keys(subject: &Subject<'_>, refers: &dyn Fn(usize) -> f64) -> Vec<Vec<usize>> {
    let is_filled = |column: &usize| subject.traits[*column].nulls == 0 && subject.traits[*column].filled() > 0;
    let leading = (0..subject.traits.len().min(MOST_PARTS)).take_while(is_filled).count();
    (2..=leading)
        .map(|count| (0..count).collect::<Vec<usize>>())
        .filter(|columns| {
            let all_refer = columns.iter().all(|column| refers(*column) > 0.5);
            let has_unique = columns.iter().any(|column| subject.traits[*column].all_different == Some(true));
            has_unique && (all_refer || refers(0) > 0.5 && subject.traits[0].all_different == Some(false) && columns.len() == 2)
        })
        .collect()
}

/// Columns that refer together stand in a key together, even where fewer of them would identify.
pub fn completed(subject: &Subject<'_>, keys: &[Vec<usize>], together: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    for key in keys {
        let mut whole = key.clone();
        for columns in together {
            let is_filled = columns.iter().all(|column| subject.traits[*column].nulls == 0);
            if is_filled && columns.iter().any(|column| key.contains(column)) {
                whole.extend(columns);
            }
        }
        whole.sort_unstable();
        whole.dedup();
        if whole.len() > key.len() && whole.len() <= MOST_PARTS + 1 {
            found.push(whole);
        }
    }
    found
}

fn identifies(first: &FirstRows, columns: &[usize]) -> bool {
    first.tuples(columns, Tuples::of_key()).all_different != Some(false)
}

/// Columns of one table that may together refer to another's key, paired with the key's parts in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    pub child: usize,
    pub columns: Vec<usize>,
    pub parent: usize,
    pub key: Vec<usize>,
}

/// Columns that are found in parts of keys: by the part, then by the table.
#[derive(Default)]
pub struct Parts(HashMap<Place, BTreeMap<usize, Vec<usize>>>);

impl Parts {
    /// Of each part of a key, what is found in it but for a few values.
    pub fn of(inclusions: impl Iterator<Item = Inclusion>) -> Self {
        let mut parts = Self::default();
        for Inclusion { child, parent, .. } in inclusions.filter(|inclusion| inclusion.share >= 0.9) {
            parts.0.entry(parent).or_default().entry(child.table).or_default().push(child.column);
        }
        parts
    }

    /// Tables that have something of this part.
    fn tables(&self, part: Place) -> impl Iterator<Item = usize> {
        self.0.get(&part).into_iter().flat_map(|tables| tables.keys().copied())
    }

    fn columns(&self, part: Place, table: usize) -> &[usize] {
        self.0.get(&part).and_then(|tables| tables.get(&table)).map_or(&[], Vec::as_slice)
    }
}

/// Best first by `liking` of the single pairs.
pub fn pairings(parent: usize, key: &[usize], parts: &Parts, liking: &dyn Fn(Place, Place) -> f64) -> Vec<Pairing> {
    let part_at = |column: usize| Place { table: parent, column };
    // A table may stand for a part of its own key.
    let children: BTreeSet<usize> = parts.tables(part_at(key[0])).chain([parent]).collect();
    let mut found = Vec::new();
    for child in children {
        let choices: Vec<Vec<usize>> = key
            .iter()
            .map(|part| {
                let at = part_at(*part);
                let own = (child == parent).then_some(*part);
                let mut columns: Vec<usize> = parts.columns(at, child).iter().copied().chain(own).collect();
                columns.sort_by(|left, right| {
                    let like = |column: &usize| liking(Place { table: child, column: *column }, at);
                    like(right).total_cmp(&like(left)).then(left.cmp(right))
                });
                columns.truncate(4);
                columns
            })
            .collect();
        let mut combined: Vec<Vec<usize>> = vec![Vec::new()];
        for columns in &choices {
            combined = combined
                .iter()
                .flat_map(|before| {
                    columns.iter().filter(|column| !before.contains(column)).map(|column| [before.as_slice(), &[*column]].concat())
                })
                .collect();
        }
        // A key refers to nothing by itself.
        combined.retain(|columns| child != parent || columns.iter().zip(key).any(|(column, part)| column != part));
        let sum = |columns: &Vec<usize>| -> f64 {
            let pair =
                |(column, part): (&usize, &usize)| liking(Place { table: child, column: *column }, Place { table: parent, column: *part });
            columns.iter().zip(key).map(pair).sum()
        };
        combined.sort_by(|left, right| sum(right).total_cmp(&sum(left)).then_with(|| left.cmp(right)));
        combined.truncate(MOST_PAIRINGS);
        found.extend(combined.into_iter().map(|columns| Pairing { child, columns, parent, key: key.to_vec() }));
    }
    found
}
