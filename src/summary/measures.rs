//! Requests as running totals of the whole input, for a system that scrapes them.

use std::collections::BTreeSet;

use crate::engine::Engine;
use crate::mask::Masking;
use crate::report::Requests;
use crate::time::Time;
use crate::timeline::bucket::first_bucket;
use crate::timeline::{OTHER, Tick};

/// Upper bounds of durations, in seconds: those that Prometheus' own client libraries have, and the half minute after which most
/// proxies give up.
pub const BOUNDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Routes that have series of their own.
const MOST_ROUTES: usize = 100;

#[derive(Clone, Debug, Default)]
pub struct Measures {
    pub routes: Vec<RouteMeasures>,
    /// The latest time of a record.
    pub latest: Option<Time>,
    /// The second up to which the rules have looked.
    pub evaluated_until: Option<i64>,
    pub restarts: u64,
}

/// The requests of one route.
#[derive(Clone, Debug, Default)]
pub struct RouteMeasures {
    pub method: String,
    pub route: String,
    /// By the first digit of the status; of no known status at 0.
    pub families: [u64; 6],
    pub durations: Durations,
}

/// Those requests whose duration is known.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    pub count: u64,
    /// Seconds.
    pub sum: f64,
    /// By [`BOUNDS`]: how many took no longer than that, and longer than the bound before; those beyond the last one at the end.
    pub counts: [u64; BOUNDS.len() + 1],
}

/// The routes that have series of their own: those that were seen first, so that none goes in and out of the others' total.
#[derive(Debug, Default)]
pub struct Chosen(BTreeSet<(Box<str>, Box<str>)>);

impl Measures {
    pub fn new(engine: &Engine, chosen: &mut Chosen, masking: Masking) -> Measures {
        let report = &engine.judge.report;
        let mut all: Vec<_> = report.routes.iter().map(|(route, total)| (route, total.all())).collect();
        all.sort_by_key(|(route, requests)| (std::cmp::Reverse(requests.count), *route));
        let mut routes = Vec::new();
        let mut others = Requests::default();
        for (route, requests) in all {
            let key = (route.method.clone(), route.route.clone());
            if !chosen.0.contains(&key) && chosen.0.len() >= MOST_ROUTES {
                others.merge(&requests);
                continue;
            }
            chosen.0.insert(key);
            routes.push(RouteMeasures::new(masking.text(&route.method), masking.text(&route.route), &requests));
        }
        if let Some(beyond) = &report.routes.other {
            others.merge(&beyond.all());
        }
        if others.count > 0 {
            routes.push(RouteMeasures::new(String::new(), OTHER.into(), &others));
        }
        Measures {
            routes,
            latest: engine.latest(),
            evaluated_until: engine.judge.evaluated_until().map(Tick::second),
            restarts: engine.judge.restarts,
        }
    }
}

impl RouteMeasures {
    fn new(method: String, route: String, requests: &Requests) -> Self {
        let durations = &requests.durations;
        let mut counts = [0; BOUNDS.len() + 1];
        let mut below = 0;
        for (count, bound) in counts.iter_mut().zip(BOUNDS) {
            let beyond = durations.count_from(first_bucket(|nanoseconds| nanoseconds > bound * 1e9));
            *count = durations.count() - beyond - below;
            below += *count;
        }
        counts[BOUNDS.len()] = durations.count() - below;
        let durations = Durations { count: durations.count(), sum: durations.sum() / 1e9, counts };
        RouteMeasures { method, route, families: requests.families, durations }
    }
}
