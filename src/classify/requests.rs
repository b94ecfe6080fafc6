//! Requests: access lines and edge records to events of every class that speaks of requests.
//!
//! A service answers the same requests over and over, so what the patterns make of a method, a route and a status is worked
//! out once and remembered, and so is the text of a request that was just seen; only patterns that look at the query or the
//! client are asked each time.

mod numbers;
mod request;

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

use super::access_line::{self, AccessLine};
use super::classifier::Shared;
use super::definition::Parser;
use super::event::{Found, Via};
use super::glob::looks_at_numbers;
use super::labels::Labels;
use super::library::Pattern;
use crate::decode::{Edge, Text};
use numbers::without_numbers;
use request::{Outcome, Own, Request, digits};

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
    /// Whether lines are known by their text without the numbers in the path.
    alike: bool,
    text: Vec<u8>,
}

/// An access line from its request on, and what the patterns make of it.
#[derive(Clone, Default)]
struct Line {
    text: Vec<u8>,
    escaped: bool,
    route: Vec<u8>,
    /// Settled: only patterns that look at the client are left to be asked.
    outcomes: Vec<Outcome>,
}

/// The patterns that read requests seen in one way.
struct Patterns {
    /// (index in the library, what those of its class look at)
    patterns: Vec<(usize, Own)>,
    /// What the patterns make of all requests of one method, route and status, in their order.
    known: FxHashMap<Box<[u8]>, Box<[Outcome]>>,
    /// Requests that were seen a moment ago, each at the place that its hash gives.
    recent: Box<[Recent]>,
    key: Vec<u8>,
    route: Vec<u8>,
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

impl Requests {
    pub fn new(shared: &Shared) -> Self {
        let access = Patterns::new(shared, Parser::AccessLine);
        Requests {
            alike: !access.look_at_numbers(shared),
            access,
            edge: Patterns::new(shared, Parser::Edge),
            lines: vec![Line::default(); PLACES].into(),
            text: Vec::new(),
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
        if rest.is_empty() || rest.len() > LONGEST_REMEMBERED {
            return false;
        }
        let Some(client) = access_line::peer(front) else { return false };
        let Requests { access, lines, alike, text, .. } = self;
        let (text, path) = match alike {
            true => without_numbers(rest, text),
            false => (rest, 0..0),
        };
        let known = &mut lines[place([text])];
        if known.text != text || known.escaped != escaped {
            let Some(line) = access_line::request(rest, escaped) else { return false };
            let request = Request::access(&line);
            if text != rest && line.path.len() != path.len() {
                access.request(shared, labels, &Request { client, ..request }, events);
                return true;
            }
            let (route, outcomes) = access.look_up(shared, labels, &request);
            request.settle(shared, labels, route, outcomes, &mut known.outcomes);
            known.escaped = escaped;
            replace(&mut known.text, text);
            replace(&mut known.route, route);
        }
        if known.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Ask { .. }))
            && let Some(line) = access_line::request(rest, escaped)
        {
            let request = Request { client, ..Request::access(&line) };
            request.add(shared, labels, &known.route, &known.outcomes, Own::Client, events);
            return true;
        }
        for outcome in &known.outcomes {
            if let Outcome::Event(event) = outcome {
                events.push(event.found(Via::Access, None));
            }
        }
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
        let looks_at = |class| {
            let patterns = indices.iter().map(|index| &library.patterns[*index]);
            let labels = patterns.filter(|pattern| pattern.class == class).flat_map(|pattern| {
                let conditions = pattern.label_globs.iter().map(|(label, _)| label.as_str());
                let read = pattern.labels.iter().filter(|label| shared.interest.wants(class, label.index));
                conditions.chain(read.map(|label| label.name.as_str()))
            });
            labels.map(Own::of).max().unwrap_or(Own::Nothing)
        };
        let patterns = indices.iter().map(|index| (*index, looks_at(library.patterns[*index].class))).collect();
        Patterns {
            patterns,
            known: FxHashMap::default(),
            recent: vec![Recent::default(); PLACES].into(),
            key: Vec::new(),
            route: Vec::new(),
        }
    }

    /// Whether requests that differ only in numbers in their paths may be told apart.
    fn look_at_numbers(&self, shared: &Shared) -> bool {
        let patterns = || self.patterns.iter().map(|(index, _)| &shared.library.patterns[*index]);
        let mut globs = patterns().flat_map(|pattern| &pattern.label_globs).filter(|(label, _)| label == "path");
        let mut labels = patterns().flat_map(|pattern| pattern.labels.iter().map(|label| (pattern.class, label)));
        shared.routes.look_at_numbers()
            || globs.any(|(_, glob)| looks_at_numbers(glob.to_string().as_bytes()))
            || labels.any(|(class, label)| label.name == "path" && shared.interest.wants(class, label.index))
    }

