//! A sample of fixed size in which each value stands with the same chance; the same values in the same order give the same sample.

pub struct Reservoir<T> {
    kept: Vec<T>,
    size: usize,
    seen: u64,
    /// The place of the next value that is taken; those in between cost nothing.
    next: u64,
    /// The highest lot among the kept, had each value drawn one and the lowest been kept.
    highest: f64,
    random: u64,
}

impl<T> Reservoir<T> {
    pub fn new(size: usize) -> Self {
        Self { kept: Vec::new(), size: size.max(1), seen: 0, next: 0, highest: 1.0, random: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The value is made only where it is taken.
    pub fn offer(&mut self, value: impl FnOnce() -> T) {
        let place = self.seen;
        self.seen += 1;
        if self.kept.len() < self.size {
            self.kept.push(value());
            if self.kept.len() == self.size {
                self.plan(place);
            }
        } else if place == self.next {
            let slot = (self.lot() * self.size as f64) as usize;
            self.kept[slot.min(self.size - 1)] = value();
            self.plan(place);
        }
    }

    pub fn values(&self) -> &[T] {
        &self.kept
    }

    /// Whether every value that was offered is in it.
    pub fn is_whole(&self) -> bool {
        self.seen == self.kept.len() as u64
    }

    /// Draws how many values are passed over before the next is taken.
    fn plan(&mut self, place: u64) {
        self.highest *= (self.lot().ln() / self.size as f64).exp();
        let passed_over = (self.lot().ln() / (-self.highest).ln_1p()).floor();
        self.next = place.saturating_add(1).saturating_add(passed_over as u64);
    }

    /// Above 0 and at most 1. Xorshift: not for secrets.
    fn lot(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        ((self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) + 1) as f64 / 2.0_f64.powi(53)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_the_same_chance() {
        let mut early = 0;
        let mut reservoir = Reservoir::new(1_000);
        (0..100_000).for_each(|value| reservoir.offer(|| value));
        early += reservoir.values().iter().filter(|value| **value < 50_000).count();
        assert!((430..570).contains(&early), "{early} of 1,000 from the first half");
        assert!(!reservoir.is_whole() && reservoir.values().len() == 1_000);
    }
}
