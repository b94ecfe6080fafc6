//! What each rule says at each second (the numbers are those of `docs/semantics.md`).

use logwatch::State;

use super::log::{Event, Kind, Log, ROUTES};
use super::plan::{Condition, Number, Op, Rule, Select, Value, When, Window};

/// A change of a rule's state for one of its groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub at: i64,
    pub rule: usize,
    pub group: Vec<String>,
    pub state: State,
}

/// What is known of a condition at a second.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Truth {
    /// It is so or not, by what was seen; `open` if a window was not seen whole, and more of it could turn this.
    Known {
        is_true: bool,
        open: bool,
    },
    Unknown,
}

/// What there is to know at one second.
struct Moment<'a> {
    log: &'a Log,
    tick: i64,
    deployed: i64,
    min_samples: u64,
}

struct Reading {
    value: Option<f64>,
    /// The window reaches back behind the deployment or the first line.
    partial: bool,
}

impl Moment<'_> {
    /// Rules 4 and 6: events of `[T − W, T)`, none before the deployment.
    fn events(&self, window: Window, takes: impl Fn(&Event) -> bool) -> Vec<&Event> {
        let start = window.map_or(self.deployed, |length| self.tick - length).max(self.deployed);
        let within = |event: &&Event| (start..self.tick).contains(&event.second()) && takes(event);
        self.log.events.iter().filter(within).collect()
    }

    fn first_line(&self) -> i64 {
        self.log.events[0].second()
    }

    /// The first second of a window that was observed.
    fn observed(&self, window: Window) -> i64 {
        let start = window.map_or(self.deployed, |length| self.tick - length);
        start.max(self.deployed).max(self.first_line())
    }

    fn is_partial(&self, window: Window) -> bool {
        self.observed(window) > window.map_or(self.deployed, |length| self.tick - length)
    }

    /// Rule 8.
    fn number(&self, number: &Number) -> Reading {
        let (window, value) = match *number {
            Number::Count(select, window) => {
                (window, Some(self.events(window, |event| select.takes(event)).len() as f64))
            }
            Number::Rate(select, window) => {
                let seconds = (self.tick - self.observed(window)).max(1);
                (window, Some(self.events(window, |event| select.takes(event)).len() as f64 / seconds as f64))
            }
            Number::Distinct(window) => {
                let mut workers: Vec<usize> = self.jobs(window).iter().map(|(worker, _)| *worker).collect();
                workers.sort_unstable();
                workers.dedup();
                (window, Some(workers.len() as f64))
            }
            Number::Took(value, window) => (window, self.took(value, window)),
            Number::Gap(select, window) => (window, self.gap(select, window)),
            Number::Share(part, whole, window) => {
                let count = |select: Select| self.events(window, |event| select.takes(event)).len();
                let (part, whole) = (count(part), count(whole));
                let enough = whole > 0 && whole as u64 >= self.min_samples;
                (window, enough.then(|| part as f64 / whole as f64))
            }
        };
        Reading { value, partial: self.is_partial(window) }
    }

    fn jobs(&self, window: Window) -> Vec<(usize, u64)> {
        let jobs = self.events(window, |event| Select::Jobs.takes(event)).into_iter();
        jobs.filter_map(|event| match event.kind {
            Kind::Job { worker, took } => Some((worker, took)),
            _ => None,
        })
        .collect()
    }

    fn took(&self, value: Value, window: Window) -> Option<f64> {
        let mut took: Vec<u64> = self.jobs(window).iter().map(|(_, took)| *took).collect();
        let last = took.last().copied();
        took.sort_unstable();
        let sum: u64 = took.iter().sum();
        if matches!(value, Value::Sum) {
            return Some(sum as f64 / 1e3);
        }
        if took.is_empty() || (took.len() as u64) < self.min_samples {
            return None;
        }
        let milliseconds = match value {
            Value::Sum => sum as f64,
            Value::Mean => sum as f64 / took.len() as f64,
            Value::Min => took[0] as f64,
            Value::Max => took[took.len() - 1] as f64,
            Value::Last => last? as f64,
            // The smallest that half of all are at most as large as.
            Value::P50 => took[took.len().div_ceil(2) - 1] as f64,
        };
        Some(milliseconds / 1e3)
    }

    /// Rule 14: between occupied seconds, and from the last one since the deployment on.
    fn gap(&self, select: Select, window: Window) -> Option<f64> {
        let seconds = |window| -> Vec<i64> {
            self.events(window, |event| select.takes(event)).iter().map(|event| event.second()).collect()
        };
        let last = *seconds(None).last()?;
        let inside = seconds(window).windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        Some(inside.max(self.tick - 1 - last) as f64)
    }

    fn truth(&self, condition: &Condition) -> Truth {
        match condition {
            Condition::Compare(number, op, pick) => {
                let Reading { value: Some(value), partial } = self.number(number) else { return Truth::Unknown };
                let bound = number.bound(*pick).1;
                let (is_true, may_fall, may_rise) = match op {
                    Op::Greater => (value > bound, false, true),
                    Op::GreaterOrEqual => (value >= bound, false, true),
                    Op::Less => (value < bound, true, false),
                    Op::LessOrEqual => (value <= bound, true, false),
                    Op::Equal => (value == bound, true, true),
                    Op::NotEqual => (value != bound, false, true),
                };
                // Rule 9: with more of its window a minimum can only fall, and nothing else may; the last value is the last.
                let (may_fall, may_rise) = match number {
                    Number::Took(Value::Last, _) => (false, false),
                    Number::Took(Value::Min, _) => match op {
                        Op::Greater | Op::GreaterOrEqual => (true, false),
                        Op::Less | Op::LessOrEqual => (false, true),
                        Op::Equal | Op::NotEqual => (may_fall, may_rise),
                    },
                    _ => (may_fall, may_rise),
                };
                Truth::Known { is_true, open: partial && if is_true { may_fall } else { may_rise } }
            }
            Condition::Absent(select, window) => {
                let is_true = self.events(*window, |event| select.takes(event)).is_empty();
                Truth::Known { is_true, open: is_true && self.is_partial(*window) }
            }
            Condition::Zero(part, whole, window) => {
                let count = |select: &Select| self.events(*window, |event| select.takes(event)).len() as u64;
                match (count(part), count(whole)) {
                    (1.., _) => Truth::Known { is_true: false, open: false },
                    (0, whole) if whole < self.min_samples.max(1) => Truth::Unknown,
                    _ => Truth::Known { is_true: true, open: self.is_partial(*window) },
                }
            }
            Condition::And(left, right) => and(self.truth(left), self.truth(right)),
            // De Morgan.
            Condition::Or(left, right) => not(and(not(self.truth(left)), not(self.truth(right)))),
            Condition::Not(of) => not(self.truth(of)),
        }
    }
}

