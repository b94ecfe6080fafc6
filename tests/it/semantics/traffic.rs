//! What the summary sets beside each other: requests before and since the deployment (SEMANTICS 7, and `docs/screen.md`).

use serde_json::{Value, json};

use super::case::{Case, Outcome, access, after, app, edge, every_second};
use crate::support::program::{command, run};

/// So many minutes of a request a second on `/a`, one in ten of which fails, and one in ten seconds on `/gone`; then ten
/// minutes with two a second on `/a`, a quarter of which fail, each four times as slow. Deployed at 13:30:00.
fn worse_after(minutes: u32) -> Vec<String> {
    let begin = |minutes: u32| format!("13:{:02}:00", 30 - minutes);
    let mut lines = Vec::new();
    for second in 0..60 * minutes {
        let clock = after(&begin(minutes), second);
        lines.push(edge(&clock, "/a", if second % 10 == 0 { 500 } else { 200 }, 50));
        if second % 10 == 5 {
            lines.push(edge(&clock, "/gone", 404, 2));
        }
    }
    for second in 0..600 {
        let clock = after("13:30:00", second);
        lines.push(edge(&clock, "/a", if second % 4 == 0 { 500 } else { 200 }, 200));
        lines.push(edge(&format!("{clock}.5"), "/a", if second % 4 == 2 { 500 } else { 200 }, 200));
    }
    lines
}

fn replayed(lines: &[String]) -> Outcome {
    Case::new().argument("--deployed-at").argument("2025-08-25T13:30:00Z").log("a.jsonl", lines).run()
}

fn route<'a>(outcome: &'a Outcome, path: &str) -> &'a Value {
    let routes = outcome.summary()["http"]["by_route"].as_array().expect("routes");
    routes.iter().find(|route| route["route"] == path).unwrap_or_else(|| panic!("no {path}"))
}

#[test]
fn each_route_has_what_it_was_like_before_the_deployment_beside_it() {
    let outcome = replayed(&worse_after(20));
    let http = &outcome.summary()["http"];
    assert_eq!(http["requests"], 1_200 + 120 + 1_200);
    assert_eq!(http["before"], json!({"seconds": 1_200, "requests": 1_320, "5xx": 120}));
    assert_eq!(http["since"], json!({"seconds": 600, "requests": 1_200, "5xx": 300}));
    let worse = route(&outcome, "/a");
    // What stood there before is of the whole input, as it was.
    assert_eq!((&worse["count"], &worse["5xx"]), (&json!(2_400), &json!(420)));
    let side = |side: &str| {
        let side = &worse[side];
        let rounded = |name: &str| side[name].as_f64().expect("a percentile").round();
        (side["count"].as_u64(), side["4xx"].as_u64(), side["5xx"].as_u64(), rounded("p50_ms"), rounded("p95_ms"))
    };
    assert_eq!(side("before"), (Some(1_200), Some(0), Some(120), 50.0, 50.0));
    assert_eq!(side("since"), (Some(1_200), Some(0), Some(300), 200.0, 200.0));
    assert_eq!(worse["change"], json!({"count": "more", "4xx": null, "5xx": "more", "p50": "more", "p95": "more"}));
    let gone = route(&outcome, "/gone");
    assert_eq!((&gone["before"]["count"], &gone["since"]["count"]), (&json!(120), &json!(0)));
    assert_eq!(gone["change"], json!({"count": "less", "4xx": null, "5xx": null, "p50": null, "p95": null}));
}

/// Rule 7: of less than five minutes nothing is known.
#[test]
fn a_log_that_begins_shortly_before_the_deployment_has_nothing_to_compare_with() {
    let outcome = replayed(&worse_after(4));
    assert_eq!(outcome.summary()["http"]["before"], Value::Null);
    assert_eq!(outcome.summary()["http"]["since"]["requests"], 1_200);
    for path in ["/a", "/gone"] {
        assert_eq!(route(&outcome, path)["before"], Value::Null);
        assert!(route(&outcome, path)["change"].as_object().unwrap().values().all(Value::is_null));
    }
}

