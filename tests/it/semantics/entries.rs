//! Rules 16 and 17: what is one entry, and what is one failure.

use serde_json::json;

use super::case::{Case, Outcome, after, app, clock, noise, replica};
use super::live::Live;

const TRACEBACK: [&str; 4] = [
    "ERROR:services.ledger:❌ Traceback: Traceback (most recent call last):",
    "  File \"/srv/app/ledger.py\", line 41, in post",
    "    total = rows[key]",
    "KeyError: 'eth'",
];

fn of_type(name: &str) -> [String; 4] {
    let mut lines = TRACEBACK.map(String::from);
    lines[3] = format!("{name}: no such thing");
    lines
}

fn exceptions(outcome: &Outcome) -> Vec<(String, u64)> {
    let list = outcome.summary()["exceptions"].as_array().expect("a list");
    let mut found: Vec<_> = list
        .iter()
        .map(|item| (item["type"].as_str().unwrap_or_default().to_string(), item["count"].as_u64().unwrap_or_default()))
        .collect();
    found.sort();
    found
}

/// Rule 16: the raw level tells the two streams apart; the head's own level word does not.
#[test]
fn a_line_of_the_other_stream_within_a_traceback_belongs_to_nobody() {
    let mut lines: Vec<String> = TRACEBACK.iter().map(|line| app("13:30:05", "error", line)).collect();
    lines.insert(2, app("13:30:05", "info", "    an indented line of standard output"));
    lines.insert(4, app("13:30:05", "info", "INFO:     100.64.0.2:40112 - \"GET /a HTTP/1.1\" 200 OK"));
    let outcome = Case::new().log("a.jsonl", lines).run();
    assert_eq!(exceptions(&outcome), [("KeyError".into(), 1)]);
    assert_eq!((outcome.input("merged"), outcome.input("classified"), outcome.input("unclassified")), (3, 2, 1));
    assert_eq!((outcome.requests(), outcome.count("app.error")), (1, 0));
}

/// Rule 16.
#[test]
fn tracebacks_of_two_replicas_do_not_mix() {
    let (one, other) = (of_type("KeyError"), of_type("ValueError"));
    let lines: Vec<String> = (0..4)
        .flat_map(|at| [replica("one", "13:30:05", &one[at]), replica("other", "13:30:05", &other[at])])
        .collect();
    let outcome = Case::new().log("a.jsonl", lines).run();
    assert_eq!(exceptions(&outcome), [("KeyError".into(), 1), ("ValueError".into(), 1)]);
    assert_eq!(outcome.input("merged"), 6);
}

/// Rule 16: two sources are two keys, too. They share no line, or it would be one record that both hold.
#[test]
fn tracebacks_of_two_sources_do_not_mix() {
    let log = |name: &str| {
        of_type(name).map(|line| app("13:30:05", "error", &line.replace("ledger", name).replace("rows", name)))
    };
    let outcome = Case::new().log("one.jsonl", log("KeyError")).log("other.jsonl", log("ValueError")).run();
    assert_eq!(exceptions(&outcome), [("KeyError".into(), 1), ("ValueError".into(), 1)]);
}

/// Rule 16.
#[test]
fn a_traceback_ends_with_the_first_record_of_its_key_that_does_not_continue_it() {
    let mut lines: Vec<String> = TRACEBACK.iter().map(|line| app("13:30:05", "error", line)).collect();
    lines.push(app("13:30:05.1", "error", "INFO:services.ledger:posting again"));
    lines.push(app("13:30:05.2", "error", "    total = rows[key]"));
    let outcome = Case::new().log("a.jsonl", lines).run();
    assert_eq!((exceptions(&outcome), outcome.input("merged")), (vec![("KeyError".into(), 1)], 3));
}

/// Rule 16.
#[test]
fn a_traceback_ends_when_the_watermark_has_passed_its_last_record_by_a_second() {
    let run = |moved: &str| {
        let head = TRACEBACK[..3].iter().map(|line| app("13:30:05", "error", line));
        let rest = [app(moved, "info", "INFO:jobs:nothing to do"), app("13:30:07.5", "error", TRACEBACK[3])];
        Case::new().log("a.jsonl", head.chain(rest).collect::<Vec<_>>()).run().input("merged")
    };
    assert_eq!(run("13:30:07.999"), 3, "the watermark is 13:30:05.999");
    assert_eq!(run("13:30:08"), 2, "the watermark is 13:30:06");
}

