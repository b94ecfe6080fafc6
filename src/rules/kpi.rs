//! Key figures: numbers with a target, which are read at the end.

use super::Rules;
use super::checkpoint::Expected;
use super::judgement::Truth;
use super::node::Node;
use super::observed::Observed;
use crate::expr::{CompareOp, Unit};
use crate::people::Answer;
use crate::timeline::{Tick, Timeline};

/// A compiled `[[kpi]]`.
#[derive(Debug)]
pub struct Kpi {
    pub id: String,
    pub title: String,
    pub figure: Figure,
}

/// What a key figure is read from.
#[derive(Debug)]
pub enum Figure {
    Number {
        /// The value, compared with its target.
        expected: Box<Expected>,
        unit: Unit,
        /// `> 95%`, as written.
        target_text: String,
    },
    /// A person tells it: the index of the manual item.
    Manual(usize),
}

/// What a key figure came to.
#[derive(Clone, Debug)]
pub enum KpiResult {
    Number {
        value: Option<f64>,
        samples: u64,
        share: Option<(u64, u64)>,
        unit: Unit,
        op: CompareOp,
        target: f64,
        truth: Truth,
    },
    /// `None` if nobody has answered.
    Manual(Option<Answer>),
}

impl KpiResult {
    /// Whether the target was missed for certain.
    pub fn is_missed(&self) -> bool {
        match self {
            KpiResult::Number { truth, .. } => *truth == Truth::False,
            KpiResult::Manual(answer) => answer.as_ref().is_some_and(|answer| !answer.pass),
        }
    }
}

impl Kpi {
    /// The value compared with its target; none of what a person tells.
    pub fn expected(&self) -> Option<&Expected> {
        match &self.figure {
            Figure::Number { expected, .. } => Some(expected),
            Figure::Manual(_) => None,
        }
    }

    pub fn expected_mut(&mut self) -> Option<&mut Expected> {
        match &mut self.figure {
            Figure::Number { expected, .. } => Some(expected),
            Figure::Manual(_) => None,
        }
    }

    /// `> 95%`, as written; nothing of what a person tells.
    pub fn target_text(&self) -> &str {
        match &self.figure {
            Figure::Number { target_text, .. } => target_text,
            Figure::Manual(_) => "",
        }
    }
}

impl Rules {
    /// What the key figures come to at the end.
    pub fn kpis(&self, tick: Tick, timeline: &Timeline, observed: &Observed) -> Vec<KpiResult> {
        let result = |kpi: &Kpi| match &kpi.figure {
            Figure::Manual(item) => KpiResult::Manual(self.answer(*item, observed.deployed, i64::MAX).cloned()),
            Figure::Number { expected, unit, .. } => {
                let (value, op, target) = match expected.node() {
                    Node::Compare { op, left, right, .. } => (Some(&**left), *op, right.constant().unwrap_or(f64::NAN)),
                    _ => (None, CompareOp::Greater, f64::NAN),
                };
                self.reading(expected, tick, timeline, observed, |evaluator| {
                    let reading = value.map(|value| evaluator.number(value)).unwrap_or_default();
                    KpiResult::Number {
                        value: reading.value.filter(|_| !reading.at_least),
                        samples: if reading.samples == u64::MAX { 0 } else { reading.samples },
                        share: reading.share,
                        unit: *unit,
                        op,
                        target,
                        truth: evaluator.truth(expected.node()).truth,
                    }
                })
            }
        };
        self.kpis.iter().map(result).collect()
    }
}
