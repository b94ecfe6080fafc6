//! Nodes: expressions made ready to be evaluated, with what they read.

use rustc_hash::FxHashSet;

use crate::classify::Carriers;
use crate::expr::{self, CompareOp, Function, Unit};
use crate::timeline::group_key::GroupKey;
use crate::timeline::{Timeline, WindowRef};

/// An expression made ready to be evaluated at a tick.
#[derive(Debug)]
pub enum Node {
    Number(f64),
    Read(Read),
    /// A quotient of counts whose first is a part of the second: a proportion.
    Share {
        part: Read,
        whole: Read,
    },
    Negate(Box<Node>),
    Arithmetic {
        op: expr::ArithmeticOp,
        left: Box<Node>,
        right: Box<Node>,
    },
    Compare {
        op: expr::CompareOp,
        left: Box<Node>,
        right: Box<Node>,
        unit: Unit,
        /// The baseline that the left side is read beside, by its id.
        past: Option<usize>,
    },
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Zero {
        part: Read,
        whole: Read,
    },
    Absent(Read),
    /// Whether a number of each group, all of them together, passes what is made of its baseline.
    Overall {
        op: CompareOp,
        left: Box<Node>,
        right: Box<Node>,
        id: usize,
    },
    /// Relative change a second, over this many seconds.
    Trend {
        of: Box<Node>,
        length: i64,
        id: usize,
    },
    Baseline {
        of: Box<Node>,
        /// What it is where there is none.
        otherwise: Option<f64>,
        id: usize,
    },
}

/// One number out of one window.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its number among the reads of its expression, from left to right.
    pub index: usize,
    pub window: WindowRef,
    pub function: Function,
    pub grouped: bool,
    /// Of all groups at once, inside of `overall`.
    pub pooled: bool,
    /// Seconds; `None` since the deployment.
    pub length: Option<i64>,
    /// Over the time before the deployment.
    pub in_baseline: bool,
    /// How many of the kept integers are one of the base unit. They are divided by it: the nearest number to 15,000,000 / 10⁹ is what
    /// a plan says with 15 ms, and 15,000,000 · 10⁻⁹ is not.
    pub scale: f64,
    pub carriers: Carriers,
    /// Whether only requests that carry a duration tell.
    pub reads_duration: bool,
}

/// A baseline in an expression.
#[derive(Clone, Copy, Debug)]
pub struct Baseline<'a> {
    pub id: usize,
    pub of: &'a Node,
    pub otherwise: Option<f64>,
    /// Whether it stands inside of `overall`.
    pub pooled: bool,
}

impl Read {
    /// Whether it depends on the tick besides what is in the window.
    pub fn moves(&self) -> bool {
        matches!(self.function, Function::Rate | Function::Gap)
    }
}

