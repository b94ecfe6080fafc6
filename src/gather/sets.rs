//! The label sets that events of the open buckets have, and what is worked out about each once.

use std::collections::BTreeSet;
use std::rc::Rc;

use hashbrown::HashTable;
use rustc_hash::FxHashMap;

use crate::classify::{ClassId, LabelSet, LabelSets};
use crate::needs::Need;

/// Index of a label set among those of a run.
pub type SetId = u32;

/// Label sets remembered before those that no open bucket uses are dropped.
const MOST_SETS: usize = 32_768;

/// All of them.
#[derive(Debug, Default)]
pub struct Sets {
    pub(super) labels: LabelSets,
    /// By their ids, as the labels are.
    pub(super) sets: Vec<Set>,
    ids: HashTable<SetId>,
    /// Label sets that were in use when the others were last dropped.
    in_use: usize,
}

/// What is worked out about a label set.
#[derive(Clone, Debug)]
pub struct Set {
    /// That of the labels.
    pub class: ClassId,
    pub need: Rc<Need>,
}

impl Set {
    pub fn new(class: ClassId, need: Need) -> Self {
        Set { class, need: Rc::new(need) }
    }
}

impl Sets {
    /// The id of a label set. When it is new, `work_out` tells what is known of it.
    pub fn intern(&mut self, labels: LabelSet<'_>, work_out: impl FnOnce(LabelSet<'_>) -> Set) -> SetId {
        let Sets { labels: all, sets, ids, .. } = self;
        if let Some(id) = ids.find(labels.hash(), |id| all.get(*id) == labels) {
            return *id;
        }
        sets.push(work_out(labels));
        let id = all.copy(labels);
        ids.insert_unique(labels.hash(), id, |id| all.get(*id).hash());
        id
    }

    pub fn get(&self, id: SetId) -> &Set {
        &self.sets[id as usize]
    }

    pub fn labels(&self, id: SetId) -> LabelSet<'_> {
        self.labels.get(id)
    }

    /// Whether there are so many that those in no use are to be dropped.
    pub(super) fn is_crowded(&self) -> bool {
        self.sets.len() > MOST_SETS.max(2 * self.in_use)
    }

    /// Drops all but those `used`, which get new ids. What is returned has the new ids by the old ones.
    pub(super) fn keep_only(&mut self, used: &BTreeSet<SetId>) -> FxHashMap<SetId, SetId> {
        // By way of a copy of the few that are kept: so the memory for all the others is used again.
        let mut kept = Sets::default();
        let moved = used.iter().map(|id| (*id, kept.add_of(self, *id))).collect();
        self.labels.clear();
        self.sets.clear();
        self.ids.clear();
        for id in 0..kept.sets.len() as SetId {
            self.add_of(&kept, id);
        }
        self.in_use = kept.sets.len();
        moved
    }

    /// Adds one of others, with all that is known of it.
    fn add_of(&mut self, others: &Sets, id: SetId) -> SetId {
        self.intern(others.labels(id), |_| others.get(id).clone())
    }
}
