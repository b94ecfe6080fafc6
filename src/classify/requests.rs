//! Requests: access lines and edge records to events of every class that speaks of requests.
//!
//! A service answers the same requests over and over, so what the patterns make of a method, a route and a status is worked
//! out once and remembered, and so is the text of a request that was just seen; only patterns that look at the query or the
//! client are asked each time.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

use super::access_line::{self, AccessLine};
use super::classifier::Shared;
use super::definition::Parser;
use super::event::{Found, MOST_VALUES, NO_VALUE, Via};
use super::labels::Labels;
use super::library::Pattern;
use crate::decode::{Edge, Text};

/// Distinct routes (with method and status) a thread remembers before it starts over; bounds its memory, not what it can see.
const MOST_ROUTES: usize = 8_192;
/// Places for the paths that were seen last; a power of two. Most requests are for few paths.
const PLACES: usize = 1_024;

/// Longer texts are not remembered: they are hardly ever repeated, and would fill the memory.
const LONGEST_REMEMBERED: usize = 256;

/// The requests a thread has met.
pub struct Requests {
    access: Patterns,
    edge: Patterns,
    /// Access lines that were seen a moment ago, from the request's quote on, each at the place that its hash gives.
    lines: Box<[Line]>,
}

/// An access line from its request on, and what the patterns make of it.
#[derive(Clone, Default)]
struct Line {
    text: Vec<u8>,
    escaped: bool,
    query: Option<Vec<u8>>,
    request: Recent,
}

/// The patterns that read requests seen in one way.
struct Patterns {
    /// (index in the library, whether it looks at more than method, route and status)
    patterns: Vec<(usize, bool)>,
    /// What the patterns make of all requests of one method, route and status, in their order.
    known: FxHashMap<Box<[u8]>, Box<[Outcome]>>,
    /// Requests that were seen a moment ago, each at the place that its hash gives.
    recent: Box<[Recent]>,
    key: Vec<u8>,
}

/// What the patterns make of requests of one method, path and status.
#[derive(Clone, Default)]
struct Recent {
    status: [u8; 3],
    method: Vec<u8>,
    path: Vec<u8>,
    route: Vec<u8>,
    outcomes: Vec<Outcome>,
}

#[derive(Clone, Copy)]
enum Outcome {
    Event {
        labels: u32,
        pattern: u32,
        /// Index of the value that is the request's duration.
        duration: Option<usize>,
    },
    /// The pattern has to see the request.
    Ask(usize),
}

/// What a request is known by.
struct Request<'a> {
    method: &'a [u8],
    path: &'a [u8],
    query: Option<&'a [u8]>,
    /// Its three digits.
    status: [u8; 3],
    client: Option<&'a [u8]>,
    via: Via,
    /// Nanoseconds.
    duration: Option<i64>,
}

impl Requests {
    pub fn new(shared: &Shared) -> Self {
        Requests {
            access: Patterns::new(shared, Parser::AccessLine),
            edge: Patterns::new(shared, Parser::Edge),
            lines: vec![Line::default(); PLACES].into(),
        }
    }

    /// Forgets what it knows by indices of label sets that are void.
    pub fn forget(&mut self) {
        for patterns in [&mut self.access, &mut self.edge] {
            patterns.known.clear();
            patterns.recent.fill(Recent::default());
        }
        self.lines.fill(Line::default());
    }

    /// Adds the events of a message, `escaped` as it stood in JSON or not, that is an access line as uvicorn writes it;
    /// whether it was one. Others may still be access lines.
    pub fn usual_line(
        &mut self,
        shared: &Shared,
        labels: &mut Labels,
        message: Text<'_>,
        events: &mut Vec<Found>,
    ) -> bool {
        let escaped = message.escaped;
        let Some((front, rest)) = access_line::split(message.raw, escaped) else { return false };
        if rest.len() > LONGEST_REMEMBERED {
            return false;
        }
        let Some(client) = access_line::peer(front) else { return false };
        let place = place([rest]);
        let known = &mut self.lines[place];
        if known.text != rest || known.escaped != escaped {
            let Some(line) = access_line::request(rest, escaped) else { return false };
            let mut kept = std::mem::take(known);
            self.access.look_up(shared, labels, &Request::access(&line), &mut kept.request);
            kept.escaped = escaped;
            replace(&mut kept.text, rest);
            match (line.query, &mut kept.query) {
                (Some(query), Some(kept)) => replace(kept, query),
                (query, kept) => *kept = query.map(<[u8]>::to_vec),
            }
            self.lines[place] = kept;
        }
        let Line { query, request: known, .. } = &self.lines[place];
        let request = Request {
            method: &known.method,
            path: &known.path,
            query: query.as_deref(),
            status: known.status,
            client,
            via: Via::Access,
            duration: None,
        };
        request.add(shared, labels, &known.route, &known.outcomes, events);
        true
    }

