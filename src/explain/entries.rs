//! The entries of an input, each with its events: read as a run reads them, but kept apart instead of counted.

use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::classify::Subject;
use crate::classify::library::Library;
use crate::classify::route::Routes;
use crate::classify::trace;
use crate::classify::{Classifier, Shared};
use crate::classify::{Event, Found, Interest};
use crate::decode::unfold::unfolded;
use crate::decode::{self, Part, Record};
use crate::gather::assemble::{self, Begun, Given, Offer, Open};
use crate::gather::lane::Lane;
use crate::map::{Kind, Line, Mapper};
use crate::source::frame::{Chunk, Fill, Framer};
use crate::time::SECOND;

/// How long an entry stays open behind the latest record, in nanoseconds: the lateness of files (SEMANTICS 3).
const LATENESS: i64 = 2 * SECOND;
/// Bytes a chunk.
const CHUNK: usize = 1 << 20;

/// One entry, or a line that is none.
pub struct Entry<'a> {
    /// Of its first line, counted from 1.
    pub line_number: u64,
    /// The lines of its first and its last record; between them may be lines of others.
    pub lines: RangeInclusive<u64>,
    /// Records it is made of; 1 for a line that is no record.
    pub records: u64,
    pub content: Content<'a>,
    pub events: &'a [Event],
}

/// What an entry was made of.
pub enum Content<'a> {
    TooLong,
    Malformed,
    Blank,
    /// One record: its line.
    Line(&'a [u8]),
    /// Several records.
    Assembled(&'a assemble::Entry),
}

impl Entry<'_> {
    /// Reads the entry's first record and what was classified; `None` for a line that is no record.
    pub fn inspect<R>(&self, inspect: impl FnOnce(&Record<'_>, Subject<'_>) -> R) -> Option<R> {
        let mut scratch = Vec::new();
        let line = match &self.content {
            Content::Line(line) => line,
            Content::Assembled(entry) => entry.from.line.as_slice(),
            Content::TooLong | Content::Malformed | Content::Blank => return None,
        };
        let decode::Line::Record(record) = decode::decode(line, &mut scratch) else { return None };
        if let Content::Assembled(entry) = &self.content {
            return Some(inspect(&record, entry.subject()));
        }
        let said = record.says();
        let message = unfolded(&said);
        let logger = record.logger.map(|logger| logger.read());
        let subject = Subject {
            text: &message,
            raw_level: record.raw_level,
            states_level: record.states_level,
            timed: record.timed,
            logger: logger.as_deref(),
            attributes: record.attributes,
            language: trace::language(&message),
        };
        Some(inspect(&record, subject))
    }
}

/// Reads an input as entries.
pub struct Entries {
    pub classifier: Classifier,
    mapper: Mapper,
    lane: Lane,
    found: Vec<Found>,
}

impl Entries {
    /// Reads with the whole library, every label of it, and no route templates.
    pub fn new(library: &Arc<Library>) -> Self {
        let interest = Interest::all(library);
        Entries::sharing(Classifier::new(Arc::clone(library), Routes::default(), interest).shared)
    }

    /// Reads another input with what was built for one.
    pub fn sharing(shared: Arc<Shared>) -> Self {
        let classifier = Classifier::sharing(shared);
        let mapper = Mapper::new(Classifier::sharing(Arc::clone(&classifier.shared)), None);
        Entries { classifier, mapper, lane: Lane::new(String::new(), LATENESS), found: Vec::new() }
    }

