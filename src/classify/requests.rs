//! Requests: access lines and edge records to events of every class that speaks of requests.
//!
//! A service answers the same requests over and over, so what the patterns make of a method, a route and a status is worked
//! out once and remembered, and so is the text of a request that was just seen; only patterns that look at the client are
//! asked each time.
//!
//! Without what is remembered by text a replay takes 11 % more instructions of an app log, and 10 % more of an HTTP log; without the
//! short way to uvicorn's lines 8 % more of an app log.

mod patterns;
mod request;

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::access_line::{self, AccessLine};
use super::classifier::Shared;
use super::definition::Parser;
use super::event::{Found, Via};
use super::labels::Labels;
use crate::decode::{self, Edge, Text};
use crate::mask::mask_bytes;
use patterns::Patterns;
use request::{Outcome, Own, Request, digits};

/// Places for the requests that were seen last; a power of two. Most requests are alike.
const PLACES: usize = 1_024;
/// Longer texts are not remembered: they are hardly ever repeated, and would fill the memory.
const LONGEST_REMEMBERED: usize = 256;

/// The requests a thread has met.
pub struct Requests {
    access: Remembered,
    edge: Remembered,
    /// A request put together, to be looked for.
    text: Vec<u8>,
}

/// The requests that were seen in one way a moment ago.
struct Remembered {
    patterns: Patterns,
    /// Each at the place that its hash gives.
    lines: Box<[Line]>,
}

/// A request line, and what the patterns make of it.
#[derive(Clone, Default)]
struct Line {
    /// From the method on, to the status at least.
    text: Vec<u8>,
    escaped: bool,
    route: Vec<u8>,
    /// Settled: only patterns that look at the client are left to be asked.
    outcomes: Vec<Outcome>,
    /// The hash of the last text that belongs here and was not known.
    missed: u64,
}

impl Requests {
    pub fn new(shared: &Shared) -> Self {
        let [access, edge] =
            [Parser::AccessLine, Parser::Edge].map(|parser| Remembered::new(Patterns::new(shared, parser)));
        Requests { access, edge, text: Vec::new() }
    }

    /// Forgets what it knows by indices of label sets that are void.
    pub fn forget(&mut self) {
        for remembered in [&mut self.access, &mut self.edge] {
            remembered.patterns.forget();
            remembered.lines.fill(Line::default());
        }
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
        let Some((front, line)) = access_line::split(message.raw, escaped) else { return false };
        if line.is_empty() || line.len() > LONGEST_REMEMBERED {
            return false;
        }
        let Some(client) = access_line::peer(front) else { return false };
        let read = || Some(Request { client, ..Request::access(&access_line::request(line, escaped)?) });
        self.access.add(shared, labels, (line, escaped), (Via::Access, None), read, events)
    }

    pub fn access(&mut self, shared: &Shared, labels: &mut Labels, line: &AccessLine<'_>, events: &mut Vec<Found>) {
        self.access.request(shared, labels, &Request::access(line), &mut self.text, events);
    }

    /// Adds the events of a request that a structured log tells, if the line says how it ended.
    pub fn structured(
        &mut self,
        shared: &Shared,
        labels: &mut Labels,
        request: &decode::Request<'_>,
        events: &mut Vec<Found>,
    ) {
        let Some(status) = request.status else { return };
        let read = |text: Option<Text<'_>>| text.map(|text| text.read().into_owned()).unwrap_or_default();
        let (method, target) = (read(request.method), read(request.target));
        let client = request.client.map(Text::read);
        let question = memchr::memchr(b'?', &target);
        let request = Request {
            method: &method,
            path: &target[..question.unwrap_or(target.len())],
            query: question.map(|at| &target[at + 1..]),
            status: digits(status),
            client: client.as_deref(),
            via: Via::Access,
            duration: request.duration,
        };
        self.access.request(shared, labels, &request, &mut self.text, events);
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
        self.edge.request(shared, labels, &request, &mut self.text, events);
    }
}

impl Remembered {
    fn new(patterns: Patterns) -> Self {
        Remembered { patterns, lines: vec![Line::default(); PLACES].into() }
    }

    /// Adds the events of a request.
    fn request(
        &mut self,
        shared: &Shared,
        labels: &mut Labels,
        request: &Request<'_>,
        text: &mut Vec<u8>,
        events: &mut Vec<Found>,
    ) {
        request.write(text);
        // The method ends at the first blank, so that no two requests have one text.
        let is_remembered =
            text.len() <= LONGEST_REMEMBERED && !request.method.is_empty() && !request.method.contains(&b' ');
        if is_remembered {
            self.add(shared, labels, (text, false), (request.via, request.duration), || Some(*request), events);
        } else {
            self.add_unknown(shared, labels, request, events);
        }
    }

