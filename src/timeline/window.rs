//! A stretch of the timeline that slides with the ticks (SEMANTICS 15).

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use super::Tick;
use super::cell::{Cell, Details, Run, Span, Values};
use super::distribution::{Distribution, Samples};
use crate::second::evidence::{Evidence, keep_evidence};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How far back a window reaches from the tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Reach {
    /// Seconds.
    Length(i64),
    /// Since the deployment.
    Deploy,
    /// Seconds, of the time before the deployment too.
    Baseline(i64),
}

impl Reach {
    pub fn is_baseline(&self) -> bool {
        matches!(self, Reach::Baseline(_))
    }
}

/// The cells of one series and group within a window, with running sums of what can be subtracted.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Window {
    reach: Reach,
    /// Seconds that one kept cell covers.
    pane: i64,
    /// (first second of the pane, cell), ascending.
    cells: VecDeque<(i64, Cell)>,
    pub events: u64,
    pub unknown: u64,
    /// How many values there are.
    pub values: u64,
    pub sum: i128,
    /// Of their samples, but in a baseline: that is asked for once in a deployment.
    distribution: Distribution,
    distinct: BTreeMap<u64, u32>,
}

/// Panes: one second up to 10 minutes, then 10 s up to an hour, 1 min up to a day, 1 h beyond; aligned to the epoch. A
/// window of coarser panes begins at the pane its exact start lies in.
pub fn pane(length: i64) -> i64 {
    match length {
        ..=600 => 1,
        601..=HOUR => 10,
        3_601..=DAY => MINUTE,
        _ => HOUR,
    }
}

impl Window {
    pub fn new(reach: Reach) -> Self {
        let pane = match reach {
            Reach::Length(length) | Reach::Baseline(length) => pane(length),
            Reach::Deploy => i64::MAX,
        };
        Window {
            reach,
            pane,
            cells: VecDeque::new(),
            events: 0,
            unknown: 0,
            values: 0,
            sum: 0,
            distribution: Distribution::default(),
            distinct: BTreeMap::new(),
        }
    }

    pub fn reach(&self) -> Reach {
        self.reach
    }

    pub fn is_baseline(&self) -> bool {
        self.reach.is_baseline()
    }

    /// All that it holds.
    pub fn joined(&self) -> Cell {
        let mut joined = Cell::default();
        self.cells.iter().for_each(|(_, cell)| joined.then(cell));
        joined
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Takes in the cell of one second; seconds come in order.
    pub fn enter(&mut self, second: i64, mut cell: Cell) {
        self.events += cell.events;
        if let Some(details) = &mut cell.details {
            self.add(details);
        }
        let pane = if self.pane == i64::MAX { 0 } else { second.div_euclid(self.pane) * self.pane };
        match self.cells.back_mut() {
            Some((start, last)) if *start == pane => {
                // Within one pane a label value counts once.
                let known = last.details.as_ref().map(|details| &details.distinct);
                let distinct = cell.details.iter().flat_map(|details| &details.distinct);
                for hash in distinct.filter(|hash| known.is_none_or(|known| !known.contains(hash))) {
                    *self.distinct.entry(*hash).or_default() += 1;
                }
                last.then(&cell);
            }
            _ => {
                for hash in cell.details.iter().flat_map(|details| &details.distinct) {
                    *self.distinct.entry(*hash).or_default() += 1;
                }
                self.cells.push_back((pane, cell));
            }
        }
    }

    fn add(&mut self, details: &mut Details) {
        self.unknown += details.unknown;
        let Some(values) = &mut details.values else { return };
        self.values += values.count;
        self.sum += values.sum;
        if !self.is_baseline() {
            self.distribution.merge(&values.samples);
        }
        if self.reach == Reach::Deploy {
            // What never leaves has not to be taken out again.
            values.samples = Samples::default();
        }
    }

    fn take_away(&mut self, details: &Details) {
        self.unknown -= details.unknown;
        if let Some(values) = &details.values {
            self.values -= values.count;
            self.sum -= values.sum;
            if !self.is_baseline() {
                self.distribution.subtract(&values.samples);
            }
        }
        for hash in &details.distinct {
            if let Some(count) = self.distinct.get_mut(hash) {
                *count -= 1;
                if *count == 0 {
                    self.distinct.remove(hash);
                }
            }
        }
    }

    /// Lets go of what lies before the window `[tick − length, tick)`; `true` if there was something.
    pub fn slide(&mut self, tick: Tick) -> bool {
        let (Reach::Length(length) | Reach::Baseline(length)) = self.reach else { return false };
        self.drop_before((tick.second() - length).div_euclid(self.pane) * self.pane)
    }

    /// Lets go of all panes that begin before a second; `true` if there was something.
    pub fn drop_before(&mut self, start: i64) -> bool {
        let before = self.cells.len();
        while self.cells.front().is_some_and(|(pane, _)| *pane < start) {
            let Some((_, cell)) = self.cells.pop_front() else { break };
            self.events -= cell.events;
            if let Some(details) = &cell.details {
                self.take_away(details);
            }
        }
        self.cells.len() < before
    }

    /// Lets go of all panes that begin in a second or later.
    pub fn drop_from(&mut self, second: i64) {
        while self.cells.back().is_some_and(|(pane, _)| *pane >= second) {
            let Some((_, cell)) = self.cells.pop_back() else { break };
            self.events -= cell.events;
            if let Some(details) = &cell.details {
                self.take_away(details);
            }
        }
    }

    /// The first tick at which something leaves it; [`Tick::NEVER`] if nothing ever does.
    pub fn leaves(&self) -> Tick {
        match (self.reach, self.cells.front()) {
            (Reach::Length(length) | Reach::Baseline(length), Some((pane, _))) => {
                Tick::at(*pane).plus(self.pane).plus(length)
            }
            _ => Tick::NEVER,
        }
    }

    pub fn clear(&mut self) {
        *self = Window::new(self.reach);
    }

    pub fn distinct(&self) -> usize {
        self.distinct.len()
    }

    /// The value at or below which a share of all values lies; see [`Distribution::quantile`].
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.distribution().quantile(q)
    }

