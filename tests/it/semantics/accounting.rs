//! Rule 21: every line is in exactly one count.

use serde_json::json;

use super::case::{Case, Outcome, app, edge, every_second, job, noise, replica, stamp};

const COUNTS: [&str; 8] =
    ["classified", "unclassified", "merged", "malformed", "too_long", "skipped", "late", "duplicate"];

fn counts(outcome: &Outcome) -> [u64; 8] {
    let counts = COUNTS.map(|name| outcome.input(name));
    assert_eq!(counts.iter().sum::<u64>(), outcome.input("lines"), "{counts:?} add up to the lines read");
    counts
}

/// A line just over or at 1 MiB, which would be a job's.
fn long(clock: &str, length: usize) -> String {
    let head = format!("{} INFO:jobs:job done ", stamp(clock));
    format!("{head}{}", "x".repeat(length - head.len()))
}

/// Rule 21.
#[test]
fn every_line_is_counted_once() {
    let one = [
        job("13:29:00", ""),                                            // skipped: before --since
        job("13:30:00", ""),                                            // classified
        noise("13:30:01"),                                              // unclassified
        String::new(),                                                  // skipped: blank
        "   ".into(),                                                   // skipped: blank
        "{\"timestamp\":\"2025-08-25T13:3".into(),                      // malformed
        long("13:30:02", (1 << 20) + 1),                                // too long
        app("13:30:03", "error", "Traceback (most recent call last):"), // classified
        app("13:30:03", "error", "  File \"/srv/a.py\", line 4, in f"), // merged
        app("13:30:03", "error", "ValueError: no"),                     // merged
        job("13:30:10", ""),                                            // classified
        job("13:30:01", ""),                                            // late
        job("13:40:00", ""),                                            // skipped: at --until
    ];
    let other = [job("13:30:00", ""), noise("13:30:05")]; // duplicate, unclassified
    let outcome = Case::new()
        .argument("--since")
        .argument("2025-08-25T13:30:00Z")
        .argument("--until")
        .argument("2025-08-25T13:40:00Z")
        .log("one.jsonl", one)
        .log("other.jsonl", other)
        .run();
    assert_eq!(outcome.input("lines"), 15);
    assert_eq!(counts(&outcome), [3, 2, 2, 1, 1, 4, 1, 1]);
    assert_eq!(outcome.count("job.done"), 2);
}

/// Rule 21: over 1 MiB, and not classified.
#[test]
fn a_line_over_a_mebibyte_is_too_long() {
    let outcome =
        Case::new().log("a.log", [noise("13:30:00"), long("13:30:01", 1 << 20), long("13:30:02", (1 << 20) + 1)]).run();
    assert_eq!((outcome.input("too_long"), outcome.count("job.done")), (1, 1));
    let broken = format!("{{\"timestamp\":\"{}", "x".repeat(1 << 20));
    let outcome = Case::new().log("a.log", [noise("13:30:00"), broken]).run();
    assert_eq!((outcome.input("too_long"), outcome.input("malformed")), (1, 0), "too long before malformed");
}

/// Rule 21: the first of the counts that applies takes the line.
#[test]
fn what_is_out_of_range_is_skipped_before_it_is_duplicate_or_late() {
    let case = Case::new()
        .argument("--since")
        .argument("2025-08-25T13:30:05Z")
        .log("one.jsonl", [noise("13:30:10"), job("13:30:01", "")])
        .log("other.jsonl", [noise("13:30:09"), job("13:30:01", "")]);
    assert_eq!(counts(&case.run()), [0, 2, 0, 0, 0, 2, 0, 0]);
}

/// Rule 21: the second source's copy comes out of its order.
#[test]
fn what_another_source_gave_is_duplicate_before_it_is_late() {
    let case = Case::new()
        .log("one.jsonl", [job("13:30:05", ""), noise("13:30:20")])
        .log("other.jsonl", [noise("13:30:10"), job("13:30:05", "")]);
    assert_eq!(counts(&case.run()), [1, 2, 0, 0, 0, 0, 0, 1]);
}

/// Rule 21: an empty message is a blank line.
#[test]
fn blank_lines_and_empty_messages_are_skipped() {
    let lines = [noise("13:30:00"), "\t ".into(), app("13:30:01", "info", ""), noise("13:30:02")];
    assert_eq!(counts(&Case::new().log("a.jsonl", lines).run()), [0, 2, 0, 0, 0, 2, 0, 0]);
}

/// Rule 21.
#[test]
fn a_json_object_that_is_no_log_record_is_text() {
    let lines =
        [noise("13:30:00"), json!({"colour": "red"}).to_string(), json!({"httpStatus": 200}).to_string(), "{}".into()];
    assert_eq!(counts(&Case::new().log("a.jsonl", lines).run()), [0, 4, 0, 0, 0, 0, 0, 0]);
}

/// Rule 21.
#[test]
fn two_identical_lines_of_one_file_or_pipe_are_two_lines() {
    let case = Case::new().log("a.jsonl", [job("13:30:00", ""), job("13:30:00", ""), job("13:30:00", "")]);
    for outcome in [case.run(), case.pipe()] {
        assert_eq!((counts(&outcome), outcome.count("job.done")), ([3, 0, 0, 0, 0, 0, 0, 0], 3));
    }
}

