//! The entries of an input, each with its events: read as a run reads them, but kept apart instead of counted.

use std::io::{self, Read};
use std::sync::Arc;

use super::classifier::{Classifier, Shared};
use super::event::{Event, Found, Interest};
use super::library::Library;
use super::route::Routes;
use super::view::{Opens, Subject};
use crate::assemble::{Head, Open};
use crate::decode::{self, Part, Record};
use crate::lane::Lane;
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
    /// Several records, or one that could have gone on.
    Open(&'a Open),
}

impl Entry<'_> {
    /// Reads the entry's first record and what was classified; `None` for a line that is no record.
    pub fn inspect<R>(&self, inspect: impl FnOnce(&Record<'_>, Subject<'_>) -> R) -> Option<R> {
        let mut scratch = Vec::new();
        let line = match &self.content {
            Content::Line(line) => line,
            Content::Open(open) => open.first_line.as_slice(),
            Content::TooLong | Content::Malformed | Content::Blank => return None,
        };
        let decode::Line::Record(record) = decode::decode(line, &mut scratch) else { return None };
        if let Content::Open(open) = &self.content {
            return Some(inspect(&record, open.subject()));
        }
        let message = record.says();
        let logger = record.logger.map(|logger| logger.read());
        let subject = Subject {
            text: &message,
            raw_level: record.raw_level,
            logger: logger.as_deref(),
            attributes: record.attributes,
            kind: Opens::Nothing,
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
        let interest = Interest::all(library.classes.iter().map(|class| class.labels.len()));
        Entries::sharing(Classifier::new(Arc::clone(library), Routes::default(), interest).shared)
    }

    /// Reads another input with what was built for one.
    pub fn sharing(shared: Arc<Shared>) -> Self {
        let classifier = Classifier::sharing(shared);
        let mapper = Mapper::new(Classifier::sharing(Arc::clone(&classifier.shared)));
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
        while let Some(open) = self.lane.assembler.close() {
            self.close(&open, &mut take);
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
            if line.deferred {
                let mut scratch = Vec::new();
                if let decode::Line::Record(record) = decode::decode(text, &mut scratch) {
                    self.found.clear();
                    self.classifier.trim();
                    self.classifier.alone(&record, &mut self.found);
                    own.extend(self.found.iter().map(|found| self.classifier.event(found)));
                }
            }
            if line.part != Part::Whole {
                self.found.clear();
                self.classifier.trim();
                if self.lane.pairs.take(text, line.part, &mut self.classifier, &mut self.found) {
                    own = self.found.iter().map(|found| self.classifier.event(found)).collect();
                }
            }
            take(
                &mut self.classifier,
                &Entry { line_number: self.lane.line_number, records: 1, content, events: &own },
            );
        }
    }

    /// Takes note of a line's time, and closes the entries it leaves behind.
    fn observe(&mut self, line: &Line, take: &mut impl FnMut(&mut Classifier, &Entry<'_>)) {
        let Some(time) = line.time else { return };
        self.lane.observe(time);
        while let Some(open) = self.lane.watermark().and_then(|at| self.lane.assembler.expired(at)) {
            self.close(&open, take);
        }
    }

    /// Whether an entry that is open, or opens here, has taken the line.
    fn assemble(&mut self, line: &Line, text: &[u8], take: &mut impl FnMut(&mut Classifier, &Entry<'_>)) -> bool {
        let time = line.time.or(self.lane.last_time);
        match self.lane.assembler.offer(line.stream, text, time) {
            Ok(()) => return true,
            Err(Some(closed)) => self.close(&closed, take),
            Err(None) => {}
        }
        if line.opens == Opens::Nothing {
            return false;
        }
        self.lane.assembler.begin(Head {
            line: text,
            line_number: self.lane.line_number,
            stream: line.stream,
            opens: line.opens,
            time,
            raw_level: line.raw_level,
            content: line.content,
        });
        true
    }

    fn close(&mut self, open: &Open, take: &mut impl FnMut(&mut Classifier, &Entry<'_>)) {
        self.found.clear();
        self.classifier.trim();
        self.classifier.entry(open.subject(), &mut self.found);
        let events: Vec<Event> = self.found.iter().map(|found| self.classifier.event(found)).collect();
        let (line_number, records) = (open.line_number, open.records);
        take(&mut self.classifier, &Entry { line_number, records, content: Content::Open(open), events: &events });
    }
}
