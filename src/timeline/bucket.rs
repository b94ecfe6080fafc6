//! The open buckets: seconds that may still receive events, because the watermark has not passed them.

use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use rustc_hash::FxHashMap;

use super::evidence::Evidence;
use super::pending::Pending;
use super::sets::{Set, SetId, Sets};
use crate::classify::{LabelSets, Via};
use crate::time::Time;

/// Label sets kept apart in one second; of more, those with the smallest hashes, the others without their labels.
const MOST_CELLS: usize = 8_192;

/// One second of one run, before its watermark.
#[derive(Debug, Default)]
pub struct Bucket {
    /// Those of an earlier second may follow, for their memory.
    cells: Vec<Pending>,
    /// How many cells are this second's.
    filled: usize,
    /// Where they are, once somebody had to ask: mostly their label sets know.
    places: Option<FxHashMap<(SetId, Via), u32>>,
    /// The cells by the hash of their labels, once there are too many of them.
    ranked: Option<BinaryHeap<(u64, SetId, Via)>>,
    /// The earliest and latest entry of the second, of sources that are a service's own output.
    pub entries: Option<(Time, Time)>,
    /// The first entry after a pause, by time, then text, with its gravest event.
    pub after_pause: Option<(Evidence, Option<SetId>)>,
    /// Messages the platform says it dropped.
    pub dropped: u64,
}

/// All open buckets, and the label sets their events have.
#[derive(Debug, Default)]
pub struct Buckets {
    /// By second, ascending.
    open: VecDeque<(i64, Bucket)>,
    /// The second that was asked for last, and where its bucket stands.
    current: Option<(i64, usize)>,
    pub sets: Sets,
    /// Cells that had to make room for others.
    pub pushed_out: Vec<Pending>,
    /// A sealed bucket, for its memory.
    spare: Bucket,
}

