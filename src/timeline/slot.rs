//! One group of one series: its windows, and what is remembered from second to second.

use rustc_hash::FxHashMap;

use super::cell::Cell;
use super::series::{Spec, Wanted};
use super::staged::Staged;
use super::tally::Tally;
use super::window::{Reach, Window};
use crate::time::Time;

#[derive(Debug)]
pub struct Slot {
    pub windows: Vec<Window>,
    /// What was counted since the deployment, where a test reads it.
    pub tally: Option<Box<Tally>>,
    /// No window has anything to let go of before this tick.
    leaves: i64,
    /// The last tick at which something entered or left a window.
    changed: i64,
    /// The last occupied second since the deployment.
    pub last_second: Option<i64>,
    /// For intervals: the last event, by the hash of the inner group.
    pub(super) previous: FxHashMap<u64, Time>,
    /// Its cell of the second that is being sealed.
    pub(super) staged: Staged,
}

impl Slot {
    pub fn new(reaches: &[Reach]) -> Self {
        Slot {
            windows: reaches.iter().copied().map(Window::new).collect(),
            tally: None,
            leaves: i64::MIN,
            changed: i64::MIN,
            last_second: None,
            previous: FxHashMap::default(),
            staged: Staged::default(),
        }
    }

    /// Completes the cell of a second, and takes it in: into all windows, or only those of the baseline, and the tally. `true` if the
    /// second held more events than their order is kept of.
    pub fn settle(&mut self, spec: &Spec, wanted: Wanted, second: i64, armed: bool) -> bool {
        let cell = self.staged.finish(spec, wanted, second, &mut self.previous);
        let crowded = cell.details.as_ref().and_then(|details| details.run).is_some_and(|run| run.overflowed);
        self.enter(second, cell, armed);
        crowded
    }

    fn enter(&mut self, second: i64, cell: Cell, armed: bool) {
        if cell.events > 0 {
            self.last_second = Some(second);
        }
        if let Some(tally) = &mut self.tally {
            tally.enter(second, &cell);
        }
        let mut windows = self.windows.iter_mut().filter(|window| armed || window.is_baseline()).peekable();
        let mut cell = Some(cell);
        while let Some(window) = windows.next() {
            // Most groups have one window, which takes the cell as it is.
            let own = if windows.peek().is_some() { cell.clone() } else { cell.take() };
            window.enter(second, own.unwrap_or_default());
            self.leaves = self.leaves.min(window.leaves());
            self.changed = second + 1;
        }
    }

    /// Moves the windows to a tick; `true` when they had to be looked at.
    pub fn slide(&mut self, tick: i64) -> bool {
        if tick < self.leaves {
            return false;
        }
        for window in &mut self.windows {
            if window.slide(tick) {
                self.changed = tick;
            }
        }
        self.leaves = self.windows.iter().map(Window::leaves).min().unwrap_or(i64::MAX);
        true
    }

    /// Something leaves a window at this tick or later, and nothing before.
    pub fn leaves(&self) -> i64 {
        self.leaves
    }

    /// Whether its windows hold the same as right after an earlier tick.
    pub fn is_as_at(&self, tick: i64) -> bool {
        self.changed <= tick
    }

    pub fn is_idle(&self) -> bool {
        self.windows.iter().all(Window::is_empty)
    }

    /// A new deployment: the rules' windows begin anew, those of the baseline go on. The tally is for [`Groups`](super::groups::Groups).
    pub fn begin(&mut self) {
        self.last_second = None;
        self.previous.clear();
        self.leaves = i64::MIN;
        let ours = self.windows.iter_mut().filter(|window| !window.is_baseline());
        ours.for_each(Window::clear);
    }
}
