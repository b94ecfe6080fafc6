//! Rules 8, 10 and 11: what nothing, dropped records and missing labels make of a number.

use serde_json::json;

use super::case::{Case, Outcome, app, edge, every_second, job, noise, refusal, trouble};

fn dropped(clock: &str) -> String {
    app(clock, "warn", "Railway rate limit of 500 logs/sec reached for replica. Messages dropped: 50")
}

/// Rule 8.
#[test]
fn counts_rates_and_distinct_values_of_nothing_are_zero() {
    let outcome = Case::new()
        .kpi("count(job.done[10s])", ">= 0")
        .kpi("rate(job.done[10s])", ">= 0/s")
        .kpi("distinct(job.done{}.worker[10s])", ">= 0")
        .log("a.jsonl", every_second("13:30:00", 20, noise))
        .run();
    for id in ["count(job.done[10s])", "rate(job.done[10s])", "distinct(job.done{}.worker[10s])"] {
        assert_eq!(outcome.value(id), Some(0.0), "{id}");
    }
}

/// Rule 8.
#[test]
fn means_percentiles_extremes_and_ratios_of_nothing_are_unknown() {
    let functions = ["mean", "p50", "p95", "min", "max", "first", "last"];
    let ids = functions.map(|function| format!("{function}(job.done{{}}.took[10s])"));
    let ratio = "count(job.done{worker='a'}[10s]) / count(job.done[10s])";
    let case = ids.iter().fold(Case::new(), |case, id| case.kpi(id, ">= 0s")).kpi(ratio, ">= 0%");
    let outcome = case.log("a.jsonl", every_second("13:30:00", 20, noise)).run();
    for id in ids.iter().map(String::as_str).chain([ratio]) {
        assert_eq!((outcome.value(id), &outcome.kpi(id)["status"]), (None, &json!("unknown")), "{id}");
    }
}

/// Rule 8: the same of something.
#[test]
fn values_of_something_are_what_they_are() {
    let lines = [job("13:30:01", "in 100 ms"), job("13:30:02", "in 400 ms"), job("13:30:03", "in 250 ms")];
    let ids = [("mean", 0.25), ("min", 0.1), ("max", 0.4), ("first", 0.1), ("last", 0.25), ("sum", 0.75)];
    let name = |function: &str| format!("{function}(job.done{{}}.took)");
    let case = ids.iter().fold(Case::new(), |case, (function, _)| case.kpi(&name(function), ">= 0s"));
    let outcome = case.log("a.jsonl", lines).run();
    for (function, expected) in ids {
        assert_eq!(outcome.value(&name(function)), Some(expected), "{function}");
    }
}

/// Rule 8: the HTTP log cannot carry what a job writes.
#[test]
fn nothing_from_a_source_that_is_not_there_is_unknown() {
    let requests = every_second("13:30:00", 20, |clock| edge(clock, "/a", 200, 5));
    let case =
        Case::new().kpi("count(job.done[10s])", ">= 0").rule("investigate", "missing", "absent(job.done[10s])", "");
    let outcome = case.log("http.jsonl", requests).run();
    assert_eq!(outcome.value("count(job.done[10s])"), None);
    assert_eq!((outcome.changes("missing"), &outcome.trigger("missing")["state"]), (vec![], &json!("unknown")));
}

/// Rules 8 and 20: the app's file ends after 20 s, the HTTP log's goes on for 100: the app was silent.
#[test]
fn nothing_after_the_end_of_the_only_source_that_could_tell_is_nothing() {
    let outcome = Case::new()
        .kpi("count(job.done[10s])", ">= 0")
        .rule("investigate", "missing", "absent(job.done[10s])", "")
        .log("app.jsonl", every_second("13:30:00", 20, |clock| job(clock, "")))
        .log("http.jsonl", every_second("13:30:00", 100, |clock| edge(clock, "/a", 200, 5)))
        .run();
    assert_eq!(outcome.value("count(job.done[10s])"), Some(0.0));
    assert_eq!(outcome.changes("missing"), ["firing 13:30:30"]);
}

