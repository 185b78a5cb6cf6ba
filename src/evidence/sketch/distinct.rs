//! How many different values there are, and which share of one column's values another holds, from digests of values.
//!
//! Invariant: all digests below a bound are kept, and none at or above it. While nothing was dropped the bound is open and counts are exact;
//! afterwards the kept ones are a fair sample of all values, the same one in every column: that is what makes columns comparable.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// A digest of 64 bits; two values with the same one count as one.
pub type Digest = u64;

#[derive(Clone)]
pub struct Distinct {
    /// At least so many digests are kept once there were more.
    size: usize,
    kept: HashSet<Digest, ByDigest>,
    below: Option<Digest>,
}

/// What share of a column's different values stands in another column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Containment {
    pub share: f64,
    /// The share lies between these, in 99 of 100 cases; both are the share where it is exact.
    pub low: f64,
    pub high: f64,
    /// Values of the child that were compared.
    pub compared: usize,
    pub is_exact: bool,
}

impl Distinct {
    pub fn new(size: usize) -> Self {
        Self { size: size.max(16), kept: HashSet::default(), below: None }
    }

    pub fn add(&mut self, digest: Digest) {
        if self.below.is_none_or(|below| digest < below) && self.kept.insert(digest) && self.kept.len() >= self.size / 4 * 7 {
            self.halve();
        }
    }

    pub fn count(&self) -> u64 {
        match self.below {
            None => self.kept.len() as u64,
            Some(below) => (self.kept.len() as f64 / share_of_all(below)).round() as u64,
        }
    }

    pub fn is_exact(&self) -> bool {
        self.below.is_none()
    }

    /// Of the count, relative; zero where it is exact.
    pub fn standard_error(&self) -> f64 {
        if self.is_exact() { 0.0 } else { 1.0 / (self.kept.len() as f64).sqrt() }
    }

    /// Of the values that were kept: all of them where the count is exact.
    pub fn digests(&self) -> impl Iterator<Item = Digest> {
        self.kept.iter().copied()
    }

    /// None where it cannot be known.
    pub fn contains(&self, digest: Digest) -> Option<bool> {
        let is_kept = self.kept.contains(&digest);
        (is_kept || self.below.is_none_or(|below| digest < below)).then_some(is_kept)
    }

    pub fn bytes(&self) -> usize {
        self.kept.capacity() * 8 / 7 * 9
    }

    fn halve(&mut self) {
        let mut all: Vec<Digest> = self.kept.drain().collect();
        let (_, below, _) = all.select_nth_unstable(self.size);
        let below = *below;
        self.below = Some(below);
        self.kept.extend(all.into_iter().filter(|digest| *digest < below));
    }
}

/// None where no value of the child could be compared: it has none, or the parent has so many that the samples do not meet.
pub fn containment(child: &Distinct, parent: &Distinct) -> Option<Containment> {
    let both_know = |digest: &&Digest| parent.below.is_none_or(|below| **digest < below);
    let (mut compared, mut found) = (0_usize, 0_usize);
    for digest in child.kept.iter().filter(both_know) {
        compared += 1;
        found += usize::from(parent.kept.contains(digest));
    }
    if compared == 0 {
        return None;
    }
    let share = found as f64 / compared as f64;
    let is_exact = compared as u64 == child.count() && child.is_exact();
    let (low, high) = if is_exact { (share, share) } else { bounds(share, compared as f64) };
    Some(Containment { share, low, high, compared, is_exact })
}

/// Of the child's values that could be compared: how many the parent has, and the others as far as they were looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlap {
    pub compared: usize,
    pub missing: Vec<Digest>,
    /// Every value of the child was compared.
    pub is_exact: bool,
}

impl Overlap {
    pub fn share(&self) -> f64 {
        1.0 - self.missing.len() as f64 / self.compared.max(1) as f64
    }
}

