//! From text to tree: operators, parentheses, and names of metrics. Calls are read in `call`, selectors in `selector`.

use std::cell::Cell;

use nom::Parser as _;
use nom::branch::alt;
use nom::combinator::opt;

use super::ast::{ArithmeticOp, Expr, Kind, Span};
use super::call;
use super::error::Error;
use super::metrics::Metrics;
use super::suggest::nearest;
use super::token::{Failure, Parsed, compare_op, is_keyword, keyword, number, sign, space, word};

/// Parentheses, `not`s, signs and calls inside one another; people write about five. Each takes up to 10 KiB of stack
/// in a debug build, so that all of them fit well into the 2 MiB of a thread.
const MAX_NESTING: usize = 64;

/// Nodes of a tree, metrics put in. It bounds the height of the tree (`1 + 1 + 1 …` is as high as it is long) and with
/// that the stack of everything that walks it.
pub(super) const MAX_TERMS: usize = 512;

/// Reads an expression; the names in `metrics` stand for theirs.
///
/// # Errors
/// The first mistake in the text, with its place. Whether classes, labels and units exist and fit is for
/// [`check`](super::check()).
pub fn parse(source: &str, metrics: &Metrics) -> Result<Expr, Error> {
    parse_or_fail(source, metrics).map_err(|failure| failure.into_error(source))
}

pub(super) fn parse_or_fail(source: &str, metrics: &Metrics) -> Result<Expr, Failure> {
    let parser = Parser { source_len: source.len(), metrics, terms: Cell::new(0), nesting: Cell::new(0) };
    match parser.expression(source) {
        Ok((rest, expr)) if space(rest).is_empty() => Ok(*expr),
        Ok((rest, _)) => Err(left_over(space(rest))),
        Err(nom::Err::Error(failure) | nom::Err::Failure(failure)) => Err(failure),
        // Only nom's streaming parsers say so, and none is used.
        Err(nom::Err::Incomplete(_)) => Err(Failure::expected("", "more")),
    }
}

/// What to say of text behind a whole expression.
fn left_over(rest: &str) -> Failure {
    let help = match rest.as_bytes() {
        [b'=', ..] => Some("equality is `==`"),
        [b'&', ..] => Some("write `and`"),
        [b'|', ..] => Some("write `or`"),
        [b'%', ..] => Some("a unit stands right behind its number: `5%`"),
        [b'[', ..] => Some("a window stands behind a selector or a call: `count(http.error[5m])`"),
        [b')', ..] => Some("no parenthesis is open here"),
        _ if keyword("by", rest).is_ok() => {
            Some("`by` stands behind a call that gives a number: `count(http.error) by (route)`")
        }
        _ if keyword("of", rest).is_ok() => Some("`of` stands inside `zero(…)` and `streak(…)`"),
        _ => None,
    };
    Failure::expected(rest, "an operator or the end").maybe_help(help)
}

pub(super) struct Parser<'m> {
    source_len: usize,
    metrics: &'m Metrics,
    terms: Cell<usize>,
    nesting: Cell<usize>,
}

