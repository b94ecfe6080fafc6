//! What a hard number is to be read beside: the same value before the deployment, for a trigger that compares with no baseline.

use super::Scope;
use crate::expr::{self, Aggregate, ArithmeticOp, Expr, Function, Kind};
use crate::rules::node::Node;

impl Scope<'_, '_> {
    /// What the left side of a comparison was before the deployment; `None` where that says nothing beside what it is. A number of
    /// events is what there were on average in as long a window.
    pub(super) fn past(&mut self, left: &Expr) -> Result<Option<usize>, expr::Error> {
        let length = match &left.kind {
            Kind::Aggregate(Aggregate { function: Function::Count, window, .. }) => match self.length(*window) {
                Some(length) => Some(length),
                None => return Ok(None),
            },
            Kind::Aggregate(Aggregate {
                function: Function::Rate | Function::Mean | Function::Quantile(_), ..
            }) => None,
            _ if expr::ratio_of_counts(left).is_some() => None,
            _ => return Ok(None),
        };
        let outer = (self.in_baseline, self.is_aside, self.keep_evidence, self.reads, self.plain_quotient);
        (self.in_baseline, self.is_aside, self.keep_evidence, self.reads) = (true, true, false, 0);
        let node = self.node(left);
        (self.in_baseline, self.is_aside, self.keep_evidence, self.reads, self.plain_quotient) = outer;
        let node = match (node?, length) {
            (Node::Read(mut read), Some(length)) => {
                read.function = Function::Rate;
                let (left, right) = (Box::new(Node::Read(read)), Box::new(Node::Number(length as f64)));
                Node::Arithmetic { op: ArithmeticOp::Multiply, left, right }
            }
            (node, _) => node,
        };
        let id = self.state();
        self.pasts.push(Node::Baseline { of: Box::new(node), otherwise: None, id });
        Ok(Some(id))
    }
}

/// Whether an expression says itself what it compares with what was before.
pub(super) fn has_baseline(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Baseline { .. } => true,
        Kind::Negate(of) | Kind::Not(of) | Kind::Overall(of) | Kind::Trend { of, .. } => has_baseline(of),
        Kind::Arithmetic { left, right, .. }
        | Kind::Compare { left, right, .. }
        | Kind::And(left, right)
        | Kind::Or(left, right) => has_baseline(left) || has_baseline(right),
        _ => false,
    }
}
