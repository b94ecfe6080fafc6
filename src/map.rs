//! Map: a chunk of lines to a fragment. Needs nothing but the chunk, so chunks can be mapped on any thread in any order;
//! what spans lines or chunks is left for the lane that takes the fragments in the order of their source.

pub mod partial;

use std::borrow::Cow;
use std::sync::Arc;

use crate::classify::{Classifier, Event, Found, LabelSets, MOST_VALUES, NO_VALUE, Via};
use crate::decode::{self, BYTE_ORDER_MARK, Level, Line as Decoded, Part, Record, Text};
use crate::needs::{Need, Needs};
use crate::recording::{self, Directive};
use crate::source::frame::{Chunk, LONGEST_LINE};
use crate::source::{Buffer, Given};
use crate::text::hash;
use crate::time::Time;
use partial::{Builder, Partials};

/// A mapped chunk.
#[derive(Clone, Debug, Default)]
pub struct Fragment {
    /// The chunk's text, which the lines are ranges of.
    pub text: Buffer,
    /// In the order of the chunk.
    pub lines: Vec<Line>,
    /// What lines that have only to be counted come to together.
    pub partials: Partials,
    /// Of all lines; each line knows which are its own.
    pub events: Vec<Mapped>,
    /// The distinct label sets of the events.
    pub sets: LabelSets,
    /// The values of those events that have any.
    pub values: Vec<[i64; MOST_VALUES]>,
    /// Bytes that were read for this chunk; where a line began in an earlier read, they were counted there.
    pub bytes: u64,
    /// Bytes of what a recording holds beside the input.
    pub own_bytes: u64,
    /// Lines with bytes that are no UTF-8.
    pub invalid_utf8: u64,
    /// The input ended here, within a line.
    pub unterminated: bool,
    /// The input is a recording.
    pub recording: bool,
    /// Of a source that has several logs: which of them the lines are of.
    pub lane: usize,
    /// The records of logs that can be read again.
    pub given: Vec<Given>,
}

/// One event of a fragment.
#[derive(Clone, Copy, Debug)]
pub struct Mapped {
    /// Index into the fragment's label sets.
    pub set: u32,
    /// Index into the fragment's values; [`NO_VALUES`] for an event without.
    values: u32,
    pattern: u32,
    pub via: Via,
}

const NO_VALUES: u32 = u32::MAX;

/// One line of a fragment.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Where it stands in the fragment's text, without its line end.
    pub start: u32,
    pub length: u32,
    pub time: Option<Time>,
    pub kind: Kind,
    /// For records: which stream of which replica (SEMANTICS 16), as a hash.
    pub stream: u32,
    /// For what a service wrote: the hash of its deployment's id; 0 if it does not say.
    pub deployment: u32,
    /// Which replica wrote the record, or which client asked, as a hash; 0 if it does not say.
    pub origin: u32,
    pub raw_level: Option<Level>,
    /// A failure may begin with the line, or it may be one of those that a burst has out of order.
    pub opens: bool,
    /// Which part of a request that several lines tell; an end has events as if nobody knew its begin.
    pub part: Part,
    /// Indented text, which mostly belongs to an entry that is open: not classified unless it turns out to stand alone.
    pub deferred: bool,
    /// By what it says it can be no part of what others tell.
    pub stands_alone: bool,
    /// An earlier run has read it, and its source gives it again.
    pub is_repeated: bool,
    /// Hash of the message; 0 where nobody reads it.
    pub content: u64,
    /// The events of the line taken as an entry of its own: those from the end of the line before's up to here. A line that
    /// opens an entry has none, for the entry is classified when it is whole.
    pub events_end: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    TooLong,
    Malformed,
    Blank,
    /// Of a recording, not of the input.
    Directive(Directive),
    App,
    /// A record of the platform's HTTP log, with the hash of its deployment's id, 0 where it has none.
    Edge {
        deployment: u32,
    },
}

impl Fragment {
    /// Adds what the classifier found; `sets` has by index of its label sets the index among the fragment's.
    fn add(&mut self, found: &mut Vec<Found>, sets: &mut Vec<u32>, classifier: &Classifier) {
        sets.resize(classifier.label_sets(), NOT_YET);
        for Found { labels, pattern, via, values } in found.drain(..) {
            let set = &mut sets[labels as usize];
            if *set == NOT_YET {
                *set = self.sets.copy(classifier.labels(labels));
            }
            let values = if values == [NO_VALUE; MOST_VALUES] {
                NO_VALUES
            } else {
                self.values.push(values);
                self.values.len() as u32 - 1
            };
            self.events.push(Mapped { set: *set, values, pattern, via });
        }
    }

