//! Which counts are parts of which: what makes a quotient a proportion, with a confidence bound.

use super::ast::{Aggregate, ArithmeticOp, CompareOp, Expr, Function, Input, Kind, Selector, TestOp};
use super::check::Catalog;
use super::matching::anchored;
use super::quantity::{Quantity, Unit};
use crate::text::glob::Glob;

/// The two counts of `count(…) / count(…)`, over the same window and in the same groups. Whether the first is a part of
/// the second, so that the quotient is a proportion, is for [`is_part_of`].
pub fn ratio_of_counts(expr: &Expr) -> Option<(&Aggregate, &Aggregate)> {
    let Kind::Arithmetic { op: ArithmeticOp::Divide, left, right } = &expr.kind else { return None };
    let (left, right) = (count_of_events(left)?, count_of_events(right)?);
    (left.window == right.window && left.by == right.by).then_some((left, right))
}

fn count_of_events(expr: &Expr) -> Option<&Aggregate> {
    match &expr.kind {
        Kind::Aggregate(aggregate @ Aggregate { function: Function::Count, input: Input::Events(_), .. }) => {
            Some(aggregate)
        }
        _ => None,
    }
}

/// Whether every event that `part` selects is one that `whole` selects: its class is the same or refines it, and its
/// tests imply each test of `whole`. False where that is only not seen to be so.
pub fn is_part_of(part: &Selector, whole: &Selector, catalog: &dyn Catalog) -> bool {
    (part.class == whole.class || catalog.refines(&part.class, &whole.class))
        && whole
            .tests
            .iter()
            .all(|needed| part.tests.iter().any(|given| given.label == needed.label && implies(&given.op, &needed.op)))
}

