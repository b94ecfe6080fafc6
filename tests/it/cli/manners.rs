//! What makes the first minutes pleasant: words that are understood, or told how to be written.

use std::fs;

use super::logs::{at, healthy};
use crate::support::program::{command, fixture, logwatch, run};

#[test]
fn saved_files_need_no_word_before_them() {
    let log = fixture("dl-034/before-fix.jsonl");
    let (with, without) = (logwatch(&["replay", &log, "--plan", "dl-034"]), logwatch(&[&log, "--plan", "dl-034"]));
    assert_eq!((with.status, with.out), (without.status, without.out));
}

#[test]
fn a_word_that_is_no_file_is_told_what_it_may_mean() {
    let slip = logwatch(&["replays"]);
    assert_eq!(slip.status, Some(2));
    assert_eq!(slip.err, "logwatch: replays: no such file, and no command; did you mean `logwatch replay`?\n");
    let unknown = logwatch(&["dashboard"]);
    assert!(unknown.err.contains("the commands are watch, "), "{}", unknown.err);
}

#[test]
fn a_folder_means_its_logs_and_a_pattern_what_it_matches() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let empty = logwatch(&[folder.path().to_str().unwrap()]);
    assert_eq!(empty.status, Some(2));
    assert!(empty.err.contains("no logs in this folder (.log, .txt"), "{}", empty.err);
    fs::write(path("a.jsonl"), healthy(0..60)).unwrap();
    fs::write(path("b.log"), healthy(60..120)).unwrap();
    fs::write(path("notes.md"), "no log").unwrap();
    fs::create_dir(path("older.log")).unwrap();
    let lines = |what: &str| logwatch(&[what, "--format", "json"]).summary()["input"]["lines"].as_u64();
    assert_eq!(lines(folder.path().to_str().unwrap()), Some(120));
    assert_eq!(lines(&path("*.l*g")), Some(60), "a folder that matches is left out");
    assert_eq!(lines(&path("[ab].*")), Some(120));
    let none = logwatch(&[&path("c*")]);
    assert_eq!((none.status, none.err.contains("no file matches")), (Some(2), true), "{}", none.err);
}

#[test]
fn an_output_tells_its_format_or_is_told_how() {
    let log = fixture("dl-034/before-fix.jsonl");
    for (name, told) in
        [("json", "--format json"), ("report.pdf", "text=report.pdf or html=report.pdf"), ("run", "text=run")]
    {
        let ran = logwatch(&[&log, "--output", name]);
        assert_eq!(ran.status, Some(2));
        assert!(ran.err.contains(told), "{}", ran.err);
    }
}

#[test]
fn a_shell_can_complete_and_man_can_show() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = logwatch(&["completions", shell]);
        assert_eq!(ran.status, Some(0));
        assert!(ran.out.contains("replay") && ran.out.contains("deployed-at"), "{shell}");
    }
    let page = logwatch(&["man"]);
    assert!(page.out.contains(".TH logwatch 1") && page.out.contains("deployed\\-at"), "{}", page.out);
}

#[test]
fn the_version_tells_this_logwatch_from_debians() {
    let version = logwatch(&["--version"]).out;
    assert!(
        version.starts_with(concat!("logwatch ", env!("CARGO_PKG_VERSION"))) && version.contains("deployment"),
        "{version}"
    );
}

/// Of a log from 10:00:00 to 10:12:59.
#[test]
fn the_ends_of_the_range_are_written_as_people_write_them() {
    let file = tempfile::Builder::new().suffix(".jsonl").tempfile().unwrap();
    fs::write(&file, healthy(0..780)).unwrap();
    let ends = |options: &[&str]| {
        let ran = logwatch(&[&[file.path().to_str().unwrap(), "--format", "json"], options].concat());
        let summary = ran.summary();
        ["from", "to"].map(|end| summary[end].as_str().unwrap_or_default().replace(".250Z", "Z"))
    };
    let clock = at(300)[11..16].to_string();
    let expected: [(&[&str], [u32; 2]); 10] = [
        (&["--since", "5m"], [479, 779]),
        (&["--until", "5m"], [0, 478]),
        (&["--since", &clock], [300, 779]),
        (&["--since", "today"], [0, 779]),
        (&["--since", &at(60)[..19]], [60, 779]),
        (&["--deployed-at", &at(300), "--since", "-10s", "--until", "+10s"], [290, 309]),
        (&["--since", "+1m"], [60, 779]),
        (&["--deployed-at", &clock, "--since", "-10s"], [290, 779]),
        (&["--deployed-at", "5m", "--until", "+0s"], [0, 478]),
        (&["--since", &at(60)[..19], "--tz", "UTC"], [60, 779]),
    ];
    for (options, [from, to]) in expected {
        assert_eq!(ends(options), [at(from), at(to)], "{options:?}");
    }
    // The same clock in another zone is another time: an hour later there.
    assert_eq!(ends(&["--until", &at(60)[..19], "--tz", "Europe/Madrid"]), [String::new(), String::new()]);
    let zone = logwatch(&["x.log", "--tz", "Madrid"]);
    assert!(zone.err.contains("Europe/Madrid"), "{}", zone.err);
}

/// What cannot be read twice is counted back from now.
#[test]
fn in_a_pipe_the_end_is_now() {
    let mut child = command(&["-", "--since", "1h", "--format", "json"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, healthy(0..60)).unwrap();
    let ran = run(child.stdin(fs::File::open(&file).unwrap()));
    assert_eq!(ran.summary()["input"]["skipped"], 60);
}

/// The screen alone: what programs read stays in UTC.
#[test]
fn times_are_shown_in_the_zone_that_is_asked_for() {
    let log = fixture("dl-034/before-fix.jsonl");
    let of = |zone: &str| logwatch(&[&log, "--plan", "dl-034", "--tz", zone]).out;
    let (utc, tokyo) = (of("UTC"), of("Asia/Tokyo"));
    assert!(utc.contains("VERDICT  ROLLBACK   since 13:30:50 ") && utc.contains("13:29:57 – 13:32:39 UTC"), "{utc}");
    assert!(
        tokyo.contains("VERDICT  ROLLBACK   since 22:30:50 ") && tokyo.contains("22:29:57 – 22:32:39 Asia/Tokyo"),
        "{tokyo}"
    );
    assert!(!tokyo.contains("13:3"), "{tokyo}");
    let json = |zone: &str| logwatch(&[&log, "--plan", "dl-034", "--format", "json", "--tz", zone]).out;
    assert_eq!(json("UTC"), json("Asia/Tokyo"));
}