/// The bucket of one second, open for events of label sets.
pub struct Open<'a> {
    second: i64,
    pub bucket: &'a mut Bucket,
    pub sets: &'a mut [Set],
    labels: &'a LabelSets,
    pushed_out: &'a mut Vec<Pending>,
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
                    self.open.insert(at, (second, std::mem::take(&mut self.spare)));
                }
                self.current = Some((second, at));
                at
            }
        }
    }

    /// The bucket of a second with the label sets, to put events in.
    pub fn open(&mut self, second: i64) -> Open<'_> {
        let at = self.position(second);
        self.open_at(second, at)
    }

    /// The same, if it was opened before.
    pub fn opened(&mut self, second: i64) -> Option<Open<'_>> {
        let at = match self.current {
            Some((current, at)) if current == second => at,
            _ => self.open.binary_search_by_key(&second, |(open, _)| *open).ok()?,
        };
        Some(self.open_at(second, at))
    }

    fn open_at(&mut self, second: i64, at: usize) -> Open<'_> {
        let Buckets { open, sets: Sets { sets, labels, .. }, pushed_out, .. } = self;
        Open { second, bucket: &mut open[at].1, sets, labels, pushed_out }
    }

    /// The cell of a label set that stands for those whose labels are lost: there is always room for it.
    pub fn cell_of_others(&mut self, second: i64, set: SetId, via: Via) -> &mut Pending {
        let at = self.position(second);
        let mut open = self.open_at(second, at);
        let place = open.place_of_others(set, via);
        &mut self.open[at].1.cells[place as usize]
    }

    /// Takes back a sealed bucket.
    pub fn recycle(&mut self, mut bucket: Bucket) {
        bucket.cells[..bucket.filled].iter_mut().for_each(Pending::clear);
        self.spare = Bucket { cells: bucket.cells, ..Bucket::default() };
    }

    /// The last open second before `second`.
    pub fn previous(&self, second: i64) -> Option<i64> {
        let at = self.open.partition_point(|(open, _)| *open < second);
        at.checked_sub(1).map(|before| self.open[before].0)
    }

    pub fn first(&self) -> Option<i64> {
        self.open.front().map(|(second, _)| *second)
    }

    /// The cells of the first open bucket, if it is of this second.
    pub fn cells(&self, second: i64) -> &[Pending] {
        self.open.front().filter(|(first, _)| *first == second).map_or(&[], |(_, bucket)| bucket.cells())
    }

    /// Takes out the first open bucket, if it is of this second.
    pub fn take(&mut self, second: i64) -> Option<Bucket> {
        if self.first() != Some(second) {
            return None;
        }
        self.current = None;
        self.open.pop_front().map(|(_, bucket)| bucket)
    }

    /// Whether there are so many label sets that [`Buckets::forget_unused`] is due.
    pub fn is_crowded(&self) -> bool {
        self.sets.is_crowded()
    }

    /// Drops label sets that no open bucket uses. Ids given out before are void.
    pub fn forget_unused(&mut self) {
        let in_use = |bucket: &mut Bucket, each: &mut dyn FnMut(&mut SetId)| {
            bucket.cells[..bucket.filled].iter_mut().for_each(|cell| each(&mut cell.set));
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
    /// The cell of a label set; `None` when the second has too many and this is not one of those kept. Then the events of
    /// [`Buckets::pushed_out`] have lost their cell, and are to be added without their labels, as this one is.
    #[inline]
    pub fn cell(&mut self, set: SetId, via: Via) -> Option<&mut Pending> {
        let place = self.find(set, via);
        if !self.bucket.is_at(place, set, via) {
            return self.make(set, via);
        }
        self.bucket.cells.get_mut(place as usize)
    }

    fn make(&mut self, set: SetId, via: Via) -> Option<&mut Pending> {
        let place = self.bucket.make(set, via, self.labels, self.pushed_out)?;
        Some(self.made(place, set, via))
    }

    fn place_of_others(&mut self, set: SetId, via: Via) -> u32 {
        let place = self.find(set, via);
        if self.bucket.is_at(place, set, via) {
            return place;
        }
        let place = self.bucket.add(set, via);
        self.made(place, set, via);
        place
    }

    /// Where the cell of a label set is, if it has one.
    #[inline]
    fn find(&mut self, set: SetId, via: Via) -> u32 {
        match self.sets[set as usize].places(self.second) {
            Some(places) => places[via as usize],
            None => self.bucket.look_up(set, via),
        }
    }

    /// The cell at a place, which is remembered.
    fn made(&mut self, place: u32, set: SetId, via: Via) -> &mut Pending {
        if let Some(places) = self.sets[set as usize].places(self.second) {
            places[via as usize] = place;
        }
        &mut self.bucket.cells[place as usize]
    }
}

impl Bucket {
    /// Whether so many more cells are sure to have room.
    pub fn has_room_for(&self, cells: usize) -> bool {
        self.filled + cells <= MOST_CELLS
    }

    /// The cells, in no telling order.
    pub fn cells(&self) -> &[Pending] {
        &self.cells[..self.filled]
    }

    /// Whether a place holds this cell.
    fn is_at(&self, place: u32, set: SetId, via: Via) -> bool {
        self.cells().get(place as usize).is_some_and(|cell| (cell.set, cell.via) == (set, via))
    }

    /// Where a cell is, by the map.
    #[cold]
    fn look_up(&mut self, set: SetId, via: Via) -> u32 {
        self.places().get(&(set, via)).copied().unwrap_or(u32::MAX)
    }

    fn places(&mut self) -> &mut FxHashMap<(SetId, Via), u32> {
        let cells = &self.cells[..self.filled];
        self.places.get_or_insert_with(|| cells.iter().zip(0..).map(|(cell, at)| ((cell.set, cell.via), at)).collect())
    }

    /// Makes a cell; its place, if there is room for it.
    fn make(&mut self, set: SetId, via: Via, labels: &LabelSets, pushed_out: &mut Vec<Pending>) -> Option<u32> {
        if self.filled < MOST_CELLS {
            return Some(self.add(set, via));
        }
        let rank = |cell: (SetId, Via)| (labels.get(cell.0).hash(), cell.0, cell.1);
        let cells = &self.cells[..self.filled];
        let ranked = self.ranked.get_or_insert_with(|| cells.iter().map(|cell| rank((cell.set, cell.via))).collect());
        let new = rank((set, via));
        let last = ranked.peek_mut().filter(|last| new.0 < last.0)?;
        let last = PeekMut::pop(last);
        ranked.push(new);
        let places = self.places();
        let place = places.remove(&(last.1, last.2))?;
        places.insert((set, via), place);
        pushed_out.push(std::mem::replace(&mut self.cells[place as usize], Pending::new(set, via)));
        Some(place)
    }

    fn add(&mut self, set: SetId, via: Via) -> u32 {
        let place = self.filled;
        match self.cells.get_mut(place) {
            Some(spare) => (spare.set, spare.via) = (set, via),
            None => self.cells.push(Pending::new(set, via)),
        }
        self.filled += 1;
        if let Some(places) = &mut self.places {
            places.insert((set, via), place as u32);
        }
        place as u32
    }
}

#[cfg(test)]
mod tests;
