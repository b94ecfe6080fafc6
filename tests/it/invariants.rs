//! The invariants: the same answer however the records come, and every line accounted for.

use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use crate::support::program::{self, command, fixture, read};
use crate::support::run::{Run, Told, in_chunks, whole};

use logwatch::time::{SECOND, Time};
use logwatch::{Bound, Range};

/// Lines of every kind that can meet in one stream, with the seconds between one and the next.
fn line() -> impl Strategy<Value = (i64, &'static str)> {
    (prop_oneof![10 => 0i64..2_000, 2 => 2_000i64..40_000, 1 => -4_000i64..0], text())
}

/// The same, many of them behind the one before.
fn unordered_line() -> impl Strategy<Value = (i64, &'static str)> {
    (prop_oneof![5 => 0i64..4_000, 4 => -3_000i64..0], text())
}

fn text() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just(r#"{"timestamp":"@","level":"info","message":"INFO:     100.64.0.2:4000 - \"POST /api/user/exchanges HTTP/1.1\" 500 Internal Server Error"}"#),
        4 => Just(r#"{"message":"INFO:     100.64.0.3:4000 - \"GET /api/bots/17 HTTP/1.1\" 200 OK","level":"info","timestamp":"@"}"#),
        1 => Just(r#"{"timestamp":"@","method":"GET","path":"/api/bots","httpStatus":200,"totalDuration":37}"#),
        2 => Just(r#"{"timestamp":"@","level":"error","message":"ERROR:utils.security_middleware:name 'session' is not defined \u26a0\ufe0f"}"#),
        1 => Just(r#"{"timestamp":"@","level":"error","message":"ERROR:x:Traceback (most recent call last):"}"#),
        3 => Just(r#"{"timestamp":"@","level":"error","message":"  File \"/app/a.py\", line 7, in f"}"#),
        1 => Just(r#"{"timestamp":"@","level":"error","message":"AttributeError: 'A' object has no attribute 'manipulation_risk'"}"#),
        1 => Just(r#"{"timestamp":"@","level":"error","message":""}"#),
        1 => Just(r#"{"timestamp":"@","level":"error","message":"QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00"}"#),
        1 => Just("@ [WARN] WARNING:db:slow \"query\" résumé"),
        1 => Just("a bare line"),
        1 => Just(""),
        1 => Just(r#"{"timestamp":"@","mess"#),
        1 => Just("TypeError: x is undefined"),
        1 => Just("    at f (app.js:3:4)"),
    ]
}

/// A log of such lines; times step on by the gaps, in milliseconds. CRLF in one log of four.
fn log(most: usize) -> impl Strategy<Value = Vec<u8>> {
    log_of(prop::collection::vec(line(), 0..most), 1_000_000)
}

/// The same with gaps in so many nanoseconds.
fn log_in_steps(most: usize, step: i64) -> impl Strategy<Value = Vec<u8>> {
    log_of(prop::collection::vec(line(), 0..most), step)
}

fn log_of(lines: impl Strategy<Value = Vec<(i64, &'static str)>>, step: i64) -> impl Strategy<Value = Vec<u8>> {
    (lines, 0..4, any::<bool>()).prop_map(move |(lines, crlf, ends)| {
        let end = if crlf == 0 { "\r\n" } else { "\n" };
        let mut time = BEGIN * SECOND;
        let mut text = String::new();
        for (gap, line) in lines {
            time += gap * step;
            text.push_str(&line.replace('@', &Time(time).to_string()));
            text.push_str(end);
        }
        if !ends {
            text.truncate(text.trim_end().len());
        }
        text.into_bytes()
    })
}

/// When the logs begin, and the times of a minute and a half from then on that may end a range.
const BEGIN: i64 = 1_756_128_000;

fn bound() -> impl Strategy<Value = Option<Bound>> {
    prop_oneof![
        2 => Just(None),
        2 => (0i64..90_000).prop_map(|after| Some(Bound::At(Time(BEGIN * SECOND + after * 1_000_000)))),
        2 => (-5i64..90).prop_map(|after| Some(Bound::AfterDeployment(after))),
    ]
}

/// A range of the log, and when the deployment was if that is said.
fn range() -> impl Strategy<Value = (Option<Time>, Range)> {
    let deployed_at = prop::option::of((0i64..60).prop_map(|after| Time::from_second(BEGIN + after)));
    (deployed_at, bound(), bound()).prop_map(|(deployed_at, since, until)| (deployed_at, Range { since, until }))
}

/// What a run tells of several sources, each given whole before the next.
fn one_after_another(mut run: Run, logs: &[&[u8]], step: usize, size: usize) -> Told {
    let sources: Vec<usize> = (0..logs.len()).map(|number| run.add_source(&number.to_string())).collect();
    for (source, text) in sources.into_iter().zip(logs) {
        run.feed(source, text, step, size);
        run.close(source);
    }
    run.finish()
}

fn accounted(told: &Told) -> bool {
    let count = |name: &str| told.summary["input"][name].as_u64().unwrap();
    let parts = ["classified", "unclassified", "merged", "malformed", "too_long", "skipped", "late", "duplicate"];
    parts.iter().map(|name| count(name)).sum::<u64>() == count("lines")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_answer(log in log(60), step in 1usize..400, size in 1usize..4_000) {
        let expected = whole("dl-034", &log);
        prop_assert!(accounted(&expected), "{}", expected.summary["input"]);
        prop_assert_eq!(in_chunks("dl-034", &log, step, size), expected);
    }

    #[test]
    fn either_line_end_gives_the_same_answer(log in log(60)) {
        let unix = String::from_utf8_lossy(&log).replace("\r\n", "\n");
        let [unix, windows] = [unix.clone(), unix.replace('\n', "\r\n")].map(|log| {
            let mut told = whole("dl-034", log.as_bytes());
            told.summary["input"]["bytes"] = 0.into();
            told
        });
        prop_assert_eq!(unix, windows);
    }

    /// Lines of one second that have only to be counted are taken in one go, unless a range is asked for.
    #[test]
    fn lines_taken_in_one_go_are_as_if_taken_one_by_one(log in log_in_steps(150, 30_000)) {
        let first = br#"{"timestamp":"2025-08-25T13:19:59Z","level":"info","message":"INFO:app:first"}"#;
        let log = [&first[..], b"\n", &log].concat();
        let range = Range { since: Some(Bound::At(Time(0))), until: None };
        let mut one_by_one = Run::within("dl-034", None, range);
        let source = one_by_one.add_source("log");
        one_by_one.feed(source, &log, usize::MAX, 1 << 20);
        one_by_one.close(source);
        prop_assert_eq!(whole("dl-034", &log), one_by_one.finish());
    }

    #[test]
    fn several_sources_give_the_same_answer_in_any_chunking(a in log(40), b in log(40), step in 1usize..400, size in 1usize..2_000) {
        let run = |step, size| one_after_another(Run::new("dl-034"), &[&a, &b], step, size);
        let expected = run(usize::MAX, 1 << 20);
        prop_assert!(accounted(&expected), "{}", expected.summary["input"]);
        prop_assert_eq!(run(step, size), expected);
    }

    /// Records come a little late and out of order, and the clock of the silent source moves in between: the rules say the
    /// same as a replay of the records in the order they came.
    #[test]
    fn live_and_replay_say_the_same(
        mut records in prop::collection::vec((0i64..15_000, 0i64..1_900, 0usize..4), 1..120),
        (deployed_at, range) in prop_oneof![2 => Just((None, Range::default())), 1 => range()]
    ) {
        // The last record comes at once, so that both ends are at the same time.
        records.push((2_000, 0, 1));
        let mut time = BEGIN * SECOND;
        let mut arrivals: Vec<(i64, String)> = Vec::new();
        for (gap, delay, kind) in records {
            time += gap * 1_000_000;
            let message = [
                r#"INFO:     100.64.0.2:4000 - \"POST /api/user/exchanges HTTP/1.1\" 500 Internal Server Error"#,
                r#"INFO:     100.64.0.3:4000 - \"GET /api/bots HTTP/1.1\" 200 OK"#,
                r"ERROR:db:QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
                r#"INFO:     100.64.0.4:4000 - \"POST /api/run-smart-trade/X?scalper_mode=true HTTP/1.1\" 200 OK"#,
            ][kind];
            let line = format!("{{\"timestamp\":\"{}\",\"level\":\"info\",\"message\":\"{message}\"}}\n", Time(time));
            arrivals.push((time + delay * 1_000_000, line));
        }
        arrivals.sort();
        let log = arrivals.iter().map(|(_, line)| line.as_str()).collect::<String>();
        let replayed = one_after_another(Run::within("dl-034", deployed_at, range), &[log.as_bytes()], usize::MAX, 1 << 20);

        let mut live = Run::within("dl-034", deployed_at, range);
        let source = live.add_source("0");
        let mut heard = arrivals[0].0;
        for (arrival, line) in &arrivals {
            // Silent for two seconds and more: every 50 ms the clock moves by what has passed since the last record came.
            let mut now = heard + 2 * SECOND;
            let last = live.latest(source);
            while let Some(last) = last.filter(|_| now < *arrival) {
                live.advance(source, Time(last.0 + (now - heard)));
                now += 50_000_000;
            }
            live.feed(source, line.as_bytes(), usize::MAX, 1 << 20);
            heard = *arrival;
        }
        live.close(source);
        let live = live.finish();
        let without_cause = |told: &Told| -> Vec<serde_json::Value> {
            told.events.iter().cloned().map(|mut event| {
                event.as_object_mut().map(|event| event.remove("cause"));
                event
            }).collect()
        };
        prop_assert_eq!(without_cause(&live), without_cause(&replayed));
        prop_assert_eq!(live.summary, replayed.summary);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_of_a_range_gives_the_same_answer(
        logs in prop::collection::vec(log_of(prop::collection::vec(unordered_line(), 0..60), 1_000_000), 1..5),
        (deployed_at, range) in range(), step in 1usize..400, size in 1usize..1_000
    ) {
        let logs: Vec<&[u8]> = logs.iter().map(Vec::as_slice).collect();
        let run = |step, size| one_after_another(Run::within("dl-034", deployed_at, range), &logs, step, size);
        let expected = run(usize::MAX, 1 << 20);
        prop_assert!(accounted(&expected), "{}", expected.summary["input"]);
        prop_assert_eq!(run(step, size), expected);
    }

    /// What a range leaves out is not used, and all else is what it is without the range: late, repeated, or of its time.
    #[test]
    fn a_range_changes_nothing_about_what_it_holds(log in log(60), begin in 0i64..40, length in 1i64..60) {
        let at = |second| Time::from_second(BEGIN + second);
        let (since, until) = (at(begin), at(begin + length));
        let mut within = Run::within("dl-034", Some(at(0)), Range { since: Some(Bound::At(since)), until: Some(Bound::At(until)) });
        let source = within.add_source("log");
        within.feed(source, &log, usize::MAX, 1 << 20);
        within.close(source);
        let within = within.finish();
        let whole = whole("dl-034", &log);
        let late = |told: &Told| told.summary["input"]["late"].as_u64();
        prop_assert!(late(&within) <= late(&whole));
        for end in ["from", "to"].map(|end| &within.summary[end]).into_iter().filter_map(|end| end.as_str()) {
            let end = logwatch::time::parse(end.as_bytes()).expect("a time");
            prop_assert!((since..until).contains(&end));
        }
        let after = |event: &&serde_json::Value| event["at"].as_str().is_some_and(|at| at > until.to_string().as_str());
        prop_assert!(!within.events.iter().any(|event| after(&event)));
    }
}

#[test]
fn fixtures_give_the_same_answer_in_small_chunks() {
    for name in ["dl-034/before-fix.jsonl", "dl-034/regression-manipulation-risk.jsonl", "captured/service.jsonl"] {
        let text = read(&fixture(name));
        let expected = whole("dl-034", &text);
        assert!(accounted(&expected), "{name}");
        for size in [1, 700, 9_000] {
            assert_eq!(in_chunks("dl-034", &text, 911, size), expected, "{name} in chunks of {size}");
        }
    }
}

/// The bytes of the input are what was recorded, without the recording's own, wherever reads end.
#[test]
fn a_recording_gives_the_same_answer_in_any_chunking() {
    let own = "{\"logwatch\":\"advance\",\"to\":\"2025-08-25T13:50:09Z\"}";
    let header = "{\"logwatch\":\"recording\",\"v\":1}\n";
    let input = "2025-08-25T13:50:00Z a line\n\n{\"logwatch\":\"lost\"}\n";
    let marked = input.replace("{\"logwatch", "{\"logwatch\":\"line\"}{\"logwatch");
    for end in ["", "\n"] {
        let recording = format!("{header}{own}\n{marked}{own}{end}");
        for (step, size) in [(usize::MAX, 1 << 20), (1, 1), (2, 1), (3, 40), (7, 1), (40, 5)] {
            let told = in_chunks("dl-034", recording.as_bytes(), step, size);
            assert_eq!(told.summary["input"]["bytes"], input.len(), "{step} {size} {end:?}");
            assert_eq!(told.summary["input"]["lines"], 3);
        }
    }
}

/// What stands around a line's text does not bring it below the limit of 1 MiB, wherever reads end.
#[test]
fn a_line_at_the_limit_is_too_long_in_any_chunking() {
    const LIMIT: usize = 1 << 20;
    for (start, length, end) in [
        ("", LIMIT, "\rxxx\n"),
        ("", LIMIT, "\r"),
        ("", LIMIT + 1, "\r\n"),
        ("\u{feff}", LIMIT, "\r\n"),
        ("\u{feff}", LIMIT + 1, "\n"),
        ("\u{feff}", LIMIT - 2, "xxx\rxx\n"),
    ] {
        let log = format!("first\n{start}{}{end}last\n", "x".repeat(length));
        let expected = whole("dl-034", log.as_bytes());
        for (step, size) in [(4_099, 1 << 16), (LIMIT + 9, 1 << 18), (LIMIT + 11, 1 << 18)] {
            assert_eq!(in_chunks("dl-034", log.as_bytes(), step, size), expected, "{start:?} {length} {end:?}");
        }
    }
}

fn output(command: &mut Command) -> (Option<i32>, String) {
    let ran = program::run(command);
    (ran.status, ran.out)
}

#[test]
fn threads_files_and_pipes_give_the_same_bytes() {
    let names = ["dl-034/before-fix.jsonl", "dl-034/regression-timeframe-unannounced.jsonl", "captured/service.jsonl"];
    for (name, is_bounded) in names.into_iter().flat_map(|name| [(name, false), (name, true)]) {
        let mut base: Vec<String> = ["--plan", "dl-034", "--format", "json"].map(String::from).into();
        if is_bounded {
            // From a third of the log to two thirds of it, in times after its first.
            let whole = whole("dl-034", &read(&fixture(name))).summary;
            let [from, to] = ["from", "to"].map(|end| whole[end].as_str().expect("a time").to_string());
            let [first, last] = [&from, &to].map(|end| logwatch::time::parse(end.as_bytes()).expect("a time").second());
            let part = (last - first) / 3;
            let [since, until] = [format!("+{part}s"), format!("+{}s", 2 * part)];
            base.extend(["--deployed-at", &from, "--since", &since, "--until", &until].map(String::from));
        }
        let expected = output(command(&["replay"]).arg(fixture(name)).args(&base).args(["-j", "1"]));
        for jobs in ["2", "5"] {
            assert_eq!(output(command(&["replay"]).arg(fixture(name)).args(&base).args(["-j", jobs])), expected);
        }
        let label = Path::new(name).file_name().unwrap().to_str().unwrap();
        for arguments in [&["replay", "-"][..], &[]] {
            let file = std::fs::File::open(fixture(name)).unwrap();
            let mut cat = Command::new("cat").stdin(file).stdout(Stdio::piped()).spawn().unwrap();
            let piped = output(command(arguments).args(&base).stdin(cat.stdout.take().unwrap()));
            cat.wait().unwrap();
            assert_eq!((piped.0, piped.1.replace("\"stdin\"", &format!("\"{label}\""))), expected, "{arguments:?}");
        }
    }
}
