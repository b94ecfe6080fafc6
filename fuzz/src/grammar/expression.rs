//! Expressions: sound ones grown out of the library's classes, joined, and sometimes damaged.

use fastrand::Rng;
use logwatch::expr::{Catalog, Unit};

use crate::mutate::{alter, pick};
use crate::run::LIBRARY;

/// One in so many changes may leave an expression that is none.
const DAMAGE: u8 = 6;
/// How deep what grows may be nested.
const DEPTH: u32 = 4;

pub fn mutate(text: Vec<u8>, random: &mut Rng) -> Vec<u8> {
    if text.is_empty() {
        return truth(random.u32(..DEPTH), random).into_bytes();
    }
    if random.u8(..DAMAGE) == 0 {
        return alter(text, random);
    }
    let known = String::from_utf8_lossy(&text);
    let grown = truth(random.u32(..DEPTH), random);
    let joined = match random.u8(..12) {
        0 => format!("not ({known})"),
        1 => format!("{known} and {grown}"),
        2 => format!("({known}) or ({grown})"),
        3 => format!("{grown}\n  or {known}"),
        4 => known.replacen(|c: char| c.is_ascii_digit(), &random.u8(1..10).to_string(), 1),
        _ => return grown.into_bytes(),
    };
    joined.into_bytes()
}

/// An expression that is true or false, so deep.
pub fn truth(depth: u32, random: &mut Rng) -> String {
    if depth > 0 {
        match random.u8(..8) {
            0 => return format!("{} and {}", truth(depth - 1, random), truth(depth - 1, random)),
            1 => return format!("({} or {})", truth(depth - 1, random), truth(depth - 1, random)),
            2 => return format!("not ({})", truth(depth - 1, random)),
            _ => {}
        }
    }
    let op = pick(&[">", ">=", "<", "<=", "==", "!="], random);
    match random.u8(..13) {
        12 => {
            let (text, _) = number(0, random);
            format!("overall({text} > {}.{} * baseline({text}))", random.u8(..3), random.u8(..100))
        }
        0 => format!("zero({} of {}){}", selector(random), selector(random), window(random)),
        1 => format!("absent({}{})", selector(random), window(random)),
        2 => format!("trend({}){} {op} {}%/h", number(depth, random).0, window(random), random.u8(..)),
        3 => {
            let (text, _) = number(0, random);
            format!("{text} {op} {}.{} * baseline({text})", random.u8(..3), random.u8(..100))
        }
        _ => {
            let (text, unit) = number(depth, random);
            format!("{text} {op} {}", literal(unit, random))
        }
    }
}

/// An expression that is a number, with its unit.
pub fn number(depth: u32, random: &mut Rng) -> (String, Unit) {
    let window = window(random);
    if depth > 0 {
        let (inner, unit) = number(depth - 1, random);
        match random.u8(..8) {
            0 => return (format!("({inner} + {})", literal(unit, random)), unit),
            1 => return (format!("{inner} * {}", random.u8(1..9)), unit),
            2 => return (format!("-{inner}"), unit),
            3 => return (format!("{inner} / {inner}"), Unit::Ratio),
            4 => return (format!("baseline({inner})"), unit),
            _ => {}
        }
    }
    match random.u8(..10) {
        0 => (format!("rate({}{window})", selector(random)), Unit::PerSecond),
        1 => (format!("gap({}){window}", selector(random)), Unit::Seconds),
        2 => (format!("streak({} of {}){window}", selector(random), selector(random)), Unit::Plain),
        3 => {
            let class = class(random);
            let by = groups(&class, random);
            let function = pick(&["p50", "mean", "max", "last", "quantile(0.5, "], random);
            let open = if function.ends_with(' ') { "" } else { "(" };
            (format!("{function}{open}interval({class}){by}){window}"), Unit::Seconds)
        }
        4 => match labelled(random) {
            Some((class, label)) => (format!("distinct({class}{{}}.{label}){window}"), Unit::Plain),
            None => (format!("count({})", selector(random)), Unit::Plain),
        },
        5 | 6 => valued(random),
        7 => {
            let whole = selector(random);
            let part = with_test(&whole, random);
            (format!("count({part}{window}) / count({whole}{window})"), Unit::Ratio)
        }
        _ => {
            let class = class(random);
            let by = groups(&class, random);
            let tests = tests(&class, random);
            (format!("count({class}{{{tests}}}{window}){by}"), Unit::Plain)
        }
    }
}

