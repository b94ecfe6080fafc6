//! The canonical text of an expression: what reports print, and what reads back as the same tree.

use std::fmt::{self, Display, Formatter};

use super::ast::{
    Aggregate, ArithmeticOp, CompareOp, Expr, Function, Input, Kind, LabelTest, Selector, TestOp, Window,
};
use super::quantity::{Quantity, Unit};

/// How tightly a node binds, loosest first; an operand that binds looser than its place needs parentheses.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Or,
    And,
    Not,
    Compare,
    Sum,
    Product,
    Sign,
    Primary,
}

fn binding(expr: &Expr) -> Binding {
    match &expr.kind {
        Kind::Or(..) => Binding::Or,
        Kind::And(..) => Binding::And,
        Kind::Not(_) => Binding::Not,
        Kind::Compare { .. } => Binding::Compare,
        Kind::Arithmetic { op, .. } => op.binding(),
        Kind::Negate(_) => Binding::Sign,
        _ => Binding::Primary,
    }
}

impl ArithmeticOp {
    fn binding(self) -> Binding {
        match self {
            Self::Add | Self::Subtract => Binding::Sum,
            Self::Multiply | Self::Divide => Binding::Product,
        }
    }
}

struct Operand<'a>(&'a Expr, Binding);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if binding(self.0) < self.1 { write!(f, "({})", self.0) } else { write!(f, "{}", self.0) }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Literal(quantity) => write!(f, "{quantity}"),
            Kind::Aggregate(aggregate) => write!(f, "{aggregate}"),
            Kind::Negate(of) => write!(f, "-{}", Operand(of, Binding::Sign)),
            // Operators of one binding group from the left, so the right operand has to bind tighter.
            Kind::Arithmetic { op, left, right } => {
                let tighter = match op.binding() {
                    Binding::Sum => Binding::Product,
                    _ => Binding::Sign,
                };
                write!(f, "{} {op} {}", Operand(left, op.binding()), Operand(right, tighter))
            }
            Kind::Compare { op, left, right } => {
                write!(f, "{} {op} {}", Operand(left, Binding::Sum), Operand(right, Binding::Sum))
            }
            Kind::And(left, right) => {
                write!(f, "{} and {}", Operand(left, Binding::And), Operand(right, Binding::Not))
            }
            Kind::Or(left, right) => write!(f, "{} or {}", Operand(left, Binding::Or), Operand(right, Binding::And)),
            Kind::Not(of) => write!(f, "not {}", Operand(of, Binding::Not)),
            Kind::Zero { part, whole, window } => write!(f, "zero({part} of {whole}){window}"),
            Kind::Absent { of, window } => write!(f, "absent({of}{window})"),
            Kind::Overall(of) => write!(f, "overall({of})"),
            Kind::Trend { of, window } => match &of.kind {
                // Behind a bare call inside `trend`, a window is the trend's; parentheses keep the call's own.
                Kind::Aggregate(Aggregate { function: Function::Streak, .. }) => write!(f, "trend(({of})){window}"),
                Kind::Aggregate(_) => write!(f, "trend({of}{window})"),
                _ => write!(f, "trend({of}){window}"),
            },
            Kind::Baseline { of, otherwise: None } => write!(f, "baseline({of})"),
            Kind::Baseline { of, otherwise: Some(otherwise) } => write!(f, "baseline({of}, {otherwise})"),
        }
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let window = self.window;
        write!(f, "{}(", self.function)?;
        if let Function::Quantile(q) = self.function
            && percentile(q).is_none()
        {
            write!(f, "{q}, ")?;
        }
        match &self.input {
            Input::Events(of) => write!(f, "{of}{window})")?,
            Input::Intervals { of, by } => write!(f, "interval({of}){}{window})", By(by))?,
            Input::Streak { part, whole } => write!(f, "{part} of {whole}){window}")?,
        }
        write!(f, "{}", By(&self.by))
    }
}

struct By<'a>(&'a [String]);

impl Display for By<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " by ({})", self.0.join(", ")) }
    }
}

/// The quantiles that have a name of their own.
fn percentile(q: f64) -> Option<&'static str> {
    [(0.5, "p50"), (0.9, "p90"), (0.95, "p95"), (0.99, "p99")]
        .into_iter()
        .find_map(|(named, name)| (named == q).then_some(name))
}

impl Display for Function {
    /// The name in a call; `quantile` takes its number as first argument.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Rate => "rate",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::First => "first",
            Self::Last => "last",
            Self::Quantile(q) => percentile(*q).unwrap_or("quantile"),
            Self::Distinct => "distinct",
            Self::Gap => "gap",
            Self::Streak => "streak",
        })
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.class)?;
        if !self.tests.is_empty() || self.member.is_some() {
            f.write_str("{")?;
            for (i, test) in self.tests.iter().enumerate() {
                write!(f, "{}{test}", if i == 0 { "" } else { ", " })?;
            }
            f.write_str("}")?;
        }
        match &self.member {
            Some(member) => write!(f, ".{member}"),
            None => Ok(()),
        }
    }
}

