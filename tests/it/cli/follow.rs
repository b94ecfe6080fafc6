//! `replay --follow`: a file that grows, and that is rotated meanwhile.
#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use super::logs::{healthy, request};
use crate::support::program::{Ran, command, ended, eventually, logwatch};

/// A log that is followed by a run with JSON output.
struct Followed {
    folder: tempfile::TempDir,
    log: PathBuf,
    recording: PathBuf,
    child: Child,
}

impl Followed {
    /// The log begins with some text, which has been read.
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (log, recording) = (folder.path().join("app.jsonl"), folder.path().join("run"));
        fs::write(&log, text).unwrap();
        let paths = [&log, &recording].map(|path| path.to_str().unwrap().to_string());
        let child = command(&["replay", "--follow", &paths[0], "--format", "json", "--record", &paths[1]]).spawn();
        let followed = Followed { folder, log, recording, child: child.unwrap() };
        followed.has_read(text);
        followed
    }

    /// Waits until a text is the last that was read.
    fn has_read(&self, text: &str) {
        eventually("it is read", || fs::read(&self.recording).is_ok_and(|kept| kept.ends_with(text.as_bytes())));
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.log).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn move_away(&self) {
        fs::rename(&self.log, self.folder.path().join("app.jsonl.1")).unwrap();
    }

    fn stopped(self, signal: &str) -> (Ran, tempfile::TempDir, PathBuf) {
        Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        (ended(self.child, Duration::from_secs(5)), self.folder, self.recording)
    }
}

#[test]
fn a_file_is_followed_as_it_grows() {
    let log = Followed::new(&healthy(0..30));
    log.append(&healthy(30..60));
    log.has_read(&healthy(30..60));
    assert_eq!(log.stopped("-TERM").0.summary()["http"]["requests"], 60);
}

/// Nothing is read of an empty file until something is written to it, and a signal ends the run meanwhile.
#[test]
fn an_empty_file_is_followed() {
    let log = Followed::new("");
    log.append(&healthy(0..30));
    log.has_read(&healthy(0..30));
    assert_eq!(log.stopped("-TERM").0.summary()["http"]["requests"], 30);
    let (ran, ..) = Followed::new("").stopped("-INT");
    assert_eq!(ran.status, Some(1), "{}", ran.err);
}

/// Renamed and made anew, deleted and made anew, copied and cut: every line is read once, and in order.
#[test]
fn rotation_loses_nothing() {
    let log = Followed::new(&healthy(0..30));
    log.append(&healthy(30..40));
    log.move_away();
    log.append(&healthy(40..50));
    log.has_read(&healthy(40..50));
    log.append(&healthy(50..60));
    fs::remove_file(&log.log).unwrap();
    log.append(&healthy(60..70));
    log.has_read(&healthy(60..70));
    log.append(&healthy(70..80));
    fs::copy(&log.log, log.folder.path().join("app.jsonl.2")).unwrap();
    File::create(&log.log).unwrap();
    log.append(&healthy(80..130));
    log.has_read(&healthy(80..130));
    let (ran, ..) = log.stopped("-TERM");
    let summary = ran.summary();
    let input = &summary["input"];
    assert_eq!((&input["lines"], &input["lost"], &input["late"]), (&130.into(), &0.into(), &0.into()), "{summary}");
    assert_eq!((&summary["http"]["requests"], ran.err.as_str()), (&130.into(), ""));
}

/// Nobody can tell what was lost: it is said, counted, and no window over that time is taken for complete. A recording
/// says the same.
#[test]
fn a_file_that_was_cut_says_so() {
    let log = Followed::new(&healthy(0..60));
    File::create(&log.log).unwrap();
    log.append(&healthy(60..110));
    log.has_read(&healthy(60..110));
    let (ran, folder, recording) = log.stopped("-TERM");
    let summary = ran.summary();
    assert_eq!((&summary["input"]["lines"], &summary["input"]["lost"]), (&110.into(), &1.into()), "{summary}");
    let unknown = summary["unknown"].as_array().unwrap();
    assert!(unknown.iter().any(|unknown| unknown["what"] == "lost lines"), "{summary}");
    assert!(ran.err.starts_with("logwatch: app.jsonl was cut"), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1);
    let source = format!("app.jsonl={}", recording.display());
    let mut replayed = logwatch(&["replay", "--source", &source, "--format", "json"]).summary();
    assert_eq!((&replayed["input"], &replayed["triggers"]), (&summary["input"], &summary["triggers"]));
    replayed["interrupted"] = summary["interrupted"].clone();
    assert_eq!(replayed["unknown"], summary["unknown"]);
    drop(folder);
}

/// Whatever the run is at when the signal comes.
#[test]
fn a_signal_has_one_exit_status() {
    let failing: String = (30..90).map(|second| request(second, "/api/user/exchanges", 500)).collect();
    let status = |log: &str, signal: &str| Followed::new(log).stopped(signal).0.status;
    std::thread::scope(|scope| {
        let runs: Vec<_> = ["-TERM", "-INT", "-HUP"]
            .into_iter()
            .cycle()
            .take(12)
            .map(|signal| {
                let failing = &failing;
                scope.spawn(move || (status(&healthy(0..60), signal), status(&(healthy(0..30) + failing), signal)))
            })
            .collect();
        for run in runs {
            assert_eq!(run.join().unwrap(), (Some(1), Some(4)));
        }
    });
}
