//! Rules 7 and 12: what a confidence promises of a whole run, alone and against the time before.

use serde_json::json;

use super::case::{Case, DAY, Outcome, after};

const SHARE: &str = "count(http.error[5m]) / count(http.request[5m])";
const BY_ROUTE: &str = "count(http.error[5m]) by (route) / count(http.request[5m]) by (route)";
const MEDIAN: &str = "p50(http.request{}.duration[10m])";

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64
    }
}

/// Requests of the HTTP log, one a second from 13:00; the service is deployed at 13:30.
struct Log {
    random: Random,
    lines: Vec<String>,
}

/// What is asked of a stretch: how often a route is called, how often it fails, and how long half of its answers take at most.
type Route<'a> = (&'a str, f64, f64, f64);

impl Log {
    fn new(seed: u64) -> Log {
        Log { random: Random(seed << 32), lines: Vec::new() }
    }

    /// So many minutes of requests.
    fn minutes(mut self, minutes: u32, routes: &[Route<'_>]) -> Log {
        for _ in 0..60 * minutes {
            let mut pick = self.random.next() * routes.iter().map(|(_, weight, ..)| weight).sum::<f64>();
            let chosen = routes.iter().find(|(_, weight, ..)| {
                pick -= weight;
                pick <= 0.0
            });
            let (route, _, failing, median) = chosen.unwrap_or(&routes[0]);
            let status = if self.random.next() < *failing { 500 } else { 200 };
            // Half of them within the median, and none far from it.
            let milliseconds = median * 4f64.powf(self.random.next() - 0.5);
            let clock = after("13:00:00", self.lines.len() as u32);
            self.lines.push(
                json!({"timestamp": format!("{DAY}T{clock}Z"), "method": "GET", "path": route, "httpStatus": status,
                       "totalDuration": milliseconds.round(), "requestId": self.lines.len().to_string()})
                .to_string(),
            );
        }
        self
    }

    fn judge(self, when: &str) -> Outcome {
        self.case(when).run()
    }

    fn case(self, when: &str) -> Case {
        let case = Case::new().rule("rollback", "rule", when, "confidence = 0.95\nresolve_after = '2m'");
        case.argument("--deployed-at").argument(&format!("{DAY}T13:30:00Z")).log("http.jsonl", self.lines)
    }
}

fn share_of(failing: f64) -> [Route<'static>; 1] {
    [("/a", 1.0, failing, 20.0)]
}

/// Rule 12: the test goes on from 13:30 for two hours, and one fault in five is found soon all the same.
#[test]
fn what_begins_late_is_found_soon() {
    for seed in 1..4 {
        let log = Log::new(seed).minutes(150, &share_of(0.002)).minutes(8, &share_of(0.2));
        let outcome = log.judge(&format!("{SHARE} > 5%"));
        let changes = outcome.changes("rule");
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(("firing 15:30:00".."firing 15:32:30").contains(&&*changes[0]), "{changes:?}");
    }
}

/// Rule 12: it is found, and over when the window says so, whatever was counted since the deployment.
#[test]
fn it_is_over_when_the_window_has_recovered() {
    let log = Log::new(1).minutes(35, &share_of(0.0)).minutes(5, &share_of(0.5)).minutes(20, &share_of(0.0));
    let outcome = log.judge(&format!("{SHARE} > 5%"));
    let changes = outcome.changes("rule");
    assert!(changes.len() == 2 && changes[0].starts_with("firing 13:35"), "{changes:?}");
    assert!(("resolved 13:44:00".."resolved 13:48:00").contains(&&*changes[1]), "{changes:?}");
}

/// Rule 12: Wilson's bound at every tick fires in half of such runs within an hour.
#[test]
fn a_share_at_its_bound_fires_nothing() {
    for seed in 10..16 {
        let log = Log::new(seed).minutes(120, &share_of(0.05));
        assert_eq!(log.judge(&format!("{SHARE} > 5%")).changes("rule"), [""; 0], "{seed}");
    }
}

/// Rule 12: routes share the confidence, and each has its own test.
#[test]
fn one_route_of_many_is_found() {
    let routes = |failing: f64| {
        let mut routes: Vec<Route<'_>> =
            vec![("/a", 8.0, 0.01, 20.0), ("/b", 4.0, 0.01, 20.0), ("/c", 2.0, 0.01, 20.0)];
        routes.push(("/d", 3.0, failing, 20.0));
        routes
    };
    let log = Log::new(3).minutes(60, &routes(0.01)).minutes(6, &routes(0.5));
    let outcome = log.judge(&format!("count(http.error[5m]) by (route) >= 3 and {BY_ROUTE} > 5%"));
    let changes = outcome.changes("rule");
    assert!(changes.len() == 1 && changes[0].ends_with("route=/d"), "{changes:?}");
    assert!(("firing 14:00:00".."firing 14:04:00").contains(&&*changes[0]), "{changes:?}");
}

/// Rules 7 and 12: errors as frequent as before are no worse, five times as many are.
#[test]
fn a_share_is_compared_with_what_it_was() {
    let when = format!("{SHARE} > 2 * baseline({SHARE}) + 1pp");
    let run = |later: f64| Log::new(5).minutes(30, &share_of(0.04)).minutes(30, &share_of(later)).judge(&when);
    assert_eq!(run(0.04).changes("rule"), [""; 0]);
    let worse = run(0.4);
    assert!(worse.changes("rule")[0].starts_with("firing 13:30"), "{:?}", worse.changes("rule"));
    for shown in [worse.events("rule")[0], worse.trigger("rule")] {
        let (value, before) = (shown["value"].as_f64(), &shown["baseline"]);
        assert!((0.02..0.06).contains(&before["value"].as_f64().expect("a baseline")), "{shown}");
        assert_eq!(before["samples"], 1_800);
        // The threshold is of the most that it may have been.
        let threshold = shown["threshold"].as_f64().expect("a threshold");
        assert!(threshold > 2.0 * before["value"].as_f64().expect("a baseline") + 0.015 && threshold < 0.15, "{shown}");
        assert!(shown["bound"].as_f64() >= Some(threshold) && shown["bound"].as_f64() <= value, "{shown}");
    }
}

/// Rule 12: what falls is compared with the least that it may have been.
#[test]
fn a_share_that_falls_is_found_too() {
    let success = "count(http.request{status=2xx}[5m]) / count(http.request[5m])";
    let when = format!("{success} < baseline({success}) - 10pp");
    let run = |later: f64| Log::new(6).minutes(30, &share_of(0.2)).minutes(10, &share_of(later)).judge(&when);
    assert_eq!(run(0.22).changes("rule"), [""; 0]);
    let worse = run(0.5);
    assert_eq!(worse.changes("rule"), ["firing 13:35:00"], "when its window was observed (rule 9)");
}

/// Rule 12: a median against 1.25 times what it was.
#[test]
fn a_percentile_is_compared_with_what_it_was() {
    let when = format!("{MEDIAN} > 1.25 * baseline({MEDIAN})");
    let took = |median: f64| [("/a", 1.0, 0.0, median)];
    let run = |later: f64| Log::new(7).minutes(30, &took(100.0)).minutes(30, &took(later)).judge(&when);
    assert_eq!(run(120.0).changes("rule"), [""; 0]);
    let slower = run(200.0);
    assert!(
        ("firing 13:30:05".."firing 13:31:30").contains(&&*slower.changes("rule")[0]),
        "{:?}",
        slower.changes("rule")
    );
    let shown = slower.events("rule")[0];
    let number = |name: &str| shown[name].as_f64().unwrap_or_else(|| panic!("no {name} in {shown}"));
    assert!((0.125..0.14).contains(&number("threshold")) && number("bound") >= number("threshold"), "{shown}");
    assert!(number("bound") <= number("value"), "{shown}");
    assert_eq!((&shown["unit"], &shown["baseline"]["samples"]), (&json!("seconds"), &json!(1_800)));
    let quicker = Log::new(8).minutes(30, &took(100.0)).minutes(12, &took(40.0));
    let changes = quicker.judge(&format!("{MEDIAN} < 0.8 * baseline({MEDIAN})")).changes("rule");
    assert!(changes[0].starts_with("firing 13:40") && changes.len() == 1, "when its window is over: {changes:?}");
}

/// Rule 12: a percentile above a bound is a share of slow requests.
#[test]
fn a_high_percentile_needs_enough_slow_requests() {
    let took = |slow: f64| [("/a", 1.0 - slow, 0.0, 100.0), ("/a", slow, 0.0, 9_000.0)];
    let run = |slow: f64| {
        let when = "p95(http.request{}.duration[5m]) > 2s";
        Log::new(9).minutes(31, &took(0.0)).minutes(30, &took(slow)).judge(when).changes("rule")
    };
    assert_eq!(run(0.04), [""; 0]);
    assert!(("firing 13:31:00".."firing 13:34:00").contains(&&*run(0.3)[0]), "{:?}", run(0.3));
}

/// Rule 12: when more people ask for the slow route, the median of all moves, and no route's does.
#[test]
fn another_mix_of_routes_makes_no_route_slower() {
    let mix = |slow: f64, median: f64| [("/fast", 1.0 - slow, 0.0, 20.0), ("/slow", slow, 0.0, median)];
    let run = |by: &str, slow: f64, median: f64| {
        let when = format!("{MEDIAN}{by} > 1.25 * baseline({MEDIAN}{by})");
        Log::new(11).minutes(30, &mix(0.3, 400.0)).minutes(20, &mix(slow, median)).judge(&when).changes("rule")
    };
    assert_eq!(run("", 0.8, 400.0).len(), 1);
    assert_eq!(run(" by (route)", 0.8, 400.0), [""; 0]);
    let slower = run(" by (route)", 0.3, 800.0);
    assert!(slower.len() == 1 && slower[0].ends_with("route=/slow"), "{slower:?}");
}

/// Rule 7: a route that is new has no baseline, unless the plan says what stands in for it.
#[test]
fn a_number_stands_in_for_a_missing_baseline() {
    let log =
        || Log::new(12).minutes(30, &share_of(0.0)).minutes(10, &[("/a", 1.0, 0.0, 20.0), ("/new", 1.0, 0.3, 20.0)]);
    let changes = |baseline: &str| {
        let when = format!("count(http.error[5m]) by (route) >= 3 and {BY_ROUTE} > 2 * {baseline} + 1pp");
        log().judge(&when).changes("rule")
    };
    assert_eq!(changes(&format!("baseline({BY_ROUTE})")), [""; 0]);
    let found = changes(&format!("baseline({BY_ROUTE}, 2%)"));
    assert!(found.len() == 1 && found[0].starts_with("firing 13:3") && found[0].ends_with("route=/new"), "{found:?}");
    assert_eq!(changes(&format!("baseline({BY_ROUTE}, 30%)")), [""; 0]);
}

/// Rule 7: without a confidence as well, and in a log that has nothing from before.
#[test]
fn a_number_stands_in_where_nothing_came_before() {
    let lines = Log::new(13).minutes(30, &share_of(0.2)).lines;
    let run = |when: &str| Case::new().trigger("rule", when).log("http.jsonl", &lines).run();
    let lacking = run(&format!("{SHARE} > 2 * baseline({SHARE})"));
    assert_eq!(lacking.trigger("rule")["state"], "unknown");
    assert!(lacking.unknown().contains("rule compares with the hour before"), "{}", lacking.unknown());
    let outcome = run(&format!("{SHARE} > 2 * baseline({SHARE}, 3%)"));
    let shown = outcome.trigger("rule");
    assert_eq!(
        (&shown["state"], &shown["threshold"], &shown["baseline"]),
        (&json!("firing"), &json!(0.06), &json!(null))
    );
    assert!(!outcome.unknown().contains("the hour before"), "{}", outcome.unknown());
}

/// Rule 7: key figures read baselines and trends as triggers do.
#[test]
fn key_figures_know_what_was_before() {
    let took = |median: f64, failing: f64| [("/a", 1.0, failing, median)];
    let log =
        Log::new(14).minutes(30, &took(100.0, 0.01)).minutes(15, &took(100.0, 0.1)).minutes(15, &took(200.0, 0.1));
    let slower = format!("{MEDIAN} / baseline({MEDIAN})");
    let more =
        "count(http.error[deploy]) / count(http.request[deploy]) - baseline(count(http.error) / count(http.request))";
    let trend = format!("trend({MEDIAN})[20m]");
    let case = log.case(&format!("{SHARE} > 90%")).kpi(&slower, "< 1.25").kpi(more, "< 1pp").kpi(&trend, "< 100%/h");
    let outcome = case.run();
    let value = |id: &str| outcome.value(id).unwrap_or_else(|| panic!("{id} is unknown: {}", outcome.kpi(id)));
    assert!((1.8..2.2).contains(&value(&slower)), "{}", value(&slower));
    assert!((0.07..0.11).contains(&value(more)), "{}", value(more));
    // From 100 ms to 200 ms in 20 minutes.
    assert!((0.0007..0.0010).contains(&value(&trend)), "{}", value(&trend));
    for id in [&slower, more, &trend] {
        assert_eq!(outcome.kpi(id)["status"], "missed", "{id}");
    }
}

/// Rule 7: which of them lack a baseline is said.
#[test]
fn key_figures_that_lack_a_baseline_are_named() {
    let lines = Log::new(15).minutes(5, &share_of(0.2)).lines;
    let id = "count(http.error) / baseline(count(http.error))";
    let outcome = Case::new().kpi(id, "< 200%").log("http.jsonl", &lines).run();
    assert_eq!((outcome.value(id), outcome.kpi(id)["status"].as_str()), (None, Some("unknown")));
    assert!(outcome.unknown().contains("compares with the hour before"), "{}", outcome.unknown());
}

/// Rule 7: nobody looks at a trend before the deployment.
#[test]
fn a_baseline_of_a_trend_is_a_plan_error() {
    for when in [
        "baseline(trend(count(http.error)[5m])) > 1%/h",
        "baseline(baseline(count(http.error))) > 1",
        "baseline(count(http.error), count(http.request)) > 1",
        "baseline(count(http.error), 5s) > 1",
    ] {
        let case = Case::new().trigger("rule", when).log("http.jsonl", share_log());
        let (status, message) = super::case::refusal(&case);
        assert!(status == 2 && message.contains("plan.toml:"), "{message}");
    }
}

fn share_log() -> Vec<String> {
    Log::new(16).minutes(1, &share_of(0.0)).lines
}

/// Rule 12: what is seldom called says little alone; of many such routes together it is seen that all of them are slower.
#[test]
fn many_seldom_called_routes_are_found_slower_together() {
    const P50: &str = "p50(http.request{}.duration[10m]) by (route)";
    let names: Vec<String> = (0..60).map(|number| format!("/r{number}/x")).collect();
    let run = |when: &str, times: f64| {
        let routes = |times: f64| -> Vec<Route<'_>> {
            let median = |at: i32| 40.0 * 1.05f64.powi(at) * times;
            names.iter().zip(0..).map(|(name, at)| (name.as_str(), 1.0, 0.0, median(at))).collect()
        };
        Log::new(21).minutes(30, &routes(1.0)).minutes(5, &routes(times)).judge(when)
    };
    let together = format!("overall({P50} > 1.3 * baseline({P50}))");
    assert_eq!(run(&together, 1.25).changes("rule"), [""; 0]);
    let slower = run(&together, 1.8);
    let changes = slower.changes("rule");
    assert!(changes.len() == 1 && ("firing 13:30:10".."firing 13:33:00").contains(&&*changes[0]), "{changes:?}");
    let shown = slower.events("rule")[0];
    let number = |name: &str| shown[name].as_f64().unwrap_or_else(|| panic!("no {name} in {shown}"));
    assert!(number("value") >= number("bound") && number("bound") > number("threshold"), "{shown}");
    assert!((0.45..0.55).contains(&number("threshold")) && shown["unit"] == "ratio", "{shown}");
}

