//! Nodes to numbers and truths, at one tick and for one group. Unknown is a value of its own (SEMANTICS 8 to 12).

mod before;
mod overall;

use super::judgement::{Judgement, Truth, both, either, opposite};
use super::memory::Memory;
use super::node::{Node, Read};
use super::observed::{Observed, Quality, Stretch};
use super::proof::{Anchors, Confidence, Measured, Proof, measured};
use crate::expr::{ArithmeticOp, CompareOp, Function, Unit};
use crate::timeline::group_key::GroupKey;
use crate::timeline::{Place, Tick, Timeline};

/// A number read or worked out.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reading {
    /// `None`: unknown.
    pub value: Option<f64>,
    /// More events than are known may be in it: only a lower bound.
    pub at_least: bool,
    /// The window was not observed as a whole: more data could make the number larger.
    pub partial: bool,
    /// Or smaller, as a minimum, and what is subtracted.
    pub may_fall: bool,
    /// Events, values or the denominators it rests on.
    pub samples: u64,
    /// (hits, samples) of a proportion.
    pub share: Option<(u64, u64)>,
}

/// Everything an evaluation looks at.
pub struct Evaluator<'a> {
    pub timeline: &'a Timeline,
    /// What was observed of the windows that are read, and where the windows of the group are, by [`Read::index`].
    pub stretches: &'a [Option<Stretch>],
    pub places: &'a [Option<Place>],
    pub memory: &'a Memory,
    pub observed: &'a Observed,
    pub tick: Tick,
    /// Where a rule has one.
    pub confidence: Option<&'a Confidence>,
    pub min_samples: u64,
    pub group: &'a GroupKey,
}

