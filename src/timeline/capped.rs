//! A map that keeps so many keys and no more: those with the smallest hashes, whichever came first (SEMANTICS 14).

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash};

use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by key, at most `limit` of them; the values of all other keys are joined in one.
#[derive(Clone, Debug)]
pub struct Capped<K, V> {
    kept: BTreeMap<(u64, K), usize>,
    /// `None` for a key that was pushed out: it never comes back.
    values: Vec<Option<V>>,
    limit: usize,
    /// What the keys that are not kept came to; `None` while all are.
    pub other: Option<V>,
}

/// The place of all keys that are not kept.
pub const OTHERS: Place = Place(None);

/// Where the value of a key is, for good: a key that is not kept, or is pushed out, has that of the others from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(Option<usize>);

impl<K: Hash + Ord, V: Default> Capped<K, V> {
    pub fn new(limit: usize) -> Self {
        Capped { kept: BTreeMap::new(), values: Vec::new(), limit, other: None }
    }

    /// The place of a key, which is kept if it can be; `join` adds a value that is pushed out to those of the others.
    pub fn place(&mut self, key: K, join: impl FnOnce(&mut V, V)) -> Place {
        let key = (FxBuildHasher.hash_one(&key), key);
        if let Some(at) = self.kept.get(&key) {
            return Place(Some(*at));
        }
        if self.kept.len() >= self.limit {
            if self.kept.last_key_value().is_none_or(|(last, _)| key > *last) {
                return Place(None);
            }
            if let Some(pushed_out) = self.kept.pop_last().and_then(|(_, at)| self.values[at].take()) {
                join(self.other.get_or_insert_default(), pushed_out);
            }
        }
        self.values.push(Some(V::default()));
        self.kept.insert(key, self.values.len() - 1);
        Place(Some(self.values.len() - 1))
    }

    /// Whether a key with this hash has no place of its own, so that it need not be made.
    pub fn is_beyond(&self, hash: u64) -> bool {
        let greatest = self.kept.last_key_value().filter(|_| self.kept.len() >= self.limit);
        greatest.is_some_and(|((greatest, _), _)| hash > *greatest)
    }

    /// The value at a place, which is that of the others if its key is not kept.
    pub fn at(&mut self, place: Place) -> &mut V {
        match place.0.and_then(|at| self.values[at].as_mut()) {
            Some(value) => value,
            None => self.other.get_or_insert_default(),
        }
    }

    /// The value at a place, if its key is kept.
    pub fn kept_at(&mut self, place: Place) -> Option<&mut V> {
        self.values[place.0?].as_mut()
    }

    pub fn get(&self, key: &K) -> Option<&V>
    where
        K: Clone,
    {
        self.values[*self.kept.get(&(FxBuildHasher.hash_one(key), key.clone()))?].as_ref()
    }

    /// All values, that of the keys that are not kept among them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.values.iter_mut().flatten().chain(&mut self.other)
    }

    /// The keys that are kept, with their values, in no telling order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.kept.iter().filter_map(|((_, key), at)| Some((key, self.values[*at].as_ref()?)))
    }
}

/// As the keys that are kept, with their values, and what the others came to. Places that were given out are of no use any more
/// once it is read again.
impl<K: Serialize, V: Serialize> Serialize for Capped<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kept = self.kept.iter().filter_map(|((_, key), at)| Some((key, self.values[*at].as_ref()?)));
        (self.limit, kept.collect::<Vec<_>>(), &self.other).serialize(serializer)
    }
}

impl<'de, K: Deserialize<'de> + Hash + Ord, V: Deserialize<'de>> Deserialize<'de> for Capped<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (limit, all, other): (usize, Vec<(K, V)>, Option<V>) = Deserialize::deserialize(deserializer)?;
        let mut capped = Capped { kept: BTreeMap::new(), values: Vec::with_capacity(all.len()), limit, other };
        for (key, value) in all {
            capped.kept.insert((FxBuildHasher.hash_one(&key), key), capped.values.len());
            capped.values.push(Some(value));
        }
        Ok(capped)
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
                let mut places = BTreeMap::new();
                for key in keys {
                    // Places are asked for once, and good for ever.
                    let place = *places.entry(*key).or_insert_with(|| capped.place(*key, |other, pushed_out| *other += pushed_out));
                    *capped.at(place) += 1;
                    let kept = capped.get(key).copied();
                    assert_eq!(capped.kept_at(place).copied(), kept);
                    assert!(!capped.is_beyond(FxBuildHasher.hash_one(key)) || kept.is_none());
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
