//! The groups of one series, each with its windows: the most that are kept, found without a look at what they are called.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::group_key::GroupKey;
use super::slot::Slot;
use super::tally::{Tally, minute};
use super::window::Reach;

/// Groups kept of one series; of more, those with the smallest hashes, the others together as [`OTHER`].
pub const MOST_GROUPS: usize = 1_000;
/// The group that takes the events of groups that are kept.
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
    /// Where [`OTHER`] is, if anything went into it.
    others: Option<Place>,
    /// How often a group came or went.
    pub changes: u64,
    /// Whether slots have tallies.
    pub has_tallies: bool,
    /// The tallies of groups that are in no window: a test goes on where it was when the group comes back.
    resting: FxHashMap<GroupKey, Box<Tally>>,
    /// The last minute in which something was counted that is in no tally of its own group any more.
    missed: Option<i64>,
    /// Tallies that have had a number.
    numbered: u64,
    /// Where a tally without a number may be.
    unnumbered: Vec<Place>,
}

/// What is known of a group's counts since the deployment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tallied<'a> {
    pub tally: Option<&'a Tally>,
    /// Up to this minute something of it may have been counted elsewhere.
    pub missed: Option<i64>,
}

impl Groups {
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn keys(&self) -> impl Iterator<Item = &GroupKey> {
        self.places.keys()
    }

    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().flatten().map(|(_, slot)| slot)
    }

    /// The place of a group that is kept; `hint` is where it was the last time, and is brought up to date.
    pub fn find(&self, group: &GroupKey, hint: &std::cell::Cell<Place>) -> Option<Place> {
        if let Some(Some((key, _))) = self.slots.get(hint.get())
            && key.is_copy_of(group)
        {
            return Some(hint.get());
        }
        let place = *self.places.get(group)?;
        hint.set(place);
        Some(place)
    }

    /// The place of a group that is kept, or of the only one without groups.
    pub fn place(&self, group: Option<&GroupKey>) -> Option<Place> {
        group.map_or(Some(0), |group| self.places.get(group).copied())
    }

    /// The slot at a place that was just given.
    pub fn at(&self, place: Place) -> Option<&Slot> {
        self.slots.get(place)?.as_ref().map(|(_, slot)| slot)
    }

    pub fn at_mut(&mut self, place: Place) -> Option<&mut Slot> {
        self.slots.get_mut(place)?.as_mut().map(|(_, slot)| slot)
    }

    /// The place of a group. When there are too many it is that of the others, unless the group's hash is smaller than
    /// that of a kept one, which then makes room. So the same groups are kept whichever came first.
    pub fn make(&mut self, group: &GroupKey, reaches: &[Reach]) -> Place {
        if let Some(place) = self.places.get(group) {
            return *place;
        }
        let rank = (group.hash(), group.clone());
        if self.ranked.len() >= MOST_GROUPS {
            match self.ranked.last() {
                Some(last) if rank < *last => {
                    if let Some((_, largest)) = self.ranked.pop_last() {
                        self.remove(&largest);
                    }
                }
                _ => {
                    return match self.others {
                        Some(others) => others,
                        None => {
                            let others = self.insert(GroupKey::new(vec![Box::from(OTHER); group.len()]), reaches);
                            *self.others.insert(others)
                        }
                    };
                }
            }
        }
        self.ranked.insert(rank);
        self.insert(group.clone(), reaches)
    }

    /// Moves all windows to a tick, and forgets groups that have left every window, unless they are to be `kept`. Gives
    /// the first tick at which something leaves a window next.
    pub fn slide(&mut self, tick: i64, kept: bool) -> i64 {
        let mut next = i64::MAX;
        for place in 0..self.slots.len() {
            let Some((key, slot)) = &mut self.slots[place] else { continue };
            if slot.slide(tick) && !kept && slot.is_idle() {
                let key = key.clone();
                self.ranked.remove(&(key.hash(), key.clone()));
                self.remove(&key);
            } else {
                next = next.min(slot.leaves());
            }
        }
        next
    }

    /// The tally of a group, in a window or not.
    pub fn tallied(&self, place: Option<Place>, group: &GroupKey) -> Tallied<'_> {
        match place.and_then(|place| self.at(place)?.tally.as_deref()) {
            Some(tally) => Tallied { tally: Some(tally), missed: tally.missed },
            None => Tallied { tally: self.resting.get(group).map(|tally| &**tally), missed: self.missed },
        }
    }

    /// Something of a second was counted together with other groups.
    pub fn miss(&mut self, second: i64) {
        self.missed = self.missed.max(Some(minute(second)));
    }

    /// Numbers the groups that came in the second that was sealed, in the order of their keys.
    pub fn number(&mut self) {
        if self.unnumbered.is_empty() {
            return;
        }
        let mut fresh = std::mem::take(&mut self.unnumbered);
        fresh.retain(|place| self.slots[*place].is_some());
        fresh.sort_by(|a, b| {
            self.slots[*a].as_ref().map(|(key, _)| key).cmp(&self.slots[*b].as_ref().map(|(key, _)| key))
        });
        for place in fresh {
            let next = self.numbered + 1;
            let tally = self.at_mut(place).and_then(|slot| slot.tally.as_mut());
            if let Some(tally) = tally.filter(|tally| tally.number == 0) {
                tally.number = next;
                self.numbered = next;
            }
        }
    }

    /// A new deployment, in this second or an earlier one: windows and tallies begin anew. The groups that had most events until
    /// now come first.
    pub fn begin(&mut self, deployed: i64) {
        self.slots_mut().for_each(|slot| slot.begin(deployed));
        self.resting.retain(|_, tally| tally.events() > 0);
        self.missed = None;
        let slots = self.slots.iter_mut().flatten();
        let active = slots.filter_map(|(key, slot)| Some((&*key, slot.tally.as_mut()?)));
        let mut all: Vec<(&GroupKey, &mut Box<Tally>)> = active.chain(self.resting.iter_mut()).collect();
        all.sort_by(|(key, tally), (other, others)| others.events().cmp(&tally.events()).then_with(|| key.cmp(other)));
        self.numbered = all.len() as u64;
        all.into_iter().zip(1..).for_each(|((_, tally), number)| tally.begin(deployed, number));
    }

    /// Takes a group out of the windows; its tally is kept, as far as there is room.
    fn rest(&mut self, group: GroupKey, tally: Box<Tally>) {
        self.resting.insert(group, tally);
        if self.resting.len() > MOST_GROUPS {
            let largest = self.resting.keys().max_by(|a, b| (a.hash(), a).cmp(&(b.hash(), b))).cloned();
            if let Some(tally) = largest.and_then(|largest| self.resting.remove(&largest)) {
                self.missed = self.missed.max(tally.segments().back().map(|segment| segment.last));
            }
        }
    }

    fn insert(&mut self, group: GroupKey, reaches: &[Reach]) -> Place {
        let mut slot = Slot::new(reaches);
        if self.has_tallies {
            let mut tally = self.resting.remove(&group).unwrap_or_default();
            tally.missed = self.missed;
            slot.tally = Some(tally);
        }
        let entry = Some((group.clone(), slot));
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
        if self.has_tallies {
            self.unnumbered.push(place);
        }
        place
    }

    fn remove(&mut self, group: &GroupKey) {
        let Some(place) = self.places.remove(group) else { return };
        let slot = self.slots[place].take();
        if let Some(tally) = slot.and_then(|(_, slot)| slot.tally) {
            self.rest(group.clone(), tally);
        }
        self.others.take_if(|others| *others == place);
        self.vacant.push(place);
        self.changes += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use proptest::prelude::*;

    use super::super::cell::Cell;
    use super::*;

    fn key(number: u32) -> GroupKey {
        GroupKey::new([number.to_string().into()])
    }

    proptest! {
        #[test]
        fn the_same_groups_are_kept_whichever_came_first(seed in any::<u64>()) {
            let mut numbers: Vec<u32> = (0..MOST_GROUPS as u32 + 50).collect();
            numbers.sort_by_key(|number| rustc_hash::FxBuildHasher.hash_one((seed, number)));
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

    fn count(groups: &mut Groups, number: u32, second: i64) {
        let place = groups.make(&key(number), &[Reach::Length(60)]);
        let cell = Cell { events: 1, details: None };
        if let Some(tally) = groups.at_mut(place).and_then(|slot| slot.tally.as_mut()) {
            tally.enter(second, &cell);
        }
    }

    fn counted(groups: &Groups, number: u32) -> (u64, u64) {
        let tally = groups.tallied(groups.place(Some(&key(number))), &key(number)).tally;
        tally.map_or((0, 0), |tally| (tally.number, tally.events()))
    }

    #[test]
    fn a_group_that_comes_back_goes_on_with_its_number_and_its_counts() {
        let mut groups = Groups { has_tallies: true, ..Groups::default() };
        for (number, second) in [(7, 0), (3, 0), (3, 1), (5, 2)] {
            count(&mut groups, number, second);
        }
        groups.number();
        assert_eq!([3, 5, 7].map(|number| counted(&groups, number)), [(1, 2), (2, 1), (3, 1)], "by key");
        // Nothing is in a window, so all of them leave.
        groups.slide(1_000, false);
        assert_eq!((groups.len(), counted(&groups, 7)), (0, (3, 1)));
        count(&mut groups, 7, 1_000);
        count(&mut groups, 4, 1_000);
        groups.number();
        assert_eq!([3, 4, 7].map(|number| counted(&groups, number)), [(1, 2), (4, 1), (3, 2)]);
        // With the next deployment those come first that had most until then, and all count anew.
        count(&mut groups, 7, 1_001);
        groups.begin(1_001);
        assert_eq!([3, 4, 5, 7].map(|number| counted(&groups, number)), [(2, 0), (3, 0), (4, 0), (1, 0)]);
    }

    #[test]
    fn what_is_known_of_too_many_groups_is_said_to_be_missing() {
        let mut groups = Groups { has_tallies: true, ..Groups::default() };
        for number in 0..MOST_GROUPS as u32 + 2 {
            count(&mut groups, number, 600);
            groups.slide(1_000, false);
        }
        let lost = (0..MOST_GROUPS as u32 + 2).filter(|number| counted(&groups, *number).1 == 0);
        let lost: Vec<u32> = lost.collect();
        assert_eq!(lost.len(), 2);
        assert_eq!(groups.tallied(None, &key(lost[0])).missed, Some(10));
        count(&mut groups, lost[0], 1_200);
        assert_eq!(groups.tallied(groups.place(Some(&key(lost[0]))), &key(lost[0])).missed, Some(10));
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
