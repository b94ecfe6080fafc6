//! Bad input: one message or one count for each thing that can be wrong, and never a panic.

use std::fs;

use serde_json::Value;

use super::logs::{healthy, line};
use crate::support::packed::gzip;
use crate::support::program::{Ran, fixture, logwatch, piped};

fn replay(name: &str) -> Ran {
    logwatch(&["replay", &fixture(&format!("bad-input/{name}")), "--format", "json"])
}

/// The input counts that are not 0, without the size.
fn counts(summary: &Value) -> Vec<(&str, u64)> {
    let counts = summary["input"].as_object().unwrap().iter().filter(|(name, _)| *name != "bytes");
    counts.map(|(name, count)| (name.as_str(), count.as_u64().unwrap())).filter(|(_, count)| *count > 0).collect()
}

/// Each stored file has its count, and the good lines around it are used.
#[test]
fn each_defect_has_its_count() {
    for (name, status, expected) in [
        ("empty.jsonl", 5, &[][..]),
        ("blank-lines.jsonl", 5, &[("classified", 10), ("lines", 14), ("records", 10), ("skipped", 4)]),
        ("invalid-utf8.jsonl", 5, &[("classified", 11), ("invalid_utf8", 1), ("lines", 11), ("records", 11)]),
        ("crlf.jsonl", 5, &[("classified", 10), ("lines", 10), ("records", 10)]),
        ("bom.jsonl", 5, &[("classified", 10), ("lines", 10), ("records", 10)]),
        ("clock-steps-back.jsonl", 5, &[("classified", 10), ("late", 10), ("lines", 20), ("records", 20)]),
        ("future-clock.jsonl", 5, &[("classified", 10), ("lines", 10), ("records", 10)]),
        ("half-written.jsonl", 1, &[("classified", 9), ("lines", 10), ("malformed", 1), ("records", 9)]),
        ("no-times.txt", 5, &[("classified", 12), ("lines", 12), ("records", 12), ("untimed", 12)]),
        ("terminal-escapes.jsonl", 5, &[("classified", 12), ("lines", 12), ("records", 12)]),
    ] {
        let ran = replay(name);
        assert_eq!((ran.status, ran.err.as_str()), (Some(status), ""), "{name}");
        let summary = ran.summary();
        assert_eq!(counts(&summary), sorted(expected, &summary), "{name}");
    }
}

/// In the order of the summary's members.
fn sorted<'a>(expected: &[(&'a str, u64)], summary: &Value) -> Vec<(&'a str, u64)> {
    let order: Vec<&String> = summary["input"].as_object().unwrap().keys().collect();
    let mut expected = expected.to_vec();
    expected.sort_by_key(|(name, _)| order.iter().position(|member| member == name));
    expected
}

#[test]
fn every_stored_file_keeps_its_good_requests_and_adds_up() {
    for (name, requests) in [
        ("blank-lines.jsonl", 10),
        ("bom.jsonl", 10),
        ("clock-steps-back.jsonl", 10),
        ("crlf.jsonl", 10),
        ("empty.jsonl", 0),
        ("future-clock.jsonl", 10),
        ("half-written.jsonl", 9),
        ("invalid-utf8.jsonl", 10),
        ("no-times.txt", 12),
        ("not-log-records.jsonl", 10),
        ("nul-bytes.jsonl", 10),
        ("terminal-escapes.jsonl", 10),
    ] {
        let summary = replay(name).summary();
        assert_eq!(summary["http"]["requests"], requests, "{name}");
        let input = &summary["input"];
        let parts = ["too_long", "malformed", "skipped", "duplicate", "late", "classified", "unclassified", "merged"];
        let sum: u64 = parts.iter().map(|part| input[*part].as_u64().unwrap()).sum();
        assert_eq!(sum, input["lines"].as_u64().unwrap(), "{name}: {input}");
    }
    let stored = fs::read_dir(fixture("bad-input")).unwrap().count();
    assert_eq!(stored, 14, "twelve here and two that are compressed");
}

