//! A pane: what happened in some seconds that follow one another.

use super::{Kinds, Measured};
use crate::classify::{ClassId, NO_VALUE, Via};
use crate::second::{Point, Tally};
use crate::timeline::Sealed;
use crate::timeline::distribution::{Distribution, Samples};

#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Pane {
    /// Its first second, since the epoch.
    pub at: i64,
    /// Seconds of it that have a record of any source.
    pub seconds: u64,
    /// By the first digit of the status; of no known status at 0. Those of the HTTP log where it covers a second, as in the report.
    pub requests: [u64; 6],
    /// How long requests took, in nanoseconds.
    pub durations: Samples,
    /// Errors of the service, as the report groups them.
    pub errors: u64,
    pub restarts: u64,
    /// In bytes.
    pub memory: Usage,
    /// In millionths of a processor.
    pub cpu: Usage,
    /// Messages that the platform says it dropped.
    pub dropped: u64,
}

/// How much of something is used: the most that was measured, of any deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    pub used: Option<i64>,
    /// What may be used.
    pub limit: Option<i64>,
}

impl Usage {
    fn merge(&mut self, other: Usage) {
        // Nothing known is less than anything.
        self.used = self.used.max(other.used);
        self.limit = self.limit.max(other.limit);
    }

    /// Adds what the events of a second tell, if they are of one of these classes.
    fn add(&mut self, classes: &[Measured], class: ClassId, tally: &Tally) {
        for measured in classes.iter().filter(|measured| measured.class == class) {
            let known = |values: &[i64], index: usize| Some(values[index]).filter(|value| *value != NO_VALUE);
            for Point { values, .. } in &tally.points {
                let limit = measured.limit.and_then(|limit| known(values, limit));
                self.merge(Usage { used: known(values, measured.used), limit });
            }
        }
    }
}

impl Pane {
    /// One in which nothing happened.
    pub fn new(at: i64) -> Self {
        Pane { at, ..Pane::default() }
    }

    pub(super) fn of(sealed: Sealed<'_>, kinds: &Kinds) -> Self {
        let second = sealed.second;
        let mut pane =
            Pane { seconds: u64::from(second.records.is_some()), dropped: second.dropped, ..Pane::new(second.at) };
        for (set, tally) in sealed.tallies() {
            if tally.via != Via::None && tally.via != second.seen {
                continue;
            }
            let labels = sealed.sets.labels(set);
            if let Some((class, status, duration)) = kinds.request
                && class == labels.class
            {
                let digit = labels.value(status).and_then(|status| char::from(*status.as_bytes().first()?).to_digit(6));
                pane.requests[digit.unwrap_or(0) as usize] += tally.events;
                let durations = tally.points.iter().map(|point| point.values[duration]);
                durations.filter(|value| *value != NO_VALUE).for_each(|value| pane.durations.record(value));
            } else if Some(labels.class) == kinds.restarted {
                pane.restarts += tally.events;
            } else if kinds.failures[labels.class] {
                pane.errors += tally.events;
            }
            pane.memory.add(&kinds.memory, labels.class, tally);
            pane.cpu.add(&kinds.cpu, labels.class, tally);
        }
        pane
    }

    /// Adds what happened in other seconds.
    pub(super) fn merge(&mut self, other: &Pane) {
        self.seconds += other.seconds;
        self.requests.iter_mut().zip(other.requests).for_each(|(mine, theirs)| *mine += theirs);
        self.durations.merge(&other.durations);
        self.errors += other.errors;
        self.restarts += other.restarts;
        self.memory.merge(other.memory);
        self.cpu.merge(other.cpu);
        self.dropped += other.dropped;
    }

    /// All requests.
    pub fn all(&self) -> u64 {
        self.requests.iter().sum()
    }

    /// Percentiles of the durations at these shares, in nanoseconds.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> [Option<f64>; N] {
        let mut distribution = Distribution::default();
        distribution.merge(&self.durations);
        shares.map(|share| distribution.quantile(share))
    }
}
