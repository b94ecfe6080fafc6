//! The program in a terminal: what is on its screen, and what is typed.

use std::io::{ErrorKind, Read, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty};

use crate::support::program::eventually;

pub struct Terminal {
    pub child: Child,
    pub pipe: Option<ChildStdin>,
    keyboard: Arc<Pty>,
    screen: Arc<Mutex<vt100::Parser>>,
    reader: thread::JoinHandle<()>,
}

impl Terminal {
    /// The program with a pipe as its input.
    pub fn start(rows: u16, columns: u16, arguments: &[&str]) -> Terminal {
        let program = Command::new(env!("CARGO_BIN_EXE_logwatch")).args(arguments).stdin(Stdio::piped());
        Terminal::open(rows, columns, program, |_| ())
    }

    /// `watch` sees all that was ever on the screen.
    pub fn open(
        rows: u16,
        columns: u16,
        mut command: Command,
        mut watch: impl FnMut(&str) + Send + 'static,
    ) -> Terminal {
        let (pty, inside) = pty_process::blocking::open().expect("a pseudo-terminal");
        pty.resize(Size::new(rows, columns)).expect("a terminal of that size");
        for name in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "NO_COLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE"] {
            command = command.env_remove(name);
        }
        let mut child = command.env("TERM", "xterm-256color").spawn(inside).expect("the program runs");
        let pipe = child.stdin.take();
        let size = |length: u16| length.try_into().expect("a length");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size(rows), size(columns), 0)));
        let keyboard = Arc::new(pty);
        let (terminal, shown) = (Arc::clone(&keyboard), Arc::clone(&screen));
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4_096];
            loop {
                match (&*terminal).read(&mut bytes) {
                    Ok(length) if length > 0 => {
                        let mut screen = shown.lock().unwrap();
                        screen.process(&bytes[..length]);
                        watch(&screen.screen().contents());
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // Linux calls it an error that nobody is left in a terminal.
                    _ => break,
                }
            }
        });
        Terminal { child, pipe, keyboard, screen, reader }
    }

    pub fn write(&mut self, log: &[u8]) {
        self.pipe.as_mut().expect("an open pipe").write_all(log).expect("the program reads");
    }

    pub fn press(&self, keys: &str) {
        (&*self.keyboard).write_all(keys.as_bytes()).expect("a terminal");
    }

    pub fn resize(&self, rows: u16, columns: u16) {
        let size = |length: u16| length.try_into().expect("a length");
        self.screen.lock().unwrap().screen_mut().set_size(size(rows), size(columns));
        self.keyboard.resize(Size::new(rows, columns)).expect("a terminal of that size");
    }

    pub fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// The screen as a page, in its colours.
    pub fn page(&self) -> String {
        let screen = self.screen.lock().unwrap();
        let screen = screen.screen();
        let (rows, columns) = screen.size();
        let (rows, columns) = (rows.get(), columns.get());
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let mut page = String::from(
            "<meta charset=utf-8><style>body{margin:0;background:#14181d;color:#d8dee4}pre{margin:8px;font:14px/19px 'DejaVu Sans Mono',monospace}</style><pre>",
        );
        for (row, column) in cells {
            let cell = screen.cell(row, column).expect("a cell");
            let (mut text, mut ground) = (colour(cell.fgcolor(), "#d8dee4"), colour(cell.bgcolor(), "#14181d"));
            if cell.inverse() {
                std::mem::swap(&mut text, &mut ground);
            }
            let shown = if cell.has_contents() { cell.contents() } else { " " };
            let shown = shown.replace('&', "&amp;").replace('<', "&lt;");
            let (bold, dim) =
                (if cell.bold() { ";font-weight:bold" } else { "" }, if cell.dim() { ";opacity:.6" } else { "" });
            page += &format!("<span style='color:{text};background:{ground}{bold}{dim}'>{shown}</span>");
            if column + 1 == columns {
                page.push('\n');
            }
        }
        page + "</pre>"
    }

    /// Whether a program has the whole screen.
    pub fn is_taken(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// Waits until the screen is as it should be.
    pub fn until(&self, what: &str, mut holds: impl FnMut(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let contents = self.contents();
            if holds(&contents) {
                return contents;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{what} on\n{contents}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the screen holds all of these.
    pub fn shows(&self, parts: &[&str]) -> String {
        self.until(&format!("{parts:?}"), |contents| parts.iter().all(|part| contents.contains(part)))
    }

    /// What is left on the screen when the program has ended.
    pub fn ended(mut self) -> (ExitStatus, String) {
        drop(self.pipe.take());
        let mut status = None;
        eventually("it ends", || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        self.reader.join().expect("all is read");
        let left = self.screen.lock().unwrap().screen().contents();
        (status.expect("it has ended"), left)
    }
}

/// The colours of a terminal that are used.
fn colour(colour: vt100::Color, default: &str) -> String {
    let named = ["#14181d", "#ff6b68", "#57c46b", "#e2b340", "#5b9bd5", "#c58af9", "#4fc1c9", "#aab4be", "#6b7480"];
    match colour {
        vt100::Color::Idx(index) => named.get(usize::from(index)).map_or(default, |name| name).into(),
        vt100::Color::Rgb(red, green, blue) => format!("rgb({red},{green},{blue})"),
        vt100::Color::Default => default.into(),
    }
}