/// Whether every value that passes `given` passes `needed`.
fn implies(given: &TestOp, needed: &TestOp) -> bool {
    if given == needed {
        return true;
    }
    match (given, needed) {
        (TestOp::Equal(text), _) => accepts(needed, text),
        (
            TestOp::Status { from, to, negated: true },
            TestOp::Status { from: needed_from, to: needed_to, negated: true },
        ) => from <= needed_from && needed_to <= to,
        (TestOp::Status { from, to, negated: false }, _) => {
            (*from..=*to).all(|status| accepts(needed, &status.to_string()))
        }
        (TestOp::Glob(given), TestOp::Glob(needed)) => covers(needed, given),
        (TestOp::NotGlob(given), TestOp::NotGlob(needed)) => covers(given, needed),
        (TestOp::NotGlob(given), TestOp::NotEqual(needed)) => glob(given, needed),
        (TestOp::Number(given, x), TestOp::Number(needed, y)) => number_implies(*given, *x, *needed, *y),
        _ => false,
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    Glob::new(pattern).is_match(text.as_bytes())
}

/// Whether every text of the form `narrow` is of the form `wide`; false where that is only not seen to be so.
fn covers(wide: &str, narrow: &str) -> bool {
    // Read as a text, the narrower glob has its wild bytes covered by those of the wider, but `?` would take its star, which
    // stands for any number of bytes.
    glob(wide, narrow) && !(wide.contains('?') && narrow.contains('*'))
}

/// Whether a label with this text passes the test.
fn accepts(test: &TestOp, text: &str) -> bool {
    match test {
        TestOp::Equal(needed) => needed == text,
        TestOp::NotEqual(other) => other != text,
        TestOp::Glob(pattern) => glob(pattern, text),
        TestOp::NotGlob(pattern) => !glob(pattern, text),
        TestOp::Regex(pattern) => anchored(pattern).is_ok_and(|regex| regex.is_match(text.as_bytes())),
        TestOp::NotRegex(pattern) => anchored(pattern).is_ok_and(|regex| !regex.is_match(text.as_bytes())),
        TestOp::Number(op, Quantity { value, unit: Unit::Plain }) => {
            text.parse().is_ok_and(|number: f64| op.holds(number, *value))
        }
        TestOp::Number(..) => false,
        TestOp::Status { from, to, negated } => {
            text.parse().is_ok_and(|status: u16| (*from..=*to).contains(&status) != *negated)
        }
    }
}

/// Whether `v given x` implies `v needed y` for every number v.
fn number_implies(given: CompareOp, x: Quantity, needed: CompareOp, y: Quantity) -> bool {
    use CompareOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    if x.unit != y.unit {
        return false;
    }
    let (x, y) = (x.value, y.value);
    match (given, needed) {
        (Equal, _) => needed.holds(x, y),
        (Greater, Greater | GreaterOrEqual | NotEqual) | (GreaterOrEqual, GreaterOrEqual) => x >= y,
        (GreaterOrEqual, Greater | NotEqual) => x > y,
        (Less, Less | LessOrEqual | NotEqual) | (LessOrEqual, LessOrEqual) => x <= y,
        (LessOrEqual, Less | NotEqual) => x < y,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::test_catalog::Shop;
    use super::super::{Metrics, parse};
    use super::*;

    fn ratio(text: &str) -> Option<bool> {
        let expr = parse(text, &Metrics::default()).unwrap();
        let (part, whole) = ratio_of_counts(&expr)?;
        let (Input::Events(part), Input::Events(whole)) = (&part.input, &whole.input) else { return None };
        Some(is_part_of(part, whole, &Shop))
    }

    fn part(part: &str, whole: &str) -> bool {
        ratio(&format!("count({part}) / count({whole})")).unwrap()
    }

    #[test]
    fn only_counts_alike_make_a_proportion() {
        assert_eq!(ratio("count(http.error[5m]) / count(http.request[300s])"), Some(true));
        assert_eq!(ratio("count(http.request) / count(http.error)"), Some(false));
        assert_eq!(ratio("count(http.error[5m]) / count(http.request)"), None);
        assert_eq!(ratio("count(http.error) by (route) / count(http.request)"), None);
        assert_eq!(ratio("count(http.error) / rate(http.request)"), None);
        assert_eq!(ratio("count(interval(http.error)) / count(interval(http.request))"), None);
        assert_eq!(ratio("count(http.error) / count(http.request) > 5%"), None);
    }

    #[test]
    fn every_test_of_the_whole_is_implied() {
        assert!(part("a{x=\"1\", y=\"2\"}", "a{y=\"2\"}"));
        assert!(!part("a{x=\"1\"}", "a{y=\"2\"}"));
        assert!(!part("a", "b"));
        assert!(part("http.error{route=*\"/api/user/*\"}", "http.request{route=*\"/api/*\"}"));
        assert!(!part("http.error{route=*\"/api/*\"}", "http.request{route=*\"/api/user/*\"}"));
    }

    #[test]
    fn tests_imply_wider_ones() {
        for (given, needed, implied) in [
            ("status=500", "status=5xx", true),
            ("status=5xx", "status=500", false),
            ("status=500..503", "status=5xx", true),
            ("status=5xx", "status!=4xx", true),
            ("status=5xx", "status!=503", false),
            ("status!=4xx", "status!=404", true),
            ("status!=404", "status!=4xx", false),
            ("status=5xx", "status=*\"5*\"", true),
            ("status=5xx", "status=~\"[45]..\"", true),
            ("status=5xx", "status>=500", true),
            ("status=5xx", "status>500", false),
            ("status=\"503\"", "status=5xx", true),
            ("status=503", "status=\"503\"", true),
            ("x=\"/api/a\"", "x=*\"/api/*\"", true),
            ("x=\"/api/a\"", "x=~\"/api/[a-c]\"", true),
            ("x=\"/api/a\"", "x!~\"/v2/.*\"", true),
            ("x=\"/api/a\"", "x!=\"/api/b\"", true),
            ("x=*\"a*\"", "x=*\"*\"", true),
            ("x=*\"*\"", "x=*\"a*\"", false),
            ("x=*\"ab?\"", "x=*\"a??\"", true),
            ("x=*\"ab?\"", "x=*\"a*\"", true),
            ("x=*\"a?\"", "x=*\"ab\"", false),
            ("x=*\"a*\"", "x=*\"a?\"", false),
            ("x=\"abc\"", "x=*\"a?c\"", true),
            ("x!=*\"a?\"", "x!=*\"a*\"", false),
            ("x!=*\"a*\"", "x!=*\"ab*\"", true),
            ("x!=*\"a*\"", "x!=\"abc\"", true),
            ("x=~\"ab\"", "x=~\"a.\"", false),
            ("d>5s", "d>3s", true),
            ("d>3s", "d>=3s", true),
            ("d>=3s", "d>3s", false),
            ("d>=3s", "d>2999ms", true),
            ("d<1s", "d<=1s", true),
            ("d<1s", "d>0s", false),
            ("d=4s", "d>3s", true),
            ("d>3s", "d!=3s", true),
            ("d>3s", "d>3", false),
        ] {
            let needed = needed.replace("!~", "!=~");
            assert_eq!(part(&format!("a{{{given}}}"), &format!("a{{{needed}}}")), implied, "{given} => {needed}");
        }
    }
}
