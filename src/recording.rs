//! Recordings: what was read, and when the clock moved, so that a live run can be replayed exactly (SEMANTICS 5).
//!
//! A recording is the input as it came, behind a first line that says so, with a line wherever the clock of the silent
//! source was moved. Such lines mean something only in a file that begins as a recording: a service that prints one
//! moves nothing.

use std::io::{self, Write};

use crate::decode::json;
use crate::time::{self, Time};

/// How a recording begins.
pub const HEADER: &[u8] = br#"{"logwatch":"recording","v":1}"#;
const ADVANCE: &[u8] = br#"{"logwatch":"advance","to":""#;

/// A line of a recording that is not of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    Header,
    /// The clock of the silent source moved to this time.
    Advance(Time),
}

/// Reads a line of a recording; `None` for one of the input.
pub fn directive(line: &[u8]) -> Option<Directive> {
    if line == HEADER {
        return Some(Directive::Header);
    }
    if !line.starts_with(ADVANCE) {
        return None;
    }
    json::member(line, "to").and_then(|to| time::parse(to.raw())).map(Directive::Advance)
}

/// Writes a recording.
pub struct Recorder<W> {
    out: W,
}

impl<W: Write> Recorder<W> {
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(HEADER)?;
        out.write_all(b"\n")?;
        Ok(Recorder { out })
    }

    /// Whole lines as they were read; the last one of a stream may lack its newline.
    pub fn lines(&mut self, text: &[u8]) -> io::Result<()> {
        self.out.write_all(text)?;
        self.out.flush()
    }

    pub fn advance(&mut self, to: Time) -> io::Result<()> {
        self.out.write_all(ADVANCE)?;
        writeln!(self.out, "{to}\"}}")?;
        self.out.flush()
    }

    pub fn into_inner(self) -> W {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let to = Time(1_756_128_391_123_456_789);
        let mut recorder = Recorder::new(Vec::new()).unwrap();
        recorder.lines(b"a line\n").unwrap();
        recorder.advance(to).unwrap();
        let text = recorder.into_inner();
        let read: Vec<_> = text.split(|byte| *byte == b'\n').map(directive).collect();
        assert_eq!(read, [Some(Directive::Header), None, Some(Directive::Advance(to)), None]);
    }
}
