//! Runs the library over entries. One classifier a thread: it holds caches and scratch space, and no results.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::definition::Parser;
use super::event::{Event, Interest, LabelSet, MOST_VALUES, NO_VALUE, Via};
use super::exception::Exception;
use super::library::{Library, Pattern};
use super::prefilter::{Candidates, Prefilter};
use super::requests::Requests;
use super::route::Routes;
use super::{access_line, javascript, python, shape};
use crate::decode::{Attributes, Level, Record, level};

/// Distinct label sets a thread remembers before it starts over; bounds its memory, not what it can see.
const MOST_REMEMBERED: usize = 16_384;

/// What all threads share.
pub struct Shared {
    pub library: Arc<Library>,
    pub routes: Routes,
    pub interest: Interest,
    prefilter: Prefilter,
}

pub struct Classifier {
    pub shared: Arc<Shared>,
    requests: Requests,
    remembered: FxHashMap<Arc<LabelSet>, ()>,
    found: Candidates,
    shape: String,
}

/// Whether a record begins an entry that further records may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    Nothing,
    Python,
    Javascript,
}

/// What is classified: the text of an entry and what its first record says beside it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The whole text, lines joined by newlines.
    pub text: &'a [u8],
    pub raw_level: Option<Level>,
    /// A logger named beside the message; the head of the message wins.
    pub logger: Option<&'a [u8]>,
    pub attributes: Attributes<'a>,
    pub kind: Opens,
}

/// What the patterns are run against, worked out once an entry.
struct View<'a> {
    subject: Subject<'a>,
    /// The text without its `LEVEL:logger:` head.
    body: &'a [u8],
    level: Option<Level>,
    logger: Option<&'a [u8]>,
    exception: Option<Exception>,
}

impl Classifier {
    pub fn new(library: Arc<Library>, routes: Routes, interest: Interest) -> Self {
        let prefilter = Prefilter::new(&library);
        Classifier::sharing(Arc::new(Shared { library, routes, interest, prefilter }))
    }

    /// Another classifier of the same library, for another thread.
    pub fn sharing(shared: Arc<Shared>) -> Self {
        let requests = Requests::new(&shared.library);
        Classifier {
            shared,
            requests,
            remembered: FxHashMap::default(),
            found: Candidates::default(),
            shape: String::new(),
        }
    }

    /// Appends the events of one record taken as an entry of its own; tells whether more records may belong to it.
    pub fn record(&mut self, record: &Record<'_>, events: &mut Vec<Event>) -> Opens {
        if let Some(edge) = &record.edge {
            self.requests.edge(&self.shared, edge, events);
            return Opens::Nothing;
        }
        let message = record.says();
        if let Some(line) = access_line::access_line(&message) {
            self.requests.access(&self.shared, &line, events);
            return Opens::Nothing;
        }
        self.shared.prefilter.scan(&message, &mut self.found);
        let opens = if self.found.python_head {
            Opens::Python
        } else if self.found.javascript_head && javascript::is_head(&message) {
            Opens::Javascript
        } else {
            Opens::Nothing
        };
        let logger = record.logger.map(|text| text.read());
        let subject = Subject {
            text: &message,
            raw_level: record.raw_level,
            logger: logger.as_deref(),
            attributes: record.attributes,
            kind: opens,
        };
        self.scanned(subject, events);
        opens
    }

    /// Appends the events of an assembled entry.
    pub fn entry(&mut self, subject: Subject<'_>, events: &mut Vec<Event>) {
        self.shared.prefilter.scan(subject.text, &mut self.found);
        self.scanned(subject, events);
    }

    /// Runs the patterns that the last scan found.
    fn scanned(&mut self, subject: Subject<'_>, events: &mut Vec<Event>) {
        let mut view = View::new(subject);
        let first = events.len();
        let shared = Arc::clone(&self.shared);
        let found = std::mem::take(&mut self.found);
        for &index in &found.patterns {
            let pattern = &shared.library.patterns[index];
            if !already(events, first, pattern) {
                self.try_pattern(pattern, &mut view, events);
            }
        }
        self.found = found;
        if view.exception.is_some() {
            for pattern in &shared.library.patterns {
                let wanted = match subject.kind {
                    Opens::Python => pattern.parser == Some(Parser::Traceback),
                    Opens::Javascript => pattern.parser == Some(Parser::Javascript),
                    Opens::Nothing => false,
                };
                if wanted && pattern.regex.is_none() && !already(events, first, pattern) {
                    self.try_pattern(pattern, &mut view, events);
                }
            }
        }
        if events.len() == first && view.level.is_some_and(|level| level >= Level::Warning) {
            // The gravest level pattern that applies takes the entry.
            let level_pattern = shared
                .library
                .patterns
                .iter()
                .filter(|pattern| pattern.parser == Some(Parser::Level) && view.allows(pattern))
                .max_by_key(|pattern| pattern.level);
            if let Some(pattern) = level_pattern {
                self.try_pattern(pattern, &mut view, events);
            }
        }
    }