    /// Adds the events of a request line, which is `read` only if need be; whether it was one.
    fn add<'a>(
        &mut self,
        shared: &Shared,
        labels: &mut Labels,
        (line, escaped): (&[u8], bool),
        (via, duration): (Via, Option<i64>),
        read: impl Fn() -> Option<Request<'a>>,
        events: &mut Vec<Found>,
    ) -> bool {
        let hash = hash(line);
        let known = &mut self.lines[hash as usize % PLACES];
        if known.text != line || known.escaped != escaped {
            let Some(request) = read() else { return false };
            let (route, outcomes) = self.patterns.look_up(shared, labels, &request);
            // What is met once is not remembered: a scanner asks for another path each time.
            if std::mem::replace(&mut known.missed, hash) != hash {
                request.add(shared, labels, route, outcomes, Own::PathOrQuery, events);
                return true;
            }
            request.settle(shared, labels, route, outcomes, &mut known.outcomes);
            known.escaped = escaped;
            replace(&mut known.text, line);
            replace(&mut known.route, route);
        }
        let asks = known.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Ask { .. }));
        match if asks { read() } else { None } {
            Some(request) => request.add(shared, labels, &known.route, &known.outcomes, Own::Client, events),
            None => {
                for outcome in &known.outcomes {
                    if let Outcome::Event(event) = outcome {
                        events.push(event.found(via, duration));
                    }
                }
            }
        }
        true
    }

    fn add_unknown(&mut self, shared: &Shared, labels: &mut Labels, request: &Request<'_>, events: &mut Vec<Found>) {
        let mut route = Vec::new();
        shared.routes.route(request.path, &mut route);
        let route = mask_bytes(&route);
        let outcomes = self.patterns.work_out(shared, labels, request, &route);
        request.add(shared, labels, &route, &outcomes, Own::PathOrQuery, events);
    }
}

/// The hash of a request's text, by which it has its place.
fn hash(text: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    hasher.finish()
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
class    = "t.request"
about    = ""
severity = "info"
parser   = "edge"
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

    struct Case {
        message: String,
        method: String,
        target: String,
        status: u16,
        client: String,
    }

    /// Reads a request in the given way, and tells its events by class and labels.
    fn events(shared: &Shared, (requests, labels): &mut (Requests, Labels), case: &Case, way: u8) -> Vec<String> {
        let mut found = Vec::new();
        match way {
            0 => assert!(requests.usual_line(shared, labels, Text::plain(case.message.as_bytes()), &mut found)),
            1 => {
                let line = access_line::access_line(case.message.as_bytes()).unwrap();
                requests.access(shared, labels, &line, &mut found);
            }
            _ => {
                let edge = Edge {
                    method: Text::plain(case.method.as_bytes()),
                    target: Text::plain(case.target.as_bytes()),
                    status: case.status,
                    duration: Some(i64::from(case.status)),
                    client: Some(Text::plain(case.client.as_bytes())),
                    deployment: None,
                };
                requests.edge(shared, labels, &edge, &mut found);
            }
        }
        found.iter().map(|found| told(labels, found)).collect()
    }

    /// The same without anything remembered, and without a text of the request.
    fn events_of_unknown(shared: &Shared, case: &Case, way: u8) -> Vec<String> {
        let (mut requests, mut labels) = (Requests::new(shared), Labels::default());
        let mut found = Vec::new();
        if way < 2 {
            let line = access_line::access_line(case.message.as_bytes()).unwrap();
            requests.access.add_unknown(shared, &mut labels, &Request::access(&line), &mut found);
        } else {
            let target = case.target.as_bytes();
            let question = target.iter().position(|byte| *byte == b'?');
            let request = Request {
                method: case.method.as_bytes(),
                path: &target[..question.unwrap_or(target.len())],
                query: question.map(|at| &target[at + 1..]),
                status: digits(case.status),
                client: Some(case.client.as_bytes()),
                via: Via::Edge,
                duration: Some(i64::from(case.status)),
            };
            requests.edge.add_unknown(shared, &mut labels, &request, &mut found);
        }
        found.iter().map(|found| told(&labels, found)).collect()
    }

    fn told(labels: &Labels, found: &Found) -> String {
        format!("{:?} {:?} {:?}", labels.get(found.labels), found.via, found.values)
    }

    proptest! {
        #[test]
        fn what_was_seen_before_changes_nothing(
            cases in prop::collection::vec((
                r"[79]",
                r"(/|/bots|/7|/42|/12x|/99|/a b|//){1,4}",
                r"(\?p=[12]|\?/7/|#7| x|\? 200)?",
                200u16..202,
                0u8..3,
                prop_oneof![5 => Just("GET"), 1 => Just("GET /7")],
            ), 1..30),
            template in prop_oneof![Just(None), Just(Some("/bots/{id}")), Just(Some("/bots/42"))],
            glob in prop_oneof![Just("bots"), Just("42"), Just("??")],
            wanted in prop::collection::vec(any::<bool>(), 12)
        ) {
            let library = Arc::new(Library::compile([("t.toml", PACK.replace("GLOB", glob).as_str())]).unwrap());
            let mut interest = Interest::none(&library);
            let labels = library.classes.with_ids().flat_map(|(id, class)| (0..class.labels.len()).map(move |label| (id, label)));
            for ((class, label), _) in labels.zip(wanted).filter(|(_, wanted)| *wanted) {
                interest.add(class, label);
            }
            let routes = Routes::new(&template.map(String::from).into_iter().collect::<Vec<_>>());
            let shared = Classifier::new(library, routes, interest).shared;
            let mut requests = (Requests::new(&shared), Labels::default());
            // Met again, and again, a request is remembered.
            for (host, path, end, status, way, method) in cases.iter().cloned().cycle().take(3 * cases.len()) {
                let (client, target) = (format!("192.0.2.{host}"), format!("{path}{end}"));
                let message = format!("INFO:     {client}:80 - \"GET {target} HTTP/1.1\" {status}");
                let case = Case { message, method: method.into(), target, status, client };
                prop_assert_eq!(events(&shared, &mut requests, &case, way), events_of_unknown(&shared, &case, way));
            }
        }
    }
}
