//! The most frequent values of a column, with a bounded number of counters.
//!
//! Invariant: a shown count is never more than the true one, and at most `missed` less; while nothing was given up it is the true one.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::distinct::{ByDigest, Digest};

pub struct Frequent<T> {
    counters: HashMap<Digest, (u64, T), ByDigest>,
    /// Counters at most.
    size: usize,
    missed: u64,
}

impl<T: ToString> Frequent<T> {
    pub fn new(size: usize) -> Self {
        Self { counters: HashMap::default(), size: size.max(2), missed: 0 }
    }

    /// The value is made only where it gets a counter.
    pub fn add(&mut self, digest: Digest, value: impl FnOnce() -> T) {
        if let Some((count, _)) = self.counters.get_mut(&digest) {
            *count += 1;
            return;
        }
        if self.counters.len() >= self.size {
            self.give_up();
        }
        self.counters.insert(digest, (1, value()));
    }

    /// The most frequent first, those of one count in the order of their texts.
    pub fn top(&self, count: usize) -> Vec<(&T, u64)> {
        let mut all: Vec<(&T, u64)> = self.counters.values().map(|(count, value)| (value, *count)).collect();
        all.sort_by_cached_key(|(value, count)| (Reverse(*count), value.to_string()));
        all.truncate(count);
        all
    }

    /// Of each value that has a counter, by its digest.
    pub fn counts(&self) -> impl Iterator<Item = (Digest, u64)> {
        self.counters.iter().map(|(digest, (count, _))| (*digest, *count))
    }

    pub fn missed(&self) -> u64 {
        self.missed
    }

    pub fn counters(&self) -> impl Iterator<Item = &T> {
        self.counters.values().map(|(_, value)| value)
    }

    /// The less frequent half gives way, and what its most frequent had is taken from all.
    fn give_up(&mut self) {
        let mut counts: Vec<u64> = self.counters.values().map(|(count, _)| *count).collect();
        let middle = counts.len() / 2;
        let (_, least, _) = counts.select_nth_unstable(middle);
        let least = *least;
        self.missed += least;
        self.counters.retain(|_, (count, _)| {
            *count = count.saturating_sub(least);
            *count > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_values_are_found_among_many_and_counts_are_never_too_high() {
        let mut frequent = Frequent::new(64);
        for turn in 0..30_000_u64 {
            frequent.add(turn + 1_000, || "rare");
            if turn % 3 == 0 {
                frequent.add(1, || "a third");
            }
            if turn % 10 == 0 {
                frequent.add(2, || "a tenth");
            }
        }
        let top = frequent.top(2);
        assert_eq!([top[0].0, top[1].0], [&"a third", &"a tenth"]);
        for ((_, count), truth) in top.iter().zip([10_000, 3_000]) {
            assert!(*count <= truth && *count + frequent.missed() >= truth, "{count} of {truth}, {} missed", frequent.missed());
        }
        assert!(frequent.counters.len() <= 64 && frequent.missed() < 1_400, "{}", frequent.missed());
    }

    #[test]
    fn few_values_are_counted_exactly() {
        let mut frequent = Frequent::new(64);
        (0..1_000_u64).for_each(|turn| frequent.add(turn % 60, || turn % 60));
        assert_eq!((frequent.missed(), frequent.top(1)[0].1, frequent.top(100).len()), (0, 17, 60));
    }
}
