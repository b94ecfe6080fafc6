//! The status line of a live run, in a terminal: what a person sees while lines come, and what is left of it at the end.

use std::io::{ErrorKind, Read, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty};

use super::logs::healthy;
use super::program::{eventually, fixture, read};

const ROWS: u16 = 60;

/// The program in a terminal, reading from a pipe.
struct Terminal {
    child: Child,
    pipe: Option<ChildStdin>,
    keyboard: Arc<Pty>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// Most rows that ever showed a status at the same time.
    statuses: Arc<Mutex<usize>>,
    reader: thread::JoinHandle<()>,
}

impl Terminal {
    fn start(columns: u16, arguments: &[&str]) -> Terminal {
        let (pty, inside) = pty_process::blocking::open().expect("a pseudo-terminal");
        pty.resize(Size::new(ROWS, columns)).expect("a terminal of that size");
        let mut command = Command::new(env!("CARGO_BIN_EXE_logwatch")).args(arguments).stdin(Stdio::piped());
        for name in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "NO_COLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE"] {
            command = command.env_remove(name);
        }
        let mut child = command.env("TERM", "xterm-256color").spawn(inside).expect("the program runs");
        let pipe = child.stdin.take();
        let size = |length: u16| length.try_into().expect("a length");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size(ROWS), size(columns), 0)));
        let (keyboard, statuses) = (Arc::new(pty), Arc::new(Mutex::new(0)));
        let (terminal, shown, most) = (Arc::clone(&keyboard), Arc::clone(&screen), Arc::clone(&statuses));
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4_096];
            loop {
                match (&*terminal).read(&mut bytes) {
                    Ok(length) if length > 0 => {
                        let mut screen = shown.lock().unwrap();
                        screen.process(&bytes[..length]);
                        let rows = screen.screen().contents();
                        let mut most = most.lock().unwrap();
                        *most = (*most).max(rows.lines().filter(|row| row.contains("reading ")).count());
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // Linux calls it an error that nobody is left in a terminal.
                    _ => break,
                }
            }
        });
        Terminal { child, pipe, keyboard, screen, statuses, reader }
    }

    fn write(&mut self, log: &[u8]) {
        self.pipe.as_mut().expect("an open pipe").write_all(log).expect("the program reads");
    }

    fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits for a status line that holds all of these; it is one row.
    fn shows(&self, parts: &[&str]) {
        let is_status = |row: &str| row.starts_with("reading ") && parts.iter().all(|part| row.contains(part));
        let start = Instant::now();
        while !self.contents().lines().any(is_status) {
            assert!(start.elapsed() < Duration::from_secs(5), "{parts:?} in the status line of\n{}", self.contents());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What is left on the screen.
    fn ended(mut self) -> (ExitStatus, String) {
        drop(self.pipe.take());
        let mut status = None;
        eventually("it ends", || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        self.reader.join().expect("all is read");
        assert_eq!(*self.statuses.lock().unwrap(), 1, "status lines at the same time");
        let left = self.screen.lock().unwrap().screen().contents();
        (status.expect("it has ended"), left)
    }
}

#[test]
fn a_live_run_shows_what_it_has_read_and_leaves_nothing_of_that() {
    let mut terminal = Terminal::start(120, &["--plan", "dl-034"]);
    terminal.shows(&["reading stdin  0 lines", "nothing yet; Ctrl-C ends with the verdict"]);
    terminal.write(&read(&fixture("dl-034/before-fix.jsonl")));
    terminal.shows(&["deployed 13:29:58", "218 lines", "96 requests, 29 failed", "last 13:32:39"]);
    // What fires stands above it.
    let shown = terminal.contents();
    let (alarm, status) = (shown.find("exchange-500-rate").unwrap(), shown.find("reading stdin").unwrap());
    assert!(alarm < status, "{shown}");
    let (ended, left) = terminal.ended();
    assert_eq!(ended.code(), Some(4), "{left}");
    assert!(left.contains("VERDICT  ROLLBACK") && !left.contains("reading "), "{left}");
}

/// Typed, so that the terminal sends the signal.
#[test]
fn control_c_ends_with_the_verdict() {
    let mut terminal = Terminal::start(100, &["--tz", "Europe/Madrid"]);
    terminal.write(healthy(0..60).as_bytes());
    terminal.shows(&["60 lines"]);
    let hour = terminal.contents();
    (&*terminal.keyboard).write_all(b"\x03").unwrap();
    let (pipe, mut waited) = (terminal.pipe.take(), terminal);
    eventually("it ends, though the pipe is open", || waited.child.try_wait().unwrap().is_some());
    drop(pipe);
    let (ended, left) = waited.ended();
    assert_eq!(ended.code(), Some(1), "{left}");
    assert!(left.contains("VERDICT") && left.contains("stopped by a signal") && !left.contains("reading "), "{left}");
    assert!(hour.contains("last 15:"), "the clock is of the zone\n{hour}");
}

#[test]
fn in_a_narrow_terminal_it_is_one_row() {
    let name = format!("{}=-", "a-service-with-a-long-name".repeat(4));
    let mut terminal = Terminal::start(40, &["--source", &name]);
    terminal.write(healthy(0..60).as_bytes());
    terminal.shows(&["a-service-with"]);
    // It is written anew, and would wrap each time.
    thread::sleep(Duration::from_millis(1_200));
    let (_, left) = terminal.ended();
    assert!(left.contains("VERDICT") && !left.contains("reading "), "{left}");
}
