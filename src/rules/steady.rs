//! How long the rules say the same while nothing enters or leaves a window: ticks until then need not be looked at
//! (SEMANTICS 4), and a gap of years between two records takes no time.

use std::cmp::Ordering;

use super::Rules;
use super::checkpoint::{Checkpoint, Expected};
use super::evaluate::Evaluator;
use super::kpi::Kpi;
use super::memory::Memory;
use super::node::{Node, Read};
use super::observed::{Observed, Stretch};
use super::proof::Confidence;
use super::watch::{Watch, Watched};
use crate::expr::{ArithmeticOp, Function};
use crate::timeline::group_key::GroupKey;
use crate::timeline::{GroupWindows, Place, Tick, Timeline};

/// What one group of an expression is read from, at the tick that was looked at last.
struct Seen<'a> {
    reads: &'a [Read],
    confidence: Option<&'a Confidence>,
    min_samples: u64,
    timeline: &'a Timeline,
    observed: &'a Observed,
    memory: &'a Memory,
    places: &'a [Option<Place>],
    group: &'a GroupKey,
    tick: Tick,
    /// Nothing else changes before this tick.
    end: Tick,
}

impl Rules {
    /// The first tick after `tick`, the one looked at last, that has to be looked at; at most `end`, before which nothing
    /// enters or leaves a window.
    pub fn steady_until(&self, tick: Tick, end: Tick, timeline: &Timeline, observed: &Observed) -> Tick {
        let mut end = end;
        if end <= tick.plus(1) {
            return tick.plus(1);
        }
        for trigger in &self.triggers {
            let due =
                trigger.instances.values().map(|instance| instance.due(tick, trigger.hold, trigger.resolve_after));
            let observed = trigger.watch.reads.iter().map(|read| observed.steady_until(read, tick));
            end = due.chain(observed).fold(end, Tick::min);
        }
        end = end.min(self.next_look(tick, observed));
        for expected in self.looked_at() {
            let observed = expected.watch.reads.iter().map(|read| observed.steady_until(read, tick));
            end = observed.fold(end, Tick::min);
        }
        let mut moves = false;
        let triggers = self.triggers.iter();
        let triggers = triggers.map(|trigger| (&trigger.watch, trigger.confidence.as_ref(), trigger.min_samples));
        let others = self.looked_at().map(|expected| (&expected.watch, None, expected.min_samples));
        let all = triggers.chain(others).filter(|(watch, ..)| watch.expr.node.moves());
        for (Watch { expr, reads, groups, .. }, confidence, min_samples) in all {
            moves = true;
            for Watched { group, places, .. } in groups {
                let memory = &self.memory;
                let seen =
                    Seen { reads, confidence, min_samples, timeline, observed, memory, places, group, tick, end };
                end = end.min(seen.steady_until(&expr.node));
            }
        }
        // The value of an expression that moves by itself is wanted as it was last, whether or not that changes its truth.
        end.plus(-i64::from(moves)).max(tick.plus(1))
    }

    /// The expressions of key figures and checks that matter at every tick: those that remember what they came to, and those of
    /// a success that is not declared yet.
    fn looked_at(&self) -> impl Iterator<Item = &Expected> {
        let of_kpis = self.kpis.iter().filter_map(Kpi::expected).filter(|expected| expected.is_sampled());
        of_kpis.chain(self.checkpoints.iter().flat_map(Checkpoint::watched))
    }

    /// Says at so many more ticks what was said at `tick`.
    pub fn stay(&mut self, tick: Tick, ticks: i64) {
        for trigger in &mut self.triggers {
            trigger.ticks += ticks as u64;
            trigger.known_ticks += if trigger.is_known { ticks as u64 } else { 0 };
            trigger.instances.values_mut().for_each(|instance| instance.stay(ticks));
        }
        self.memory.trends.values_mut().for_each(|trend| trend.stay(tick, ticks));
    }
}

