//! One group of one series: its windows, and what is remembered from second to second.

use rustc_hash::FxHashMap;

use super::cell::Cell;
use super::cell_builder::CellBuilder;
use super::running_total::RunningTotal;
use super::series::{CellNeeds, Spec};
use super::window::{Reach, Window};
use super::{Tick, WindowRef};
use crate::time::Time;

/// Which windows take a second in.
#[derive(Clone, Copy, Debug)]
pub struct Admits {
    /// Those of the rules: it lies after the deployment.
    pub rules: bool,
    /// Those since the deployment: it lies within the plan's duration, too.
    pub deploy: bool,
    /// Those of the baseline: the service ran as usual, and was neither starting nor going down.
    pub baseline: bool,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct GroupWindows {
    /// In the order of the series' reaches.
    pub(super) windows: Vec<Window>,
    /// What came since a start that may be that of a deployment, of each window that reaches back to one.
    apart: Vec<Window>,
    /// What was counted since the deployment, where a test reads it.
    pub total: Option<Box<RunningTotal>>,
    /// No window has anything to let go of before this tick.
    leaves: Tick,
    /// The last tick at which something entered or left a window.
    changed: Tick,
    /// The last occupied second since the deployment.
    pub last_second: Option<i64>,
    /// For intervals: the last event, by the hash of the inner group.
    pub(super) previous: FxHashMap<u64, Time>,
    /// Its cell of the second that is being sealed.
    #[serde(skip)]
    pub(super) builder: CellBuilder,
}

impl GroupWindows {
    pub fn new(reaches: &[Reach]) -> Self {
        GroupWindows {
            windows: reaches.iter().copied().map(Window::new).collect(),
            apart: Vec::new(),
            total: None,
            leaves: Tick::FIRST,
            changed: Tick::FIRST,
            last_second: None,
            previous: FxHashMap::default(),
            builder: CellBuilder::default(),
        }
    }

    /// The one that a read is of.
    pub fn window(&self, at: WindowRef) -> &Window {
        &self.windows[at.window]
    }

    /// Completes the cell of a second, and lets its total and those windows that admit it take it in. `true` if the second held
    /// more events than their order is kept of.
    pub fn settle(&mut self, spec: &Spec, needs: CellNeeds, second: i64, admits: Admits, is_apart: bool) -> bool {
        let cell = self.builder.finish(spec, needs, second, &mut self.previous);
        let crowded = cell.details.as_ref().and_then(|details| details.run).is_some_and(|run| run.overflowed);
        if is_apart {
            self.enter_apart(second, &cell);
        }
        self.enter(second, cell, admits);
        crowded
    }

    fn enter_apart(&mut self, second: i64, cell: &Cell) {
        if self.apart.is_empty() {
            let deploy = self.windows.iter().filter(|window| window.reach() == Reach::Deploy);
            self.apart = deploy.map(|_| Window::new(Reach::Deploy)).collect();
        }
        self.apart.iter_mut().for_each(|window| window.enter(second, cell.clone()));
    }

    /// What was counted apart is of no use.
    pub fn forget_apart(&mut self) {
        self.apart = Vec::new();
        self.leaves = Tick::FIRST;
    }

    fn enter(&mut self, second: i64, cell: Cell, admits: Admits) {
        if cell.events > 0 {
            self.last_second = Some(second);
        }
        if let Some(total) = &mut self.total {
            total.enter(second, &cell);
        }
        let admitted = |window: &&mut Window| match window.reach() {
            Reach::Length(_) => admits.rules,
            Reach::Deploy => admits.deploy,
            Reach::Baseline(_) => admits.baseline,
        };
        let mut windows = self.windows.iter_mut().filter(admitted).peekable();
        let mut cell = Some(cell);
        while let Some(window) = windows.next() {
            // Most groups have one window, which takes the cell as it is.
            let own = if windows.peek().is_some() { cell.clone() } else { cell.take() };
            window.enter(second, own.unwrap_or_default());
            self.leaves = self.leaves.min(window.leaves());
            self.changed = Tick::after(second);
        }
    }

    /// Moves the windows to a tick; `true` when they had to be looked at.
    pub fn slide(&mut self, tick: Tick) -> bool {
        if tick < self.leaves {
            return false;
        }
        for window in &mut self.windows {
            if window.slide(tick) {
                self.changed = tick;
            }
        }
        self.leaves = self.windows.iter().map(Window::leaves).min().unwrap_or(Tick::NEVER);
        true
    }

    /// Something leaves a window at this tick or later, and nothing before.
    pub fn leaves(&self) -> Tick {
        self.leaves
    }

    /// Whether its windows hold the same as right after an earlier tick.
    pub fn is_as_at(&self, tick: Tick) -> bool {
        self.changed <= tick
    }

    pub fn is_idle(&self) -> bool {
        self.windows.iter().chain(&self.apart).all(Window::is_empty)
    }

    /// Its baseline has nothing of this second, and of what came later.
    pub fn end_baseline(&mut self, second: i64) {
        self.leaves = Tick::FIRST;
        self.windows.iter_mut().filter(|window| window.is_baseline()).for_each(|window| window.drop_from(second));
    }

    /// A deployment in this second or an earlier one: the windows begin anew there. Those that reach back to it have what was
    /// counted apart, if that is since then, or begin now, as do those of the next deployment's baseline.
    pub fn begin(&mut self, deployed: i64, is_apart: bool) {
        let mut apart = std::mem::take(&mut self.apart).into_iter().filter(|_| is_apart);
        self.last_second = self.last_second.filter(|last| *last >= deployed);
        self.previous.retain(|_, time| time.second() >= deployed);
        self.leaves = Tick::FIRST;
        for window in &mut self.windows {
            match window.reach() {
                Reach::Length(_) => _ = window.drop_before(deployed),
                Reach::Deploy => *window = apart.next().unwrap_or_else(|| Window::new(Reach::Deploy)),
                Reach::Baseline(_) => window.clear(),
            }
        }
    }

    /// Its baseline begins anew.
    pub fn begin_baseline(&mut self) {
        self.leaves = Tick::FIRST;
        self.windows.iter_mut().filter(|window| window.is_baseline()).for_each(Window::clear);
    }
}
