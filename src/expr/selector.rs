//! Selectors: `http.request{route=*"/api/*", status=5xx}.duration`.

use nom::Parser as _;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{char, digit1, satisfy};
use nom::combinator::{not, opt};
use nom::sequence::terminated;

use super::ast::{CompareOp, LabelTest, Selector, TestOp};
use super::parse::Parser;
use super::token::{Failure, Parsed, dotted, is_keyword, number, quoted, sign, space, word};

/// Reads a selector without its window.
pub(super) fn selector<'s>(parser: &Parser<'_>, input: &'s str) -> Parsed<'s, Selector> {
    let start = space(input);
    let class = match dotted(start) {
        Ok((_, class)) if !is_keyword(class) => class,
        _ => return Failure::expected(start, "a class of events").help("such as `http.request`").stop(),
    };
    let mut rest = &start[class.len()..];
    let mut tests = Vec::new();
    let mut member = None;
    if let Ok((inside, _)) = sign("{", rest) {
        (rest, tests) = label_tests(parser, inside)?;
        if let Some(behind) = rest.strip_prefix('.') {
            let Ok((behind, name)) = word(behind) else {
                return Failure::expected(behind, "the name of a value").help("such as `.duration`").stop();
            };
            member = Some(name.to_owned());
            rest = behind;
        }
    }
    let span = parser.span(start, rest);
    Ok((rest, Selector { class: class.to_owned(), tests, member, span }))
}

/// The tests up to the closing brace, a comma behind the last allowed.
fn label_tests<'s>(parser: &Parser<'_>, mut input: &'s str) -> Parsed<'s, Vec<LabelTest>> {
    let mut tests = Vec::new();
    loop {
        if let Ok((rest, _)) = sign("}", input) {
            return Ok((rest, tests));
        }
        let (rest, test) = label_test(parser, input)?;
        tests.push(test);
        input = match sign(",", rest) {
            Ok((rest, _)) => rest,
            Err(_) if sign("}", rest).is_ok() => rest,
            Err(_) => return Failure::expected(rest, "`,` or `}`").stop(),
        };
    }
}

/// The sign between a label and what it is tested against.
#[derive(Clone, Copy)]
enum Sign {
    Equal,
    NotEqual,
    Glob,
    NotGlob,
    Regex,
    NotRegex,
    Compare(CompareOp),
}

fn test_sign(input: &str) -> Parsed<'_, Sign> {
    alt((
        tag("!=*").map(|_| Sign::NotGlob),
        tag("!=~").map(|_| Sign::NotRegex),
        tag("!=").map(|_| Sign::NotEqual),
        tag("=*").map(|_| Sign::Glob),
        tag("=~").map(|_| Sign::Regex),
        terminated(tag("="), not(char('='))).map(|_| Sign::Equal),
        tag(">=").map(|_| Sign::Compare(CompareOp::GreaterOrEqual)),
        tag("<=").map(|_| Sign::Compare(CompareOp::LessOrEqual)),
        tag(">").map(|_| Sign::Compare(CompareOp::Greater)),
        tag("<").map(|_| Sign::Compare(CompareOp::Less)),
    ))
    .parse(space(input))
}

fn label_test<'s>(parser: &Parser<'_>, input: &'s str) -> Parsed<'s, LabelTest> {
    let start = space(input);
    let Ok((rest, label)) = word(start) else {
        return Failure::expected(start, "a label or `}`").stop();
    };
    let Ok((value, sign)) = test_sign(rest) else {
        return Failure::expected(rest, "a test such as `=`, `=*`, `=~`, `!=` or `>`").stop();
    };
    let value = space(value);
    let (rest, op) = match sign {
        Sign::Equal => equal(label, value, false)?,
        Sign::NotEqual => equal(label, value, true)?,
        Sign::Glob => text(label, "=*", value, TestOp::Glob)?,
        Sign::NotGlob => text(label, "!=*", value, TestOp::NotGlob)?,
        Sign::Regex => text(label, "=~", value, TestOp::Regex)?,
        Sign::NotRegex => text(label, "!=~", value, TestOp::NotRegex)?,
        Sign::Compare(op) => match opt(signed_number).parse(value)? {
            (rest, Some(quantity)) => (rest, TestOp::Number(op, quantity)),
            (_, None) => {
                return Failure::expected(value, "a number").help(format!("such as `{label}{op}3s`")).stop();
            }
        },
    };
    Ok((rest, LabelTest { label: label.to_owned(), op, span: parser.span(start, rest) }))
}

