//! Calls: functions, what they read, and their groups.

use nom::Parser as _;
use nom::combinator::opt;

use super::ast::{Aggregate, Expr, Function, Input, Kind, Selector, Window};
use super::parse::Parser;
use super::quantity::Unit;
use super::selector::selector;
use super::suggest::nearest;
use super::token::{Failure, Parsed, keyword, number, sign, space, word};
use super::window::window;

const FUNCTIONS: [&str; 22] = [
    "count", "rate", "sum", "mean", "min", "max", "first", "last", "p50", "p90", "p95", "p99", "quantile", "distinct",
    "interval", "gap", "streak", "zero", "absent", "overall", "trend", "baseline",
];

pub(super) fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name)
}

/// The aggregate called `name`; `quantile` until its argument is read.
fn aggregate_function(name: &str) -> Option<Function> {
    Some(match name {
        "count" => Function::Count,
        "rate" => Function::Rate,
        "sum" => Function::Sum,
        "mean" => Function::Mean,
        "min" => Function::Min,
        "max" => Function::Max,
        "first" => Function::First,
        "last" => Function::Last,
        "p50" => Function::Quantile(0.5),
        "p90" => Function::Quantile(0.9),
        "p95" => Function::Quantile(0.95),
        "p99" => Function::Quantile(0.99),
        "quantile" => Function::Quantile(f64::NAN),
        "distinct" => Function::Distinct,
        "gap" => Function::Gap,
        "streak" => Function::Streak,
        _ => return None,
    })
}

/// Reads the call of `name`, which stands at `start`; `arguments` begins behind its parenthesis.
pub(super) fn call<'s>(
    parser: &Parser<'_>,
    start: &'s str,
    name: &'s str,
    arguments: &'s str,
) -> Parsed<'s, Box<Expr>> {
    match (name, aggregate_function(name)) {
        (_, Some(function)) => aggregate_call(parser, start, name, function, arguments),
        ("zero", _) => zero(parser, start, arguments),
        ("absent", _) => absent(parser, start, arguments),
        ("overall", _) => overall(parser, start, arguments),
        ("trend", _) => trend(parser, start, arguments),
        ("baseline", _) => baseline(parser, start, arguments),
        ("interval", _) => Failure::new(start, arguments, "`interval` gives many numbers")
            .help("put it into a call: `p50(interval(…))`")
            .stop(),
        _ => unknown(start, name),
    }
}

fn aggregate_call<'s>(
    parser: &Parser<'_>,
    start: &'s str,
    name: &'s str,
    function: Function,
    arguments: &'s str,
) -> Parsed<'s, Box<Expr>> {
    let (rest, aggregate) = aggregate(parser, start, name, function, arguments, Trailing::Read)?;
    let span = aggregate.span.clone();
    Ok((rest, parser.node(Kind::Aggregate(aggregate), span)?))
}

fn zero<'s>(parser: &Parser<'_>, start: &'s str, arguments: &'s str) -> Parsed<'s, Box<Expr>> {
    let (rest, (part, whole)) = part_of_whole(parser, "zero", arguments)?;
    let (rest, window) = window(close("zero", rest)?, None)?;
    let kind = Kind::Zero { part, whole, window: window.unwrap_or(Window::Default) };
    Ok((rest, parser.node(kind, parser.span(start, rest))?))
}

fn absent<'s>(parser: &Parser<'_>, start: &'s str, arguments: &'s str) -> Parsed<'s, Box<Expr>> {
    let (rest, of) = event_selector(parser, "absent", arguments)?;
    let (rest, inner) = window(rest, None)?;
    let (rest, window) = window(close("absent", rest)?, inner)?;
    let kind = Kind::Absent { of, window: window.unwrap_or(Window::Default) };
    Ok((rest, parser.node(kind, parser.span(start, rest))?))
}

fn overall<'s>(parser: &Parser<'_>, start: &'s str, arguments: &'s str) -> Parsed<'s, Box<Expr>> {
    let (rest, of) = parser.expression(arguments)?;
    let rest = close("overall", rest)?;
    Ok((rest, parser.node(Kind::Overall(of), parser.span(start, rest))?))
}

fn baseline<'s>(parser: &Parser<'_>, start: &'s str, arguments: &'s str) -> Parsed<'s, Box<Expr>> {
    let (rest, of) = parser.expression(arguments)?;
    let (rest, otherwise) = match sign(",", rest) {
        Ok((rest, _)) => parser.expression(rest).map(|(rest, otherwise)| (rest, Some(otherwise)))?,
        Err(_) => (rest, None),
    };
    let rest = close("baseline", rest)?;
    if space(rest).starts_with('[') {
        return Failure::expected(rest, "an operator or the end")
            .help("a baseline has the window of what is inside it, and the plan's `baseline.window`")
            .stop();
    }
    Ok((rest, parser.node(Kind::Baseline { of, otherwise }, parser.span(start, rest))?))
}