/// A statistic of a value that some class has.
fn valued(random: &mut Rng) -> (String, Unit) {
    let values = LIBRARY.classes.iter().flat_map(|class| class.values.iter().map(move |value| (&class.name, value)));
    let values: Vec<_> = values.collect();
    let (class, (value, unit)) = pick(&values, random);
    let function = pick(&["sum", "mean", "min", "max", "first", "last", "p50", "p90", "p95", "p99"], random);
    let tests = tests(class, random);
    (format!("{function}({class}{{{tests}}}.{value}{})", window(random)), *unit)
}

fn class(random: &mut Rng) -> String {
    if random.bool() { "http.request".into() } else { pick(&LIBRARY.class_names(), random) }
}

fn labelled(random: &mut Rng) -> Option<(String, String)> {
    let class = class(random);
    let labels = LIBRARY.label_names(&class);
    (!labels.is_empty()).then(|| (class, pick(&labels, random)))
}

pub fn selector(random: &mut Rng) -> String {
    let class = class(random);
    match tests(&class, random) {
        tests if tests.is_empty() && random.bool() => class,
        tests => format!("{class}{{{tests}}}"),
    }
}

/// The selector with one test more.
fn with_test(selector: &str, random: &mut Rng) -> String {
    let (class, tests) = selector.split_once('{').unwrap_or((selector, "}"));
    let tests = tests.trim_end_matches('}');
    match test(class, random) {
        Some(more) if tests.is_empty() => format!("{class}{{{more}}}"),
        Some(more) => format!("{class}{{{tests}, {more}}}"),
        None => selector.to_string(),
    }
}

fn tests(class: &str, random: &mut Rng) -> String {
    let number = pick(&[0, 0, 0, 1, 1, 2], random);
    (0..number).filter_map(|_| test(class, random)).collect::<Vec<_>>().join(", ")
}

fn test(class: &str, random: &mut Rng) -> Option<String> {
    if random.u8(..4) == 0
        && let Some(value) = LIBRARY.value_names(class).first()
    {
        let unit = LIBRARY.value_unit(class, value)?;
        return Some(format!("{value}{}{}", pick(&[">", ">=", "<", "<="], random), literal(unit, random)));
    }
    let labels = LIBRARY.label_names(class);
    if labels.is_empty() {
        return None;
    }
    let label = pick(&labels, random);
    let not = if random.u8(..3) == 0 { "!" } else { "" };
    Some(match (label.as_str(), random.u8(..4)) {
        ("status", 0) => format!("status{not}=500..599"),
        ("status", _) => format!("status{not}={}", pick(&["2xx", "4xx", "5xx", "404"], random)),
        (_, 0) => format!("{label}{not}=*'{}'", pick(&["*", "/api/*", "*bots*", "a?b", "**"], random)),
        (_, 1) => format!("{label}{not}=~'{}'", pick(&[".*", "/api/.*", "(?i)get|post", "[a-z]+\\\\d", "^x$"], random)),
        (_, _) => format!("{label}{not}=\"{}\"", pick(&["GET", "/api/bots", "", "it''s", "ñ", "x\"\"y"], random)),
    })
}

fn groups(class: &str, random: &mut Rng) -> String {
    let labels = LIBRARY.label_names(class);
    if labels.is_empty() || random.u8(..3) != 0 {
        return String::new();
    }
    let mut labels = labels.clone();
    random.shuffle(&mut labels);
    labels.truncate(random.usize(1..=2));
    format!(" by ({})", labels.join(", "))
}

fn window(random: &mut Rng) -> &'static str {
    pick(
        &["", "", "", "[1s]", "[10s]", "[1m]", "[5m]", "[11m]", "[2h]", "[2d]", "[366d]", "[deploy]", "[ 90s ]"],
        random,
    )
}

/// A number in a unit.
fn literal(unit: Unit, random: &mut Rng) -> String {
    let number = match random.u8(..6) {
        0 => "0".to_string(),
        1 => format!("{}.{}", random.u8(..), random.u16(..)),
        2 => random.u64(..).to_string(),
        _ => random.u8(1..100).to_string(),
    };
    let suffixes: &[&str] = match unit {
        Unit::Plain => &[""],
        Unit::Ratio => &["%", ""],
        Unit::RatioDifference => &["pp"],
        Unit::Seconds => &["ms", "s", "m", "h", "d"],
        Unit::Bytes => &["B", "kB", "KiB", "MB", "MiB", "GB", "GiB"],
        Unit::PerSecond => &["/s", "/min", "/h"],
        Unit::RatioPerSecond => &["%/s", "%/min", "%/h"],
    };
    number + pick(suffixes, random)
}
