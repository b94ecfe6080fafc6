//! Whether an expression makes sense: classes, labels and values exist, and units fit together.

use super::ast::{Aggregate, ArithmeticOp, CompareOp, Expr, Function, Input, Kind, Selector, Span};
use super::error::Error;
use super::quantity::{Quantity, Unit};

mod selector;

#[cfg(test)]
pub(super) mod test_catalog;
#[cfg(test)]
mod tests;

/// What the pattern library can produce.
pub trait Catalog {
    /// Whether there is a class of this name.
    fn has_class(&self, class: &str) -> bool;
    /// Every class, for suggestions.
    fn class_names(&self) -> Vec<String>;
    /// Whether some pattern of the class can give events this label.
    fn has_label(&self, class: &str, label: &str) -> bool;
    /// The labels that events of a class have.
    fn label_names(&self, class: &str) -> Vec<String>;
    /// The unit of a value of the class; None when no pattern of the class gives that value.
    fn value_unit(&self, class: &str, value: &str) -> Option<Unit>;
    /// The values that events of a class have.
    fn value_names(&self, class: &str) -> Vec<String>;
    /// Whether every event of `class` is also one of `of`, as `http.error` of `http.request`.
    fn refines(&self, _class: &str, _of: &str) -> bool {
        false
    }
}

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// True, false, or unknown.
    Truth,
    /// A number, in a unit.
    Number(Unit),
}

/// The type of an expression.
///
/// Numbers of different units cannot be added or compared. A number without a unit stands for a count, and beside a
/// ratio for a ratio (`0.05` for `5%`); zero needs no unit. A quotient of equal units is a ratio.
///
/// # Errors
/// The first class, label or value that `catalog` does not have, regex that is none, or mismatch of types or units,
/// with its place.
pub fn check(expr: &Expr, catalog: &dyn Catalog) -> Result<Type, Error> {
    let checker = Checker { catalog };
    match &expr.kind {
        Kind::Literal(_)
        | Kind::Aggregate(_)
        | Kind::Negate(_)
        | Kind::Arithmetic { .. }
        | Kind::Trend { .. }
        | Kind::Baseline { .. } => Ok(Type::Number(checker.number(expr)?.unit)),
        _ => checker.truth(expr).map(|()| Type::Truth),
    }
}

struct Checker<'a> {
    catalog: &'a dyn Catalog,
}

/// What is known of an operand before any event is.
#[derive(Clone, Copy)]
struct Number {
    unit: Unit,
    /// Made of literals only, so that a missing unit may be taken from the other side.
    constant: bool,
}

