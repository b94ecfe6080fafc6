//! Rules 7 and 20: what a hard number is read beside, the same value before the deployment.

use serde_json::{Value, json};

use super::case::{Case, Outcome, access, after, app, every_second, trouble};
use crate::support::program::{command, run};

const SHARE: &str = "count(http.request{status=5xx}) / count(http.request)";

/// Half an hour with a request a second, of which so many in a hundred fail, then ten minutes with so many; deployed between.
fn failing(before: u32, since: u32) -> Vec<String> {
    let line = |second: u32, share: u32| {
        // Spread, so that every stretch has its part.
        let fails = second * share % 100 < share;
        access(&after("13:00:00", second), "/a", if fails { 500 } else { 200 })
    };
    (0..1_800).map(|second| line(second, before)).chain((1_800..2_400).map(|second| line(second, since))).collect()
}

fn judged(lines: &[String], severity: &str, when: &str, more: &str) -> Outcome {
    let case = Case::new().rule(severity, "rule", when, more);
    case.argument("--deployed-at").argument("2025-08-25T13:30:00Z").log("a.jsonl", lines).run()
}

/// What it was compared with in the event that it fired, and at the end.
fn before(outcome: &Outcome) -> &Value {
    let fired = outcome.events("rule").into_iter().find(|event| event["state"] == "firing").expect("it fired");
    assert_eq!(fired["baseline"], outcome.trigger("rule")["baseline"]);
    &fired["baseline"]
}

#[test]
fn a_hard_number_has_what_was_before_beside_it() {
    for (then, as_before) in [(6, true), (4, false), (0, false)] {
        let outcome =
            judged(&failing(then, 11), "rollback", &format!("{SHARE} > 5%"), "for = '30s'\nconfidence = 0.95");
        let told = before(&outcome);
        assert_eq!((&told["samples"], &told["as_before"]), (&json!(1_800), &json!(as_before)), "{then}");
        assert_eq!(told["value"], json!(f64::from(then) / 100.0));
        // It fires as the plan says, whatever was before.
        assert_eq!(outcome.verdict(), "rollback");
        let reasons = outcome.summary()["reasons"].to_string();
        assert_eq!(reasons.contains("it was much the same before the deployment"), as_before, "{reasons}");
    }
}

/// What was as bad once, and is far worse now, is not as before.
#[test]
fn what_is_far_worse_is_not_as_before() {
    let outcome = judged(&failing(6, 30), "rollback", &format!("{SHARE} > 5%"), "confidence = 0.95");
    assert_eq!((&before(&outcome)["value"], &before(&outcome)["as_before"]), (&json!(0.06), &json!(false)));
    let lower = format!("100% - {SHARE} < 60%");
    assert!(judged(&failing(50, 50), "rollback", &lower, "").trigger("rule")["baseline"].is_null());
}

/// A number of events in a window is read beside how many there were on average in as long a window.
#[test]
fn a_count_has_the_average_of_its_window_beside_it() {
    let mut lines = every_second("13:00:00", 2_400, |clock| access(clock, "/a", 200));
    for second in (0..2_400).step_by(60) {
        lines.insert(second + second / 60, trouble(&after("13:00:00", second as u32)));
    }
    let outcome = judged(&lines, "investigate", "count(job.trouble[5m]) > 0", "");
    assert_eq!(*before(&outcome), json!({"value": 5.0, "samples": 30, "as_before": true}));
    // One a minute is seen in the first second of five minutes.
    assert_eq!(outcome.trigger("rule")["value"], 1.0);
    // An alternative has its own, and a guard is none.
    let either = "count(job.trouble[1m]) > 7 or (count(http.request) > 0 and count(job.trouble[1m]) >= 1)";
    assert_eq!(before(&judged(&lines, "investigate", either, ""))["value"], 1.0);
    // Nothing is worse than nothing.
    let first = [every_second("13:00:00", 1_900, |clock| access(clock, "/a", 200)), vec![trouble("13:31:40")]].concat();
    let outcome = judged(&first, "investigate", "count(job.trouble[5m]) > 0", "");
    assert_eq!(*before(&outcome), json!({"value": 0.0, "samples": 0, "as_before": false}));
}

/// Rule 7: of less than five minutes, or of fewer than 20 requests, nothing is known.
#[test]
fn without_a_baseline_there_is_nothing_beside_it() {
    let short = &failing(6, 7)[1_600..];
    assert!(before(&judged(short, "rollback", "count(http.error[5m]) > 2", ""))["value"].is_null());
    assert!(before(&judged(&failing(6, 7)[1_790..], "rollback", &format!("{SHARE} > 5%"), ""))["value"].is_null());
}

