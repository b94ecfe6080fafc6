//! A probe that runs a program: how it ends, and numbers in what it prints.

use regex::bytes::Regex;

use super::{Found, Problem};
use crate::subprocess::{self, Ended, Failed};

pub fn look(words: &[String], numbers: &[(String, Regex)], may_go_on: impl Fn() -> bool) -> Found {
    let Ended { status, printed } = match subprocess::run(words, "", may_go_on) {
        Ok(ended) => ended,
        Err(late @ Failed::Late) => return Found::failed("timeout", format!("the program {late}")),
        Err(failed) => return Found::failed("unreachable", format!("the program {failed}")),
    };
    let mut found = Found::default();
    for (name, regex) in numbers {
        match read(regex, &printed) {
            Some(number) => found.numbers.push((name.clone(), number)),
            None => found.problem = Some(Problem::new("answer", format!("the program prints no number {name}"))),
        }
    }
    if !status.success() {
        found.problem = Some(Problem::new("exit", format!("the program ended with {status}")));
    }
    found
}

/// The last number that is printed so.
fn read(regex: &Regex, printed: &[u8]) -> Option<f64> {
    let captured = regex.captures_iter(printed).last()?.get(1)?;
    std::str::from_utf8(captured.as_bytes()).ok()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