/// Rule 21: three in one source and two in the other are three, in either order.
#[test]
fn between_sources_the_greater_number_of_copies_counts() {
    let case = Case::new()
        .log("three.jsonl", vec![job("13:30:00", ""); 3])
        .log("two.jsonl", vec![job("13:30:00", ""); 2])
        .log("none.jsonl", every_second("13:30:00", 3, noise));
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0]] {
        let outcome = case.run_in_order(&order);
        assert_eq!((outcome.count("job.done"), outcome.input("duplicate")), (3, 2));
        counts(&outcome);
    }
}

/// Rule 21.
#[test]
fn duplicates_agree_in_time_replica_and_content() {
    let message = "INFO:jobs:job done";
    let case = Case::new()
        .log("one.jsonl", [replica("one", "13:30:00", message)])
        .log(
            "other.jsonl",
            [
                replica("other", "13:30:00", message),
                replica("one", "13:30:00.000000001", message),
                replica("one", "13:30:00", "INFO:jobs:job done by a"),
            ],
        )
        .log("same.jsonl", [replica("one", "13:30:00", message)]);
    let outcome = case.run();
    assert_eq!((outcome.count("job.done"), outcome.input("duplicate")), (4, 1));
}

/// Rule 21: an entry that is classified merges its other lines, and one that nobody knows does so, too.
#[test]
fn an_entry_is_one_line_and_the_rest_are_merged() {
    let stack =
        ["Traceback (most recent call last):", "  File \"/srv/a.py\", line 4, in f", "    g()", "ValueError: no"];
    let lines: Vec<String> = stack.iter().map(|line| app("13:30:03", "error", line)).collect();
    assert_eq!(counts(&Case::new().log("a.jsonl", lines).run()), [1, 0, 3, 0, 0, 0, 0, 0]);
}

/// What `railway logs` prints of a record without `--json`.
fn text(clock: &str, level: &str, message: &str) -> String {
    format!("{} [{level}] {message}", stamp(clock))
}

/// Rule 21: the same record is the same however a source writes it, in either order.
#[test]
fn duplicates_are_compared_as_they_read() {
    let request = r#"INFO:     100.64.0.2:40112 - "GET /caf\u00e9 HTTP/1.1" 200 OK"#;
    let written =
        |message: &str| format!(r#"{{"timestamp":"{}","level":"info","message":"{message}"}}"#, stamp("13:30:00"));
    for (name, one, other) in [
        ("as text", written(r"job done by é"), text("13:30:00", "INFO", "job done by é")),
        (
            "escaped text",
            written(r#"job done by \u00e9 \\ \"x\" \/"#),
            text("13:30:00", "INFO", "job done by é \\ \"x\" /"),
        ),
        ("escapes", written("job done by é/ü"), written(r"job done by \u00e9\/\u00FC")),
        ("a surrogate pair", written("job done 🔥"), written(r"job done \ud83d\uDD25")),
        ("a tab", written(r"job done\tby a"), text("13:30:00", "INFO", "job done\tby a")),
        ("the end of a line", written(r"job done\n"), text("13:30:00", "INFO", "job done")),
        ("colours", written(r"\u001b[32mjob done\u001b[0m"), text("13:30:00", "INFO", "\u{1b}[1mjob done\u{1b}[0m")),
        ("another level", written("job done"), text("13:30:00", "ERRO", "job done")),
        ("a request", written(&request.replace('"', r#"\""#)), written(&request.replace('"', r"\u0022"))),
        (
            "a replica that text does not tell",
            replica("one", "13:30:00", "INFO:jobs:job done by a"),
            text("13:30:00", "ERRO", "INFO:jobs:job done by a"),
        ),
        ("the HTTP log as text", edge("13:30:00", "/a", 200, 42), format!("{} GET /a 200 42ms abc", stamp("13:30:00"))),
        (
            "the HTTP log",
            edge("13:30:00", "/a/b", 200, 42),
            edge("13:30:00", "/a/b", 200, 42).replace("/a/b", r"\/a\u002fb"),
        ),
    ] {
        let case = Case::new().log("one.jsonl", [one]).log("other.log", [other]);
        for order in [[0, 1], [1, 0]] {
            let outcome = case.run_in_order(&order);
            assert_eq!((outcome.input("lines"), outcome.input("duplicate")), (2, 1), "{name}");
        }
    }
}

/// Rule 21: what reads otherwise is another record, and within one source everything counts.
#[test]
fn records_that_read_otherwise_are_no_duplicates() {
    let written =
        |message: &str| format!(r#"{{"timestamp":"{}","level":"info","message":"{message}"}}"#, stamp("13:30:00"));
    for (one, other) in [
        (written(r"job done by \\u00e9"), written(r"job done by \u00e9")),
        (written(r"job done by a\\nb"), written(r"job done by a\nb")),
        (written(r"job done by C:\\new"), text("13:30:00", "INFO", r"job done by C:\\new")),
        (written("job done by e"), written("job done by é")),
    ] {
        let case = Case::new().log("one.jsonl", [one.clone()]).log("other.log", [other]);
        assert_eq!(case.run().input("duplicate"), 0, "{one}");
    }
    let twice = [written("job done by é"), written(r"job done by \u00e9")];
    let case = Case::new().log("one.jsonl", &twice).log("other.jsonl", [noise("13:30:00")]);
    assert_eq!((case.run().count("job.done"), case.run().input("duplicate")), (2, 0));
}
