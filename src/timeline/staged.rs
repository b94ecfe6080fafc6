//! The cells of one second in the making: the events of label sets to what a series keeps of them.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use super::bucket::{Match, Pending, Point};
use super::cell::{Cell, MOST_DISTINCT, MOST_ORDERED, Run, Span, Values};
use super::evidence::keep_evidence;
use super::groups::MOST_GROUPS;
use super::series::{Measure, Spec};
use super::slot::Slot;
use crate::classify::{LabelSet, NO_VALUE};

/// Seconds that the last event of an inner group is remembered for: clients come and go.
const MEMORY: i64 = 86_400;

#[derive(Default)]
pub struct Staged<'a> {
    cell: Cell,
    /// Those events whose order matters.
    ordered: Vec<Placed<'a>>,
}

/// An event with what its label set says about it for one series.
#[derive(Clone, Copy)]
struct Placed<'a> {
    point: &'a Point,
    matched: &'a Match,
}

impl<'a> Staged<'a> {
    /// Adds the events of one label set.
    pub fn add(&mut self, spec: &Spec, labels: &LabelSet, pending: &'a Pending, matched: &'a Match, evidence: bool) {
        let cell = &mut self.cell;
        if !matched.certain {
            cell.unknown += pending.events;
            return;
        }
        // An event without a value that is asked for is on neither side (SEMANTICS 11).
        let accepted = pending.points.iter().filter(|point| spec.selector.accepts(&point.values) == Some(true));
        let events = match &spec.measure {
            Measure::Events | Measure::Distinct(_) if spec.selector.values.is_empty() => pending.events,
            Measure::Events | Measure::Distinct(_) => accepted.count() as u64,
            Measure::Value(index) => {
                let with_value = accepted.filter(|point| point.values[*index] != NO_VALUE);
                with_value.map(|point| put(cell, point, point.values[*index])).count() as u64
            }
            Measure::Intervals(_) | Measure::Run(_) => {
                let before = self.ordered.len();
                self.ordered.extend(accepted.map(|point| Placed { point, matched }));
                (self.ordered.len() - before) as u64
            }
        };
        match spec.measure {
            Measure::Distinct(label) => match &labels.values[label] {
                Some(value) => {
                    cell.events += events;
                    cell.distinct.insert(FxBuildHasher.hash_one(value));
                    if cell.distinct.len() > MOST_DISTINCT {
                        cell.distinct.pop_last();
                    }
                }
                None => cell.unknown += events,
            },
            _ => cell.events += events,
        }
        if evidence {
            pending.evidence.iter().for_each(|line| keep_evidence(&mut cell.evidence, line));
        }
    }

    /// Works out what depends on the order of the second's events.
    pub fn finish(self, spec: &Spec, second: i64, slot: &mut Slot) -> Cell {
        let Staged { mut cell, mut ordered } = self;
        ordered.sort_unstable_by_key(|placed| (placed.point.time, placed.point.hash));
        match &spec.measure {
            Measure::Events | Measure::Distinct(_) | Measure::Value(_) => {}
            Measure::Intervals(_) => {
                for Placed { point, matched } in ordered {
                    // An event that does not say whose it is tells nothing of anybody's intervals.
                    let Some(inner) = matched.inner else {
                        cell.events -= 1;
                        continue;
                    };
                    if let Some(before) = slot.previous.insert(inner, point.time) {
                        put(&mut cell, point, point.time.0 - before.0);
                    }
                }
                if slot.previous.len() > MOST_GROUPS {
                    slot.previous.retain(|_, time| second - time.second() < MEMORY);
                }
            }
            Measure::Run(part) => {
                let outcomes = ordered.iter().filter_map(|Placed { point, matched }| match matched.part? {
                    false => Some(false),
                    true => part.accepts(&point.values),
                });
                cell.run = outcomes
                    .map(|hit| Run { length: u64::from(hit), total: 1, overflowed: false })
                    .reduce(Run::then)
                    .map(|run| Run { overflowed: run.total > MOST_ORDERED as u64, ..run });
            }
        }
        if cell.events > 0 {
            cell.span = Some(Span::second(second));
        }
        cell
    }
}

fn put(cell: &mut Cell, point: &Point, value: i64) {
    match &mut cell.values {
        Some(values) => values.add(point.time, point.hash, value),
        none => *none = Some(Box::new(Values::one(point.time, point.hash, value))),
    }
}
