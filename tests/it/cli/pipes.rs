//! Named pipes: each is opened, read and given up without waiting for the others.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Write;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::logs::{healthy, request};
use crate::support::program::{Ran, awaits_signals, command, ended, eventually};

/// Named pipes in a folder of their own.
struct Pipes {
    _folder: tempfile::TempDir,
    paths: Vec<String>,
}

impl Pipes {
    fn new(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<String> =
            (0..count).map(|at| folder.path().join(format!("{at}.pipe")).display().to_string()).collect();
        assert!(Command::new("mkfifo").args(&paths).status().unwrap().success());
        Pipes { _folder: folder, paths }
    }

    fn watch(&self, arguments: &[&str]) -> Child {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        command(&[&paths[..], arguments].concat()).spawn().unwrap()
    }
}

fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// `logwatch PIPE…` has begun to read: it holds the pipe open.
fn opened(path: &str) -> File {
    // Opening waits for the reader.
    File::options().write(true).open(path).unwrap()
}

fn failing() -> String {
    healthy(0..5) + &(5..65).map(|second| request(second, "/api/user/exchanges", 500)).collect::<String>()
}

/// What the first source shows is told, whatever the others do: nobody opens them, or nobody writes to them.
#[test]
fn a_silent_pipe_holds_up_no_other() {
    for silent in [false, true] {
        let pipes = Pipes::new(4);
        let output = tempfile::NamedTempFile::new().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_logwatch"))
            .args(&pipes.paths)
            .args(["--plan", "dl-034"])
            .stdout(output.reopen().unwrap())
            .spawn()
            .unwrap();
        let others: Vec<File> = pipes.paths[1..].iter().filter(|_| silent).map(|path| opened(path)).collect();
        let mut pipe = opened(&pipes.paths[0]);
        pipe.write_all(failing().as_bytes()).unwrap();
        // They are left out when they have been silent for two seconds (SEMANTICS 5).
        eventually("the rollback is told", || {
            std::fs::read_to_string(&output).is_ok_and(|text| text.contains("ROLLBACK    exchange-500-rate"))
        });
        signal(&child, "-TERM");
        assert_eq!(child.wait().unwrap().code(), Some(4));
        drop((pipe, others));
    }
}

#[test]
fn a_signal_ends_a_run_whose_pipes_nobody_writes_to() {
    for arguments in [&[][..], &["-j", "1"]] {
        for count in [1, 3] {
            let pipes = Pipes::new(count);
            for mode in [&[][..], &["replay"]] {
                let paths: Vec<&str> = pipes.paths.iter().map(String::as_str).collect();
                let child = command(&[mode, &paths, arguments, &["--format", "json"]].concat()).spawn().unwrap();
                awaits_signals(&child);
                signal(&child, "-INT");
                let ran = ended(child, Duration::from_secs(2));
                assert_eq!(ran.status, Some(1), "{mode:?} {}", ran.err);
                assert!(ran.summary()["interrupted"].is_string());
            }
        }
    }
}

/// Live sources that speak by turns are merged by time.
#[test]
fn pipes_are_one_timeline() {
    let pipes = Pipes::new(3);
    let child = pipes.watch(&["--format", "json", "--plan", "dl-034"]);
    let mut open: Vec<File> = pipes.paths.iter().map(|path| opened(path)).collect();
    for second in 0..90 {
        open[second as usize % 3].write_all(request(second, "/api/bots", 200).as_bytes()).unwrap();
    }
    let start = Instant::now();
    drop(open);
    let ran: Ran = ended(child, Duration::from_secs(5));
    assert_eq!((ran.status, &ran.summary()["http"]["requests"]), (Some(5), &90.into()), "{:?}", start.elapsed());
    assert_eq!(ran.summary()["input"]["late"], 0);
}
