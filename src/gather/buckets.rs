//! The open buckets: seconds that may still receive events, because the watermark has not passed them.

use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use rustc_hash::FxHashMap;

use super::sets::{SetId, Sets};
use crate::classify::{ClassId, LabelSets, Sign, Via};
use crate::second::evidence::Evidence;
use crate::second::{MOST_TALLIES, Second, Span, Tally, covering};
use crate::time::Time;

/// A [`Second`] in the making, in which label sets are known by their ids.
#[derive(Debug, Default)]
pub struct Bucket {
    tallies: Vec<Tally>,
    /// Whose they are.
    owners: Vec<SetId>,
    /// Where they are; `None` after label sets were numbered anew.
    places: Option<FxHashMap<(SetId, Via), u32>>,
    /// The tallies by the hash of their labels, once there are too many of them.
    ranked: Option<BinaryHeap<(u64, SetId, Via)>>,
    /// What follows is as in [`Second`].
    pub records: Option<Span>,
    pub entries: Option<Span>,
    pub after_pause: Option<(Evidence, Option<SetId>)>,
    pub signs: Vec<(Sign, Evidence)>,
    pub served: Vec<(u32, Evidence)>,
    pub dropped: u64,
    pub crowded: u64,
}

/// All open buckets, and the label sets their events have.
#[derive(Debug, Default)]
pub struct Buckets {
    /// By second, ascending.
    open: VecDeque<(i64, Bucket)>,
    /// The second that was asked for last, and where its bucket stands.
    current: Option<(i64, usize)>,
    pub sets: Sets,
    /// Tallies that had to make room for others, with their classes.
    pub pushed_out: Vec<(ClassId, Tally)>,
    /// The memory of seconds that were sealed.
    spare: Spare,
}

/// Memory to be used again.
#[derive(Debug, Default)]
struct Spare {
    tallies: Vec<Tally>,
    labels: LabelSets,
}

/// The bucket of one second, open for events of label sets.
pub struct Open<'a> {
    pub bucket: &'a mut Bucket,
    labels: &'a LabelSets,
    pushed_out: &'a mut Vec<(ClassId, Tally)>,
    spare: &'a mut Spare,
}

impl Buckets {
    pub fn bucket(&mut self, second: i64) -> &mut Bucket {
        let at = self.position(second);
        &mut self.open[at].1
    }

    /// Where the bucket of a second stands, which is opened if need be.
    fn position(&mut self, second: i64) -> usize {
        match self.current {
            Some((current, at)) if current == second => at,
            _ => {
                let at = self.open.partition_point(|(open, _)| *open < second);
                if self.open.get(at).is_none_or(|(open, _)| *open != second) {
                    self.open.insert(at, (second, Bucket::default()));
                }
                self.current = Some((second, at));
                at
            }
        }
    }

    /// The bucket of a second with the label sets, to put events in.
    pub fn open(&mut self, second: i64) -> Open<'_> {
        let at = self.position(second);
        let Buckets { open, sets, pushed_out, spare, .. } = self;
        Open { bucket: &mut open[at].1, labels: &sets.labels, pushed_out, spare }
    }

    /// The bucket of a second, if it is open.
    pub fn bucket_of(&self, second: i64) -> Option<&Bucket> {
        let at = match self.current {
            Some((current, at)) if current == second => at,
            _ => self.open.binary_search_by_key(&second, |(open, _)| *open).ok()?,
        };
        Some(&self.open[at].1)
    }

    /// The tally of a label set that stands for those whose labels are lost: there is always room for it.
    pub fn tally_of_others(&mut self, second: i64, set: SetId, via: Via) -> &mut Tally {
        let at = self.position(second);
        let bucket = &mut self.open[at].1;
        let place = bucket.place_of(set, via).unwrap_or_else(|| bucket.add(set, via, &mut self.spare));
        &mut bucket.tallies[place as usize]
    }

    /// The last open second before `second` in which the service wrote something.
    pub fn previous(&self, second: i64) -> Option<i64> {
        let at = self.open.partition_point(|(open, _)| *open < second);
        let (before, _) = self.open.range(..at).rev().find(|(_, bucket)| bucket.entries.is_some())?;
        Some(*before)
    }

    pub fn first(&self) -> Option<i64> {
        self.open.front().map(|(second, _)| *second)
    }

    /// Takes out the first open second.
    pub fn take(&mut self) -> Option<Second> {
        self.current = None;
        let (at, bucket) = self.open.pop_front()?;
        let Bucket { tallies, owners, records, entries, after_pause, signs, served, dropped, crowded, .. } = bucket;
        let mut labels = std::mem::take(&mut self.spare.labels);
        owners.iter().for_each(|owner| {
            labels.copy(self.sets.labels(*owner));
        });
        let after_pause = after_pause.map(|(line, gravest)| {
            let place = |set: SetId| match owners.iter().position(|owner| *owner == set) {
                Some(place) => place as u32,
                None => labels.copy(self.sets.labels(set)),
            };
            (line, gravest.map(place))
        });
        let sealed = Second::new(at);
        Some(Second { sets: labels, tallies, records, entries, after_pause, signs, served, dropped, crowded, ..sealed })
    }

    /// Whether all that is known of what is open stands in its seconds: of one with too many label sets it does not.
    pub fn are_plain(&self) -> bool {
        self.open.iter().all(|(_, bucket)| bucket.ranked.is_none())
    }

    /// Opens a second again that was [taken](Buckets::take) out; `ids` are those of its label sets.
    pub fn put_back(&mut self, second: Second, ids: &[SetId]) {
        let Second { at, tallies, records, entries, after_pause, signs, served, dropped, crowded, .. } = second;
        self.bucket(at);
        for (tally, set) in tallies.into_iter().zip(ids) {
            let via = tally.via;
            *self.tally_of_others(at, *set, via) = tally;
        }
        let after_pause = after_pause.map(|(line, gravest)| (line, gravest.map(|set| ids[set as usize])));
        let bucket = self.bucket(at);
        *bucket = Bucket { records, entries, after_pause, signs, served, dropped, crowded, ..std::mem::take(bucket) };
    }

    /// Takes back the memory of a second.
    pub fn recycle(&mut self, mut second: Second) {
        let Spare { tallies, labels } = &mut self.spare;
        second.sets.clear();
        *labels = second.sets;
        tallies.extend(second.tallies.drain(..).take(MOST_TALLIES.saturating_sub(tallies.len())).map(|mut tally| {
            tally.clear();
            tally
        }));
    }

    /// Whether there are so many label sets that [`Buckets::forget_unused`] is due.
    pub fn is_crowded(&self) -> bool {
        self.sets.is_crowded()
    }

    /// Drops label sets that no open bucket uses. Ids given out before are void.
    pub fn forget_unused(&mut self) {
        let in_use = |bucket: &mut Bucket, each: &mut dyn FnMut(&mut SetId)| {
            bucket.owners.iter_mut().for_each(&mut *each);
            bucket.after_pause.iter_mut().filter_map(|(_, gravest)| gravest.as_mut()).for_each(each);
        };
        let mut used = BTreeSet::new();
        for (_, bucket) in &mut self.open {
            in_use(bucket, &mut |set| {
                used.insert(*set);
            });
        }
        let moved = self.sets.keep_only(&used);
        for (_, bucket) in &mut self.open {
            in_use(bucket, &mut |set| *set = moved[set]);
            bucket.places = None;
            bucket.ranked = None;
        }
    }
}