impl Seen<'_> {
    /// The first tick at which an expression may say something else.
    fn steady_until(&self, node: &Node) -> Tick {
        match node {
            Node::Number(_) | Node::Baseline { .. } => Tick::NEVER,
            Node::Read(read) if self.moves(read) => self.tick.plus(1),
            Node::Compare { left, right, .. } => match sum(self.direction(left), self.direction(right).map(|it| -it)) {
                Some(0) => Tick::NEVER,
                Some(_) => self.crossing(left, right),
                None => self.steady_until(left).min(self.steady_until(right)),
            },
            Node::Trend { of, length, id } => {
                let trend = self.memory.trends.get(&(*id, self.group.clone()));
                let trend = trend.map_or(Tick::NEVER, |trend| trend.steady_until(self.tick, *length));
                trend.min(self.steady_until(of))
            }
            _ => node.children().map(|child| self.steady_until(child)).min().unwrap_or(Tick::NEVER),
        }
    }

    /// Whether the tick itself changes what is read. A rate over seconds that slide with the tick does not.
    fn moves(&self, read: &Read) -> bool {
        let (Some(stretch), Some(windows)) = (self.stretch(read, self.tick), self.windows(read)) else { return false };
        match read.function {
            Function::Rate => {
                let slides = read.length.is_some_and(|length| stretch.first == self.tick.second() - length);
                !slides && windows.window(read.window).events > 0
            }
            Function::Gap => windows.last_second.is_some(),
            _ => false,
        }
    }

    /// 1 for a number that only grows with the ticks, -1 for one that only falls, 0 for one that stays; `None` for any other.
    fn direction(&self, node: &Node) -> Option<i8> {
        match node {
            Node::Number(_) | Node::Baseline { .. } | Node::Share { .. } => Some(0),
            Node::Read(read) if !self.moves(read) => Some(0),
            Node::Read(read) => Some(if read.function == Function::Gap { 1 } else { -1 }),
            Node::Negate(of) => self.direction(of).map(|it| -it),
            Node::Arithmetic { op, left, right } => {
                let (of, by) = (self.direction(left)?, self.direction(right)?);
                match (op, &**left, &**right) {
                    (ArithmeticOp::Add, ..) => sum(Some(of), Some(by)),
                    (ArithmeticOp::Subtract, ..) => sum(Some(of), Some(-by)),
                    (ArithmeticOp::Multiply | ArithmeticOp::Divide, _, Node::Number(factor))
                    | (ArithmeticOp::Multiply, Node::Number(factor), _) => {
                        Some(if *factor < 0.0 { -(of + by) } else { of + by })
                    }
                    _ => (of == 0 && by == 0).then_some(0),
                }
            }
            _ => None,
        }
    }

    /// The first tick at which a number that only grows or only falls beside another has come to it, or gone past it.
    fn crossing(&self, left: &Node, right: &Node) -> Tick {
        let now = self.ordering(self.tick, left, right);
        let (mut same, mut other) = (self.tick, self.end.plus(-1));
        if self.ordering(other, left, right) == now {
            return Tick::NEVER;
        }
        while other.since(same) > 1 {
            let middle = same.plus(other.since(same) / 2);
            if self.ordering(middle, left, right) == now { same = middle } else { other = middle }
        }
        other
    }

    fn ordering(&self, tick: Tick, left: &Node, right: &Node) -> Option<Ordering> {
        let evaluator = Evaluator {
            timeline: self.timeline,
            stretches: &self.observed.stretches(self.reads, tick),
            places: self.places,
            memory: self.memory,
            observed: self.observed,
            tick,
            confidence: self.confidence,
            min_samples: self.min_samples,
            group: self.group,
        };
        let (left, right) = (evaluator.number(left).value, evaluator.number(right).value);
        left.zip(right).and_then(|(left, right)| left.partial_cmp(&right))
    }

    fn stretch(&self, read: &Read, tick: Tick) -> Option<Stretch> {
        self.observed.stretch(read, tick)
    }

    fn windows(&self, read: &Read) -> Option<&GroupWindows> {
        self.timeline.windows_at(read.window.series, self.places[read.index]?)
    }
}

/// The direction of a sum.
fn sum(a: Option<i8>, b: Option<i8>) -> Option<i8> {
    match (a?, b?) {
        (0, it) | (it, 0) => Some(it),
        (a, b) => (a == b).then_some(a),
    }
}
