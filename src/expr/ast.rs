//! What an expression means, as a tree.
//!
//! Every node knows its place in the text, for messages. Equality is of meaning only: two nodes that differ in nothing
//! but their spans are equal, so that the same aggregate in two triggers can share its work.

use super::quantity::Quantity;

/// Bytes `start..end` of the source text. In an expression that came from a named metric, the place where the name
/// stands.
pub type Span = std::ops::Range<usize>;

/// A node of an expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A number with its unit. Never negative when it was parsed: `-5` is `Negate`.
    Literal(Quantity),
    /// One number for each group of `by`.
    Aggregate(Aggregate),
    Negate(Box<Expr>),
    Arithmetic {
        op: ArithmeticOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Compare {
        op: CompareOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    /// `zero(A of B)[2h]`: true when there is no A and enough B.
    Zero {
        part: Selector,
        whole: Selector,
        window: Window,
    },
    /// `absent(selector[5m])`: true when there is no event at all.
    Absent {
        of: Selector,
        window: Window,
    },
    /// `overall(p50(…) by (route) > 2 * baseline(p50(…) by (route)))`: the comparison of all groups together, each event with
    /// the bound of its own group.
    Overall(Box<Expr>),
    /// `trend(last(process.memory{}.bytes)[1h])`: relative growth over time.
    Trend {
        of: Box<Expr>,
        window: Window,
    },
    /// `baseline(e, 5%)`: the operand as it was before the deployment, or the number where that is not known.
    Baseline {
        of: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
}

/// A number read from the events of a window.
#[derive(Debug, Clone)]
pub struct Aggregate {
    pub function: Function,
    pub input: Input,
    pub window: Window,
    /// Labels that split the result, in the order written; empty for one result.
    pub by: Vec<String>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function {
    Count,
    Rate,
    Sum,
    Mean,
    Min,
    Max,
    First,
    Last,
    /// `p95(…)` and `quantile(0.95, …)`; the parser gives 0 to 1, both included.
    Quantile(f64),
    Distinct,
    Gap,
    Streak,
}

/// What an aggregate reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Events, and of each the member if the selector names one.
    Events(Selector),
    /// `interval(selector) by (client)`: seconds between one event and the next of the same group.
    Intervals { of: Selector, by: Vec<String> },
    /// `A of B`, only for [`Function::Streak`].
    Streak { part: Selector, whole: Selector },
}

/// The events of a class that pass every test.
#[derive(Debug, Clone)]
pub struct Selector {
    /// Dotted, such as `http.request`.
    pub class: String,
    pub tests: Vec<LabelTest>,
    /// The name behind the braces: a value, or for `distinct` a label.
    pub member: Option<String>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct LabelTest {
    pub label: String,
    pub op: TestOp,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum TestOp {
    Equal(String),
    NotEqual(String),
    /// See [`Glob`](crate::text::glob::Glob).
    Glob(String),
    NotGlob(String),
    /// See [`anchored`](super::matching::anchored). The parser does not compile it; [`check`](super::check()) does.
    Regex(String),
    NotRegex(String),
    Number(CompareOp, Quantity),
    /// `status=5xx`, `status=500..599`, `status=404`: both ends included.
    Status {
        from: u16,
        to: u16,
        negated: bool,
    },
}

/// The stretch of time an aggregate looks back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// The plan's `window`.
    Default,
    /// Nanoseconds; the parser gives whole seconds from 1 s to [`MAX_WINDOW_SECONDS`].
    Length(i64),
    /// `[deploy]`: since the deployment.
    Deploy,
}

/// A year. Longer ones are slips of the pen, and a few hundred of them would no longer fit in nanoseconds.
pub const MAX_WINDOW_SECONDS: i64 = 366 * 86_400;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArithmeticOp {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
}

impl ArithmeticOp {
    /// `left op right`; `None` where that is no number: nothing is divided by zero.
    pub fn of(self, left: f64, right: f64) -> Option<f64> {
        match self {
            Self::Add => Some(left + right),
            Self::Subtract => Some(left - right),
            Self::Multiply => Some(left * right),
            Self::Divide => (right != 0.0).then(|| left / right),
        }
    }
}

impl CompareOp {
    /// The comparison with its sides exchanged.
    pub fn mirrored(self) -> Self {
        match self {
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Equal | Self::NotEqual => self,
        }
    }

    /// Whether `left op right`; with a NaN on either side only `!=` holds.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
        }
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl PartialEq for Aggregate {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function
            && self.input == other.input
            && self.window == other.window
            && self.by == other.by
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.class == other.class && self.tests == other.tests && self.member == other.member
    }
}

impl PartialEq for LabelTest {
    fn eq(&self, other: &Self) -> bool {
        self.label == other.label && self.op == other.op
    }
}

impl Expr {
    /// Nodes of the tree, itself included; so its height is never more.
    pub(super) fn size(&self) -> usize {
        1 + match &self.kind {
            Kind::Literal(_) | Kind::Aggregate(_) | Kind::Zero { .. } | Kind::Absent { .. } => 0,
            Kind::Negate(of) | Kind::Not(of) | Kind::Overall(of) | Kind::Trend { of, .. } => of.size(),
            Kind::Baseline { of, otherwise } => of.size() + otherwise.as_ref().map_or(0, |otherwise| otherwise.size()),
            Kind::Arithmetic { left, right, .. } | Kind::Compare { left, right, .. } => left.size() + right.size(),
            Kind::And(left, right) | Kind::Or(left, right) => left.size() + right.size(),
        }
    }

    /// The first node, from the root and the left, for which `is_it` holds.
    pub(crate) fn find(&self, is_it: &dyn Fn(&Expr) -> bool) -> Option<&Expr> {
        if is_it(self) {
            return Some(self);
        }
        match &self.kind {
            Kind::Literal(_) | Kind::Aggregate(_) | Kind::Zero { .. } | Kind::Absent { .. } => None,
            Kind::Negate(of) | Kind::Not(of) | Kind::Overall(of) | Kind::Trend { of, .. } => of.find(is_it),
            Kind::Baseline { of, otherwise } => {
                of.find(is_it).or_else(|| otherwise.as_ref().and_then(|otherwise| otherwise.find(is_it)))
            }
            Kind::Arithmetic { left, right, .. }
            | Kind::Compare { left, right, .. }
            | Kind::And(left, right)
            | Kind::Or(left, right) => left.find(is_it).or_else(|| right.find(is_it)),
        }
    }

    /// Moves the whole tree to one place: where the name of a metric stands for it.
    pub(super) fn relocate(&mut self, span: &Span) {
        self.span = span.clone();
        match &mut self.kind {
            Kind::Literal(_) => {}
            Kind::Aggregate(aggregate) => {
                aggregate.span = span.clone();
                match &mut aggregate.input {
                    Input::Events(of) | Input::Intervals { of, .. } => of.relocate(span),
                    Input::Streak { part, whole } => {
                        part.relocate(span);
                        whole.relocate(span);
                    }
                }
            }
            Kind::Zero { part, whole, .. } => {
                part.relocate(span);
                whole.relocate(span);
            }
            Kind::Absent { of, .. } => of.relocate(span),
            Kind::Negate(of) | Kind::Not(of) | Kind::Overall(of) | Kind::Trend { of, .. } => of.relocate(span),
            Kind::Baseline { of, otherwise } => {
                of.relocate(span);
                otherwise.iter_mut().for_each(|otherwise| otherwise.relocate(span));
            }
            Kind::Arithmetic { left, right, .. } | Kind::Compare { left, right, .. } => {
                left.relocate(span);
                right.relocate(span);
            }
            Kind::And(left, right) | Kind::Or(left, right) => {
                left.relocate(span);
                right.relocate(span);
            }
        }
    }
}

impl Selector {
    fn relocate(&mut self, span: &Span) {
        self.span = span.clone();
        for test in &mut self.tests {
            test.span = span.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Metrics, parse};

    #[test]
    fn equality_is_of_meaning_not_of_place() {
        let metrics = Metrics::default();
        let tight = parse("count(http.error[5m])>1", &metrics).unwrap();
        let loose = parse("  count( http.error )[300s]  >  1 ", &metrics).unwrap();
        assert_ne!(tight.span, loose.span);
        assert_eq!(tight, loose);
        assert_ne!(tight, parse("count(http.error[5m]) > 2", &metrics).unwrap());
        assert_ne!(tight, parse("count(http.error) > 1", &metrics).unwrap());
    }

    #[test]
    fn relocating_moves_every_node() {
        let text = "zero(a of b) or not -trend(baseline(sum(c{x=\"1\"}.v), 1))[1h] < streak(a of b) + count(interval(d)) and absent(e) and overall(count(f) > 1)";
        let mut expr = parse(text, &Metrics::default()).unwrap();
        expr.relocate(&(7..9));
        let shown = format!("{expr:?}");
        assert_eq!(shown.matches("span: ").count(), shown.matches("span: 7..9").count());
        assert_eq!(expr.size(), 19);
    }
}
