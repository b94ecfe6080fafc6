//! What a confidence is tested by: counts since anchors, against what a comparison asks for (SEMANTICS 12).

use super::node::{Node, Read};
use super::sequential::{self, Counts};
use crate::expr::{ArithmeticOp, CompareOp, Function};
use crate::timeline::KnownTotal;
use crate::timeline::bucket::first_bucket;
use crate::timeline::distribution::Distribution;
use crate::timeline::running_total::{RunningTotal, SPACING, Segment, minute};

/// What a trigger's confidence comes to for one of its comparisons.
#[derive(Clone, Copy, Debug)]
pub struct Confidence {
    /// The most that the probability may be that the comparison is ever true of some group, though it is not.
    pub alpha: f64,
    /// How many anchors the plan's duration has.
    pub anchors: u64,
}

impl Confidence {
    /// `duration` is in seconds.
    pub fn new(confidence: f64, when: &Node, duration: i64) -> Self {
        Confidence {
            alpha: (1.0 - confidence) / alternatives(when).max(1) as f64,
            anchors: (duration / SPACING + 1).max(1) as u64,
        }
    }

    /// The probability that is left to a baseline: half of all goes to what was before, half to what comes after. Of several
    /// groups, `number` is that of the group by how much there was of it.
    pub fn of_baseline(&self, number: Option<u64>) -> f64 {
        0.5 * self.alpha * number.map_or(1.0, sequential::weight_of_group)
    }
}

/// What a comparison with a confidence compares with numbers and baselines.
#[derive(Clone, Copy, Debug)]
pub enum Measured<'a> {
    Share { part: &'a Read, whole: &'a Read },
    Quantile { read: &'a Read, q: f64 },
}

/// What is tested of a comparison; `None` where there is nothing to test.
pub fn measured(op: CompareOp, left: &Node) -> Option<Measured<'_>> {
    if matches!(op, CompareOp::Equal | CompareOp::NotEqual) {
        return None;
    }
    match left {
        Node::Share { part, whole } => Some(Measured::Share { part, whole }),
        Node::Read(read) => match read.function {
            Function::Quantile(q) => Some(Measured::Quantile { read, q }),
            _ => None,
        },
        _ => None,
    }
}

/// The series that tests of an expression read.
pub fn tested<'a>(node: &'a Node, found: &mut Vec<&'a Read>) {
    if let Node::Compare { op, left, .. } | Node::Overall { op, left, .. } = node {
        match measured(*op, left) {
            Some(Measured::Share { part, whole }) => found.extend([part, whole]),
            Some(Measured::Quantile { read, .. }) => found.push(read),
            None => {}
        }
        return;
    }
    node.children().for_each(|child| tested(child, found));
}

/// How many tested comparisons may each make an expression true by itself.
fn alternatives(node: &Node) -> u64 {
    let children = || node.children().map(alternatives);
    match node {
        Node::Compare { op, left, .. } | Node::Overall { op, left, .. } => u64::from(measured(*op, left).is_some()),
        Node::And(..) => children().max().unwrap_or(0),
        _ => children().sum(),
    }
}

/// Why a confidence cannot be had of an expression.
pub fn objection(node: &Node) -> Option<&'static str> {
    match node {
        Node::Not(of) if holds_test(of) => {
            Some("under `not` a confidence would be of the opposite; write the comparison the other way round")
        }
        Node::Compare { op, left, right, .. } | Node::Overall { op, left, right, .. } => match measured(*op, left) {
            Some(_) => edge_objection(right, true),
            None if holds_measure(left) || holds_measure(right) => Some(
                "confidence compares a ratio or a percentile with numbers and baselines: \
                 `a / b > 2 * baseline(a / b) + 1pp`, all arithmetic on the right",
            ),
            None => None,
        },
        _ => node.children().find_map(objection),
    }
}

fn holds_test(node: &Node) -> bool {
    let mut found = Vec::new();
    tested(node, &mut found);
    !found.is_empty()
}

/// Whether a ratio or a percentile of what comes after the deployment stands in it.
fn holds_measure(node: &Node) -> bool {
    match node {
        Node::Share { .. } => true,
        Node::Read(read) => matches!(read.function, Function::Quantile(_)),
        Node::Baseline { .. } => false,
        _ => node.children().any(holds_measure),
    }
}