fn not(of: Truth) -> Truth {
    match of {
        Truth::Known { is_true, open } => Truth::Known { is_true: !is_true, open },
        Truth::Unknown => Truth::Unknown,
    }
}

/// What is false for certain decides; then what is false; then what is not known.
fn and(left: Truth, right: Truth) -> Truth {
    let sides = [left, right];
    let falses: Vec<bool> = sides
        .iter()
        .filter_map(|side| match side {
            Truth::Known { is_true: false, open } => Some(*open),
            _ => None,
        })
        .collect();
    if !falses.is_empty() {
        return Truth::Known { is_true: false, open: falses.iter().all(|open| *open) };
    }
    if sides.contains(&Truth::Unknown) {
        return Truth::Unknown;
    }
    Truth::Known { is_true: true, open: sides.iter().any(|side| matches!(side, Truth::Known { open: true, .. })) }
}

/// Every change of every rule, second by second.
pub fn read(log: &Log, rules: &[Rule], deployed: Option<i64>) -> Vec<Change> {
    let (first, last) = (log.events[0].second(), log.events[log.events.len() - 1].second());
    let deployed = deployed.unwrap_or(first);
    let mut changes = Vec::new();
    let mut clocks: Vec<Vec<Clock>> = rules.iter().map(|rule| vec![Clock::default(); groups(rule).len()]).collect();
    for tick in first.max(deployed) + 1..=last + 1 {
        for (number, rule) in rules.iter().enumerate() {
            let moment = Moment { log, tick, deployed, min_samples: rule.min_samples };
            for (at, group) in groups(rule).into_iter().enumerate() {
                let truth = match &rule.when {
                    When::Plain(condition) => moment.truth(condition),
                    When::ByRoute { window, least, share } => of_route(&moment, at, (*window, *least, *share)),
                };
                let clock = &mut clocks[number][at];
                let before = clock.state;
                clock.step(tick, truth, rule);
                if clock.state != before {
                    changes.push(Change { at: tick, rule: number, group, state: clock.state });
                }
            }
        }
    }
    changes
}

fn groups(rule: &Rule) -> Vec<Vec<String>> {
    match rule.when {
        When::Plain(_) => vec![Vec::new()],
        When::ByRoute { .. } => ROUTES.iter().map(|route| vec![route.to_string()]).collect(),
    }
}

fn of_route(moment: &Moment<'_>, route: usize, (window, least, share): (i64, u64, Option<u64>)) -> Truth {
    let window = Some(window);
    let count = |select: Select| moment.events(window, |event| select.takes(event)).len();
    let (failures, all) = (count(Select::FailuresOfRoute(route)), count(Select::OfRoute(route)));
    let open = |is_true: bool| moment.is_partial(window) && !is_true;
    let is_enough = failures as u64 >= least;
    let enough = Truth::Known { is_true: is_enough, open: open(is_enough) };
    let Some(share) = share else { return enough };
    let ratio = if all > 0 && all as u64 >= moment.min_samples {
        let is_true = failures as f64 / all as f64 > share as f64 / 100.0;
        Truth::Known { is_true, open: open(is_true) }
    } else {
        Truth::Unknown
    };
    and(enough, ratio)
}

/// Rule 19, of one group: the seconds since which it has been what it is.
#[derive(Clone, Debug)]
struct Clock {
    state: State,
    true_since: i64,
    false_for: i64,
    has_fired: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { state: State::Ok, true_since: 0, false_for: 0, has_fired: false }
    }
}

impl Clock {
    fn step(&mut self, tick: i64, truth: Truth, rule: &Rule) {
        let is_true = truth == Truth::Known { is_true: true, open: false };
        let is_false = matches!(truth, Truth::Known { is_true: false, .. });
        if self.state == State::Firing {
            if is_true {
                self.false_for = 0;
            }
            // What is unknown stops the clock.
            self.false_for += i64::from(is_false);
            if self.false_for > rule.resolve_after {
                self.state = State::Resolved;
            }
            return;
        }
        if !is_true {
            self.state = if self.has_fired { State::Resolved } else { State::Ok };
            return;
        }
        if self.state != State::Pending {
            (self.state, self.true_since) = (State::Pending, tick);
        }
        if tick - self.true_since >= rule.hold {
            (self.state, self.has_fired, self.false_for) = (State::Firing, true, 0);
        }
    }
}