impl Checker<'_> {
    fn truth(&self, expr: &Expr) -> Result<(), Error> {
        match &expr.kind {
            Kind::And(left, right) | Kind::Or(left, right) => {
                self.truth(left)?;
                self.truth(right)
            }
            Kind::Not(of) => self.truth(of),
            Kind::Compare { left, right, .. } => {
                let (l, r) = (self.number(left)?, self.number(right)?);
                if is_zero(left) || is_zero(right) || common(l, r).is_some() {
                    return Ok(());
                }
                Err(mismatch(expr, "compared with", (left, l), (right, r)))
            }
            Kind::Zero { part, whole, .. } => {
                self.events(part, "zero")?;
                self.events(whole, "zero")
            }
            Kind::Absent { of, .. } => self.events(of, "absent"),
            Kind::Overall(of) => self.overall(of),
            Kind::Literal(_)
            | Kind::Aggregate(_)
            | Kind::Negate(_)
            | Kind::Arithmetic { .. }
            | Kind::Trend { .. }
            | Kind::Baseline { .. } => {
                let unit = self.number(expr)?.unit;
                Err(Error::new(expr.span.clone(), format!("{} is neither true nor false", phrase(unit)))
                    .help("compare it with something"))
            }
        }
    }

    /// What all groups together are asked: whether a number of each is above what is made of its own baseline.
    fn overall(&self, of: &Expr) -> Result<(), Error> {
        let refuse = |message| {
            Err(Error::new(of.span.clone(), message)
                .help("write `overall(x > 2 * baseline(x) + 1pp)`, of a ratio or a percentile `x` by (labels)"))
        };
        let Kind::Compare { op: CompareOp::Greater | CompareOp::GreaterOrEqual, left, right } = &of.kind else {
            return refuse("`overall` takes a comparison with `>` or `>=`");
        };
        self.truth(of)?;
        let is_grouped = |inner: &Expr| matches!(&inner.kind, Kind::Aggregate(read) if !read.by.is_empty());
        if left.find(&is_grouped).is_none() {
            return refuse("without `by` there are no groups to be taken together");
        }
        let baseline = right.find(&|inner| matches!(inner.kind, Kind::Baseline { .. }));
        let is_its_own = |baseline: &Expr| matches!(&baseline.kind, Kind::Baseline { of, .. } if **of == **left);
        if !baseline.is_some_and(is_its_own) {
            return refuse("`overall` compares a number with its own baseline");
        }
        Ok(())
    }

    fn number(&self, expr: &Expr) -> Result<Number, Error> {
        let read = |unit| Number { unit, constant: false };
        match &expr.kind {
            Kind::Literal(quantity) => Ok(Number { unit: quantity.unit, constant: true }),
            Kind::Aggregate(aggregate) => self.aggregate(aggregate).map(read),
            Kind::Negate(of) => self.number(of),
            Kind::Baseline { of, otherwise } => self.baseline(of, otherwise.as_deref()).map(read),
            Kind::Trend { of, .. } => {
                self.number(of)?;
                Ok(read(Unit::RatioPerSecond))
            }
            Kind::Arithmetic { op, left, right } => {
                let (l, r) = (self.number(left)?, self.number(right)?);
                let (unit, verb) = match op {
                    ArithmeticOp::Add => (common(l, r), "added to"),
                    ArithmeticOp::Subtract => (common(l, r), "subtracted from"),
                    ArithmeticOp::Multiply => (product(l, r), "multiplied with"),
                    ArithmeticOp::Divide if is_zero(right) => {
                        return Err(Error::new(right.span.clone(), "division by zero"));
                    }
                    ArithmeticOp::Divide => (quotient(l, r), "divided by"),
                };
                let Some(unit) = unit else {
                    return Err(match op {
                        ArithmeticOp::Add | ArithmeticOp::Subtract => mismatch(expr, verb, (right, r), (left, l)),
                        _ => mismatch(expr, verb, (left, l), (right, r)),
                    });
                };
                Ok(Number { unit, constant: l.constant && r.constant })
            }
            Kind::Compare { .. }
            | Kind::And(..)
            | Kind::Or(..)
            | Kind::Not(_)
            | Kind::Zero { .. }
            | Kind::Absent { .. }
            | Kind::Overall(_) => {
                Err(Error::new(expr.span.clone(), "this is true or false, and a number is needed here"))
            }
        }
    }

    /// The unit of a baseline.
    fn baseline(&self, of: &Expr, otherwise: Option<&Expr>) -> Result<Unit, Error> {
        if let Some(trend) = of.find(&|inner| matches!(inner.kind, Kind::Trend { .. } | Kind::Baseline { .. })) {
            return Err(Error::new(trend.span.clone(), "nobody looks at trends and baselines before the deployment")
                .help("`baseline` takes what can be read from the events of a window"));
        }
        let number = self.number(of)?;
        let Some(otherwise) = otherwise else { return Ok(number.unit) };
        let instead = self.number(otherwise)?;
        if !instead.constant {
            return Err(Error::new(otherwise.span.clone(), "what stands in for a missing baseline is a plain number")
                .help("write for example `baseline(e, 5%)`"));
        }
        if is_zero(otherwise) || common(number, instead).is_some() {
            return Ok(number.unit);
        }
        let message = format!("{} cannot stand in for {}", phrase(instead.unit), phrase(number.unit));
        Err(Error::new(otherwise.span.clone(), message))
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Result<Unit, Error> {
        let Aggregate { function, input, by, span, .. } = aggregate;
        let name = function.to_string();
        let (of, unit) = match (function, input) {
            (Function::Count, Input::Events(of)) => (of, self.events(of, &name).map(|()| Unit::Plain)?),
            (Function::Rate, Input::Events(of)) => (of, self.events(of, &name).map(|()| Unit::PerSecond)?),
            (Function::Gap, Input::Events(of)) => (of, self.events(of, &name).map(|()| Unit::Seconds)?),
            (Function::Distinct, Input::Events(of)) => (of, self.label_of(of, &name).map(|()| Unit::Plain)?),
            (
                Function::Sum
                | Function::Mean
                | Function::Min
                | Function::Max
                | Function::First
                | Function::Last
                | Function::Quantile(_),
                Input::Events(of),
            ) => (of, self.value_of(of, &name)?),
            (Function::Streak, Input::Streak { part, whole }) => {
                self.events(part, &name)?;
                (whole, self.events(whole, &name).map(|()| Unit::Plain)?)
            }
            (Function::Rate | Function::Distinct | Function::Gap | Function::Streak, Input::Intervals { .. })
            | (Function::Streak, Input::Events(_))
            | (_, Input::Streak { .. }) => {
                return Err(Error::new(span.clone(), format!("`{name}` cannot read this")));
            }
            (_, Input::Intervals { of, by }) => {
                self.events(of, "interval")?;
                self.labels(&of.class, by, span)?;
                let unit = if *function == Function::Count { Unit::Plain } else { Unit::Seconds };
                (of, unit)
            }
        };
        self.labels(&of.class, by, span)?;
        Ok(unit)
    }

    /// The labels of a `by`.
    fn labels(&self, class: &str, labels: &[String], span: &Span) -> Result<(), Error> {
        labels.iter().try_for_each(|label| self.label(class, label, span))
    }

    /// A selector whose events themselves are counted.
    fn events(&self, of: &Selector, name: &str) -> Result<(), Error> {
        self.selector(of)?;
        match &of.member {
            None => Ok(()),
            Some(member) => Err(Error::new(of.span.clone(), format!("`{name}` reads events, not their `{member}`"))
                .help(format!("leave `.{member}` out"))),
        }
    }
}

