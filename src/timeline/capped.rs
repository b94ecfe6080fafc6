//! A map that keeps so many keys and no more: those with the smallest hashes, whichever came first (SEMANTICS 14).

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash};

use rustc_hash::FxBuildHasher;

/// Values by key, at most `limit` of them; the values of all other keys are joined in one.
#[derive(Clone, Debug)]
pub struct Capped<K, V> {
    kept: BTreeMap<(u64, K), V>,
    limit: usize,
    /// What the keys that are not kept came to; `None` while all are.
    pub other: Option<V>,
}

impl<K: Hash + Ord, V: Default> Capped<K, V> {
    pub fn new(limit: usize) -> Self {
        Capped { kept: BTreeMap::new(), limit, other: None }
    }

    /// The value of a key, or that of the others if it is not kept; `join` adds a value that is pushed out to theirs.
    pub fn entry(&mut self, key: K, join: impl FnOnce(&mut V, V)) -> &mut V {
        let key = (FxBuildHasher.hash_one(&key), key);
        if self.kept.len() >= self.limit && !self.kept.contains_key(&key) {
            if self.kept.last_key_value().is_none_or(|(last, _)| key > *last) {
                return self.other.get_or_insert_default();
            }
            if let Some((_, pushed_out)) = self.kept.pop_last() {
                join(self.other.get_or_insert_default(), pushed_out);
            }
        }
        self.kept.entry(key).or_default()
    }

    pub fn get(&self, key: &K) -> Option<&V>
    where
        K: Clone,
    {
        self.kept.get(&(FxBuildHasher.hash_one(key), key.clone()))
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V>
    where
        K: Clone,
    {
        self.kept.get_mut(&(FxBuildHasher.hash_one(key), key.clone()))
    }

    /// The keys that are kept, with their values, in no telling order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.kept.iter().map(|((_, key), value)| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(mut keys in prop::collection::vec(0u32..40, 0..80)) {
            let count = |keys: &[u32]| {
                let mut capped: Capped<u32, u64> = Capped::new(8);
                for key in keys {
                    *capped.entry(*key, |other, pushed_out| *other += pushed_out) += 1;
                }
                let kept: BTreeMap<u32, u64> = capped.iter().map(|(key, count)| (*key, *count)).collect();
                (kept, capped.other)
            };
            let forwards = count(&keys);
            keys.reverse();
            let (kept, other) = count(&keys);
            prop_assert!(kept.len() <= 8);
            prop_assert_eq!(kept.values().sum::<u64>() + other.unwrap_or(0), keys.len() as u64);
            prop_assert_eq!(forwards, (kept, other));
        }
    }
}