    fn try_pattern(&mut self, pattern: &Pattern, view: &mut View<'_>, events: &mut Vec<Event>) {
        if !view.allows(pattern) {
            return;
        }
        let text = if pattern.raw { view.subject.text } else { view.body };
        let captures = match &pattern.regex {
            Some(regex)
                if !pattern.labels.is_empty() || !pattern.values.is_empty() || !pattern.label_globs.is_empty() =>
            {
                match regex.captures(text) {
                    Some(captures) => Some(captures),
                    None => return,
                }
            }
            Some(regex) if !regex.is_match(text) => return,
            _ => None,
        };
        if pattern.parser == Some(Parser::Level) {
            self.shape.clear();
            shape::shape(view.body, &mut self.shape);
        }
        let shape = std::mem::take(&mut self.shape);
        let read = |name: &str| -> Option<Cow<'_, [u8]>> {
            if let Some(text) = captures.as_ref().and_then(|captures| captures.name(name)) {
                return Some(Cow::Borrowed(text.as_bytes()));
            }
            view.member(pattern.parser?, name, &shape)
        };
        let fits =
            pattern.label_globs.iter().all(|(label, glob)| read(label).is_some_and(|value| glob.is_match(&value)));
        if fits {
            let class = &self.shared.library.classes[pattern.class];
            let mut values = vec![None; class.labels.len()].into_boxed_slice();
            for label in &pattern.labels {
                if self.shared.interest.wants(pattern.class, label.index) {
                    values[label.index] = read(&label.name).map(|value| cleaned(&value, label.clean.as_ref()));
                }
            }
            let mut numbers = [NO_VALUE; MOST_VALUES];
            for value in &pattern.values {
                numbers[value.index] =
                    read(&value.capture).and_then(|text| number(&text, value.scale)).unwrap_or(NO_VALUE);
            }
            let labels = self.remember(LabelSet { class: pattern.class, values });
            events.push(Event { labels, values: numbers, via: Via::None });
        }
        self.shape = shape;
    }

    /// The one shared copy of a label set.
    fn remember(&mut self, labels: LabelSet) -> Arc<LabelSet> {
        if let Some((known, ())) = self.remembered.get_key_value(&labels) {
            return Arc::clone(known);
        }
        if self.remembered.len() >= MOST_REMEMBERED {
            self.remembered.clear();
        }
        let labels = Arc::new(labels);
        self.remembered.insert(Arc::clone(&labels), ());
        labels
    }
}

impl<'a> View<'a> {
    fn new(subject: Subject<'a>) -> Self {
        let head = level::head(subject.text);
        let exception = match subject.kind {
            Opens::Nothing => None,
            Opens::Python => python::traceback(subject.text),
            Opens::Javascript => javascript::stack(subject.text),
        };
        View {
            subject,
            body: &subject.text[head.length..],
            level: head.level.or(subject.raw_level),
            logger: head.logger.or(subject.logger),
            exception,
        }
    }

    /// Whether the entry meets the pattern's conditions on level, logger and attributes.
    fn allows(&self, pattern: &Pattern) -> bool {
        pattern.level.is_none_or(|least| self.level.is_some_and(|level| level >= least))
            && pattern.logger.as_ref().is_none_or(|glob| self.logger.is_some_and(|logger| glob.is_match(logger)))
            && pattern
                .attributes
                .iter()
                .all(|(name, glob)| self.subject.attributes.get(name).is_some_and(|value| glob.is_match(&value)))
    }

    /// What a built-in parser gives for a label or a value.
    fn member<'s>(&'s self, parser: Parser, name: &str, shape: &'s str) -> Option<Cow<'s, [u8]>> {
        match parser {
            Parser::Traceback | Parser::Javascript => {
                let exception = self.exception.as_ref()?;
                match name {
                    "type" => Some(Cow::Borrowed(exception.kind.as_bytes())),
                    "message" => Some(Cow::Borrowed(exception.message.as_bytes())),
                    "where" => exception.place.as_ref().map(|place| Cow::Owned(place.to_string().into_bytes())),
                    _ => None,
                }
            }
            Parser::Level => match name {
                "logger" => self.logger.map(Cow::Borrowed),
                "shape" => Some(Cow::Borrowed(shape.as_bytes())),
                _ => None,
            },
            Parser::EmbeddedJson => {
                let object = &self.body[memchr::memchr(b'{', self.body)?..];
                Attributes::Json(object).get(name)
            }
            Parser::Logfmt => Attributes::Logfmt(self.body).get(name),
            // Requests never come here: they are recognised before any pattern runs.
            Parser::AccessLine | Parser::Edge | Parser::Request => None,
        }
    }
}

fn already(events: &[Event], first: usize, pattern: &Pattern) -> bool {
    events[first..].iter().any(|event| event.labels.class == pattern.class)
}

/// A label's value as text, its `clean` applied, cut at [`LONGEST_LABEL`] bytes.
pub(super) fn cleaned(value: &[u8], clean: Option<&(regex::bytes::Regex, String)>) -> Box<str> {
    const LONGEST_LABEL: usize = 256;
    let value = match clean {
        Some((regex, replacement)) => regex.replace(value, replacement.as_bytes()),
        None => Cow::Borrowed(value),
    };
    let mut text = String::from_utf8_lossy(&value).into_owned();
    text.truncate(text.floor_char_boundary(LONGEST_LABEL));
    text.into_boxed_str()
}

/// A decimal number times `scale`, as the integer that is kept; `None` for what is no number or does not fit.
fn number(text: &[u8], scale: f64) -> Option<i64> {
    let value = std::str::from_utf8(text).ok()?.trim().parse::<f64>().ok()?;
    let scaled = (value * scale).round();
    (scaled.abs() < 9e18).then_some(scaled as i64)
}