impl Parser<'_> {
    /// The place from the beginning of `start` to that of `end`.
    pub(super) fn span(&self, start: &str, end: &str) -> Span {
        self.start(start)..self.start(end)
    }

    fn start(&self, at: &str) -> usize {
        self.source_len - at.len()
    }

    /// A node, unless that is one too many.
    pub(super) fn node(&self, kind: Kind, span: Span) -> Result<Box<Expr>, nom::Err<Failure>> {
        self.grow(1, &span)?;
        Ok(Box::new(Expr { kind, span }))
    }

    fn grow(&self, terms: usize, span: &Span) -> Result<(), nom::Err<Failure>> {
        self.terms.set(self.terms.get() + terms);
        if self.terms.get() <= MAX_TERMS {
            return Ok(());
        }
        let place = |at: usize| self.source_len - at;
        Failure::spanning(place(span.start), place(span.end), format!("an expression has at most {MAX_TERMS} terms"))
            .help("metrics count with everything they stand for")
            .stop()
    }

    /// Reads `inner` one level further down.
    fn nested<'s, T>(&self, at: &'s str, inner: impl FnOnce() -> Parsed<'s, T>) -> Parsed<'s, T> {
        if self.nesting.get() >= MAX_NESTING {
            return Failure::new(at, at, format!("more than {MAX_NESTING} levels inside one another")).stop();
        }
        self.nesting.set(self.nesting.get() + 1);
        let read = inner();
        self.nesting.set(self.nesting.get() - 1);
        read
    }

    fn join(
        &self,
        left: Box<Expr>,
        right: Box<Expr>,
        kind: impl FnOnce(Box<Expr>, Box<Expr>) -> Kind,
    ) -> Result<Box<Expr>, nom::Err<Failure>> {
        let span = left.span.start..right.span.end;
        self.node(kind(left, right), span)
    }

    /// `or`, the loosest.
    pub(super) fn expression<'s>(&self, input: &'s str) -> Parsed<'s, Box<Expr>> {
        let (mut input, mut left) = self.conjunction(input)?;
        while let (rest, Some(_)) = opt(|i| keyword("or", i)).parse(input)? {
            let (rest, right) = self.conjunction(rest)?;
            left = self.join(left, right, Kind::Or)?;
            input = rest;
        }
        Ok((input, left))
    }

    fn conjunction<'s>(&self, input: &'s str) -> Parsed<'s, Box<Expr>> {
        let (mut input, mut left) = self.negation(input)?;
        while let (rest, Some(_)) = opt(|i| keyword("and", i)).parse(input)? {
            let (rest, right) = self.negation(rest)?;
            left = self.join(left, right, Kind::And)?;
            input = rest;
        }
        Ok((input, left))
    }

    fn negation<'s>(&self, input: &'s str) -> Parsed<'s, Box<Expr>> {
        let input = space(input);
        let (operand, Some(_)) = opt(|i| keyword("not", i)).parse(input)? else {
            return self.comparison(input);
        };
        let (rest, of) = self.nested(input, || self.negation(operand))?;
        let span = self.start(input)..of.span.end;
        Ok((rest, self.node(Kind::Not(of), span)?))
    }

    fn comparison<'s>(&self, input: &'s str) -> Parsed<'s, Box<Expr>> {
        let (input, left) = self.sum(input)?;
        let (rest, Some(op)) = opt(compare_op).parse(input)? else { return Ok((input, left)) };
        let (input, right) = self.sum(rest)?;
        if let (rest, Some(_)) = opt(compare_op).parse(input)? {
            return Failure::new(space(input), rest, "comparisons do not chain")
                .help("write `a < b and b < c`, or parentheses")
                .stop();
        }
        let expr = self.join(left, right, |left, right| Kind::Compare { op, left, right })?;
        Ok((input, expr))
    }

    fn sum<'s>(&self, input: &'s str) -> Parsed<'s, Box<Expr>> {
        let (mut input, mut left) = self.product(input)?;
        while let (rest, Some(op)) = opt(alt((
            (|i| sign("+", i)).map(|_| ArithmeticOp::Add),
            (|i| sign("-", i)).map(|_| ArithmeticOp::Subtract),
        )))
        .parse(input)?
        {
            let (rest, right) = self.product(rest)?;
            left = self.join(left, right, |left, right| Kind::Arithmetic { op, left, right })?;
            input = rest;
        }
        Ok((input, left))
    }

    fn product<'s>(&self, input: &'s str) -> Parsed<'s, Box<Expr>> {
        let (mut input, mut left) = self.unary(input)?;
        while let (rest, Some(op)) = opt(alt((
            (|i| sign("*", i)).map(|_| ArithmeticOp::Multiply),
            (|i| sign("/", i)).map(|_| ArithmeticOp::Divide),
        )))
        .parse(input)?
        {
            let (rest, right) = self.unary(rest)?;
            left = self.join(left, right, |left, right| Kind::Arithmetic { op, left, right })?;
            input = rest;
        }
        Ok((input, left))
    }

    fn unary<'s>(&self, input: &'s str) -> Parsed<'s, Box<Expr>> {
        let input = space(input);
        let (operand, Some(_)) = opt(|i| sign("-", i)).parse(input)? else {
            return self.primary(input);
        };
        let (rest, of) = self.nested(input, || self.unary(operand))?;
        let span = self.start(input)..of.span.end;
        Ok((rest, self.node(Kind::Negate(of), span)?))
    }

    fn primary<'s>(&self, input: &'s str) -> Parsed<'s, Box<Expr>> {
        if let (inside, Some(_)) = opt(|i| sign("(", i)).parse(input)? {
            return self.parenthesised(input, inside);
        }
        if let (rest, Some(quantity)) = opt(number).parse(input)? {
            return Ok((rest, self.node(Kind::Literal(quantity), self.span(input, rest))?));
        }
        if let (rest, Some(name)) = opt(word).parse(input)? {
            return self.named(input, name, rest);
        }
        let help = match input.as_bytes() {
            [b'!', ..] => Some("write `not`"),
            [b'.', b'0'..=b'9', ..] => Some("write the zero before the point: `0.5`"),
            [b'"' | b'\'', ..] => Some("texts stand in label tests: `count(http.request{route=\"/api\"})`"),
            _ => None,
        };
        Failure::expected(input, "a number, a call or a metric").maybe_help(help).stop()
    }

    fn parenthesised<'s>(&self, input: &'s str, inside: &'s str) -> Parsed<'s, Box<Expr>> {
        let (rest, mut expr) = self.nested(input, || self.expression(inside))?;
        let Ok((rest, _)) = sign(")", rest) else {
            return Failure::expected(rest, "`)`").stop();
        };
        expr.span = self.span(input, rest);
        Ok((rest, expr))
    }

    /// A call or a metric; `rest` is what follows `name`.
    fn named<'s>(&self, input: &'s str, name: &'s str, rest: &'s str) -> Parsed<'s, Box<Expr>> {
        if name == "not" {
            return Failure::new(input, rest, "`not` binds looser than what stands before it")
                .help("put parentheses: `(not …)`")
                .stop();
        }
        if is_keyword(name) {
            return Failure::expected(input, "a number, a call or a metric").stop();
        }
        if let Ok((arguments, _)) = sign("(", rest) {
            return self.nested(input, || call::call(self, input, name, arguments));
        }
        if space(rest).starts_with(['{', '.']) {
            return Failure::new(input, rest, "a class of events is no number by itself")
                .help("put it into a call: `count(http.error)`")
                .stop();
        }
        self.metric(input, name, rest)
    }

    fn metric<'s>(&self, input: &'s str, name: &'s str, rest: &'s str) -> Parsed<'s, Box<Expr>> {
        if let Some(metric) = self.metrics.get(name) {
            let span = self.span(input, rest);
            self.grow(metric.size(), &span)?;
            let mut expr = Box::new(metric.clone());
            expr.relocate(&span);
            return Ok((rest, expr));
        }
        if call::is_function(name) {
            return Failure::new(input, rest, format!("`{name}` needs parentheses"))
                .help(format!("write `{name}(…)`"))
                .stop();
        }
        let near = nearest(name, self.metrics.names()).map(|near| format!("did you mean `{near}`?"));
        Failure::unknown_metric(input, rest, name).maybe_help(near.as_deref()).stop()
    }
}

