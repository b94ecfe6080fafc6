//! Random rules, and how a plan writes them.

use proptest::prelude::*;

use super::log::{Event, Kind, ROUTES, WORKERS};

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
pub type Window = Option<i64>;

#[derive(Clone, Copy, Debug)]
pub enum Value {
    Sum,
    Mean,
    Min,
    Max,
    Last,
    P50,
}

#[derive(Clone, Debug)]
pub enum Number {
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
pub enum Op {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Debug)]
pub enum Condition {
    Compare(Number, Op, u64),
    Absent(Select, Window),
    Zero(Select, Select, Window),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

#[derive(Clone, Debug)]
pub enum When {
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
    pub when: When,
    pub hold: i64,
    pub resolve_after: i64,
    pub min_samples: u64,
}

impl Select {
    fn text(self) -> String {
        match self {
            Select::Requests => "http.request".into(),
            Select::Failures => "http.request{status=5xx}".into(),
            Select::OfRoute(route) => format!("http.request{{route=\"{}\"}}", ROUTES[route]),
            Select::FailuresOfRoute(route) => format!("http.request{{route=\"{}\", status=5xx}}", ROUTES[route]),
            Select::Jobs => "job.done".into(),
            Select::JobsOf(worker) => format!("job.done{{worker=\"{}\"}}", WORKERS[worker]),
        }
    }

    pub fn takes(self, event: &Event) -> bool {
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
    pub fn bound(&self, pick: u64) -> (String, f64) {
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