/// A JSON object that is no log record is text; JSON that is not whole is malformed.
#[test]
fn json_that_is_no_record_is_text() {
    let summary = replay("not-log-records.jsonl").summary();
    assert_eq!((&summary["input"]["malformed"], &summary["input"]["records"]), (&1.into(), &19.into()));
}

#[test]
fn compressed_data_that_breaks_off_is_used_as_far_as_it_goes() {
    for name in ["truncated.jsonl.gz", "truncated.jsonl.zst"] {
        let ran = replay(name);
        let summary = ran.summary();
        assert_eq!(ran.status, Some(1), "{name}");
        let interrupted = summary["interrupted"].as_str().unwrap();
        assert!(interrupted.contains(name) && interrupted.contains("ends too early"), "{interrupted}");
        assert_eq!(summary["complete"], false);
        assert!(summary["http"]["requests"].as_u64().unwrap() > 100, "{name}");
        let text = logwatch(&["replay", &fixture(&format!("bad-input/{name}"))]).out;
        assert_eq!(text.matches("ends too early").count(), 1, "{text}");
    }
}

#[test]
fn compressed_data_that_is_damaged_is_told() {
    let mut packed = gzip(healthy(0..60).as_bytes());
    let middle = packed.len() / 2;
    packed[middle..middle + 8].fill(0xff);
    let ran = piped(&["replay", "-", "--format", "json"], &packed);
    assert_eq!(ran.status, Some(1));
    assert!(ran.summary()["interrupted"].is_string());
}

#[test]
fn an_empty_input_says_that_it_is_empty() {
    for ran in [logwatch(&["replay", &fixture("bad-input/empty.jsonl")]), piped(&[], b"")] {
        assert_eq!(ran.status, Some(5));
        assert!(ran.out.contains("0 lines"), "{}", ran.out);
        // Nothing can be said of the times of records that are not there.
        assert!(!ran.out.contains("no record has a time") && ran.out.contains("empty"), "{}", ran.out);
    }
}

#[test]
fn lines_without_a_time_are_counted_and_the_way_out_is_shown() {
    let ran = logwatch(&["replay", &fixture("bad-input/no-times.txt")]);
    assert_eq!(ran.status, Some(5));
    assert!(ran.out.contains("no record has a time") && ran.out.contains("railway logs --json"), "{}", ran.out);
}

/// One record with a wrong clock makes none of the others late.
#[test]
fn a_clock_far_ahead_makes_nothing_late() {
    let summary = replay("future-clock.jsonl").summary();
    assert_eq!((&summary["input"]["late"], &summary["http"]["requests"]), (&0.into(), &10.into()));
}

#[test]
fn a_line_over_1_mib_is_cut_and_counted() {
    let long = "x".repeat((1 << 20) + 1);
    for text in [format!("{long}\n"), line(5, "error", &format!("ERROR:web:{long}"))] {
        let log = healthy(0..5) + &text + &healthy(5..60);
        let ran = piped(&["replay", "-", "--format", "json"], log.as_bytes());
        let summary = ran.summary();
        assert_eq!((&summary["input"]["too_long"], &summary["input"]["lines"]), (&1.into(), &61.into()));
        assert_eq!((&summary["http"]["requests"], ran.status), (&60.into(), Some(5)), "{summary}");
        assert!(!summary["classes"].as_object().unwrap().contains_key("app.error"), "it is not classified");
        assert!(!ran.out.contains(&long[..1_000]), "it is not shown");
    }
    let text = piped(&["replay", "-"], format!("{long}\n{}", healthy(0..60)).as_bytes()).out;
    assert!(text.contains("1 too long"), "{text}");
}

/// The limit itself is allowed.
#[test]
fn a_line_of_1_mib_is_read() {
    let empty = line(5, "error", "ERROR:web:").len() - 1;
    let text = line(5, "error", &format!("ERROR:web:{}", "x".repeat((1 << 20) - empty)));
    assert_eq!(text.len(), (1 << 20) + 1, "with its end");
    let summary = piped(&["replay", "-", "--format", "json"], text.as_bytes()).summary();
    assert_eq!((&summary["input"]["too_long"], &summary["classes"]["app.error"]["count"]), (&0.into(), &1.into()));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    for (arguments, path) in [
        (vec!["replay", "no/such.jsonl"], "no/such.jsonl"),
        (vec!["no/such.jsonl"], "no/such.jsonl"),
        (vec!["replay", "--source", "api=no/such.jsonl"], "no/such.jsonl"),
    ] {
        let ran = logwatch(&arguments);
        assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""), "{arguments:?}");
        assert_eq!(ran.err, format!("logwatch: {path}: no such file\n"));
    }
    // The others are not read.
    let ran = logwatch(&["replay", &fixture("dl-034/before-fix.jsonl"), "no/such.jsonl"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""));
}