impl Display for LabelTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.label, self.op)
    }
}

impl Display for TestOp {
    /// The test without the label: `=*"/api/*"`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal(text) => write!(f, "={}", Quoted(text)),
            Self::NotEqual(text) => write!(f, "!={}", Quoted(text)),
            Self::Glob(text) => write!(f, "=*{}", Quoted(text)),
            Self::NotGlob(text) => write!(f, "!=*{}", Quoted(text)),
            Self::Regex(text) => write!(f, "=~{}", Quoted(text)),
            Self::NotRegex(text) => write!(f, "!=~{}", Quoted(text)),
            Self::Number(CompareOp::Equal, quantity) => write!(f, "={quantity}"),
            Self::Number(op, quantity) => write!(f, "{op}{quantity}"),
            Self::Status { from, to, negated } => {
                f.write_str(if *negated { "!=" } else { "=" })?;
                match (from, to) {
                    (from, to) if from == to => write!(f, "{from}"),
                    (100 | 200 | 300 | 400 | 500, to) if *to == from + 99 => write!(f, "{}xx", from / 100),
                    (from, to) => write!(f, "{from}..{to}"),
                }
            }
        }
    }
}

struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0;
        match (text.contains('"'), text.contains('\'')) {
            (false, _) => write!(f, "\"{text}\""),
            (true, false) => write!(f, "'{text}'"),
            (true, true) => write!(f, "\"{}\"", text.replace('"', "\"\"")),
        }
    }
}

impl Display for Window {
    /// With its brackets; nothing for the default.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Default => Ok(()),
            Self::Length(ns) => write!(f, "[{}]", Quantity { value: ns as f64 / 1e9, unit: Unit::Seconds }),
            Self::Deploy => f.write_str("[deploy]"),
        }
    }
}

impl Display for ArithmeticOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        })
    }
}

impl Display for CompareOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Metrics, parse};

    fn canonical(text: &str) -> String {
        parse(text, &Metrics::default()).unwrap().to_string()
    }

    #[test]
    fn what_is_already_canonical_stays() {
        for text in [
            "count(http.request{route=*\"/api/user/exchanges*\", status=5xx}[5m]) / count(http.request[5m]) > 5%",
            "p95(http.request{}.duration[10m]) > 1.5 * baseline(p95(http.request{}.duration[10m]))",
            "count(http.error[5m]) by (method, route) > 10",
            "overall(p95(a{}.v[10m]) by (b) > 2 * baseline(p95(a{}.v[10m]) by (b)))",
            "p95(a{}.v[10m]) by (b) > 2 * baseline(p95(a{}.v[10m]) by (b), 1.5s)",
            "p50(interval(scalper.refresh) by (client)[5m]) > 20s",
            "streak(http.request{duration>3s} of http.request{route=\"/api/run-smart-trade/{symbol}\"}) >= 3",
            "zero(http.error of http.request{status!=404, status!=300..310})[2h]",
            "trend(last(process.memory{}.bytes)[1h]) > 10%/h",
            "trend(last(process.memory{}.bytes[1m])[1h]) > 10%/h",
            "trend((streak(a of b)[1m]))[1h] > 10%/h",
            "quantile(0.999, a{}.v[deploy]) > 1.5s",
        ] {
            assert_eq!(canonical(text), text);
        }
    }

    #[test]
    fn parentheses_stand_where_they_change_the_meaning() {
        assert_eq!(canonical("((1 - 2) - 3) > (4)"), "1 - 2 - 3 > 4");
        assert_eq!(canonical("1 - (2 - 3) * (4 / 5) / (6 * 7)"), "1 - (2 - 3) * (4 / 5) / (6 * 7)");
        assert_eq!(canonical("1 - ((2 - 3) * 4) / 5"), "1 - (2 - 3) * 4 / 5");
        assert_eq!(canonical("not (absent(a) and absent(b))"), "not (absent(a) and absent(b))");
        assert_eq!(canonical("-(1 + 2) * - -3"), "-(1 + 2) * --3");
        assert_eq!(
            canonical("absent(a) and (absent(b) or absent(c)) or (absent(d) or absent(e))"),
            "absent(a) and (absent(b) or absent(c)) or (absent(d) or absent(e))"
        );
    }

    #[test]
    fn quotes_are_chosen_by_what_they_hold() {
        assert_eq!(canonical(r#"count(a{b='x'})"#), r#"count(a{b="x"})"#);
        assert_eq!(canonical(r#"count(a{b="say ""x"""})"#), r#"count(a{b='say "x"'})"#);
        assert_eq!(canonical(r#"count(a{b="it's ""x"""})"#), r#"count(a{b="it's ""x"""})"#);
        assert_eq!(canonical(r"count(a{b=~'\d+\\'})"), r#"count(a{b=~"\d+\\"})"#);
    }
}
