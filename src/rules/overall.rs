//! A test of all groups of a comparison with a baseline together (SEMANTICS 12): of many seldom called routes none alone says
//! much, and a total of all moves when only their mix does.
//!
//! Each event is compared with what its own group was before: an event is a hit if its value is above the bound of its group, or
//! if it is in the part of a ratio. How many hits would be no worse than before is known of each group, so whatever their mix
//! is now, it is known of all events together: with n_g events of group g, whose hits have the probability p_g at most, the hits
//! of all are no more probable than those of Σ n_g p_g / Σ n_g, for the logarithm of what a martingale multiplies with,
//! 1 + p (exp(θ) − 1), is concave in p.
//!
//! The p_g are not known exactly. Of n values in the group's baseline, the probability that another one is above the r-th has a
//! beta distribution with r and n + 1 − r, whatever the values' own distribution; of a ratio, the baseline's is estimated. The
//! error of the mean of many groups is small where that of each is not, which is why the bound is made of the mean: with its
//! one-sided normal quantile, at half of the probability.

use rustc_hash::FxHashMap;

use super::evaluate::Reading;
use super::frozen::Frozen;
use super::node::{Node, Read};
use super::proof::{Confidence, Measured, Proof, measured};
use super::sequential::{self, Counts};
use super::wilson;
use crate::expr::CompareOp;
use crate::timeline::bucket::{Bucket, first_bucket};
use crate::timeline::group_key::GroupKey;
use crate::timeline::running_total::{RunningTotal, Segment, common_anchors, minute};
use crate::timeline::{OTHER, Timeline};

/// What is known of one group from before the deployment.
#[derive(Clone, Debug)]
pub struct Stratum {
    group: GroupKey,
    /// The first bucket whose values are above the group's bound; of a percentile.
    cut: Bucket,
    /// The probability that an event is a hit, if nothing is worse than the comparison allows, and the variance of that estimate.
    probability: f64,
    variance: f64,
}

/// What an `overall` compares with, by its id: one for each group that has a baseline.
pub fn strata(node: &Node, baselines: &FxHashMap<(usize, GroupKey), Frozen>) -> Option<(usize, Vec<Stratum>)> {
    let Node::Overall { op, left, right, id } = node else { return None };
    let measured = measured(*op, left)?;
    let baseline = right.baselines().first()?.id;
    let of_group = |((at, group), frozen): (&(usize, GroupKey), &Frozen)| {
        let is_one = *at == baseline && !group.is_empty() && group.iter().all(|value| **value != *OTHER);
        is_one.then(|| stratum(measured, *op, right, group, frozen.reading)).flatten()
    };
    let mut strata: Vec<Stratum> = baselines.iter().filter_map(of_group).collect();
    strata.sort_by(|a, b| a.group.cmp(&b.group));
    Some((*id, strata))
}

fn stratum(measured: Measured<'_>, op: CompareOp, right: &Node, group: &GroupKey, before: Reading) -> Option<Stratum> {
    let group = group.clone();
    match measured {
        Measured::Quantile { read, q } => {
            let bound = with_baseline(right, before.value?)?;
            let (probability, variance) = above_rank(before.samples, q);
            let cut = first_bucket(|value| op.holds(value / read.scale, bound));
            Some(Stratum { group, cut, probability, variance })
        }
        Measured::Share { .. } => {
            let (hits, samples) = before.share?;
            let (share, variance) = of_share(hits, samples);
            let probability = with_baseline(right, share)?.clamp(0.0, 1.0);
            let slope = with_baseline(right, 1.0)? - with_baseline(right, 0.0)?;
            Some(Stratum { group, cut: 0, probability, variance: slope * slope * variance })
        }
    }
}

/// The rank of a percentile among so many values.
fn rank(samples: u64, q: f64) -> f64 {
    let n = samples as f64;
    (q * n).ceil().clamp(1.0, n.max(1.0))
}

/// The probability that another value is above a percentile of so many, and its variance: mean and variance of the beta distribution.
fn above_rank(samples: u64, q: f64) -> (f64, f64) {
    let n = samples as f64;
    let probability = (n + 1.0 - rank(samples, q)) / (n + 1.0);
    (probability, probability * (1.0 - probability) / (n + 2.0))
}

/// The same of a share: as if there had been one hit more and one other event, for never is not known to be never.
fn of_share(hits: u64, samples: u64) -> (f64, f64) {
    let share = (hits as f64 + 1.0) / (samples as f64 + 2.0);
    (share, share * (1.0 - share) / (samples as f64 + 3.0))
}

