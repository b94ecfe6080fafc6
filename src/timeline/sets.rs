//! The label sets that were met, and the series that read each: worked out once.
//!
//! They are found with a [`HashTable`] of ids, not with a map: a map of the standard library owns its keys, so each label set would
//! be kept twice, and be hashed again though it carries its hash.

use std::ops::Range;

use hashbrown::HashTable;

use super::SeriesId;
use crate::classify::{LabelSet, LabelSets};
use crate::second::{Second, Tally};

/// Index of a label set in [`Sets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetId(u32);

impl SetId {
    /// Where those who keep something of each label set have it: counted from 0, without a gap.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Label sets remembered before all are forgotten.
const MOST_SETS: usize = 32_768;

/// All of them.
#[derive(Debug, Default)]
pub struct Sets {
    labels: LabelSets,
    ids: HashTable<SetId>,
    matches: Vec<Match>,
    /// By their ids, where the series that read them are.
    ranges: Vec<Range<usize>>,
}

/// A series that reads the events of a label set.
#[derive(Clone, Debug)]
pub struct Match {
    pub series: SeriesId,
    /// The hash of the group; `None` when the events lack a label of it.
    pub group: Option<u64>,
    /// Whether the events are certainly selected; else they lack a label that is asked for.
    pub certain: bool,
    /// For runs: whether the labels pass the wanted selector.
    pub part: Option<bool>,
    /// For intervals: the hash of the inner group; `None` when the events lack a label of it.
    pub inner: Option<u64>,
}

/// A complete second, with the ids of its label sets, and what happened in it that no line tells.
#[derive(Clone, Copy)]
pub struct Sealed<'a> {
    pub second: &'a Second,
    /// Those of its tallies.
    pub ids: &'a [SetId],
    pub own: &'a [(SetId, Tally)],
    pub sets: &'a Sets,
}

impl<'a> Sealed<'a> {
    pub fn tallies(self) -> impl Iterator<Item = (SetId, &'a Tally)> {
        let own = self.own.iter().map(|(id, tally)| (*id, tally));
        self.ids.iter().copied().zip(&self.second.tallies).chain(own)
    }

    pub fn is_empty(self) -> bool {
        self.ids.is_empty() && self.own.is_empty() && self.second.entries.is_none()
    }
}

impl Sets {
    /// The id of a label set. When it is new, `find` appends the series that read it.
    pub fn intern(&mut self, labels: LabelSet<'_>, find: impl FnOnce(LabelSet<'_>, &mut Vec<Match>)) -> SetId {
        let Sets { labels: all, ids, matches, ranges } = self;
        if let Some(id) = ids.find(labels.hash(), |id| all.get(id.0) == labels) {
            return *id;
        }
        let first = matches.len();
        find(labels, matches);
        ranges.push(first..matches.len());
        let id = SetId(all.copy(labels));
        ids.insert_unique(labels.hash(), id, |id| all.get(id.0).hash());
        id
    }

    pub fn labels(&self, id: SetId) -> LabelSet<'_> {
        self.labels.get(id.0)
    }

    /// The series that read a label set's events.
    pub fn matches(&self, id: SetId) -> &[Match] {
        &self.matches[self.ranges[id.index()].clone()]
    }

    /// Forgets all once there are too many. Ids given out before are void then: `true`.
    pub fn make_room(&mut self) -> bool {
        let is_full = self.ranges.len() > MOST_SETS;
        if is_full {
            self.labels.clear();
            self.ids.clear();
            self.matches.clear();
            self.ranges.clear();
        }
        is_full
    }
}
