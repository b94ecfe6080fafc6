//! Recordings: what was read, and when the clock moved, so that a live run can be replayed exactly (SEMANTICS 5).
//!
//! A recording is the input as it came, behind a first line that says so, with a line wherever the clock of the silent
//! source was moved, lines may have been lost, or something was measured that no line tells. Such lines mean something only in a file that begins as a recording: a
//! service that prints one moves nothing, neither when it is read nor, behind a mark, when it is replayed.

use std::io::{self, Write};

use memchr::memmem;

use crate::decode::{BYTE_ORDER_MARK, json};
use crate::external::External;
use crate::time::{self, SECOND, Time};

/// How a recording begins.
pub const HEADER: &[u8] = br#"{"logwatch":"recording","v":1}"#;
const ADVANCE: &[u8] = br#"{"logwatch":"advance","to":""#;
const LATENESS: &[u8] = br#"{"logwatch":"lateness","seconds":"#;
const LOST: &[u8] = br#"{"logwatch":"lost"}"#;
const EXTERNAL: &[u8] = br#"{"logwatch":"external","event":"#;
/// Before a line of the input that looks like one of the recording's own.
const INPUT: &[u8] = br#"{"logwatch":"line"}"#;
/// How all of these begin.
const OWN: &[u8] = br#"{"logwatch":""#;

/// Seconds; nobody waits longer.
const MOST_LATENESS: i64 = 86_400;

/// A line of a recording that is not of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// The first line, which says that it is a recording.
    Header,
    /// The clock of the silent source moved to this time.
    Advance(Time),
    /// Records may come so many nanoseconds late, whatever the plan says of files.
    Lateness(i64),
    /// Lines may have been lost here.
    Lost,
    /// An event that no line tells.
    External,
}

/// Reads a line of a recording; `None` for one of the input.
pub fn directive(line: &[u8]) -> Option<Directive> {
    if line == HEADER {
        return Some(Directive::Header);
    }
    if line == LOST {
        return Some(Directive::Lost);
    }
    if line.starts_with(EXTERNAL) {
        return external(line).map(|_| Directive::External);
    }
    if let Some(seconds) = line.strip_prefix(LATENESS).and_then(|line| line.strip_suffix(b"}")) {
        let seconds: i64 = std::str::from_utf8(seconds).ok()?.parse().ok()?;
        return (0..=MOST_LATENESS).contains(&seconds).then_some(Directive::Lateness(seconds * SECOND));
    }
    if !line.starts_with(ADVANCE) {
        return None;
    }
    json::member(line, "to").and_then(|to| time::parse(to.raw())).map(Directive::Advance)
}

/// The event of a [`Directive::External`].
pub fn external(line: &[u8]) -> Option<External> {
    serde_json::from_slice(line.strip_prefix(EXTERNAL)?.strip_suffix(b"}")?).ok()
}

/// A line of a recording as it stood in the input.
pub fn unmarked(line: &[u8]) -> &[u8] {
    line.strip_prefix(INPUT).unwrap_or(line)
}

/// Writes a recording, and says of each part how many bytes it took.
pub struct Recorder<W> {
    out: W,
}

impl<W: Write> Recorder<W> {
    /// Begins a recording.
    pub fn new(out: W) -> Self {
        Recorder { out }
    }

    /// What a recording begins with.
    pub fn header(&mut self) -> io::Result<u64> {
        self.write(&[HEADER, b"\n"].concat())
    }

    /// Whole lines as they were read; the last one of a stream may lack its newline.
    pub fn lines(&mut self, text: &[u8]) -> io::Result<u64> {
        if memmem::find(text, OWN).is_none() {
            return self.write(text);
        }
        let mut marked = Vec::with_capacity(text.len() + INPUT.len());
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            if line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).starts_with(OWN) {
                marked.extend_from_slice(INPUT);
            }
            marked.extend_from_slice(line);
        }
        self.write(&marked)
    }

    /// What another recording was replayed from: its own lines stay what they are.
    pub fn recorded(&mut self, text: &[u8]) -> io::Result<u64> {
        self.write(text)
    }

    /// The clock of a silent source moved to this time; returns the bytes written, as do those below.
    pub fn advance(&mut self, to: Time) -> io::Result<u64> {
        self.write(&[ADVANCE, to.to_string().as_bytes(), b"\"}\n"].concat())
    }

    /// `lateness` is in nanoseconds.
    pub fn lateness(&mut self, lateness: i64) -> io::Result<u64> {
        self.write(&[LATENESS, (lateness / SECOND).to_string().as_bytes(), b"}\n"].concat())
    }

    /// Lines of a source may be missing from here on.
    pub fn lost(&mut self) -> io::Result<u64> {
        self.write(&[LOST, b"\n"].concat())
    }

    /// What the program measured itself.
    pub fn external(&mut self, event: &External) -> io::Result<u64> {
        self.write(&[EXTERNAL, &serde_json::to_vec(event)?, b"}\n"].concat())
    }

    /// What is written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn write(&mut self, text: &[u8]) -> io::Result<u64> {
        self.out.write_all(text)?;
        self.out.flush()?;
        Ok(text.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let to = Time(1_756_128_391_123_456_789);
        let mut recorder = Recorder::new(Vec::new());
        recorder.header().unwrap();
        recorder.lines(b"a line\n").unwrap();
        recorder.advance(to).unwrap();
        recorder.lost().unwrap();
        let event = External::new(to, "probe.ok", "a \"b\"\n".into()).label("probe", "health").value("duration", 0.1);
        recorder.external(&event).unwrap();
        recorder.lateness(10 * SECOND).unwrap();
        recorder.lines(&[b"\xef\xbb\xbf", LOST, b"\r\n", INPUT].concat()).unwrap();
        let text = recorder.into_inner();
        let read: Vec<_> = text.split(|byte| *byte == b'\n').map(directive).collect();
        let expected = [
            Some(Directive::Header),
            None,
            Some(Directive::Advance(to)),
            Some(Directive::Lost),
            Some(Directive::External),
            Some(Directive::Lateness(10 * SECOND)),
            None,
            None,
        ];
        assert_eq!(read, expected);
        let read: Vec<_> = text.split(|byte| *byte == b'\n').filter_map(external).collect();
        assert_eq!(read, [event]);
        let input: Vec<_> = text.split(|byte| *byte == b'\n').skip(6).map(unmarked).collect();
        assert_eq!(input, [&[b"\xef\xbb\xbf", LOST, b"\r"].concat(), INPUT]);
    }
}