#[cfg(test)]
mod tests {
    use super::super::ast::CompareOp;
    use super::super::quantity::{Quantity, Unit};
    use super::*;

    fn read(text: &str) -> Expr {
        parse(text, &Metrics::default()).unwrap_or_else(|error| panic!("{}", error.render(text, "test")))
    }

    fn refusal(text: &str) -> String {
        parse(text, &Metrics::default()).unwrap_err().render(text, "plan.toml:12")
    }

    /// The tree with every operator in parentheses.
    fn grouped(expr: &Expr) -> String {
        match &expr.kind {
            Kind::Or(left, right) => format!("({} or {})", grouped(left), grouped(right)),
            Kind::And(left, right) => format!("({} and {})", grouped(left), grouped(right)),
            Kind::Not(of) => format!("(not {})", grouped(of)),
            Kind::Negate(of) => format!("(-{})", grouped(of)),
            Kind::Compare { op, left, right } => format!("({} {op} {})", grouped(left), grouped(right)),
            Kind::Arithmetic { op, left, right } => format!("({} {op} {})", grouped(left), grouped(right)),
            _ => expr.to_string(),
        }
    }

    #[test]
    fn operators_bind_as_they_should() {
        for (text, groups) in [
            ("1 or 2 and not 3 > 4 + 5 * -6", "(1 or (2 and (not (3 > (4 + (5 * (-6)))))))"),
            ("1 - 2 - 3 / 4 / 5", "((1 - 2) - ((3 / 4) / 5))"),
            ("not 1 == 2 and 3", "((not (1 == 2)) and 3)"),
            ("(1 or 2) and 3 or 4", "(((1 or 2) and 3) or 4)"),
            ("(1 < 2) == (3 < 4)", "((1 < 2) == (3 < 4))"),
            ("1--2", "(1 - (-2))"),
        ] {
            assert_eq!(grouped(&read(text)), groups, "{text}");
        }
    }

    #[test]
    fn spans_cover_the_text_of_a_node() {
        let text = "  count(http.error [5m]) by (route) >= (1 + 2)  ";
        let expr = read(text);
        assert_eq!(&text[expr.span.clone()], text.trim());
        let Kind::Compare { op: CompareOp::GreaterOrEqual, left, right } = expr.kind else { panic!("{expr:?}") };
        assert_eq!(&text[left.span], "count(http.error [5m]) by (route)");
        assert_eq!(&text[right.span], "(1 + 2)");
    }

