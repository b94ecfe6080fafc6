//! The exit status tells the verdict; `--fail-on` says from which one on.

use std::fs;

use crate::support::program::{fixture, logwatch, read};

const LOGS: [(&str, i32); 4] = [
    ("dl-034/before-fix.jsonl", 4),
    ("dl-034/regression-timeframe-announced.jsonl", 3),
    ("bad-input/crlf.jsonl", 5),
    ("bad-input/empty.jsonl", 5),
];

fn statuses(fail_on: &[&str]) -> Vec<Option<i32>> {
    let replay =
        |name| logwatch(&[&["replay", "-q", &fixture(name), "--plan", "smart-scalper"], fail_on].concat()).status;
    LOGS.iter().map(|(name, _)| replay(name)).collect()
}

#[test]
fn a_verdict_is_an_exit_status() {
    let expected: Vec<Option<i32>> = LOGS.iter().map(|(_, status)| Some(*status)).collect();
    assert_eq!(statuses(&[]), expected);
    assert_eq!(statuses(&["--fail-on", "unknown"]), expected);
}

#[test]
fn milder_verdicts_than_asked_for_are_0() {
    let some = |statuses: [i32; 4]| statuses.map(Some).to_vec();
    assert_eq!(statuses(&["--fail-on", "investigate"]), some([4, 3, 0, 0]));
    assert_eq!(statuses(&["--fail-on", "rollback"]), some([4, 0, 0, 0]));
    assert_eq!(statuses(&["--fail-on", "never"]), some([0, 0, 0, 0]));
}

#[test]
fn healthy_is_0_whatever_counts() {
    let log = tempfile::NamedTempFile::new().unwrap();
    fs::write(&log, super::logs::healthy_minutes()).unwrap();
    for fail_on in ["rollback", "investigate", "unknown", "never"] {
        let ran = logwatch(&["replay", log.path().to_str().unwrap(), "--fail-on", fail_on]);
        assert_eq!(ran.status, Some(0), "{fail_on}: {}", ran.out);
        assert!(ran.out.contains("VERDICT  HEALTHY so far"), "{}", ran.out);
        assert!(ran.out.ends_with("exit 0 (healthy)\n"), "{}", ran.out);
    }
}

/// The text's last line is the truth about the exit status.
#[test]
fn the_last_line_tells_the_status() {
    for (name, status) in LOGS {
        for fail_on in ["unknown", "never"] {
            let ran = logwatch(&["replay", &fixture(name), "--plan", "smart-scalper", "--fail-on", fail_on]);
            let last = ran.out.lines().last().unwrap();
            let expected = if fail_on == "never" { 0 } else { status };
            assert_eq!(ran.status, Some(expected));
            assert!(last.starts_with(&format!("exit {expected} (")), "{last}");
        }
    }
}

#[test]
fn input_cut_short_is_never_0() {
    for name in ["bad-input/truncated.jsonl.gz", "bad-input/truncated.jsonl.zst", "bad-input/half-written.jsonl"] {
        for fail_on in ["unknown", "never"] {
            assert_eq!(logwatch(&["replay", &fixture(name), "--fail-on", fail_on]).status, Some(1), "{name}");
        }
    }
}

#[test]
fn a_rollback_wins_over_input_cut_short() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut text = read(&fixture("dl-034/before-fix.jsonl"));
    text.truncate(text.len() - 10);
    let packed = zstd::encode_all(text.as_slice(), 1).unwrap();
    fs::write(&log, &packed).unwrap();
    let replay = || logwatch(&["replay", log.path().to_str().unwrap(), "--plan", "dl-034", "--format", "json"]);
    let ran = replay();
    assert_eq!((ran.status, ran.summary()["interrupted"].is_string()), (Some(4), true), "{}", ran.summary());
    let log = &log;
    fs::write(log, zstd_in_two_frames(&text)).unwrap();
    let ran = replay();
    assert_eq!((ran.status, ran.summary()["interrupted"].is_string()), (Some(4), true), "{}", ran.summary());
}

/// Whole but for the second frame, of which some bytes are missing.
fn zstd_in_two_frames(text: &[u8]) -> Vec<u8> {
    let mut packed = zstd::encode_all(text, 1).unwrap();
    let second = zstd::encode_all(text, 1).unwrap();
    packed.extend_from_slice(&second[..second.len() / 2]);
    packed
}