/// Rule 16.
#[test]
fn a_traceback_holds_at_most_500_records() {
    let frames = (0..400).flat_map(|_| [TRACEBACK[1], TRACEBACK[2]]);
    let lines: Vec<String> = [TRACEBACK[0]]
        .into_iter()
        .chain(frames)
        .chain([TRACEBACK[3]])
        .map(|line| app("13:30:05", "error", line))
        .collect();
    let outcome = Case::new().log("a.jsonl", lines).run();
    // The rest begins with a line of source, which stands alone; what names the exception is an entry of its own.
    assert_eq!((outcome.input("lines"), outcome.input("merged")), (802, 499 + 300));
    assert_eq!(exceptions(&outcome), [("KeyError".into(), 1)]);
}

/// Rule 16: frames of 8 KiB each; the eighth no longer fits beside the head.
#[test]
fn a_traceback_holds_at_most_64_kib() {
    let source = format!("    {}", "x".repeat((8 << 10) - 4));
    let frames = (0..20).flat_map(|_| [TRACEBACK[1], &source]);
    let lines: Vec<String> =
        [TRACEBACK[0]].into_iter().chain(frames).map(|line| app("13:30:05", "error", line)).collect();
    let outcome = Case::new().log("a.jsonl", lines).run();
    assert_eq!(outcome.input("merged"), 15, "seven frames of two lines, and the head of the eighth");
}

/// Rule 16.
#[test]
fn a_traceback_s_time_is_that_of_its_first_record() {
    let clocks = ["13:30:05.999", "13:30:06.001", "13:30:06.002", "13:30:06.9"];
    let lines: Vec<String> = TRACEBACK.iter().zip(clocks).map(|(line, clock)| app(clock, "error", line)).collect();
    let case = Case::new().trigger("failed", "count(python.exception) > 0");
    let outcome = case.log("a.jsonl", [vec![noise("13:30:00")], lines, vec![noise("13:30:30")]].concat()).run();
    assert_eq!(outcome.changes("failed"), ["firing 13:30:06"]);
    assert_eq!(clock(&outcome.summary()["exceptions"][0]["first"]), "13:30:05.999");
}

/// Rule 16: wherever the input is cut, the head and the tail find each other.
#[test]
fn a_traceback_may_span_fragments() {
    let lines: Vec<String> = TRACEBACK.iter().map(|line| app("13:30:05", "error", line)).collect();
    for cut in 0..=lines.len() {
        let mut live = Live::new(&Case::new());
        let source = live.source("stdin");
        for part in [&lines[..cut], &lines[cut..]] {
            live.feed(source, part);
        }
        let (_, summary) = live.finish();
        assert_eq!(
            (summary.exceptions.len(), summary.exceptions[0].seen.count, summary.input.merged),
            (1, 1, 3),
            "{cut}"
        );
    }
}

/// What one failure of the selection writes, in the order it is written.
fn failure(clock: &str) -> Vec<String> {
    [
        "WARNING:services.selector:⚠️ Error extracting manipulation: 'Snapshot' object has no attribute 'manipulation_risk'",
        "ERROR:services.selector:❌ Error en selección de algoritmo ETHUSDT: 'Snapshot' object has no attribute 'manipulation_risk'",
        "ERROR:services.selector:❌ Exception type: AttributeError",
        "ERROR:services.selector:❌ Traceback: Traceback (most recent call last):",
        "  File \"/srv/app/selector.py\", line 131, in select",
        "    ok = self._check(",
        "         ^^^^^^^^^^^^",
        "  File \"/srv/app/selector.py\", line 642, in _check",
        "    snapshot.manipulation_risk > 0.6 and",
        "    ^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "AttributeError: 'Snapshot' object has no attribute 'manipulation_risk'",
        "",
        "ERROR:services.selector:❌ Data inputs - microstructure: True, timeframe_data keys: ['15m']",
        "WARNING:services.selector:🔄 Using intelligent fallback for ETHUSDT - selection_confidence: 0.575, regime_confidence: 0.320",
    ]
    .map(|line| app(clock, "error", line))
    .to_vec()
}

/// Rule 17.
#[test]
fn one_failure_of_fourteen_lines_is_one_event_of_its_class() {
    let lines = [failure("13:30:05"), failure("13:30:06")].concat();
    let outcome = Case::new().trigger("risk", "count(scalper.manipulation_risk) > 1").log("a.jsonl", lines).run();
    assert_eq!((outcome.count("scalper.manipulation_risk"), outcome.count("python.exception")), (2, 2));
    assert_eq!(outcome.changes("risk"), ["firing 13:30:07"]);
    assert_eq!(exceptions(&outcome), [("AttributeError".into(), 2)]);
    assert_eq!(outcome.summary()["exceptions"][0]["where"], "/srv/app/selector.py:642 in _check");
}

