//! The groups of one series, each with its windows: the most that are kept, found without a look at what they are called.
//!
//! They are found with a [`HashTable`] of places, not with a map: an event's group is looked up by the labels it is made of, and a
//! map of the standard library would ask for a key, which allocates.

use std::collections::BTreeSet;

use hashbrown::HashTable;
use rustc_hash::FxHashMap;

use super::Tick;
use super::group_key::{GroupKey, GroupOf};
use super::group_windows::GroupWindows;
use super::running_total::{RunningTotal, minute};
use super::window::Reach;

/// Groups kept of one series; of more, those with the smallest hashes, the others together as [`OTHER`].
pub const MOST_GROUPS: usize = 1_000;
/// The group that takes the events of groups that are kept.
pub const OTHER: &str = "(other)";

/// Where a group's windows may be found: it has to be looked at whether it still is that group's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place(usize);

impl Place {
    /// That of a series without groups, which has no other.
    pub(super) const ONLY: Place = Place(0);
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct GroupTable {
    groups: Vec<Option<Group>>,
    vacant: Vec<Place>,
    #[serde(skip)]
    places: HashTable<Place>,
    /// The groups by hash, so that the one with the largest is known.
    #[serde(skip)]
    ranked: BTreeSet<(u64, GroupKey)>,
    /// Where [`OTHER`] is, if anything went into it.
    others: Option<Place>,
    /// Nothing leaves a window of any group before this tick.
    leaves: Tick,
    /// How often a group came or went.
    pub changes: u64,
    /// Whether its groups have running totals.
    pub has_running_totals: bool,
    /// The running totals of groups that are in no window: a test goes on where it was when the group comes back.
    resting: FxHashMap<GroupKey, Box<RunningTotal>>,
    /// The last minute in which something was counted that is in no total of its own group any more.
    missed: Option<i64>,
    /// Tallies that have had a number.
    numbered: u64,
    /// Where a total without a number may be.
    unnumbered: Vec<Place>,
}

/// What is known of a group's counts since the deployment.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownTotal<'a> {
    pub total: Option<&'a RunningTotal>,
    /// Up to this minute something of it may have been counted elsewhere.
    pub missed: Option<i64>,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Group {
    key: GroupKey,
    windows: GroupWindows,
}

impl GroupTable {
    /// Finds again what is where, after all of it was read.
    pub fn index(&mut self) {
        (self.places, self.ranked) = (HashTable::new(), BTreeSet::new());
        for (place, group) in (0..).map(Place).zip(&self.groups) {
            let Some(Group { key, .. }) = group else { continue };
            let groups = &self.groups;
            let hash = |place: &Place| groups[place.0].as_ref().map_or(0, |group| group.key.hash());
            self.places.insert_unique(key.hash(), place, hash);
            if self.others != Some(place) {
                self.ranked.insert((key.hash(), key.clone()));
            }
        }
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn keys(&self) -> impl Iterator<Item = &GroupKey> {
        self.groups.iter().flatten().map(|group| &group.key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&GroupKey, &GroupWindows)> {
        self.groups.iter().flatten().map(|group| (&group.key, &group.windows))
    }

    /// The windows of a group that is made now; `None` if there is no room for it.
    pub fn load(&mut self, key: GroupKey, reaches: &[Reach]) -> Option<&mut GroupWindows> {
        let place = (self.len() < MOST_GROUPS).then(|| self.insert(key, reaches))?;
        self.at_mut(place)
    }

    pub fn all_windows(&self) -> impl Iterator<Item = &GroupWindows> {
        self.groups.iter().flatten().map(|group| &group.windows)
    }

    pub fn all_windows_mut(&mut self) -> impl Iterator<Item = &mut GroupWindows> {
        // What is done to them may let anything leave.
        self.leaves = Tick::FIRST;
        self.groups.iter_mut().flatten().map(|group| &mut group.windows)
    }

    /// The place of a group that is kept.
    pub fn find(&self, group: GroupOf<'_>) -> Option<Place> {
        let is_its = |place: &Place| self.groups[place.0].as_ref().is_some_and(|known| group.is(&known.key));
        self.places.find(group.hash(), is_its).copied()
    }

    /// The place of a group that is kept, or of the only one without groups.
    pub fn place(&self, group: Option<&GroupKey>) -> Option<Place> {
        let Some(key) = group else { return Some(Place::ONLY) };
        let is_its = |place: &Place| self.groups[place.0].as_ref().is_some_and(|known| known.key == *key);
        self.places.find(key.hash(), is_its).copied()
    }

    /// Whether a group with this hash has no room, now or once others have made theirs.
    pub fn is_beyond(&self, hash: u64) -> bool {
        self.ranked.len() >= MOST_GROUPS && self.ranked.last().is_some_and(|(largest, _)| hash > *largest)
    }

    /// The windows at a place that was just given.
    pub fn at(&self, place: Place) -> Option<&GroupWindows> {
        self.groups.get(place.0)?.as_ref().map(|group| &group.windows)
    }

    pub fn at_mut(&mut self, place: Place) -> Option<&mut GroupWindows> {
        self.groups.get_mut(place.0)?.as_mut().map(|group| &mut group.windows)
    }

    /// The place of a group. When there are too many it is that of the others, unless the group's hash is smaller than
    /// that of a kept one, which then makes room. So the same groups are kept whichever came first.
    pub fn make(&mut self, group: GroupOf<'_>, reaches: &[Reach]) -> Place {
        if let Some(place) = self.find(group) {
            return place;
        }
        if self.is_beyond(group.hash()) {
            return self.place_of_others(group, reaches);
        }
        let rank = (group.hash(), group.key());
        if self.ranked.len() >= MOST_GROUPS {
            match self.ranked.pop_last() {
                Some(largest) if largest > rank => self.remove(&largest.1),
                largest => {
                    self.ranked.extend(largest);
                    return self.place_of_others(group, reaches);
                }
            }
        }
        self.ranked.insert(rank.clone());
        self.insert(rank.1, reaches)
    }

    /// The place of the groups that are not kept, of which this is one.
    fn place_of_others(&mut self, group: GroupOf<'_>, reaches: &[Reach]) -> Place {
        match self.others {
            Some(others) => others,
            None => {
                let others = self.insert(GroupKey::new(vec![Box::from(OTHER); group.key().len()]), reaches);
                *self.others.insert(others)
            }
        }
    }

    /// Moves all windows to a tick, and forgets groups that have left every window, unless they are to be `kept`. Gives
    /// the first tick at which something leaves a window next.
    pub fn slide(&mut self, tick: Tick, kept: bool) -> Tick {
        if tick < self.leaves {
            return self.leaves;
        }
        let mut next = Tick::NEVER;
        for place in (0..self.groups.len()).map(Place) {
            let Some(Group { key, windows, .. }) = &mut self.groups[place.0] else { continue };
            if windows.slide(tick) && !kept && windows.is_idle() {
                let key = key.clone();
                self.ranked.remove(&(key.hash(), key.clone()));
                self.remove(&key);
            } else {
                next = next.min(windows.leaves());
            }
        }
        self.leaves = next;
        next
    }

    /// Something entered the windows of a group, and leaves them at this tick or later.
    pub fn entered(&mut self, leaves: Tick) {
        self.leaves = self.leaves.min(leaves);
    }

    /// The total of a group, in a window or not.
    pub fn total_of(&self, place: Option<Place>, group: &GroupKey) -> KnownTotal<'_> {
        match place.and_then(|place| self.at(place)?.total.as_deref()) {
            Some(total) => KnownTotal { total: Some(total), missed: total.missed },
            None => KnownTotal { total: self.resting.get(group).map(|total| &**total), missed: self.missed },
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
        fresh.retain(|place| self.groups[place.0].is_some());
        let key = |place: &Place| self.groups[place.0].as_ref().map(|group| &group.key);
        fresh.sort_by(|a, b| key(a).cmp(&key(b)));
        for place in fresh {
            let next = self.numbered + 1;
            let total = self.at_mut(place).and_then(|windows| windows.total.as_mut());
            if let Some(total) = total.filter(|total| total.number == 0) {
                total.number = next;
                self.numbered = next;
            }
        }
    }

    /// A new deployment, in this second or an earlier one, since which events are counted apart or not: windows and running totals begin anew. The groups that had most events until
    /// now come first.
    pub fn begin(&mut self, deployed: i64, is_apart: bool) {
        self.all_windows_mut().for_each(|windows| windows.begin(deployed, is_apart));
        self.resting.retain(|_, total| total.events() > 0);
        self.missed = None;
        let groups = self.groups.iter_mut().flatten();
        let active = groups.filter_map(|group| Some((&group.key, group.windows.total.as_mut()?)));
        let mut all: Vec<(&GroupKey, &mut Box<RunningTotal>)> = active.chain(self.resting.iter_mut()).collect();
        all.sort_by(|(key, total), (other, others)| others.events().cmp(&total.events()).then_with(|| key.cmp(other)));
        self.numbered = all.len() as u64;
        all.into_iter().zip(1..).for_each(|((_, total), number)| total.begin(deployed, number));
    }

    /// Takes a group out of the windows; its total is kept, as far as there is room.
    fn rest(&mut self, group: GroupKey, total: Box<RunningTotal>) {
        self.resting.insert(group, total);
        if self.resting.len() > MOST_GROUPS {
            let largest = self.resting.keys().max_by(|a, b| (a.hash(), a).cmp(&(b.hash(), b))).cloned();
            if let Some(total) = largest.and_then(|largest| self.resting.remove(&largest)) {
                self.missed = self.missed.max(total.segments().back().map(|segment| segment.last));
            }
        }
    }

    fn insert(&mut self, key: GroupKey, reaches: &[Reach]) -> Place {
        self.changes += 1;
        self.leaves = Tick::FIRST;
        let hash = key.hash();
        let mut windows = GroupWindows::new(reaches);
        if self.has_running_totals {
            let mut total = self.resting.remove(&key).unwrap_or_default();
            total.missed = self.missed;
            windows.total = Some(total);
        }
        let group = Some(Group { key, windows });
        let place = match self.vacant.pop() {
            Some(place) => {
                self.groups[place.0] = group;
                place
            }
            None => {
                self.groups.push(group);
                Place(self.groups.len() - 1)
            }
        };
        let groups = &self.groups;
        self.places.insert_unique(hash, place, |place| groups[place.0].as_ref().map_or(0, |group| group.key.hash()));
        if self.has_running_totals {
            self.unnumbered.push(place);
        }
        place
    }

    fn remove(&mut self, key: &GroupKey) {
        let groups = &self.groups;
        let is_its = |place: &Place| groups[place.0].as_ref().is_some_and(|known| known.key == *key);
        let Ok(found) = self.places.find_entry(key.hash(), is_its) else { return };
        let place = found.remove().0;
        if let Some(Group { key, windows: GroupWindows { total: Some(total), .. }, .. }) = self.groups[place.0].take() {
            self.rest(key, total);
        }
        self.others.take_if(|others| *others == place);
        self.vacant.push(place);
        self.changes += 1;
    }
}

#[cfg(test)]
mod tests;