fn text<'s>(label: &str, sign: &str, value: &'s str, op: impl FnOnce(String) -> TestOp) -> Parsed<'s, TestOp> {
    match opt(quoted).parse(value)? {
        (rest, Some(text)) => Ok((rest, op(text))),
        (_, None) => Failure::expected(value, "a text in quotes").help(format!("such as `{label}{sign}\"…\"`")).stop(),
    }
}

/// What stands behind `=` or `!=`: a text, a status, or a number.
fn equal<'s>(label: &str, value: &'s str, negated: bool) -> Parsed<'s, TestOp> {
    if let (rest, Some(text)) = opt(quoted).parse(value)? {
        return Ok((rest, if negated { TestOp::NotEqual(text) } else { TestOp::Equal(text) }));
    }
    if label == "status" {
        let (rest, (from, to)) = status(value)?;
        return Ok((rest, TestOp::Status { from, to, negated }));
    }
    if let Ok((rest, (from, to))) = status(value)
        && from < to
    {
        let message = format!("`{label}` is compared with status codes, which only `status` has");
        return Failure::new(value, rest, message).help("did you mean `status`?").stop();
    }
    if let (rest, Some(quantity)) = opt(signed_number).parse(value)? {
        let op = if negated { CompareOp::NotEqual } else { CompareOp::Equal };
        return Ok((rest, TestOp::Number(op, quantity)));
    }
    let sign = if negated { "!=" } else { "=" };
    let failure = Failure::expected(value, "a text in quotes or a number");
    match word(value) {
        Ok((_, word)) => failure.help(format!("write `{label}{sign}\"{word}\"`")).stop(),
        Err(_) => failure.help(format!("such as `{label}{sign}\"…\"`")).stop(),
    }
}

fn signed_number(input: &str) -> Parsed<'_, super::quantity::Quantity> {
    let (digits, minus) = opt(char('-')).parse(input)?;
    let (rest, mut quantity) = number(digits)?;
    if minus.is_some() {
        quantity.value = -quantity.value;
    }
    Ok((rest, quantity))
}

/// `5xx`, `500..599`, or `404`, as its first and last.
fn status(input: &str) -> Parsed<'_, (u16, u16)> {
    let wrong = || {
        Failure::expected(input, "a status").help("a family `5xx`, a range `500..599`, one `404`, or a text in quotes")
    };
    let family = terminated((satisfy(|c| ('1'..='5').contains(&c)), tag("xx")), no_word).parse(input);
    if let Ok((rest, (digit, _))) = family {
        let from = digit.to_digit(10).unwrap_or_default() as u16 * 100;
        return Ok((rest, (from, from + 99)));
    }
    let Ok((rest, from)) = code(input) else { return wrong().stop() };
    let (rest, to) = match rest.strip_prefix("..") {
        Some(behind) => match code(behind) {
            Ok((rest, to)) => (rest, to),
            Err(_) => return wrong().stop(),
        },
        None => (rest, from),
    };
    if from > to {
        return Failure::new(input, rest, format!("there is no status from {from} to {to}")).stop();
    }
    Ok((rest, (from, to)))
}

fn no_word(input: &str) -> Parsed<'_, ()> {
    not(satisfy(|c| c.is_ascii_alphanumeric() || c == '_')).parse(input)
}

