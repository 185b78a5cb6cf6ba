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
    /// Digests that were looked for once more, and which of them were found.
    looked_for: Option<Box<LookedFor>>,
}

#[derive(Clone)]
struct LookedFor {
    digests: HashSet<Digest, ByDigest>,
    found: HashSet<Digest, ByDigest>,
}

impl Distinct {
    pub fn new(size: usize) -> Self {
        Self { size: size.max(16), kept: HashSet::default(), below: None, looked_for: None }
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

    /// None where it is not known.
    pub fn contains(&self, digest: Digest) -> Option<bool> {
        let is_kept = self.kept.contains(&digest);
        if is_kept || self.below.is_none_or(|below| digest < below) {
            return Some(is_kept);
        }
        let looked_for = self.looked_for.as_ref().filter(|looked_for| looked_for.digests.contains(&digest));
        looked_for.map(|looked_for| looked_for.found.contains(&digest))
    }

    /// Takes in what another reading found of these digests.
    pub fn learn(&mut self, digests: HashSet<Digest, ByDigest>, found: HashSet<Digest, ByDigest>) {
        self.looked_for = Some(Box::new(LookedFor { digests, found }));
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
    let mut overlap = Overlap::default();
    for digest in &child.kept {
        let Some(is_found) = parent.contains(*digest) else { continue };
        overlap.compared += 1;
        if !is_found {
            overlap.missing.push(*digest);
            if overlap.missing.len() > most_missing {
                return None;
            }
        }
    }
    overlap.is_exact = child.is_exact() && overlap.compared == child.kept.len();
    (overlap.compared > 0).then_some(overlap)
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
    fn overlap_is_exact_for_few_values_and_near_the_truth_for_many() {
        // Children of `count` values of which the first `inside` stand in a parent of `parents`.
        let found = |count: u64, inside: u64, parents: u64| {
            let child = of((0..inside).chain(10_000_000..10_000_000 + count - inside));
            let found = overlap(&child, &of(0..parents), usize::MAX).unwrap_or_else(|| panic!("{count} {parents} do not meet"));
            (found.is_exact, found.share())
        };
        assert_eq!(found(100, 100, 500), (true, 1.0));
        assert_eq!(found(2_000, 1_900, 2_000), (true, 0.95));
        assert_eq!(found(3, 0, 1_000), (true, 0.0));
        assert_eq!(found(100_000, 100_000, 100_000), (false, 1.0));
        assert_eq!(found(60_000, 0, 60_000), (false, 0.0));
        let (is_exact, share) = found(100_000, 95_000, 120_000);
        assert!(!is_exact && (share - 0.95).abs() < 0.03, "{share}");
        assert_eq!(overlap(&of(0..100), &of(0..50), 10), None, "more are missing than are looked at");
        assert_eq!(overlap(&of([]), &of(0..10), usize::MAX), None);
        assert_eq!(overlap(&of(0..2), &of(2..2_000_000), usize::MAX), None, "two values do not meet a sample of one in a thousand");
    }
}
