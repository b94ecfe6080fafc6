use super::super::{Metrics, parse};
use super::test_catalog::Shop;
use super::*;

fn type_of(text: &str) -> Type {
    let expr = parse(text, &Metrics::default()).unwrap_or_else(|error| panic!("{}", error.render(text, "test")));
    check(&expr, &Shop).unwrap_or_else(|error| panic!("{}", error.render(text, "test")))
}

fn refusal(text: &str) -> String {
    let expr = parse(text, &Metrics::default()).unwrap_or_else(|error| panic!("{}", error.render(text, "test")));
    check(&expr, &Shop).unwrap_err().render(text, "plan.toml:7")
}

#[test]
fn types_of_what_plans_ask() {
    let truths = [
        "count(http.request{route=*'/api/user/*', status=5xx}) / count(http.request{route=*'/api/user/*'}) > 5%",
        "count(http.error) / count(http.request) > 0.05",
        "p95(http.request{}.duration[10m]) > 1.5 * baseline(p95(http.request{}.duration[10m]))",
        "p95(http.request{}.duration) > 125% * baseline(p95(http.request{}.duration))",
        "p95(http.request{}.duration) / baseline(p95(http.request{}.duration)) > 1.25",
        "count(http.error[5m]) by (method, route) > 10",
        "p50(interval(scalper.refresh) by (client)[5m]) > 20s",
        "gap(scalper.refresh) > 60s",
        "streak(http.request{duration>3s} of http.request{route=\"/x\"}) >= 3",
        "zero(http.error{route=*'/x*'} of http.request{route=*'/x*'})[2h]",
        "last(db.pool_status{}.used) / last(db.pool_status{}.size) > 90%",
        "trend(last(process.memory{}.bytes)[1h]) > 10%/h",
        "trend(last(process.memory{}.bytes)[1h]) > 0",
        "rate(http.request) < 10/min and not absent(http.request)",
        "distinct(scalper.refresh{}.algorithm) == 6",
        "count(http.error)/count(http.request) > baseline(count(http.error)/count(http.request)) + 2pp",
        "count(http.error)/count(http.request) > 2 * baseline(count(http.error)/count(http.request), 0.5%) + 1pp",
        "p95(http.request{}.duration) by (route) > 1.5 * baseline(p95(http.request{}.duration) by (route), 2 * 1s)",
        "count(http.error)/count(http.request) - baseline(count(http.error)/count(http.request)) > 2pp",
        "1 - count(http.error)/count(http.request) < 95%",
        "last(process.memory{}.share) > 0.9",
        "count(http.request{status>=500, status!=503}) > 2",
        "last(process.memory{}.bytes) > 1.3 * first(process.memory{}.bytes[deploy])",
    ];
    for text in truths {
        assert_eq!(type_of(text), Type::Truth, "{text}");
    }
}

#[test]
fn units_of_numbers() {
    use Unit::{Bytes, PerSecond, Plain, Ratio, RatioDifference, RatioPerSecond, Seconds};
    for (text, unit) in [
        ("5", Plain),
        ("-5%", Ratio),
        ("count(http.error)", Plain),
        ("count(interval(http.error))", Plain),
        ("rate(http.error) * 2", PerSecond),
        ("sum(http.request{}.duration) / count(http.request)", Seconds),
        ("max(process.memory{}.bytes) - min(process.memory{}.bytes)", Bytes),
        ("max(process.memory{}.bytes) / min(process.memory{}.bytes)", Ratio),
        ("count(http.error) / 2", Plain),
        ("5% * count(http.error)", Plain),
        ("2 * 5%", Ratio),
        ("2pp + 3pp", RatioDifference),
        ("2pp + 3%", Ratio),
        ("trend(gap(http.error))", RatioPerSecond),
        ("baseline(quantile(0.999, http.request{}.duration))", Seconds),
    ] {
        assert_eq!(type_of(text), Type::Number(unit), "{text}");
    }
}

