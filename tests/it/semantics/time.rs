//! Rules 1 to 4: event time, edge records, watermarks and ticks.

use super::case::{Case, access, after, app, clock, edge, every_second, job, noise, trouble};
use super::live::Live;

/// Rule 1.
#[test]
fn a_record_s_own_timestamp_is_its_time() {
    let line = app("13:30:07.25", "info", "INFO:jobs:job done [2025-08-24T23:58:10.123Z]");
    let outcome = Case::new().log("a.jsonl", [noise("13:30:00"), line]).run();
    assert_eq!(outcome.first("job.done"), "13:30:07.250");
}

/// Rule 1.
#[test]
fn without_a_timestamp_a_time_in_the_message_is_its_time() {
    let line = "INFO:jobs:job done [2025-08-25T13:30:07.5Z]".to_string();
    let outcome = Case::new().log("a.log", [noise("13:30:07"), line, noise("13:30:08")]).run();
    assert_eq!(outcome.first("job.done"), "13:30:07.500");
}

/// Rule 1.
#[test]
fn without_any_time_the_last_one_of_the_same_source_counts() {
    let bare = "INFO:jobs:job done".to_string();
    let one = [noise("13:30:00"), noise("13:30:05.5"), bare, noise("13:30:20")];
    let other: Vec<String> = every_second("13:30:00", 20, noise);
    let outcome = Case::new().log("one.log", one).log("other.log", other).run();
    assert_eq!(outcome.first("job.done"), "13:30:05.500");
}

/// Rule 1: 500 lines arrive at once, and are no storm.
#[test]
fn files_and_pipes_never_take_arrival_for_a_time() {
    let lines = vec!["INFO:jobs:job done".to_string(); 500];
    let case = Case::new().rule("rollback", "storm", "count(job.done[1m]) > 10", "").log("bare.log", lines);
    for outcome in [case.run(), case.pipe()] {
        assert_eq!(outcome.changes("storm"), [""; 0]);
        assert_eq!(outcome.count("job.done"), 500, "counted, though they stand in no window");
        assert!(outcome.summary()["from"].is_null());
        assert_eq!((outcome.verdict(), outcome.status), ("unknown", 5));
        assert!(outcome.unknown().contains("railway logs --json"), "{}", outcome.unknown());
    }
}

/// Rule 1: lines before the first time stand in no window; those after it do.
#[test]
fn records_before_any_time_stand_in_no_window() {
    let bare = || "INFO:jobs:job done".to_string();
    let case = Case::new().kpi("count(job.done)", ">= 0").log("a.log", [bare(), bare(), noise("13:30:00"), bare()]);
    let outcome = case.run();
    assert_eq!((outcome.count("job.done"), outcome.value("count(job.done)")), (3, Some(1.0)));
}

/// Rule 2: the stamp is when the request ended, however long it took.
#[test]
fn an_edge_record_happens_when_it_is_stamped() {
    let case = Case::new().trigger("slow", "count(http.request{status=504}) > 0");
    let outcome = case.log("http.jsonl", [edge("13:30:00", "/a", 504, 30_001), edge("13:30:34", "/b", 200, 10)]).run();
    assert_eq!(outcome.first("http.request"), "13:30:00");
    assert_eq!(outcome.changes("slow"), ["firing 13:30:01"]);
}

/// Rule 2: a slow request does not lie in the future, where it would make its neighbours late.
#[test]
fn a_slow_request_makes_nothing_late() {
    let lines = [edge("13:30:00", "/a", 504, 30_000), edge("13:30:01", "/b", 200, 900), edge("13:30:02", "/c", 200, 5)];
    let outcome = Case::new().log("http.jsonl", lines).run();
    assert_eq!((outcome.input("late"), outcome.requests()), (0, 3));
}

/// Rule 3: whole seconds decide; the watermark here is 13:30:08.5.
#[test]
fn a_record_is_late_when_its_second_lies_before_that_of_the_watermark() {
    let lines = [noise("13:30:10.5"), job("13:30:08", ""), job("13:30:07.999", ""), job("13:30:08.4", "")];
    let outcome = Case::new().log("a.jsonl", lines).run();
    assert_eq!((outcome.input("late"), outcome.count("job.done")), (1, 2));
}

