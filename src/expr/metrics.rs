//! Named expressions: the plan's `[metrics]`.

use std::collections::BTreeMap;

use super::ast::Expr;
use super::call;
use super::error::Error;
use super::parse::parse_or_fail;
use super::token::{Failure, is_keyword, word};

/// Expressions that other expressions use by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    exprs: BTreeMap<String, Expr>,
}

impl Metrics {
    /// Reads metrics that may use one another, in whatever order they come (a TOML table has none).
    ///
    /// # Errors
    /// The first mistake with the name of the metric it is in: in its name, in its text, a name used twice, or metrics
    /// that need one another in a circle.
    pub fn parse_all<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, (String, Error)> {
        let mut waiting: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, source) in sources {
            check_name(name).map_err(|error| (name.to_owned(), error))?;
            if waiting.insert(name, source).is_some() {
                return Err((name.to_owned(), Error::new(0..source.len(), format!("a second metric `{name}`"))));
            }
        }
        let mut metrics = Self::default();
        while !waiting.is_empty() {
            // What each metric that cannot be read yet misses.
            let mut missing: BTreeMap<&str, (&str, Failure)> = BTreeMap::new();
            let before = waiting.len();
            for (name, source) in waiting.clone() {
                let failure = match parse_or_fail(source, &metrics) {
                    Ok(expr) => {
                        metrics.insert(name, expr);
                        waiting.remove(name);
                        continue;
                    }
                    Err(failure) => failure,
                };
                let used = failure.missing_metric().and_then(|used| waiting.get_key_value(used));
                match used {
                    Some((used, _)) => missing.insert(name, (used, failure)),
                    None => return Err((name.to_owned(), failure.into_error(source))),
                };
            }
            if waiting.len() == before {
                return Err(circle(missing, &waiting));
            }
        }
        Ok(metrics)
    }

    /// Gives `name` to an expression; returns the one that had it before. A name that is no word, or is one of the
    /// language, can be given but not used.
    pub fn insert(&mut self, name: impl Into<String>, expr: Expr) -> Option<Expr> {
        self.exprs.insert(name.into(), expr)
    }

    /// The expression that a name stands for.
    pub fn get(&self, name: &str) -> Option<&Expr> {
        self.exprs.get(name)
    }

    /// In alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.exprs.keys().map(String::as_str)
    }

    /// Names with their expressions, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Expr)> {
        self.exprs.iter().map(|(name, expr)| (name.as_str(), expr))
    }
}

/// The mistake of metrics of which each misses another one of them.
fn circle<'a>(mut missing: BTreeMap<&'a str, (&'a str, Failure)>, sources: &BTreeMap<&str, &str>) -> (String, Error) {
    let mut name = missing.keys().next().copied().unwrap_or_default();
    // Not every one need be on the circle, but after that many steps this one is.
    for _ in 0..missing.len() {
        name = missing.get(name).map_or(name, |(used, _)| used);
    }
    let source = sources.get(name).copied().unwrap_or_default();
    let Some((used, failure)) = missing.remove(name) else {
        return (name.to_owned(), Error::new(0..0, format!("metric `{name}` needs itself")));
    };
    let through = if used == name { String::new() } else { format!(", by way of `{used}`") };
    let span = failure.into_error(source).span;
    (name.to_owned(), Error::new(span, format!("metric `{name}` needs itself{through}")))
}

fn check_name(name: &str) -> Result<(), Error> {
    if !matches!(word(name), Ok(("", _))) {
        return Err(Error::new(0..0, format!("`{}` cannot name a metric", name.escape_debug()))
            .help("letters, digits and `_`, not a digit first"));
    }
    if is_keyword(name) || call::is_function(name) {
        return Err(Error::new(0..0, format!("`{name}` cannot name a metric")).help("it is a word of the language"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn metrics_use_one_another_in_any_order() {
        let metrics = Metrics::parse_all([
            ("a_rate", "bad / total"),
            ("bad", "count(http.error)"),
            ("total", "count(http.request)"),
        ])
        .unwrap();
        let expr = parse("1 - a_rate < 95%", &metrics).unwrap();
        assert_eq!(expr.to_string(), "1 - count(http.error) / count(http.request) < 95%");
        assert_eq!(metrics.names().collect::<Vec<_>>(), ["a_rate", "bad", "total"]);
    }

    #[test]
    fn a_metric_keeps_its_own_grouping_of_terms() {
        let metrics = Metrics::parse_all([("both", "count(a) + count(b)")]).unwrap();
        assert_eq!(parse("2 * both", &metrics).unwrap().to_string(), "2 * (count(a) + count(b))");
    }

    #[test]
    fn mistakes_name_their_metric() {
        let wrong = |sources: &[(&'static str, &'static str)]| {
            let (name, error) = Metrics::parse_all(sources.iter().copied()).unwrap_err();
            let source = sources.iter().find(|(n, _)| *n == name).unwrap().1;
            error.render(source, &name)
        };
        assert_eq!(
            wrong(&[("a", "b + 1"), ("b", "2 * c"), ("c", "b")]),
            "b: metric `b` needs itself, by way of `c`\n  2 * c\n      ^"
        );
        assert_eq!(wrong(&[("x", "x")]), "x: metric `x` needs itself\n  x\n  ^");
        assert_eq!(
            wrong(&[("abcd", "1"), ("b", "abdc > 1")]),
            "b: unknown metric `abdc`\n  abdc > 1\n  ^^^^ did you mean `abcd`?"
        );
        assert!(wrong(&[("a-b", "1")]).starts_with("a-b: `a-b` cannot name a metric"));
        assert!(wrong(&[("rate", "1")]).starts_with("rate: `rate` cannot name a metric"));
        assert!(wrong(&[("a", "1"), ("a", "2")]).starts_with("a: a second metric `a`"));
    }

    #[test]
    fn metrics_of_metrics_do_not_explode() {
        let sources: Vec<(String, String)> = (1..60)
            .map(|i| (format!("m{i}"), format!("m{0} + m{0}", i - 1)))
            .chain([("m0".to_owned(), "1".to_owned())])
            .collect();
        let (_, error) = Metrics::parse_all(sources.iter().map(|(n, s)| (n.as_str(), s.as_str()))).unwrap_err();
        assert_eq!(error.message, "an expression has at most 512 terms");
    }
}