    /// All its values, where they are kept.
    pub fn distribution(&self) -> Cow<'_, Distribution> {
        if !self.is_baseline() {
            return Cow::Borrowed(&self.distribution);
        }
        let mut distribution = Distribution::default();
        self.values().for_each(|values| distribution.merge(&values.samples));
        Cow::Owned(distribution)
    }

    pub fn min(&self) -> Option<i64> {
        self.values().map(|values| values.min).min()
    }

    pub fn max(&self) -> Option<i64> {
        self.values().map(|values| values.max).max()
    }

    pub fn first(&self) -> Option<i64> {
        // Panes follow one another, and so do their values.
        self.values().next().map(|values| values.first.2)
    }

    pub fn last(&self) -> Option<i64> {
        self.values().next_back().map(|values| values.last.2)
    }

    pub fn span(&self) -> Option<Span> {
        self.details().filter_map(|details| details.span).reduce(Span::then)
    }

    /// The run of the latest events.
    pub fn run(&self) -> Option<Run> {
        let mut run: Option<Run> = None;
        for earlier in self.details().rev().filter_map(|details| details.run) {
            let joined = run.map_or(earlier, |later| earlier.then(later));
            run = Some(joined);
            if joined.length < joined.total {
                break;
            }
        }
        run
    }

    pub fn evidence(&self) -> Vec<Evidence> {
        let mut kept = Vec::new();
        self.details().flat_map(|details| &details.evidence).for_each(|line| keep_evidence(&mut kept, line));
        kept
    }

    fn details(&self) -> impl DoubleEndedIterator<Item = &Details> {
        self.cells.iter().filter_map(|(_, cell)| cell.details.as_deref())
    }

    fn values(&self) -> impl DoubleEndedIterator<Item = &Values> {
        self.details().filter_map(|details| details.values.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(second: i64, events: u64) -> Cell {
        let mut cell = Cell { events, ..Cell::default() };
        cell.details().span = Some(Span::second(second));
        cell.details().see(second as u64 % 3);
        cell
    }

    #[test]
    fn sliding_keeps_exactly_the_window() {
        let mut window = Window::new(Reach::Length(60));
        for second in 0..200 {
            window.enter(second, cell(second, 2));
            assert_eq!(window.leaves(), Tick::at((second - 60).max(0) + 61));
            window.slide(Tick::after(second));
            assert_eq!(window.events, 2 * (second as u64 + 1).min(60));
            assert_eq!(window.distinct(), (second as usize + 1).min(3));
        }
        window.slide(Tick::at(1_000));
        assert!(window.is_empty() && window.events == 0 && window.distinct() == 0);
    }

    #[test]
    fn long_windows_use_panes_and_reach_at_least_their_length() {
        let mut window = Window::new(Reach::Length(HOUR));
        for second in 0..2 * HOUR {
            window.enter(second, cell(second, 1));
            window.slide(Tick::after(second));
        }
        assert_eq!(window.cells.len(), 360);
        assert_eq!(window.events, 3_600);
        window.slide(Tick::at(2 * HOUR + 5));
        assert_eq!(window.events, 3_600);
        assert_eq!(window.leaves(), Tick::at(2 * HOUR + 10));
        window.slide(Tick::at(2 * HOUR + 10));
        assert_eq!(window.events, 3_590);
    }

    #[test]
    fn since_the_deployment_nothing_leaves() {
        let mut window = Window::new(Reach::Deploy);
        for second in [5, 500_000] {
            window.enter(second, cell(second, 1));
            window.slide(Tick::after(second));
        }
        assert_eq!((window.events, window.cells.len()), (2, 1));
        assert_eq!(window.span().map(|span| span.largest_gap), Some(499_995));
    }
}
