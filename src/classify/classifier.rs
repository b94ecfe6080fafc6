//! Runs the library over entries. One classifier a thread: it holds caches and scratch space, and no results.

mod remembered;

use std::borrow::Cow;
use std::sync::Arc;

use super::by_class::ClassId;
use super::definition::Parser;
use super::event::{Event, Found, Interest, MOST_VALUES, NO_VALUE, Via};
use super::label_set::LabelSet;
use super::labels::Labels;
use super::library::{Label, LabelGlob, Library, Pattern};
use super::memo::Memo;
use super::prefilter::{Candidates, Prefilter};
use super::requests::Requests;
use super::route::Routes;
use super::search::Searcher;
use super::sensitive::Sensitive;
use super::shape::shape;
use super::view::{Miss, Subject, View};
use super::{access_line, trace};
use crate::decode::unfold::unfolded;
use crate::decode::{Attributes, Level, Part, Record, level, request};

/// What all threads share.
pub struct Shared {
    pub library: Arc<Library>,
    pub routes: Routes,
    pub interest: Interest,
    prefilter: Arc<Prefilter>,
    sensitive: Sensitive,
    /// Indices of the patterns that take what is grave and nothing else took.
    levels: Vec<usize>,
}

pub struct Classifier {
    pub shared: Arc<Shared>,
    requests: Requests,
    matcher: Matcher,
    memo: Memo,
    found: Candidates,
    message: Vec<u8>,
    /// What the last record is of a request, as its message tells.
    pub part: Part,
    /// Whether the last record, by what it says, can be no part of what others tell, and others no part of it.
    pub stands_alone: bool,
}

/// Runs single patterns: what it needs to remember and to write on.
struct Matcher {
    labels: Labels,
    /// The shape of the last message for which it was asked.
    shape: String,
    /// By pattern, once it is needed.
    searchers: Vec<Option<Box<Searcher>>>,
}

impl Classifier {
    pub fn new(library: Arc<Library>, routes: Routes, interest: Interest) -> Self {
        let prefilter = Arc::clone(&library.prefilter);
        let level = |index: &usize| library.patterns[*index].parser == Some(Parser::Level);
        let levels = (0..library.patterns.len()).filter(level).collect();
        Classifier::sharing(Arc::new(Shared {
            library,
            routes,
            interest,
            prefilter,
            sensitive: Sensitive::default(),
            levels,
        }))
    }

    /// Another classifier of the same library, for another thread.
    pub fn sharing(shared: Arc<Shared>) -> Self {
        let requests = Requests::new(&shared);
        let searchers = (0..shared.library.patterns.len()).map(|_| None).collect();
        let matcher = Matcher { labels: Labels::default(), shape: String::new(), searchers };
        Classifier {
            shared,
            requests,
            matcher,
            memo: Memo::default(),
            found: Candidates::default(),
            message: Vec::new(),
            part: Part::Whole,
            stands_alone: false,
        }
    }