impl Node {
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        let children = match self {
            Node::Negate(of) | Node::Not(of) | Node::Trend { of, .. } | Node::Baseline { of, .. } => {
                [Some(&**of), None]
            }
            Node::Arithmetic { left, right, .. }
            | Node::Compare { left, right, .. }
            | Node::Overall { left, right, .. }
            | Node::And(left, right)
            | Node::Or(left, right) => [Some(&**left), Some(&**right)],
            _ => [None, None],
        };
        children.into_iter().flatten()
    }

    /// Whether it is made of nothing but counts, which are known where nothing happened, too.
    pub fn counts(&self) -> bool {
        match self {
            Node::Number(_) => true,
            Node::Read(read) => matches!(read.function, Function::Count | Function::Rate | Function::Distinct),
            Node::Negate(_) => self.children().all(Node::counts),
            Node::Arithmetic { op, .. } => *op != expr::ArithmeticOp::Divide && self.children().all(Node::counts),
            _ => false,
        }
    }

    /// What it reads, from left to right.
    pub fn reads(&self) -> Vec<&Read> {
        match self {
            Node::Read(read) | Node::Absent(read) => vec![read],
            Node::Share { part, whole } | Node::Zero { part, whole } => vec![part, whole],
            _ => self.children().flat_map(Node::reads).collect(),
        }
    }

    /// Whether all that it reads is so.
    pub fn reads_only(&self, is_so: &impl Fn(&Read) -> bool) -> bool {
        match self {
            Node::Read(read) | Node::Absent(read) => is_so(read),
            Node::Share { part, whole } | Node::Zero { part, whole } => is_so(part) && is_so(whole),
            _ => self.children().all(|child| child.reads_only(is_so)),
        }
    }

    /// Every trend in the expression, those inside another before it.
    pub fn trends(&self) -> Vec<&Node> {
        let mut found: Vec<_> = self.children().flat_map(Node::trends).collect();
        if matches!(self, Node::Trend { .. }) {
            found.push(self);
        }
        found
    }

    /// Whether it is another one for each group.
    pub fn is_grouped(&self) -> bool {
        match self {
            Node::Read(read) | Node::Absent(read) => read.grouped,
            Node::Share { part, whole } | Node::Zero { part, whole } => part.grouped || whole.grouped,
            Node::Arithmetic { left, right, .. } => left.is_grouped() || right.is_grouped(),
            _ => self.children().any(Node::is_grouped),
        }
    }

    /// The number it is whatever happens, if it is.
    pub fn constant(&self) -> Option<f64> {
        match self {
            Node::Number(value) => Some(*value),
            Node::Negate(of) => of.constant().map(|value| -value),
            Node::Arithmetic { op, left, right } => op.of(left.constant()?, right.constant()?),
            _ => None,
        }
    }

    /// Whether what it says can change while nothing enters or leaves a window, and all is observed as before.
    pub fn moves(&self) -> bool {
        match self {
            Node::Trend { .. } => true,
            // It is frozen.
            Node::Baseline { .. } => false,
            Node::Read(read) => read.moves(),
            _ => self.children().any(Node::moves),
        }
    }

    /// Whether it asks for a number of events greater than none: of a group without any it is known to be false.
    fn is_false_of_nothing(&self) -> bool {
        let Node::Compare { op: CompareOp::Greater | CompareOp::GreaterOrEqual, left, right, .. } = self else {
            return false;
        };
        let counts = matches!(**left, Node::Read(Read { function: Function::Count, grouped: true, .. }));
        counts && matches!(**right, Node::Number(least) if least > 0.0)
    }

    /// Whether there is a baseline in the expression.
    pub fn has_baseline(&self) -> bool {
        matches!(self, Node::Baseline { .. }) || self.children().any(Node::has_baseline)
    }

    /// Every baseline in the expression.
    pub fn baselines(&self) -> Vec<Baseline<'_>> {
        let mut found: Vec<_> = self.children().flat_map(Node::baselines).collect();
        match self {
            Node::Baseline { of, otherwise, id } => {
                found.push(Baseline { id: *id, of, otherwise: *otherwise, pooled: false });
            }
            Node::Overall { .. } => found.iter_mut().for_each(|baseline| baseline.pooled = true),
            _ => {}
        }
        found
    }

    /// Every `overall` in the expression.
    pub fn overalls(&self) -> Vec<&Node> {
        match self {
            Node::Overall { .. } => vec![self],
            _ => self.children().flat_map(Node::overalls).collect(),
        }
    }

    /// The groups that the expression may be true for, or if it is the operand of a baseline, those it is of.
    pub fn groups(&self, timeline: &Timeline) -> FxHashSet<GroupKey> {
        if let Node::And(guard, _) = self
            && guard.is_false_of_nothing()
        {
            return guard.groups(timeline);
        }
        let mut found = FxHashSet::default();
        self.collect_groups(timeline, &mut found);
        found
    }

    fn collect_groups(&self, timeline: &Timeline, found: &mut FxHashSet<GroupKey>) {
        match self {
            Node::Overall { .. } => {}
            Node::Read(read) | Node::Absent(read) if read.grouped => {
                found.extend(timeline.groups(read.window.series).cloned());
            }
            Node::Share { part, whole } | Node::Zero { part, whole } => {
                let grouped = [part, whole].into_iter().filter(|read| read.grouped);
                found.extend(grouped.flat_map(|read| timeline.groups(read.window.series).cloned()));
            }
            _ => self.children().for_each(|child| child.collect_groups(timeline, found)),
        }
    }
}