/// Rule 8: what a class carries is carried under any name.
#[test]
fn a_value_called_duration_is_known_from_the_lines_that_carry_it() {
    let line = |clock: &str| app(clock, "info", "INFO:jobs:job timed 200 ms");
    let id = "mean(job.timed{}.duration)";
    let outcome = Case::new().kpi(id, "> 0s").log("a.jsonl", every_second("13:30:00", 5, line)).run();
    assert_eq!(outcome.value(id), Some(0.2));
}

/// Rule 8: with a part that is unknown (the mean of nothing), one that is true and one that is false.
#[test]
fn and_or_and_not_are_three_valued() {
    let (unknown, yes, no) =
        ("mean(job.done{}.took[10s]) > 0s", "count(job.trouble) > 0", "count(job.trouble[2s]) > 99");
    for (when, state) in [
        (format!("{unknown} and {no}"), "ok"),
        (format!("{no} and {unknown}"), "ok"),
        (format!("{unknown} and {yes}"), "unknown"),
        (format!("{yes} and {unknown}"), "unknown"),
        (format!("{unknown} or {yes}"), "firing"),
        (format!("{yes} or {unknown}"), "firing"),
        (format!("{unknown} or {no}"), "unknown"),
        (format!("{no} or {unknown}"), "unknown"),
        (format!("not ({unknown})"), "unknown"),
        (format!("not ({no})"), "firing"),
        (format!("not ({unknown} and {no})"), "firing"),
    ] {
        let outcome = Case::new().trigger("logic", &when).log("a.jsonl", every_second("13:30:00", 5, trouble)).run();
        assert_eq!(outcome.trigger("logic")["state"], state, "{when}");
    }
}

/// Rule 8: 30 events in the 15 s since the deployment are 2 a second, whatever the window.
#[test]
fn a_rate_divides_by_the_observed_part_of_its_window() {
    let lines = every_second("13:30:00", 15, |clock| format!("{}\n{}", job(clock, ""), job(clock, "")));
    let case = Case::new().kpi("rate(job.done[5m])", ">= 0/s").kpi("rate(job.done[10s])", ">= 0/s");
    let outcome = case.log("a.jsonl", lines).run();
    assert_eq!(outcome.value("rate(job.done[5m])"), Some(2.0));
    assert_eq!(outcome.value("rate(job.done[10s])"), Some(2.0));
}

/// A job a second for 30 s, with dropped records after 10.
fn lossy() -> Outcome {
    let mut lines = every_second("13:30:00", 30, |clock| job(clock, "by a in 200 ms"));
    lines.insert(11, dropped("13:30:10.5"));
    Case::new()
        .rule("info", "more", "count(job.done[10s]) > 5", "")
        .rule("info", "fewer", "count(job.done[5s]) < 9", "")
        .rule("info", "mean", "mean(job.done{}.took[5s]) > 100ms", "")
        .rule("info", "ratio", "count(job.done{worker='a'}[5s]) / count(job.done[5s]) > 50%", "")
        .rule("info", "rate", "rate(job.done[5s]) > 0.5/s", "")
        .rule("info", "distinct", "distinct(job.done{}.worker[5s]) > 0", "")
        .rule("info", "absent", "absent(job.trouble[5s])", "")
        .rule("info", "back", "mean(job.done{}.took[5s]) > 100ms", "resolve_after = '1s'")
        .kpi("mean(job.done{}.took[1m])", "> 0s")
        .kpi("count(job.done[1m])", "> 3")
        .kpi("count(job.done[50s])", "< 100")
        .log("a.jsonl", lines)
        .run()
}

