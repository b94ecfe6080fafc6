//! Assemble: records that are one thing to one entry (SEMANTICS 16).
//!
//! A traceback arrives as one record a line, with lines of other streams between them. Each stream (a replica's
//! standard output or standard error) has at most one entry open.

use crate::classify::{Opens, Subject, javascript, python};
use crate::decode::{self, Attributes, Level};
use crate::time::{SECOND, Time};

/// An entry closes at this many records or bytes.
const MOST_RECORDS: u64 = 500;
const MOST_BYTES: usize = 64 << 10;
/// Entries of one source that are open at a time: each is looked at for every line. Few services write as many streams.
const MOST_OPEN: usize = 256;
/// An entry closes when the watermark has passed its last record by this.
const PATIENCE: i64 = SECOND;

/// An entry that may go on.
#[derive(Debug)]
pub struct Open {
    stream: u32,
    state: State,
    /// The messages so far, joined by newlines.
    pub text: Vec<u8>,
    /// The first line as it stood in the input.
    pub first_line: Vec<u8>,
    pub records: u64,
    /// Time of its first record, and so of the entry.
    pub time: Option<Time>,
    last: Option<Time>,
    pub line_number: u64,
    pub content: u64,
    raw_level: Option<Level>,
    logger: Option<Vec<u8>>,
}

#[derive(Debug)]
enum State {
    Python(python::Stack),
    Javascript,
    /// A message of several lines holds its whole stack.
    Complete,
}

/// What opens an entry: a line of the input and what the map stage read of it.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub line: &'a [u8],
    pub line_number: u64,
    pub stream: u32,
    pub opens: Opens,
    pub time: Option<Time>,
    pub raw_level: Option<Level>,
    pub content: u64,
}

/// The open entries of one source.
#[derive(Debug, Default)]
pub struct Assembler {
    open: Vec<Open>,
}

impl Assembler {
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// The time of the earliest open entry: rules must not pass it.
    pub fn earliest(&self) -> Option<Time> {
        self.open.iter().filter_map(|entry| entry.time).min()
    }

    /// Opens an entry; the stream must have none open. Gives the oldest one, closed, if there are too many.
    pub fn begin(&mut self, head: Head<'_>) -> Option<Open> {
        let mut scratch = Vec::new();
        let decode::Line::Record(record) = decode::decode(head.line, &mut scratch) else { return None };
        let text = record.says().into_owned();
        let state = match head.opens {
            _ if text.contains(&b'\n') => State::Complete,
            Opens::Javascript => State::Javascript,
            Opens::Python | Opens::Nothing => State::Python(python::Stack::begin(&text)),
        };
        self.open.push(Open {
            stream: head.stream,
            state,
            text,
            first_line: head.line.to_vec(),
            records: 1,
            time: head.time,
            last: head.time,
            line_number: head.line_number,
            content: head.content,
            raw_level: head.raw_level,
            logger: record.logger.map(|logger| logger.read().into_owned()),
        });
        (self.open.len() > MOST_OPEN).then(|| self.open.remove(0))
    }

    /// Offers a record to the entry its stream has open. `Ok` when the entry took it; else the entry is closed, if there
    /// was one, and the record stands for itself.
    pub fn offer(&mut self, stream: u32, line: &[u8], time: Option<Time>) -> Result<(), Option<Box<Open>>> {
        let at = self.open.iter().position(|entry| entry.stream == stream).ok_or(None)?;
        let entry = &mut self.open[at];
        let mut scratch = Vec::new();
        let taken = match decode::decode(line, &mut scratch) {
            decode::Line::Record(record) if record.edge.is_none() => {
                let message = record.says();
                let full = entry.records >= MOST_RECORDS || entry.text.len() + message.len() > MOST_BYTES;
                let continues = !full
                    && match &mut entry.state {
                        State::Python(stack) => stack.accepts(&message),
                        State::Javascript => javascript::continues(&message),
                        State::Complete => false,
                    };
                if continues {
                    entry.text.push(b'\n');
                    entry.text.extend_from_slice(&message);
                }
                continues
            }
            _ => false,
        };
        if !taken {
            return Err(Some(Box::new(self.open.remove(at))));
        }
        entry.records += 1;
        entry.last = entry.last.max(time);
        Ok(())
    }

    /// Takes out an entry whose last record the watermark has passed by a second.
    pub fn expired(&mut self, watermark: Time) -> Option<Open> {
        let passed = |entry: &Open| entry.last.is_some_and(|last| watermark >= last.saturating_add(PATIENCE));
        let at = self.open.iter().position(passed)?;
        Some(self.open.remove(at))
    }

    /// Takes out an entry whatever its state, at the end of the source.
    pub fn close(&mut self) -> Option<Open> {
        if self.open.is_empty() { None } else { Some(self.open.remove(0)) }
    }
}

impl Open {
    /// What the classifier sees of the entry.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            text: &self.text,
            raw_level: self.raw_level,
            logger: self.logger.as_deref(),
            attributes: Attributes::None,
            kind: match self.state {
                State::Python(_) => Opens::Python,
                State::Javascript => Opens::Javascript,
                State::Complete if memchr::memmem::find(&self.text, b"Traceback (most recent call last)").is_some() => {
                    Opens::Python
                }
                State::Complete => Opens::Javascript,
            },
        }
    }
}
