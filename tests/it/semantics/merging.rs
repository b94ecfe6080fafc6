//! Rules 14 and 15: any split gives the same bytes, and long windows use panes.

use std::path::PathBuf;

use serde_json::Value;

use super::case::{Case, Outcome, access, after, app, edge, every_second, job, noise, trouble};
use super::live::Live;
use crate::support::packed::gzip;

/// A log with something of everything: 5 minutes, five lines a second.
fn mixed() -> Vec<String> {
    let second = |clock: &str| {
        let digit = u64::from(clock.as_bytes()[7] - b'0');
        let status = if digit == 3 { 500 } else { 200 };
        let worker = clock.as_bytes()[4] - b'0';
        [
            access(clock, "/a", status),
            edge(clock, "/b/17", 200, 40 * digit),
            job(clock, &format!("by w{worker} in {} ms", 7 * digit)),
            app(clock, "error", &format!("ERROR:jobs:name 'x{digit}' is not defined")),
            if digit == 7 { traceback(clock) } else { noise(clock) },
        ]
        .join("\n")
    };
    every_second("13:30:00", 300, second).join("\n").lines().map(String::from).collect()
}

fn traceback(clock: &str) -> String {
    let lines =
        ["Traceback (most recent call last):", "  File \"/srv/app/a.py\", line 4, in f", "    g()", "ValueError: no"];
    lines.map(|line| app(clock, "error", line)).join("\n")
}

fn rules(case: Case) -> Case {
    case.trigger("errors", "count(http.error[20s]) / count(http.request[20s]) > 4%")
        .rule("investigate", "workers", "count(job.done[30s]) by (worker) > 20", "for = '5s'\nresolve_after = '5s'")
        .rule("investigate", "slow", "p95(job.done{}.took[30s]) > 50ms", "")
        .rule("investigate", "streak", "streak(http.request{status=5xx} of http.request) >= 1", "")
        .rule("investigate", "gap", "gap(python.exception) > 9s", "")
        .kpi("last(job.done{}.took)", ">= 0s")
        .kpi("mean(job.done{}.took)", ">= 0s")
        .kpi("distinct(job.done{}.worker[deploy])", ">= 0")
}

/// Rule 14: fed line by line, in odd pieces, and whole.
#[test]
fn any_split_of_the_input_gives_the_same_answer() {
    let lines = mixed();
    let run = |size: usize| {
        let mut live = Live::new(&rules(Case::new()));
        let source = live.source("a.jsonl");
        let mut changes: Vec<String> = lines.chunks(size).flat_map(|part| live.feed(source, part)).collect();
        let (last, summary) = live.finish();
        changes.extend(last);
        (changes, serde_json::to_value(summary).expect("a summary is JSON"))
    };
    let whole = run(lines.len());
    assert!(whole.0.len() > 10, "{:?}", whole.0);
    for size in [1, 2, 7, 61, 500] {
        assert_eq!(run(size), whole, "{size} lines a piece");
    }
}

/// Rule 14: the same bytes of output by file, compressed file and any number of threads.
#[test]
fn the_way_the_input_comes_does_not_change_a_byte() {
    let case = rules(Case::new()).log("a.jsonl", mixed());
    let plain = case.file("a.jsonl");
    let folder = case.file("packed");
    std::fs::create_dir(&folder).expect("a folder");
    let packed = folder.join("a.jsonl");
    let bytes = gzip(&std::fs::read(&plain).expect("the log is there"));
    std::fs::write(&packed, &bytes).expect("the log is written");
    let output = |jobs: &str, input: &PathBuf| {
        let output =
            case.command(&["replay", "-j", jobs], std::slice::from_ref(input)).output().expect("the program runs");
        String::from_utf8(output.stdout).expect("JSON is UTF-8")
    };
    let one = output("1", &plain);
    assert!(one.lines().count() > 10);
    assert_eq!(output("3", &plain), one);
    assert_eq!(output("2", &packed).replace(&format!("\"bytes\":{}", bytes.len()), ""), one);
}

/// Rule 14: what happened at the same time is ordered by its content, not by who came first.
#[test]
fn ties_are_broken_by_content() {
    let lines =
        [job("13:30:01", "by a in 100 ms"), job("13:30:01", "by b in 300 ms"), job("13:30:01", "by c in 200 ms")];
    let run = |order: [usize; 3]| {
        let case = Case::new()
            .trigger("jobs", "count(job.done) > 2")
            .kpi("first(job.done{}.took)", ">= 0s")
            .kpi("last(job.done{}.took)", ">= 0s")
            .kpi("streak(job.done{took>=200ms} of job.done)", ">= 0");
        let outcome = case.log("a.jsonl", order.map(|at| lines[at].clone())).run();
        let evidence: Vec<Value> = outcome.events("jobs")[0]["evidence"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|line| line["line"].clone())
            .collect();
        (outcome.summary()["kpis"].clone(), evidence)
    };
    let first = run([0, 1, 2]);
    assert_eq!(first.1.len(), 3);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(run(order), first);
    }
}

