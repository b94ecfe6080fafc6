//! Signals that end a run: with its summary, and the verdict so far.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

/// What was read before the signal may still be worked at for this long.
const GRACE: Duration = Duration::from_millis(500);
/// A signal this soon after the first is the same wish: a program that runs this one may pass on what the terminal sent to
/// both.
const ECHO: Duration = Duration::from_millis(100);
/// Who cannot end within this long, because nobody takes the output, is ended.
const LAST: Duration = Duration::from_secs(10);
/// The same after a second signal.
const LAST_OF_TWO: Duration = Duration::from_secs(1);
/// The exit status of a run that had to be ended.
const FAILED: i32 = 1;

/// Whether a signal has asked the run to end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    at_once: Arc<AtomicBool>,
}

impl Stop {
    /// SIGINT, SIGTERM and SIGHUP end the input. A second one, or some time, ends the work on what was read, too.
    pub fn on_signals() -> io::Result<Stop> {
        // A file that has grown to the limit of its size is a write that fails, not the end of the run.
        flag::register(SIGXFSZ, Arc::default())?;
        // `nohup` has a program ignore the signal of a closed terminal. A shell has its background jobs ignore SIGINT; who sends
        // it to one by name means it.
        let ending = [SIGINT, SIGTERM, SIGHUP];
        let mut signals = Signals::new(ending.iter().filter(|signal| **signal != SIGHUP || !is_ignored(SIGHUP)))?;
        let stop = Stop::default();
        let of_thread = stop.clone();
        thread::Builder::new().spawn(move || {
            let mut first = None;
            for _ in signals.forever() {
                of_thread.signal(&mut first);
            }
        })?;
        Ok(stop)
    }

    fn signal(&self, first: &mut Option<Instant>) {
        self.asked.store(true, Ordering::Relaxed);
        match first {
            None => {
                *first = Some(Instant::now());
                self.later(GRACE, LAST);
            }
            Some(first) if first.elapsed() > ECHO => self.later(Duration::ZERO, LAST_OF_TWO),
            Some(_) => {}
        }
    }

    fn later(&self, grace: Duration, last: Duration) {
        let at_once = Arc::clone(&self.at_once);
        // Without a thread to spare a second signal does not wait, and neither does this one.
        let end = move || {
            thread::sleep(grace);
            at_once.store(true, Ordering::Relaxed);
            thread::sleep(last);
            super::tui::give_back();
            std::process::exit(FAILED);
        };
        if thread::Builder::new().spawn(end).is_err() {
            self.at_once.store(true, Ordering::Relaxed);
        }
    }

    /// Asks the run to end, as a signal does.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// The input is to end.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The work on what was read is to end, too.
    pub fn is_at_once(&self) -> bool {
        self.at_once.load(Ordering::Relaxed)
    }

    /// Set as [`Stop::is_at_once`] tells.
    pub fn at_once(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.at_once)
    }
}

/// Whether this process was started to ignore a signal, where the system tells.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}