    /// How many events the lines before this one have.
    pub fn events_before(&self, line: usize) -> usize {
        line.checked_sub(1).map_or(0, |before| self.lines[before].events_end as usize)
    }

    /// A line as it stands in the input, without its line end.
    pub fn text_of(&self, line: &Line) -> &[u8] {
        &self.text[line.start as usize..(line.start + line.length) as usize]
    }

    /// Marks lines that an earlier run has read: they are no part of what the others come to.
    pub fn repeat(&mut self, lines: impl IntoIterator<Item = u32>) {
        for line in lines {
            if let Some(line) = self.lines.get_mut(line as usize) {
                line.is_repeated = true;
                self.partials = Partials::default();
            }
        }
    }

    /// The values of an event.
    pub fn values(&self, event: &Mapped) -> &[i64; MOST_VALUES] {
        self.values.get(event.values as usize).unwrap_or(&[NO_VALUE; MOST_VALUES])
    }

    /// An event with all that belongs to it.
    pub fn event(&self, event: &Mapped) -> Event {
        Event::new(self.sets.get(event.set), *self.values(event), event.via, event.pattern)
    }
}

impl Line {
    /// A line nothing is known of, at the end of a fragment's events.
    fn empty(fragment: &Fragment) -> Self {
        Line {
            start: 0,
            length: 0,
            time: None,
            kind: Kind::TooLong,
            stream: 0,
            origin: 0,
            deployment: 0,
            raw_level: None,
            opens: false,
            part: Part::Whole,
            deferred: false,
            stands_alone: false,
            is_repeated: false,
            content: 0,
            events_end: fragment.events.len() as u32,
        }
    }
}

/// Maps chunks; one a thread.
pub struct Mapper {
    classifier: Classifier,
    scratch: Vec<u8>,
    found: Vec<Found>,
    /// By index of the classifier's label sets: the index among those of the fragment in the making.
    sets: Vec<u32>,
    /// What has to be kept of events, where they are to be counted.
    needs: Option<Arc<Needs>>,
    builder: Builder,
}

/// A label set that the fragment in the making does not hold yet.
const NOT_YET: u32 = u32::MAX;

impl Mapper {
    /// A mapper for one thread; without needs it leaves all counting to who takes the lines.
    pub fn new(classifier: Classifier, needs: Option<Arc<Needs>>) -> Self {
        Mapper {
            classifier,
            scratch: Vec::new(),
            found: Vec::new(),
            sets: Vec::new(),
            needs,
            builder: Builder::default(),
        }
    }

