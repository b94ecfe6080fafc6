//! What is judged: `--deployed-at`, `--since`, `--until`.

use std::fs;

use serde_json::Value;
use tempfile::NamedTempFile;

use super::logs::{START, at, healthy, line, request};
use crate::support::program::{Ran, fixture, logwatch, piped};

/// Failures in minute 1, health before and after.
fn log() -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    let failing: String = (60..120).map(|second| request(second, "/api/user/exchanges", 500)).collect();
    fs::write(&file, healthy(0..60) + &failing + &healthy(120..780)).unwrap();
    file
}

fn replay(log: &NamedTempFile, more: &[&str]) -> Ran {
    let path = log.path().to_str().unwrap();
    logwatch(&[&["replay", path, "--plan", "dl-034", "--format", "json"], more].concat())
}

fn skipped(summary: &Value) -> u64 {
    summary["input"]["skipped"].as_u64().unwrap()
}

#[test]
fn what_came_before_the_deployment_is_not_judged() {
    let log = log();
    assert_eq!(replay(&log, &[]).status, Some(4));
    let ran = replay(&log, &["--deployed-at", &at(120)]);
    let summary = ran.summary();
    assert_eq!((ran.status, &summary["verdict"]), (Some(0), &"healthy".into()), "{summary}");
    assert_eq!((&summary["deployed_at"], &summary["deployed_at_from"]), (&at(120).into(), &"--deployed-at".into()));
    assert_eq!((skipped(&summary), &summary["http"]["requests"]), (0, &780.into()), "it is counted all the same");
    let start = &ran.objects()[0];
    assert_eq!((&start["deployed_at"], &start["deployed_at_from"]), (&at(120).into(), &"--deployed-at".into()));
}

#[test]
fn auto_is_the_newest_start_in_the_log_else_its_first_record() {
    for deployed_at in [&[][..], &["--deployed-at", "auto"]] {
        let first = replay(&log(), deployed_at).summary();
        assert_eq!(first["deployed_at_from"], "first record");
        assert_eq!(first["deployed_at"], START.replace('Z', ".250Z"));
        let file = NamedTempFile::new().unwrap();
        let started = |second| line(second, "error", "INFO:     Started server process [7]");
        let text = healthy(0..5) + &started(5) + &healthy(6..500) + &started(500) + &healthy(501..560);
        fs::write(&file, text).unwrap();
        let newest = replay(&file, deployed_at).summary();
        assert_eq!(newest["deployed_at_from"], "process.started");
        assert_eq!(newest["deployed_at"], at(500).replace('Z', ".250Z"));
    }
}

#[test]
fn the_command_line_beats_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    fs::write(&plan, format!("[plan]\nid = \"x\"\ntitle = \"x\"\nat = \"{}\"\n", at(90))).unwrap();
    let plan = plan.to_str().unwrap();
    let log = log();
    let summary = |more: &[&str]| {
        let path = log.path().to_str().unwrap();
        logwatch(&[&["replay", path, "--plan", plan, "--format", "json"], more].concat()).summary()
    };
    assert_eq!((&summary(&[])["deployed_at"], &summary(&[])["deployed_at_from"]), (&at(90).into(), &"plan".into()));
    assert_eq!(summary(&["--deployed-at", &at(30)])["deployed_at"], at(30));
    assert_eq!(summary(&["--deployed-at", "auto"])["deployed_at_from"], "first record");
}

#[test]
fn a_range_of_times_leaves_out_what_is_around_it() {
    let log = log();
    let summary = replay(&log, &["--since", &at(120), "--until", &at(180)]).summary();
    assert_eq!((&summary["http"]["requests"], skipped(&summary)), (&60.into(), 720));
    assert_eq!(summary["verdict"], "unknown", "{summary}");
    let ends = ["from", "to"].map(|end| summary[end].as_str().unwrap().to_string());
    assert_eq!(ends, [at(120), at(179)].map(|time| time.replace('Z', ".250Z")));
    let summary = replay(&log, &["--until", &at(60)]).summary();
    assert_eq!((&summary["http"]["requests"], skipped(&summary)), (&60.into(), 720));
}

#[test]
fn a_range_may_count_from_the_deployment() {
    let log = log();
    let deployed = ["--deployed-at", START];
    for (bounds, requests) in [
        (&["--until", "+1m"][..], 60),
        (&["--since", "+90s"], 690),
        (&["--since", "+2m", "--until", "+150s"], 30),
        (&["--since", "+1h"], 0),
    ] {
        let summary = replay(&log, &[&deployed[..], bounds].concat()).summary();
        assert_eq!(summary["http"]["requests"], requests, "{bounds:?}");
        assert_eq!(skipped(&summary), 780 - requests, "{bounds:?}");
    }
    let first = replay(&log, &["--until", "+30s"]).summary();
    assert_eq!(first["http"]["requests"], 30, "the first record is the deployment");
}