impl Open<'_> {
    /// The tally of a label set; `None` when the second has too many and this is not one of those kept. Then the events of
    /// [`Buckets::pushed_out`] have lost their tally, and are to be added without their labels, as this one is.
    #[inline]
    pub fn tally(&mut self, set: SetId, via: Via) -> Option<&mut Tally> {
        let place = match self.bucket.place_of(set, via) {
            Some(place) => place,
            None => self.bucket.make(set, via, self.labels, self.pushed_out, self.spare)?,
        };
        self.bucket.tallies.get_mut(place as usize)
    }
}

impl Bucket {
    /// Whether so many more tallies are sure to have room.
    pub fn has_room_for(&self, tallies: usize) -> bool {
        self.owners.len() + tallies <= MOST_TALLIES
    }

    /// Takes note of the times of records.
    pub fn record(&mut self, first: Time, last: Time) {
        self.records = covering(self.records, (first, last));
    }

    /// Whether a record at this time, served by the deployment of this id, comes after another.
    pub fn has_served(&self, id: u32, time: Time) -> bool {
        self.served.iter().any(|(known, line)| *known == id && line.time < time)
    }

    /// Where the tally of a label set is, if it has one.
    fn place_of(&mut self, set: SetId, via: Via) -> Option<u32> {
        self.places().get(&(set, via)).copied()
    }

    fn keys(&self) -> impl Iterator<Item = (SetId, Via)> {
        self.owners.iter().zip(&self.tallies).map(|(owner, tally)| (*owner, tally.via))
    }

    fn places(&mut self) -> &mut FxHashMap<(SetId, Via), u32> {
        if self.places.is_none() {
            self.places = Some(self.keys().zip(0..).collect());
        }
        self.places.get_or_insert_default()
    }

    /// Makes a tally; its place, if there is room for it.
    fn make(
        &mut self,
        set: SetId,
        via: Via,
        labels: &LabelSets,
        pushed_out: &mut Vec<(ClassId, Tally)>,
        spare: &mut Spare,
    ) -> Option<u32> {
        if self.owners.len() < MOST_TALLIES {
            return Some(self.add(set, via, spare));
        }
        let rank = |(set, via): (SetId, Via)| (labels.get(set).hash(), set, via);
        if self.ranked.is_none() {
            self.ranked = Some(self.keys().map(rank).collect());
        }
        let ranked = self.ranked.get_or_insert_default();
        let new = rank((set, via));
        let last = ranked.peek_mut().filter(|last| new.0 < last.0)?;
        let last = PeekMut::pop(last);
        ranked.push(new);
        let places = self.places();
        let place = places.remove(&(last.1, last.2))?;
        places.insert((set, via), place);
        self.owners[place as usize] = set;
        let tally = std::mem::replace(&mut self.tallies[place as usize], Tally::new(via));
        pushed_out.push((labels.get(last.1).class, tally));
        Some(place)
    }

    fn add(&mut self, set: SetId, via: Via, spare: &mut Spare) -> u32 {
        let place = self.owners.len();
        let empty = spare.tallies.pop().unwrap_or_else(|| Tally::new(via));
        self.tallies.push(Tally { via, ..empty });
        self.owners.push(set);
        if let Some(places) = &mut self.places {
            places.insert((set, via), place as u32);
        }
        place as u32
    }
}

#[cfg(test)]
mod tests;
