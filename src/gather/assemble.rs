//! Assemble: records that are one thing to one entry (SEMANTICS 16).
//!
//! A trace arrives as one record a line, with lines of other streams between them. Of each stream (a replica's standard output
//! or standard error) the records are held from one on with which a failure may begin, until none follows that could be of it;
//! then [`trace::part`] tells what belongs together, and what was held for nothing stands for itself.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use memchr::memmem;

use crate::classify::Subject;
use crate::classify::trace::{self, Follows, Part};
use crate::decode::{self, Attributes, Level};
use crate::map::Line;
use crate::time::{SECOND, Time};

/// As many records or bytes of a stream are held, and so belong to one entry, at most.
const MOST_RECORDS: usize = 500;
const MOST_BYTES: usize = 64 << 10;
/// Streams of one source of which records are held at the same time: each is looked at for every line. Few services write as
/// many.
const MOST_OPEN: usize = 256;
/// No more is waited for when the watermark has passed the last record by this.
const PATIENCE: i64 = SECOND;
/// Records of a stream that are no further apart are one burst: the platform stores its lines in any order (SEMANTICS 16a).
const BURST: i64 = 5_000_000;
/// What is written at once arrives within this.
const WRITE: i64 = 1_000_000;
/// Records that look like nothing of a failure, at most, while what was held may still go on.
const MOST_UNLIKE: usize = 40;

/// Records of one stream that may belong together.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Open {
    stream: u32,
    held: Vec<Held>,
    bytes: usize,
    raw_level: Option<Level>,
    logger: Option<Vec<u8>>,
    /// Whether its first record begins a failure, or is one of which the begin may come later.
    begins: bool,
    /// What stands before the first record's head, as before every line of some loggers.
    prefix: Option<Vec<u8>>,
    /// Records that belong to nobody since the last one held.
    strangers: usize,
    /// Records held since the last one that looks like part of a failure.
    unlike: usize,
    /// The time of the last record held, which may be its source's.
    last: Option<Time>,
    /// Its own.
    last_stated: Option<Time>,
}

/// A record.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Held {
    text: Vec<u8>,
    follows: Follows,
    apart: bool,
    from: Origin,
}

/// Where an entry comes from: its first record, or the first that shows something.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Origin {
    /// The line as it stood in the input.
    pub line: Vec<u8>,
    pub line_number: u64,
    /// Its time, and so the entry's.
    pub time: Option<Time>,
    pub content: u64,
}

/// Records that are one thing.
#[derive(Debug)]
pub struct Entry {
    pub from: Origin,
    /// The lines of its first and its last record; between them may be lines of others.
    pub lines: RangeInclusive<u64>,
    pub records: u64,
    /// The messages, joined by newlines, in the order that makes sense.
    pub text: Vec<u8>,
    raw_level: Option<Level>,
    logger: Option<Vec<u8>>,
}

/// What became of a record that was offered.
#[derive(Debug)]
pub enum Offer {
    /// It is held.
    Taken,
    /// Nothing is held of its stream.
    Free,
    /// It belongs to nobody, and what is held may go on.
    Passed,
    /// What was held is complete without it.
    Closed(Box<Open>),
}

/// What became of a record that nothing was held for.
#[derive(Debug)]
pub enum Begun {
    Held,
    /// It is held, and this no longer.
    Instead(Box<Open>),
    /// It stands for itself.
    Alone,
}

/// A record and what the map stage read of it.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    pub line: &'a Line,
    pub text: &'a [u8],
    pub line_number: u64,
    /// Its own, or the last one of its source.
    pub time: Option<Time>,
}

/// The streams of one source of which records are held.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Assembler {
    open: VecDeque<Open>,
}

impl Assembler {
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// The time of the earliest record that is held: rules must not pass it.
    pub fn earliest(&self) -> Option<Time> {
        self.open.iter().filter_map(|open| open.held.iter().filter_map(|held| held.from.time).min()).min()
    }