/// What a number made of numbers and baselines comes to, if all of these are the same.
fn with_baseline(node: &Node, value: f64) -> Option<f64> {
    match node {
        Node::Baseline { .. } => Some(value),
        Node::Negate(of) => with_baseline(of, value).map(|of| -of),
        Node::Arithmetic { op, left, right } => op.of(with_baseline(left, value)?, with_baseline(right, value)?),
        _ => node.constant(),
    }
}

/// Events of all groups together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pooled {
    pub hits: u64,
    pub samples: u64,
    /// Hits that would be no worse, and the variance of that estimate.
    expected: f64,
    variance: f64,
}

impl Pooled {
    fn add(&mut self, stratum: &Stratum, Counts { hits, samples }: Counts) {
        let n = samples as f64;
        self.hits += hits;
        self.samples += samples;
        self.expected += n * stratum.probability;
        self.variance += n * n * stratum.variance;
    }

    pub fn share(&self) -> Option<f64> {
        (self.samples > 0).then(|| self.hits as f64 / self.samples as f64)
    }

    pub fn expected_share(&self) -> Option<f64> {
        (self.samples > 0).then(|| self.expected / self.samples as f64)
    }

    pub fn is_above(&self) -> bool {
        self.hits as f64 > self.expected
    }

    /// The largest share that would be no worse, where the estimate is so many standard deviations too small.
    fn most(&self, z: f64) -> f64 {
        ((self.expected + z * self.variance.sqrt()) / self.samples as f64).min(1.0)
    }
}

/// The groups that are taken together, and what is read of them.
pub struct Pool<'a> {
    pub timeline: &'a Timeline,
    pub strata: &'a [Stratum],
    pub measured: Measured<'a>,
}

impl Pool<'_> {
    /// The events in the window; `None` where it may hold more than are known.
    pub fn window(&self) -> Option<Pooled> {
        let mut pooled = Pooled::default();
        for stratum in self.strata {
            let window = |read: &Read| {
                let windows = self.timeline.windows(read.window.series, Some(&stratum.group))?;
                Some(windows.window(read.window))
            };
            let counts = match self.measured {
                Measured::Quantile { read, .. } => window(read).map_or(Some(Counts::default()), |window| {
                    let values = window.distribution();
                    let counts = Counts { hits: values.count_from(stratum.cut), samples: values.count() };
                    (window.unknown == 0).then_some(counts)
                }),
                Measured::Share { part, whole } => {
                    let events = |read: &Read| {
                        window(read).map_or(Some(0), |window| (window.unknown == 0).then_some(window.events))
                    };
                    events(part).zip(events(whole)).map(|(hits, samples)| Counts { hits, samples })
                }
            };
            pooled.add(stratum, counts?);
        }
        Some(pooled)
    }

    /// The test from every anchor since the deployment. It rests on events alone, whenever it is asked for: of which age anchors are
    /// is counted from the latest event.
    pub fn proof(&self, confidence: &Confidence, deployed: i64, dropped: Option<i64>) -> Option<Proof> {
        let (part, whole) = match self.measured {
            Measured::Quantile { read, .. } => (None, read),
            Measured::Share { part, whole } => (Some(part), whole),
        };
        let total_of = |read: &Read, group: &GroupKey| {
            let place = self.timeline.place(read.window.series, Some(group));
            self.timeline.total_of(read.window.series, place, group)
        };
        let begin = minute(deployed);
        let mut missed = dropped.filter(|dropped| *dropped >= deployed).map(minute);
        let mut groups = Vec::with_capacity(self.strata.len());
        let mut latest = begin;
        for stratum in self.strata {
            let of_whole = total_of(whole, &stratum.group);
            let of_part = part.map(|part| total_of(part, &stratum.group));
            missed = missed.max(of_whole.missed).max(of_part.and_then(|part| part.missed));
            let youngest = |total: Option<_>| total.map(RunningTotal::segments).into_iter().flatten().rev().peekable();
            let totals = [of_whole.total, of_part.as_ref().and_then(|part| part.total)];
            let last = totals.into_iter().flatten().filter_map(|total| Some(total.segments().back()?.last));
            latest = last.fold(latest, i64::max);
            let (of_whole, of_part) = (youngest(of_whole.total), youngest(of_part.and_then(|part| part.total)));
            groups.push((stratum, Counts::default(), of_whole, of_part));
        }
        let earliest = missed.map_or(begin, |missed| begin.max(missed + 1));
        let alpha = 0.5 * confidence.alpha;
        let z = wilson::z_of(1.0 - alpha);
        let mut best: Option<(f64, Counts, f64)> = None;
        for anchor in common_anchors(begin, latest).take_while(|anchor| *anchor >= earliest) {
            let mut pooled = Pooled::default();
            for (stratum, counts, whole, part) in &mut groups {
                let is_since = |segment: &&Segment| segment.first >= anchor;
                while let Some(segment) = whole.next_if(is_since) {
                    if segment.unknown > 0 {
                        return proven(best);
                    }
                    match self.measured {
                        Measured::Quantile { .. } => {
                            let (all, high) = segment.values.count_from(stratum.cut);
                            counts.samples += all;
                            counts.hits += high;
                        }
                        Measured::Share { .. } => counts.samples += segment.events,
                    }
                }
                while let Some(segment) = part.next_if(is_since) {
                    counts.hits += segment.events;
                }
                pooled.add(stratum, *counts);
            }
            let counts = Counts { hits: pooled.hits, samples: pooled.samples };
            if counts.samples == 0 {
                continue;
            }
            let number = (anchor - begin + 1).max(1) as u64;
            let needed = -(alpha * sequential::weight_of_anchor(number, confidence.anchors)).ln();
            let excess = sequential::evidence(counts, pooled.most(z)) - needed;
            if best.is_none_or(|(most, ..)| excess > most) {
                best = Some((excess, counts, needed));
            }
        }
        proven(best)
    }
}

