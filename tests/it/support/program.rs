//! Runs the real program, and reads what it said.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a run said, and how it ended.
#[derive(Debug, PartialEq)]
pub struct Ran {
    /// `None` when a signal ended it.
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The objects of JSON output. Anything else on standard output is a failure.
    pub fn objects(&self) -> Vec<Value> {
        objects(&self.out)
    }

    pub fn summary(&self) -> Value {
        let summary = self.objects().pop().unwrap_or_default();
        assert_eq!(summary["type"], "summary", "{self:?}");
        summary
    }
}

/// The objects of JSON lines.
pub fn objects(text: &str) -> Vec<Value> {
    let object = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value.is_object(), "{line}");
        value
    };
    text.lines().map(object).collect()
}

/// A file below `fixtures/`.
pub fn fixture(name: &str) -> String {
    format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The text of a fixture.
pub fn fixture_text(name: &str) -> String {
    String::from_utf8(read(&fixture(name))).expect("a fixture is UTF-8")
}

pub fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The program in an environment that asks for nothing, with nothing on standard input.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logwatch"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "NO_COLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command
}

pub fn run(command: &mut Command) -> Ran {
    told(command.output().expect("the program runs"))
}

pub fn logwatch(arguments: &[&str]) -> Ran {
    run(&mut command(arguments))
}

/// With `input` coming through a pipe, which then ends.
pub fn piped(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = command(arguments).stdin(Stdio::piped()).spawn().expect("the program runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    thread::scope(|scope| {
        // The program may end before it has read everything.
        scope.spawn(move || drop(pipe.write_all(input)));
        told(child.wait_with_output().expect("the program ends"))
    })
}

/// Waits for the end of a program, whose outputs have to fit into pipes; one that does not end is a failure.
pub fn ended(mut child: Child, within: Duration) -> Ran {
    let start = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if start.elapsed() > within {
            child.kill().expect("a child");
            panic!("still running after {within:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
    told(child.wait_with_output().expect("a child that has ended"))
}

/// Waits until something holds; what does not come about is a failure.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a program handles SIGTERM, so that one that comes then does not end it by itself.
#[cfg(target_os = "linux")]
pub fn awaits_signals(child: &Child) {
    eventually("it awaits signals", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
        // SIGTERM is number 15.
        u64::from_str_radix(caught.trim(), 16).unwrap_or_default() >> 14 & 1 == 1
    });
}

fn told(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    let ran = Ran { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    ran
}
