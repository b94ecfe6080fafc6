//! The open buckets: seconds that may still receive events, because the watermark has not passed them.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::hash::BuildHasher;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::SeriesId;
use super::evidence::Evidence;
use super::group_key::GroupKey;
use super::groups::Place;
use super::pending::{Keep, Pending};
use crate::classify::{ClassId, LabelSet, Via};
use crate::time::Time;

/// Index of a label set in [`Buckets`].
pub type SetId = u32;

/// Label sets remembered before those that no open bucket uses are dropped.
const MOST_SETS: usize = 32_768;
/// Label sets kept apart in one second; of more, those with the smallest hashes, the others without their labels.
const MOST_CELLS: usize = 8_192;

/// Open buckets in which a label set's cell is found without a search: as many seconds as usually are open at a time.
const RECENT: i64 = 4;

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
    ranked: Option<BTreeSet<(u64, SetId, Via)>>,
    /// The earliest and latest entry of the second, of sources that are a service's own output.
    pub entries: Option<(Time, Time)>,
    /// The first entry after a pause, by time, then text, with its gravest event.
    pub after_pause: Option<(Evidence, Option<Arc<LabelSet>>)>,
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
    sets: Vec<Set>,
    ids: FxHashMap<Arc<LabelSet>, SetId>,
    /// The same by where copies of the label sets are: a thread hands out the same copy from fragment to fragment. Each is
    /// held, so that nothing else can come to be there.
    copies: FxHashMap<usize, (Arc<LabelSet>, SetId)>,
    /// Label sets that were in use when the others were last dropped.
    in_use: usize,
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
    pushed_out: &'a mut Vec<Pending>,
}

/// A label set, and what is worked out about it once.
#[derive(Clone, Debug)]
pub struct Set {
    pub labels: Arc<LabelSet>,
    /// That of the labels.
    pub class: ClassId,
    /// Whether events of the class are more than counted.
    pub is_noted: bool,
    pub keep: Keep,
    /// The report has its examples, none of them later than this: later lines need not be kept for it.
    pub examples_until: Option<Time>,
    /// The series that read its events.
    pub matches: Rc<[Match]>,
    /// Where its cells are in the latest buckets it has any in.
    pub recent: Recents,
}

/// Where the cells of a label set are in one second's bucket.
#[derive(Clone, Copy, Debug)]
struct Recent {
    second: i64,
    /// By [`Via`]. The cell there has to be looked at: it may have had to make room for another.
    places: [u32; 3],
}

/// By second.
#[derive(Clone, Copy, Debug)]
pub struct Recents([Recent; RECENT as usize]);

impl Recent {
    const NONE: Recent = Recent { second: i64::MIN, places: [u32::MAX; 3] };
}

/// A series that reads the events of a label set.
#[derive(Clone, Debug)]
pub struct Match {
    pub series: SeriesId,
    /// `None` when the events lack a label of the group.
    pub group: Option<GroupKey>,
    /// Where the group's slot was the last time.
    pub(super) hint: Cell<Place>,
    /// Whether the events are certainly selected; else they lack a label that is asked for.
    pub certain: bool,
    /// For runs: whether the labels pass the wanted selector.
    pub part: Option<bool>,
    /// For intervals: the hash of the inner group; `None` when the events lack a label of it.
    pub inner: Option<u64>,
}

impl Buckets {
    /// The id of a label set; `work_out` is asked when it is new.
    pub fn intern(&mut self, labels: &Arc<LabelSet>, work_out: impl FnOnce(&Arc<LabelSet>) -> Set) -> SetId {
        /// Copies held; one for each thread that met the label set.
        const MOST_COPIES: usize = 2 * MOST_SETS;
        let address = Arc::as_ptr(labels).addr();
        if let Some((_, id)) = self.copies.get(&address) {
            return *id;
        }
        let id = match self.ids.get(labels) {
            Some(id) => *id,
            None => {
                let id = self.sets.len() as SetId;
                self.sets.push(work_out(labels));
                self.ids.insert(Arc::clone(labels), id);
                id
            }
        };
        if self.copies.len() >= MOST_COPIES {
            self.copies.clear();
        }
        self.copies.insert(address, (Arc::clone(labels), id));
        id
    }