    fn request(&mut self, shared: &Shared, labels: &mut Labels, request: &Request<'_>, events: &mut Vec<Found>) {
        if request.path.len() + request.method.len() > LONGEST_REMEMBERED {
            let mut route = Vec::new();
            shared.routes.route(request.path, &mut route);
            let outcomes = self.work_out(shared, labels, request, &route);
            return request.add(shared, labels, &route, &outcomes, Own::PathOrQuery, events);
        }
        let place = place([request.path, request.method, &request.status]);
        if !self.recent[place].is_of(request) {
            let mut recent = std::mem::take(&mut self.recent[place]);
            let (route, outcomes) = self.look_up(shared, labels, request);
            recent.status = request.status;
            replace(&mut recent.method, request.method);
            replace(&mut recent.path, request.path);
            replace(&mut recent.route, route);
            recent.outcomes.clear();
            let may_fit = |outcome: &&Outcome| match outcome {
                Outcome::Event(_) => true,
                Outcome::Ask { pattern, .. } => request.path_fits(&shared.library.patterns[*pattern]),
            };
            recent.outcomes.extend(outcomes.iter().filter(may_fit));
            self.recent[place] = recent;
        }
        let Recent { route, outcomes, .. } = &self.recent[place];
        request.add(shared, labels, route, outcomes, Own::PathOrQuery, events);
    }

    /// The request's route, and what the patterns make of requests like it.
    fn look_up(&mut self, shared: &Shared, labels: &mut Labels, request: &Request<'_>) -> (&[u8], &[Outcome]) {
        shared.routes.route(request.path, &mut self.route);
        let key = &mut self.key;
        key.clear();
        key.extend_from_slice(&request.status);
        key.extend_from_slice(&(request.method.len() as u32).to_le_bytes());
        key.extend_from_slice(request.method);
        key.extend_from_slice(&self.route);
        if !self.known.contains_key(self.key.as_slice()) {
            if self.known.len() >= MOST_ROUTES {
                self.known.clear();
            }
            let outcomes = self.work_out(shared, labels, request, &self.route);
            self.known.insert(self.key.as_slice().into(), outcomes.into());
        }
        (&self.route, self.known.get(self.key.as_slice()).map_or(&[], |outcomes| outcomes))
    }

    fn work_out(&self, shared: &Shared, labels: &mut Labels, request: &Request<'_>, route: &[u8]) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut taken = Vec::new();
        for &(index, own) in &self.patterns {
            let pattern = &shared.library.patterns[index];
            if own != Own::Nothing {
                if request.fits(pattern, route, |own| own == Own::Nothing) {
                    outcomes.push(Outcome::Ask { pattern: index, own });
                }
            } else if !taken.contains(&pattern.class) && request.fits(pattern, route, |_| true) {
                taken.push(pattern.class);
                outcomes.push(Outcome::Event(request.event(shared, labels, index, route)));
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::classify::{Classifier, Interest, Library, Routes};

    const PACK: &str = r#"
[[pattern]]
class    = "t.request"
about    = ""
severity = "info"
parser   = "access-line"
labels   = ["method", "path", "query", "route", "status", "client", "via"]

[[pattern]]
class    = "t.page"
about    = ""
severity = "info"
parser   = "request"
where    = { label = { path = "/bots/*", query = "*p=1*" } }
labels   = ["route", "path", "query"]

[[pattern]]
class    = "t.client"
about    = ""
severity = "info"
parser   = "request"
where    = { label = { path = "*/GLOB", client = "*.7" } }
labels   = ["client", "route"]
"#;

    /// The events of messages, each told by its class and its labels.
    fn events(
        shared: &Shared,
        messages: &[String],
        mut read: impl FnMut(&mut Requests, &mut Labels, &str, &mut Vec<Found>),
    ) -> Vec<Vec<String>> {
        let (mut requests, mut labels) = (Requests::new(shared), Labels::default());
        let events = messages.iter().map(|message| {
            let mut found = Vec::new();
            read(&mut requests, &mut labels, message, &mut found);
            found.iter().map(|found| format!("{:?}", labels.get(found.labels))).collect()
        });
        events.collect()
    }

    proptest! {
        #[test]
        fn what_was_seen_before_changes_nothing(
            messages in prop::collection::vec((r"[79]", r"(/|/bots|/7|/42|/12x|/99|/a b|//){1,4}", r"(\?p=[12]|\?/7/|#7| x)?", 200u16..202), 1..30),
            template in prop_oneof![Just(None), Just(Some("/bots/{id}")), Just(Some("/bots/42"))],
            glob in prop_oneof![Just("bots"), Just("42"), Just("??")],
            wanted in prop::collection::vec(any::<bool>(), 12)
        ) {
            let library = Arc::new(Library::compile([("t.toml", PACK.replace("GLOB", glob).as_str())]).unwrap());
            let mut interest = Interest::none(library.classes.iter().map(|class| class.labels.len()));
            let labels = (0..library.classes.len()).flat_map(|class| {
                (0..library.classes[class].labels.len()).map(move |label| (class, label))
            });
            for ((class, label), _) in labels.zip(wanted).filter(|(_, wanted)| *wanted) {
                interest.add(class, label);
            }
            let routes = Routes::new(&template.map(String::from).into_iter().collect::<Vec<_>>());
            let shared = Classifier::new(library, routes, interest).shared;
            let messages: Vec<String> = messages
                .iter()
                .map(|(host, path, end, status)| format!("INFO:     192.0.2.{host}:80 - \"GET {path}{end} HTTP/1.1\" {status}"))
                .collect();
            let usual = events(&shared, &messages, |requests, labels, message, found| {
                assert!(requests.usual_line(&shared, labels, Text::plain(message.as_bytes()), found), "{message}");
            });
            let one_by_one = messages.iter().flat_map(|message| {
                events(&shared, std::slice::from_ref(message), |requests, labels, message, found| {
                    let line = access_line::access_line(message.as_bytes()).unwrap();
                    requests.access(&shared, labels, &line, found);
                })
            });
            prop_assert_eq!(usual, one_by_one.collect::<Vec<_>>());
        }
    }
}