#[test]
fn a_folder_is_named_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let ran = logwatch(&["replay", "--source", &format!("api={path}")]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.starts_with(&format!("logwatch: {path}: is a folder")), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1);
}

/// Bytes of every kind, with and without line ends, in each way of reading.
#[test]
fn junk_is_counted_and_told_as_unknown() {
    let mut state = 34_u64;
    let mut junk = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    let random: Vec<u8> = (0..200_000).map(|_| junk()).collect();
    let without_ends: Vec<u8> = random.iter().copied().filter(|byte| *byte != b'\n').collect();
    let zeros = vec![0; 300_000];
    let half_gzip = [&[0x1f, 0x8b, 8, 0][..], &random[..1_000]].concat();
    for (what, bytes) in [("random", &random), ("one line", &without_ends), ("zeros", &zeros), ("gzip", &half_gzip)] {
        for arguments in [&["--format", "json"][..], &["replay", "-", "--format", "json", "-j", "1"]] {
            let ran = piped(arguments, bytes);
            assert!(matches!(ran.status, Some(1 | 5)), "{what}: {ran:?}");
            if ran.status == Some(5) {
                assert_eq!(ran.summary()["http"]["requests"], 0, "{what}");
            }
        }
        let ran = piped(&["replay", "-"], bytes);
        assert!(!ran.out.chars().any(|c| c.is_control() && c != '\n'), "{what}: {:?}", ran.out);
        assert!(matches!(piped(&["patterns", "explain", "-"], bytes).status, Some(0..=2)), "{what}");
    }
}

/// The tail of a stream that was cut: a request without a line end is one, a record that stops is not.
#[test]
fn the_last_line_needs_no_end() {
    let log = healthy(0..60);
    let ran = piped(&["replay", "-", "--format", "json"], log.trim_end().as_bytes());
    assert_eq!((ran.status, &ran.summary()["http"]["requests"]), (Some(5), &60.into()));
}

/// Many JSON levels, long names, huge numbers: nothing is followed to its end.
#[test]
fn extreme_json_does_no_harm() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [
        format!("{{\"timestamp\":{deep}}}"),
        format!("{{\"message\":{deep},\"level\":\"error\",\"timestamp\":\"2025-08-25T13:50:00Z\"}}"),
        format!("{{\"{}\":1}}", "n".repeat(500_000)),
        format!("{{\"timestamp\":1{},\"message\":\"x\"}}", "0".repeat(400)),
        r#"{"timestamp":"9999-12-31T23:59:59.999999999Z","level":"info","message":"the end of time"}"#.into(),
        r#"{"timestamp":"0000-01-01T00:00:00Z","level":"info","message":"its beginning"}"#.into(),
        r#"{"timestamp":"2025-08-25T13:50:00Z","message":"\ud800 lone","level":"\u0000"}"#.into(),
        r#"{"timestamp":"2025-08-25T13:50:00Z","method":"GET","path":"/x","httpStatus":99999999999999999999,"totalDuration":1e999}"#.into(),
        r#"{"timestamp":"2025-08-25T13:50:00Z","method":"GET","path":"/x","httpStatus":200,"totalDuration":9223372036854775807}"#.into(),
    ] {
        let ran = piped(&["replay", "-", "--format", "json"], (text.clone() + "\n").as_bytes());
        let start = &text[..text.len().min(80)];
        assert!(matches!(ran.status, Some(1 | 5)), "{start}: {:?} {}", ran.status, ran.err);
        assert_eq!(ran.summary()["input"]["lines"], 1, "{start}");
    }
}