/// Rule 10.
#[test]
fn where_records_were_dropped_a_count_can_still_exceed() {
    let outcome = lossy();
    assert_eq!(outcome.input("platform_dropped"), 50);
    assert_eq!(outcome.changes("more"), ["firing 13:30:06"]);
    assert_eq!(outcome.trigger("more")["known"], 1.0);
    assert_eq!(outcome.kpi("count(job.done[1m])")["status"], "met");
}

/// Rule 10: the windows of 5 s hold the drop at the ticks 11 to 15, of 30.
#[test]
fn where_records_were_dropped_everything_else_is_unknown() {
    let outcome = lossy();
    for id in ["fewer", "mean", "ratio", "absent"] {
        let known = outcome.trigger(id)["known"].as_f64().expect("a share");
        // Some are not known in the first seconds either, before their window is full.
        let expected = if ["fewer", "absent"].contains(&id) { 21.0 / 30.0 } else { 25.0 / 30.0 };
        assert!((known - expected).abs() < 0.001, "{id} was known for {known} of the time");
    }
    assert_eq!(outcome.value("mean(job.done{}.took[1m])"), None);
    assert_eq!(outcome.kpi("count(job.done[50s])")["status"], "unknown");
}

/// Rule 10: "everything but `count(…) > n`" leaves out rates and distinct values, too.
#[test]
fn where_records_were_dropped_rates_and_distinct_values_are_unknown() {
    let outcome = lossy();
    for id in ["rate", "distinct"] {
        let known = outcome.trigger(id)["known"].as_f64().expect("a share");
        assert!((known - 25.0 / 30.0).abs() < 0.001, "{id} was known for {known} of the time");
    }
}

/// Rule 11: three failures that name no worker.
#[test]
fn events_without_the_label_make_distinct_unknown_not_zero() {
    let lines = every_second("13:30:00", 3, |clock| job(clock, ""));
    let id = "distinct(job.done{}.worker)";
    let case =
        Case::new().kpi(id, "< 3").trigger("quiet", "distinct(job.done{}.worker[2s]) == 0").log("a.jsonl", lines);
    let outcome = case.run();
    assert_eq!((outcome.value(id), &outcome.kpi(id)["status"]), (None, &json!("unknown")));
    assert_eq!((outcome.changes("quiet"), &outcome.trigger("quiet")["state"]), (vec![], &json!("unknown")));
}

/// Rule 11: the failure lines that Smart Scalper writes name a symbol, and no algorithm.
#[test]
fn failures_that_name_no_algorithm_do_not_say_how_many_fail() {
    let line =
        |clock: &str| app(clock, "error", "ERROR:services.selector:Algorithm selection failed for ETHUSDT: no candles");
    let case = Case::new().argument("--plan").argument("dl-034").log("a.jsonl", every_second("13:30:00", 9, line));
    let outcome = case.run();
    assert_eq!(outcome.count("scalper.algorithm_failed"), 9);
    let trigger = outcome.trigger("scalper-algorithms-down");
    assert_eq!((&trigger["state"], &trigger["value"]), (&json!("unknown"), &json!(null)));
}

/// Rule 11.
#[test]
fn events_without_the_label_are_in_no_group_and_make_tests_unknown() {
    let lines: Vec<String> = every_second("13:30:00", 10, |clock| job(clock, ""));
    let outcome = Case::new()
        .trigger("each", "count(job.done) by (worker) > 0")
        .trigger("some", "count(job.done{worker='a'}[5s]) > 0")
        .trigger("none", "count(job.done{worker='a'}[5s]) == 0")
        .trigger("others", "count(job.done{worker!='a'}[5s]) > 0")
        .log("a.jsonl", lines)
        .run();
    for id in ["each", "some", "none", "others"] {
        assert_eq!((outcome.changes(id), &outcome.trigger(id)["state"]), (vec![], &json!("unknown")), "{id}");
    }
}

