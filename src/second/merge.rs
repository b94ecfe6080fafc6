//! Two parts of the same second to one.

use std::collections::BTreeMap;

use super::MOST_TALLIES;
use super::{Second, Tally, covering};
use crate::classify::{ClassId, LabelSets, Library, Via};

impl Second {
    /// Adds another part of the same second, which has none of its records. Whatever the parts, and in whatever order they are added,
    /// the sum is the same; but of too many label sets those with the largest hashes lose their labels when it is made.
    pub fn merge(&mut self, other: Second, library: &Library) {
        let mut places: BTreeMap<(u64, Via), Vec<usize>> = BTreeMap::new();
        for (at, (set, tally)) in self.sets.iter().zip(&self.tallies).enumerate() {
            places.entry((set.hash(), tally.via)).or_default().push(at);
        }
        // The label set after the tallies', if there is one, is that of a pause; it moves behind those that are added.
        let pause = self.gravest();
        let mut sets = LabelSets::default();
        self.sets.iter().take(self.tallies.len()).for_each(|set| {
            sets.copy(set);
        });
        let others = other.gravest();
        for (set, tally) in other.sets.iter().zip(other.tallies) {
            let same = places.get(&(set.hash(), tally.via));
            match same.and_then(|places| places.iter().find(|at| sets.get(**at as u32) == set)) {
                Some(at) => self.tallies[*at].merge(tally),
                None => {
                    sets.copy(set);
                    self.tallies.push(tally);
                }
            }
        }
        self.sets = sets;
        self.cap(library);
        self.after_pause = match (self.after_pause.take(), other.after_pause) {
            (Some((mine, _)), Some((theirs, _))) if theirs.is_before(&mine) => Some((theirs, self.add(others))),
            (Some((mine, _)), _) => Some((mine, self.add(pause))),
            (None, Some((theirs, _))) => Some((theirs, self.add(others))),
            (None, None) => None,
        };
        self.seen = self.seen.max(other.seen);
        self.records = other.records.map_or(self.records, |records| covering(self.records, records));
        self.entries = other.entries.map_or(self.entries, |entries| covering(self.entries, entries));
        self.signs.extend(other.signs);
        other.served.into_iter().for_each(|(id, line)| Second::serve(&mut self.served, id, line));
        self.dropped += other.dropped;
        self.crowded += other.crowded;
        self.counts.add(&other.counts);
    }

    /// The label set of the gravest event after a pause.
    fn gravest(&self) -> Option<LabelSets> {
        let (_, gravest) = self.after_pause.as_ref()?;
        let mut copied = LabelSets::default();
        copied.copy(self.sets.get((*gravest)?));
        Some(copied)
    }

    fn add(&mut self, set: Option<LabelSets>) -> Option<u32> {
        Some(self.sets.copy(set?.get(0)))
    }

    /// Takes the labels of those with the largest hashes, where there are too many.
    fn cap(&mut self, library: &Library) {
        if self.tallies.len() <= MOST_TALLIES {
            return;
        }
        let mut order: Vec<usize> = (0..self.tallies.len()).collect();
        order.sort_by_key(|at| self.sets.get(*at as u32).hash());
        let mut taken: Vec<Option<Tally>> = std::mem::take(&mut self.tallies).into_iter().map(Some).collect();
        let before = std::mem::take(&mut self.sets);
        let mut unlabelled: BTreeMap<(ClassId, Via), Tally> = BTreeMap::new();
        for (rank, at) in order.into_iter().enumerate() {
            let (set, Some(tally)) = (before.get(at as u32), taken[at].take()) else { continue };
            if rank < MOST_TALLIES {
                self.sets.copy(set);
                self.tallies.push(tally);
            } else {
                self.crowded += tally.events;
                unlabelled.entry((set.class, tally.via)).or_insert_with(|| Tally::new(tally.via)).merge(tally);
            }
        }
        for ((class, via), tally) in unlabelled {
            let others = LabelSets::unlabelled(class, library.classes[class].labels.len());
            let is_same = |(set, tally): (_, &Tally)| set == others.get(0) && tally.via == via;
            let same = self.sets.iter().zip(&self.tallies).position(is_same);
            match same {
                Some(at) => self.tallies[at].merge(tally),
                None => {
                    self.sets.copy(others.get(0));
                    self.tallies.push(tally);
                }
            }
        }
    }
}
