//! Rule 19: the states of a trigger.

use super::case::{Case, Outcome, every_second, job, noise, trouble};

/// Trouble at the seconds given, for a minute; `when` is true for 5 s after each.
fn troubled(seconds: &[u32], more: &str) -> Vec<String> {
    let lines: Vec<String> = every_second("13:30:00", 60, |clock| {
        let second: u32 = clock[6..8].parse().expect("a second");
        if seconds.contains(&second) { trouble(clock) } else { noise(clock) }
    });
    Case::new()
        .rule("investigate", "rule", "count(job.trouble[5s]) > 0", more)
        .log("a.jsonl", lines)
        .run()
        .changes("rule")
}

/// Rule 19.
#[test]
fn without_a_hold_it_fires_at_once_and_resolves_at_once() {
    assert_eq!(troubled(&[10], ""), ["firing 13:30:11", "resolved 13:30:16"]);
}

/// Rule 19: true from 11 on, so it fires at 11 + 4.
#[test]
fn it_fires_when_it_was_true_at_every_tick_of_its_hold() {
    assert_eq!(troubled(&[10], "for = '4s'"), ["pending 13:30:11", "firing 13:30:15", "resolved 13:30:16"]);
    assert_eq!(troubled(&[10], "for = '5s'"), ["pending 13:30:11", "ok 13:30:16"]);
    assert_eq!(troubled(&[10, 15], "for = '8s'"), ["pending 13:30:11", "firing 13:30:19", "resolved 13:30:21"]);
    let interrupted = troubled(&[10, 16], "for = '8s'");
    assert_eq!(interrupted, ["pending 13:30:11", "ok 13:30:16", "pending 13:30:17", "ok 13:30:22"]);
}

/// Rule 19: false from 16 on, so it resolves at 16 + 10.
#[test]
fn it_resolves_after_being_false_long_enough() {
    assert_eq!(troubled(&[10], "resolve_after = '10s'"), ["firing 13:30:11", "resolved 13:30:26"]);
    assert_eq!(troubled(&[10, 20], "resolve_after = '10s'"), ["firing 13:30:11", "resolved 13:30:36"]);
}

/// Rule 19: an end within the hold leaves it pending.
#[test]
fn what_is_pending_at_the_end_of_the_input_is_told() {
    let lines = [noise("13:30:00"), trouble("13:30:10"), noise("13:30:12")];
    let case = |severity: &str| {
        let case = Case::new().rule(severity, "rule", "count(job.trouble) > 0", "for = '5s'").log("a.jsonl", &lines);
        case.run()
    };
    let outcome = case("rollback");
    assert_eq!(outcome.trigger("rule")["state"], "pending");
    assert_eq!((outcome.verdict(), outcome.status), ("investigate", 3));
    assert_eq!(case("investigate").verdict(), "unknown");
}

/// Jobs at these seconds with these durations; the mean over 5 s is unknown where there are none.
fn slow(jobs: &[(u32, &str)], more: &str) -> Outcome {
    let lines: Vec<String> = every_second("13:30:00", 60, |clock| {
        let second: u32 = clock[6..8].parse().expect("a second");
        let found = jobs.iter().find(|(at, _)| *at == second);
        found.map_or_else(|| noise(clock), |(_, rest)| job(clock, rest))
    });
    Case::new().rule("investigate", "rule", "mean(job.done{}.took[5s]) > 100ms", more).log("a.jsonl", lines).run()
}

/// Rule 19: true at 11 to 15, then unknown.
#[test]
fn unknown_drops_what_is_pending() {
    let outcome = slow(&[(10, "in 200 ms")], "for = '8s'");
    assert_eq!(outcome.changes("rule"), ["pending 13:30:11", "ok 13:30:16"]);
}

/// Rule 19: unknown from 16 to the end.
#[test]
fn unknown_never_resolves_what_fires() {
    let outcome = slow(&[(10, "in 200 ms")], "resolve_after = '3s'");
    assert_eq!(outcome.changes("rule"), ["firing 13:30:11"]);
    assert_eq!(outcome.trigger("rule")["state"], "firing");
}

/// Rule 19: false from 16 to 20, unknown, false again from 41: 5 s of the 7 had gone when the clock stopped.
#[test]
fn the_resolve_clock_stands_still_while_it_is_unknown() {
    let outcome = slow(&[(10, "in 200 ms"), (15, "in 50 ms"), (40, "in 50 ms")], "resolve_after = '7s'");
    assert_eq!(outcome.changes("rule"), ["firing 13:30:11", "resolved 13:30:43"]);
}

/// Rule 19.
#[test]
fn each_group_is_an_instance_of_its_own() {
    let lines = [
        noise("13:30:00"),
        job("13:30:10", "by a"),
        job("13:30:12", "by b"),
        job("13:30:13", "by a"),
        noise("13:30:40"),
    ];
    let outcome = Case::new()
        .rule("investigate", "each", "count(job.done[5s]) by (worker) > 0", "for = '3s'\nresolve_after = '2s'")
        .log("a.jsonl", lines)
        .run();
    let of = |worker: &str| -> Vec<String> {
        outcome.changes("each").into_iter().filter_map(|change| change.strip_suffix(worker).map(String::from)).collect()
    };
    assert_eq!(of(" worker=a"), ["pending 13:30:11", "firing 13:30:14", "resolved 13:30:21"]);
    assert_eq!(of(" worker=b"), ["pending 13:30:13", "firing 13:30:16", "resolved 13:30:20"]);
    assert_eq!(outcome.trigger("each")["fired"], 2);
}