    /// Reads to the end, or to where the stream fails; `take` is given every entry, those of one line at their line and
    /// the others when they close.
    pub fn read(mut self, stream: impl Read, mut take: impl FnMut(&mut Classifier, &Entry<'_>)) -> io::Result<()> {
        let mut framer = Framer::new(stream, CHUNK, Fill::Full);
        let ended = loop {
            match framer.next_chunk() {
                Ok(Some(chunk)) => self.chunk(chunk, &mut take),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        while let Some(held) = self.lane.assembler.close() {
            self.close(held, &mut take);
        }
        ended
    }

    fn chunk(&mut self, chunk: Chunk, take: &mut impl FnMut(&mut Classifier, &Entry<'_>)) {
        let fragment = self.mapper.map(chunk);
        let mut events = 0;
        for line in &fragment.lines {
            let text = &fragment.text[line.start as usize..(line.start + line.length) as usize];
            let mut own: Vec<Event> =
                fragment.events[events..line.events_end as usize].iter().map(|event| fragment.event(event)).collect();
            events = line.events_end as usize;
            if matches!(line.kind, Kind::Directive(_)) {
                continue;
            }
            self.lane.line_number += 1;
            self.observe(line, take);
            let content = match line.kind {
                Kind::TooLong => Content::TooLong,
                Kind::Malformed => Content::Malformed,
                Kind::Blank | Kind::Directive(_) => Content::Blank,
                Kind::App if self.assemble(line, text, take) => continue,
                Kind::App | Kind::Edge { .. } => Content::Line(text),
            };
            if line.opens || line.deferred {
                own.extend(self.alone(text));
            }
            if line.part != Part::Whole {
                self.found.clear();
                self.classifier.trim();
                if self.lane.pairs.take(text, line.part, &mut self.classifier, &mut self.found) {
                    own = self.found.iter().map(|found| self.classifier.event(found)).collect();
                }
            }
            let line_number = self.lane.line_number;
            let lines = line_number..=line_number;
            take(&mut self.classifier, &Entry { line_number, lines, records: 1, content, events: &own });
        }
    }

    /// Takes note of a line's time, and closes the entries it leaves behind.
    fn observe(&mut self, line: &Line, take: &mut impl FnMut(&mut Classifier, &Entry<'_>)) {
        let Some(time) = line.time else { return };
        self.lane.observe(time);
        while let Some(held) = self.lane.watermark().and_then(|at| self.lane.assembler.expired(at)) {
            self.close(held, take);
        }
    }

    /// The events of a line that belongs to nothing.
    fn alone(&mut self, line: &[u8]) -> Vec<Event> {
        let mut scratch = Vec::new();
        let decode::Line::Record(record) = decode::decode(line, &mut scratch) else { return Vec::new() };
        self.found.clear();
        self.classifier.trim();
        self.classifier.alone(&record, &mut self.found);
        if self.lane.pairs.is_said_again(self.classifier.part) {
            self.found.clear();
        }
        self.found.iter().map(|found| self.classifier.event(found)).collect()
    }

    /// Whether the line is held until it is known what it belongs to.
    fn assemble(&mut self, line: &Line, text: &[u8], take: &mut impl FnMut(&mut Classifier, &Entry<'_>)) -> bool {
        let time = line.time.or(self.lane.last_time);
        let given = Given { line, text, line_number: self.lane.line_number, time };
        match self.lane.assembler.offer(given) {
            Offer::Taken => return true,
            Offer::Passed => return false,
            Offer::Free => {}
            Offer::Closed(closed) => self.close(*closed, take),
        }
        match self.lane.assembler.begin(given) {
            Begun::Held => true,
            Begun::Instead(oldest) => {
                self.close(*oldest, take);
                true
            }
            Begun::Alone => false,
        }
    }

    fn close(&mut self, held: Open, take: &mut impl FnMut(&mut Classifier, &Entry<'_>)) {
        for entry in held.entries() {
            let (line_number, lines, records) = (entry.from.line_number, entry.lines.clone(), entry.records);
            let (content, events) = if records == 1 {
                (Content::Line(&entry.from.line), self.alone(&entry.from.line))
            } else {
                self.found.clear();
                self.classifier.trim();
                let Entries { lane, classifier, found, .. } = &mut *self;
                if !lane.pairs.take_entry(&entry.from.line, &entry.text, classifier, found) {
                    classifier.entry(entry.subject(), found);
                }
                (Content::Assembled(&entry), self.found.iter().map(|found| self.classifier.event(found)).collect())
            };
            take(&mut self.classifier, &Entry { line_number, lines, records, content, events: &events });
        }
    }
}
