//! What a number was before the deployment, and what that says of it now.

use super::{Evaluator, Reading};
use crate::expr::{ArithmeticOp, CompareOp};
use crate::rules::frozen::Frozen;
use crate::rules::judgement::{Before, Judgement};
use crate::rules::node::Node;
use crate::timeline::group_key::GroupKey;

/// What passed its bound before the deployment, too, and is less than so many times what it was, is as it was.
const ALIKE: f64 = 2.0;

impl Evaluator<'_> {
    /// A baseline of the group, or the only one where it is of no groups.
    pub(super) fn frozen(&self, of: &Node, id: usize) -> Option<&Frozen> {
        let is_its_own = self.group.is_empty() || of.is_grouped();
        let group = if is_its_own { self.group.clone() } else { GroupKey::default() };
        self.memory.baselines.get(&(id, group))
    }

    /// What the value of a judgement, read by a node, was before the deployment.
    pub(super) fn past(&self, of: &Node, id: usize, op: CompareOp, judgement: &Judgement) -> Option<Before> {
        let Reading { value, samples, .. } = self.frozen(of, id)?.reading;
        let before = value?;
        let (now, threshold) = (judgement.value?, judgement.threshold?);
        let is_like = if op.holds(1.0, 0.0) { now < ALIKE * before } else { now > before / ALIKE };
        Some(Before { value: before, samples, as_before: is_like && op.holds(before, threshold) })
    }

    /// The first baseline of a number, as it was read.
    pub(super) fn before(&self, node: &Node) -> Option<Before> {
        match node {
            Node::Baseline { of, id, .. } => {
                let Reading { value, samples, .. } = self.frozen(of, *id)?.reading;
                (samples < u64::MAX).then_some(Before { value: value?, samples, as_before: false })
            }
            Node::Negate(of) => self.before(of),
            Node::Arithmetic { left, right, .. } => self.before(left).or_else(|| self.before(right)),
            _ => None,
        }
    }

    /// The most, or else the least, that a number made of numbers and baselines may be.
    pub(super) fn edge(&self, node: &Node, is_most: bool) -> Option<f64> {
        match node {
            Node::Baseline { of, id, otherwise } => match self.frozen(of, *id) {
                Some(frozen) => if is_most { frozen.most } else { frozen.least }.or(*otherwise),
                None => *otherwise,
            },
            Node::Negate(of) => self.edge(of, !is_most).map(|value| -value),
            Node::Arithmetic { op, left, right } => {
                let falls = |factor: &Node| factor.constant().is_some_and(|factor| factor < 0.0);
                let (of_left, of_right) = match op {
                    ArithmeticOp::Add => (is_most, is_most),
                    ArithmeticOp::Subtract => (is_most, !is_most),
                    ArithmeticOp::Multiply | ArithmeticOp::Divide => (is_most != falls(right), is_most != falls(left)),
                };
                op.of(self.edge(left, of_left)?, self.edge(right, of_right)?)
            }
            _ => node.constant(),
        }
    }
}
