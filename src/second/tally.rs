//! The events of one label set in one second.

use super::Span;
use super::evidence::{Evidence, MOST_EVIDENCE, keep_evidence};
use crate::classify::{MOST_VALUES, NO_VALUE, Via};
use crate::needs::Need;
use crate::time::Time;

/// The events of one label set in one second.
#[derive(Debug)]
pub struct Tally {
    pub via: Via,
    pub events: u64,
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// The events themselves, where a series or the report needs more than their number.
    pub points: Vec<Point>,
    pub evidence: Vec<Evidence>,
    /// The same of those events that some test on values singles out.
    pub singled: Vec<Singled>,
}

/// A line that shows an event, with the event's values.
#[derive(Clone, Debug)]
pub struct Singled {
    pub line: Evidence,
    pub values: [i64; MOST_VALUES],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub time: Time,
    /// Hash of the entry's content: orders events of one time.
    pub hash: u64,
    pub values: [i64; MOST_VALUES],
}

/// What has to be kept of the events of a label set, beside their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Events that carry a value.
    pub values: bool,
    /// Every event, with its time.
    pub order: bool,
    /// Lines that show it, for rules: the first of every second.
    pub evidence: bool,
    /// Lines that show it, for the report: the first of all.
    pub examples: bool,
}

impl Keep {
    pub fn and(self, other: Keep) -> Keep {
        Keep {
            values: self.values || other.values,
            order: self.order || other.order,
            evidence: self.evidence || other.evidence,
            examples: self.examples || other.examples,
        }
    }

    /// Whether an event with these values is kept itself.
    pub fn keeps(self, values: &[i64; MOST_VALUES]) -> bool {
        self.order || (self.values && *values != [NO_VALUE; MOST_VALUES])
    }

    /// Whether lines are kept that show it.
    pub fn shows(self) -> bool {
        self.evidence || self.examples
    }
}

impl Tally {
    pub fn new(via: Via) -> Self {
        Tally { via, events: 0, first: None, last: None, points: Vec::new(), evidence: Vec::new(), singled: Vec::new() }
    }

    /// One event, with all that could be kept of it.
    pub fn one(evidence: Evidence) -> Self {
        let mut tally = Tally::new(Via::None);
        let keep = Keep { values: true, order: true, evidence: true, examples: true };
        let need = Need { keep, ..Need::default() };
        let (time, line) = (evidence.time, evidence.line);
        tally.add(&need, (time, line), &[NO_VALUE; MOST_VALUES], || evidence);
        tally
    }

    /// Empties it, but for its memory.
    pub fn clear(&mut self) {
        /// Events that memory is kept for: the next second may be anybody's.
        const USUAL: usize = 32;
        (self.events, self.first, self.last) = (0, None, None);
        self.points.clear();
        self.points.shrink_to(USUAL);
        self.evidence.clear();
        self.singled.clear();
    }

    /// Adds the events of another one, of the same label set and second.
    pub fn merge(&mut self, other: Tally) {
        self.events += other.events;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
        self.points.extend(other.points);
        other.evidence.iter().for_each(|line| self.show(line));
        other.singled.into_iter().for_each(|singled| self.single_out(singled));
    }

    /// Adds an event, by its time and the hash of its content.
    pub fn add(
        &mut self,
        need: &Need,
        (time, hash): (Time, u64),
        values: &[i64; MOST_VALUES],
        evidence: impl FnOnce() -> Evidence,
    ) {
        self.count(1, (time, time));
        if need.keep.keeps(values) {
            self.points.push(Point { time, hash, values: *values });
        }
        let (is_shown, is_singled) = (need.keep.shows() && self.would_show(time), need.singles_out(values));
        if is_shown || is_singled {
            let line = evidence();
            if is_shown {
                self.show(&line);
            }
            if is_singled {
                self.single_out(Singled { line, values: *values });
            }
        }
    }

    /// Counts so many events between a first and a last one.
    pub fn count(&mut self, events: u64, (first, last): Span) {
        self.events += events;
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = self.last.max(Some(last));
    }

    /// Whether the line of an event at this time may be one of the first.
    pub fn would_show(&self, time: Time) -> bool {
        self.evidence.len() < MOST_EVIDENCE || self.evidence.last().is_some_and(|last| time <= last.time)
    }

    /// Keeps a line, if it is one of the first.
    pub fn show(&mut self, line: &Evidence) {
        keep_evidence(&mut self.evidence, line);
    }

    /// Keeps the line of an event that a test singles out, if it is one of the first.
    pub fn single_out(&mut self, singled: Singled) {
        let at = self.singled.partition_point(|known| !singled.line.is_before(&known.line));
        if at < MOST_EVIDENCE {
            self.singled.truncate(MOST_EVIDENCE - 1);
            self.singled.insert(at, singled);
        }
    }
}
