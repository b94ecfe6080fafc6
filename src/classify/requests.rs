//! Requests: access lines and edge records to events of every class that speaks of requests.
//!
//! Most lines of a web service are requests, and most requests resemble one seen a moment ago. What a request is (its
//! route, its classes, its labels) depends on method, target, status and client alone, so it is worked out once for
//! each distinct combination and remembered.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::access_line::AccessLine;
use super::classifier::Shared;
use super::definition::Parser;
use super::event::{Event, LabelSet, MOST_VALUES, NO_VALUE, Via};
use super::library::{Library, Pattern};
use crate::decode::Edge;

/// Distinct requests a thread remembers before it starts over.
const MOST_REMEMBERED: usize = 16_384;

pub struct Requests {
    /// Indices of the patterns for requests seen as access lines, and as edge records.
    access: Vec<usize>,
    edge: Vec<usize>,
    /// By class: the index of its `duration`.
    remembered: FxHashMap<Box<[u8]>, Arc<[Known]>>,
    key: Vec<u8>,
    route: Vec<u8>,
}

/// One event a request gives, but for its duration.
struct Known {
    pattern: u32,
    labels: Arc<LabelSet>,
    duration: Option<usize>,
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
        Requests {
            access: of(Parser::AccessLine),
            edge: of(Parser::Edge),
            remembered: FxHashMap::default(),
            key: Vec::new(),
            route: Vec::new(),
        }
    }

    pub fn access(&mut self, shared: &Shared, line: &AccessLine<'_>, events: &mut Vec<Event>) {
        let request = Request {
            method: line.method,
            path: line.path,
            query: line.query,
            status: line.status,
            client: line.client,
            via: Via::Access,
        };
        self.request(shared, &request, line.duration_ns, events);
    }

    pub fn edge(&mut self, shared: &Shared, edge: &Edge<'_>, events: &mut Vec<Event>) {
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
        self.request(shared, &request, edge.duration, events);
    }

    fn request(&mut self, shared: &Shared, request: &Request<'_>, duration: Option<i64>, events: &mut Vec<Event>) {
        self.key.clear();
        self.key.push(request.via as u8);
        self.key.extend_from_slice(&request.status.to_le_bytes());
        for part in [Some(request.method), Some(request.path), request.query, request.client] {
            self.key.extend_from_slice(part.unwrap_or(b"\x01"));
            self.key.push(0);
        }
        let known = match self.remembered.get(self.key.as_slice()) {
            Some(known) => known,
            None => {
                if self.remembered.len() >= MOST_REMEMBERED {
                    self.remembered.clear();
                }
                let known = self.work_out(shared, request);
                self.remembered.entry(self.key.as_slice().into()).or_insert(known)
            }
        };
        for known in known.iter() {
            let mut values = [NO_VALUE; MOST_VALUES];
            if let (Some(index), Some(duration)) = (known.duration, duration) {
                values[index] = duration;
            }
            events.push(Event { labels: Arc::clone(&known.labels), values, via: request.via, pattern: known.pattern });
        }
    }

    fn work_out(&mut self, shared: &Shared, request: &Request<'_>) -> Arc<[Known]> {
        self.route.clear();
        shared.routes.route(request.path, &mut self.route);
        let route = std::mem::take(&mut self.route);
        let status = request.status.to_string();
        let read = |label: &str| -> Option<&[u8]> {
            match label {
                "method" => Some(request.method),
                "path" => Some(request.path),
                "query" => request.query,
                "route" => Some(&route),
                "status" => Some(status.as_bytes()),
                "client" => request.client,
                "via" => Some(if request.via == Via::Edge { b"edge" } else { b"access" }),
                _ => None,
            }
        };
        let patterns = if request.via == Via::Edge { &self.edge } else { &self.access };
        let mut events: Vec<Known> = Vec::new();
        for &index in patterns {
            let pattern = &shared.library.patterns[index];
            let fits =
                pattern.label_globs.iter().all(|(label, glob)| read(label).is_some_and(|value| glob.is_match(value)));
            if !fits || events.iter().any(|known| known.labels.class == pattern.class) {
                continue;
            }
            let class = &shared.library.classes[pattern.class];
            let mut values = vec![None; class.labels.len()].into_boxed_slice();
            for label in pattern.labels.iter().filter(|label| shared.interest.wants(pattern.class, label.index)) {
                values[label.index] =
                    read(&label.name).map(|value| super::classifier::cleaned(value, label.clean.as_ref()));
            }
            let duration = pattern.values.iter().find(|value| value.capture == "duration").map(|value| value.index);
            events.push(Known {
                pattern: index as u32,
                labels: Arc::new(LabelSet { class: pattern.class, values }),
                duration,
            });
        }
        self.route = route;
        events.into()
    }
}
