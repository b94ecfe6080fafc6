//! Timeline: events to buckets of one second, buckets to sliding windows.
//!
//! Events fall into the open bucket of their second in any order. When the watermark passes a second it is sealed: its
//! events become one [`Cell`] for each series and group that reads them, and the cells enter the windows. Everything
//! that decides reads windows, and nothing else.

mod bucket;
pub mod capped;
pub mod cell;
pub mod distribution;
pub mod series;
pub mod window;

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

pub use bucket::{Bucket, Buckets, Keep, Match, Pending, Point, Set, SetId};
use cell::{Cell, MOST_DISTINCT, MOST_ORDERED, Run, Span, Values};
use series::{GroupKey, Measure, Spec, group};
use window::{Reach, Window};

use crate::classify::{LabelSet, NO_VALUE, Via};
use crate::time::Time;

/// Groups kept of one series; of more, those with the smallest hashes, the others together as [`OTHER`].
pub const MOST_GROUPS: usize = 1_000;
/// The group that takes the events of groups beyond [`MOST_GROUPS`].
pub const OTHER: &str = "(other)";

/// Index of a series in [`Timeline`].
pub type SeriesId = usize;

/// All series with their windows.
#[derive(Debug, Default)]
pub struct Timeline {
    series: Vec<Series>,
    /// Groups that went into [`OTHER`], counted each time.
    pub overflowed: u64,
    /// Whether a second held more events than their order is kept of, where a rule asks for it.
    pub crowded: bool,
}

#[derive(Debug)]
struct Series {
    spec: Spec,
    reaches: Vec<Reach>,
    /// Whether evidence lines are kept.
    evidence: bool,
    groups: FxHashMap<GroupKey, Slot>,
    /// The groups by hash, so that the one with the largest is known.
    ranked: BTreeSet<(u64, GroupKey)>,
    /// The one copy of every group's key, so that keys can be compared by where they are.
    keys: FxHashSet<GroupKey>,
    /// Events whose group is not known, because they lack a label.
    groupless: Slot,
}

/// One group of one series.
#[derive(Debug)]
pub struct Slot {
    pub windows: Vec<Window>,
    /// The last occupied second since the deployment.
    pub last_second: Option<i64>,
    /// For intervals: the last event, by the hash of the inner group.
    previous: FxHashMap<u64, Time>,
}

impl Slot {
    fn new(reaches: &[Reach]) -> Self {
        Slot {
            windows: reaches.iter().copied().map(Window::new).collect(),
            last_second: None,
            previous: FxHashMap::default(),
        }
    }

    fn is_idle(&self) -> bool {
        self.windows.iter().all(Window::is_empty)
    }
}

/// Cells of one second in the making.
#[derive(Default)]
struct Staged<'a> {
    cell: Cell,
    points: Vec<Placed<'a>>,
}

/// A point with what its label set says about it for one series.
struct Placed<'a> {
    point: &'a Point,
    labels: &'a LabelSet,
    /// For runs: whether the labels pass the wanted selector.
    part: Option<bool>,
}

impl Timeline {
    /// Registers a series and a reach; the ids say where to read it.
    pub fn register(&mut self, spec: Spec, reach: Reach, evidence: bool) -> (SeriesId, usize) {
        let id = self.series.iter().position(|known| known.spec.name == spec.name).unwrap_or_else(|| {
            let groupless = Slot::new(&[]);
            self.series.push(Series {
                spec,
                reaches: Vec::new(),
                evidence: false,
                groups: FxHashMap::default(),
                ranked: BTreeSet::new(),
                keys: FxHashSet::default(),
                groupless,
            });
            self.series.len() - 1
        });
        let series = &mut self.series[id];
        series.evidence |= evidence;
        let window = series.reaches.iter().position(|known| *known == reach).unwrap_or_else(|| {
            series.reaches.push(reach);
            series.reaches.len() - 1
        });
        series.groupless = Slot::new(&series.reaches);
        (id, window)
    }

    pub fn spec(&self, id: SeriesId) -> &Spec {
        &self.series[id].spec
    }

    /// The groups that have events in some window.
    pub fn groups(&self, id: SeriesId) -> impl Iterator<Item = &GroupKey> {
        self.series[id].groups.keys()
    }

    pub fn slot(&self, id: SeriesId, group: &[Box<str>]) -> Option<&Slot> {
        self.series[id].groups.get(group)
    }

    /// Events in a window that belong to a group nobody can tell.
    pub fn groupless(&self, id: SeriesId, window: usize) -> u64 {
        let window = &self.series[id].groupless.windows[window];
        window.events + window.unknown
    }