/// Rule 14.
#[test]
fn evidence_is_the_first_lines_by_time_then_text() {
    let clocks = ["13:30:01.4", "13:30:01.1", "13:30:01.3", "13:30:01.2", "13:30:01.1"];
    let names = ["d", "b", "c", "e", "a"];
    let lines: Vec<String> = clocks.iter().zip(names).map(|(clock, name)| job(clock, &format!("by {name}"))).collect();
    let outcome = Case::new().trigger("jobs", "count(job.done) > 4").log("a.jsonl", lines).run();
    let evidence = outcome.events("jobs")[0]["evidence"].as_array().expect("evidence");
    let shown: Vec<&str> = evidence.iter().map(|line| line["line"].as_str().unwrap_or_default()).collect();
    let expected = ["a", "b", "e", "c", "d"].map(|name| format!("INFO:jobs:job done by {name}"));
    assert!(!shown.is_empty());
    assert_eq!(shown, expected[..shown.len()]);
}

/// Rule 14: of the events that are counted, not of all of their class.
#[test]
fn evidence_is_of_events_that_pass_the_tests_on_values() {
    let line = |at: u64| {
        let milliseconds = if at % 20 == 19 { 4_000 } else { 5 + at };
        edge(&format!("13:30:{:02}.{}", at / 4, at % 4), &format!("/{at}"), 200, milliseconds)
    };
    let outcome = Case::new()
        .trigger("slow", "count(http.request{duration>3s}) > 1")
        .trigger("slowest", "count(http.request{duration>9s}) > 0 or count(http.request{duration>3s}) > 1")
        .trigger("median", "count(http.request{status=2xx}) >= 3 and p50(http.request{status=2xx}.duration) > 0s")
        .trigger("in-a-row", "streak(http.request{duration>3s} of http.request) >= 1")
        .log("http.jsonl", (0..40).map(line).collect::<Vec<_>>())
        .run();
    let shown = |id: &str| -> Vec<String> {
        let evidence = outcome.events(id)[0]["evidence"].as_array().cloned().unwrap_or_default();
        evidence.iter().map(|line| line["line"].as_str().unwrap_or_default().to_string()).collect()
    };
    assert_eq!(shown("slow"), ["GET /19 200 4000ms", "GET /39 200 4000ms"]);
    assert_eq!(shown("slowest"), ["GET /19 200 4000ms", "GET /39 200 4000ms"]);
    // That there are enough for a percentile shows nothing of it.
    assert_eq!(shown("median"), [""; 0]);
    assert_eq!(shown("in-a-row"), ["GET /19 200 4000ms"]);
}

/// Rule 14: 0 within a second; the step from :10 to :25 otherwise.
#[test]
fn gaps_are_between_occupied_seconds() {
    let gap = |clocks: &[&str]| {
        let lines: Vec<String> = clocks.iter().map(|clock| job(clock, "")).collect();
        Case::new().kpi("gap(job.done)", ">= 0s").log("a.jsonl", lines).run().value("gap(job.done)")
    };
    assert_eq!(gap(&["13:30:10", "13:30:10.999"]), Some(0.0));
    assert_eq!(gap(&["13:30:10.1", "13:30:10.9", "13:30:25", "13:30:26"]), Some(15.0));
    assert_eq!(gap(&["13:30:10.999", "13:30:12"]), Some(2.0));
}

/// Rule 14: sums are of integers, so a tenth ten times is one.
#[test]
fn sums_are_exact() {
    let lines = every_second("13:30:00", 10, |clock| job(clock, "in 100 ms"));
    let outcome = Case::new().kpi("sum(job.done{}.took)", ">= 0s").log("a.jsonl", lines).run();
    assert_eq!(outcome.value("sum(job.done{}.took)"), Some(1.0));
}

fn crowded(events: u32) -> Outcome {
    let lines: Vec<String> = (0..events).map(|at| job("13:30:01", &format!("by w{at} in 1 ms"))).collect();
    Case::new().kpi("streak(job.done{took>0s} of job.done)", ">= 0").log("a.jsonl", lines).run()
}

/// Rule 14.
#[test]
fn a_streak_of_more_than_4096_events_a_second_is_unknown() {
    let id = "streak(job.done{took>0s} of job.done)";
    assert_eq!(crowded(4_096).value(id), Some(4_096.0));
    assert_eq!(crowded(4_097).value(id), None);
}