    /// The label set of an event found since the last [`Classifier::trim`].
    pub fn labels(&self, index: u32) -> LabelSet<'_> {
        self.matcher.labels.get(index)
    }

    /// How many label sets have an index.
    pub fn label_sets(&self) -> usize {
        self.matcher.labels.len()
    }

    /// An event found since the last [`Classifier::trim`], with all that belongs to it.
    pub fn event(&self, found: &Found) -> Event {
        let Found { labels, pattern, via, values } = *found;
        Event::new(self.labels(labels), values, via, pattern)
    }

    /// Keeps the memory for label sets bounded. Events found before are void.
    pub fn trim(&mut self) {
        if self.matcher.labels.trim() {
            self.requests.forget();
            self.memo.forget();
        }
    }

    /// Appends the events of a record; tells whether others may belong to it, and then its events are not worked out yet.
    pub fn record(&mut self, record: &Record<'_>, events: &mut Vec<Found>) -> bool {
        self.classify(record, false, events)
    }

    /// Appends the events of a record that no others belong to.
    pub fn alone(&mut self, record: &Record<'_>, events: &mut Vec<Found>) {
        self.classify(record, true, events);
    }

    fn classify(&mut self, record: &Record<'_>, alone: bool, events: &mut Vec<Found>) -> bool {
        (self.part, self.stands_alone) = (Part::Whole, false);
        if let Some(edge) = &record.edge {
            self.requests.edge(&self.shared, &mut self.matcher.labels, edge, events);
            return false;
        }
        let first = events.len();
        if let Some(request) = &record.request {
            self.requests.structured(&self.shared, &mut self.matcher.labels, request, events);
        }
        let is_told = events.len() > first;
        if is_told && access_line::is_answer(record.message.raw) {
            self.part = Part::Answers;
        }
        // Nothing in JSON that is not escaped can hold the quotes of a request.
        let may_quote = record.message.escaped || !matches!(record.attributes, Attributes::Json(_));
        if may_quote
            && record.stack.is_none()
            && record.cause.is_none()
            && !is_told
            && self.requests.usual_line(&self.shared, &mut self.matcher.labels, record.message, events)
        {
            self.stands_alone = true;
            return false;
        }
        let is_all = record.request.is_none() && record.stack.is_none() && record.cause.is_none();
        let mut scratch = std::mem::take(&mut self.message);
        let message = record.says_in(&mut scratch);
        let remembered = if is_all && !alone { self.remembered(record, message, events) } else { None };
        let opens = remembered.unwrap_or_else(|| {
            let opens = self.message(record, message, alone, first, events);
            self.stands_alone = !opens && !alone && self.is_alone(record, message, &events[first..]);
            opens
        });
        self.message = scratch;
        opens
    }

    /// Whether a message that opens nothing can be no part of what others tell.
    fn is_alone(&self, record: &Record<'_>, message: &[u8], found: &[Found]) -> bool {
        record.request.is_some()
            || found.iter().any(|found| found.via == Via::Access)
            || memchr::memchr(b'\n', message).is_some()
            || self.is_usual_alone(message)
            || trace::stands_alone(message)
    }

    /// Appends the events of a message; whether others may belong to its record.
    fn message(
        &mut self,
        record: &Record<'_>,
        message: &[u8],
        alone: bool,
        first: usize,
        events: &mut Vec<Found>,
    ) -> bool {
        // The members of a request are believed before its message, and the line is one entry.
        let is_told = events.len() > first;
        let is_access_line = match record.cause {
            _ if is_told => false,
            None => self.request_in(message, record.timed, record.raw_level, events),
            Some(_) => {
                self.request_in(&record.message_says(), record.timed, record.raw_level, events);
                false
            }
        };
        if is_access_line {
            return false;
        }
        let is_told = events.len() > first;
        self.shared.prefilter.scan(message, &mut self.found);
        let mut message = Cow::Borrowed(message);
        let mut language = None;
        if self.found.trace
            || record.stack.is_some()
            || trace::begins_with_type(&message)
            || is_place(&message)
            || trace::is_bracket(&message)
            || trace::is_call(&message)
            || trace::is_category(&message)
        {
            message = match unfolded(&message) {
                Cow::Borrowed(_) => message,
                Cow::Owned(unfolded) => {
                    self.shared.prefilter.scan(&unfolded, &mut self.found);
                    Cow::Owned(unfolded)
                }
            };
            // A message of several lines holds all of its failure.
            if !alone && !is_told && memchr::memchr(b'\n', &message).is_none() && trace::opens(&message) {
                return true;
            }
            language = trace::language(&message);
        }
        let logger = record.logger.map(|text| text.read());
        let subject = Subject {
            text: &message,
            raw_level: record.raw_level,
            states_level: record.states_level,
            timed: record.timed,
            logger: logger.as_deref(),
            attributes: record.attributes,
            language,
        };
        self.scanned(subject, first, events);
        false
    }

    /// Whether a message that was just scanned [stands alone](trace::stands_alone), as far as its usual head tells: quicker than
    /// asking each language.
    fn is_usual_alone(&self, message: &[u8]) -> bool {
        !self.found.trace && level::is_usual(message) && !message.trim_ascii_end().ends_with(b")")
    }

    /// Appends the request that a message tells; whether it is a line of an access log, which says nothing else.
    fn request_in(&mut self, message: &[u8], timed: bool, level: Option<Level>, events: &mut Vec<Found>) -> bool {
        if let Some(line) = access_line::access_line(message) {
            self.requests.access(&self.shared, &mut self.matcher.labels, &line, events);
            return true;
        }
        // Nearly all that tells a request names its path.
        if memchr::memchr(b'/', message).is_none() {
            let Some(line) = access_line::without_path(message) else { return false };
            self.part = Part::Answers;
            self.requests.access(&self.shared, &mut self.matcher.labels, &line, events);
            return true;
        }
        let head = level::head_of(message, timed);
        let body = &message[head.length..];
        if let Some(line) = access_line::in_words(body).or_else(|| access_line::in_quotes(body)) {
            if access_line::is_answer(body) {
                self.part = Part::Answers;
            }
            self.requests.access(&self.shared, &mut self.matcher.labels, &line, events);
            return true;
        }
        if let Some(request) = request::in_text(body, head.level.or(level)) {
            self.requests.structured(&self.shared, &mut self.matcher.labels, &request, events);
        }
        false
    }

    /// Appends the events of an assembled entry.
    pub fn entry(&mut self, subject: Subject<'_>, events: &mut Vec<Found>) {
        let first = events.len();
        let line = memchr::memchr(b'\n', subject.text).map_or(subject.text, |end| &subject.text[..end]);
        if trace::is_category(line) && self.request_in(subject.text, subject.timed, subject.raw_level, events) {
            return;
        }
        self.shared.prefilter.scan(subject.text, &mut self.found);
        self.scanned(subject, first, events);
    }

    /// Runs the patterns that the last scan found; the events from `first` on are the entry's, too.
    fn scanned(&mut self, subject: Subject<'_>, first: usize, events: &mut Vec<Found>) {
        let view = View::new(subject);
        // Borrowed, not cloned: threads that count references to what all share would wait for each other.
        let Classifier { shared, matcher, found, .. } = self;
        if view.exception.is_some() {
            let reads = |pattern: &Pattern| pattern.regex.is_none() && view.is_read_by(pattern);
            let patterns = shared.library.patterns.iter().enumerate();
            found.patterns.extend(patterns.filter(|(_, pattern)| reads(pattern)).map(|(index, _)| index));
            // Of the patterns of one class the first in its pack takes the entry, whatever found it.
            found.patterns.sort_unstable();
        }
        for &index in &found.patterns {
            let class = shared.library.patterns[index].class;
            if !events[first..].iter().any(|found| shared.class_of(found) == class) {
                events.extend(matcher.try_pattern(shared, index, &view).ok());
            }
        }
        let is_beside = |found: &Found| shared.library.patterns[found.pattern as usize].beside;
        if events[first..].iter().all(is_beside) && view.level.is_some_and(|level| level >= Level::Warning) {
            if access_line::fails_again(view.subject.text, view.subject.attributes) {
                self.part = Part::FailsAgain;
            }
            // The gravest level pattern that applies takes the entry.
            let applies = |index: &usize| view.allows(&shared.library.patterns[*index]).is_ok();
            let gravest = |index: &usize| shared.library.patterns[*index].level;
            if let Some(index) = shared.levels.iter().copied().filter(applies).max_by_key(gravest) {
                events.extend(matcher.try_pattern(shared, index, &view).ok());
            }
        }
    }

    /// Runs one pattern on an entry that is no request.
    pub(crate) fn try_pattern(&mut self, index: usize, view: &View<'_>) -> Result<Found, Miss> {
        self.matcher.try_pattern(&self.shared, index, view)
    }
}

