//! Which keys stand beside which names, in one look at two columns of a table.

use std::collections::HashMap;

use super::super::super::sketch::{ByDigest, Digest, Distinct};
use super::super::rows::NULL;

/// Digests of keys that are kept of each name.
const KEPT: usize = 2_048;

/// Different keys of each name whose rows are counted.
const COUNTED: usize = 512;

pub struct Beside {
    /// That have a key, whatever stands beside it.
    pub rows: u64,
    by_name: HashMap<Digest, Keys, ByDigest>,
}

/// What stands beside one name.
pub struct Keys {
    pub rows: u64,
    pub different: Distinct,
    /// Those that came first.
    counts: HashMap<Digest, u64, ByDigest>,
}

impl Beside {
    /// Only these names are looked at; there are few of them.
    pub fn new(names: &[Digest]) -> Self {
        let none = |name: &Digest| (*name, Keys { rows: 0, different: Distinct::new(KEPT), counts: HashMap::default() });
        Self { rows: 0, by_name: names.iter().map(none).collect() }
    }

    pub fn add(&mut self, name: Digest, key: Digest) {
        if key == NULL {
            return;
        }
        self.rows += 1;
        if let Some(keys) = self.by_name.get_mut(&name) {
            keys.add(key);
        }
    }

    /// None where no key stands beside the name.
    pub fn keys(&self, name: Digest) -> Option<&Keys> {
        self.by_name.get(&name).filter(|keys| keys.rows > 0)
    }
}

impl Keys {
    fn add(&mut self, key: Digest) {
        self.rows += 1;
        self.different.add(key);
        let is_counted = self.counts.len() < COUNTED || self.counts.contains_key(&key);
        if is_counted {
            *self.counts.entry(key).or_default() += 1;
        }
    }

    /// Of all rows, at least this share has a key that is in `parent`.
    pub fn share_in(&self, parent: &Distinct) -> f64 {
        let found = self.counts.iter().filter(|(key, _)| parent.contains(**key) == Some(true));
        found.map(|(_, rows)| rows).sum::<u64>() as f64 / self.rows.max(1) as f64
    }
}
