//! Baselines as they are when a deployment begins: read once, out of the windows of the time before it.

use rustc_hash::FxHashMap;

use super::evaluate::{Evaluator, Reading};
use super::frozen::{self, Frozen};
use super::memory::Memory;
use super::node::{self, Node, Read};
use super::observed::Observed;
use super::proof::Confidence;
use super::traffic::Before;
use super::watch;
use crate::expr::Function;
use crate::timeline::group_key::GroupKey;
use crate::timeline::{Tick, Timeline};

/// All that is known of the time before a deployment.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Past {
    /// By the id of the baseline, and the group.
    pub(super) baselines: FxHashMap<(usize, GroupKey), Frozen>,
    pub(super) traffic: Option<Before>,
}

/// Seconds of the time before that a count has to be of, for a baseline.
pub const LEAST_OBSERVED: i64 = 300;

/// Events of a group before the deployment, for it to be one of those that `overall` takes together.
const LEAST_POOLED: u64 = 5;

/// The baselines of an expression, by their id and group.
pub fn freeze(
    node: &Node,
    confidence: Option<Confidence>,
    min_samples: u64,
    tick: Tick,
    timeline: &Timeline,
    observed: &Observed,
) -> Vec<((usize, GroupKey), Frozen)> {
    let baselines = node.baselines();
    let mut all = Vec::new();
    for node::Baseline { id, of, pooled, .. } in &baselines {
        let min_samples = if *pooled { LEAST_POOLED } else { min_samples };
        let mut readings = readings(node, of, min_samples, tick, timeline, observed);
        // Those with most samples, whose bounds can be the nearest, have the larger parts of what may go wrong.
        readings.sort_by(|(a, more), (b, less)| less.samples.cmp(&more.samples).then_with(|| a.cmp(b)));
        let is_grouped = of.is_grouped();
        for ((group, reading), number) in readings.into_iter().zip(1..) {
            let number = is_grouped.then_some(number);
            let alpha = confidence.map(|confidence| confidence.of_baseline(number) / baselines.len() as f64);
            let (least, most) = alpha.map_or((None, None), |alpha| bounds(of, &group, reading, alpha, timeline));
            all.push(((*id, group), Frozen { reading, least, most }));
        }
    }
    all
}

/// What a baseline in an expression comes to for each group of which enough was seen; `of` is what it is a baseline of.
pub fn readings(
    expression: &Node,
    of: &Node,
    min_samples: u64,
    tick: Tick,
    timeline: &Timeline,
    observed: &Observed,
) -> Vec<(GroupKey, Reading)> {
    let reads: Vec<Read> = expression.reads().into_iter().cloned().collect();
    let stretches = observed.stretches(&reads, tick);
    let mut groups = of.groups(timeline);
    groups.insert(GroupKey::default());
    let mut readings = Vec::new();
    for group in groups {
        let evaluator = Evaluator {
            timeline,
            stretches: &stretches,
            places: &watch::places(&reads, &group, timeline),
            memory: &Memory::default(),
            observed,
            tick,
            confidence: None,
            min_samples,
            group: &group,
        };
        let reading = evaluator.number(of);
        let is_enough = match of.counts() {
            // That nothing happened is as good a baseline as that much did, if somebody would have seen it.
            true => of.reads().iter().all(|read| {
                stretches[read.index].is_some_and(|seen| observed.steady_seconds(seen, tick) >= LEAST_OBSERVED)
            }),
            false => reading.samples >= min_samples,
        };
        if is_enough {
            readings.push((group, Reading { partial: false, may_fall: false, ..reading }));
        }
    }
    readings
}

/// The bounds of a baseline; none where it is neither a ratio of a part to its whole nor a percentile, or is not known.
pub fn bounds(
    of: &Node,
    group: &GroupKey,
    reading: Reading,
    alpha: f64,
    timeline: &Timeline,
) -> (Option<f64>, Option<f64>) {
    match of {
        _ if reading.value.is_none() => (None, None),
        Node::Share { .. } => reading.share.map_or((None, None), |share| frozen::of_share(share, alpha)),
        Node::Read(Read { function: Function::Quantile(q), window, grouped, scale, .. }) => {
            let Some(windows) = timeline.windows(window.series, grouped.then_some(group)) else { return (None, None) };
            let (least, most) = frozen::of_quantile(&windows.window(*window).distribution(), *q, alpha);
            (least.map(|value| value / scale), most.map(|value| value / scale))
        }
        _ => (None, None),
    }
}