#[test]
fn times_may_be_written_as_people_do() {
    let log = log();
    for time in ["2025-08-25 13:52", "2025-08-25T13:52:00Z", "2025-08-25T15:52:00+02:00", "2025-08-25 13:52:00"] {
        assert_eq!(replay(&log, &["--since", time]).summary()["http"]["requests"], 660, "{time}");
        assert_eq!(replay(&log, &["--deployed-at", time]).summary()["deployed_at"], at(120), "{time}");
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for option in ["--deployed-at", "--since", "--until"] {
        for text in ["yesterday", "13:61", "2025-13-45T99:00:00Z", ""] {
            let ran = logwatch(&["replay", &fixture("dl-034/before-fix.jsonl"), option, text]);
            assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{option} {text}");
            assert!(ran.err.contains(option) && ran.err.contains("; write "), "{}", ran.err);
        }
    }
}

/// The hours that no record is from are known, too, when the plan's whole duration is asked for.
#[test]
fn until_says_how_far_the_run_was_watched() {
    let log = log();
    let summary = replay(&log, &["--deployed-at", &at(120), "--until", "+4h"]).summary();
    assert_eq!(summary["complete"], true, "{summary}");
    assert_eq!(replay(&log, &["--deployed-at", &at(120)]).summary()["complete"], false);
}

/// A line without a time is of the time of the line before it, whether or not that was in the range.
#[test]
fn lines_without_a_time_are_of_the_range_of_the_line_before() {
    let file = NamedTempFile::new().unwrap();
    let bare = "QueuePool limit of size 5 overflow 10 reached\n";
    fs::write(&file, healthy(0..60) + bare + &healthy(60..120) + bare + bare + &healthy(120..180) + bare).unwrap();
    let count = |range: &[&str]| {
        let summary = replay(&file, range).summary();
        (summary["classes"]["db.pool_exhausted"]["count"].as_u64().unwrap_or(0), skipped(&summary))
    };
    assert_eq!(count(&[]), (4, 0));
    assert_eq!(count(&["--until", &at(60)]), (1, 123));
    assert_eq!(count(&["--since", &at(60)]), (3, 61));
    assert_eq!(count(&["--since", &at(60), "--until", &at(120)]), (2, 122));
}

/// What comes after the range says how far the range was seen, and nothing else: rules do not look beyond its end.
#[test]
fn rules_look_no_further_than_until() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    let rule = "[[trigger]]\nid = 'none'\nseverity = 'rollback'\nwhen = 'absent(http.request[10s])'\nfor = '20s'\n";
    fs::write(&plan, format!("[plan]\nid = 'x'\ntitle = 'x'\n{rule}")).unwrap();
    let file = NamedTempFile::new().unwrap();
    fs::write(&file, healthy(0..60) + &line(70, "info", "x") + &line(120, "info", "x") + &healthy(121..130)).unwrap();
    let state = |until: u32| {
        let arguments = ["replay", file.path().to_str().unwrap(), "--format", "json", "--until", &at(until), "--plan"];
        let ran = logwatch(&[&arguments[..], &[plan.to_str().unwrap()]].concat());
        ran.summary()["triggers"][0]["state"].as_str().unwrap().to_string()
    };
    assert_eq!([60, 80, 89, 90, 100].map(state), ["ok", "pending", "pending", "firing", "firing"]);
}

/// The deployment that a range counts from is the one that is judged, wherever in the log it is found.
#[test]
fn a_range_may_count_from_a_deployment_that_the_log_tells() {
    let file = NamedTempFile::new().unwrap();
    let started = line(100, "error", "INFO:     Started server process [7]");
    fs::write(&file, healthy(0..100) + &started + &healthy(101..240)).unwrap();
    for (bounds, requests) in [
        (&["--until", "+1m"][..], 159),
        (&["--since", "+90s"], 50),
        (&["--since", "+30s", "--until", "+1m"], 30),
        (&["--since", "+1h"], 0),
    ] {
        let summary = replay(&file, bounds).summary();
        assert_eq!(summary["http"]["requests"], requests, "{bounds:?}");
        assert_eq!(skipped(&summary), 240 - requests - u64::from(bounds[0] == "--until"), "{bounds:?}");
        if requests > 0 {
            assert_eq!(summary["deployed_at"], at(100).replace('Z', ".250Z"), "{bounds:?}");
            assert_eq!(summary["deployed_at_from"], "process.started", "{bounds:?}");
        }
    }
}

/// A pipe cannot be read twice, and what is followed has no end.
#[test]
fn a_range_of_a_pipe_needs_to_be_told_of_the_deployment() {
    let log = log();
    let path = log.path().to_str().unwrap();
    let refused = [
        piped(&["--since", "+1m"], healthy(0..90).as_bytes()),
        piped(&["replay", "-", "--until", "+1m"], healthy(0..90).as_bytes()),
        logwatch(&["replay", path, "--follow", "--until", "+1m"]),
    ];
    for ran in refused {
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
        assert!(ran.err.contains("--deployed-at"), "{}", ran.err);
    }
    let told = piped(
        &["replay", "-", "--until", "+1m", "--deployed-at", START, "--format", "json"],
        healthy(0..90).as_bytes(),
    );
    assert_eq!(told.summary()["http"]["requests"], 60);
}
