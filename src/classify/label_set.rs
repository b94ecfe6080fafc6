//! Label sets, one behind the other in as few allocations as hold them all: a scanner brings one with every line, and most
//! are met once.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

use rustc_hash::FxBuildHasher;

use super::by_class::ClassId;

/// A class with the values of those of its labels that somebody reads.
#[derive(Clone, Copy)]
pub struct LabelSet<'a> {
    pub class: ClassId,
    /// Of the class and the values.
    hash: u64,
    /// By the index of the label in the class.
    ends: &'a [End],
    /// The values, one behind the other.
    text: &'a str,
}

/// Where a label's value ends in the text, in bytes, times two; it begins where the one before ends. One more if there is a
/// value at all: the event may not carry the label, or nobody read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End(u32);

impl End {
    fn new(at: usize, is_present: bool) -> Self {
        End((at as u32) << 1 | u32::from(is_present))
    }

    fn at(self) -> usize {
        (self.0 >> 1) as usize
    }

    fn is_present(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Label sets by index.
#[derive(Clone, Debug, Default)]
pub struct LabelSets {
    sets: Vec<Place>,
    ends: Vec<End>,
    text: String,
}

/// Where a label set is: behind the one before it.
#[derive(Clone, Copy, Debug)]
struct Place {
    class: ClassId,
    hash: u64,
    ends_until: usize,
    text_until: usize,
}

impl<'a> LabelSet<'a> {
    /// The value of the label with this index; `None` where the event does not carry it, or nobody reads it.
    pub fn value(&self, label: usize) -> Option<&'a str> {
        let start = label.checked_sub(1).map_or(0, |before| self.ends[before].at());
        let end = self.ends[label];
        end.is_present().then(|| &self.text[start..end.at()])
    }

    /// The values of all labels of the class.
    pub fn values(&self) -> impl ExactSizeIterator<Item = Option<&'a str>> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let value = &self.text[start..end.at()];
            start = end.at();
            end.is_present().then_some(value)
        })
    }

    /// The hash of class and values.
    pub fn hash(&self) -> u64 {
        self.hash
    }
}

impl PartialEq for LabelSet<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.hash, self.class, self.text, self.ends) == (other.hash, other.class, other.text, other.ends)
    }
}

impl Eq for LabelSet<'_> {}

impl fmt::Debug for LabelSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabelSet")
            .field("class", &self.class)
            .field("values", &self.values().collect::<Vec<_>>())
            .finish()
    }
}

impl LabelSets {
    /// Adds the label set of a class with these values, one for each of the class's labels; its index.
    pub fn push<T: AsRef<str>>(&mut self, class: ClassId, values: impl IntoIterator<Item = Option<T>>) -> u32 {
        let (ends, start) = (self.ends.len(), self.text.len());
        for value in values {
            value.iter().for_each(|value| self.text.push_str(value.as_ref()));
            self.ends.push(End::new(self.text.len() - start, value.is_some()));
        }
        let added = LabelSet { class, hash: 0, ends: &self.ends[ends..], text: &self.text[start..] };
        let hash = hash_of(class, added.values());
        self.place(class, hash)
    }

    /// Adds a label set of elsewhere; its index.
    pub fn copy(&mut self, set: LabelSet<'_>) -> u32 {
        self.text.push_str(set.text);
        self.ends.extend_from_slice(set.ends);
        self.place(set.class, set.hash)
    }

    /// A class without any of its so many labels.
    pub fn unlabelled(class: ClassId, labels: usize) -> Self {
        let mut sets = LabelSets::default();
        sets.push(class, std::iter::repeat_n(None::<&str>, labels));
        sets
    }

    fn place(&mut self, class: ClassId, hash: u64) -> u32 {
        let (ends_until, text_until) = (self.ends.len(), self.text.len());
        self.sets.push(Place { class, hash, ends_until, text_until });
        self.sets.len() as u32 - 1
    }

    pub fn get(&self, index: u32) -> LabelSet<'_> {
        let index = index as usize;
        let (ends, text) = index.checked_sub(1).map_or((0, 0), |before| {
            let before = &self.sets[before];
            (before.ends_until, before.text_until)
        });
        let Place { class, hash, ends_until, text_until } = self.sets[index];
        LabelSet { class, hash, ends: &self.ends[ends..ends_until], text: &self.text[text..text_until] }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = LabelSet<'_>> {
        (0..self.sets.len() as u32).map(|index| self.get(index))
    }

    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// Forgets all, but for the memory.
    pub fn clear(&mut self) {
        self.sets.clear();
        self.ends.clear();
        self.text.clear();
    }
}

/// The hash of a label set, which is also that of the class and all values as a tuple of owned ones.
fn hash_of<'a>(class: ClassId, values: impl ExactSizeIterator<Item = Option<&'a str>>) -> u64 {
    let mut hasher = FxBuildHasher.build_hasher();
    class.hash(&mut hasher);
    values.len().hash(&mut hasher);
    values.for_each(|value| value.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sets_are_what_was_put_in_and_equal_only_if_all_of_it_is(
            sets in prop::collection::vec(((0usize..2).prop_map(ClassId::of_any), prop::collection::vec(prop::option::of("[aé]{0,2}"), 3)), 1..20)
        ) {
            let (mut stored, mut copied) = (LabelSets::default(), LabelSets::default());
            for (class, values) in &sets {
                let index = stored.push(*class, values.iter().map(Option::as_deref));
                copied.copy(stored.get(index));
            }
            for (index, (class, values)) in (0..).zip(&sets) {
                let set = copied.get(index);
                prop_assert_eq!(set.class, *class);
                prop_assert!(set.values().eq(values.iter().map(Option::as_deref)));
                prop_assert!((0..values.len()).all(|label| set.value(label) == values[label].as_deref()));
                let owned: Box<[Option<Box<str>>]> = values.iter().map(|value| value.as_deref().map(Box::from)).collect();
                prop_assert_eq!(set.hash(), FxBuildHasher.hash_one((class, owned)));
                for (other, pair) in (0..).zip(&sets) {
                    prop_assert_eq!(set == stored.get(other), (class, values) == (&pair.0, &pair.1));
                }
            }
        }
    }
}