/// Rule 3.
#[test]
fn the_plan_says_how_late_a_record_may_be() {
    let lines = || [noise("13:30:30"), job("13:30:15", ""), job("13:30:19", "")];
    let late = |lateness: &str| Case::new().header(lateness).log("a.jsonl", lines()).run().input("late");
    assert_eq!(late(""), 2);
    assert_eq!(late("lateness = '15s'"), 0);
    assert_eq!(late("lateness = '12s'"), 1);
}

/// Rule 3.
#[test]
fn one_clock_an_hour_ahead_makes_nothing_late_until_a_second_agrees() {
    let one = [noise("13:30:00"), noise("15:00:00"), job("13:30:01", ""), job("13:30:02", "")];
    let outcome = Case::new().log("a.jsonl", one).run();
    assert_eq!((outcome.input("late"), outcome.count("job.done")), (0, 2));
    let two = [noise("13:30:00"), noise("15:00:00"), noise("15:00:01"), job("13:30:01", ""), job("15:00:02", "")];
    let outcome = Case::new().log("a.jsonl", two).run();
    assert_eq!((outcome.input("late"), outcome.count("job.done")), (1, 1));
}

/// Rule 3: the record that confirms a time far ahead is judged by it.
#[test]
fn who_confirms_a_time_far_ahead_may_be_late_to_it() {
    let lines = [noise("13:30:00"), noise("15:10:00"), job("14:40:00", ""), job("15:10:01", ""), noise("15:30:00")];
    let outcome = Case::new().trigger("job", "count(job.done[10s]) > 0").log("a.jsonl", lines).run();
    assert_eq!((outcome.input("late"), outcome.count("job.done")), (1, 1));
    assert_eq!(outcome.changes("job"), ["firing 15:10:02", "resolved 15:10:12"]);
}