fn unknown<'s, T>(start: &'s str, name: &str) -> Parsed<'s, T> {
    // What other languages call it.
    let alias = match name {
        "avg" | "average" => Some("mean"),
        "median" => Some("p50"),
        "percentile" => Some("quantile"),
        "increase" => Some("count"),
        _ => None,
    };
    let help = match alias.or_else(|| nearest(name, FUNCTIONS)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the functions are {}", FUNCTIONS.join(" ")),
    };
    Failure::new(start, &start[name.len()..], format!("unknown function `{name}`")).help(help).stop()
}

/// Whether a window behind the parenthesis of a call is the call's, or left to what stands around it.
#[derive(Clone, Copy, PartialEq)]
enum Trailing {
    Read,
    Leave,
}

fn aggregate<'s>(
    parser: &Parser<'_>,
    start: &'s str,
    name: &'s str,
    function: Function,
    arguments: &'s str,
    trailing: Trailing,
) -> Parsed<'s, Aggregate> {
    let (arguments, function) = if name == "quantile" { quantile(arguments)? } else { (arguments, function) };
    let (rest, input, inner) = if function == Function::Streak {
        let (rest, (part, whole)) = part_of_whole(parser, name, arguments)?;
        (rest, Input::Streak { part, whole }, None)
    } else {
        let (rest, (input, window)) = input(parser, name, function, arguments)?;
        (rest, input, window)
    };
    let mut rest = close(name, rest)?;
    let mut window_read = inner;
    if trailing == Trailing::Read {
        (rest, window_read) = window(rest, window_read)?;
    }
    let (mut rest, by) = groups(rest)?;
    if trailing == Trailing::Read && !by.is_empty() {
        (rest, window_read) = window(rest, window_read)?;
    }
    let span = parser.span(start, rest);
    Ok((rest, Aggregate { function, input, window: window_read.unwrap_or(Window::Default), by, span }))
}

/// The first argument of `quantile`, with its comma.
fn quantile(input: &str) -> Parsed<'_, Function> {
    const HELP: &str = "write `quantile(0.95, http.request{}.duration)`";
    let input = space(input);
    let (rest, Some(q)) = opt(number).parse(input)? else {
        return Failure::expected(input, "a number from 0 to 1").help(HELP).stop();
    };
    if !matches!(q.unit, Unit::Plain | Unit::Ratio) || q.value > 1.0 {
        return Failure::new(input, rest, format!("`{q}` is no quantile")).help("a number from 0 to 1").stop();
    }
    match sign(",", rest) {
        Ok((rest, _)) => Ok((rest, Function::Quantile(q.value))),
        Err(_) => Failure::expected(rest, "`,`").help(HELP).stop(),
    }
}

/// What an aggregate reads, and a window if one stands right behind it.
fn input<'s>(
    parser: &Parser<'_>,
    name: &str,
    function: Function,
    start: &'s str,
) -> Parsed<'s, (Input, Option<Window>)> {
    let start = space(start);
    let interval = keyword("interval", start).and_then(|(rest, _)| sign("(", rest));
    let Ok((arguments, _)) = interval else {
        let (rest, of) = event_selector(parser, name, start)?;
        let (rest, window) = window(rest, None)?;
        return Ok((rest, (Input::Events(of), window)));
    };
    if matches!(function, Function::Rate | Function::Distinct | Function::Gap) {
        return Failure::new(start, arguments, format!("`{name}` cannot read intervals"))
            .help("count, sum, mean, min, max, first, last, p50 … p99 and quantile can")
            .stop();
    }
    let (rest, of) = event_selector(parser, "interval", arguments)?;
    let (rest, read) = window(rest, None)?;
    let (rest, read) = window(close("interval", rest)?, read)?;
    let (rest, by) = groups(rest)?;
    let (rest, read) = if by.is_empty() { (rest, read) } else { window(rest, read)? };
    Ok((rest, (Input::Intervals { of, by }, read)))
}

/// `A of B`.
fn part_of_whole<'s>(parser: &Parser<'_>, name: &str, input: &'s str) -> Parsed<'s, (Selector, Selector)> {
    let (rest, part) = event_selector(parser, name, input)?;
    no_window(name, rest)?;
    let Ok((rest, _)) = keyword("of", rest) else {
        return Failure::expected(rest, "`of`").help(format!("write `{name}(A of B)`")).stop();
    };
    let (rest, whole) = event_selector(parser, name, rest)?;
    no_window(name, rest)?;
    Ok((rest, (part, whole)))
}

