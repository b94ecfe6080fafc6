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

    /// The hash of its values.
    pub fn hash(&self) -> u64 {
        self.hash
    }
}

/// The group of an event, which needs no key of its own unless it is kept.
#[derive(Clone, Copy, Debug)]
pub struct GroupOf<'a> {
    hash: u64,
    by: &'a [usize],
    labels: LabelSet<'a>,
}

impl<'a> GroupOf<'a> {
    /// `None` when the event lacks one of the labels in `by`.
    pub fn new(by: &'a [usize], labels: LabelSet<'a>) -> Option<Self> {
        let mut hasher = FxBuildHasher.build_hasher();
        by.len().hash(&mut hasher);
        for label in by {
            labels.value(*label)?.hash(&mut hasher);
        }
        Some(GroupOf { hash: hasher.finish(), by, labels })
    }

    /// The same again, whose hash was worked out before.
    pub fn again(hash: u64, by: &'a [usize], labels: LabelSet<'a>) -> Self {
        GroupOf { hash, by, labels }
    }

    /// That of its key.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    pub fn key(&self) -> GroupKey {
        let values = self.by.iter().map(|label| Box::from(self.labels.value(*label).unwrap_or_default()));
        GroupKey { hash: self.hash, values: values.collect() }
    }

    pub fn is(&self, key: &GroupKey) -> bool {
        let values = || self.by.iter().map(|label| self.labels.value(*label));
        self.hash == key.hash && values().eq(key.values.iter().map(|value| Some(&**value)))
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
        self.hash == other.hash && (Arc::ptr_eq(&self.values, &other.values) || self.values == other.values)
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
        if Arc::ptr_eq(&self.values, &other.values) { Ordering::Equal } else { self.values.cmp(&other.values) }
    }
}

/// As its values.
impl serde::Serialize for GroupKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for GroupKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Box<str>>::deserialize(deserializer).map(GroupKey::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::{ClassId, LabelSets};

    #[test]
    fn keys_of_equal_values_are_equal_whichever_copy_they_are() {
        let key = |values: &[&str]| GroupKey::new(values.iter().map(|value| Box::from(*value)).collect::<Vec<_>>());
        let (a, b) = (key(&["GET", "/a"]), key(&["GET", "/a"]));
        assert!(a == b && a == a.clone() && a.hash() == b.hash());
        assert!(a < key(&["GET", "/b"]) && a != key(&["GET/", "a"]) && GroupKey::default() < a);
    }

    #[test]
    fn a_group_is_that_of_its_key_and_no_other() {
        let mut sets = LabelSets::default();
        sets.push(ClassId::of_any(7), [Some("GET"), None, Some("/a")]);
        let group = |by| GroupOf::new(by, sets.get(0));
        let key = GroupKey::new([Box::from("/a"), Box::from("GET")]);
        let found = group(&[2, 0]).expect("it has both labels");
        assert!(found.is(&key) && found.key() == key && found.hash() == key.hash() && found.key().hash() == key.hash());
        assert!(group(&[0, 2]).is_some_and(|other| !other.is(&key)) && group(&[0, 1]).is_none());
        assert!(group(&[]).is_some_and(|none| none.is(&GroupKey::default())));
    }
}
