//! Timeline: complete seconds to sliding windows.
//!
//! The events of a second become one [`Cell`] for each series and group that reads them, and the cells enter the
//! windows. Everything that decides reads windows, and nothing else.

pub mod bucket;
pub mod capped;
pub mod cell;
mod cell_builder;
pub mod distribution;
pub mod group_key;
mod group_table;
mod group_windows;
pub mod running_total;
pub mod saved;
pub mod series;
mod sets;
mod tick;
pub mod window;

use rustc_hash::FxHashSet;

use cell::Cell;
use group_key::{GroupKey, GroupOf};
use group_table::{GroupTable, MOST_GROUPS};
pub use group_table::{KnownTotal, OTHER, Place};
pub use group_windows::{Admits, GroupWindows};
use series::{CellNeeds, Measure, Selector, Spec};
pub use sets::{Match, Sealed, SetId, Sets};
pub use tick::Tick;
use window::Reach;

use crate::classify::{LabelSet, Via};
use crate::second::{Keep, Tally};

/// Index of a series in [`Timeline`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesId(usize);

/// One of the windows that each group of a series has: what [`Timeline::register`] gives, and rules read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowRef {
    pub series: SeriesId,
    /// Index of its reach among those of the series.
    window: usize,
}

/// All series with their windows.
#[derive(Debug, Default)]
pub struct Timeline {
    series: Vec<Series>,
    /// The groups that have events in the second that is being sealed; `None` for those of events without a group.
    begun: Vec<(SeriesId, Option<Place>)>,
    /// Groups that went into [`OTHER`], counted each time.
    pub overflowed: u64,
    /// Whether a second held more events than their order is kept of, where a rule asks for it.
    pub crowded: bool,
    /// The second since which all is counted apart, should a deployment have begun with it.
    apart_from: Option<i64>,
}

#[derive(Debug)]
struct Series {
    spec: Spec,
    reaches: Vec<Reach>,
    needs: CellNeeds,
    groups: GroupTable,
    /// Events whose group is not known, because they lack a label.
    groupless: GroupWindows,
}

impl Timeline {
    /// Registers a series and a reach.
    pub fn register(&mut self, spec: Spec, reach: Reach, needs: CellNeeds) -> WindowRef {
        let at = self.series.iter().position(|known| known.spec.name == spec.name).unwrap_or_else(|| {
            let groupless = GroupWindows::new(&[]);
            self.series.push(Series {
                spec,
                reaches: Vec::new(),
                needs: CellNeeds::default(),
                groups: GroupTable::default(),
                groupless,
            });
            self.series.len() - 1
        });
        let series = &mut self.series[at];
        series.needs = series.needs.and(needs);
        let window = series.reaches.iter().position(|known| *known == reach).unwrap_or_else(|| {
            series.reaches.push(reach);
            series.reaches.len() - 1
        });
        series.groupless = GroupWindows::new(&series.reaches);
        WindowRef { series: SeriesId(at), window }
    }

    pub fn spec(&self, id: SeriesId) -> &Spec {
        &self.series[id.0].spec
    }

    /// The groups that have events in some window.
    pub fn groups(&self, id: SeriesId) -> impl Iterator<Item = &GroupKey> {
        self.series[id.0].groups.keys()
    }

    /// How often a group of a series came or went.
    pub fn group_changes(&self, id: SeriesId) -> u64 {
        self.series[id.0].groups.changes
    }

    /// The windows of a group, or those of a series without groups.
    pub fn windows(&self, id: SeriesId, group: Option<&GroupKey>) -> Option<&GroupWindows> {
        self.windows_at(id, self.place(id, group)?)
    }

    /// Where the windows of a group are, until a group of the series comes or goes.
    pub fn place(&self, id: SeriesId, group: Option<&GroupKey>) -> Option<Place> {
        self.series[id.0].groups.place(group)
    }

    pub fn windows_at(&self, id: SeriesId, place: Place) -> Option<&GroupWindows> {
        self.series[id.0].groups.at(place)
    }

    /// Whether the windows of all groups of a series hold the same as right after an earlier tick, if none came or went.
    pub fn is_as_at(&self, id: SeriesId, tick: Tick) -> bool {
        self.series[id.0].groups.all_windows().all(|windows| windows.is_as_at(tick))
    }

    /// Running totals are kept of a series: a test reads it.
    pub fn keep_running_totals(&mut self, id: SeriesId) {
        self.series[id.0].groups.has_running_totals = true;
    }