/// A window behind A or B would look as if it were only theirs.
fn no_window(name: &str, input: &str) -> Result<(), nom::Err<Failure>> {
    match sign("[", input) {
        Ok((rest, _)) => Failure::new(space(input), rest, "A and B have one window")
            .help(format!("write it behind the parenthesis: `{name}(A of B)[2h]`"))
            .stop(),
        Err(_) => Ok(()),
    }
}

/// A selector, told from a calculation.
fn event_selector<'s>(parser: &Parser<'_>, name: &str, input: &'s str) -> Parsed<'s, Selector> {
    let input = space(input);
    let calculation = match word(input) {
        Ok((rest, inner)) => is_function(inner) && space(rest).starts_with('('),
        Err(_) => input.starts_with(|c: char| c.is_ascii_digit() || c == '(' || c == '-'),
    };
    if calculation {
        return Failure::expected(input, "a class of events")
            .help(format!("`{name}` reads events, not numbers: `{name}(http.request)`"))
            .stop();
    }
    selector(parser, input)
}

/// `trend(…)`. Behind a bare call inside it a window is the trend's, as in `trend(last(process.memory{}.bytes)[1h])`.
fn trend<'s>(parser: &Parser<'_>, start: &'s str, arguments: &'s str) -> Parsed<'s, Box<Expr>> {
    let (rest, of) = match bare_call(parser, space(arguments))? {
        (rest, Some(of)) => (rest, of),
        (_, None) => parser.expression(arguments)?,
    };
    let (rest, inner) = window(rest, None)?;
    let (rest, window) = window(close("trend", rest)?, inner)?;
    let kind = Kind::Trend { of, window: window.unwrap_or(Window::Default) };
    Ok((rest, parser.node(kind, parser.span(start, rest))?))
}

/// An aggregate and nothing else up to the end of the argument, a window left unread.
fn bare_call<'s>(parser: &Parser<'_>, start: &'s str) -> Parsed<'s, Option<Box<Expr>>> {
    let Ok((rest, name)) = word(start) else { return Ok((start, None)) };
    let (Some(function), Ok((arguments, _))) = (aggregate_function(name), sign("(", rest)) else {
        return Ok((start, None));
    };
    let (rest, aggregate) = aggregate(parser, start, name, function, arguments, Trailing::Leave)?;
    let (behind, _) = window(rest, None)?;
    if sign(")", behind).is_err() {
        return Ok((start, None));
    }
    let span = aggregate.span.clone();
    Ok((rest, Some(parser.node(Kind::Aggregate(aggregate), span)?)))
}

fn close<'s>(name: &str, input: &'s str) -> Result<&'s str, nom::Err<Failure>> {
    match sign(")", input) {
        Ok((rest, _)) => Ok(rest),
        Err(_) if keyword("of", input).is_ok() => {
            Failure::expected(input, "`)`").help("only `zero` and `streak` read `A of B`").stop()
        }
        Err(_) => Failure::expected(input, &format!("`)` to close `{name}(`")).stop(),
    }
}

