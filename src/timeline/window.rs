//! A stretch of the timeline that slides with the ticks (SEMANTICS 15).

use std::collections::{BTreeMap, VecDeque};

use super::cell::{Cell, Run, Span};
use super::distribution::{Distribution, Samples};
use super::evidence::{Evidence, keep_evidence};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How far back a window reaches from the tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Seconds.
    Length(i64),
    /// Since the deployment.
    Deploy,
    /// Seconds, of the time before the deployment too.
    Baseline(i64),
}

/// The cells of one series and group within a window, with running sums of what can be subtracted.
#[derive(Debug)]
pub struct Window {
    reach: Reach,
    /// Seconds that one kept cell covers.
    pane: i64,
    /// (first second of the pane, cell), ascending.
    cells: VecDeque<(i64, Cell)>,
    pub events: u64,
    pub unknown: u64,
    pub sum: i128,
    pub distribution: Distribution,
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
            sum: 0,
            distribution: Distribution::default(),
            distinct: BTreeMap::new(),
        }
    }

    pub fn reach(&self) -> Reach {
        self.reach
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Takes in the cell of one second; seconds come in order.
    pub fn enter(&mut self, second: i64, mut cell: Cell) {
        self.events += cell.events;
        self.unknown += cell.unknown;
        if let Some(values) = &mut cell.values {
            self.sum += values.sum;
            self.distribution.merge(&values.samples);
            if self.reach == Reach::Deploy {
                // What never leaves has not to be taken out again.
                values.samples = Samples::default();
            }
        }
        let pane = if self.pane == i64::MAX { 0 } else { second.div_euclid(self.pane) * self.pane };
        match self.cells.back_mut() {
            Some((start, last)) if *start == pane => {
                // Within one pane a value counts once.
                let known = last.details.as_ref().map(|details| &details.distinct);
                for hash in cell.distinct().filter(|hash| known.is_none_or(|known| !known.contains(hash))) {
                    *self.distinct.entry(*hash).or_default() += 1;
                }
                last.then(&cell);
            }
            _ => {
                for hash in cell.distinct() {
                    *self.distinct.entry(*hash).or_default() += 1;
                }
                self.cells.push_back((pane, cell));
            }
        }
    }

    /// Lets go of what lies before the window `[tick − length, tick)`; `true` if there was something.
    pub fn slide(&mut self, tick: i64) -> bool {
        let (Reach::Length(length) | Reach::Baseline(length)) = self.reach else { return false };
        let start = (tick - length).div_euclid(self.pane) * self.pane;
        let before = self.cells.len();
        while self.cells.front().is_some_and(|(pane, _)| *pane < start) {
            let Some((_, cell)) = self.cells.pop_front() else { break };
            self.events -= cell.events;
            self.unknown -= cell.unknown;
            if let Some(values) = &cell.values {
                self.sum -= values.sum;
                self.distribution.subtract(&values.samples);
            }
            for hash in cell.distinct() {
                if let Some(count) = self.distinct.get_mut(hash) {
                    *count -= 1;
                    if *count == 0 {
                        self.distinct.remove(hash);
                    }
                }
            }
        }
        self.cells.len() < before
    }

    /// The first tick at which something leaves it; `i64::MAX` if nothing ever does.
    pub fn leaves(&self) -> i64 {
        match (self.reach, self.cells.front()) {
            (Reach::Length(length) | Reach::Baseline(length), Some((pane, _))) => {
                pane.saturating_add(self.pane).saturating_add(length)
            }
            _ => i64::MAX,
        }
    }

    pub fn clear(&mut self) {
        *self = Window::new(self.reach);
    }

    pub fn distinct(&self) -> usize {
        self.distinct.len()
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
        self.cells.iter().filter_map(|(_, cell)| cell.span).reduce(Span::then)
    }

    /// The run of the latest events.
    pub fn run(&self) -> Option<Run> {
        let mut run: Option<Run> = None;
        for (_, cell) in self.cells.iter().rev() {
            let Some(earlier) = cell.details.as_ref().and_then(|details| details.run) else { continue };
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
        let details = self.cells.iter().filter_map(|(_, cell)| cell.details.as_ref());
        details.flat_map(|details| &details.evidence).for_each(|line| keep_evidence(&mut kept, line));
        kept
    }

    fn values(&self) -> impl DoubleEndedIterator<Item = &super::cell::Values> {
        self.cells.iter().filter_map(|(_, cell)| cell.values.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(second: i64, events: u64) -> Cell {
        let mut cell = Cell { events, span: Some(Span::second(second)), ..Cell::default() };
        cell.details().see(second as u64 % 3);
        cell
    }

    #[test]
    fn sliding_keeps_exactly_the_window() {
        let mut window = Window::new(Reach::Length(60));
        for second in 0..200 {
            window.enter(second, cell(second, 2));
            assert_eq!(window.leaves(), (second - 60).max(0) + 61);
            window.slide(second + 1);
            assert_eq!(window.events, 2 * (second as u64 + 1).min(60));
            assert_eq!(window.distinct(), (second as usize + 1).min(3));
        }
        window.slide(1_000);
        assert!(window.is_empty() && window.events == 0 && window.distinct() == 0);
    }

    #[test]
    fn long_windows_use_panes_and_reach_at_least_their_length() {
        let mut window = Window::new(Reach::Length(HOUR));
        for second in 0..2 * HOUR {
            window.enter(second, cell(second, 1));
            window.slide(second + 1);
        }
        assert_eq!(window.cells.len(), 360);
        assert_eq!(window.events, 3_600);
        window.slide(2 * HOUR + 5);
        assert_eq!(window.events, 3_600);
        assert_eq!(window.leaves(), 2 * HOUR + 10);
        window.slide(2 * HOUR + 10);
        assert_eq!(window.events, 3_590);
    }

    #[test]
    fn since_the_deployment_nothing_leaves() {
        let mut window = Window::new(Reach::Deploy);
        for second in [5, 500_000] {
            window.enter(second, cell(second, 1));
            window.slide(second + 1);
        }
        assert_eq!((window.events, window.cells.len()), (2, 1));
        assert_eq!(window.span().map(|span| span.largest_gap), Some(499_995));
    }
}
