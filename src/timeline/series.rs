//! Series: which events an expression reads, how it groups them, and what it keeps of them.

use regex::bytes::Regex;

use crate::classify::{ClassId, LabelSet, NO_VALUE};
use crate::expr::CompareOp;
use crate::text::glob::Glob;

/// What a rule reads from the timeline. Two rules with the same `Spec` share one series.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The text of the spec; equal texts are the same series.
    pub name: String,
    pub selector: Selector,
    /// Indices of the labels that split the series into groups.
    pub by: Vec<usize>,
    pub measure: Measure,
}

/// What those who read a series need of its cells beside counts and sums. What its events need until their second is complete
/// is less and is shared with the report: that is a [`Keep`](crate::second::Keep), which [`Timeline::needs`](super::Timeline::needs)
/// makes of this.
#[derive(Clone, Copy, Debug, Default)]
pub struct CellNeeds {
    /// Lines that show the events.
    pub evidence: bool,
    /// Occupied seconds.
    pub gaps: bool,
    /// Single values, for percentiles.
    pub samples: bool,
}

impl CellNeeds {
    pub fn and(self, other: CellNeeds) -> CellNeeds {
        CellNeeds {
            evidence: self.evidence || other.evidence,
            gaps: self.gaps || other.gaps,
            samples: self.samples || other.samples,
        }
    }
}

/// What is kept of each event beside its being there.
#[derive(Clone, Debug)]
pub enum Measure {
    Events,
    /// The value with this index.
    Value(usize),
    /// The value of the label with this index.
    Distinct(usize),
    /// Nanoseconds since the event before it, apart for each value of these labels.
    Intervals(Vec<usize>),
    /// Whether the event also is of this selector.
    Run(Selector),
}

/// Tests on values, by the index of the value.
pub type ValueTests = [(usize, ValueTest)];

/// Whether values pass all tests; `None` when one that is asked for is not there.
pub fn accepts(tests: &ValueTests, values: &[i64]) -> Option<bool> {
    let mut all = Some(true);
    for (index, test) in tests {
        match values[*index] {
            NO_VALUE => all = all.and(None),
            value if !test.ordering.holds(value as f64, test.bound) => return Some(false),
            _ => {}
        }
    }
    all
}

impl Spec {
    /// Which events lines are to show: of a run those that make it longer.
    pub fn shown(&self) -> &Selector {
        match &self.measure {
            Measure::Run(part) => part,
            _ => &self.selector,
        }
    }

    /// The tests on values that such an event has passed.
    pub fn value_tests(&self) -> impl Iterator<Item = &(usize, ValueTest)> {
        let part = match &self.measure {
            Measure::Run(part) => &part.values[..],
            _ => &[],
        };
        self.selector.values.iter().chain(part)
    }

    /// Whether an event with these values is one of them.
    pub fn shows(&self, values: &[i64]) -> bool {
        let part = match &self.measure {
            Measure::Run(part) => part.accepts(values),
            _ => Some(true),
        };
        self.selector.accepts(values) == Some(true) && part == Some(true)
    }
}

impl Measure {
    /// Whether single events, and not only their number, have to be kept until their second is complete.
    pub fn needs_points(&self) -> bool {
        !matches!(self, Measure::Events | Measure::Distinct(_))
    }
}

/// A class, narrowed by tests on its labels and values.
#[derive(Clone, Debug)]
pub struct Selector {
    pub class: ClassId,
    pub labels: Vec<(usize, LabelTest)>,
    pub values: Vec<(usize, ValueTest)>,
    /// Whether a test names `via`, and so reads requests as they were seen (SEMANTICS 18).
    pub names_via: bool,
}

#[derive(Clone, Debug)]
pub enum LabelTest {
    Equal(String),
    Glob(Glob),
    Regex(Regex),
    /// Inclusive.
    Status(u16, u16),
    Number(CompareOp, f64),
    Not(Box<LabelTest>),
}

/// A comparison with a number in the kept unit of the value.
#[derive(Clone, Copy, Debug)]
pub struct ValueTest {
    pub ordering: CompareOp,
    pub bound: f64,
}

impl LabelTest {
    pub fn holds(&self, value: &str) -> bool {
        match self {
            LabelTest::Equal(text) => value == text,
            LabelTest::Glob(glob) => glob.is_match(value.as_bytes()),
            LabelTest::Regex(regex) => regex.is_match(value.as_bytes()),
            LabelTest::Status(from, to) => value.parse().is_ok_and(|status: u16| (*from..=*to).contains(&status)),
            LabelTest::Number(ordering, bound) => value.parse().is_ok_and(|number| ordering.holds(number, *bound)),
            LabelTest::Not(test) => !test.holds(value),
        }
    }
}

impl Selector {
    /// Whether events with these labels are selected; `None` when a label that is asked for is not there. An event that
    /// fails a test on a label it does carry is not selected, whatever it lacks.
    pub fn selects(&self, labels: LabelSet<'_>) -> Option<bool> {
        if labels.class != self.class {
            return Some(false);
        }
        let mut known = true;
        for (index, test) in &self.labels {
            match labels.value(*index) {
                Some(value) if !test.holds(value) => return Some(false),
                Some(_) => {}
                None => known = false,
            }
        }
        known.then_some(true)
    }

    /// Whether an event's values pass; `None` when one that is asked for is not there.
    pub fn accepts(&self, values: &[i64]) -> Option<bool> {
        accepts(&self.values, values)
    }
}