/// None where no value could be compared, or where more than `most_missing` of them are missing.
pub fn overlap(child: &Distinct, parent: &Distinct, most_missing: usize) -> Option<Overlap> {
    let mut overlap = Overlap { is_exact: child.is_exact() && parent.is_exact(), ..Overlap::default() };
    for digest in child.kept.iter().filter(|digest| parent.below.is_none_or(|below| **digest < below)) {
        overlap.compared += 1;
        if !parent.kept.contains(digest) {
            overlap.missing.push(*digest);
            if overlap.missing.len() > most_missing {
                return None;
            }
        }
    }
    (overlap.compared > 0).then_some(overlap)
}

/// Wilson's interval, which stays within 0 to 1 and holds for shares at either end.
fn bounds(share: f64, compared: f64) -> (f64, f64) {
    const Z: f64 = 2.576;
    let middle = share + Z * Z / (2.0 * compared);
    let reach = Z * (share * (1.0 - share) / compared + Z * Z / (4.0 * compared * compared)).sqrt();
    let whole = 1.0 + Z * Z / compared;
    (((middle - reach) / whole).max(0.0), ((middle + reach) / whole).min(1.0))
}

fn share_of_all(below: Digest) -> f64 {
    below as f64 / 2.0_f64.powi(64)
}

/// Tables by digest need no hash of their own.
pub type ByDigest = BuildHasherDefault<Spread>;

/// Digests are even already, but the kept ones are small and have no high bits, in which a table looks first.
#[derive(Default)]
pub struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 << 8 | u64::from(*byte)));
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Distinct {
        let mut distinct = Distinct::new(2_048);
        values.into_iter().for_each(|value| distinct.add(xxh3_64(&value.to_le_bytes())));
        distinct
    }

    #[test]
    fn few_values_are_counted_and_many_estimated_within_the_error_that_is_told() {
        let few = of((0..30_000).map(|value| value % 3_000));
        assert_eq!((few.count(), few.is_exact(), few.standard_error()), (3_000, true, 0.0));
        for count in [4_000_u64, 50_000, 400_000] {
            let many = of((0..count).chain(0..count / 2));
            let off = (many.count() as f64 / count as f64 - 1.0).abs();
            assert!(!many.is_exact() && off < 3.0 * many.standard_error() && many.standard_error() < 0.023, "{count}: {off}");
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_number_of_values() {
        let full = of(0..10_000);
        assert_eq!(of(0..300_000).bytes(), full.bytes());
        assert!(full.bytes() < 45_000, "{}", full.bytes());
    }

    #[test]
    fn containment_is_exact_for_few_values_and_within_its_bounds_for_many() {
        // Children of `count` values of which the first `inside` stand in a parent of `parents`.
        let check = |count: u64, inside: u64, parents: u64| {
            let child = of((0..inside).chain(10_000_000..10_000_000 + count - inside));
            let found = containment(&child, &of(0..parents)).unwrap_or_else(|| panic!("{count} {parents} do not meet"));
            let truth = inside as f64 / count as f64;
            assert!((found.low..=found.high).contains(&truth), "{count} {inside} {parents}: {found:?}");
            found
        };
        for (count, inside, parents) in [(100, 100, 500), (2_000, 1_900, 2_000), (3, 0, 1_000)] {
            let found = check(count, inside, parents);
            assert!(found.is_exact && found.share == inside as f64 / count as f64, "{found:?}");
        }
        for (count, inside, parents) in
            [(100_000, 100_000, 100_000), (100_000, 95_000, 120_000), (60_000, 0, 60_000), (5_000, 5_000, 50_000)]
        {
            let found = check(count, inside, parents);
            assert!(!found.is_exact && found.high - found.low < 0.12, "{found:?}");
        }
        let outside = containment(&of(0..100_000), &of(0..50_000));
        assert!(outside.is_some_and(|found| found.high < 0.6), "{outside:?}");
        assert_eq!(containment(&of([]), &of(0..10)), None);
        assert_eq!(containment(&of(0..2), &of(2..2_000_000)), None, "two values do not meet a sample of one in a thousand");
    }
}