/// The unit of a sum of the two, which is also what they are compared in.
fn common(left: Number, right: Number) -> Option<Unit> {
    match (left.unit, right.unit) {
        (left, right) if left == right => Some(left),
        (Unit::Ratio, Unit::RatioDifference) | (Unit::RatioDifference, Unit::Ratio) => Some(Unit::Ratio),
        (unit @ (Unit::Ratio | Unit::RatioDifference), Unit::Plain) if right.constant => Some(unit),
        (Unit::Plain, unit @ (Unit::Ratio | Unit::RatioDifference)) if left.constant => Some(unit),
        _ => None,
    }
}

fn product(left: Number, right: Number) -> Option<Unit> {
    match (left.unit, right.unit) {
        // 1.5 times a ratio is a ratio, a ratio of a count is a count.
        (Unit::Ratio, Unit::Plain) => Some(if right.constant { Unit::Ratio } else { Unit::Plain }),
        (Unit::Plain, Unit::Ratio) => Some(if left.constant { Unit::Ratio } else { Unit::Plain }),
        (unit, Unit::Plain | Unit::Ratio) | (Unit::Plain | Unit::Ratio, unit) => Some(unit),
        _ => None,
    }
}

fn quotient(left: Number, right: Number) -> Option<Unit> {
    match (left.unit, right.unit) {
        (Unit::Plain, Unit::Plain) if right.constant => Some(Unit::Plain),
        (left, right) if left == right => Some(Unit::Ratio),
        (unit, Unit::Plain | Unit::Ratio) => Some(unit),
        _ => None,
    }
}

fn is_zero(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Literal(Quantity { value, unit: Unit::Plain }) => *value == 0.0,
        Kind::Negate(of) => is_zero(of),
        _ => false,
    }
}

/// The error that `first` cannot be `verb` `second`, at the one of them that is easily changed.
fn mismatch(expr: &Expr, verb: &str, first: (&Expr, Number), second: (&Expr, Number)) -> Error {
    let (at, other) = match (first.1.constant, second.1.constant) {
        (false, true) => (second, Some(first)),
        (true, false) => (first, Some(second)),
        _ => ((expr, second.1), None),
    };
    let message = format!("{} cannot be {verb} {}", phrase(first.1.unit), phrase(second.1.unit));
    let error = Error::new(at.0.span.clone(), message);
    let Some((_, other)) = other else { return error };
    match (at.1.unit, other.unit) {
        (Unit::PerSecond, Unit::Plain) => error.help("`rate(…)` gives events a time, `count(…)` a number"),
        (_, Unit::Seconds) => error.help("write a time, such as `2s` or `300ms`"),
        (_, Unit::Bytes) => error.help("write a size, such as `512MiB`"),
        (_, Unit::PerSecond) => error.help("write a rate, such as `10/min`"),
        (_, Unit::RatioPerSecond) => error.help("write a change over time, such as `10%/h`"),
        (_, Unit::Ratio | Unit::RatioDifference) => error.help("write a ratio, such as `5%`"),
        (_, Unit::Plain) => error.help("write a number without a unit"),
    }
}

fn phrase(unit: Unit) -> &'static str {
    match unit {
        Unit::Plain => "a plain number",
        Unit::Ratio => "a ratio",
        Unit::RatioDifference => "a difference of ratios",
        Unit::Seconds => "a time",
        Unit::Bytes => "a size in bytes",
        Unit::PerSecond => "a rate of events",
        Unit::RatioPerSecond => "a change over time",
    }
}