    pub fn access(&mut self, shared: &Shared, labels: &mut Labels, line: &AccessLine<'_>, events: &mut Vec<Found>) {
        self.access.request(shared, labels, &Request::access(line), events);
    }

    pub fn edge(&mut self, shared: &Shared, labels: &mut Labels, edge: &Edge<'_>, events: &mut Vec<Found>) {
        let (method, target) = (edge.method.read(), edge.target.read());
        let client = edge.client.map(|text| text.read());
        let question = memchr::memchr(b'?', &target);
        let request = Request {
            method: &method,
            path: &target[..question.unwrap_or(target.len())],
            query: question.map(|at| &target[at + 1..]),
            status: digits(edge.status),
            client: client.as_deref(),
            via: Via::Edge,
            duration: edge.duration,
        };
        self.edge.request(shared, labels, &request, events);
    }
}

impl Patterns {
    fn new(shared: &Shared, wanted: Parser) -> Self {
        let library = &shared.library;
        let takes = |pattern: &Pattern| {
            pattern.regex.is_none() && (pattern.parser == Some(wanted) || pattern.parser == Some(Parser::Request))
        };
        let indices: Vec<usize> =
            (0..library.patterns.len()).filter(|index| takes(&library.patterns[*index])).collect();
        // Of a class's patterns the first that fits takes the request, so all of them are asked when one is.
        let asks = |class| {
            let patterns = indices.iter().map(|index| &library.patterns[*index]);
            patterns.filter(|pattern| pattern.class == class).any(|pattern| {
                let conditions = pattern.label_globs.iter().map(|(label, _)| label.as_str());
                let read = pattern.labels.iter().filter(|label| shared.interest.wants(class, label.index));
                conditions.chain(read.map(|label| label.name.as_str())).any(is_own)
            })
        };
        let patterns = indices.iter().map(|index| (*index, asks(library.patterns[*index].class))).collect();
        Patterns {
            patterns,
            known: FxHashMap::default(),
            recent: vec![Recent::default(); PLACES].into(),
            key: Vec::new(),
        }
    }

    fn request(&mut self, shared: &Shared, labels: &mut Labels, request: &Request<'_>, events: &mut Vec<Found>) {
        if request.path.len() + request.method.len() > LONGEST_REMEMBERED {
            let mut route = Vec::new();
            shared.routes.route(request.path, &mut route);
            let outcomes = self.work_out(shared, labels, request, &route);
            return request.add(shared, labels, &route, &outcomes, events);
        }
        let place = place([request.path, request.method, &request.status]);
        if !self.recent[place].is_of(request) {
            let mut recent = std::mem::take(&mut self.recent[place]);
            self.look_up(shared, labels, request, &mut recent);
            self.recent[place] = recent;
        }
        let Recent { route, outcomes, .. } = &self.recent[place];
        request.add(shared, labels, route, outcomes, events);
    }

    fn look_up(&mut self, shared: &Shared, labels: &mut Labels, request: &Request<'_>, recent: &mut Recent) {
        recent.status = request.status;
        replace(&mut recent.method, request.method);
        replace(&mut recent.path, request.path);
        shared.routes.route(request.path, &mut recent.route);
        let key = &mut self.key;
        key.clear();
        key.extend_from_slice(&request.status);
        key.extend_from_slice(&(request.method.len() as u32).to_le_bytes());
        key.extend_from_slice(request.method);
        key.extend_from_slice(&recent.route);
        if !self.known.contains_key(self.key.as_slice()) {
            if self.known.len() >= MOST_ROUTES {
                self.known.clear();
            }
            let outcomes = self.work_out(shared, labels, request, &recent.route);
            self.known.insert(self.key.as_slice().into(), outcomes.into());
        }
        recent.outcomes.clear();
        let may_fit = |outcome: &Outcome| match *outcome {
            Outcome::Event { .. } => true,
            Outcome::Ask(index) => {
                request.fits(&shared.library.patterns[index], &recent.route, |label| label == "path")
            }
        };
        let outcomes = self.known.get(self.key.as_slice()).into_iter().flatten();
        recent.outcomes.extend(outcomes.copied().filter(may_fit));
    }