/// Rule 11: those that do carry it still tell of a count that exceeds.
#[test]
fn events_with_the_label_still_count_beside_those_without() {
    let lines = [job("13:30:00", ""), job("13:30:01", "by a"), job("13:30:02", "by a"), job("13:30:03", "by b")];
    let outcome = Case::new()
        .trigger("each", "count(job.done) by (worker) > 1")
        .trigger("some", "count(job.done{worker='a'}) > 1")
        .log("a.jsonl", lines)
        .run();
    assert_eq!(outcome.changes("each"), ["firing 13:30:03 worker=a"]);
    assert_eq!(outcome.changes("some"), ["firing 13:30:03"]);
}

/// Rule 11: 4 slow, 4 fast, and 2 that do not tell: half of those that do.
#[test]
fn events_without_a_duration_are_in_neither_side_of_a_ratio_over_durations() {
    let rest = |clock: &str| match clock.as_bytes()[7] - b'0' {
        0..4 => "in 900 ms",
        4..8 => "in 100 ms",
        _ => "",
    };
    let lines = every_second("13:30:00", 10, |clock| job(clock, rest(clock)));
    let id = "count(job.done{took>500ms}) / count(job.done)";
    let outcome = Case::new().kpi(id, "> 0%").log("a.jsonl", lines).run();
    assert_eq!((outcome.value(id), &outcome.kpi(id)["samples"]), (Some(0.5), &json!(8)));
}

/// Rule 11: and so for requests, some of which the HTTP log gives no duration.
#[test]
fn requests_without_a_duration_are_in_neither_side_of_a_ratio_over_durations() {
    let bare = |clock: &str| edge(clock, "/a", 200, 0).replace(",\"totalDuration\":0", "");
    let lines = every_second("13:30:00", 10, |clock| match clock.as_bytes()[7] - b'0' {
        at if at % 2 == 0 => bare(clock),
        1 => edge(clock, "/a", 200, 950),
        _ => edge(clock, "/a", 200, 20),
    });
    let id = "count(http.request{duration>500ms}) / count(http.request)";
    let outcome = Case::new().kpi(id, "> 0%").log("http.jsonl", lines).run();
    assert_eq!((outcome.requests(), outcome.value(id)), (10, Some(0.2)));
}

/// Rule 11.
#[test]
fn a_label_that_no_pattern_of_the_class_can_produce_is_a_plan_error() {
    for when in
        ["count(job.done{colour='red'}) > 0", "distinct(job.done{}.colour) > 0", "count(job.done) by (colour) > 0"]
    {
        let (status, message) = refusal(&Case::new().trigger("colour", when).log("a.jsonl", [noise("13:30:00")]));
        assert_eq!(status, 2, "{when}");
        assert!(message.contains("colour") && message.contains("plan.toml:"), "{message}");
    }
}

/// A value that is what a plan writes is equal to it, whatever its last binary digit would be: 15,000,000 ns are 15 ms.
#[test]
fn a_value_as_it_is_written_is_equal_to_it() {
    for milliseconds in [1, 3, 7, 15, 29, 35, 57, 69, 113, 1_001] {
        let lines =
            [job("13:30:00", &format!("in {milliseconds} ms")), job("13:30:01", &format!("in {milliseconds} ms"))];
        let case = Case::new()
            .kpi("mean(job.done{}.took[deploy])", &format!("== {milliseconds}ms"))
            .kpi("max(job.done{}.took[deploy])", &format!("<= {milliseconds}ms"))
            .kpi("last(job.done{}.took[deploy])", &format!(">= {milliseconds}ms"))
            .kpi(&format!("count(job.done{{took>={milliseconds}ms}}[deploy])"), "== 2")
            .kpi(&format!("count(job.done{{took>{milliseconds}ms}}[deploy])"), "== 0");
        let outcome = case.log("a.jsonl", lines).run();
        for kpi in outcome.summary()["kpis"].as_array().expect("key figures") {
            assert_eq!(kpi["status"], "met", "{milliseconds} ms: {kpi}");
        }
    }
}
