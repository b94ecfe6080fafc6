//! Rule 9: what may hold before its window was observed in full.

use serde_json::json;

use super::case::{Case, edge, every_second, job, noise};

/// A job every 10 s for 100 s; the input begins with the deployment.
fn sparse() -> Vec<String> {
    every_second("13:30:00", 100, |clock| if clock.as_bytes()[7] == b'5' { job(clock, "") } else { noise(clock) })
}

fn changes(when: &str, lines: Vec<String>) -> Vec<String> {
    Case::new().trigger("rule", when).log("a.jsonl", lines).run().changes("rule")
}

/// Rule 9: the window of a minute was observed in full at 13:31:00.
#[test]
fn what_more_data_could_make_false_waits_for_its_whole_window() {
    for when in [
        "count(job.done[1m]) < 9",
        "count(job.done[1m]) <= 6",
        "count(job.done[1m]) == 6",
        "rate(job.done[1m]) < 1/s",
        "absent(job.trouble[1m])",
        "count(job.trouble[1m]) == 0",
    ] {
        assert_eq!(changes(when, sparse()), ["firing 13:31:00"], "{when}");
    }
}

/// Rule 9: the same comparison, written the other way round.
#[test]
fn a_mirrored_comparison_waits_for_its_whole_window() {
    for when in ["9 > count(job.done[1m])", "6 >= count(job.done[1m])", "6 == count(job.done[1m])"] {
        assert_eq!(changes(when, sparse()), ["firing 13:31:00"], "{when}");
    }
}

/// Rule 9: and denied.
#[test]
fn a_denied_comparison_waits_for_its_whole_window() {
    for when in ["not count(job.done[1m]) > 8", "not (count(job.done[1m]) >= 7)", "not (8 < count(job.done[1m]))"] {
        assert_eq!(changes(when, sparse()), ["firing 13:31:00"], "{when}");
    }
}

/// Rule 9.
#[test]
fn what_more_data_can_only_confirm_may_hold_at_once() {
    for when in ["count(job.done[1m]) > 1", "count(job.done[1m]) >= 2", "2 <= count(job.done[1m])"] {
        assert_eq!(changes(when, sparse()), ["firing 13:30:16"], "{when}");
    }
}

/// Rule 9: it waits for its own window and not for a longer one beside it.
#[test]
fn each_comparison_waits_for_its_own_window() {
    let both = "count(job.done[10s]) < 9 and count(job.done[1m]) > 1";
    assert_eq!(changes(both, sparse()), ["firing 13:30:16"]);
    assert_eq!(changes("count(job.done[10s]) < 9 and count(job.done[30s]) < 9", sparse()), ["firing 13:30:30"]);
}

/// Rule 9: the app's log begins 30 s after that of its edge.
#[test]
fn a_window_is_observed_by_the_sources_that_could_carry_the_class() {
    let outcome = Case::new()
        .trigger("quiet", "count(job.done[1m]) < 9")
        .log("http.jsonl", every_second("13:30:00", 120, |clock| edge(clock, "/a", 200, 5)))
        .log("app.jsonl", every_second("13:30:30", 90, noise))
        .run();
    assert_eq!(outcome.changes("quiet"), ["firing 13:31:30"]);
}

const NO_FAILURES: &str = "zero(http.error of http.request)[1m]";

fn zero(requests: u32) -> super::case::Outcome {
    let mut lines = every_second("13:30:00", requests, |clock| edge(clock, "/a", 200, 5));
    lines.extend(every_second("13:30:40", 50, noise));
    Case::new().rule("info", "clean", NO_FAILURES, "min_samples = 10").log("a.jsonl", lines).run()
}

/// Rule 9.
#[test]
fn zero_failures_are_zero_of_enough_and_over_the_whole_window() {
    assert_eq!(zero(20).changes("clean")[0], "firing 13:31:00");
    for requests in [0, 1, 9] {
        let outcome = zero(requests);
        assert_eq!(
            (outcome.changes("clean"), &outcome.trigger("clean")["state"]),
            (vec![], &json!("unknown")),
            "{requests}"
        );
    }
}

/// Rule 9.
#[test]
fn one_failure_is_not_zero() {
    let mut lines = every_second("13:30:00", 70, |clock| edge(clock, "/a", 200, 5));
    lines[5] = edge("13:30:05", "/a", 500, 5);
    let outcome = Case::new().rule("info", "clean", NO_FAILURES, "").log("a.jsonl", lines).run();
    assert_eq!(outcome.changes("clean"), ["firing 13:31:06"], "when the failure has left the window");
}