/// Rule 14.
#[test]
fn a_streak_that_is_unknown_for_its_crowd_is_said_to_be() {
    assert_ne!(crowded(4_097).summary()["unknown"], crowded(4_096).summary()["unknown"]);
}

/// Rule 14: of more routes than are kept apart, the same are kept from either end.
#[test]
fn the_cap_on_label_values_does_not_keep_the_first_seen() {
    let run = |order: &dyn Fn(u32) -> u32| {
        let name = |at: u32| format!("/r{}{}", char::from(b'a' + (at / 26) as u8), char::from(b'a' + (at % 26) as u8));
        let lines: Vec<String> = (0..600).map(|at| access(&after("13:30:00", at), &name(order(at)), 200)).collect();
        let outcome = Case::new().log("a.jsonl", lines).run();
        assert!(outcome.summary()["overflowed"].as_u64() > Some(0), "the overflow is reported");
        assert_eq!(outcome.requests(), 600);
        outcome.summary()["http"]["by_route"].clone()
    };
    assert_eq!(run(&|at| at), run(&|at| 599 - at));
}

/// Rule 14: and so for the groups of a trigger.
#[test]
fn the_cap_on_groups_does_not_keep_the_first_seen() {
    let run = |order: &dyn Fn(u32) -> u32| {
        let lines: Vec<String> =
            (0..1_100).map(|at| job(&after("13:30:00", at / 20), &format!("by w{}", order(at)))).collect();
        let outcome = Case::new()
            .rule("info", "each", "count(job.done) by (worker) > 0", "for = '1m'")
            .log("a.jsonl", [lines, vec![noise("13:32:30")]].concat())
            .run();
        let mut groups: Vec<String> = outcome
            .changes("each")
            .iter()
            .filter(|change| change.starts_with("firing"))
            .map(|change| change[16..].to_string())
            .collect();
        groups.sort();
        groups
    };
    let groups = run(&|at| at);
    assert!((900..1_100).contains(&groups.len()), "{}", groups.len());
    assert_eq!(groups, run(&|at| 1_099 - at));
}

/// When an event at 13:30:05 leaves a window; a line every half hour, so that no clock seems wrong.
fn leaves(window: &str) -> String {
    let later = (1..6).map(|half_hours| noise(&after("13:30:30", half_hours * 1_800)));
    let lines: Vec<String> = [noise("13:30:00"), trouble("13:30:05")].into_iter().chain(later).collect();
    let case = Case::new().header("duration = '20h'").trigger("trouble", &format!("count(job.trouble[{window}]) > 0"));
    case.log("a.jsonl", lines).run().changes("trouble").pop().expect("it fired")
}

/// Rule 15: panes of 1 s up to 10 minutes, of 10 s above, of 1 min above an hour, aligned to the epoch.
#[test]
fn long_windows_let_go_of_whole_panes() {
    assert_eq!(leaves("10m"), "resolved 13:40:06");
    assert_eq!(leaves("11m"), "resolved 13:41:10");
    assert_eq!(leaves("1h"), "resolved 14:30:10");
    assert_eq!(leaves("2h"), "resolved 15:31:00");
}

/// Rule 15: panes of 1 h above a day.
#[test]
fn windows_of_more_than_a_day_let_go_of_whole_hours() {
    let later = |clock: &str, day: u32| noise(clock).replace("2025-08-25", &format!("2025-08-{day}"));
    let lines = [
        noise("13:30:00"),
        trouble("13:30:05"),
        later("12:00:00", 26),
        later("12:30:00", 26),
        later("12:00:00", 27),
        later("12:00:01", 27),
        later("16:00:00", 27),
        later("16:00:01", 27),
    ];
    let case =
        Case::new().header("duration = '7d'").trigger("trouble", "count(job.trouble[2d]) > 0").log("a.jsonl", lines);
    assert_eq!(case.run().changes("trouble").pop().as_deref(), Some("resolved 2025-08-27T14:00:00"));
}

/// Rule 15.
#[test]
fn totals_since_the_deployment_let_go_of_nothing() {
    let lines =
        every_second("13:30:00", 7_200, |clock| if clock.ends_with("00") { job(clock, "") } else { noise(clock) });
    let outcome =
        Case::new().kpi("count(job.done[deploy])", ">= 0").kpi("count(job.done)", ">= 0").log("a.jsonl", lines).run();
    assert_eq!((outcome.value("count(job.done[deploy])"), outcome.value("count(job.done)")), (Some(120.0), Some(5.0)));
}