    /// Reads the lines of a chunk, and finds what they say.
    pub fn map(&mut self, chunk: Chunk) -> Fragment {
        let Chunk { text, bytes, unterminated, recording, lane, given } = chunk;
        let mut fragment = Fragment { bytes, unterminated, recording, lane, given, ..Fragment::default() };
        fragment.lines.reserve(text.len() / 128);
        fragment.events.reserve(text.len() / 128);
        self.classifier.trim();
        self.sets.clear();
        // Nearly every chunk is valid, and then no line of it has to be looked at.
        let valid = simdutf8::basic::from_utf8(&text).is_ok();
        let mut start = 0;
        while start < text.len() {
            let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |length| start + length);
            let mut line = &text[start..end];
            let mut directive = None;
            if recording {
                directive = recording::directive(line.strip_suffix(b"\r").unwrap_or(line));
                let unmarked = recording::unmarked(line);
                fragment.own_bytes += (line.len() - unmarked.len()) as u64;
                line = unmarked;
            }
            // A byte-order mark stands at the start of a file, and so anywhere in several files joined.
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
            let begin = end - line.len();
            line = line.strip_suffix(b"\r").unwrap_or(line);
            let mapped = match directive {
                Some(directive) => {
                    fragment.own_bytes += ((end + 1).min(text.len()) - start) as u64;
                    Line { kind: Kind::Directive(directive), ..Line::empty(&fragment) }
                }
                None => {
                    if !valid && std::str::from_utf8(line).is_err() {
                        fragment.invalid_utf8 += 1;
                    }
                    self.line(line, &mut fragment)
                }
            };
            fragment.lines.push(Line { start: begin as u32, length: line.len() as u32, ..mapped });
            start = end + 1;
        }
        fragment.text = text;
        if let Some(needs) = &self.needs {
            let needs: Vec<Need> = fragment.sets.iter().map(|labels| needs.need(labels)).collect();
            fragment.partials = self.builder.all(&fragment, |set| &needs[set as usize]);
        }
        fragment
    }

    fn line(&mut self, line: &[u8], fragment: &mut Fragment) -> Line {
        let mapped = Line::empty(fragment);
        if line.len() > LONGEST_LINE {
            return mapped;
        }
        // By reference: a record is too large to be copied for every line.
        match &decode::decode(line, &mut self.scratch) {
            Decoded::Malformed => Line { kind: Kind::Malformed, ..mapped },
            Decoded::Blank(time) => Line { kind: Kind::Blank, time: *time, ..mapped },
            Decoded::Record(record) => {
                let tells = record.edge.is_some() || record.request.is_some();
                let deferred = !tells && is_continuation(record.message);
                let opens = !deferred && self.classifier.record(record, &mut self.found);
                fragment.add(&mut self.found, &mut self.sets, &self.classifier);
                let kind = match &record.edge {
                    Some(edge) => Kind::Edge { deployment: deployment(edge.deployment) },
                    None => Kind::App,
                };
                Line {
                    time: record.time,
                    kind,
                    stream: stream(record),
                    origin: origin(record),
                    deployment: deployment(record.deployment),
                    raw_level: record.raw_level,
                    opens,
                    part: match self.classifier.part {
                        Part::Whole => record.request.as_ref().map_or(Part::Whole, |request| request.part()),
                        part => part,
                    },
                    deferred,
                    stands_alone: self.classifier.stands_alone,
                    content: content(record),
                    events_end: fragment.events.len() as u32,
                    ..mapped
                }
            }
        }
    }
}

/// Whether a message is indented as the inner lines of a stack are. An exception group begins with an indented line, too.
fn is_continuation(message: Text<'_>) -> bool {
    let is_indented = matches!(message.raw, [b' ' | b'\t', ..]) || (message.escaped && message.raw.starts_with(b"\\t"));
    is_indented && !message.raw.trim_ascii_start().starts_with(b"+ ")
}

fn stream(record: &Record<'_>) -> u32 {
    let level = [record.raw_level.map_or(u8::MAX, |level| level as u8)];
    hash([record.replica.unwrap_or(b""), &level]) as u32
}

fn origin(record: &Record<'_>) -> u32 {
    let text = record.edge.as_ref().map_or(record.replica, |edge| edge.client.map(|client| client.raw));
    text.map_or(0, |text| hash([text]) as u32 | 1)
}

fn deployment(id: Option<&[u8]>) -> u32 {
    id.map_or(0, |id| hash([id]) as u32 | 1)
}

/// Hash of what a record says, as it is written.
fn content(record: &Record<'_>) -> u64 {
    content_of(record, record.message.raw.trim_ascii(), |text| Cow::Borrowed(text.raw))
}

/// The same of a line of which another source may have the same record, written with other escapes, or as text without colours.
pub fn content_as_read(line: &[u8], scratch: &mut Vec<u8>) -> Option<u64> {
    let Decoded::Record(record) = decode::decode(line, scratch) else { return None };
    Some(content_of(&record, record.message_says().trim_ascii(), Text::read))
}

fn content_of<'a>(record: &Record<'a>, message: &[u8], says: impl Fn(Text<'a>) -> Cow<'a, [u8]>) -> u64 {
    match (&record.edge, &record.request) {
        (None, None) => hash([message]),
        // Its message is the same for all requests.
        (None, Some(request)) => hash([
            message,
            &request.target.map(&says).unwrap_or_default(),
            &request.status.unwrap_or(0).to_le_bytes(),
            &request.duration.unwrap_or(-1).to_le_bytes(),
            request.id.unwrap_or_default(),
        ]),
        (Some(edge), _) => hash([
            &says(edge.method),
            &says(edge.target),
            &edge.status.to_le_bytes(),
            &edge.duration.unwrap_or(-1).to_le_bytes(),
        ]),
    }
}
