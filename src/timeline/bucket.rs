//! The open buckets: seconds that may still receive events, because the watermark has not passed them.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::hash::BuildHasher;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::SeriesId;
use super::evidence::{Evidence, MOST_EVIDENCE, keep_evidence};
use super::group_key::GroupKey;
use super::groups::Place;
use crate::classify::{ClassId, LabelSet, MOST_VALUES, NO_VALUE, Via};
use crate::deployment::Deployment;
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
    /// The last deployment that began in this second.
    pub deployment: Option<Deployment>,
}

/// Events of one label set in one second.
#[derive(Debug)]
pub struct Pending {
    pub set: SetId,
    pub via: Via,
    pub events: u64,
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// The events themselves, where a series or the report needs more than their number.
    pub points: Vec<Point>,
    pub evidence: Vec<Evidence>,
}

#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub time: Time,
    /// Hash of the entry's content: orders events of one time.
    pub hash: u64,
    pub values: [i64; MOST_VALUES],
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
    /// Label sets that were in use when the others were last dropped.
    in_use: usize,
    /// Cells that had to make room for others.
    pub pushed_out: Vec<Pending>,
    /// A sealed bucket, for its memory.
    spare: Bucket,
}

/// A label set, and what is worked out about it once.
#[derive(Clone, Debug)]
pub struct Set {
    pub labels: Arc<LabelSet>,
    /// That of the labels.
    pub class: ClassId,
    pub keep: Keep,
    /// The report has its examples, none of them later than this: later lines need not be kept for it.
    pub examples_until: Option<Time>,
    /// The series that read its events.
    pub matches: Rc<[Match]>,
    /// Where its cells are in the latest buckets it has any in.
    recent: [Recent; RECENT as usize],
}

/// Where the cells of a label set are in one second's bucket.
#[derive(Clone, Copy, Debug)]
struct Recent {
    second: i64,
    /// By [`Via`]. The cell there has to be looked at: it may have had to make room for another.
    places: [u32; 3],
}

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

/// What has to be kept of the events of a label set, beside their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Events that carry a value.
    pub values: bool,
    /// Every event, with its time.
    pub order: bool,
    /// Lines that show it, for rules: the first of every second.
    pub evidence: bool,
    /// Lines that show it, for the report: the first of all.
    pub examples: bool,
}

impl Keep {
    pub fn and(self, other: Keep) -> Keep {
        Keep {
            values: self.values || other.values,
            order: self.order || other.order,
            evidence: self.evidence || other.evidence,
            examples: self.examples || other.examples,
        }
    }
}

impl Buckets {
    /// The id of a label set; `work_out` is asked when it is new.
    pub fn intern(&mut self, labels: &Arc<LabelSet>, work_out: impl FnOnce(&Arc<LabelSet>) -> Set) -> SetId {
        if let Some(id) = self.ids.get(labels) {
            return *id;
        }
        let id = self.sets.len() as SetId;
        self.sets.push(work_out(labels));
        self.ids.insert(Arc::clone(labels), id);
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

    /// The cell of a label set in a second; `None` when the second has too many and this is not one of those kept. Then
    /// the events of [`Buckets::pushed_out`] have lost their cell, and are to be added without their labels, as this one is.
    pub fn cell(&mut self, second: i64, set: SetId, via: Via) -> Option<&mut Pending> {
        self.cell_or(second, set, via, Bucket::make)
    }

    /// The cell of a label set that stands for those whose labels are lost: there is always room for it.
    pub fn cell_of_others(&mut self, second: i64, set: SetId, via: Via) -> Option<&mut Pending> {
        self.cell_or(second, set, via, |bucket, set, via, _, _| Some(bucket.add(set, via)))
    }

    /// The cell of a label set in a second, or the one that is made for it.
    fn cell_or(
        &mut self,
        second: i64,
        set: SetId,
        via: Via,
        make: impl FnOnce(&mut Bucket, SetId, Via, &[Set], &mut Vec<Pending>) -> Option<u32>,
    ) -> Option<&mut Pending> {
        let at = self.position(second);
        let Buckets { open, sets, pushed_out, .. } = self;
        let bucket = &mut open[at].1;
        let at = second.rem_euclid(RECENT) as usize;
        let recent = &mut sets[set as usize].recent[at];
        if recent.second < second {
            // Had it a cell already, this would be its second or a later one.
            *recent = Recent { second, ..Recent::NONE };
        }
        let is_recent = recent.second == second;
        let mut place = if is_recent { recent.places[via as usize] } else { bucket.find(set, via).unwrap_or(u32::MAX) };
        if !bucket.is_at(place, set, via) {
            place = make(bucket, set, via, sets, pushed_out)?;
            if is_recent {
                sets[set as usize].recent[at].places[via as usize] = place;
            }
        }
        bucket.cells.get_mut(place as usize)
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

impl Bucket {
    /// The cells, in no telling order.
    pub fn cells(&self) -> &[Pending] {
        &self.cells[..self.filled]
    }

    /// Whether a place holds this cell.
    fn is_at(&self, place: u32, set: SetId, via: Via) -> bool {
        self.cells().get(place as usize).is_some_and(|cell| (cell.set, cell.via) == (set, via))
    }

    fn find(&mut self, set: SetId, via: Via) -> Option<u32> {
        self.places().get(&(set, via)).copied()
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
    pub fn new(labels: Arc<LabelSet>, keep: Keep, examples_until: Option<Time>, matches: Rc<[Match]>) -> Self {
        Set { class: labels.class, labels, keep, examples_until, matches, recent: [Recent::NONE; RECENT as usize] }
    }
}

impl Pending {
    pub fn new(set: SetId, via: Via) -> Self {
        Pending { set, via, events: 0, first: None, last: None, points: Vec::new(), evidence: Vec::new() }
    }

    /// Empties it, but for its memory.
    fn clear(&mut self) {
        /// Events that memory is kept for: the next second may be anybody's.
        const USUAL: usize = 32;
        (self.events, self.first, self.last) = (0, None, None);
        self.points.clear();
        self.points.shrink_to(USUAL);
        self.evidence.clear();
    }

    /// Joins the events of another cell of the same second.
    pub fn merge(&mut self, other: Pending) {
        self.events += other.events;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
        self.points.extend(other.points);
        other.evidence.iter().for_each(|line| keep_evidence(&mut self.evidence, line));
    }

    /// Adds an event, by its time and the hash of its content.
    pub fn add(
        &mut self,
        keep: Keep,
        examples_until: Option<Time>,
        (time, hash): (Time, u64),
        values: &[i64; MOST_VALUES],
        evidence: impl FnOnce() -> Evidence,
    ) {
        self.events += 1;
        if self.first.is_none_or(|first| time < first) {
            self.first = Some(time);
        }
        self.last = self.last.max(Some(time));
        if keep.order || (keep.values && *values != [NO_VALUE; MOST_VALUES]) {
            self.points.push(Point { time, hash, values: *values });
        }
        let shown = keep.evidence || (keep.examples && examples_until.is_none_or(|until| time <= until));
        let wanted = || self.evidence.len() < MOST_EVIDENCE || self.evidence.last().is_some_and(|last| time <= last.time);
        if shown && wanted() {
            keep_evidence(&mut self.evidence, &evidence());
        }
    }
}

#[cfg(test)]
mod tests;
