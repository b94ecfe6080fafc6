//! Expressions: read or refused with a place, written as they are read, and evaluated without harm.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use logwatch::Plan;
use logwatch::expr::{self, Error, Expr, Metrics};

use super::plan::try_plan;
use crate::limit::within_a_second;
use crate::lot;
use crate::run::LIBRARY;

/// What every expression may use.
static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let metrics = [("errors", "count(http.error)"), ("slow", "p95(http.request{}.duration) > 2s")];
    Metrics::parse_all(metrics).expect("metrics that are sound")
});

/// One checked expression in so many is put into a plan, and run: that takes a hundred times as long.
const RUN: u64 = 32;

/// How far an expression got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Accepted {
    /// No text, or no expression.
    No,
    Parsed,
    /// Of classes, labels and units that there are.
    Checked,
    /// Part of a plan that was run.
    Ran,
}

pub fn check(input: &[u8]) {
    accepted(input);
}

pub fn accepted(input: &[u8]) -> Accepted {
    let Ok(text) = std::str::from_utf8(input) else { return Accepted::No };
    let Some(expr) = within_a_second("parsing", || parsed(text)) else { return Accepted::No };
    let shown = expr.to_string();
    let again = expr::parse(&shown, &Metrics::default());
    assert!(again.as_ref() == Ok(&expr), "{text}\nis shown as\n{shown}\nwhich is {again:?}");
    assert_eq!(again.map(|again| again.to_string()).as_deref(), Ok(&*shown), "shown again");
    if let Err(error) = within_a_second("checking", || expr::check(&expr, &**LIBRARY)) {
        assert_placed(text, &error);
        return Accepted::Parsed;
    }
    if !lot(input).is_multiple_of(RUN) {
        return Accepted::Checked;
    }
    let when = toml::Value::String(text.to_string());
    let plan = format!(
        "[plan]\nid = 'x'\ntitle = 'x'\n[metrics]\nerrors = 'count(http.error)'\nslow = 'p95(http.request{{}}.duration) > 2s'\n\
         [[trigger]]\nid = 'x'\nseverity = 'info'\nwhen = {when}\n"
    );
    let plan = Plan::parse("plan.toml", &plan).expect("a text in a plan");
    if try_plan(plan, Arc::clone(&LIBRARY)) { Accepted::Ran } else { Accepted::Checked }
}

fn parsed(text: &str) -> Option<Expr> {
    let result = expr::parse(text, &METRICS);
    if let Err(error) = &result {
        assert_placed(text, error);
    }
    result.ok()
}

/// Panics unless an error says where in the text it is, and can be shown.
fn assert_placed(text: &str, error: &Error) {
    let Range { start, end } = error.span;
    assert!(start <= end && text.get(start..end).is_some(), "{error:?} is outside of {text:?}");
    let shown = error.render(text, "plan.toml:1");
    assert!(shown.starts_with("plan.toml:1: ") && shown.contains('^'), "{shown}");
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}