#[test]
fn units_that_do_not_fit() {
    assert_eq!(
        refusal("p95(http.request{}.duration) > 5%"),
        "plan.toml:7: a time cannot be compared with a ratio\n  \
         p95(http.request{}.duration) > 5%\n  \
         \u{20}                              ^^ write a time, such as `2s` or `300ms`"
    );
    for (text, message) in [
        ("p95(http.request{}.duration) > 5", "a time cannot be compared with a plain number"),
        ("count(http.error) > 10/min", "a plain number cannot be compared with a rate of events"),
        ("count(http.error) > 5%", "a plain number cannot be compared with a ratio"),
        (
            "count(http.error) / count(http.request) > count(http.error)",
            "a ratio cannot be compared with a plain number",
        ),
        ("gap(http.error) + count(http.error) > 1", "a plain number cannot be added to a time"),
        ("gap(http.error) - 5% > 1s", "a ratio cannot be subtracted from a time"),
        ("gap(http.error) * gap(http.error) > 1s", "a time cannot be multiplied with a time"),
        ("gap(http.error) / last(process.memory{}.bytes) > 1", "a time cannot be divided by a size in bytes"),
        ("count(http.error) / 0 > 1", "division by zero"),
        ("count(http.error) and absent(http.error)", "a plain number is neither true nor false"),
        ("absent(http.error) > 1", "this is true or false, and a number is needed here"),
        ("trend(count(http.error) > 1) > 1%/h", "this is true or false, and a number is needed here"),
        ("not 5", "a plain number is neither true nor false"),
    ] {
        assert!(refusal(text).contains(&format!(": {message}\n")), "{text}\n{}", refusal(text));
    }
}

#[test]
fn names_that_do_not_exist() {
    assert_eq!(
        refusal("count(http.requests{status=5xx}) > 1"),
        "plan.toml:7: no pattern gives events of class `http.requests`\n  \
         count(http.requests{status=5xx}) > 1\n  \
         \u{20}     ^^^^^^^^^^^^^ did you mean `http.request`?"
    );
    assert_eq!(
        refusal("sum(http.request{}.durations) > 1s"),
        "plan.toml:7: no pattern gives `http.request` a value `durations`\n  \
         sum(http.request{}.durations) > 1s\n  \
         \u{20}                  ^^^^^^^^^ did you mean `duration`?"
    );
    for (text, message, help) in [
        (
            "last(db.pool_status.used) > 1",
            "no pattern gives events of class `db.pool_status.used`",
            "did you mean `db.pool_status{}.used`?",
        ),
        ("count(http.error{rout=\"x\"}) > 1", "no pattern gives `http.error` a label `rout`", "did you mean `route`?"),
        ("count(http.error) by (rute) > 1", "no pattern gives `http.error` a label `rute`", "did you mean `route`?"),
        (
            "p50(interval(scalper.refresh) by (cleint)) > 1s",
            "no pattern gives `scalper.refresh` a label `cleint`",
            "did you mean `client`?",
        ),
        (
            "streak(http.error of http.request) by (x) > 1",
            "no pattern gives `http.request` a label `x`",
            "there is method, path, route, status, via",
        ),
        (
            "count(http.error{staus=500}) > 1",
            "no pattern gives `http.error` a label or value `staus`",
            "did you mean `status`?",
        ),
        (
            "count(http.error{duration=\"3\"}) > 1",
            "`duration` of `http.error` is a number, not a text",
            "with its unit",
        ),
        ("count(http.error{route>1}) > 1", "`route` of `http.error` is a text, not a number", "in quotes"),
        (
            "count(http.error{duration>3}) > 1",
            "a plain number cannot be compared with a time: `duration` of `http.error`",
            "",
        ),
        ("count(http.error{route=~\"(\"}) > 1", "this is no regex: unclosed group", ""),
        ("count(http.request{}.duration) > 1", "`count` reads events, not their `duration`", "leave `.duration` out"),
        ("absent(http.request{}.duration)", "`absent` reads events, not their `duration`", ""),
        ("sum(http.request) > 1", "`sum` needs a value of the events", "such as `http.request{}.duration`"),
        ("sum(http.request{}.route) > 1", "`route` of `http.request` is a text, not a number", ""),
        ("distinct(scalper.refresh) > 1", "`distinct` needs a label of the events", ""),
        ("distinct(http.request{}.duration) > 1", "`duration` of `http.request` is a number, not a label", ""),
        (
            "distinct(http.request{}.metod) > 1",
            "no pattern gives `http.request` a label `metod`",
            "did you mean `method`?",
        ),
    ] {
        let shown = refusal(text);
        assert!(shown.contains(&format!(": {message}\n")) && shown.ends_with(help), "{shown}");
    }
}

#[test]
fn a_mistake_in_a_metric_is_shown_where_the_metric_is_used() {
    let metrics = Metrics::parse_all([("slow", "p95(http.request{}.durations)")]).unwrap();
    let text = "gap(http.error) > 1m or slow > 2s";
    let error = check(&parse(text, &metrics).unwrap(), &Shop).unwrap_err();
    assert_eq!(&text[error.span], "slow");
}

#[test]
fn trees_that_no_text_gives_are_refused() {
    let text = "count(http.error)";
    let mut expr = parse(text, &Metrics::default()).unwrap();
    if let Kind::Aggregate(aggregate) = &mut expr.kind {
        aggregate.function = Function::Streak;
    }
    assert_eq!(check(&expr, &Shop).unwrap_err().message, "`streak` cannot read this");
}
