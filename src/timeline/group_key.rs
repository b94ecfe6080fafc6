//! What tells the groups of a series apart.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use crate::classify::LabelSet;

/// The values of the labels a series is grouped by, in the order of `by`; empty for a series without groups. Keys are
/// looked up at every tick, so each carries its hash.
#[derive(Clone, Debug)]
pub struct GroupKey {
    hash: u64,
    values: Arc<[Box<str>]>,
}

impl GroupKey {
    pub fn new(values: impl Into<Arc<[Box<str>]>>) -> Self {
        let values = values.into();
        GroupKey { hash: FxBuildHasher.hash_one(&values), values }
    }

    /// The group of an event; `None` when it lacks one of the labels.
    pub fn of(by: &[usize], labels: &LabelSet) -> Option<Self> {
        let values = || by.iter().map(|index| &labels.values[*index]);
        if values().any(Option::is_none) {
            return None;
        }
        Some(GroupKey::new(values().map(|value| value.clone().unwrap_or_default()).collect::<Arc<[_]>>()))
    }

    /// The hash of its values.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether it is the same copy of the same key.
    pub fn is_copy_of(&self, other: &GroupKey) -> bool {
        Arc::ptr_eq(&self.values, &other.values)
    }
}

impl Default for GroupKey {
    fn default() -> Self {
        GroupKey::new([])
    }
}

impl Deref for GroupKey {
    type Target = [Box<str>];

    fn deref(&self) -> &[Box<str>] {
        &self.values
    }
}

impl PartialEq for GroupKey {
    fn eq(&self, other: &Self) -> bool {
        self.is_copy_of(other) || (self.hash == other.hash && self.values == other.values)
    }
}

impl Eq for GroupKey {}

impl Hash for GroupKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialOrd for GroupKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By the values, as they are listed in output.
impl Ord for GroupKey {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.is_copy_of(other) { Ordering::Equal } else { self.values.cmp(&other.values) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_equal_values_are_equal_whichever_copy_they_are() {
        let key = |values: &[&str]| GroupKey::new(values.iter().map(|value| Box::from(*value)).collect::<Vec<_>>());
        let (a, b) = (key(&["GET", "/a"]), key(&["GET", "/a"]));
        assert!(a == b && !a.is_copy_of(&b) && a.hash() == b.hash() && a.is_copy_of(&a.clone()));
        assert!(a < key(&["GET", "/b"]) && a != key(&["GET/", "a"]) && GroupKey::default() < a);
    }
}
