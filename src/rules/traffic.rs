//! What requests were like before the deployment, by route: what a summary sets beside those that came after it.

use std::collections::BTreeMap;

use super::evaluate::Reading;
use super::freeze::{LEAST_OBSERVED, bounds, readings};
use super::frozen::Frozen;
use super::node::Node;
use super::observed::Observed;
use crate::expr::{self, Metrics};
use crate::rules::compile::Compiler;
use crate::timeline::group_key::GroupKey;
use crate::timeline::{Tick, Timeline};

/// The probability that a bound of a figure is wrong: it is looked at once, at the end.
pub const ALPHA: f64 = 0.01;

/// By route: requests a second, the shares of them that were answered 4xx and 5xx, and two percentiles of how long they took.
const FIGURES: [&str; 5] = [
    "baseline(rate(http.request) by (method, route))",
    "baseline(count(http.request{status=4xx}) by (method, route) / count(http.request) by (method, route))",
    "baseline(count(http.error) by (method, route) / count(http.request) by (method, route))",
    "baseline(p50(http.request{}.duration) by (method, route))",
    "baseline(p95(http.request{}.duration) by (method, route))",
];

/// What is read at the beginning of a deployment, and what it came to.
#[derive(Debug, Default)]
pub struct Traffic {
    /// As in [`FIGURES`]; empty where the library has no requests.
    figures: Vec<Node>,
    /// What was before the deployment; `None` where too little of that time was seen.
    pub before: Option<Before>,
}

/// The requests of the baseline.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Before {
    /// How many seconds were seen of the previous deployment's usual running.
    pub seconds: i64,
    /// By method and route.
    pub routes: BTreeMap<GroupKey, Route>,
}

/// Those of one route; a percentile is unknown where no request told how long it took.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Route {
    pub requests: u64,
    /// Answered 4xx.
    pub client_errors: u64,
    /// Answered 5xx.
    pub server_errors: u64,
    /// In seconds.
    pub p50: Frozen,
    pub p95: Frozen,
}

impl Traffic {
    /// Registers what the figures are read from; none of it where the library describes no requests.
    pub fn compile(compiler: &mut Compiler<'_>) -> Traffic {
        let metrics = Metrics::default();
        let mut compile = |text: &str| -> Result<Node, expr::Error> {
            Ok(compiler.compile_aside(&expr::parse(text, &metrics)?)?.node)
        };
        let figures = FIGURES.into_iter().map(&mut compile).collect::<Result<_, _>>();
        Traffic { figures: figures.unwrap_or_default(), before: None }
    }

    /// What the windows of the baseline hold now.
    pub(super) fn read(&self, tick: Tick, timeline: &Timeline, observed: &Observed) -> Option<Before> {
        let figure = |at: usize| -> Vec<(GroupKey, Frozen)> {
            let Some(Node::Baseline { of, .. }) = self.figures.get(at) else { return Vec::new() };
            let all = readings(&self.figures[at], of, 1, tick, timeline, observed);
            all.into_iter()
                .filter(|(group, _)| *group != GroupKey::default())
                .map(|(group, reading)| {
                    let (least, most) = bounds(of, &group, reading, ALPHA, timeline);
                    (group, Frozen { reading, least, most })
                })
                .collect()
        };
        let rates = self.figures.first()?.reads().into_iter().next()?.clone();
        let stretch = observed.stretch(&super::node::Read { index: 0, ..rates }, tick)?;
        let mut before = Before { seconds: observed.steady_seconds(stretch, tick), routes: BTreeMap::new() };
        if before.seconds < LEAST_OBSERVED {
            return None;
        }
        let hits = |reading: Reading| reading.share.map_or(0, |(hits, _)| hits);
        for (group, Frozen { reading, .. }) in figure(0) {
            before.routes.entry(group).or_default().requests = reading.samples;
        }
        for (group, Frozen { reading, .. }) in figure(1) {
            before.routes.entry(group).or_default().client_errors = hits(reading);
        }
        for (group, Frozen { reading, .. }) in figure(2) {
            before.routes.entry(group).or_default().server_errors = hits(reading);
        }
        for (group, frozen) in figure(3) {
            before.routes.entry(group).or_default().p50 = frozen;
        }
        for (group, frozen) in figure(4) {
            before.routes.entry(group).or_default().p95 = frozen;
        }
        Some(before)
    }
}