/// Rule 12: neither does another mix of routes move it, nor do routes that were not there before.
#[test]
fn another_mix_is_no_worse_overall() {
    const FAILS: &str = "count(http.error[5m]) by (route) / count(http.request[5m]) by (route)";
    let when = format!("overall({FAILS} > 2 * baseline({FAILS}) + 1pp)");
    let run = |later: &[Route<'_>]| {
        let before = [("/good", 0.9, 0.0, 20.0), ("/bad", 0.1, 0.3, 20.0)];
        Log::new(22).minutes(30, &before).minutes(20, later).judge(&when).changes("rule")
    };
    let nothing = [""; 0];
    assert_eq!(run(&[("/good", 0.1, 0.0, 20.0), ("/bad", 0.9, 0.3, 20.0)]), nothing);
    assert_eq!(run(&[("/good", 0.5, 0.0, 20.0), ("/scanned", 0.5, 1.0, 20.0)]), nothing);
    let worse = run(&[("/good", 0.9, 0.2, 20.0), ("/bad", 0.1, 0.3, 20.0)]);
    assert!(worse.len() == 1 && worse[0].starts_with("firing 13:3"), "{worse:?}");
}

/// Rule 12: what `overall` takes.
#[test]
fn what_is_no_comparison_with_a_baseline_is_not_taken_overall() {
    let share = "count(http.error) by (route) / count(http.request) by (route)";
    for (when, more, said) in [
        ("overall(count(http.error) > 1)".to_owned(), "confidence = 0.9", "there are no groups"),
        (format!("overall({share} > 5%)"), "confidence = 0.9", "its own baseline"),
        (format!("overall({share} < baseline({share}))"), "confidence = 0.9", "with `>` or `>=`"),
        (format!("overall({share} > baseline({share}))"), "", "give the trigger a `confidence`"),
        (format!("not overall({share} > baseline({share}))"), "confidence = 0.9", "under `not`"),
        (format!("overall({share} > 1) > 2"), "", "a number is needed here"),
    ] {
        let case = Case::new().rule("info", "rule", &when, more).log("http.jsonl", share_log());
        let (status, message) = super::case::refusal(&case);
        assert!(status == 2 && message.contains(said), "{when}: {message}");
    }
}

/// Rule 7: the only baseline of a number without groups is that of every group.
#[test]
fn a_number_without_groups_has_a_baseline_in_every_group() {
    let when = "count(http.error) by (route) >= 3 and baseline(rate(http.request), 0/min) > 10/min";
    let log = Log::new(23).minutes(30, &share_of(0.0)).minutes(5, &share_of(0.5));
    let case = Case::new().trigger("rule", when).argument("--deployed-at").argument(&format!("{DAY}T13:30:00Z"));
    let changes = case.log("http.jsonl", log.lines).run().changes("rule");
    assert!(changes.len() == 1 && changes[0].ends_with("route=/a"), "{changes:?}");
}
