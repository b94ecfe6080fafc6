//! The open buckets: seconds that may still receive events, because the watermark has not passed them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::cell::{Evidence, MOST_EVIDENCE};
use crate::classify::{LabelSet, MOST_VALUES, Via};
use crate::deployment::Deployment;
use crate::time::Time;

/// Index of a label set in [`Buckets`].
pub type SetId = u32;

/// Label sets remembered before those that no open bucket uses are dropped.
const MOST_SETS: usize = 32_768;

/// One second of one run, before its watermark.
#[derive(Debug, Default)]
pub struct Bucket {
    pub cells: FxHashMap<(SetId, Via), Pending>,
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
#[derive(Debug, Default)]
pub struct Pending {
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
    open: BTreeMap<i64, Bucket>,
    sets: Vec<Set>,
    ids: FxHashMap<Arc<LabelSet>, SetId>,
}

#[derive(Debug)]
struct Set {
    labels: Arc<LabelSet>,
    keep: Keep,
}

/// What has to be kept of the events of a label set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    pub points: bool,
    pub evidence: bool,
}

impl Buckets {
    /// The id of a label set; `keep` is asked when it is new.
    pub fn intern(&mut self, labels: &Arc<LabelSet>, keep: impl FnOnce(&LabelSet) -> Keep) -> SetId {
        if let Some(id) = self.ids.get(labels) {
            return *id;
        }
        let id = self.sets.len() as SetId;
        self.sets.push(Set { labels: Arc::clone(labels), keep: keep(labels) });
        self.ids.insert(Arc::clone(labels), id);
        id
    }

    pub fn labels(&self, id: SetId) -> &Arc<LabelSet> {
        &self.sets[id as usize].labels
    }

    pub fn keep(&self, id: SetId) -> Keep {
        self.sets[id as usize].keep
    }

    pub fn bucket(&mut self, second: i64) -> &mut Bucket {
        self.open.entry(second).or_default()
    }

    /// The last open second before `second`.
    pub fn previous(&self, second: i64) -> Option<i64> {
        self.open.range(..second).next_back().map(|(second, _)| *second)
    }

    pub fn first(&self) -> Option<i64> {
        self.open.first_key_value().map(|(second, _)| *second)
    }

    pub fn last(&self) -> Option<i64> {
        self.open.last_key_value().map(|(second, _)| *second)
    }

    pub fn take(&mut self, second: i64) -> Option<Bucket> {
        self.open.remove(&second)
    }

    /// Whether ids given out before are about to be renumbered by [`Buckets::forget_unused`].
    pub fn is_crowded(&self) -> bool {
        self.sets.len() > MOST_SETS
    }

    /// Drops label sets that no open bucket uses. Ids given out before are void.
    pub fn forget_unused(&mut self) {
        let old = std::mem::take(&mut self.sets);
        self.ids.clear();
        let mut moved: FxHashMap<SetId, SetId> = FxHashMap::default();
        for bucket in self.open.values_mut() {
            let cells = std::mem::take(&mut bucket.cells);
            for ((id, via), pending) in cells {
                let new = *moved.entry(id).or_insert_with(|| {
                    let Set { labels, keep } = &old[id as usize];
                    let new = self.sets.len() as SetId;
                    self.sets.push(Set { labels: Arc::clone(labels), keep: *keep });
                    self.ids.insert(Arc::clone(labels), new);
                    new
                });
                bucket.cells.insert((new, via), pending);
            }
        }
    }
}

impl Pending {
    pub fn add(&mut self, keep: Keep, point: Point, evidence: impl FnOnce() -> Evidence) {
        self.events += 1;
        self.first = Some(self.first.map_or(point.time, |first| first.min(point.time)));
        self.last = Some(self.last.map_or(point.time, |last| last.max(point.time)));
        if keep.points {
            self.points.push(point);
        }
        let wanted =
            self.evidence.len() < MOST_EVIDENCE || self.evidence.last().is_some_and(|last| point.time <= last.time);
        if keep.evidence && wanted {
            super::cell::keep_evidence(&mut self.evidence, &evidence());
        }
    }
}