    /// Works out which series read events with these labels, and what they need of them.
    pub fn matches(&mut self, labels: &LabelSet) -> (Rc<[Match]>, Keep) {
        let mut keep = Keep::default();
        let mut matches = Vec::new();
        for (id, series) in self.series.iter_mut().enumerate() {
            let spec = &series.spec;
            let certainty = spec.selector.selects(labels);
            if certainty == Some(false) {
                continue;
            }
            keep = keep.and(Keep {
                values: !spec.selector.values.is_empty() || matches!(spec.measure, Measure::Value(_)),
                order: matches!(spec.measure, Measure::Intervals(_) | Measure::Run(_)),
                evidence: series.evidence,
                examples: false,
            });
            let group = group(&spec.by, labels).map(|key| {
                if let Some(known) = series.keys.get(&key) {
                    return Arc::clone(known);
                }
                if series.keys.len() > 4 * MOST_GROUPS {
                    // Keys still in use stay alive with those who use them.
                    series.keys.clear();
                }
                series.keys.insert(Arc::clone(&key));
                key
            });
            let part = match &spec.measure {
                Measure::Run(part) => part.selects(labels),
                _ => Some(true),
            };
            matches.push(Match { series: id, group, certain: certainty.is_some(), part });
        }
        (matches.into(), keep)
    }

    /// Turns a complete second into cells, and lets them enter the windows. `seen` is how requests were seen best in
    /// this second; `armed` whether the rules' windows take it in, or only those of the baseline.
    pub fn seal(&mut self, second: i64, bucket: &Bucket, buckets: &Buckets, seen: Via, armed: bool) {
        let mut staged: FxHashMap<(SeriesId, Option<GroupKey>), Staged<'_>> = FxHashMap::default();
        let mut alone: Vec<Option<Staged<'_>>> = Vec::new();
        alone.resize_with(self.series.len(), || None);
        for ((set, via), pending) in &bucket.cells {
            let set = buckets.set(*set);
            for matched in &*set.matches {
                let series = &self.series[matched.series];
                if *via != Via::None && *via != seen && !series.spec.selector.names_via {
                    continue;
                }
                let entry = match &matched.group {
                    Some(group) if group.is_empty() => alone[matched.series].get_or_insert_default(),
                    group => staged.entry((matched.series, group.clone())).or_default(),
                };
                stage(entry, series, &set.labels, pending, matched);
            }
        }
        let none: GroupKey = Arc::new([]);
        let alone =
            alone.into_iter().enumerate().filter_map(|(id, staged)| Some(((id, Some(Arc::clone(&none))), staged?)));
        for ((id, group), staged) in alone.chain(staged) {
            let series = &mut self.series[id];
            let reaches = &series.reaches;
            let slot = match group {
                Some(group) => {
                    if series.groups.len() >= MOST_GROUPS && !series.groups.contains_key(&group) {
                        self.overflowed += 1;
                    }
                    place(&mut series.groups, &mut series.ranked, group, reaches)
                }
                None => &mut series.groupless,
            };
            let cell = finish(staged, &series.spec, second, slot);
            self.crowded |= cell.run.is_some_and(|run| run.overflowed);
            if cell.events > 0 {
                slot.last_second = Some(second);
            }
            for window in &mut slot.windows {
                if armed || matches!(window.reach(), Reach::Baseline(_)) {
                    window.enter(second, &cell);
                }
            }
        }
    }

    /// Moves all windows to a tick, and forgets groups that have left every window.
    pub fn slide(&mut self, tick: i64) {
        for series in &mut self.series {
            let kept = series.spec.by.is_empty();
            let ranked = &mut series.ranked;
            series.groups.retain(|key, slot| {
                slot.windows.iter_mut().for_each(|window| window.slide(tick));
                let stays = kept || !slot.is_idle();
                if !stays {
                    ranked.remove(&(FxBuildHasher.hash_one(key), Arc::clone(key)));
                }
                stays
            });
            series.groupless.windows.iter_mut().for_each(|window| window.slide(tick));
        }
    }

    /// Whether no window holds anything that could still leave it.
    pub fn is_still(&self) -> bool {
        let still =
            |slot: &Slot| slot.windows.iter().all(|window| window.is_empty() || window.reach() == Reach::Deploy);
        self.series.iter().all(|series| series.groups.values().all(still) && still(&series.groupless))
    }

    /// A new deployment: the rules' windows begin anew, those of the baseline go on.
    pub fn begin(&mut self) {
        for series in &mut self.series {
            for slot in series.groups.values_mut().chain([&mut series.groupless]) {
                slot.last_second = None;
                slot.previous.clear();
                slot.windows
                    .iter_mut()
                    .filter(|window| !matches!(window.reach(), Reach::Baseline(_)))
                    .for_each(Window::clear);
            }
        }
    }
}

