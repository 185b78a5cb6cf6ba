//! A sample of fixed size in which each value stands with the same chance; the same values in the same order give the same sample.

pub struct Reservoir<T> {
    kept: Vec<T>,
    size: usize,
    seen: u64,
    random: u64,
}

impl<T> Reservoir<T> {
    pub fn new(size: usize) -> Self {
        Self { kept: Vec::new(), size, seen: 0, random: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The value is made only where it is taken.
    pub fn offer(&mut self, value: impl FnOnce() -> T) {
        self.seen += 1;
        if self.kept.len() < self.size {
            self.kept.push(value());
            return;
        }
        let place = self.next() % self.seen;
        if let Some(slot) = usize::try_from(place).ok().and_then(|place| self.kept.get_mut(place)) {
            *slot = value();
        }
    }

    pub fn values(&self) -> &[T] {
        &self.kept
    }

    /// Whether every value that was offered is in it.
    pub fn is_whole(&self) -> bool {
        self.seen == self.kept.len() as u64
    }

    /// Xorshift: not for secrets.
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
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
