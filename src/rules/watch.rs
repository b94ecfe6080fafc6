//! An expression that is evaluated tick after tick, with its last result for each group: most of what rules read is as it was a
//! second before. Without the last results a replay of a log of ten lines a second takes 29 % more instructions.

use super::compile::Compiled;
use super::evaluate::Evaluator;
use super::judgement::{Judgement, Truth};
use super::node::{Node, Read};
use super::observed::{Observed, Stretch};
use crate::timeline::group_key::GroupKey;
use crate::timeline::{Place, Tick, Timeline};

/// A compiled expression and what is remembered of it from tick to tick.
#[derive(Debug)]
pub struct Watch {
    pub expr: Compiled,
    /// What it reads, by [`Read::index`], and what was observed of that at the tick.
    pub reads: Vec<Read>,
    pub stretches: Vec<Option<Stretch>>,
    /// How many of the reads are those of a guard, before `and`.
    pub guarding: usize,
    /// Whether it has to be worked out at every tick.
    moves: bool,
    /// Whether it asks for a trend.
    pub has_trends: bool,
    /// How often groups had come or gone when these were looked up; `None` if they are to be looked up anew.
    changes: Option<u64>,
    /// Ascending: each group it may be true for, and each a trigger has an instance of.
    pub groups: Vec<Watched>,
}

/// One group.
#[derive(Debug)]
pub struct Watched {
    pub group: GroupKey,
    /// Whether the trigger has an instance of it.
    pub has_instance: bool,
    /// Where the windows are that it is read from, by [`Read::index`].
    pub places: Vec<Option<Place>>,
    pub last: LastResult,
}

/// What the expression came to for a group the last time it had to be evaluated.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastResult {
    truth: Option<Truth>,
    /// `None` where nothing but the truth was asked for.
    judgement: Option<Judgement>,
    /// At which tick.
    at: Tick,
    /// It rests on so many of the reads, from the first.
    reads: usize,
}

impl Watch {
    pub fn new(expr: Compiled) -> Self {
        let node = &expr.node;
        let reads: Vec<Read> = node.reads().into_iter().cloned().collect();
        let guarding = if let Node::And(guard, _) = node { guard.reads().len() } else { 0 };
        Watch {
            stretches: Vec::with_capacity(reads.len()),
            reads,
            guarding,
            moves: node.moves(),
            has_trends: !node.trends().is_empty(),
            changes: None,
            groups: Vec::new(),
            expr,
        }
    }

    /// Forgets all results and groups.
    pub fn clear(&mut self) {
        self.groups.clear();
        self.changes = None;
    }

    /// Begins with the groups that a trigger has instances of; what they are read from is looked up at the next tick, as are the
    /// others.
    pub fn restore<'a>(&mut self, groups: impl Iterator<Item = &'a GroupKey>) {
        self.clear();
        let watched = |group: &GroupKey| Watched {
            group: group.clone(),
            has_instance: true,
            places: vec![None; self.reads.len()],
            last: LastResult::default(),
        };
        self.groups = groups.map(watched).collect();
    }

    /// The groups are looked up at the next tick, whether or not any comes or goes.
    pub fn renew(&mut self) {
        self.changes = None;
    }

    /// Looks up the groups of a tick. Results are forgotten where time itself, or how much was observed, may change them.
    pub fn update(&mut self, timeline: &Timeline, observed: &Observed, tick: Tick) {
        let changes = self.reads.iter().map(|read| timeline.group_changes(read.window.series)).sum();
        if self.changes.replace(changes) != Some(changes) {
            self.look_up(timeline);
        }
        let mut differs = self.moves || self.stretches.len() != self.reads.len();
        self.stretches.resize(self.reads.len(), None);
        for (read, before) in self.reads.iter().zip(&mut self.stretches) {
            let stretch = observed.stretch(read, tick);
            differs |= before.map(|before| before.quality) != stretch.map(|stretch| stretch.quality);
            *before = stretch;
        }
        if differs {
            self.groups.iter_mut().for_each(|watched| watched.last = LastResult::default());
        }
    }

    /// Takes in the groups there are now. Most were there before, in their order.
    fn look_up(&mut self, timeline: &Timeline) {
        let mut fresh = self.expr.node.groups(timeline);
        if self.expr.by.is_empty() {
            fresh.insert(GroupKey::default());
        }
        self.groups.retain(|watched| fresh.remove(&watched.group) || watched.has_instance);
        for watched in &mut self.groups {
            for (read, place) in self.reads.iter().zip(&mut watched.places) {
                let now = timeline.place(read.window.series, read.grouped.then_some(&watched.group));
                if std::mem::replace(place, now) != now {
                    watched.last = LastResult::default();
                }
            }
        }
        if self.reads.iter().any(|read| read.pooled) {
            self.groups.iter_mut().for_each(|watched| watched.last = LastResult::default());
        }
        if !fresh.is_empty() {
            self.groups.extend(fresh.into_iter().map(|group| Watched {
                places: places(&self.reads, &group, timeline),
                group,
                has_instance: false,
                last: LastResult::default(),
            }));
            self.groups.sort_by(|a, b| a.group.cmp(&b.group));
        }
    }
}

/// Where the windows of a group are that are read, as far as there are any.
pub fn places(reads: &[Read], group: &GroupKey, timeline: &Timeline) -> Vec<Option<Place>> {
    reads.iter().map(|read| timeline.place(read.window.series, read.grouped.then_some(group))).collect()
}

impl LastResult {
    /// The expression's truth for the group, without what decided it; so many of the reads are `guarding`.
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
        *self = LastResult { truth: Some(truth), judgement: None, at: evaluator.tick, reads };
        truth
    }

    /// The expression's judgement for the group.
    pub fn judgement(&mut self, evaluator: &Evaluator<'_>, node: &Node, reads: &[Read]) -> Judgement {
        if let Some(judgement) = self.judgement
            && self.holds(evaluator, reads)
        {
            debug_assert_eq!(judgement, evaluator.truth(node));
            return judgement;
        }
        let judgement = evaluator.truth(node);
        let (truth, at) = (Some(judgement.truth), evaluator.tick);
        *self = LastResult { truth, judgement: Some(judgement), at, reads: reads.len() };
        judgement
    }

    /// Whether no window that it rests on has changed since.
    fn holds(&self, evaluator: &Evaluator<'_>, reads: &[Read]) -> bool {
        reads[..self.reads].iter().zip(evaluator.places).all(|(read, place)| {
            if read.pooled {
                return evaluator.timeline.is_as_at(read.window.series, self.at);
            }
            let windows = place.and_then(|place| evaluator.timeline.windows_at(read.window.series, place));
            windows.is_none_or(|windows| windows.is_as_at(self.at))
        })
    }
}