fn code(input: &str) -> Parsed<'_, u16> {
    let (rest, digits) = terminated(digit1, no_word).parse(input)?;
    match digits.parse() {
        Ok(code) if code < 1_000 => Ok((rest, code)),
        _ => Err(nom::Err::Error(Failure::expected(input, "a status"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ast::{Input, Kind};
    use super::super::quantity::{Quantity, Unit};
    use super::super::{Metrics, parse};
    use super::*;

    fn read(text: &str) -> Selector {
        let call = format!("count({text})");
        let expr = parse(&call, &Metrics::default()).unwrap_or_else(|error| panic!("{}", error.render(&call, "test")));
        match expr.kind {
            Kind::Aggregate(aggregate) => match aggregate.input {
                Input::Events(of) => of,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn op(test: &str) -> TestOp {
        read(&format!("a{{{test}}}")).tests.remove(0).op
    }

    fn refusal(selector: &str) -> String {
        let text = format!("count({selector})");
        parse(&text, &Metrics::default()).unwrap_err().render(&text, "test")
    }

    #[test]
    fn a_selector_has_a_class_tests_and_a_member() {
        let text = "http.request { route = '/a' , duration>3s, }.duration";
        let of = read(text);
        let within =
            |span: &std::ops::Range<usize>| text[span.start - "count(".len()..span.end - "count(".len()].to_owned();
        assert_eq!(within(&of.span), text);
        assert_eq!(within(&of.tests[1].span), "duration>3s");
        assert_eq!((of.class.as_str(), of.member.as_deref()), ("http.request", Some("duration")));
        assert_eq!(of.tests.iter().map(|test| test.label.as_str()).collect::<Vec<_>>(), ["route", "duration"]);
        let bare = read("http.request");
        assert!(bare.tests.is_empty() && bare.member.is_none());
        assert_eq!(bare, read("http.request{}"));
    }

    #[test]
    fn tests_of_texts_and_numbers() {
        let seconds = |value| Quantity { value, unit: Unit::Seconds };
        assert_eq!(op("a=\"x\""), TestOp::Equal("x".into()));
        assert_eq!(op("a!='x'"), TestOp::NotEqual("x".into()));
        assert_eq!(op("a=*'x*'"), TestOp::Glob("x*".into()));
        assert_eq!(op("a !=* 'x*'"), TestOp::NotGlob("x*".into()));
        assert_eq!(op("a=~'x\\d'"), TestOp::Regex("x\\d".into()));
        assert_eq!(op("a!=~'x'"), TestOp::NotRegex("x".into()));
        assert_eq!(op("a>=3s"), TestOp::Number(CompareOp::GreaterOrEqual, seconds(3.0)));
        assert_eq!(op("a < -3s"), TestOp::Number(CompareOp::Less, seconds(-3.0)));
        assert_eq!(op("a=3s"), TestOp::Number(CompareOp::Equal, seconds(3.0)));
    }

    #[test]
    fn a_status_is_a_family_a_range_or_a_code() {
        let status = |from, to, negated| TestOp::Status { from, to, negated };
        assert_eq!(op("status=5xx"), status(500, 599, false));
        assert_eq!(op("status!=4xx"), status(400, 499, true));
        assert_eq!(op("status=500..504"), status(500, 504, false));
        assert_eq!(op("status=404"), status(404, 404, false));
        assert_eq!(op("status='404'"), TestOp::Equal("404".into()));
        assert_eq!(
            op("status>=500"),
            TestOp::Number(CompareOp::GreaterOrEqual, Quantity { value: 500.0, unit: Unit::Plain })
        );
    }

    #[test]
    fn mistakes_are_shown_with_what_to_write() {
        for (selector, message, help) in [
            ("a{b}", "expected a test such as `=`, `=*`, `=~`, `!=` or `>`, found `}`", "^"),
            ("a{b==\"x\"}", "expected a test such as `=`, `=*`, `=~`, `!=` or `>`, found `=`", "^"),
            ("a{b=x}", "expected a text in quotes or a number, found `x`", "write `b=\"x\"`"),
            ("a{b=/x}", "expected a text in quotes or a number, found `/`", "such as `b=\"…\"`"),
            ("a{b=*5}", "expected a text in quotes, found `5`", "such as `b=*\"…\"`"),
            ("a{b>\"5\"}", "expected a number, found `\"`", "such as `b>3s`"),
            ("a{b=\"x}", "this text has no closing quote", "^^^^"),
            ("a{b=\"x\" c=\"y\"}", "expected `,` or `}`, found `c`", "^"),
            ("a{,}", "expected a label or `}`, found `,`", "^"),
            ("a{b=\"x\"", "expected `,` or `}`, found `)`", "^"),
            ("a{}.", "expected the name of a value, found `)`", "such as `.duration`"),
            ("a{status=6xx}", "expected a status, found `6xx`", "or a text in quotes"),
            ("a{status=ok}", "expected a status, found `ok`", "or a text in quotes"),
            ("a{status=599..500}", "there is no status from 599 to 500", "^^^^^^^^"),
            ("a{status=5000}", "expected a status, found `5000`", "or a text in quotes"),
            ("of", "expected a class of events, found `of`", "such as `http.request`"),
        ] {
            let shown = refusal(selector);
            assert!(shown.contains(&format!(": {message}\n")) && shown.ends_with(help), "{shown}");
        }
    }
}