    /// What was counted of a group since the deployment; `place` is where its windows are, if it has any.
    pub fn total_of(&self, id: SeriesId, place: Option<Place>, group: &GroupKey) -> KnownTotal<'_> {
        self.series[id.0].groups.total_of(place, group)
    }

    /// Events in a window that belong to a group nobody can tell.
    pub fn groupless(&self, at: WindowRef) -> u64 {
        let window = self.series[at.series.0].groupless.window(at);
        window.events + window.unknown
    }

    /// What the series need of the events that they select, in no order.
    pub fn needs(&self) -> impl Iterator<Item = (&Selector, Keep)> {
        self.series.iter().map(|Series { spec, .. }| {
            let keep = Keep {
                values: !spec.selector.values.is_empty() || matches!(spec.measure, Measure::Value(_)),
                order: matches!(spec.measure, Measure::Intervals(_) | Measure::Run(_)),
                ..Keep::default()
            };
            (&spec.selector, keep)
        })
    }

    /// The series of which lines are to show the events.
    pub fn shown(&self) -> impl Iterator<Item = &Spec> {
        self.series.iter().filter(|series| series.needs.evidence).map(|series| &series.spec)
    }

    /// Appends the series that read events with these labels.
    pub fn matches(&self, labels: LabelSet<'_>, matches: &mut Vec<Match>) {
        // Most series are grouped by the same labels as one before, if by any.
        let mut grouped: Option<(&[usize], Option<u64>)> = None;
        for (id, Series { spec, .. }) in (0..).map(SeriesId).zip(&self.series) {
            let certainty = spec.selector.selects(labels);
            if certainty == Some(false) {
                continue;
            }
            let hash_of = |by| GroupOf::new(by, labels).map(|group| group.hash());
            let group = match grouped {
                Some((by, group)) if by == spec.by => group,
                _ => hash_of(&spec.by),
            };
            grouped = Some((&spec.by, group));
            let part = match &spec.measure {
                Measure::Run(part) => part.selects(labels),
                _ => Some(true),
            };
            let inner = match &spec.measure {
                Measure::Intervals(by) => hash_of(by),
                _ => None,
            };
            matches.push(Match { series: id, group, certain: certainty.is_some(), part, inner });
        }
    }

    /// Turns a complete second into cells, and lets them enter the windows.
    pub fn seal(&mut self, sealed: Sealed<'_>, admits: Admits) {
        let Sealed { second, sets, .. } = sealed;
        if self.series.iter().any(|series| series.groups.len() + sealed.tallies().count() > MOST_GROUPS) {
            self.make_room(sealed);
        }
        // Groups that are not kept, each once, by their hashes.
        let mut lost: FxHashSet<(SeriesId, u64)> = FxHashSet::default();
        for (set, tally) in sealed.tallies() {
            let labels = sets.labels(set);
            for matched in sets.matches(set) {
                let Series { spec, reaches, needs, groups, groupless, .. } = &mut self.series[matched.series.0];
                if !is_read(spec, tally, second.seen) {
                    continue;
                }
                let place = matched.group.map(|hash| {
                    let group = GroupOf::again(hash, &spec.by, labels);
                    groups.find(group).unwrap_or_else(|| {
                        if groups.len() >= MOST_GROUPS {
                            lost.insert((matched.series, hash));
                        }
                        groups.make(group, reaches)
                    })
                });
                let Some(windows) = place.map_or(Some(groupless), |place| groups.at_mut(place)) else { continue };
                if windows.builder.begin() {
                    self.begun.push((matched.series, place));
                }
                windows.builder.add(spec, labels, tally, matched, *needs);
            }
        }
        self.overflowed += lost.len() as u64;
        lost.iter().for_each(|(series, _)| self.series[series.0].groups.miss(second.at));
        for (series, place) in self.begun.drain(..) {
            let Series { spec, needs, groups, groupless, .. } = &mut self.series[series.0];
            let Some(windows) = place.map_or(Some(groupless), |place| groups.at_mut(place)) else { continue };
            self.crowded |= windows.settle(spec, *needs, second.at, admits, self.apart_from.is_some());
            let leaves = windows.leaves();
            groups.entered(leaves);
        }
        self.series.iter_mut().for_each(|series| series.groups.number());
    }

    /// Makes the groups that a second brings where not all may have room, those with the smallest hashes first: so none
    /// makes room for another once it holds events of the second.
    fn make_room(&mut self, sealed: Sealed<'_>) {
        let sets = sealed.sets;
        let mut fresh: Vec<(u64, SetId, &Match)> = Vec::new();
        for (set, tally) in sealed.tallies() {
            let labels = sets.labels(set);
            for matched in sets.matches(set) {
                let Series { spec, groups, .. } = &self.series[matched.series.0];
                if let Some(hash) = matched.group
                    && is_read(spec, tally, sealed.second.seen)
                    && !groups.is_beyond(hash)
                    && groups.find(GroupOf::again(hash, &spec.by, labels)).is_none()
                {
                    fresh.push((hash, set, matched));
                }
            }
        }
        fresh.sort_by_key(|(hash, ..)| *hash);
        for (hash, set, matched) in fresh {
            let Series { spec, groups, reaches, .. } = &mut self.series[matched.series.0];
            let group = GroupOf::again(hash, &spec.by, sets.labels(set));
            if !groups.is_beyond(hash) && groups.find(group).is_none() {
                let is_full = groups.len() >= MOST_GROUPS;
                groups.make(group, reaches);
                self.overflowed += u64::from(is_full && groups.find(group).is_some());
            }
        }
    }

    /// Moves all windows to a tick, and forgets groups that have left every window. Gives the first tick at which something
    /// leaves a window next, [`Tick::NEVER`] if nothing does.
    pub fn slide(&mut self, tick: Tick) -> Tick {
        let mut next = Tick::NEVER;
        for series in &mut self.series {
            series.groupless.slide(tick);
            next = next.min(series.groups.slide(tick, series.spec.by.is_empty())).min(series.groupless.leaves());
        }
        next
    }

    /// A deployment that is not judged, but whose running is the baseline of the one that will be.
    pub fn begin_baseline(&mut self) {
        for series in &mut self.series {
            series.groups.all_windows_mut().chain([&mut series.groupless]).for_each(GroupWindows::begin_baseline);
        }
    }

    /// What is sealed from this second on is counted apart, too, for the windows that reach back to a deployment; `None` for no
    /// longer.
    pub fn set_apart(&mut self, second: Option<i64>) {
        self.apart_from = second;
        for series in &mut self.series {
            series.groups.all_windows_mut().chain([&mut series.groupless]).for_each(GroupWindows::forget_apart);
        }
    }

    /// Lets go of what is no part of the baseline of a deployment in this second, because it came after it.
    pub fn end_baseline(&mut self, deployed: i64) {
        for series in &mut self.series {
            series
                .groups
                .all_windows_mut()
                .chain([&mut series.groupless])
                .for_each(|windows| windows.end_baseline(deployed));
        }
    }

    /// What the windows of the baseline hold, each joined to one cell: by the name of the series, and the group.
    pub fn baselines(&self) -> impl Iterator<Item = (&str, Vec<(&GroupKey, Cell)>)> {
        self.series.iter().filter_map(|Series { spec, reaches, groups, .. }| {
            let window = reaches.iter().position(Reach::is_baseline)?;
            Some((&*spec.name, groups.iter().map(|(key, all)| (key, all.windows[window].joined())).collect()))
        })
    }

    /// Lets the window of a group's baseline hold this; no more groups than are kept.
    pub fn load_baseline(&mut self, name: &str, group: GroupKey, cell: Cell) {
        let Some(Series { reaches, groups, .. }) = self.series.iter_mut().find(|series| series.spec.name == name)
        else {
            return;
        };
        let Some(window) = reaches.iter().position(Reach::is_baseline) else { return };
        if let Some(all) = groups.load(group, reaches) {
            all.windows[window].enter(0, cell);
        }
    }

    /// A new deployment, in this second or an earlier one: all windows begin anew. `true` if all was counted apart since then.
    pub fn begin(&mut self, deployed: i64) -> bool {
        let is_apart = self.apart_from.take() == Some(deployed);
        for series in &mut self.series {
            series.groups.begin(deployed, is_apart);
            series.groupless.begin(deployed, is_apart);
        }
        is_apart
    }
}

/// Whether a series reads these events: of requests those as they were seen best, unless it names how.
fn is_read(spec: &Spec, tally: &Tally, seen: Via) -> bool {
    tally.via == Via::None || tally.via == seen || spec.selector.names_via
}
