//! The contents of a bucket for one series: what merges (SEMANTICS 14).

use std::collections::BTreeSet;

use super::distribution::Samples;
use crate::second::evidence::{Evidence, keep_evidence};
use crate::time::Time;

/// The most events of one second whose order is kept; beyond that, what depends on order is unknown.
pub const MOST_ORDERED: usize = 4_096;
/// The most distinct values kept; of more, the smallest hashes.
pub const MOST_DISTINCT: usize = 4_096;

/// What one series holds for one stretch of time. Windows are full of them, and most only count: so they are small.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Cell {
    /// Events of the series.
    pub events: u64,
    pub details: Option<Box<Details>>,
}

/// What few series keep.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Details {
    /// Events that may be of the series: they lack a label it asks for (SEMANTICS 11).
    pub unknown: u64,
    pub span: Option<Span>,
    pub values: Option<Box<Values>>,
    /// Hashes of distinct label values.
    pub distinct: BTreeSet<u64>,
    pub run: Option<Run>,
    pub evidence: Vec<Evidence>,
}

/// Occupied seconds, and the largest step between two that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    pub first: i64,
    pub last: i64,
    pub largest_gap: i64,
}

/// Numbers that events carry.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Values {
    pub count: u64,
    pub sum: i128,
    pub min: i64,
    pub max: i64,
    /// (time, content hash, value) of the earliest and the latest.
    pub first: (Time, u64, i64),
    pub last: (Time, u64, i64),
    pub samples: Samples,
}

/// How many of the latest events in a row had the wanted outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Run {
    pub length: u64,
    pub total: u64,
    /// More events in one second than order was kept for.
    pub overflowed: bool,
}

impl Values {
    pub fn one(time: Time, hash: u64, value: i64) -> Self {
        let point = (time, hash, value);
        let sum = i128::from(value);
        Values { count: 1, sum, min: value, max: value, first: point, last: point, samples: Samples::default() }
    }

    /// Adds a value, but to the samples.
    pub fn add(&mut self, time: Time, hash: u64, value: i64) {
        self.count += 1;
        self.sum += i128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.first = self.first.min((time, hash, value));
        self.last = self.last.max((time, hash, value));
    }

    fn merge(&mut self, other: &Values) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.samples.merge(&other.samples);
    }
}

impl Span {
    pub fn second(second: i64) -> Self {
        Span { first: second, last: second, largest_gap: 0 }
    }

    /// Joins a later span.
    pub fn then(self, later: Span) -> Span {
        let between = later.first - self.last;
        Span { first: self.first, last: later.last, largest_gap: self.largest_gap.max(later.largest_gap).max(between) }
    }
}

impl Run {
    /// Joins a later run.
    pub fn then(self, later: Run) -> Run {
        let unbroken = later.length == later.total;
        Run {
            length: if unbroken { self.length + later.length } else { later.length },
            total: self.total + later.total,
            overflowed: later.overflowed || (unbroken && self.overflowed),
        }
    }
}

impl Cell {
    /// Joins the cell of a later stretch of time.
    pub fn then(&mut self, later: &Cell) {
        self.events += later.events;
        if let Some(theirs) = &later.details {
            self.details().then(theirs);
        }
    }

    pub fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }
}

impl Details {
    /// Adds a label value.
    pub fn see(&mut self, hash: u64) {
        self.distinct.insert(hash);
        if self.distinct.len() > MOST_DISTINCT {
            self.distinct.pop_last();
        }
    }

    fn then(&mut self, later: &Details) {
        self.unknown += later.unknown;
        self.span = joined(self.span, later.span, Span::then);
        match (&mut self.values, &later.values) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine @ None, Some(theirs)) => *mine = Some(theirs.clone()),
            (_, None) => {}
        }
        self.run = joined(self.run, later.run, Run::then);
        later.distinct.iter().for_each(|hash| self.see(*hash));
        for evidence in &later.evidence {
            keep_evidence(&mut self.evidence, evidence);
        }
    }
}

fn joined<T: Copy>(a: Option<T>, b: Option<T>, join: impl Fn(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(join(a, b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A cell of one second, with everything in it.
    fn cell(second: i64, seed: u64) -> Cell {
        let time = Time::from_second(second).saturating_add((seed % 1_000) as i64);
        let value = (seed % 977) as i64 * 1_000_000;
        Cell {
            events: seed % 3,
            details: (!seed.is_multiple_of(7)).then(|| {
                Box::new(Details {
                    unknown: seed % 2,
                    span: Some(Span::second(second)),
                    values: (!seed.is_multiple_of(4)).then(|| Box::new(Values::one(time, seed, value))),
                    distinct: BTreeSet::from([seed % 5]),
                    run: Some(Run { length: seed % 2, total: 1, overflowed: false }),
                    evidence: vec![Evidence::new(time, 0, seed, format!("line {}", seed % 7).as_bytes())],
                })
            }),
        }
    }

    fn fold(cells: &[Cell]) -> Cell {
        cells.iter().fold(Cell::default(), |mut all, cell| {
            all.then(cell);
            all
        })
    }

    proptest! {
        #[test]
        fn any_grouping_gives_the_same_cell(seeds in prop::collection::vec(any::<u64>(), 1..30), cut in any::<prop::sample::Index>()) {
            let cells: Vec<Cell> = seeds.iter().enumerate().map(|(at, seed)| cell(at as i64 * 3, *seed)).collect();
            let (left, right) = cells.split_at(cut.index(cells.len()));
            let mut joined = fold(left);
            joined.then(&fold(right));
            prop_assert_eq!(joined, fold(&cells));
        }
    }

    #[test]
    fn a_run_is_broken_by_the_first_other_outcome() {
        let (hit, miss) =
            (Run { length: 1, total: 1, overflowed: false }, Run { length: 0, total: 1, overflowed: false });
        let length = |runs: &[Run]| runs.iter().copied().reduce(Run::then).map(|run| run.length);
        assert_eq!(length(&[hit, hit, hit]), Some(3));
        assert_eq!(length(&[hit, miss, hit]), Some(1));
        assert_eq!(length(&[hit, hit, miss]), Some(0));
    }

    #[test]
    fn gaps_are_between_occupied_seconds() {
        let span = Span::second(10).then(Span::second(11)).then(Span::second(41));
        assert_eq!(span, Span { first: 10, last: 41, largest_gap: 30 });
    }
}
