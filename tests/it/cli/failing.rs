//! Outputs that fail while the run goes on: one warning, the other outputs whole, and the verdict's exit status.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::logs::{healthy, healthy_minutes, request};
use crate::support::program::{Ran, command, ended, fixture, logwatch, objects, piped, read, run};

const LOG: &str = "dl-034/before-fix.jsonl";
/// Every write to it fails as on a full disk.
const FULL: &str = "/dev/full";

fn replay(more: &[&str]) -> Ran {
    logwatch(&[&["replay", &fixture(LOG), "--plan", "dl-034"], more].concat())
}

fn warning(file: &str) -> String {
    format!("logwatch: cannot write {file}: No space left on device (os error 28)")
}

#[test]
fn a_full_disk_leaves_the_verdict_and_the_other_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("run.json").display().to_string();
    let (plain, json) = (replay(&[]), replay(&["--format", "json"]));
    for full in [["--output", FULL], ["--output", "json=/dev/full"], ["--record", FULL]] {
        let ran = replay(&[&full[..], &["--output", &good]].concat());
        assert_eq!((ran.status, &ran.out), (Some(4), &plain.out), "{full:?}");
        assert!(ran.err.starts_with(&warning(FULL)) && ran.err.lines().count() == 1, "{}", ran.err);
        assert_eq!(fs::read_to_string(&good).unwrap(), json.out, "{full:?}");
    }
}

#[test]
fn the_exit_status_is_the_verdicts_whatever_fails() {
    let log = tempfile::NamedTempFile::new().unwrap();
    fs::write(&log, healthy_minutes()).unwrap();
    for (path, status) in [(log.path().to_str().unwrap(), 0), (&fixture("bad-input/crlf.jsonl"), 5)] {
        for output in ["--output", "--record"] {
            let ran = logwatch(&["replay", path, output, FULL]);
            assert_eq!(ran.status, Some(status), "{}", ran.err);
            assert!(ran.out.lines().last().unwrap().starts_with(&format!("exit {status} (")), "{}", ran.out);
        }
    }
}

/// The verdict is told where somebody may see it.
#[test]
fn a_verdict_that_standard_output_cannot_take_is_told_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("run.json").display().to_string();
    for format in ["text", "json"] {
        let arguments = ["replay", &fixture(LOG), "--plan", "dl-034", "--format", format, "--output", &good];
        let full = File::options().write(true).open(FULL).unwrap();
        let ran = run(command(&arguments).stdout(full));
        assert_eq!(ran.status, Some(4), "{}", ran.err);
        assert!(ran.err.starts_with(&warning("standard output")), "{}", ran.err);
        assert!(ran.err.contains("\nVERDICT  ROLLBACK"), "{}", ran.err);
        assert_eq!(objects(&fs::read_to_string(&good).unwrap()).last().unwrap()["verdict"], "rollback");
    }
}

/// A file that may not grow beyond some blocks: what was written of it is no half-written report, and the recording ends
/// with a whole line.
#[test]
fn a_file_at_its_limit_fails_like_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let script = "ulimit -f 1 && exec \"$0\" \"$@\"";
    let log = fixture(LOG);
    let arguments = ["-", "--plan", "dl-034", "-q", "--output", "run.json", "--record", "recording"];
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_logwatch")])
        .args(arguments)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&read(&log)).unwrap();
    let ran = ended(child, Duration::from_secs(5));
    assert_eq!(ran.status, Some(4), "{}", ran.err);
    assert!(ran.out.starts_with("VERDICT  ROLLBACK"), "{}", ran.out);
    for name in ["run.json", "recording"] {
        assert_eq!(ran.err.matches(&format!("cannot write {name}: File too large")).count(), 1, "{}", ran.err);
    }
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["recording"]);
    assert!(fs::read(folder.path().join("recording")).unwrap().ends_with(b"\n"));
}

/// Who watches a service is not left alone because a disk is full: the failures that come later are still found.
#[test]
fn a_live_watch_goes_on() {
    let mut child =
        command(&["--plan", "dl-034", "--record", FULL, "--output", FULL]).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(healthy(0..30).as_bytes()).unwrap();
    let failing: String = (30..90).map(|second| request(second, "/api/user/exchanges", 500)).collect();
    pipe.write_all(failing.as_bytes()).unwrap();
    drop(pipe);
    let ran = ended(child, Duration::from_secs(5));
    assert_eq!((ran.status, ran.err.matches(&warning(FULL)).count()), (Some(4), 2), "{}", ran.err);
    assert!(ran.out.contains("ROLLBACK    exchange-500-rate"), "{}", ran.out);
}

/// Standard output goes to a program that has ended; the report beside it is still written.
#[test]
fn a_closed_output_leaves_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("run.json").display().to_string();
    let mut child = command(&["replay", &fixture(LOG), "--plan", "dl-034", "--output", &good]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = ended(child, Duration::from_secs(5));
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
    assert_eq!(objects(&fs::read_to_string(&good).unwrap()).last().unwrap()["verdict"], "rollback");
}

/// Nobody reads any output: an endless input is not read to its end for nothing.
#[test]
fn a_run_that_nobody_reads_ends() {
    let mut child = command(&["--plan", "dl-034"]).stdin(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&read(&fixture(LOG))).unwrap();
    let ran = ended(child, Duration::from_secs(5));
    assert_eq!(ran.err, "");
    drop(pipe);
}

#[test]
fn a_job_summary_that_cannot_be_written_is_no_end() {
    let log = fixture(LOG);
    let ran = run(command(&["replay", &log, "--plan", "dl-034"])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "no/such/folder/page.md"));
    assert_eq!(ran.status, Some(4));
    assert!(ran.err.starts_with("logwatch: cannot write no/such/folder/page.md: "), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1);
}

/// A message names what the user named, once, and the cause once.
#[test]
fn a_message_says_its_cause_once() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("loop.jsonl");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    let link = link.display().to_string();
    for arguments in [
        &["replay", &link][..],
        &["patterns", "explain", &link],
        &["replay", "-", "--plan", &link],
        &["replay", "-", "--patterns", &link],
        &["replay", "-", "--record", &link],
        &["plan", "check", &link],
    ] {
        let ran = piped(arguments, b"");
        assert!(matches!(ran.status, Some(1 | 2)), "{arguments:?}: {ran:?}");
        assert_eq!(ran.err.matches("symbolic links").count(), 1, "{arguments:?}: {}", ran.err);
        assert_eq!(ran.err.matches("loop.jsonl").count(), 1, "{arguments:?}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn too_many_open_files_says_what_to_do() {
    let log = fixture(LOG);
    let script = "ulimit -n 16 && exec \"$0\" replay $(yes \"$1\" | head -40)";
    let ran = run(Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_logwatch"), &log])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped()));
    assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("too many open files") && ran.err.contains("ulimit -n"), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
}