impl Matcher {
    /// Runs one pattern.
    fn try_pattern(&mut self, shared: &Shared, index: usize, view: &View<'_>) -> Result<Found, Miss> {
        let pattern = &shared.library.patterns[index];
        view.allows(pattern)?;
        let text = view.searched(pattern);
        if let Some(regex) = &pattern.regex {
            let searcher = self.searchers[index].get_or_insert_with(|| Box::new(Searcher::new(regex)));
            if !searcher.captures(regex, text) {
                return Err(Miss::Regex);
            }
        }
        if pattern.parser == Some(Parser::Level) {
            shape(view.body, &mut self.shape);
        }
        let searcher = self.searchers[index].as_deref();
        let read = |group: Option<usize>, name: &str| -> Option<Cow<'_, [u8]>> {
            if let Some(place) = searcher.zip(group).and_then(|(searcher, group)| searcher.group(group)) {
                return Some(Cow::Borrowed(&text[place]));
            }
            view.member(pattern.parser?, name, &self.shape)
        };
        let fits = |(label, glob): &(String, LabelGlob)| {
            let group = pattern.regex.as_ref().and_then(|regex| regex.group(label));
            read(group, label).is_some_and(|value| glob.is_match(&value))
        };
        let missed = pattern.label_globs.iter().position(|condition| !fits(condition));
        if let Some(index) = missed {
            let others_fit = pattern.label_globs.iter().any(fits);
            return Err(Miss::Label { index, others_fit });
        }
        // Of what is shown; the conditions above are on what was said.
        let mut masked_shape = String::new();
        if pattern.parser == Some(Parser::Level) && view.has_secrets() {
            shape(view.masked_body(), &mut masked_shape);
        }
        let shown = |label: &Label| -> Option<Cow<'_, [u8]>> {
            if !view.has_secrets() {
                return read(label.group, &label.name);
            }
            match searcher.zip(label.group).and_then(|(searcher, group)| searcher.group(group)) {
                Some(place) => Some(view.masked_part(pattern, place)),
                None => view.masked_member(pattern.parser?, &label.name, &masked_shape),
            }
        };
        let wanted = pattern.labels.iter().filter(|label| shared.interest.wants(pattern.class, label.index));
        self.labels.begin(index);
        wanted.for_each(|label| self.labels.add(label, shown(label).as_deref()));
        let mut numbers = [NO_VALUE; MOST_VALUES];
        for value in pattern.values.iter().filter(|value| shared.interest.wants_value(pattern.class, value.index)) {
            let text = read(value.group, &value.capture);
            numbers[value.index] = text.and_then(|text| number(&text, value.scale)).unwrap_or(NO_VALUE);
        }
        let labels = self.labels.finish(pattern.class, shared.library.classes[pattern.class].labels.len());
        Ok(Found { labels, pattern: index as u32, via: Via::None, values: numbers })
    }
}

impl Shared {
    pub(super) fn class_of(&self, found: &Found) -> ClassId {
        self.library.patterns[found.pattern as usize].class
    }
}

/// Whether a message looks like the place in a file that Node prints before an uncaught error, or the line of source that Bun
/// does.
fn is_place(message: &[u8]) -> bool {
    matches!(
        message,
        [b'/' | b'f' | b'n', .., b'0'..=b'9'] | [b'0'..=b'9', b' ', b'|', ..] | [b'0'..=b'9', _, b' ', b'|', ..]
    )
}

/// A decimal number times `scale`, as the integer that is kept; `None` for what is no number or does not fit.
fn number(text: &[u8], scale: f64) -> Option<i64> {
    let value = std::str::from_utf8(text).ok()?.trim().parse::<f64>().ok()?;
    let scaled = (value * scale).round();
    (scaled.abs() < 9e18).then_some(scaled as i64)
}