    /// Holds a record, if a failure may begin with it; of its stream none must be held.
    pub fn begin(&mut self, given: Given<'_>) -> Begun {
        if !given.line.opens && !given.line.deferred {
            return Begun::Alone;
        }
        let mut scratch = Vec::new();
        let decode::Line::Record(record) = decode::decode(given.text, &mut scratch) else { return Begun::Alone };
        let text = record.says().into_owned();
        // Next.js sets its mark of a level some columns to the right, before the error.
        let logged = given.line.deferred && trace::stands_alone(&text);
        if text.contains(&b'\n') || (logged && !trace::opens(&text)) {
            return Begun::Alone;
        }
        self.open.push_back(Open {
            stream: given.line.stream,
            bytes: text.len(),
            raw_level: given.line.raw_level,
            logger: record.logger.map(|logger| logger.read().into_owned()),
            begins: given.line.opens || logged,
            prefix: trace::prefix(&text).map(<[u8]>::to_vec),
            held: vec![Held { text, follows: Follows::Later, apart: false, from: given.origin() }],
            strangers: 0,
            unlike: 0,
            last: given.time,
            last_stated: given.line.time,
        });
        let oldest = if self.open.len() > MOST_OPEN { self.open.pop_front() } else { None };
        oldest.map_or(Begun::Held, |oldest| Begun::Instead(Box::new(oldest)))
    }

    /// Offers a record to what is held of its stream.
    pub fn offer(&mut self, given: Given<'_>) -> Offer {
        let Some(at) = self.open.iter().position(|open| open.stream == given.line.stream) else { return Offer::Free };
        let open = &mut self.open[at];
        let mut scratch = Vec::new();
        let decode::Line::Record(record) = decode::decode(given.text, &mut scratch) else { return Offer::Passed };
        let text = record.says();
        let follows = given.line.follows(open.last_stated);
        // In a log whose other lines have times, one with a time is no line of a trace without.
        let is_timed_alike = open.last_stated.is_some() || given.line.time.is_none();
        let may_follow = is_timed_alike
            && record.edge.is_none()
            && record.request.is_none()
            && !text.contains(&b'\n')
            && (given.line.opens || open.shares_prefix(&text) || !trace::stands_alone(&text));
        if !may_follow {
            // What is no failure keeps none from beginning, and a failure of its own time begins behind the last one's lines.
            if open.is_closed_by(follows, given.time) || (given.line.opens && (!open.begins || !is_timed_alike)) {
                return Offer::Closed(Box::new(self.take(at)));
            }
            open.strangers += 1;
            return Offer::Passed;
        }
        let is_like = given.line.opens || trace::continues(&text);
        let goes_on = match follows {
            // Whoever writes a category before each text writes entries in their order.
            Follows::Untold | Follows::Later if trace::is_category(&text) => false,
            Follows::Directly | Follows::Closely => true,
            Follows::Untold => is_like || open.unlike < MOST_UNLIKE,
            // A second failure, or what comes after the first.
            Follows::Later => {
                let is_of_it = !given.line.opens && (is_like || is_indented(&text));
                open.begins
                    && open.unlike < MOST_UNLIKE
                    && (open.is_young(given.time) || is_of_it || open.awaits(&text))
            }
        };
        let is_full = open.held.len() >= MOST_RECORDS || open.bytes + text.len() > MOST_BYTES;
        if !goes_on || is_full {
            return Offer::Closed(Box::new(self.take(at)));
        }
        open.bytes += text.len();
        open.held.push(Held { text: text.into_owned(), follows, apart: open.strangers > 0, from: given.origin() });
        open.unlike = if is_like { 0 } else { open.unlike + 1 };
        open.strangers = 0;
        open.last = open.last.max(given.time);
        open.last_stated = given.line.time.max(open.last_stated.filter(|_| given.line.time.is_some()));
        Offer::Taken
    }

    /// The same as [`Assembler::offer`] of a record that opens nothing, where the map stage saw that it belongs to nobody. `false`
    /// where it has to be offered. `text` is the line as it stands in the input.
    pub fn passes(&mut self, line: &Line, text: &[u8]) -> bool {
        let Some(open) = self.open.iter_mut().find(|open| open.stream == line.stream) else { return true };
        let passes = line.stands_alone
            && !open.may_share_prefix(text)
            && !open.is_closed_by(line.follows(open.last_stated), line.time);
        open.strangers += usize::from(passes);
        passes
    }

    /// The watermark at which the first of what is held is complete.
    pub fn expires(&self) -> Option<Time> {
        self.open.iter().filter_map(|open| Some(open.last?.saturating_add(PATIENCE))).min()
    }

    /// Takes out what is held of a stream whose last record the watermark has passed by a second.
    pub fn expired(&mut self, watermark: Time) -> Option<Open> {
        let passed = |open: &Open| open.last.is_some_and(|last| watermark >= last.saturating_add(PATIENCE));
        let at = self.open.iter().position(passed)?;
        Some(self.take(at))
    }

