//! A pipe that stays open: signals, a snapshot taken for a stream, a file that grows.

use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use super::logs::{healthy, request};
use crate::support::program::{Ran, awaits_signals, command, ended, eventually, fixture, logwatch, piped, read};

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
    for signal in ["-TERM", "-INT", "-HUP"] {
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
    for signal in ["-TERM", "-INT", "-HUP"] {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("run.json");
        let log = read(&fixture("dl-034/before-fix.jsonl"));
        stopped(&["-q", "--output", output.to_str().unwrap()], &log, signal);
        let told = crate::support::program::objects(&fs::read_to_string(&output).unwrap());
        assert_eq!(told.last().unwrap()["type"], "summary");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "and nothing else");
    }
}

/// What was written before the signal counts, though nobody had read it by then.
#[cfg(unix)]
#[test]
fn what_came_before_a_signal_is_read() {
    for signal in ["-TERM", "-INT"] {
        let (child, mut pipe) = reading(&["--format", "json"], healthy(0..30).as_bytes());
        pipe.write_all(healthy(30..60).as_bytes()).unwrap();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        assert_eq!(ended(child, Duration::from_secs(5)).summary()["input"]["lines"], 60);
        drop(pipe);
    }
}

/// The second signal does not wait for what is on its way; what is known is told all the same.
#[cfg(unix)]
#[test]
fn a_second_signal_ends_at_once_with_what_is_known() {
    let log = read(&fixture("dl-034/before-fix.jsonl"));
    let (child, mut pipe) = reading(&["--plan", "dl-034", "--format", "json"], &log);
    let id = child.id().to_string();
    let endless = std::thread::spawn(move || while pipe.write_all(b"more and more\n").is_ok() {});
    for _ in 0..2 {
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        std::thread::sleep(Duration::from_millis(150));
    }
    let ran = ended(child, Duration::from_secs(2));
    assert_eq!((ran.status, &ran.summary()["verdict"]), (Some(4), &"rollback".into()), "{}", ran.err);
    endless.join().unwrap();
}

/// `nohup` has a program ignore the signal of a closed terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_sighup_that_is_ignored_from_the_start_stays_so() {
    let (child, mut pipe) = started_with_ignored("HUP");
    pipe.write_all(healthy(0..60).as_bytes()).unwrap();
    drop(pipe);
    let ran = ended(child, Duration::from_secs(5));
    assert_eq!((ran.status, &ran.summary()["input"]["lines"]), (Some(5), &60.into()));
}

/// A shell has its background jobs ignore what the terminal sends; who sends it to one of them means it.
#[cfg(target_os = "linux")]
#[test]
fn a_background_job_obeys_sigint() {
    let (child, pipe) = started_with_ignored("INT");
    let ran = ended(child, Duration::from_secs(5));
    assert!(ran.status == Some(1) && ran.summary()["interrupted"].is_string(), "{ran:?}");
    drop(pipe);
}

/// A run that was started with a signal ignored, and has got it.
#[cfg(target_os = "linux")]
fn started_with_ignored(signal: &str) -> (Child, ChildStdin) {
    let script = format!("trap '' {signal}; exec \"$0\" --format json");
    let mut child = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_logwatch")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pipe = child.stdin.take().unwrap();
    awaits_signals(&child);
    assert!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success());
    (child, pipe)
}

#[test]
fn the_end_of_the_pipe_is_the_end_of_the_run() {
    let (child, pipe) = reading(&["--format", "json"], healthy(0..660).as_bytes());
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
        assert_eq!(ran.status, Some(5));
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