/// `by (method, route)`, or nothing.
fn groups(input: &str) -> Parsed<'_, Vec<String>> {
    let Ok((rest, _)) = keyword("by", input) else { return Ok((input, Vec::new())) };
    let Ok((mut rest, _)) = sign("(", rest) else {
        return Failure::expected(rest, "`(`").help("write `by (method, route)`").stop();
    };
    let mut labels: Vec<String> = Vec::new();
    loop {
        rest = space(rest);
        let Ok((behind, label)) = word(rest) else {
            return Failure::expected(rest, "a label").help("write `by (method, route)`").stop();
        };
        if labels.iter().any(|known| known == label) {
            return Failure::new(rest, behind, format!("a second `{label}`")).stop();
        }
        labels.push(label.to_owned());
        match sign(",", behind) {
            Ok((behind, _)) => rest = behind,
            Err(_) => {
                rest = behind;
                break;
            }
        }
    }
    match sign(")", rest) {
        Ok((rest, _)) => Ok((rest, labels)),
        Err(_) => Failure::expected(rest, "`,` or `)`").stop(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Metrics, parse};
    use super::*;

    fn read(text: &str) -> Expr {
        parse(text, &Metrics::default()).unwrap_or_else(|error| panic!("{}", error.render(text, "test")))
    }

    fn refusal(text: &str) -> String {
        parse(text, &Metrics::default()).unwrap_err().render(text, "test")
    }

    #[test]
    fn a_window_stands_in_any_of_its_places() {
        for (one, other) in [
            ("count(a[5m])", "count(a)[5m]"),
            ("count(a{}[300s]) by (b)", "count(a) by (b)[5m]"),
            ("count(a)[5m] by (b)", "count(a) by (b)[5m]"),
            ("p95(a{}.v[10m])", "p95(a{}.v)[10m]"),
            ("p50(interval(a) by (b)[5m])", "p50(interval(a[5m]) by (b))"),
            ("p50(interval(a) by (b)[5m])", "p50(interval(a)[5m] by (b))"),
            ("p50(interval(a) by (b)[5m])", "p50(interval(a) by (b))[5m]"),
            ("gap(a[ deploy ])", "gap(a) [deploy]"),
            ("absent(a[5m])", "absent(a)[5m]"),
            ("trend(last(a{}.v)[1h])", "trend(last(a{}.v))[1h]"),
            ("trend(1 + last(a{}.v)[1h])", "trend(1 + last(a{}.v[1h]))"),
            ("trend((1)[1h])", "trend(1)[1h]"),
        ] {
            assert_eq!(read(one), read(other), "{one} {other}");
        }
    }

    #[test]
    fn the_window_in_a_trend_is_the_trends() {
        let Kind::Trend { of, window } = read("trend(last(a{}.v[1m]) by (b) [1h])").kind else { panic!("no trend") };
        assert_eq!(window, Window::Length(3_600_000_000_000));
        let Kind::Aggregate(last) = of.kind else { panic!("no aggregate") };
        assert_eq!((last.window, last.by.as_slice()), (Window::Length(60_000_000_000), ["b".to_owned()].as_slice()));
    }

    #[test]
    fn percentiles_are_quantiles() {
        assert_eq!(read("p95(a{}.v)"), read("quantile(0.95, a{}.v)"));
        assert_eq!(read("p95(a{}.v)"), read("quantile(95%, a{}.v)"));
        let Kind::Aggregate(aggregate) = read("streak(a of b)[2h] by (c)").kind else { panic!("no aggregate") };
        assert_eq!(aggregate.function, Function::Streak);
    }

    #[test]
    fn mistakes_are_shown_with_what_to_write() {
        assert_eq!(
            refusal("count(a[5m])[5m]"),
            "test: a second window\n  count(a[5m])[5m]\n              ^^^^ one call has one window"
        );
        for (text, message, help) in [
            ("count(a[5m][5m])", "a second window", "one call has one window"),
            ("trend(last(a)[1h])[1h]", "a second window", "one call has one window"),
            ("count(a", "expected `)` to close `count(`, found the end of the expression", "^"),
            ("count()", "expected a class of events, found `)`", "such as `http.request`"),
            ("count(5)", "expected a class of events, found `5`", "`count(http.request)`"),
            ("sum(count(a))", "expected a class of events, found `count`", "`sum(http.request)`"),
            ("count(a of b)", "expected `)`, found `of`", "only `zero` and `streak` read `A of B`"),
            ("streak(a)", "expected `of`, found `)`", "write `streak(A of B)`"),
            ("zero(a of b[2h])", "A and B have one window", "`zero(A of B)[2h]`"),
            ("zero(a[2h] of b)", "A and B have one window", "`zero(A of B)[2h]`"),
            ("interval(a) > 1s", "`interval` gives many numbers", "`p50(interval(…))`"),
            ("rate(interval(a))", "`rate` cannot read intervals", "and quantile can"),
            ("quantile(a{}.v)", "expected a number from 0 to 1, found `a`", "http.request{}.duration)`"),
            ("quantile(95, a{}.v)", "`95` is no quantile", "a number from 0 to 1"),
            ("quantile(2s, a{}.v)", "`2s` is no quantile", "a number from 0 to 1"),
            ("quantile(0.9 a{}.v)", "expected `,`, found `a`", "http.request{}.duration)`"),
            ("count(a) by route", "expected `(`, found `route`", "write `by (method, route)`"),
            ("count(a) by ()", "expected a label, found `)`", "write `by (method, route)`"),
            ("count(a) by (b, b)", "a second `b`", "^"),
            ("count(a) by (b c)", "expected `,` or `)`, found `c`", "^"),
            ("baseline(count(a))[5m]", "expected an operator or the end, found `[`", "`baseline.window`"),
            ("median(a)", "unknown function `median`", "did you mean `p50`?"),
            ("histogram(a)", "unknown function `histogram`", "trend baseline"),
        ] {
            let shown = refusal(text);
            assert!(shown.contains(&format!(": {message}\n")) && shown.ends_with(help), "{shown}");
        }
    }
}
