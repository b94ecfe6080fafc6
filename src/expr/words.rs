//! An expression in words, for who did not write it.

use super::ast::{
    Aggregate, ArithmeticOp, CompareOp, Expr, Function, Input, Kind, LabelTest, Selector, TestOp, Window,
};

/// What an expression says; `window` is how long one is that is not named, as it is written.
pub fn words(expr: &Expr, window: &str) -> String {
    Words(window).of(expr)
}

struct Words<'a>(&'a str);

impl Words<'_> {
    fn of(&self, expr: &Expr) -> String {
        match &expr.kind {
            Kind::Literal(quantity) => quantity.to_string(),
            Kind::Aggregate(aggregate) => self.aggregate(aggregate),
            Kind::Negate(of) => format!("minus {}", self.operand(of)),
            Kind::Arithmetic { op, left, right } => {
                let word = match op {
                    ArithmeticOp::Add => "plus",
                    ArithmeticOp::Subtract => "minus",
                    ArithmeticOp::Multiply => "times",
                    ArithmeticOp::Divide => "divided by",
                };
                format!("{} {word} {}", self.operand(left), self.operand(right))
            }
            Kind::Compare { op, left, right } => {
                let word = match op {
                    CompareOp::Greater => "is more than",
                    CompareOp::GreaterOrEqual => "is at least",
                    CompareOp::Less => "is less than",
                    CompareOp::LessOrEqual => "is at most",
                    CompareOp::Equal => "is",
                    CompareOp::NotEqual => "is not",
                };
                format!("{} {word} {}", self.of(left), self.of(right))
            }
            Kind::And(left, right) => format!("{}, and {}", self.side(left), self.side(right)),
            Kind::Or(left, right) => format!("{}, or {}", self.side(left), self.side(right)),
            Kind::Not(of) => format!("it is not so that {}", self.side(of)),
            Kind::Zero { part, whole, window } => {
                let (part, whole) = (selected(part), selected(whole));
                format!("there are {whole} and none of them is {part} {}", self.window(*window))
            }
            Kind::Absent { of, window } => format!("there is no {} {}", selected(of), self.window(*window)),
            Kind::Overall(of) => format!("over all groups together, {}", self.of(of)),
            Kind::Trend { of, window } => format!("the change of {} {}", self.operand(of), self.window(*window)),
            Kind::Baseline { of, otherwise } => {
                let otherwise =
                    otherwise.as_ref().map(|number| format!(" ({} where that is not known)", self.of(number)));
                format!("what {} was before the deployment{}", self.operand(of), otherwise.unwrap_or_default())
            }
        }
    }

    /// A part of a sum or a product.
    fn operand(&self, expr: &Expr) -> String {
        match &expr.kind {
            Kind::Arithmetic { .. } | Kind::Baseline { .. } => format!("({})", self.of(expr)),
            _ => self.of(expr),
        }
    }

    /// A side of `and`, `or` and `not`.
    fn side(&self, expr: &Expr) -> String {
        match &expr.kind {
            Kind::And(..) | Kind::Or(..) => format!("({})", self.of(expr)),
            _ => self.of(expr),
        }
    }

    fn aggregate(&self, aggregate: &Aggregate) -> String {
        let name = match aggregate.function {
            Function::Count => "the number of".into(),
            Function::Rate => "the rate of".into(),
            Function::Sum => "the sum of".into(),
            Function::Mean => "the mean of".into(),
            Function::Min => "the least".into(),
            Function::Max => "the greatest".into(),
            Function::First => "the first".into(),
            Function::Last => "the last".into(),
            Function::Quantile(0.5) => "the median of".into(),
            Function::Quantile(q) => format!("the {} % quantile of", q * 100.0),
            Function::Distinct => "the number of different".into(),
            Function::Gap => "the longest time without".into(),
            Function::Streak => "how many in a row, up to the latest of".to_string(),
        };
        let read = match &aggregate.input {
            Input::Events(of) => selected(of),
            Input::Intervals { of, by } => {
                format!("the times from one {} to the next{}", selected(of), each(by, "of the same"))
            }
            Input::Streak { part, whole } => format!("{}, are {}", selected(whole), selected(part)),
        };
        format!("{name} {read} {}{}", self.window(aggregate.window), each(&aggregate.by, "for each"))
    }

    fn window(&self, window: Window) -> String {
        match window {
            Window::Default => format!("in {}", self.0),
            Window::Length(nanoseconds) => {
                format!("in {}", crate::time::short_span(nanoseconds / 1_000_000_000))
            }
            Window::Deploy => "since the deployment".into(),
        }
    }
}

fn each(labels: &[String], before: &str) -> String {
    if labels.is_empty() { String::new() } else { format!(" {before} {}", labels.join(" and ")) }
}

/// `duration of http.request with route "/api/cart"`.
fn selected(of: &Selector) -> String {
    let member = of.member.as_ref().map(|member| format!("{member} of ")).unwrap_or_default();
    let tests: Vec<String> = of.tests.iter().map(test).collect();
    let tests = if tests.is_empty() { String::new() } else { format!(" with {}", tests.join(" and ")) };
    format!("{member}{}{tests}", of.class)
}

fn test(test: &LabelTest) -> String {
    let label = &test.label;
    match &test.op {
        TestOp::Equal(text) => format!("{label} \"{text}\""),
        TestOp::NotEqual(text) => format!("{label} other than \"{text}\""),
        TestOp::Glob(text) | TestOp::Regex(text) => format!("{label} like \"{text}\""),
        TestOp::NotGlob(text) | TestOp::NotRegex(text) => format!("{label} not like \"{text}\""),
        TestOp::Number(op, quantity) => format!("{label} {op} {quantity}"),
        TestOp::Status { from, to, negated } => {
            let not = if *negated { "not " } else { "" };
            match (from, to) {
                (from, to) if from == to => format!("{label} {not}{from}"),
                (from, to) if from % 100 == 0 && *to == from + 99 => format!("{label} {not}{}xx", from / 100),
                (from, to) => format!("{label} {not}{from} to {to}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Metrics, parse};
    use super::*;

    #[test]
    fn expressions_are_said_in_words() {
        for (text, said) in [
            ("count(http.error) > 5", "the number of http.error in 5m is more than 5"),
            (
                "count(http.request{route='/a', status=5xx}[1m]) / count(http.request{route='/a'}[1m]) > 5%",
                "the number of http.request with route \"/a\" and status 5xx in 1m divided by the number of http.request with route \"/a\" in 1m is more than 5%",
            ),
            (
                "p50(http.request{}.duration) by (route) > 1.5 * baseline(p50(http.request{}.duration) by (route), 2s) and absent(a.b[deploy])",
                "the median of duration of http.request in 5m for each route is more than 1.5 times (what the median of duration of http.request in 5m for each route was before the deployment (2s where that is not known)), and there is no a.b since the deployment",
            ),
            (
                "streak(http.request{duration>3s} of http.request{method!='GET'}) >= 3 or not trend(last(a.b{}.v))[1h] > 20%/h",
                "how many in a row, up to the latest of http.request with method other than \"GET\", are http.request with duration > 3s in 5m is at least 3, or it is not so that the change of the last v of a.b in 5m in 1h is more than 20%/h",
            ),
        ] {
            let expr =
                parse(text, &Metrics::default()).unwrap_or_else(|error| panic!("{}", error.render(text, "test")));
            assert_eq!(words(&expr, "5m"), said);
        }
    }
}