fn proven(best: Option<(f64, Counts, f64)>) -> Option<Proof> {
    best.map(|(excess, counts, needed)| Proof { holds: excess >= 0.0, bound: sequential::least(counts, needed) })
}

#[cfg(test)]
mod tests {
    use super::super::sequential::tests::random;
    use super::*;

    /// Events of the groups before the deployment.
    const BEFORE: [u64; 8] = [400, 120, 60, 30, 20, 12, 8, 5];

    /// The probabilities of a hit in each group, and what is known of them from the time before.
    type Before = fn(u64, &mut u64) -> (f64, (f64, f64));

    /// Of so many values from 0 to 1, the median and what is above it.
    fn median(samples: u64, state: &mut u64) -> (f64, (f64, f64)) {
        let mut values: Vec<f64> = (0..samples).map(|_| random(state)).collect();
        values.sort_by(f64::total_cmp);
        (1.0 - values[rank(samples, 0.5) as usize - 1], above_rank(samples, 0.5))
    }

    fn rare(samples: u64, state: &mut u64) -> (f64, (f64, f64)) {
        let share = 0.05;
        let hits = (0..samples).filter(|_| random(state) < share).count();
        (share, of_share(hits as u64, samples))
    }

    /// Events until the test of a stream fires, looked at after each one; after the 300th the mix is another.
    fn fires(stream: u64, before: Before, times: f64) -> Option<usize> {
        const ALPHA: f64 = 0.05;
        let mut state = stream << 32;
        let (shares, strata): (Vec<f64>, Vec<Stratum>) = BEFORE
            .iter()
            .map(|samples| {
                let (share, (probability, variance)) = before(*samples, &mut state);
                (share, Stratum { group: GroupKey::default(), cut: 0, probability, variance })
            })
            .unzip();
        let mut counts = [Counts::default(); BEFORE.len()];
        let all = BEFORE.iter().sum::<u64>() as f64;
        (0..1_000).find(|event| {
            let mut point = random(&mut state) * all;
            let in_proportion = BEFORE.iter().position(|weight| {
                point -= *weight as f64;
                point < 0.0
            });
            let evenly = (random(&mut state) * BEFORE.len() as f64) as usize % BEFORE.len();
            let group = if *event < 300 { in_proportion.unwrap_or(0) } else { evenly };
            counts[group].samples += 1;
            counts[group].hits += u64::from(random(&mut state) < times * shares[group]);
            let mut pooled = Pooled::default();
            strata.iter().zip(counts).for_each(|(stratum, counts)| pooled.add(stratum, counts));
            let seen = Counts { hits: pooled.hits, samples: pooled.samples };
            sequential::evidence(seen, pooled.most(wilson::z_of(1.0 - 0.5 * ALPHA))) >= -(0.5 * ALPHA).ln()
        })
    }

    /// The promise: 2,000 streams that are exactly as before, with the time before drawn for each of them.
    #[test]
    fn at_most_alpha_of_streams_that_are_as_before_ever_fire() {
        for before in [median as Before, rare] {
            let fired = (0..2_000).filter(|stream| fires(*stream, before, 1.0).is_some()).count();
            assert!(fired <= 100, "{fired} of 2,000");
        }
    }

    #[test]
    fn what_is_worse_everywhere_is_found_soon() {
        for (before, times) in [(median as Before, 1.6), (rare, 5.0)] {
            let mut took: Vec<usize> =
                (0..101).map(|stream| fires(stream, before, times).unwrap_or(usize::MAX)).collect();
            took.sort_unstable();
            assert!(took[50] < 150, "{took:?}");
        }
    }
}