    /// Takes out what is held of a stream, at the end of the source.
    pub fn close(&mut self) -> Option<Open> {
        self.open.pop_front()
    }

    fn take(&mut self, at: usize) -> Open {
        self.open.remove(at).expect("a stream that was found")
    }
}

impl Given<'_> {
    fn origin(&self) -> Origin {
        Origin { line: self.text.to_vec(), line_number: self.line_number, time: self.time, content: self.line.content }
    }
}

impl Line {
    /// How it follows a record with this time.
    fn follows(&self, last: Option<Time>) -> Follows {
        let (Some(last), Some(time)) = (last, self.time) else { return Follows::Untold };
        let gap = time.since(last).saturating_abs();
        let is_fine = [last, time].iter().any(|time| time.0 % SECOND != 0);
        match gap {
            0..=WRITE if is_fine => Follows::Directly,
            0..=BURST if is_fine => Follows::Closely,
            0 => Follows::Untold,
            _ => Follows::Later,
        }
    }
}

impl Open {
    /// What was held, as entries in the order of their first records.
    pub fn entries(self) -> Vec<Entry> {
        let Open { held, raw_level, logger, .. } = self;
        if let [one] = &held[..] {
            let (from, number) = (one.from.clone(), one.from.line_number);
            return vec![Entry { from, lines: number..=number, records: 1, text: one.text.clone(), raw_level, logger }];
        }
        let lines: Vec<trace::Line<'_>> = held
            .iter()
            .map(|held| trace::Line { text: &held.text, follows: held.follows, apart: held.apart })
            .collect();
        let mut entries: Vec<Entry> = trace::part(&lines)
            .into_iter()
            .filter_map(|Part { lines, silent }| {
                let first = lines.iter().chain(&silent).copied().min()?;
                let last = lines.iter().chain(&silent).copied().max()?;
                let texts: Vec<&[u8]> = lines.iter().map(|at| &*held[*at].text).collect();
                // Of a category and its text the text is what shows something.
                let telling = match lines[..] {
                    [head, next, ..] if trace::is_category(&held[head].text) => next,
                    _ => first,
                };
                Some(Entry {
                    from: Origin { time: held[first].from.time, ..held[telling].from.clone() },
                    lines: held[first].from.line_number..=held[last].from.line_number,
                    records: (lines.len() + silent.len()) as u64,
                    text: texts.join(&b'\n'),
                    raw_level,
                    logger: logger.clone(),
                })
            })
            .collect();
        entries.sort_by_key(|entry| entry.from.line_number);
        entries
    }

    /// Whether it is complete when a record comes that belongs to nobody: between its lines others may stand, but not for long.
    fn is_closed_by(&self, follows: Follows, time: Option<Time>) -> bool {
        (follows == Follows::Later && !self.is_young(time)) || self.strangers >= MOST_UNLIKE
    }

    /// Whether its first record is so recent that what a slow program still writes may be of it.
    fn is_young(&self, time: Option<Time>) -> bool {
        let first = self.held.first().and_then(|held| held.from.time);
        first.zip(time).is_some_and(|(first, time)| time.since(first).saturating_abs() <= PATIENCE)
    }

    /// Whether a Python traceback has yet to name its exception, and this line does.
    fn awaits(&self, text: &[u8]) -> bool {
        let lines =
            || self.held.iter().map(|held| trace::Line { text: &held.text, follows: held.follows, apart: false });
        trace::awaits_end(lines) && trace::ends(text)
    }

    /// Whether a line could, as it stands in the input: its first letters and digits are written as they are in any form.
    fn may_share_prefix(&self, line: &[u8]) -> bool {
        self.prefix.as_ref().is_some_and(|prefix| {
            let plain = prefix.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            memmem::find(line, &prefix[..plain]).is_some()
        })
    }

    /// Whether a line carries what stands before the first line's head, as every line of some loggers does.
    fn shares_prefix(&self, text: &[u8]) -> bool {
        self.prefix.as_ref().is_some_and(|prefix| text.starts_with(prefix))
    }
}

impl Entry {
    /// What the classifier sees of the entry.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            text: &self.text,
            raw_level: self.raw_level,
            states_level: false,
            timed: false,
            logger: self.logger.as_deref(),
            attributes: Attributes::None,
            language: trace::language(&self.text),
        }
    }
}

fn is_indented(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
}