/// Rule 17.
#[test]
fn a_warning_that_swallows_the_failure_is_a_warning_and_is_shown() {
    let outcome = Case::new().log("a.jsonl", [failure("13:30:05"), failure("13:30:06")].concat()).run();
    let errors = outcome.summary()["errors"].as_array().expect("a list");
    let warning =
        errors.iter().find(|item| item["example"].as_str().is_some_and(|text| text.contains("Error extracting")));
    let warning = warning.expect("the warning is shown");
    assert_eq!(
        (&warning["class"], &warning["count"], &warning["logger"]),
        (&json!("app.warning"), &json!(2), &json!("services.selector"))
    );
}

/// Rule 17: failures that differ in a number are one group, shown by the first of them.
#[test]
fn exceptions_that_differ_in_a_number_are_one_group() {
    let lines: Vec<String> = (0..3)
        .flat_map(|number| {
            let mut lines = TRACEBACK.map(String::from);
            lines[3] = format!("LookupError: bot {} not found", 17 + number);
            lines.map(|line| app(&format!("13:30:0{}", 5 + number), "error", &line))
        })
        .collect();
    let outcome = Case::new().log("a.jsonl", lines).run();
    assert_eq!(exceptions(&outcome), [("LookupError".into(), 3)]);
    assert_eq!(outcome.summary()["exceptions"][0]["message"], "bot 17 not found");
}

/// Rule 16: what many replicas begin at once takes no longer for each of them.
#[test]
fn no_more_than_256_entries_are_open() {
    let head = |number: u32| replica(&format!("r{number}"), "13:30:00", "Traceback (most recent call last):");
    let end = |number: u32| replica(&format!("r{number}"), "13:30:00", "ValueError: no such thing");
    let merged = |heads: u32| {
        let lines: Vec<String> = (0..heads).map(head).chain([end(0)]).collect();
        Case::new().log("a.jsonl", lines).run().input("merged")
    };
    assert_eq!((merged(256), merged(257)), (1, 0));
    let start = std::time::Instant::now();
    assert_eq!(merged(20_000), 0);
    assert!(start.elapsed().as_secs() < 15, "{:?}", start.elapsed());
}

/// Rule 17: ASP.NET's console logger writes level and category on one line, and the text on indented ones: one entry of that level and
/// logger. The level that the platform gives the lines is that of their stream.
#[test]
fn a_category_and_its_text_are_one_entry() {
    let log = [
        "info: Microsoft.Hosting.Lifetime[14]",
        "      Now listening on: http://[::]:8080",
        "fail: Shop.Orders[0]",
        "      get cart: redis: connection pool timeout",
        "warn: Shop.Orders[0]",
        "      get cart is slow",
        "crit: Shop.Orders[7]",
        "      out of coffee",
        "      and of milk",
        "info: Shop.Orders[0]",
        "      redis: connection pool timeout",
        "dbug: Shop.Orders[0]",
        "      System.Exception: no",
        "info: Microsoft.AspNetCore.Hosting.Diagnostics[2]",
        "      Request finished HTTP/1.1 GET http://localhost:5000/items/50 - 200 - text/plain 12.0ms",
        "info: done [3]",
    ];
    let text = log.map(|line| format!("2025-08-25T12:00:01Z {line}"));
    let shared = log.map(|line| app("12:00:01", "info", line));
    let errors = log.map(|line| app("12:00:01", "error", line));
    let mut at = 0;
    let timed = log.map(|line| {
        at += u32::from(!line.starts_with(' '));
        app(&after("12:00:00", at), "error", line)
    });
    let plain = log.map(str::to_owned);
    for (how, lines) in [("text", text), ("info", shared), ("error", errors), ("timed", timed), ("plain", plain)] {
        let case = Case::new().trigger("t", "count(app.error{logger=\"Shop.Orders\"})[10s] > 0");
        let lines = [&[app("12:00:00", "info", "begins")], &lines[..]].concat();
        let outcome = case.log("a.log", lines).run();
        let counts =
            ["db.pool_exhausted", "app.error", "app.warning", "process.ready"].map(|class| outcome.count(class));
        assert_eq!((counts, outcome.requests()), ([1, 1, 1, 1], 1), "{how}");
        assert_eq!(outcome.input("merged"), 8, "{how}");
        let shown = outcome.events("t")[0].to_string();
        assert!(shown.contains("out of coffee"), "{how}: {shown}");
    }
}
