//! One group of one series: its windows, and what is remembered from second to second.

use rustc_hash::FxHashMap;

use super::window::{Reach, Window};
use crate::time::Time;

#[derive(Debug)]
pub struct Slot {
    pub windows: Vec<Window>,
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
            last_second: None,
            previous: FxHashMap::default(),
            staged: None,
        }
    }

    pub fn is_idle(&self) -> bool {
        self.windows.iter().all(Window::is_empty)
    }

    /// A new deployment: the rules' windows begin anew, those of the baseline go on.
    pub fn begin(&mut self) {
        self.last_second = None;
        self.previous.clear();
        let ours = self.windows.iter_mut().filter(|window| !matches!(window.reach(), Reach::Baseline(_)));
        ours.for_each(Window::clear);
    }
}