    pub fn set_mut(&mut self, id: SetId) -> &mut Set {
        &mut self.sets[id as usize]
    }

    pub fn set(&self, id: SetId) -> &Set {
        &self.sets[id as usize]
    }

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
        let Buckets { open, sets, pushed_out, .. } = self;
        Open { second, bucket: &mut open[at].1, sets, pushed_out }
    }

    /// The cell of a label set that stands for those whose labels are lost: there is always room for it.
    pub fn cell_of_others(&mut self, second: i64, set: SetId, via: Via) -> &mut Pending {
        let at = self.position(second);
        let Buckets { open, sets, pushed_out, .. } = self;
        let bucket = &mut open[at].1;
        let place = Open { second, bucket, sets, pushed_out }.place_of_others(set, via);
        &mut bucket.cells[place as usize]
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
        self.sets.len() > MOST_SETS.max(2 * self.in_use)
    }

    /// Drops label sets that no open bucket uses. Ids given out before are void.
    pub fn forget_unused(&mut self) {
        let old = std::mem::take(&mut self.sets);
        self.ids.clear();
        self.copies.clear();
        let mut moved: FxHashMap<SetId, SetId> = FxHashMap::default();
        for (_, bucket) in &mut self.open {
            for cell in &mut bucket.cells[..bucket.filled] {
                cell.set = *moved.entry(cell.set).or_insert_with(|| {
                    let set = old[cell.set as usize].clone();
                    let new = self.sets.len() as SetId;
                    self.ids.insert(Arc::clone(&set.labels), new);
                    self.sets.push(set);
                    new
                });
            }
            bucket.places = None;
            bucket.ranked = None;
        }
        self.in_use = self.sets.len();
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
        let place = self.bucket.make(set, via, self.sets, self.pushed_out)?;
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
        let recent = &mut self.sets[set as usize].recent.0[self.second.rem_euclid(RECENT) as usize];
        if recent.second < self.second {
            // Had it a cell already, this would be its second or a later one.
            *recent = Recent { second: self.second, ..Recent::NONE };
        }
        if recent.second == self.second {
            return recent.places[via as usize];
        }
        self.bucket.look_up(set, via)
    }

    /// The cell at a place, which is remembered.
    fn made(&mut self, place: u32, set: SetId, via: Via) -> &mut Pending {
        let recent = &mut self.sets[set as usize].recent.0[self.second.rem_euclid(RECENT) as usize];
        if recent.second == self.second {
            recent.places[via as usize] = place;
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
    fn make(&mut self, set: SetId, via: Via, sets: &[Set], pushed_out: &mut Vec<Pending>) -> Option<u32> {
        if self.filled < MOST_CELLS {
            return Some(self.add(set, via));
        }
        let rank = |cell: (SetId, Via)| (FxBuildHasher.hash_one(&sets[cell.0 as usize].labels), cell.0, cell.1);
        let cells = &self.cells[..self.filled];
        let ranked = self.ranked.get_or_insert_with(|| cells.iter().map(|cell| rank((cell.set, cell.via))).collect());
        let new = rank((set, via));
        let last = *ranked.last().filter(|(hash, ..)| new.0 < *hash)?;
        ranked.remove(&last);
        ranked.insert(new);
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

impl Set {
    pub fn new(labels: Arc<LabelSet>, keep: Keep, matches: Rc<[Match]>) -> Self {
        Set {
            class: labels.class,
            labels,
            is_noted: false,
            keep,
            examples_until: None,
            matches,
            recent: Recents([Recent::NONE; RECENT as usize]),
        }
    }
}

#[cfg(test)]
mod tests;
