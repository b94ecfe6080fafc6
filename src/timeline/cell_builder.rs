//! The cell of one second in the making: the events of label sets to what a series keeps of them.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::cell::{Cell, MOST_ORDERED, Run, Span, Values};
use super::group_table::MOST_GROUPS;
use super::series::{CellNeeds, Measure, Spec};
use super::sets::Match;
use crate::classify::{LabelSet, NO_VALUE};
use crate::second::evidence::keep_evidence;
use crate::second::{Point, Tally};
use crate::time::Time;

/// Seconds that the last event of an inner group is remembered for: clients come and go.
const MEMORY: i64 = 86_400;

/// What is known so far of one group's second; its memory is used again for the next.
#[derive(Debug, Default)]
pub struct CellBuilder {
    cell: Cell,
    /// Those events whose order matters.
    ordered: Vec<Ordered>,
    begun: bool,
}

/// An event with what it says in its turn.
#[derive(Clone, Copy, Debug)]
struct Ordered {
    time: Time,
    /// Hash of the entry's content: orders events of one time.
    hash: u64,
    /// The hash of its inner group, or whether it had the wanted outcome.
    says: u64,
}

impl Ordered {
    /// Time, then hash, as one number.
    fn place(&self) -> i128 {
        i128::from(self.time.0) << 64 | i128::from(self.hash)
    }
}

impl CellBuilder {
    /// Begins a second's cell; `false` if it was begun before.
    pub fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.begun, true)
    }

    /// Adds the events of one label set.
    pub fn add(&mut self, spec: &Spec, labels: LabelSet<'_>, tally: &Tally, matched: &Match, needs: CellNeeds) {
        let cell = &mut self.cell;
        if !matched.certain {
            cell.details().unknown += tally.events;
            return;
        }
        // An event without a value that is asked for is on neither side (SEMANTICS 11).
        let accepted = tally.points.iter().filter(|point| spec.selector.accepts(&point.values) == Some(true));
        let events = match &spec.measure {
            Measure::Events | Measure::Distinct(_) if spec.selector.values.is_empty() => tally.events,
            Measure::Events | Measure::Distinct(_) => accepted.count() as u64,
            Measure::Value(index) => {
                let with_value = accepted.filter(|point| point.values[*index] != NO_VALUE);
                with_value.map(|point| put(cell, needs, (point.time, point.hash), point.values[*index])).count() as u64
            }
            // An event that does not say whose it is tells nothing of anybody's intervals.
            Measure::Intervals(_) => {
                matched.inner.map_or(0, |inner| order(&mut self.ordered, accepted, |_| Some(inner)))
            }
            Measure::Run(part) => {
                let outcome = |point: &Point| if matched.part? { part.accepts(&point.values) } else { Some(false) };
                order(&mut self.ordered, accepted, |point| outcome(point).map(u64::from))
            }
        };
        match spec.measure {
            Measure::Distinct(label) => match labels.value(label) {
                Some(value) => {
                    cell.events += events;
                    cell.details().see(FxBuildHasher.hash_one(value));
                }
                None => cell.details().unknown += events,
            },
            _ => cell.events += events,
        }
        if needs.evidence && matched.part == Some(true) {
            if spec.value_tests().next().is_none() {
                tally.evidence.iter().for_each(|line| keep_evidence(&mut cell.details().evidence, line));
            } else {
                let passed = tally.singled.iter().filter(|singled| spec.shows(&singled.values));
                passed.for_each(|singled| keep_evidence(&mut cell.details().evidence, &singled.line));
            }
        }
    }

    /// Works out what depends on the order of the second's events. `previous` has the last event of each inner group.
    pub fn finish(&mut self, spec: &Spec, needs: CellNeeds, second: i64, previous: &mut FxHashMap<u64, Time>) -> Cell {
        self.begun = false;
        let mut cell = std::mem::take(&mut self.cell);
        self.ordered.sort_unstable_by_key(Ordered::place);
        match &spec.measure {
            Measure::Events | Measure::Distinct(_) | Measure::Value(_) => {}
            Measure::Intervals(_) => {
                for event in &self.ordered {
                    if let Some(before) = previous.insert(event.says, event.time) {
                        put(&mut cell, needs, (event.time, event.hash), event.time.since(before));
                    }
                }
                if previous.len() > MOST_GROUPS {
                    previous.retain(|_, time| second - time.second() < MEMORY);
                }
            }
            Measure::Run(_) => {
                let outcomes = self.ordered.iter().map(|event| event.says);
                let run = outcomes.map(|hit| Run { length: hit, total: 1, overflowed: false }).reduce(Run::then);
                if let Some(run) = run {
                    cell.details().run = Some(Run { overflowed: run.total > MOST_ORDERED as u64, ..run });
                }
            }
        }
        self.ordered.clear();
        if needs.gaps && cell.events > 0 {
            cell.details().span = Some(Span::second(second));
        }
        cell
    }
}

/// Adds those events that say something; returns how many events there were in all.
fn order<'a>(
    ordered: &mut Vec<Ordered>,
    points: impl Iterator<Item = &'a Point>,
    says: impl Fn(&Point) -> Option<u64>,
) -> u64 {
    let mut events = 0;
    let said = points.inspect(|_| events += 1).filter_map(|point| Some((point, says(point)?)));
    ordered.extend(said.map(|(point, says)| Ordered { time: point.time, hash: point.hash, says }));
    events
}

fn put(cell: &mut Cell, needs: CellNeeds, (time, hash): (Time, u64), value: i64) {
    let values = match &mut cell.details().values {
        Some(values) => {
            values.add(time, hash, value);
            values
        }
        none => none.insert(Box::new(Values::one(time, hash, value))),
    };
    if needs.samples {
        values.samples.record(value);
    }
}
