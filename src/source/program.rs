//! A program as a source: run under a pseudo-terminal, because some, such as `railway logs`, follow a log only while they print to a
//! terminal.
//!
//! Its standard error is no terminal and no part of the log: what it says there is passed on. It is a process group of its own, so
//! that it can be ended with all that it has started. One that is to be restarted is run again whenever it ends ([`again`]).

mod again;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, unbounded};
use nix::errno::Errno;
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::Opened;
use crate::text::escape;
use again::Again;

/// What to run, and what output calls it.
#[derive(Clone, Debug)]
pub struct Program {
    pub label: String,
    /// The program and its arguments.
    pub words: Vec<OsString>,
}

/// A program that runs.
pub struct Running {
    process: Arc<Process>,
}

/// The process that runs a program, and after it has ended the next one.
struct Process {
    child: Mutex<Child>,
    /// No other one is to follow.
    is_stopped: AtomicBool,
}

/// The terminal's size. Nothing is wrapped at so many columns.
const SIZE: Winsize = Winsize { ws_row: 50, ws_col: 4_000, ws_xpixel: 0, ws_ypixel: 0 };
/// How long a program that is told to end may take.
const GRACE: Duration = Duration::from_secs(2);

impl Program {
    /// The words of a command line.
    pub fn of(words: Vec<OsString>) -> Program {
        let path = words.first().map(std::path::PathBuf::from).unwrap_or_default();
        let label = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Program { label, words }
    }

    /// `LABEL=COMMAND`, which a shell is to run.
    pub fn labelled(text: &str) -> Result<Program, String> {
        match text.split_once('=') {
            Some((label, command)) if !label.is_empty() && !command.trim().is_empty() => {
                Ok(Program { label: label.into(), words: ["sh", "-c", command].map(OsString::from).to_vec() })
            }
            _ => Err("write LABEL='COMMAND', for example --source api='railway logs --json --service api'".into()),
        }
    }

    /// Starts it; again whenever it ends, if it is to be restarted.
    pub fn start(&self, restarts: bool) -> io::Result<(Opened, Running)> {
        let (notes, said) = unbounded();
        let Spawned { child, terminal, error } = self.spawn(&notes)?;
        let process = Arc::new(Process { child: Mutex::new(child), is_stopped: AtomicBool::new(false) });
        let printed = Printed { terminal, process: Arc::clone(&process), error: Some(error) };
        let mut opened = if restarts {
            let (again, connected) = Again::new(self.clone(), printed, notes);
            Opened { connected: Some(connected), ..Opened::live(self.label.clone(), Box::new(again)) }
        } else {
            Opened::live(self.label.clone(), Box::new(printed))
        };
        opened.notes = Some(said);
        Ok((opened, Running { process }))
    }

    fn spawn(&self, notes: &Sender<String>) -> io::Result<Spawned> {
        let (first, rest) = self.words.split_first().ok_or_else(|| io::Error::other("no program"))?;
        let terminal = openpty(Some(&SIZE), None)?;
        let mut child = Command::new(first)
            .args(rest)
            .stdin(Stdio::null())
            .stdout(Stdio::from(terminal.slave))
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let error = child.stderr.take().ok_or_else(|| io::Error::other("no standard error"))?;
        let error = pass_on(error, self.label.clone(), notes.clone())?;
        Ok(Spawned { child, terminal: File::from(terminal.master), error })
    }
}

/// A process that has begun.
struct Spawned {
    child: Child,
    terminal: File,
    error: JoinHandle<Option<String>>,
}

/// Passes on what is written to standard error, a line at a time, and gives back the last one.
fn pass_on(
    error: impl Read + Send + 'static,
    label: String,
    notes: Sender<String>,
) -> io::Result<JoinHandle<Option<String>>> {
    /// Bytes of a line that are shown.
    const LONGEST: u64 = 4_096;
    let label = escape(&label);
    std::thread::Builder::new().spawn(move || {
        let mut last = None;
        let mut error = BufReader::new(error);
        let mut line = Vec::new();
        while error.by_ref().take(LONGEST).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let mut text = Vec::new();
            crate::decode::strip_ansi(&line, &mut text);
            let text = escape(String::from_utf8_lossy(&text).trim());
            line.clear();
            if text.is_empty() {
                continue;
            }
            // Nobody listens any more.
            let _ = notes.send(format!("{label}: {text}"));
            last = Some(text);
        }
        last
    })
}

/// What a program prints, and its end.
struct Printed {
    terminal: File,
    process: Arc<Process>,
    error: Option<JoinHandle<Option<String>>>,
}

impl Read for Printed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.terminal.read(buffer) {
            // So it is told on Linux that nobody has the other side open any more.
            Err(error) if error.raw_os_error() == Some(Errno::EIO as i32) => self.end(),
            Ok(0) if !buffer.is_empty() => self.end(),
            read => read,
        }
    }
}

impl Printed {
    /// The end of the stream, or what the program ended with.
    fn end(&mut self) -> io::Result<usize> {
        let status = loop {
            // Not held while it is waited for: it may have to be ended.
            if let Some(status) = self.process.child().try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let said = self.error.take().and_then(|error| error.join().ok().flatten());
        if status.success() {
            return Ok(0);
        }
        let said = said.map_or(String::new(), |said| format!(": {said}"));
        Err(io::Error::other(format!("the program {}{said}", describe(status))))
    }
}

impl Process {
    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
    }
}

impl Running {
    /// Ends the program and all that it has started, in good order if it lets itself be told.
    pub fn stop(self) {
        self.process.is_stopped.store(true, Ordering::Release);
        let group = Pid::from_raw(self.process.child().id() as i32);
        // One that has ended already cannot be told.
        let _ = killpg(group, Signal::SIGTERM);
        let start = Instant::now();
        while start.elapsed() < GRACE {
            if !matches!(self.process.child().try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.process.child().wait();
    }
}
