//! The groups of one series, each with its windows: the most that are kept, found without a look at what they are called.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::series::GroupKey;
use super::slot::Slot;
use super::window::Reach;

/// Groups kept of one series; of more, those with the smallest hashes, the others together as [`OTHER`].
pub const MOST_GROUPS: usize = 1_000;
/// The group that takes the events of groups beyond [`MOST_GROUPS`].
pub const OTHER: &str = "(other)";

/// Where a group's slot may be found: it has to be looked at whether it still is that group's.
pub type Place = usize;

#[derive(Debug, Default)]
pub struct Groups {
    slots: Vec<Option<(GroupKey, Slot)>>,
    vacant: Vec<Place>,
    places: FxHashMap<GroupKey, Place>,
    /// The groups by hash, so that the one with the largest is known.
    ranked: BTreeSet<(u64, GroupKey)>,
    /// How often a group came or went.
    pub changes: u64,
}

impl Groups {
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn keys(&self) -> impl Iterator<Item = &GroupKey> {
        self.places.keys()
    }

    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().flatten().map(|(_, slot)| slot)
    }

    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().flatten().map(|(_, slot)| slot)
    }

    pub fn get(&self, group: &[Box<str>]) -> Option<&Slot> {
        // Without labels to group by there is but one.
        let place = if group.is_empty() { 0 } else { *self.places.get(group)? };
        self.slots.get(place)?.as_ref().map(|(_, slot)| slot)
    }

    /// The place of a group that is kept; `hint` is where it was the last time, and is brought up to date.
    pub fn find(&self, group: &GroupKey, hint: &std::cell::Cell<Place>) -> Option<Place> {
        if let Some(Some((key, _))) = self.slots.get(hint.get())
            && Arc::ptr_eq(key, group)
        {
            return Some(hint.get());
        }
        let place = *self.places.get(group)?;
        hint.set(place);
        Some(place)
    }

    /// The slot at a place that [`Groups::find`] or [`Groups::make`] just gave.
    pub fn at(&mut self, place: Place) -> Option<&mut Slot> {
        self.slots.get_mut(place)?.as_mut().map(|(_, slot)| slot)
    }

    /// The place of a group. When there are too many it is that of the others, unless the group's hash is smaller than
    /// that of a kept one, which then makes room. So the same groups are kept whichever came first.
    pub fn make(&mut self, group: &GroupKey, reaches: &[Reach]) -> Place {
        if let Some(place) = self.places.get(group) {
            return *place;
        }
        let rank = (FxBuildHasher.hash_one(group), Arc::clone(group));
        if self.ranked.len() >= MOST_GROUPS {
            match self.ranked.last() {
                Some(last) if rank < *last => {
                    if let Some((_, largest)) = self.ranked.pop_last() {
                        self.remove(&largest);
                    }
                }
                _ => {
                    let others: GroupKey = vec![Box::from(OTHER); group.len()].into();
                    return self.places.get(&others).copied().unwrap_or_else(|| self.insert(others, reaches));
                }
            }
        }
        self.ranked.insert(rank);
        self.insert(Arc::clone(group), reaches)
    }

    /// Moves all windows to a tick, and forgets groups that have left every window, unless they are to be `kept`.
    pub fn slide(&mut self, tick: i64, kept: bool) {
        for place in 0..self.slots.len() {
            let Some((key, slot)) = &mut self.slots[place] else { continue };
            slot.windows.iter_mut().for_each(|window| window.slide(tick));
            if !kept && slot.is_idle() {
                let key = Arc::clone(key);
                self.ranked.remove(&(FxBuildHasher.hash_one(&key), Arc::clone(&key)));
                self.remove(&key);
            }
        }
    }

    fn insert(&mut self, group: GroupKey, reaches: &[Reach]) -> Place {
        let entry = Some((Arc::clone(&group), Slot::new(reaches)));
        let place = match self.vacant.pop() {
            Some(place) => {
                self.slots[place] = entry;
                place
            }
            None => {
                self.slots.push(entry);
                self.slots.len() - 1
            }
        };
        self.places.insert(group, place);
        self.changes += 1;
        place
    }

    fn remove(&mut self, group: &GroupKey) {
        let Some(place) = self.places.remove(group) else { return };
        self.slots[place] = None;
        self.vacant.push(place);
        self.changes += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: u32) -> GroupKey {
        Arc::new([number.to_string().into()])
    }

    proptest! {
        #[test]
        fn the_same_groups_are_kept_whichever_came_first(seed in any::<u64>()) {
            let mut numbers: Vec<u32> = (0..MOST_GROUPS as u32 + 50).collect();
            numbers.sort_by_key(|number| FxBuildHasher.hash_one((seed, number)));
            let kept = |numbers: &[u32]| {
                let mut groups = Groups::default();
                numbers.iter().for_each(|number| { groups.make(&key(*number), &[]); });
                groups.keys().cloned().collect::<BTreeSet<_>>()
            };
            let forwards = kept(&numbers);
            numbers.reverse();
            let backwards = kept(&numbers);
            let others = |groups: &BTreeSet<GroupKey>| groups.iter().filter(|key| &*key[0] != OTHER).cloned().collect::<Vec<_>>();
            prop_assert_eq!(others(&forwards), others(&backwards));
            prop_assert_eq!(others(&forwards).len(), MOST_GROUPS);
        }
    }

    #[test]
    fn a_hint_is_believed_only_while_it_holds() {
        let mut groups = Groups::default();
        let hint = std::cell::Cell::new(usize::MAX);
        assert_eq!(groups.find(&key(1), &hint), None);
        let place = groups.make(&key(1), &[]);
        assert_eq!((groups.find(&key(1), &hint), hint.get()), (Some(place), place));
        // Without a window nothing is in one.
        groups.slide(0, false);
        assert_eq!((groups.len(), groups.changes), (0, 2));
        assert_eq!(groups.make(&key(2), &[]), place);
        assert_eq!(groups.find(&key(1), &hint), None);
    }
}
