//! Requests: access lines and edge records to events of every class that speaks of requests.

use super::access_line::AccessLine;
use super::classifier::Shared;
use super::definition::Parser;
use super::event::{Event, MOST_VALUES, NO_VALUE, Via};
use super::labels::Labels;
use super::library::{Library, Pattern};
use crate::decode::Edge;

/// Which patterns read requests.
pub struct Requests {
    /// Of those that are seen as access lines, and as edge records.
    access: Vec<usize>,
    edge: Vec<usize>,
    route: Vec<u8>,
}

/// What a request is known by.
struct Request<'a> {
    method: &'a [u8],
    path: &'a [u8],
    query: Option<&'a [u8]>,
    status: u16,
    client: Option<&'a [u8]>,
    via: Via,
}

impl Requests {
    pub fn new(library: &Library) -> Self {
        let of = |wanted: Parser| {
            let takes = |pattern: &Pattern| {
                pattern.regex.is_none() && (pattern.parser == Some(wanted) || pattern.parser == Some(Parser::Request))
            };
            (0..library.patterns.len()).filter(|index| takes(&library.patterns[*index])).collect()
        };
        Requests { access: of(Parser::AccessLine), edge: of(Parser::Edge), route: Vec::new() }
    }

    pub fn access(&mut self, shared: &Shared, labels: &mut Labels, line: &AccessLine<'_>, events: &mut Vec<Event>) {
        let request = Request {
            method: line.method,
            path: line.path,
            query: line.query,
            status: line.status,
            client: line.client,
            via: Via::Access,
        };
        self.request(shared, labels, &request, line.duration_ns, events);
    }

    pub fn edge(&mut self, shared: &Shared, labels: &mut Labels, edge: &Edge<'_>, events: &mut Vec<Event>) {
        let (method, target) = (edge.method.read(), edge.target.read());
        let client = edge.client.map(|text| text.read());
        let question = memchr::memchr(b'?', &target);
        let request = Request {
            method: &method,
            path: &target[..question.unwrap_or(target.len())],
            query: question.map(|at| &target[at + 1..]),
            status: edge.status,
            client: client.as_deref(),
            via: Via::Edge,
        };
        self.request(shared, labels, &request, edge.duration, events);
    }

    fn request(
        &mut self,
        shared: &Shared,
        labels: &mut Labels,
        request: &Request<'_>,
        duration: Option<i64>,
        events: &mut Vec<Event>,
    ) {
        shared.routes.route(request.path, &mut self.route);
        let status =
            [request.status / 100, request.status / 10 % 10, request.status % 10].map(|digit| b'0' + digit as u8);
        let read = |label: &str| -> Option<&[u8]> {
            match label {
                "method" => Some(request.method),
                "path" => Some(request.path),
                "query" => request.query,
                "route" => Some(&self.route),
                "status" => Some(&status),
                "client" => request.client,
                "via" => Some(if request.via == Via::Edge { b"edge" } else { b"access" }),
                _ => None,
            }
        };
        let first = events.len();
        let patterns = if request.via == Via::Edge { &self.edge } else { &self.access };
        for &index in patterns {
            let pattern = &shared.library.patterns[index];
            let fits =
                pattern.label_globs.iter().all(|(label, glob)| read(label).is_some_and(|value| glob.is_match(value)));
            if !fits || events[first..].iter().any(|event| event.labels.class == pattern.class) {
                continue;
            }
            labels.begin(pattern.class);
            for label in pattern.labels.iter().filter(|label| shared.interest.wants(pattern.class, label.index)) {
                labels.add(label, read(&label.name));
            }
            let set = labels.finish(pattern.class, shared.library.classes[pattern.class].labels.len());
            let mut values = [NO_VALUE; MOST_VALUES];
            if let (Some(value), Some(duration)) = (pattern.values.first(), duration) {
                values[value.index] = duration;
            }
            events.push(Event { labels: set, values, via: request.via, pattern: index as u32 });
        }
    }
}
