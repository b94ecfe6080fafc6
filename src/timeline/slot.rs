//! One group of one series: its windows, and what is remembered from second to second.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::cell::Cell;
use super::window::{Reach, Window};
use crate::time::Time;

#[derive(Debug)]
pub struct Slot {
    pub windows: Vec<Window>,
    /// No window has anything to let go of before this tick.
    leaves: i64,
    /// The last occupied second since the deployment.
    pub last_second: Option<i64>,
    /// For intervals: the last event, by the hash of the inner group.
    pub(super) previous: FxHashMap<u64, Time>,
    /// The second last sealed with events for it, and which of that second's cells is its own.
    pub(super) staged: Option<(i64, usize)>,
}

impl Slot {
    pub fn new(reaches: &[Reach]) -> Self {
        Slot {
            windows: reaches.iter().copied().map(Window::new).collect(),
            leaves: i64::MIN,
            last_second: None,
            previous: FxHashMap::default(),
            staged: None,
        }
    }

    /// Takes in the cell of a second: into all windows, or only those of the baseline.
    pub fn enter(&mut self, second: i64, cell: &Rc<Cell>, armed: bool) {
        if cell.events > 0 {
            self.last_second = Some(second);
        }
        for window in &mut self.windows {
            if armed || matches!(window.reach(), Reach::Baseline(_)) {
                window.enter(second, cell);
                self.leaves = self.leaves.min(window.leaves());
            }
        }
    }

    /// Moves the windows to a tick; `true` when they had to be looked at.
    pub fn slide(&mut self, tick: i64) -> bool {
        if tick < self.leaves {
            return false;
        }
        self.windows.iter_mut().for_each(|window| window.slide(tick));
        self.leaves = self.windows.iter().map(Window::leaves).min().unwrap_or(i64::MAX);
        true
    }

    pub fn is_idle(&self) -> bool {
        self.windows.iter().all(Window::is_empty)
    }

    /// A new deployment: the rules' windows begin anew, those of the baseline go on.
    pub fn begin(&mut self) {
        self.last_second = None;
        self.previous.clear();
        self.leaves = i64::MIN;
        let ours = self.windows.iter_mut().filter(|window| !matches!(window.reach(), Reach::Baseline(_)));
        ours.for_each(Window::clear);
    }
}
