//! A program that is started again whenever it ends, after a while that grows while it ends soon.
//!
//! What begins anew often prints the newest lines of the log once more. Of lines with a time those that were given before are left
//! out: each as often as it was given, and no line without a time, which the program may well mean anew.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use rustc_hash::FxHashMap;

use super::{Printed, Program};
use crate::decode::{json, strip_ansi};
use crate::text::escape;
use crate::text::hash;
use crate::time::written;

/// Before the first start after an end, and before any later one at most.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// What ran so long begins with the first delay again.
const HELD: Duration = Duration::from_secs(30);
/// How often is looked whether the run is over meanwhile.
const LOOK: Duration = Duration::from_millis(20);
/// Lines that are known again; `railway logs` prints 500.
const KNOWN: usize = 10_000;

/// What a program prints, over all its runs.
pub struct Again {
    program: Program,
    printed: Printed,
    notes: Sender<String>,
    /// Whether a run of it has printed something, so that silence is the log's.
    connected: Arc<AtomicBool>,
    began: Instant,
    delay: Duration,
    known: Known,
    /// The begin of a line.
    partial: Vec<u8>,
    /// Whole lines, and how much of them was given.
    ready: Vec<u8>,
    given: usize,
}

impl Again {
    /// Tells where it is shown whether it is connected, too.
    pub fn new(program: Program, printed: Printed, notes: Sender<String>) -> (Again, Arc<AtomicBool>) {
        let connected = Arc::new(AtomicBool::new(true));
        let again = Again {
            program,
            printed,
            notes,
            connected: Arc::clone(&connected),
            began: Instant::now(),
            delay: FIRST,
            known: Known::default(),
            partial: Vec::new(),
            ready: Vec::new(),
            given: 0,
        };
        (again, connected)
    }

    /// Takes what was printed, line by line.
    fn take(&mut self, text: &[u8]) {
        self.connected.store(true, Ordering::Release);
        for piece in text.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.take_line();
            }
        }
    }

    fn take_line(&mut self) {
        if !self.known.is_repeated(&self.partial) {
            self.ready.extend_from_slice(&self.partial);
        }
        self.partial.clear();
    }

    /// Waits, and starts the program once more; whether it runs, or the run is over.
    fn begin_again(&mut self, ended: &str) -> bool {
        self.connected.store(false, Ordering::Release);
        if !self.partial.is_empty() {
            self.partial.push(b'\n');
            self.take_line();
        }
        self.known.begin_again();
        let mut because = format!("the program {ended}");
        loop {
            if self.began.elapsed() >= HELD {
                self.delay = FIRST;
            }
            if self.printed.process.is_stopped() {
                return false;
            }
            let label = escape(&self.program.label);
            // Nobody listens any more.
            let _ = self.notes.send(format!("{label}: {because}; it is started again in {} s", self.delay.as_secs()));
            let start = Instant::now();
            while start.elapsed() < self.delay {
                if self.printed.process.is_stopped() {
                    return false;
                }
                std::thread::sleep(LOOK);
            }
            self.delay = (self.delay * 2).min(LONGEST);
            self.began = Instant::now();
            // Held until the new one is in its place: who stops it stops that, or comes before it.
            let process = Arc::clone(&self.printed.process);
            let mut child = process.child();
            if process.is_stopped() {
                return false;
            }
            match self.program.spawn(&self.notes) {
                Ok(spawned) => {
                    *child = spawned.child;
                    (self.printed.terminal, self.printed.error) = (spawned.terminal, Some(spawned.error));
                    return true;
                }
                Err(error) => because = format!("the program cannot be started ({error})"),
            }
        }
    }
}

impl Read for Again {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut text = [0; 1 << 14];
        while self.given == self.ready.len() {
            (self.given, self.ready) = (0, Vec::new());
            let ended = match self.printed.read(&mut text) {
                Ok(0) => "ended".to_string(),
                Ok(read) => {
                    self.take(&text[..read]);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error.to_string().trim_start_matches("the program ").to_string(),
            };
            if !self.begin_again(&ended) && self.ready.is_empty() {
                return Ok(0);
            }
        }
        let rest = &self.ready[self.given..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}

/// The newest lines with a time.
#[derive(Default)]
struct Known {
    newest: VecDeque<u64>,
    /// How often each of them may come again since the program began anew.
    expected: FxHashMap<u64, usize>,
}

impl Known {
    fn begin_again(&mut self) {
        self.expected.clear();
        for line in &self.newest {
            *self.expected.entry(*line).or_default() += 1;
        }
    }

    /// Whether a line is one that was given before the program began anew.
    fn is_repeated(&mut self, line: &[u8]) -> bool {
        let Some(identity) = identity(line) else { return false };
        if let Some(times) = self.expected.get_mut(&identity).filter(|times| **times > 0) {
            *times -= 1;
            return true;
        }
        self.newest.push_back(identity);
        if self.newest.len() > KNOWN {
            self.newest.pop_front();
        }
        false
    }
}

/// What a line with a time is known by: members of JSON in any order are the same.
fn identity(line: &[u8]) -> Option<u64> {
    let mut text = Vec::with_capacity(line.len());
    strip_ansi(line, &mut text);
    let text = text.trim_ascii();
    if text.starts_with(b"{") {
        json::member(text, "timestamp")?;
        let members = json::Members::new(text).map_while(Result::ok);
        return Some(members.fold(0, |sum: u64, (name, value)| sum.wrapping_add(hash([name, value.raw()]))));
    }
    written::at_start(text)?.time?;
    Some(hash([text]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_a_time_are_known_again_as_often_as_they_came() {
        let json = |message: &str| {
            format!("{{\"message\":\"{message}\",\"timestamp\":\"2026-01-05T10:00:00.000000001Z\"}}\r\n")
        };
        let turned = "{\"timestamp\":\"2026-01-05T10:00:00.000000001Z\",\"message\":\"a\"}\r\n";
        let mut known = Known::default();
        for line in [json("a"), json("a"), json("b"), "2026-01-05T10:00:01Z c\r\n".into(), "no time\r\n".into()] {
            assert!(!known.is_repeated(line.as_bytes()), "{line}");
        }
        known.begin_again();
        for line in [turned, turned, "\x1b[31m2026-01-05T10:00:01Z\x1b[0m c\r\n"] {
            assert!(known.is_repeated(line.as_bytes()), "{line}");
        }
        for line in [turned, "no time\r\n", "2026-01-05T10:00:02Z c\r\n"] {
            assert!(!known.is_repeated(line.as_bytes()), "{line}");
        }
        known.begin_again();
        assert!((0..3).all(|_| known.is_repeated(turned.as_bytes())) && !known.is_repeated(turned.as_bytes()));
    }
}
