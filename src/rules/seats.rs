//! The groups of one trigger, with what it said of each: most of what rules read is as it was a second before.

use super::compile::Compiled;
use super::evaluate::Evaluator;
use super::judgement::{Judgement, Truth};
use super::node::{Node, Read};
use super::observed::{Observed, Stretch};
use crate::timeline::group_key::GroupKey;
use crate::timeline::{Place, Timeline};

/// The groups that a trigger looks at, ascending.
#[derive(Debug)]
pub struct Seats {
    /// What the trigger reads, by [`Read::index`], and what was observed of it at the tick.
    pub reads: Vec<Read>,
    pub stretches: Vec<Option<Stretch>>,
    /// How many of the reads are those of a guard, before `and`.
    pub guarding: usize,
    /// Whether it has to be worked out at every tick.
    moves: bool,
    /// Whether it asks for a trend.
    pub has_trends: bool,
    /// How often groups had come or gone when the seats were made; `None` if they are to be made anew.
    changes: Option<u64>,
    pub seats: Vec<Seat>,
}

/// One group.
#[derive(Debug)]
pub struct Seat {
    pub group: GroupKey,
    /// Whether the trigger has an instance of it.
    pub has_instance: bool,
    /// The slots it is read from, by [`Read::index`].
    pub places: Vec<Option<Place>>,
    pub said: Said,
}

/// What was said of a group the last time it had to be worked out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said {
    truth: Option<Truth>,
    /// `None` where nothing but the truth was asked for.
    judgement: Option<Judgement>,
    /// At which tick.
    at: i64,
    /// It rests on so many of the reads, from the first.
    reads: usize,
}

impl Seats {
    pub fn new(node: &Node) -> Self {
        let reads: Vec<Read> = node.reads().into_iter().cloned().collect();
        let guarding = if let Node::And(guard, _) = node { guard.reads().len() } else { 0 };
        Seats {
            stretches: Vec::with_capacity(reads.len()),
            reads,
            guarding,
            moves: node.moves(),
            has_trends: !node.trends().is_empty(),
            changes: None,
            seats: Vec::new(),
        }
    }

    /// Forgets what was said, and who sits where.
    pub fn clear(&mut self) {
        self.seats.clear();
        self.changes = None;
    }

    /// Seats for the groups that the trigger has instances of; where they sit is looked up at the next tick, as are the others.
    pub fn restore<'a>(&mut self, groups: impl Iterator<Item = &'a GroupKey>) {
        self.clear();
        let seat = |group: &GroupKey| Seat {
            group: group.clone(),
            has_instance: true,
            places: vec![None; self.reads.len()],
            said: Said::default(),
        };
        self.seats = groups.map(seat).collect();
    }

    /// The groups are looked up at the next tick, whether or not any comes or goes.
    pub fn renew(&mut self) {
        self.changes = None;
    }

    /// Brings the seats up to a tick: one for each group the trigger may be true for, and for each it has an instance
    /// of. What was said is forgotten where time itself, or how much was observed, may change it.
    pub fn update(&mut self, when: &Compiled, timeline: &Timeline, observed: &Observed, tick: i64) {
        let changes = self.reads.iter().map(|read| timeline.group_changes(read.series)).sum();
        if self.changes.replace(changes) != Some(changes) {
            self.make(when, timeline);
        }
        let mut differs = self.moves || self.stretches.len() != self.reads.len();
        self.stretches.resize(self.reads.len(), None);
        for (read, before) in self.reads.iter().zip(&mut self.stretches) {
            let stretch = observed.stretch(read, tick);
            differs |= before.map(|before| before.quality) != stretch.map(|stretch| stretch.quality);
            *before = stretch;
        }
        if differs {
            self.seats.iter_mut().for_each(|seat| seat.said = Said::default());
        }
    }

    /// Seats for the groups there are now. Most sat there before, in the order they are to sit in.
    fn make(&mut self, when: &Compiled, timeline: &Timeline) {
        let mut fresh = when.node.groups(timeline);
        if when.by.is_empty() {
            fresh.insert(GroupKey::default());
        }
        self.seats.retain(|seat| fresh.remove(&seat.group) || seat.has_instance);
        for seat in &mut self.seats {
            for (read, place) in self.reads.iter().zip(&mut seat.places) {
                let now = timeline.place(read.series, read.grouped.then_some(&seat.group));
                if std::mem::replace(place, now) != now {
                    seat.said = Said::default();
                }
            }
        }
        if self.reads.iter().any(|read| read.pooled) {
            self.seats.iter_mut().for_each(|seat| seat.said = Said::default());
        }
        if !fresh.is_empty() {
            self.seats.extend(fresh.into_iter().map(|group| Seat {
                places: places(&self.reads, &group, timeline),
                group,
                has_instance: false,
                said: Said::default(),
            }));
            self.seats.sort_by(|a, b| a.group.cmp(&b.group));
        }
    }
}

/// The slots of a group that are read, as far as there are any.
pub fn places(reads: &[Read], group: &GroupKey, timeline: &Timeline) -> Vec<Option<Place>> {
    reads.iter().map(|read| timeline.place(read.series, read.grouped.then_some(group))).collect()
}

impl Said {
    /// What the trigger says of the group, without what decided it; so many of the reads are `guarding`.
    pub fn truth(&mut self, evaluator: &Evaluator<'_>, node: &Node, reads: &[Read], guarding: usize) -> Truth {
        if let Some(truth) = self.truth
            && self.holds(evaluator, reads)
        {
            debug_assert_eq!(truth, evaluator.truth_alone(node));
            return truth;
        }
        let (truth, reads) = match node {
            Node::And(guard, guarded) => match evaluator.truth_alone(guard) {
                // What is guarded was not looked at, and may change as it likes.
                Truth::False => (Truth::False, guarding),
                truth => (evaluator.truth_of_both(truth, guarded), reads.len()),
            },
            _ => (evaluator.truth_alone(node), reads.len()),
        };
        *self = Said { truth: Some(truth), judgement: None, at: evaluator.tick, reads };
        truth
    }

    /// What the trigger says of the group.
    pub fn judgement(&mut self, evaluator: &Evaluator<'_>, node: &Node, reads: &[Read]) -> Judgement {
        if let Some(judgement) = self.judgement
            && self.holds(evaluator, reads)
        {
            debug_assert_eq!(judgement, evaluator.truth(node));
            return judgement;
        }
        let judgement = evaluator.truth(node);
        let (truth, at) = (Some(judgement.truth), evaluator.tick);
        *self = Said { truth, judgement: Some(judgement), at, reads: reads.len() };
        judgement
    }

    /// Whether no window that it rests on has changed since.
    fn holds(&self, evaluator: &Evaluator<'_>, reads: &[Read]) -> bool {
        reads[..self.reads].iter().zip(evaluator.places).all(|(read, place)| {
            if read.pooled {
                return evaluator.timeline.is_as_at(read.series, self.at);
            }
            let slot = place.and_then(|place| evaluator.timeline.slot_at(read.series, place));
            slot.is_none_or(|slot| slot.is_as_at(self.at))
        })
    }
}