/// What is compared with is what `baseline(…)` is of.
#[test]
fn the_requests_before_are_those_of_the_baseline() {
    let share = "count(http.error) by (route) / count(http.request) by (route)";
    let when = format!("count(http.error) by (route) >= 20 and {share} > 2 * baseline({share})");
    let case = Case::new().trigger("worse", &when).argument("--deployed-at").argument("2025-08-25T13:30:00Z");
    // A start and its first minute, and what the old deployment does before that, are no part of it.
    let mut lines = worse_after(30);
    lines.insert(660, app("13:10:00", "info", "INFO:     Started server process [1]"));
    let outcome = case.log("a.jsonl", lines).run();
    let before = &route(&outcome, "/a")["before"];
    assert_eq!(before["count"], 1_200 - 60);
    let baseline = &outcome.trigger("worse")["baseline"];
    assert_eq!(baseline["samples"], before["count"]);
    assert_eq!(
        baseline["value"].as_f64().expect("a baseline"),
        before["5xx"].as_f64().expect("failures") / before["count"].as_f64().expect("requests")
    );
}

/// Rule 18: requests before and after are seen the same way as all others.
#[test]
fn requests_that_both_logs_tell_of_are_compared_once() {
    let lines = every_second("13:20:00", 1_200, |clock| edge(clock, "/a", 200, 20));
    let told = every_second("13:20:00", 1_200, |clock| access(clock, "/a", 200));
    let case = Case::new().argument("--deployed-at").argument("2025-08-25T13:30:00Z");
    let outcome = case.log("http.jsonl", lines).log("app.jsonl", told).run();
    let sides = |side: &str| route(&outcome, "/a")[side]["count"].clone();
    assert_eq!((sides("before"), sides("since")), (json!(600), json!(600)));
}

/// Rule 14: the same by any number of threads, from two files in either order, and through a pipe.
#[test]
fn the_way_the_input_comes_changes_nothing_about_it() {
    let told = |outcome: &Outcome| outcome.summary()["http"].clone();
    let case = || Case::new().argument("--deployed-at").argument("2025-08-25T13:30:00Z");
    let lines = worse_after(20);
    let whole = told(&case().log("a.jsonl", &lines).run());
    assert_eq!(whole["before"]["requests"], 1_320);
    assert_eq!(told(&case().log("a.jsonl", &lines).pipe()), whole);
    for jobs in ["1", "3"] {
        assert_eq!(told(&case().argument("-j").argument(jobs).log("a.jsonl", &lines).run()), whole);
    }
    let of = |parity: usize| -> Vec<String> { lines.iter().skip(parity).step_by(2).cloned().collect() };
    for order in [[0, 1], [1, 0]] {
        assert_eq!(told(&case().log("a.jsonl", of(0)).log("b.jsonl", of(1)).run_in_order(&order)), whole);
    }
}

#[test]
fn the_screen_compares_rates_and_shares_and_marks_what_changed() {
    let log = Case::new().log("a.jsonl", worse_after(20));
    let mut command = command(&["replay", "--deployed-at", "2025-08-25T13:30:00Z"]);
    let told = run(command.arg(log.file("a.jsonl"))).out;
    let table: Vec<&str> = told.lines().skip_while(|line| !line.starts_with("TRAFFIC")).take(4).collect();
    assert_eq!(
        table,
        [
            "TRAFFIC  1200 requests since the deployment, 300 5xx (25 %)",
            "  before 20m → after 10m          n a minute          4xx        5xx            p50            p95",
            "  GET /a                            60 → 120 ↑    0 → 0 %  10 → 25 % ↑  50 → 200 ms ↑  50 → 200 ms ↑",
            "  GET /gone                            6 → 0 ↓  100 % → –    0 % → –       2 ms → –       2 ms → –",
        ],
        "{told}"
    );
}