    #[test]
    fn a_slash_is_a_unit_or_a_division() {
        assert_eq!(read("10/min").kind, Kind::Literal(Quantity { value: 10.0 / 60.0, unit: Unit::PerSecond }));
        assert_eq!(grouped(&read("10/min(a{}.v)")), "(10 / min(a{}.v))");
        assert_eq!(grouped(&read("10 / 5%/h")), "(10 / 5%/h)");
        assert_eq!(grouped(&read("10/5")), "(10 / 5)");
    }

    #[test]
    fn metrics_stand_at_the_place_of_their_name() {
        let mut metrics = Metrics::default();
        metrics.insert("errors", read("count(http.error) + 1"));
        let text = "errors > 5";
        let Kind::Compare { left, .. } = parse(text, &metrics).unwrap().kind else { panic!("no comparison") };
        assert_eq!(left.span, 0..6);
        let Kind::Arithmetic { right, .. } = left.kind else { panic!("no sum") };
        assert_eq!(right.span, 0..6);
    }

    #[test]
    fn mistakes_are_shown_with_what_to_write() {
        assert_eq!(
            refusal("p59(http.request{}.duration) > 2s"),
            "plan.toml:12: unknown function `p59`\n  p59(http.request{}.duration) > 2s\n  ^^^ did you mean `p95`?"
        );
        assert_eq!(
            refusal("1 < 2 < 3"),
            "plan.toml:12: comparisons do not chain\n  1 < 2 < 3\n        ^ write `a < b and b < c`, or parentheses"
        );
        for (text, message, help) in [
            ("", "expected a number, a call or a metric, found the end of the expression", "^"),
            ("1 +", "expected a number, a call or a metric, found the end of the expression", "^"),
            ("(1 + 2", "expected `)`, found the end of the expression", "^"),
            ("1 + 2)", "expected an operator or the end, found `)`", "no parenthesis is open here"),
            ("1 = 2", "expected an operator or the end, found `=`", "equality is `==`"),
            ("1 && 2", "expected an operator or the end, found `&`", "write `and`"),
            ("!1", "expected a number, a call or a metric, found `!`", "write `not`"),
            ("5 % > 1", "expected an operator or the end, found `%`", "right behind its number: `5%`"),
            ("1 > not 2", "`not` binds looser than what stands before it", "put parentheses: `(not …)`"),
            (".5", "expected a number, a call or a metric, found `.`", "`0.5`"),
            ("5min", "unknown unit `min`", "/s /min /h %/h"),
            ("http.error > 5", "a class of events is no number by itself", "`count(http.error)`"),
            ("count > 5", "`count` needs parentheses", "write `count(…)`"),
            ("errs > 5", "unknown metric `errs`", "^^^^"),
            ("1 and", "expected a number, a call or a metric, found the end of the expression", "^"),
            ("and 1", "expected a number, a call or a metric, found `and`", "^^^"),
            ("absent(a) by (b)", "expected an operator or the end, found `by`", "`count(http.error) by (route)`"),
            ("\"a\"", "expected a number, a call or a metric, found `\"`", "route=\"/api\"})`"),
        ] {
            let shown = refusal(text);
            assert!(shown.contains(&format!(": {message}\n")) && shown.ends_with(help), "{shown}");
        }
        assert!(refusal(&"9".repeat(400)).contains("too large"));
    }

    #[test]
    fn no_depth_or_length_overflows_the_stack() {
        let many = 10_000;
        for text in [
            format!("{}1{}", "(".repeat(many), ")".repeat(many)),
            "(".repeat(many),
            format!("{}1", "not ".repeat(many)),
            format!("{}1", "-".repeat(many)),
            format!("{}1{}", "baseline(".repeat(many), ")".repeat(many)),
            format!("{}1{}", "trend(".repeat(many), ")".repeat(many)),
            format!("{}1", "1 + ".repeat(many)),
            format!("{}1", "1 or ".repeat(many)),
            format!("{}1", "1 > (".repeat(many)),
        ] {
            let error = parse(&text, &Metrics::default()).unwrap_err();
            assert!(error.message.starts_with("more than 64") || error.message.contains("at most 512"), "{error}");
        }
        let deep = format!("{}1{}", "(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING));
        assert_eq!(read(&deep), read("1"));
        assert_eq!(read(&format!("{}1", "1 + ".repeat(255))).size(), 511);
    }
}