    fn work_out(&self, shared: &Shared, labels: &mut Labels, request: &Request<'_>, route: &[u8]) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut taken = Vec::new();
        for &(index, asks) in &self.patterns {
            let pattern = &shared.library.patterns[index];
            if asks {
                if request.fits(pattern, route, |label| !is_own(label)) {
                    outcomes.push(Outcome::Ask(index));
                }
            } else if !taken.contains(&pattern.class) && request.fits(pattern, route, |_| true) {
                taken.push(pattern.class);
                let labels = request.event(shared, labels, index, route).labels;
                let duration = pattern.values.first().map(|value| value.index);
                outcomes.push(Outcome::Event { labels, pattern: index as u32, duration });
            }
        }
        outcomes
    }
}

impl Recent {
    fn is_of(&self, request: &Request<'_>) -> bool {
        self.path == request.path && self.method == request.method && self.status == request.status
    }
}

/// Whether requests of one method, route and status differ in this label.
fn is_own(label: &str) -> bool {
    matches!(label, "path" | "query" | "client")
}

impl<'a> Request<'a> {
    fn access(line: &AccessLine<'a>) -> Self {
        Request {
            method: line.method,
            path: line.path,
            query: line.query,
            status: digits(line.status),
            client: line.client,
            via: Via::Access,
            duration: line.duration_ns,
        }
    }

    fn read<'s>(&'s self, label: &str, route: &'s [u8]) -> Option<&'s [u8]> {
        match label {
            "method" => Some(self.method),
            "path" => Some(self.path),
            "query" => self.query,
            "route" => Some(route),
            "status" => Some(&self.status),
            "client" => self.client,
            "via" => Some(if self.via == Via::Edge { b"edge" } else { b"access" }),
            _ => None,
        }
    }

    /// Whether the request meets the pattern's conditions on the labels that are `asked` for.
    fn fits(&self, pattern: &Pattern, route: &[u8], asked: impl Fn(&str) -> bool) -> bool {
        let mut conditions = pattern.label_globs.iter().filter(|(label, _)| asked(label));
        conditions.all(|(label, glob)| self.read(label, route).is_some_and(|text| glob.is_match(text)))
    }

    fn add(&self, shared: &Shared, labels: &mut Labels, route: &[u8], outcomes: &[Outcome], events: &mut Vec<Found>) {
        let first = events.len();
        for &outcome in outcomes {
            match outcome {
                Outcome::Event { labels, pattern, duration } => {
                    let mut values = [NO_VALUE; MOST_VALUES];
                    if let (Some(index), Some(duration)) = (duration, self.duration) {
                        values[index] = duration;
                    }
                    events.push(Found { labels, pattern, via: self.via, values });
                }
                Outcome::Ask(index) => {
                    let pattern = &shared.library.patterns[index];
                    let taken = events[first..].iter().any(|found| shared.class_of(found) == pattern.class);
                    if !taken && self.fits(pattern, route, is_own) {
                        events.push(self.event(shared, labels, index, route));
                    }
                }
            }
        }
    }

    fn event(&self, shared: &Shared, labels: &mut Labels, index: usize, route: &[u8]) -> Found {
        let pattern = &shared.library.patterns[index];
        labels.begin(pattern.class);
        for label in pattern.labels.iter().filter(|label| shared.interest.wants(pattern.class, label.index)) {
            labels.add(label, self.read(&label.name, route));
        }
        let labels = labels.finish(pattern.class, shared.library.classes[pattern.class].labels.len());
        let mut values = [NO_VALUE; MOST_VALUES];
        if let (Some(value), Some(duration)) = (pattern.values.first(), self.duration) {
            values[value.index] = duration;
        }
        Found { labels, pattern: index as u32, via: self.via, values }
    }
}

/// Where a request that was seen is looked for.
fn place<const N: usize>(parts: [&[u8]; N]) -> usize {
    let mut hasher = FxHasher::default();
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish() as usize % PLACES
}

fn replace(kept: &mut Vec<u8>, text: &[u8]) {
    kept.clear();
    kept.extend_from_slice(text);
}

fn digits(status: u16) -> [u8; 3] {
    [status / 100, status / 10 % 10, status % 10].map(|digit| b'0' + digit as u8)
}
