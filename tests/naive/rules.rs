//! Random rules, and what each says at each second (the numbers are those of `docs/semantics.md`).

use logwatch::rules::trigger::State;
use proptest::prelude::*;

use crate::log::{Event, Kind, Log, ROUTES};

/// A selector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Select {
    Requests,
    Failures,
    OfRoute(usize),
    FailuresOfRoute(usize),
    Jobs,
    JobsOf(usize),
}

/// Seconds; `None` since the deployment.
type Window = Option<i64>;

#[derive(Clone, Copy, Debug)]
enum Value {
    Sum,
    Mean,
    Min,
    Max,
    Last,
    P50,
}

#[derive(Clone, Debug)]
enum Number {
    Count(Select, Window),
    Rate(Select, Window),
    /// Of workers.
    Distinct(Window),
    /// Of how long jobs took.
    Took(Value, Window),
    Gap(Select, Window),
    Share(Select, Select, Window),
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Debug)]
enum Condition {
    Compare(Number, Op, u64),
    Absent(Select, Window),
    Zero(Select, Select, Window),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

#[derive(Clone, Debug)]
enum When {
    Plain(Condition),
    /// So many failures of a route, and of such a share of its requests in percents.
    ByRoute {
        window: i64,
        least: u64,
        share: Option<u64>,
    },
}

#[derive(Clone, Debug)]
pub struct Rule {
    when: When,
    hold: i64,
    resolve_after: i64,
    min_samples: u64,
}

/// A change of a rule's state for one of its groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub at: i64,
    pub rule: usize,
    pub group: Vec<String>,
    pub state: State,
}

// --- What a rule is in a plan.

impl Select {
    fn text(self) -> String {
        match self {
            Select::Requests => "http.request".into(),
            Select::Failures => "http.request{status=5xx}".into(),
            Select::OfRoute(route) => format!("http.request{{route=\"{}\"}}", ROUTES[route]),
            Select::FailuresOfRoute(route) => format!("http.request{{route=\"{}\", status=5xx}}", ROUTES[route]),
            Select::Jobs => "job.done".into(),
            Select::JobsOf(worker) => format!("job.done{{worker=\"{}\"}}", crate::log::WORKERS[worker]),
        }
    }

    fn takes(self, event: &Event) -> bool {
        match (self, event.kind) {
            (Select::Requests, Kind::Request { .. }) | (Select::Jobs, Kind::Job { .. }) => true,
            (Select::Failures, Kind::Request { status, .. }) => status >= 500,
            (Select::OfRoute(wanted), Kind::Request { route, .. }) => route == wanted,
            (Select::FailuresOfRoute(wanted), Kind::Request { route, status }) => route == wanted && status >= 500,
            (Select::JobsOf(wanted), Kind::Job { worker, .. }) => worker == wanted,
            _ => false,
        }
    }
}

fn bracket(window: Window) -> String {
    window.map_or("[deploy]".into(), |seconds| format!("[{seconds}s]"))
}

impl Number {
    fn text(&self) -> String {
        match self {
            Number::Count(select, window) => format!("count({}{})", select.text(), bracket(*window)),
            Number::Rate(select, window) => format!("rate({}{})", select.text(), bracket(*window)),
            Number::Distinct(window) => format!("distinct(job.done{{}}.worker{})", bracket(*window)),
            Number::Took(value, window) => {
                let name = format!("{value:?}").to_lowercase();
                format!("{name}(job.done{{}}.took{})", bracket(*window))
            }
            Number::Gap(select, window) => format!("gap({}{})", select.text(), bracket(*window)),
            Number::Share(part, whole, window) => {
                let window = bracket(*window);
                format!("count({}{window}) / count({}{window})", part.text(), whole.text())
            }
        }
    }

    /// A bound as it is written, and its value. Each is of a few that are apart from what the number can be, or exactly that.
    fn bound(&self, pick: u64) -> (String, f64) {
        let of = |texts: [&str; 4], values: [f64; 4]| {
            let pick = pick as usize % 4;
            (texts[pick].to_string(), values[pick])
        };
        match self {
            Number::Count(..) | Number::Distinct(_) => of(["0", "1", "2", "5"], [0.0, 1.0, 2.0, 5.0]),
            Number::Rate(..) => of(["0/s", "0.11/s", "0.33/s", "1.7/s"], [0.0, 0.11, 0.33, 1.7]),
            Number::Took(Value::Sum, _) => of(["0ms", "45ms", "95ms", "205ms"], [0.0, 0.045, 0.095, 0.205]),
            Number::Took(..) => of(["5ms", "15ms", "25ms", "35ms"], [0.005, 0.015, 0.025, 0.035]),
            Number::Gap(..) => of(["0s", "1s", "4s", "20s"], [0.0, 1.0, 4.0, 20.0]),
            Number::Share(..) => of(["0%", "12%", "50%", "100%"], [0.0, 0.12, 0.5, 1.0]),
        }
    }
}

