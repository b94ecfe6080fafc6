//! The course of a run in columns: what is drawn above the time axis, and what was in one step of it.

use crate::summary::history::{History, PaneLine};

#[derive(Clone, Debug, Default)]
pub struct Course {
    history: History,
}

/// What happened in the seconds of a column, or of a step of the history.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Step {
    /// Its first second.
    pub at: i64,
    pub requests: u64,
    pub failed: u64,
    /// The highest of its panes.
    pub p95_ms: Option<f64>,
    pub errors: u64,
}

impl Course {
    pub fn of(history: &History) -> Course {
        Course { history: history.clone() }
    }

    pub fn is_empty(&self) -> bool {
        self.history.panes.is_empty()
    }

    /// (first second, end), if there is anything.
    pub fn ends(&self) -> Option<(i64, i64)> {
        (!self.is_empty()).then_some((self.history.from, self.history.to))
    }

    /// Seconds of a step.
    pub fn width(&self) -> i64 {
        self.history.width
    }

    /// The whole course in so many columns.
    pub fn columns(&self, columns: usize) -> Vec<Step> {
        let mut steps = vec![Step::default(); columns];
        for (at, step) in steps.iter_mut().enumerate() {
            step.at = self.history.from + self.length() * at as i64 / columns.max(1) as i64;
        }
        for pane in &self.history.panes {
            if let Some(step) = self.column(pane.at, columns).and_then(|at| steps.get_mut(at)) {
                step.add(pane);
            }
        }
        steps
    }

    /// The column that a second is in.
    pub fn column(&self, second: i64, columns: usize) -> Option<usize> {
        let within = second - self.history.from;
        let is_within = columns > 0 && !self.is_empty() && (0..self.length()).contains(&within);
        is_within.then(|| (within * columns as i64 / self.length()) as usize)
    }

    /// What happened in the step that a second is in; without one in all of the course.
    pub fn at(&self, second: Option<i64>) -> Step {
        let mut step = Step { at: second.unwrap_or(self.history.from), ..Step::default() };
        let is_within =
            |pane: &&PaneLine| second.is_none_or(|second| (pane.at..pane.at + self.width()).contains(&second));
        self.history.panes.iter().filter(is_within).for_each(|pane| step.add(pane));
        step
    }

    /// So many steps later; beyond the newest it is the newest that is looked at.
    pub fn step(&self, cursor: Option<i64>, steps: i64) -> Option<i64> {
        let (from, to) = self.ends()?;
        let second = cursor.unwrap_or(to) + steps * self.width();
        (second < to).then_some(second.max(from))
    }

    fn length(&self) -> i64 {
        (self.history.to - self.history.from).max(1)
    }
}

impl Step {
    fn add(&mut self, pane: &PaneLine) {
        self.requests += pane.requests;
        self.failed += pane.by_family[5];
        self.errors += pane.errors;
        let higher = |known: f64| pane.p95_ms.map_or(known, |p95| p95.max(known));
        self.p95_ms = self.p95_ms.map(higher).or(pane.p95_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course() -> Course {
        let pane = |at: i64| {
            let (requests, by_family) = (4, [0, 0, 3, 0, 0, 1]);
            PaneLine { at, requests, by_family, p95_ms: Some(at as f64), ..PaneLine::default() }
        };
        Course::of(&History { width: 2, from: 100, to: 200, panes: (100..200).step_by(2).map(pane).collect() })
    }

    #[test]
    fn every_pane_is_in_one_column() {
        let course = course();
        for columns in 1..300 {
            let steps = course.columns(columns);
            let sum = |of: fn(&Step) -> u64| steps.iter().map(of).sum::<u64>();
            assert_eq!((steps.len(), sum(|step| step.requests), sum(|step| step.failed)), (columns, 200, 50));
        }
        assert_eq!(course.columns(0), []);
        assert_eq!((course.column(99, 10), course.column(100, 10), course.column(199, 10)), (None, Some(0), Some(9)));
        assert_eq!(course.columns(2)[1], Step { at: 150, requests: 100, failed: 25, p95_ms: Some(198.0), errors: 0 });
    }

    #[test]
    fn time_is_gone_through_in_steps_and_ends_at_the_newest() {
        let course = course();
        assert_eq!(course.step(None, -1), Some(198));
        assert_eq!(course.step(Some(198), 1), None);
        assert_eq!(course.step(Some(101), -10), Some(100));
        assert_eq!((course.at(Some(151)).requests, course.at(None).requests), (4, 200));
        assert_eq!(Course::default().step(None, -1), None);
    }
}
