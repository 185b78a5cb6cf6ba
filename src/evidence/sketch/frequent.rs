//! The most frequent values of a column, with a bounded number of counters.
//!
//! Invariant: a shown count is never more than the true one, and at most `missed` less; while nothing was given up it is the true one.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::distinct::{ByDigest, Digest};

pub struct Frequent<T> {
    /// Of each digest's counter.
    places: HashMap<Digest, usize, ByDigest>,
    counters: Vec<Counter<T>>,
    /// Values of counters that were given up, whose memory is used again.
    spare: Vec<T>,
    /// Counters at most.
    size: usize,
    missed: u64,
}

struct Counter<T> {
    digest: Digest,
    count: u64,
    value: T,
}

impl<T: Default + ToString> Frequent<T> {
    pub fn new(size: usize) -> Self {
        Self { places: HashMap::default(), counters: Vec::new(), spare: Vec::new(), size: size.max(2), missed: 0 }
    }

    /// The value is made only where it gets a counter, in place of one that has none any more.
    pub fn add(&mut self, digest: Digest, make: impl FnOnce(&mut T)) {
        if let Some(place) = self.places.get(&digest) {
            self.counters[*place].count += 1;
            return;
        }
        if self.counters.len() >= self.size {
            self.give_up();
        }
        let mut value = self.spare.pop().unwrap_or_default();
        make(&mut value);
        self.places.insert(digest, self.counters.len());
        self.counters.push(Counter { digest, count: 1, value });
    }

    /// The most frequent first, those of one count in the order of their texts.
    pub fn top(&self, count: usize) -> Vec<(&T, u64)> {
        let mut all: Vec<(&T, u64)> = self.counters.iter().map(|counter| (&counter.value, counter.count)).collect();
        all.sort_by_cached_key(|(value, count)| (Reverse(*count), value.to_string()));
        all.truncate(count);
        all
    }

    /// Whether any value was seen twice since its counter began.
    pub fn has_twice(&self) -> bool {
        self.counters.iter().any(|counter| counter.count > 1)
    }

    /// Of each value that has a counter, by its digest.
    pub fn counts(&self) -> impl Iterator<Item = (Digest, u64)> {
        self.counters.iter().map(|counter| (counter.digest, counter.count))
    }

    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// All that take memory.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.counters.iter().map(|counter| &counter.value).chain(&self.spare)
    }

    /// The less frequent half gives way, and what its most frequent had is taken from all.
    fn give_up(&mut self) {
        let mut counts: Vec<u64> = self.counters.iter().map(|counter| counter.count).collect();
        let middle = counts.len() / 2;
        let (_, least, _) = counts.select_nth_unstable(middle);
        let least = *least;
        self.missed += least;
        self.places.clear();
        let mut place = 0;
        while let Some(counter) = self.counters.get_mut(place) {
            counter.count = counter.count.saturating_sub(least);
            if counter.count > 0 {
                self.places.insert(counter.digest, place);
                place += 1;
            } else {
                self.spare.push(self.counters.swap_remove(place).value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_values_are_found_among_many_and_counts_are_never_too_high() {
        let mut frequent = Frequent::new(64);
        for turn in 0..30_000_u64 {
            frequent.add(turn + 1_000, |value| *value = "rare");
            if turn % 3 == 0 {
                frequent.add(1, |value| *value = "a third");
            }
            if turn % 10 == 0 {
                frequent.add(2, |value| *value = "a tenth");
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
        (0..1_000_u64).for_each(|turn| frequent.add(turn % 60, |value| *value = turn % 60));
        assert_eq!((frequent.missed(), frequent.top(1)[0].1, frequent.top(100).len()), (0, 17, 60));
    }
}
