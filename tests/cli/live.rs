//! A pipe that stays open: signals, a snapshot taken for a stream, a file that grows.

use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use super::logs::{healthy, request};
use super::program::{Ran, command, ended, eventually, fixture, logwatch, piped, read};

/// A run that has read `log` from a pipe that is still open.
fn reading(arguments: &[&str], log: &[u8]) -> (Child, ChildStdin) {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("run");
    let arguments = [arguments, &["--record", recording.to_str().unwrap()]].concat();
    let mut child = command(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(log).unwrap();
    eventually("the log is read", || fs::read(&recording).is_ok_and(|kept| kept.ends_with(log)));
    (child, pipe)
}

#[cfg(unix)]
fn stopped(arguments: &[&str], log: &[u8], signal: &str) -> Ran {
    let (child, pipe) = reading(arguments, log);
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let ran = ended(child, Duration::from_secs(2));
    drop(pipe);
    ran
}

#[cfg(unix)]
#[test]
fn a_signal_ends_with_the_summary_and_the_verdict_so_far() {
    for signal in ["-TERM", "-INT"] {
        let log = read(&fixture("dl-034/before-fix.jsonl"));
        let ran = stopped(&["--plan", "dl-034", "--format", "json"], &log, signal);
        let summary = ran.summary();
        assert_eq!((ran.status, &summary["verdict"]), (Some(4), &"rollback".into()), "{signal}");
        assert!(summary["interrupted"].is_string(), "{summary}");
        assert_eq!((&summary["complete"], &summary["input"]["lines"]), (&false.into(), &218.into()));
        assert_eq!(ran.err, "");
    }
}

#[cfg(unix)]
#[test]
fn what_was_interrupted_is_never_0() {
    let log = healthy(0..60);
    for fail_on in ["unknown", "never"] {
        let ran = stopped(&["--fail-on", fail_on], log.as_bytes(), "-TERM");
        assert_eq!(ran.status, Some(1), "{}", ran.out);
        assert!(ran.out.contains("VERDICT") && ran.out.contains("stopped by a signal"), "{}", ran.out);
        assert!(ran.out.lines().last().unwrap().starts_with("exit 1"), "{}", ran.out);
    }
}

/// The outputs beside standard output are finished, too.
#[cfg(unix)]
#[test]
fn a_signal_leaves_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("run.json");
    let log = read(&fixture("dl-034/before-fix.jsonl"));
    stopped(&["-q", "--output", output.to_str().unwrap()], &log, "-TERM");
    let told = super::program::objects(&fs::read_to_string(&output).unwrap());
    assert_eq!(told.last().unwrap()["type"], "summary");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "and nothing else");
}

#[test]
fn the_end_of_the_pipe_is_the_end_of_the_run() {
    let (child, pipe) = reading(&["--format", "json"], healthy(0..60).as_bytes());
    drop(pipe);
    let ran = ended(child, Duration::from_secs(2));
    assert_eq!((ran.status, &ran.summary()["interrupted"]), (Some(0), &serde_json::Value::Null));
}

/// `railway logs` gives 500 lines into a pipe and ends: its reader should know that this was no stream.
#[test]
fn a_snapshot_is_told_on_standard_error_alone() {
    let lines = |count: u32| (0..count).map(|turn| request(turn / 10, "/api/bots", 200)).collect::<String>();
    let told = |ran: &Ran| ran.err.contains("hint:");
    for format in ["text", "json"] {
        let ran = piped(&["--format", format], lines(500).as_bytes());
        assert!(told(&ran) && ran.err.contains("500 lines") && ran.err.contains("railway logs"), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1);
        assert!(!ran.out.contains("hint:"), "{}", ran.out);
        assert_eq!(ran.status, Some(0));
    }
    for count in [10, 400, 502, 600] {
        assert!(!told(&piped(&[], lines(count).as_bytes())), "{count}");
    }
    assert!(!told(&piped(&["-q"], lines(500).as_bytes())));
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, lines(500)).unwrap();
    assert!(!told(&logwatch(&["replay", file.path().to_str().unwrap()])));
    assert!(!told(&logwatch(&[file.path().to_str().unwrap()])));
}

/// `replay --follow`: what is written to the file later is read, too.
#[cfg(unix)]
#[test]
fn a_file_is_followed_as_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let (log, recording) = (folder.path().join("app.jsonl"), folder.path().join("run"));
    fs::write(&log, healthy(0..30)).unwrap();
    let arguments =
        ["replay", "--follow", log.to_str().unwrap(), "--format", "json", "--record", recording.to_str().unwrap()];
    let child = command(&arguments).spawn().unwrap();
    let has_read = |text: &str| fs::read(&recording).is_ok_and(|kept| kept.ends_with(text.as_bytes()));
    eventually("the beginning is read", || has_read(&healthy(0..30)));
    fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(healthy(30..60).as_bytes()).unwrap();
    eventually("the rest is read", || has_read(&healthy(0..60)));
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert_eq!(ended(child, Duration::from_secs(2)).summary()["http"]["requests"], 60);
}