/// Why the side that is compared with has no bounds; `is_first` where it is the whole side.
fn edge_objection(node: &Node, is_first: bool) -> Option<&'static str> {
    if node.constant().is_some() {
        return None;
    }
    match node {
        Node::Baseline { of, .. } => match &**of {
            Node::Share { .. } => None,
            Node::Read(read) if matches!(read.function, Function::Quantile(_)) => None,
            _ => Some("with a confidence, a baseline is that of a ratio of a part to its whole, or of a percentile"),
        },
        Node::Negate(of) => edge_objection(of, false),
        Node::Arithmetic { op: ArithmeticOp::Add | ArithmeticOp::Subtract, left, right } => {
            edge_objection(left, false).or_else(|| edge_objection(right, false))
        }
        Node::Arithmetic { op: ArithmeticOp::Multiply, left, right } if left.constant().is_some() => {
            edge_objection(right, false)
        }
        Node::Arithmetic { op: ArithmeticOp::Multiply | ArithmeticOp::Divide, left, right }
            if right.constant().is_some() =>
        {
            edge_objection(left, false)
        }
        Node::Arithmetic { op: ArithmeticOp::Multiply | ArithmeticOp::Divide, .. } => {
            Some("with a confidence, a baseline is multiplied with or divided by numbers alone")
        }
        _ if is_first => {
            Some("confidence compares with numbers and baselines; both sides of this move with the events")
        }
        _ => Some("confidence compares with numbers and baselines; something else stands beside them"),
    }
}

/// What the anchors say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proof {
    /// Whether the test of one of them fires.
    pub holds: bool,
    /// The bound that the most telling of them gives, on the side of the comparison.
    pub bound: f64,
}

/// Where counting may begin, and what a test that begins there is worth.
pub struct Anchors<'a> {
    pub confidence: &'a Confidence,
    /// The second of the deployment.
    pub deployed: i64,
    /// The last second in which lines were dropped.
    pub dropped: Option<i64>,
    /// Whether there is a test of each of several groups.
    pub grouped: bool,
    /// Whether half of the probability has gone to a baseline.
    pub halved: bool,
}

impl Anchors<'_> {
    /// ln of 1/α for each segment that may be the first of a count, from the youngest on.
    fn needed<'t>(&self, total: &'t RunningTotal, missed: Option<i64>) -> impl Iterator<Item = (&'t Segment, f64)> {
        let begin = minute(self.deployed);
        let earliest = missed
            .max(self.dropped.filter(|dropped| *dropped >= self.deployed).map(minute))
            .map_or(begin, |missed| begin.max(missed + 1));
        let part = if self.halved { 0.5 } else { 1.0 };
        let share = if self.grouped { sequential::weight_of_group(total.number) } else { 1.0 };
        let alpha = self.confidence.alpha * part * share;
        let planned = self.confidence.anchors;
        let segments = total.segments();
        let all = (0..segments.len()).rev().map(move |at| {
            // Between two segments nothing happened, so every minute there is the same anchor; the first is worth most.
            let anchor = at.checked_sub(1).map_or(earliest, |before| earliest.max(segments[before].last + 1));
            (&segments[at], anchor)
        });
        all.take_while(|(segment, anchor)| *anchor <= segment.first).map(move |(segment, anchor)| {
            let number = (anchor - begin + 1).max(1) as u64;
            (segment, -(alpha * sequential::weight_of_anchor(number, planned)).ln())
        })
    }

    /// The test of a ratio against a share.
    pub fn of_share(&self, part: KnownTotal<'_>, whole: KnownTotal<'_>, op: CompareOp, share: f64) -> Option<Proof> {
        let total = whole.total?;
        let is_less = matches!(op, CompareOp::Less | CompareOp::LessOrEqual);
        let against = if is_less { 1.0 - share } else { share };
        let mut parts = part.total.map(RunningTotal::segments).into_iter().flatten().rev().peekable();
        let (mut seen, mut unknown) = (Counts::default(), 0);
        let mut best: Option<(f64, Counts, f64)> = None;
        for (segment, needed) in self.needed(total, whole.missed.max(part.missed)) {
            seen.samples += segment.events;
            unknown += segment.unknown;
            while let Some(hits) = parts.next_if(|hits| hits.first >= segment.first) {
                seen.hits += hits.events;
                unknown += hits.unknown;
            }
            if unknown > 0 {
                break;
            }
            let counts = if is_less { seen.mirrored() } else { seen };
            let excess = sequential::evidence(counts, against) - needed;
            if best.is_none_or(|(most, ..)| excess > most) {
                best = Some((excess, counts, needed));
            }
        }
        best.map(|(excess, counts, needed)| {
            let bound = sequential::least(counts, needed);
            Proof { holds: excess >= 0.0, bound: if is_less { 1.0 - bound } else { bound } }
        })
    }

    /// The test of a percentile against a bound, in the unit of the comparison; `scale` is how many of the kept unit are one of that.
    pub fn of_quantile(&self, values: KnownTotal<'_>, q: f64, op: CompareOp, bound: f64, scale: f64) -> Option<Proof> {
        let total = values.total?;
        let is_less = matches!(op, CompareOp::Less | CompareOp::LessOrEqual);
        // "The percentile is above the bound" holds exactly when more than a share 1 − q of the values is.
        let against = if is_less { q } else { 1.0 - q };
        let passes = |value: f64| op.holds(value / scale, bound) != is_less;
        let first = first_bucket(passes);
        let mut seen = Counts::default();
        let mut unknown = 0;
        let mut best: Option<(f64, Counts, f64, &Segment)> = None;
        for (segment, needed) in self.needed(total, values.missed) {
            let (all, high) = segment.values.count_from(first);
            seen.samples += all;
            seen.hits += if is_less { all - high } else { high };
            unknown += segment.unknown;
            if unknown > 0 {
                break;
            }
            let excess = sequential::evidence(seen, against) - needed;
            if best.is_none_or(|(most, ..)| excess > most) {
                best = Some((excess, seen, needed, segment));
            }
        }
        best.map(|(excess, counts, needed, since)| {
            let segments = total.segments().iter().filter(|segment| segment.first >= since.first);
            let bound = value_at(segments, fewest(counts.samples, against, needed), is_less);
            Proof { holds: excess >= 0.0, bound: bound / scale }
        })
    }
}

