//! All inclusions between single columns: whose values are all found in which other column. Exact: what samples cannot settle is asked again.
//!
//! First every column keeps the smallest digests of its values, and a pair of which one such digest is missing is out; that leaves few pairs.
//! Of these, columns that kept all of their digests settle at once; the others are read again, for the digests that are in question.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::sketch::{ByDigest, Digest, Distinct, digest_of, overlap};
use crate::domain::Cell;

/// Digests that a column keeps at first.
const KEPT: usize = 1_024;

/// Digests of one column that are compared in full; of a column with more, inclusions are not known to be exact.
const MOST: usize = 20_000_000;

/// A column, by the places of its table and of itself.
pub type Place = (usize, usize);

/// What the first reading keeps of a column.
pub struct ColumnValues {
    distinct: Distinct,
    last: Option<Digest>,
}

/// What the second reading looks for in a column.
pub enum Sought {
    All,
    /// These alone, because no column in question holds others.
    Some(HashSet<Digest, ByDigest>),
}

/// What the second reading found in a column.
pub struct Gathered {
    sought: Sought,
    found: HashSet<Digest, ByDigest>,
    is_whole: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Included {
    pub child: Place,
    pub parent: Place,
    /// Every value was compared.
    pub is_exact: bool,
}

/// Pairs that may be inclusions, and what is left to read.
pub struct Candidates<'v> {
    columns: &'v BTreeMap<Place, ColumnValues>,
    pairs: Vec<(Place, Place)>,
}

impl Default for ColumnValues {
    fn default() -> Self {
        Self { distinct: Distinct::new(KEPT), last: None }
    }
}

impl ColumnValues {
    pub fn add(&mut self, cell: &Cell<'_>) {
        if cell.is_null() {
            return;
        }
        let digest = digest_of(cell);
        // Many columns repeat the value of the row before.
        if self.last.replace(digest) != Some(digest) {
            self.distinct.add(digest);
        }
    }
}

impl<'v> Candidates<'v> {
    /// Columns without a value are left out: they are in everything.
    pub fn among(columns: &'v BTreeMap<Place, ColumnValues>) -> Self {
        let filled = || columns.iter().filter(|(_, values)| values.distinct.count() > 0);
        let mut pairs = Vec::new();
        for (child, of_child) in filled() {
            let fits = |(parent, of_parent): &(&Place, &ColumnValues)| {
                child != *parent && overlap(&of_child.distinct, &of_parent.distinct, 0).is_some()
            };
            pairs.extend(filled().filter(fits).map(|(parent, _)| (*child, *parent)));
        }
        Self { columns, pairs }
    }

    /// Columns that are to be read again, and for what.
    pub fn sought(&self) -> BTreeMap<Place, Sought> {
        let is_exact = |place: &Place| self.columns[place].distinct.is_exact();
        let mut sought: BTreeMap<Place, Sought> = BTreeMap::new();
        for (child, parent) in &self.pairs {
            match (is_exact(child), is_exact(parent)) {
                (_, true) => {}
                (true, false) => {
                    if let Sought::Some(digests) = sought.entry(*parent).or_insert_with(|| Sought::Some(HashSet::default())) {
                        digests.extend(self.columns[child].distinct.digests());
                    }
                }
                (false, false) => {
                    sought.insert(*child, Sought::All);
                    sought.insert(*parent, Sought::All);
                }
            }
        }
        sought
    }

    /// In order of child and parent. What was not read again stays as the samples left it.
    pub fn settled(self, gathered: &BTreeMap<Place, Gathered>) -> BTreeSet<Included> {
        let mut settled = BTreeSet::new();
        for (child, parent) in &self.pairs {
            let (of_child, of_parent) = (&self.columns[child].distinct, &self.columns[parent].distinct);
            // More different values than the other has at all: the samples had already refused it.
            if of_child.is_exact() && of_parent.is_exact() {
                settled.insert(Included { child: *child, parent: *parent, is_exact: true });
                continue;
            }
            let found = gathered.get(parent).filter(|gathered| gathered.is_whole);
            let holds = match (of_child.is_exact(), gathered.get(child).filter(|gathered| gathered.is_whole), found) {
                (true, _, Some(found)) => Some(of_child.digests().all(|digest| found.found.contains(&digest))),
                (false, Some(own), Some(found)) => Some(own.found.is_subset(&found.found)),
                _ => None,
            };
            if holds != Some(false) {
                settled.insert(Included { child: *child, parent: *parent, is_exact: holds.is_some() });
            }
        }
        settled
    }
}

impl Gathered {
    pub fn new(sought: Sought) -> Self {
        Self { sought, found: HashSet::default(), is_whole: true }
    }

    pub fn add(&mut self, cell: &Cell<'_>) {
        if cell.is_null() || !self.is_whole {
            return;
        }
        let digest = digest_of(cell);
        if let Sought::Some(digests) = &self.sought
            && !digests.contains(&digest)
        {
            return;
        }
        self.found.insert(digest);
        if self.found.len() > MOST {
            self.is_whole = false;
            self.found = HashSet::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(columns: &[Vec<i64>]) -> Vec<(usize, usize, bool)> {
        let values = columns.iter().enumerate().map(|(at, numbers)| {
            let mut values = ColumnValues::default();
            numbers.iter().for_each(|number| values.add(&Cell::Integer(*number)));
            ((0, at), values)
        });
        let values: BTreeMap<Place, ColumnValues> = values.collect();
        let candidates = Candidates::among(&values);
        let gathered = candidates.sought().into_iter().map(|(place, sought)| {
            let mut gathered = Gathered::new(sought);
            columns[place.1].iter().for_each(|number| gathered.add(&Cell::Integer(*number)));
            (place, gathered)
        });
        let gathered = gathered.collect();
        candidates.settled(&gathered).into_iter().map(|one| (one.child.1, one.parent.1, one.is_exact)).collect()
    }

    #[test]
    fn inclusions_are_exact_whatever_the_size() {
        let upto = |end: i64| (1..=end).collect::<Vec<_>>();
        // Of 100,000 values one is strange: samples do not see it, the second reading does.
        let strange = [upto(100_000), vec![-1]].concat();
        let found = settle(&[upto(3), upto(50_000), upto(100_000), strange, vec![], vec![7, 7, 7]]);
        let expect = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (5, 1), (5, 2), (5, 3)];
        assert_eq!(found, expect.map(|(child, parent)| (child, parent, true)));
    }
}