impl Evaluator<'_> {
    pub fn number(&self, node: &Node) -> Reading {
        match node {
            Node::Number(value) => Reading { value: Some(*value), samples: u64::MAX, ..Reading::default() },
            Node::Read(read) => self.read(read),
            Node::Share { part, whole } => self.share(part, whole),
            Node::Negate(of) => {
                let of = self.number(of);
                Reading {
                    value: of.value.filter(|_| !of.at_least).map(|value| -value),
                    at_least: false,
                    partial: of.may_fall,
                    may_fall: of.partial,
                    samples: of.samples,
                    share: None,
                }
            }
            Node::Arithmetic { op, left, right } => {
                let (left, right) = (self.number(left), self.number(right));
                let value = match (left, right) {
                    (
                        Reading { value: Some(a), at_least: false, .. },
                        Reading { value: Some(b), at_least: false, .. },
                    ) => op.of(a, b),
                    _ => None,
                };
                let subtracts = *op == ArithmeticOp::Subtract;
                let (may_rise, may_fall) =
                    if subtracts { (right.may_fall, right.partial) } else { (right.partial, right.may_fall) };
                let samples = match op {
                    // A sum of numbers of events rests on all of them, a quotient on what it is divided by.
                    ArithmeticOp::Add | ArithmeticOp::Subtract => added(left.samples, right.samples),
                    ArithmeticOp::Divide if right.samples < u64::MAX => right.samples,
                    _ => left.samples.min(right.samples),
                };
                // What is divided by a constant is no ratio.
                let is_ratio = *op == ArithmeticOp::Divide && right.samples < u64::MAX;
                let is_enough = !is_ratio || samples >= self.min_samples;
                Reading {
                    value: value.filter(|_| is_enough),
                    at_least: false,
                    partial: left.partial || may_rise,
                    may_fall: left.may_fall || may_fall,
                    samples,
                    share: None,
                }
            }
            Node::Trend { of, length, id } => self.trend(of, *length, *id),
            Node::Baseline { of, id, otherwise } => match self.frozen(of, *id) {
                Some(frozen) => frozen.reading,
                None => Reading { value: *otherwise, samples: u64::MAX, ..Reading::default() },
            },
            _ => Reading::default(),
        }
    }

    pub fn truth(&self, node: &Node) -> Judgement {
        match node {
            Node::Compare { op, left, right, unit, past } => {
                let judgement = self.compare(*op, left, right, *unit);
                let before = [right, left].into_iter().find_map(|side| self.before(side));
                let baseline = before.or_else(|| self.past(left, (*past)?, *op, &judgement));
                Judgement { baseline, ..judgement }
            }
            Node::And(left, right) => both(self.truth(left), self.truth(right)),
            Node::Or(left, right) => either(self.truth(left), self.truth(right)),
            Node::Not(of) => opposite(self.truth(of)),
            Node::Zero { part, whole } => {
                let (part, whole) = (self.read(part), self.read(whole));
                let truth = match (part.value, whole.value) {
                    (Some(hits), _) if hits > 0.0 => Truth::False,
                    (Some(_), Some(_)) if part.at_least || whole.samples < self.min_samples.max(1) => Truth::Unknown,
                    (Some(_), Some(_)) if part.partial || whole.partial => Truth::Pending,
                    (Some(_), Some(_)) => Truth::True,
                    _ => Truth::Unknown,
                };
                Judgement { truth, samples: whole.samples, ..Judgement::of(part.value, Some(0.0), Unit::Plain) }
            }
            Node::Overall { left, op, id, .. } => self.overall(*op, left, *id),
            Node::Absent(read) => {
                let read = self.read(read);
                let truth = match read.value {
                    Some(events) if events > 0.0 => Truth::False,
                    Some(_) if read.at_least => Truth::Unknown,
                    Some(_) if read.partial => Truth::Pending,
                    Some(_) => Truth::True,
                    None => Truth::Unknown,
                };
                Judgement { truth, ..Judgement::of(read.value, Some(0.0), Unit::Plain) }
            }
            _ => Judgement::of(None, None, Unit::Plain),
        }
    }

    /// The truth of [`Evaluator::truth`] without what decided it: what cannot change it any more is not looked at.
    pub fn truth_alone(&self, node: &Node) -> Truth {
        match node {
            Node::And(left, right) => match self.truth_alone(left) {
                Truth::False => Truth::False,
                left => self.truth_of_both(left, right),
            },
            Node::Or(left, right) => match self.truth_alone(left) {
                Truth::True => Truth::True,
                left => match (left, self.truth_alone(right)) {
                    (_, Truth::True) => Truth::True,
                    (Truth::Pending, _) | (_, Truth::Pending) => Truth::Pending,
                    (Truth::False, Truth::False) => Truth::False,
                    _ => Truth::Unknown,
                },
            },
            Node::Compare { op, left, right, unit, .. } => self.compare(*op, left, right, *unit).truth,
            _ => self.truth(node).truth,
        }
    }

    /// The truth of `and` whose left side is not false.
    pub fn truth_of_both(&self, left: Truth, right: &Node) -> Truth {
        match (left, self.truth_alone(right)) {
            (_, Truth::False) => Truth::False,
            (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
            (Truth::Pending, _) | (_, Truth::Pending) => Truth::Pending,
            _ => Truth::True,
        }
    }

    /// A comparison, but for what its value was before the deployment.
    fn compare(&self, op: CompareOp, left: &Node, right: &Node, unit: Unit) -> Judgement {
        let test = self.confidence.and_then(|confidence| Some((confidence, measured(op, left)?)));
        let is_compared_with_before = test.is_some() && right.has_baseline();
        let left = self.number(left);
        let right = match test {
            // The worst that the baseline may have been.
            Some(_) if is_compared_with_before => {
                let value = self.edge(right, matches!(op, CompareOp::Greater | CompareOp::GreaterOrEqual));
                Reading { value, samples: u64::MAX, ..Reading::default() }
            }
            _ => self.number(right),
        };
        let mut judgement = Judgement::of(left.value, right.value, unit);
        judgement.samples = if test.is_some() { left.samples } else { left.samples.min(right.samples) };
        judgement.share = left.share;
        let (Some(value), Some(threshold)) = (left.value, right.value) else { return judgement };
        judgement.truth = match (left.at_least, right.at_least) {
            (false, false) => Truth::of(op.holds(value, threshold)),
            (true, false) => growing(op, value, threshold),
            (false, true) => growing(op.mirrored(), threshold, value),
            (true, true) => Truth::Unknown,
        };
        if let (Some((confidence, measured)), Truth::True) = (test, judgement.truth) {
            let proof = self.proof(confidence, measured, op, threshold, is_compared_with_before);
            // An anchor may have seen worse than the window shows now.
            let nearer = |bound: f64| if op.holds(1.0, 0.0) { bound.min(value) } else { bound.max(value) };
            judgement.bound = proof.map(|proof| nearer(proof.bound));
            judgement.truth = Truth::of(proof.is_some_and(|proof| proof.holds));
        }
        if judgement.truth == Truth::Unknown {
            // A lower bound that decides nothing is no value.
            judgement.value = None;
        }
        // What more data of the window could still turn.
        let turns = |op: CompareOp, side: Reading, is_true: bool| match op {
            CompareOp::Greater | CompareOp::GreaterOrEqual => {
                if is_true {
                    side.may_fall
                } else {
                    side.partial
                }
            }
            CompareOp::Less | CompareOp::LessOrEqual => {
                if is_true {
                    side.partial
                } else {
                    side.may_fall
                }
            }
            CompareOp::Equal => side.partial || side.may_fall,
            // What differs hardly becomes the same.
            CompareOp::NotEqual => !is_true && (side.partial || side.may_fall),
        };
        let turns = |is_true| turns(op, left, is_true) || turns(op.mirrored(), right, is_true);
        match judgement.truth {
            Truth::True if turns(true) => judgement.truth = Truth::Pending,
            Truth::False => judgement.unsettled = turns(false),
            _ => {}
        }
        judgement
    }

    fn read(&self, read: &Read) -> Reading {
        let Some(stretch) = self.stretches[read.index] else { return Reading::default() };
        let Quality { partial, lossy } = stretch.quality;
        let windows = self.places[read.index].and_then(|place| self.timeline.windows_at(read.window.series, place));
        let window = windows.map(|windows| windows.window(read.window));
        let events = window.map_or(0, |window| window.events);
        let unknown = window.map_or(0, |window| window.unknown);
        let at_least = lossy || unknown > 0;
        let is_tested = self.confidence.is_some() && matches!(read.function, Function::Quantile(_));
        let certain = |value: Option<f64>, samples: u64| Reading {
            // A confidence weighs few samples itself.
            value: value.filter(|_| !at_least && (samples >= self.min_samples || is_tested)),
            at_least: false,
            partial,
            may_fall: false,
            samples,
            share: None,
        };
        let values = window.map_or(0, |window| window.values);
        let scaled = |value: i64| value as f64 / read.scale;
        let counted =
            |value: f64| Reading { value: Some(value), at_least, partial, samples: events, ..Reading::default() };
        match read.function {
            Function::Count => counted(events as f64),
            // Of what was dropped, only a count is known to be no smaller (SEMANTICS 10).
            Function::Rate | Function::Distinct if lossy => Reading { samples: events, ..Reading::default() },
            Function::Rate => {
                // Of the seconds whose events are counted.
                let seconds = match read.in_baseline {
                    true => self.observed.steady_seconds(stretch, self.tick),
                    false => self.tick.second() - stretch.first,
                };
                counted(events as f64 / seconds.max(1) as f64)
            }
            Function::Distinct => counted(window.map_or(0, |window| window.distinct()) as f64),
            Function::Sum => Reading {
                at_least,
                samples: values,
                ..certain(Some(window.map_or(0.0, |window| window.sum as f64 / read.scale)), u64::MAX)
            },
            Function::Mean => {
                let mean = window.filter(|_| values > 0).map(|window| window.sum as f64 / values as f64 / read.scale);
                certain(mean, values)
            }
            Function::Min => Reading {
                partial: false,
                may_fall: partial,
                ..certain(window.and_then(|window| window.min()).map(scaled), values)
            },
            Function::Max => certain(window.and_then(|window| window.max()).map(scaled), values),
            Function::First => certain(window.and_then(|window| window.first()).map(scaled), values),
            // What came before it changes nothing about the last one.
            Function::Last => {
                Reading { partial: false, ..certain(window.and_then(|window| window.last()).map(scaled), values) }
            }
            Function::Quantile(q) => {
                certain(window.and_then(|window| window.quantile(q)).map(|value| value / read.scale), values)
            }
            Function::Gap => {
                let span = window.and_then(|window| window.span());
                let since = windows.and_then(|windows| windows.last_second).map(|last| self.tick.ended() - last);
                let inside = span.map_or(0, |span| span.largest_gap);
                Reading { samples: events, ..certain(since.map(|since| since.max(inside) as f64), u64::MAX) }
            }
            Function::Streak => {
                let run = window.and_then(|window| window.run());
                let length = run.map_or(Some(0), |run| (!run.overflowed).then_some(run.length));
                Reading { samples: events, ..certain(length.map(|length| length as f64), u64::MAX) }
            }
        }
    }

    fn share(&self, part: &Read, whole: &Read) -> Reading {
        let (part, whole) = (self.read(part), self.read(whole));
        let reading = Reading { partial: whole.partial, samples: whole.samples, ..Reading::default() };
        match (part.value, whole.value) {
            (Some(hits), Some(samples)) if samples > 0.0 && !part.at_least && !whole.at_least => {
                let enough = self.confidence.is_some() || whole.samples >= self.min_samples;
                Reading {
                    value: enough.then_some(hits / samples),
                    share: Some((hits as u64, samples as u64)),
                    ..reading
                }
            }
            _ => reading,
        }
    }

    /// The relative change a second between the oldest reading within `length` and now; unknown until that was observed.
    fn trend(&self, of: &Node, length: i64, id: usize) -> Reading {
        let now = self.number(of);
        let trend = self.memory.trends.get(&(id, self.group.clone()));
        let change = now.value.and_then(|value| trend?.change(self.tick, value, length));
        Reading { value: change, at_least: false, share: None, ..now }
    }

    /// What the counts since the anchors say of a comparison whose window passes its threshold.
    fn proof(
        &self,
        confidence: &Confidence,
        measured: Measured<'_>,
        op: CompareOp,
        threshold: f64,
        halved: bool,
    ) -> Option<Proof> {
        let Observed { deployed, dropped, .. } = *self.observed;
        let total_of = |read: &Read| {
            let group = if read.grouped { self.group } else { &GroupKey::default() };
            self.timeline.total_of(read.window.series, self.places[read.index], group)
        };
        let anchors = |grouped| Anchors { confidence, deployed, dropped, grouped, halved };
        match measured {
            Measured::Share { part, whole } => {
                anchors(whole.grouped).of_share(total_of(part), total_of(whole), op, threshold)
            }
            Measured::Quantile { read, q } => {
                anchors(read.grouped).of_quantile(total_of(read), q, op, threshold, read.scale)
            }
        }
    }
}

/// Of a number of events with a constant, which rests on none.
fn added(left: u64, right: u64) -> u64 {
    match (left, right) {
        (u64::MAX, samples) | (samples, u64::MAX) => samples,
        (left, right) => left.saturating_add(right),
    }
}

impl Truth {
    fn of(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

/// A comparison whose left side is a lower bound.
fn growing(op: CompareOp, least: f64, bound: f64) -> Truth {
    match op {
        CompareOp::Greater | CompareOp::GreaterOrEqual if op.holds(least, bound) => Truth::True,
        CompareOp::Less | CompareOp::LessOrEqual if !op.holds(least, bound) => Truth::False,
        CompareOp::Equal if least > bound => Truth::False,
        CompareOp::NotEqual if least > bound => Truth::True,
        _ => Truth::Unknown,
    }
}

#[cfg(test)]
mod tests;
