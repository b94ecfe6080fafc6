//! The status line of a live run, in a terminal: what a person sees while lines come, and what is left of it at the end.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pty_process::blocking::Command;

use super::logs::healthy;
use super::pty::Terminal;
use crate::support::program::{eventually, fixture, read};

const ROWS: u16 = 60;

/// A live run in a terminal, with the most rows that ever showed a status at the same time.
struct Live {
    terminal: Terminal,
    statuses: Arc<Mutex<usize>>,
}

impl Live {
    fn start(columns: u16, arguments: &[&str]) -> Live {
        let program = Command::new(env!("CARGO_BIN_EXE_logwatch")).args(arguments).stdin(Stdio::piped());
        let statuses = Arc::new(Mutex::new(0));
        let most = Arc::clone(&statuses);
        let watch = move |screen: &str| {
            let mut most = most.lock().unwrap();
            *most = (*most).max(screen.lines().filter(|row| row.contains("reading ")).count());
        };
        Live { terminal: Terminal::open(ROWS, columns, program, watch), statuses }
    }

    fn write(&mut self, log: &[u8]) {
        self.terminal.write(log);
    }

    /// Waits for a status line that holds all of these; it is one row.
    fn shows(&self, parts: &[&str]) -> String {
        let is_status = |row: &str| row.starts_with("reading ") && parts.iter().all(|part| row.contains(part));
        self.terminal.until(&format!("{parts:?} in the status line"), |screen| screen.lines().any(is_status))
    }

    /// What is left on the screen.
    fn ended(self) -> (ExitStatus, String) {
        let ended = self.terminal.ended();
        assert_eq!(*self.statuses.lock().unwrap(), 1, "status lines at the same time");
        ended
    }
}

#[test]
fn a_live_run_shows_what_it_has_read_and_leaves_nothing_of_that() {
    let mut terminal = Live::start(120, &["--plan", "dl-034"]);
    terminal.shows(&["reading stdin  0 lines", "nothing yet; Ctrl-C ends with the verdict"]);
    terminal.write(&read(&fixture("dl-034/before-fix.jsonl")));
    terminal.shows(&["deployed 13:29:58", "218 lines", "96 requests, 29 failed", "last 13:32:39"]);
    // What fires stands above it.
    let shown = terminal.terminal.contents();
    let (alarm, status) = (shown.find("exchange-500-rate").unwrap(), shown.find("reading stdin").unwrap());
    assert!(alarm < status, "{shown}");
    let (ended, left) = terminal.ended();
    assert_eq!(ended.code(), Some(4), "{left}");
    assert!(left.contains("VERDICT  ROLLBACK") && !left.contains("reading "), "{left}");
}

/// Typed, so that the terminal sends the signal.
#[test]
fn control_c_ends_with_the_verdict() {
    let mut terminal = Live::start(100, &["--tz", "Europe/Madrid"]);
    terminal.write(healthy(0..60).as_bytes());
    let hour = terminal.shows(&["60 lines"]);
    terminal.terminal.press("\x03");
    let (pipe, mut waited) = (terminal.terminal.pipe.take(), terminal);
    eventually("it ends, though the pipe is open", || waited.terminal.child.try_wait().unwrap().is_some());
    drop(pipe);
    let (ended, left) = waited.ended();
    assert_eq!(ended.code(), Some(1), "{left}");
    assert!(left.contains("VERDICT") && left.contains("stopped by a signal") && !left.contains("reading "), "{left}");
    assert!(hour.contains("last 15:"), "the clock is of the zone\n{hour}");
}

#[test]
fn in_a_narrow_terminal_it_is_one_row() {
    let name = format!("{}=-", "a-service-with-a-long-name".repeat(4));
    let mut terminal = Live::start(40, &["--source", &name]);
    terminal.write(healthy(0..60).as_bytes());
    terminal.shows(&["a-service-with"]);
    // It is written anew, and would wrap each time.
    thread::sleep(Duration::from_millis(1_200));
    let (_, left) = terminal.ended();
    assert!(left.contains("VERDICT") && !left.contains("reading "), "{left}");
}