/// Rule 4: ticks at which nothing can change are skipped, though a trigger fires that nothing resolves.
#[test]
fn centuries_between_two_records_take_no_time() {
    let far = |line: String| line.replace("2025-08-25", "2225-08-25");
    let lines =
        [noise("13:30:00"), trouble("13:30:01"), far(noise("13:30:00")), far(noise("13:30:01")), trouble("13:30:02")];
    let case = Case::new()
        .rule("rollback", "share", "count(job.trouble[5s]) / (count(job.trouble[5s]) + count(job.done[5s])) > 1%", "")
        .log("a.jsonl", lines);
    let start = std::time::Instant::now();
    let outcome = case.run();
    assert_eq!(outcome.changes("share"), ["firing 13:30:02"]);
    assert_eq!(outcome.input("late"), 1);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

/// Rule 3: a wrong clock within the hour does move the watermark.
#[test]
fn less_than_an_hour_ahead_is_believed_at_once() {
    let lines = [noise("13:30:00"), noise("14:29:59"), job("13:30:01", "")];
    assert_eq!(Case::new().log("a.jsonl", lines).run().input("late"), 1);
}

/// Rule 3.
#[test]
fn files_are_never_late_to_each_other() {
    let case = Case::new()
        .header("at = '2025-08-25T13:00:00Z'")
        .trigger("trouble", "count(job.trouble[5s]) > 0")
        .log("later.jsonl", every_second("14:00:00", 30, job_line))
        .log("earlier.jsonl", [every_second("13:30:00", 30, job_line), vec![trouble("13:30:29.5")]].concat());
    let expected = ["firing 13:30:30", "resolved 13:30:35"];
    for order in [[0, 1], [1, 0]] {
        let outcome = case.run_in_order(&order);
        assert_eq!((outcome.input("late"), outcome.count("job.done")), (0, 60));
        assert_eq!(outcome.changes("trouble"), expected, "sources merge by time");
        assert_eq!(clock(&outcome.summary()["from"]), "13:30:00");
    }
}

fn job_line(clock: &str) -> String {
    job(clock, "")
}

/// Rule 3: lateness is judged by a source's own order.
#[test]
fn a_source_is_late_only_to_itself() {
    let ahead = every_second("13:30:00", 60, noise);
    let behind = [job("13:30:10", ""), job("13:30:03", ""), job("13:30:09", "")];
    let outcome = Case::new().log("ahead.jsonl", ahead).log("behind.jsonl", behind).run();
    assert_eq!((outcome.input("late"), outcome.count("job.done")), (1, 2));
}

/// Rule 3.
#[test]
fn the_least_watermark_of_the_open_sources_is_that_of_the_run() {
    let case = Case::new().trigger("trouble", "count(job.trouble) > 0");
    let mut live = Live::new(&case);
    let (fast, slow) = (live.source("fast"), live.source("slow"));
    let none = [""; 0];
    assert_eq!(live.feed(slow, &[noise("13:30:00")]), none);
    assert_eq!(live.feed(fast, &[noise("13:30:00"), trouble("13:30:05"), noise("13:31:00")]), none);
    assert_eq!(live.feed(slow, &[noise("13:30:07.9")]), none, "its watermark is 13:30:05.9");
    assert_eq!(live.feed(slow, &[noise("13:30:08")]), ["trouble firing 13:30:06 data"]);
}

/// Rule 3.
#[test]
fn a_source_that_has_ended_or_is_idle_holds_nobody_back() {
    for leave in [Live::close, Live::leave_out] {
        let case = Case::new().trigger("trouble", "count(job.trouble) > 0");
        let mut live = Live::new(&case);
        let (fast, slow) = (live.source("fast"), live.source("slow"));
        live.feed(slow, &[noise("13:30:00")]);
        assert_eq!(live.feed(fast, &[trouble("13:30:05"), noise("13:31:00")]), [""; 0]);
        assert_eq!(leave(&mut live, slow), ["trouble firing 13:30:06 data"]);
    }
}

/// Rule 4: the window of 5 s holds the event at the ticks 11 to 15.
#[test]
fn a_window_ends_before_its_tick_and_begins_with_its_first_second() {
    for event in ["13:30:10", "13:30:10.999999999"] {
        let lines = [noise("13:30:00"), trouble(event), noise("13:30:30")];
        let outcome = Case::new().trigger("trouble", "count(job.trouble[5s]) > 0").log("a.jsonl", lines).run();
        assert_eq!(outcome.changes("trouble"), ["firing 13:30:11", "resolved 13:30:16"]);
    }
}

/// Rule 4.
#[test]
fn every_tick_is_evaluated_once() {
    let even = |clock: &str| if clock.as_bytes()[7].is_multiple_of(2) { trouble(clock) } else { noise(clock) };
    let outcome = Case::new()
        .trigger("flaps", "count(job.trouble[1s]) > 0")
        .log("a.jsonl", every_second("13:30:00", 10, even))
        .run();
    let state = |second: u32| if second % 2 == 1 { "firing" } else { "resolved" };
    let expected: Vec<String> =
        (1..=10).map(|second| format!("{} {}", state(second), after("13:30:00", second))).collect();
    assert_eq!(outcome.changes("flaps"), expected);
}

/// Rule 4: the same with and without lines that mean nothing but time.
#[test]
fn skipped_ticks_cannot_be_seen_in_the_output() {
    let events = ["13:30:03", "13:30:40", "13:50:00.5"].map(trouble);
    let dense = every_second("13:30:00", 1_800, |clock| {
        events.iter().find(|line| line.contains(&format!("T{clock}"))).cloned().unwrap_or_else(|| noise(clock))
    });
    let sparse = [vec![noise("13:30:00")], events.to_vec(), vec![noise("13:59:59")]].concat();
    let run = |lines: Vec<String>| {
        let case = Case::new()
            .rule("info", "held", "count(job.trouble[20s]) > 0", "for = '15s'\nresolve_after = '7s'")
            .rule("info", "absent", "absent(job.trouble[5m])", "for = '1m'")
            .rule("info", "gap", "gap(job.trouble[30m]) > 90s", "")
            .log("a.jsonl", lines);
        let outcome = case.run();
        let known: Vec<_> = ["held", "absent", "gap"].map(|id| outcome.trigger(id)["known"].clone()).into();
        (["held", "absent", "gap"].map(|id| outcome.changes(id)), known)
    };
    let (changes, known) = run(sparse);
    assert_eq!(changes[0][..4], ["pending 13:30:04", "firing 13:30:19", "resolved 13:30:31", "pending 13:30:41"]);
    assert_eq!((changes, known), run(dense.iter().map(|line| line.replace("13:50:00Z", "13:50:00.5Z")).collect()));
}

/// Rule 4: promptness counts from the line that moves the watermark to the tick.
#[test]
fn the_line_that_brings_the_watermark_to_a_tick_brings_its_events() {
    let case = Case::new().trigger("trouble", "count(job.trouble) > 0");
    let mut live = Live::new(&case);
    let source = live.source("stdin");
    assert_eq!(live.feed(source, &[trouble("13:30:10.2")]), [""; 0]);
    assert_eq!(live.feed(source, &[noise("13:30:12.999999999")]), [""; 0]);
    assert_eq!(live.feed(source, &[noise("13:30:13")]), ["trouble firing 13:30:11 data"]);
    assert_eq!(live.feed(source, &[noise("13:30:14"), access("13:30:15", "/", 200)]), [""; 0]);
}

/// Rule 1: between the first and the last year that a time can be of lie more nanoseconds than a number holds.
#[test]
fn times_at_both_ends_of_time_can_meet_anywhere() {
    let of = |year: &str, clock: &str| trouble(clock).replace("2025-08-25", year);
    let epoch = |number: &str| format!(r#"{{"time":{number},"level":"error","msg":"job trouble"}}"#);
    let traceback = |year: &str| {
        vec![
            app("13:30:00", "error", "Traceback (most recent call last):").replace("2025-08-25", year),
            app("13:30:00", "error", r#"  File "/app/x.py", line 18, in f"#).replace("2025-08-25", year),
        ]
    };
    let (first, last) = ("1678-01-01", "2262-04-11");
    let logs = [
        vec![of(first, "13:30:00"), of(last, "13:30:00"), of(last, "13:30:01"), of(first, "13:30:02")],
        vec![of(last, "13:30:00"), of(first, "13:30:00"), of(last, "13:30:01"), noise("13:30:00"), noise("13:30:01")],
        vec![of(last, "23:47:16.854775807"), of(first, "00:00:00"), of(last, "23:47:16.854775806"), noise("13:30:00")],
        [traceback(first), traceback(last), vec!["a bare line".into()], traceback("2025-08-25"), traceback(last)]
            .concat(),
        ["9223372036854775807", "-9223372036854775808", "100000000", "9223372036854775807", "-1", "253402300800"]
            .map(epoch)
            .to_vec(),
    ];
    let rules = [
        "count(job.trouble[366d]) > 1",
        "gap(job.trouble) > 366d",
        "absent(job.trouble[1s])",
        "trend(count(job.trouble)[366d]) > 1%/h",
        "rate(job.trouble[deploy]) < 1/h",
        "p99(interval(job.trouble)[deploy]) > 1s",
    ];
    let rules = || {
        rules.iter().zip(0..).fold(
            Case::new().header("duration = '366d'\nlateness = '366d'"),
            |case, (rule, number)| {
                case.rule("info", &format!("{number}"), rule, "for = '366d'\nresolve_after = '366d'")
            },
        )
    };
    let options: [&[&str]; 7] = [
        &[],
        &["--deployed-at", "1678-01-01T00:00:00Z"],
        &["--deployed-at", "2262-04-11T23:47:16.854775807Z"],
        &["--deployed-at", "2262-04-11T23:47:16Z", "--since", "+366d", "--until", "+366d"],
        &["--deployed-at", "1677-09-21T00:12:44Z", "--since", "+366d"],
        &["--since", "1677-09-21T00:12:44Z", "--until", "2262-04-11T23:47:16.854775807Z"],
        &["--until", "1677-09-21T00:12:44Z"],
    ];
    for options in options {
        let case = options.iter().fold(rules(), |case, option| case.argument(option));
        let case = logs.iter().zip(0..).fold(case, |case, (log, number)| case.log(&format!("{number}.log"), log));
        for (number, log) in logs.iter().enumerate() {
            let outcome = case.run_in_order(&[number]);
            assert_eq!(outcome.input("lines"), log.len() as u64, "{options:?} {number}");
        }
        assert_eq!(case.pipe().input("lines"), logs[0].len() as u64, "{options:?}");
        let outcome = case.run_in_order(&[0, 1, 2, 3, 4]);
        assert_eq!(outcome.input("lines"), logs.iter().map(|log| log.len() as u64).sum::<u64>(), "{options:?}");
    }
}