/// Adds the events of one label set to a cell in the making.
fn stage<'a>(staged: &mut Staged<'a>, series: &Series, labels: &'a LabelSet, pending: &'a Pending, matched: &Match) {
    let spec = &series.spec;
    if !matched.certain {
        staged.cell.unknown += pending.events;
        return;
    }
    let part = matched.part;
    if spec.selector.values.is_empty() && !spec.measure.needs_points() {
        staged.cell.events += pending.events;
    } else if spec.selector.values.is_empty() && matches!(spec.measure, Measure::Value(_)) && pending.points.is_empty()
    {
        // None of them carries a value.
    } else {
        // An event without a value that is asked for is on neither side (SEMANTICS 11).
        let accepted = pending.points.iter().filter(|point| spec.selector.accepts(&point.values) == Some(true));
        let before = staged.points.len();
        staged.points.extend(accepted.map(|point| Placed { point, labels, part }));
        staged.cell.events += (staged.points.len() - before) as u64;
    }
    if let Measure::Distinct(label) = spec.measure {
        match &labels.values[label] {
            Some(value) => {
                staged.cell.distinct.insert(FxBuildHasher.hash_one(value));
                if staged.cell.distinct.len() > MOST_DISTINCT {
                    staged.cell.distinct.pop_last();
                }
            }
            None => {
                staged.cell.events -= pending.events;
                staged.cell.unknown += pending.events;
            }
        }
    }
    if series.evidence {
        pending.evidence.iter().for_each(|line| cell::keep_evidence(&mut staged.cell.evidence, line));
    }
}

/// Works out what depends on the order of a second's events.
fn finish(staged: Staged<'_>, spec: &Spec, second: i64, slot: &mut Slot) -> Cell {
    let Staged { mut cell, mut points } = staged;
    if spec.measure.needs_points() {
        points.sort_unstable_by_key(|placed| (placed.point.time, placed.point.hash));
    }
    let add = |point: &Point, value: i64, cell: &mut Cell| match &mut cell.values {
        Some(values) => values.add(point.time, point.hash, value),
        none => *none = Some(Box::new(Values::one(point.time, point.hash, value))),
    };
    match &spec.measure {
        Measure::Events | Measure::Distinct(_) => {}
        Measure::Value(index) => {
            for placed in &points {
                match placed.point.values[*index] {
                    NO_VALUE => cell.events -= 1,
                    value => add(placed.point, value, &mut cell),
                }
            }
        }
        Measure::Intervals(by) => {
            for placed in &points {
                // An event that does not say whose it is tells nothing of anybody's intervals.
                let Some(inner) = group(by, placed.labels) else {
                    cell.events -= 1;
                    continue;
                };
                let before = slot.previous.insert(FxBuildHasher.hash_one(&inner), placed.point.time);
                if let Some(before) = before {
                    add(placed.point, placed.point.time.0 - before.0, &mut cell);
                }
            }
            if slot.previous.len() > MOST_GROUPS {
                // Clients come and go; those not seen for a day are not waited for.
                slot.previous.retain(|_, time| second - time.second() < 86_400);
            }
        }
        Measure::Run(part) => {
            let outcomes = points.iter().filter_map(|placed| match placed.part? {
                false => Some(false),
                true => part.accepts(&placed.point.values),
            });
            cell.run = outcomes
                .map(|hit| Run { length: u64::from(hit), total: 1, overflowed: false })
                .reduce(Run::then)
                .map(|run| Run { overflowed: run.total > MOST_ORDERED as u64, ..run });
        }
    }
    if cell.events > 0 {
        cell.span = Some(Span::second(second));
    }
    cell
}

/// The slot of a group. When there are too many it is that of the others, unless the group's hash is smaller than that of
/// a kept one, which then makes room. So the same groups are kept whichever came first.
fn place<'a>(
    groups: &'a mut FxHashMap<GroupKey, Slot>,
    ranked: &mut BTreeSet<(u64, GroupKey)>,
    group: GroupKey,
    reaches: &[Reach],
) -> &'a mut Slot {
    if groups.contains_key(&group) {
        return groups.entry(group).or_insert_with(|| Slot::new(reaches));
    }
    let rank = (FxBuildHasher.hash_one(&group), Arc::clone(&group));
    if ranked.len() >= MOST_GROUPS {
        match ranked.last() {
            Some(last) if rank < *last => {
                if let Some((_, largest)) = ranked.pop_last() {
                    groups.remove(&largest);
                }
            }
            _ => {
                let others: GroupKey = vec![Box::from(OTHER); group.len()].into();
                return groups.entry(others).or_insert_with(|| Slot::new(reaches));
            }
        }
    }
    ranked.insert(rank);
    groups.entry(group).or_insert_with(|| Slot::new(reaches))
}