impl Condition {
    fn text(&self) -> String {
        match self {
            Condition::Compare(number, op, pick) => {
                let op = match op {
                    Op::Greater => ">",
                    Op::GreaterOrEqual => ">=",
                    Op::Less => "<",
                    Op::LessOrEqual => "<=",
                    Op::Equal => "==",
                    Op::NotEqual => "!=",
                };
                format!("{} {op} {}", number.text(), number.bound(*pick).0)
            }
            Condition::Absent(select, window) => format!("absent({}){}", select.text(), bracket(*window)),
            Condition::Zero(part, whole, window) => {
                format!("zero({} of {}){}", part.text(), whole.text(), bracket(*window))
            }
            Condition::And(left, right) => format!("({}) and ({})", left.text(), right.text()),
            Condition::Or(left, right) => format!("({}) or ({})", left.text(), right.text()),
            Condition::Not(of) => format!("not ({})", of.text()),
        }
    }
}

impl Rule {
    pub fn text(&self, number: usize) -> String {
        let when = match &self.when {
            When::Plain(condition) => condition.text(),
            When::ByRoute { window, least, share } => {
                let failures = format!("count(http.request{{status=5xx}}[{window}s]) by (route)");
                let share = share.map_or(String::new(), |share| {
                    format!(" and {failures} / count(http.request[{window}s]) by (route) > {share}%")
                });
                format!("{failures} >= {least}{share}")
            }
        };
        let Rule { hold, resolve_after, min_samples, .. } = self;
        format!(
            "[[trigger]]\nid = 'rule-{number}'\nseverity = 'investigate'\nwhen = '''{when}'''\nfor = '{hold}s'\n\
             resolve_after = '{resolve_after}s'\nmin_samples = {min_samples}\n"
        )
    }

    /// More than half of the requests of ten seconds fail, of which there are five.
    pub fn share_of_failures() -> Rule {
        let share = Number::Share(Select::Failures, Select::Requests, Some(10));
        let when = When::Plain(Condition::Compare(share, Op::Greater, 2));
        Rule { when, hold: 0, resolve_after: 0, min_samples: 5 }
    }
}

// --- What a rule says.

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
                // Rule 9.
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

// --- Random rules.

fn windows() -> impl Strategy<Value = Window> {
    prop_oneof![3 => Just(Some(5)), 4 => Just(Some(10)), 3 => Just(Some(30)), 2 => Just(Some(90)), 1 => Just(None)]
}

/// A part, and a whole that it is of.
fn parts() -> impl Strategy<Value = (Select, Select)> {
    prop_oneof![
        Just((Select::Failures, Select::Requests)),
        (0usize..3).prop_map(|route| (Select::FailuresOfRoute(route), Select::OfRoute(route))),
        (0usize..3).prop_map(|worker| (Select::JobsOf(worker), Select::Jobs)),
    ]
}

fn selects() -> impl Strategy<Value = Select> {
    (parts(), any::<bool>()).prop_map(|((part, whole), is_part)| if is_part { part } else { whole })
}

fn numbers() -> impl Strategy<Value = Number> {
    use Value::*;
    let values = prop::sample::select(vec![Sum, Mean, Min, Max, Last, P50]);
    prop_oneof![
        3 => (selects(), windows()).prop_map(|(select, window)| Number::Count(select, window)),
        2 => (selects(), windows()).prop_map(|(select, window)| Number::Rate(select, window)),
        1 => windows().prop_map(Number::Distinct),
        3 => (values, windows()).prop_map(|(value, window)| Number::Took(value, window)),
        2 => (selects(), windows()).prop_map(|(select, window)| Number::Gap(select, window)),
        3 => (parts(), windows()).prop_map(|((part, whole), window)| Number::Share(part, whole, window)),
    ]
}

fn conditions() -> impl Strategy<Value = Condition> {
    use Op::*;
    let ops = prop::sample::select(vec![Greater, GreaterOrEqual, Less, LessOrEqual, Equal, NotEqual]);
    let leaf = prop_oneof![
        6 => (numbers(), ops, 0u64..4).prop_map(|(number, op, pick)| Condition::Compare(number, op, pick)),
        1 => (selects(), windows()).prop_map(|(select, window)| Condition::Absent(select, window)),
        1 => (parts(), windows()).prop_map(|((part, whole), window)| Condition::Zero(part, whole, window)),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            two.clone().prop_map(|(left, right)| Condition::And(left.into(), right.into())),
            two.prop_map(|(left, right)| Condition::Or(left.into(), right.into())),
            inner.prop_map(|of| Condition::Not(of.into())),
        ]
    })
}

pub fn rules() -> impl Strategy<Value = Rule> {
    let by_route =
        (prop::sample::select(vec![5i64, 20, 60]), 1u64..4, prop::option::of(prop::sample::select(vec![0u64, 30, 70])));
    let when = prop_oneof![
        4 => conditions().prop_map(When::Plain),
        1 => by_route.prop_map(|(window, least, share)| When::ByRoute { window, least, share }),
    ];
    let times = prop::sample::select(vec![0i64, 1, 3, 10]);
    (when, times.clone(), times, 1u64..4).prop_map(|(when, hold, resolve_after, min_samples)| Rule {
        when,
        hold,
        resolve_after,
        min_samples,
    })
}