/// The fewest hits among so many samples that would be enough.
fn fewest(samples: u64, against: f64, needed: f64) -> u64 {
    let (mut too_few, mut enough) = (0, samples + 1);
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if sequential::evidence(Counts { hits: middle, samples }, against) >= needed {
            enough = middle
        } else {
            too_few = middle
        }
    }
    enough
}

/// The value that so many values are at least as large as, or as small as; in the kept unit. Beyond the last value it is
/// nothing, or without end.
fn value_at<'a>(segments: impl Iterator<Item = &'a Segment>, hits: u64, is_less: bool) -> f64 {
    let mut distribution = Distribution::default();
    segments.for_each(|segment| distribution.merge(&segment.values));
    let samples = distribution.count();
    if hits > samples {
        return if is_less { f64::INFINITY } else { 0.0 };
    }
    let rank = if is_less { hits } else { samples + 1 - hits };
    distribution.quantile((rank as f64 - 0.5) / samples as f64).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::sequential::tests::random;
    use super::*;
    use crate::timeline::cell::Cell;

    const DEPLOYED: i64 = 1_000_000_007;

    /// One stream of a request a second, looked at every five seconds: when its test fires. From second `from` on the share
    /// is another.
    fn fires(stream: u64, share: f64, (from, later): (i64, f64), seconds: i64) -> Option<i64> {
        let confidence = Confidence { alpha: 0.05, anchors: 241 };
        let anchors =
            Anchors { confidence: &confidence, deployed: DEPLOYED, dropped: None, grouped: false, halved: false };
        let (mut part, mut whole, mut state) = (RunningTotal::default(), RunningTotal::default(), stream << 32);
        let one = Cell { events: 1, details: None };
        (0..seconds).find(|second| {
            whole.enter(DEPLOYED + second, &one);
            if random(&mut state) < if *second < from { share } else { later } {
                part.enter(DEPLOYED + second, &one);
            }
            let total_of = |total| KnownTotal { total: Some(total), missed: None };
            second % 5 == 0
                && anchors
                    .of_share(total_of(&part), total_of(&whole), CompareOp::Greater, 0.05)
                    .is_some_and(|proof| proof.holds)
        })
    }

    /// The promise holds for all anchors together.
    #[test]
    fn at_most_alpha_of_streams_at_the_bound_ever_fire_from_any_anchor() {
        let fired = (0..150).filter(|stream| fires(*stream, 0.05, (0, 0.05), 3_600).is_some()).count();
        assert!(fired <= 7, "{fired} of 150");
    }

    #[test]
    fn what_begins_after_three_hours_is_found_within_minutes() {
        let from = 3 * 3_600 + 17;
        let mut took: Vec<i64> =
            (0..21).map(|stream| fires(stream, 0.002, (from, 0.2), from + 900).map_or(900, |at| at - from)).collect();
        took.sort_unstable();
        assert!(took[10] <= 120 && took[20] <= 300, "{took:?}");
    }

    #[test]
    fn nothing_is_counted_across_dropped_lines() {
        let confidence = Confidence { alpha: 0.05, anchors: 241 };
        let one = Cell { events: 1, details: None };
        let mut all = RunningTotal::default();
        (0..600).for_each(|second| all.enter(DEPLOYED + second, &one));
        let total_of = KnownTotal { total: Some(&all), missed: None };
        let proof = |dropped: Option<i64>, missed: Option<i64>| {
            let anchors =
                Anchors { confidence: &confidence, deployed: DEPLOYED, dropped, grouped: false, halved: false };
            let total_of = KnownTotal { missed, ..total_of };
            anchors.of_share(total_of, total_of, CompareOp::Greater, 0.5).map(|proof| proof.bound)
        };
        let whole = proof(None, None);
        assert!(whole > Some(0.98), "{whole:?}");
        assert_eq!(proof(Some(DEPLOYED - 1), None), whole, "before the deployment");
        assert!(proof(Some(DEPLOYED + 550), None) < Some(0.9));
        assert_eq!(proof(Some(DEPLOYED + 599), None), None);
        assert!(proof(None, Some(minute(DEPLOYED + 500))) < Some(0.95));
    }
}