/// By group, each has its own.
#[test]
fn each_group_has_its_own() {
    let line =
        |second: u32, path: &str, fails: bool| access(&after("13:00:00", second), path, if fails { 500 } else { 200 });
    let lines: Vec<String> = (0..2_400)
        .flat_map(|second| {
            let is_after = second >= 1_800;
            [line(second, "/always", second % 10 == 0), line(second, "/now", is_after && second % 10 == 0)]
        })
        .collect();
    let when =
        "count(http.error) by (route) >= 3 and count(http.error) by (route) / count(http.request) by (route) > 2%";
    let outcome = judged(&lines, "investigate", when, "confidence = 0.95");
    let of = |route: &str| {
        let event =
            outcome.events("rule").into_iter().find(|event| event["group"]["route"] == route).expect("it fired");
        event["baseline"].clone()
    };
    assert_eq!(of("/always"), json!({"value": 0.1, "samples": 1_800, "as_before": true}));
    assert_eq!(of("/now"), json!({"value": 0.0, "samples": 1_800, "as_before": false}));
    // Not all of what fired was so before.
    assert!(!outcome.summary()["reasons"].to_string().contains("much the same"));
}

/// What people see.
#[test]
fn the_screen_says_so_in_words() {
    let leak = "ERROR:sqlalchemy.pool.impl.QueuePool:The garbage collector is trying to clean up non-checked-in connection <x>";
    let mut lines = failing(6, 11);
    for second in (0..2_400).step_by(60) {
        lines.insert(second + second / 60, app(&after("13:00:00", second as u32), "error", leak));
    }
    let lines: Vec<String> = lines.iter().map(|line| line.replace("GET /a ", "GET /api/user/exchanges ")).collect();
    let log = Case::new().log("a.jsonl", lines);
    let mut command = command(&["replay", "--plan", "dl-034", "--deployed-at", "2025-08-25T13:30:00Z"]);
    let told = run(command.arg(log.file("a.jsonl"))).out;
    assert!(told.contains("; as before: 6 % of 1800) > 5 % for 30 s"), "{told}");
    assert!(told.contains("1 (as before: 5): Connections are not given back"), "{told}");
}

/// What is shown beside a rule does not change which groups it looks at: those of its own windows.
#[test]
fn a_rule_looks_at_the_groups_of_its_own_windows() {
    let mut lines = every_second("13:30:00", 120, |clock| access(clock, "/a", 200));
    lines.insert(20, access("13:30:20", "/b", 200));
    let case = Case::new()
        .trigger("silent", "count(http.request[10s]) by (route) < 1")
        .trigger("both", "count(http.request[10s]) by (method, route) < 1");
    let outcome = case.log("a.jsonl", lines).run();
    assert_eq!((outcome.changes("silent"), outcome.changes("both")), (vec![], vec![]));
}

/// Half an hour of a deployment whose requests fail from the 25th minute on, so many in a hundred; then the next one.
fn deployed_amid_failures(before: u32, since: u32, when: &str) -> Outcome {
    let container = |clock, what: &str| app(clock, "info", &format!("{what} Container"));
    let mut lines = vec![container("13:00:00", "Starting")];
    lines.extend((1..2_400).map(|second| {
        let share = if second < 1_500 {
            0
        } else if second < 1_800 {
            before
        } else {
            since
        };
        access(&after("13:00:00", second), "/a", if second * share % 100 < share { 500 } else { 200 })
    }));
    lines.insert(1_800, container("13:30:00", "Starting"));
    lines.insert(1_805, container("13:30:04", "Stopping"));
    Case::new().rule("rollback", "rule", when, "confidence = 0.95").log("a.jsonl", &lines).run()
}

/// Rule 20: what was firing when the deployment came was not brought by it, though the hour before was mostly well.
#[test]
fn what_fires_on_over_a_deployment_is_no_rollback() {
    let worse = format!("{SHARE} > 10% and {SHARE} > 2 * baseline({SHARE}, 0%)");
    let going_on = deployed_amid_failures(25, 25, &worse);
    assert_eq!(going_on.verdict(), "investigate");
    assert!(going_on.summary()["reasons"].to_string().contains("as it did when the deployment came"));
    assert_eq!(deployed_amid_failures(0, 25, &worse).verdict(), "rollback");
    assert_eq!(deployed_amid_failures(15, 90, &worse).verdict(), "rollback");
    // A hard number does not ask what was before.
    assert_eq!(deployed_amid_failures(25, 25, &format!("{SHARE} > 10%")).verdict(), "rollback");
}
