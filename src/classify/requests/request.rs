//! A request as the patterns see it, and what they make of it.

use std::borrow::Cow;

use crate::classify::access_line::AccessLine;
use crate::classify::classifier::Shared;
use crate::classify::event::{Found, MOST_VALUES, NO_VALUE, Via};
use crate::classify::labels::Labels;
use crate::classify::library::Pattern;
use crate::mask::{Secrets, mask_bytes};

/// What a request is known by.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a [u8],
    pub path: &'a [u8],
    pub query: Option<&'a [u8]>,
    /// Its three digits.
    pub status: [u8; 3],
    pub client: Option<&'a [u8]>,
    pub via: Via,
    /// Nanoseconds.
    pub duration: Option<i64>,
}

/// What patterns look at that requests of one method, route and status differ in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Own {
    Nothing,
    PathOrQuery,
    Client,
}

/// What one pattern makes of all requests of one method, route and status.
#[derive(Clone, Copy)]
pub enum Outcome {
    Event(Settled),
    /// The pattern has to see the request.
    Ask {
        /// Its index in the library.
        pattern: usize,
        own: Own,
    },
}

/// An event but for what each request has of its own.
#[derive(Clone, Copy)]
pub struct Settled {
    labels: u32,
    pattern: u32,
    /// Index of the value that is the request's duration.
    duration: Option<usize>,
}

impl Own {
    pub fn of(label: &str) -> Own {
        match label {
            "client" => Own::Client,
            "path" | "query" => Own::PathOrQuery,
            _ => Own::Nothing,
        }
    }
}

impl Settled {
    #[inline]
    pub fn found(&self, via: Via, duration: Option<i64>) -> Found {
        let mut values = [NO_VALUE; MOST_VALUES];
        if let (Some(index), Some(duration)) = (self.duration, duration) {
            values[index] = duration;
        }
        Found { labels: self.labels, pattern: self.pattern, via, values }
    }
}

impl<'a> Request<'a> {
    pub fn access(line: &AccessLine<'a>) -> Self {
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

    /// Puts together what it is remembered by: method, target and status, with blanks between them.
    pub fn write(&self, text: &mut Vec<u8>) {
        text.clear();
        text.extend_from_slice(self.method);
        text.push(b' ');
        text.extend_from_slice(self.path);
        if let Some(query) = self.query {
            text.push(b'?');
            text.extend_from_slice(query);
        }
        text.push(b' ');
        text.extend_from_slice(&self.status);
    }

    fn read<'s>(&'s self, label: &str, route: &'s [u8]) -> Option<&'s [u8]> {
        match label {
            // The end of a request whose begin nobody saw has none of these.
            "method" => Some(self.method).filter(|method| !method.is_empty()),
            "path" | "route" if self.path.is_empty() => None,
            "path" => Some(self.path),
            "query" => self.query,
            "route" => Some(route),
            "status" => Some(&self.status),
            "client" => self.client,
            "via" => Some(if self.via == Via::Edge { b"edge" } else { b"access" }),
            _ => None,
        }
    }

    /// The query with its secrets masked: what stands before it tells whether it has any.
    fn masked_query<'s>(&self, query: &'s [u8]) -> Cow<'s, [u8]> {
        let target = [self.path, query].join(&b'?');
        let secrets = Secrets::of(&target);
        match secrets.is_empty() {
            true => Cow::Borrowed(query),
            false => Cow::Owned(secrets.mask(&target, self.path.len() + 1..target.len()).into_owned()),
        }
    }

    /// Whether the request meets the pattern's conditions on the labels that are `asked` for.
    pub fn fits(&self, pattern: &Pattern, route: &[u8], asked: impl Fn(Own) -> bool) -> bool {
        let mut conditions = pattern.label_globs.iter().filter(|(label, _)| asked(Own::of(label)));
        conditions.all(|(label, glob)| self.read(label, route).is_some_and(|text| glob.is_match(text)))
    }

    /// What a pattern that takes the request makes of it.
    pub fn event(&self, shared: &Shared, labels: &mut Labels, index: usize, route: &[u8]) -> Settled {
        let pattern = &shared.library.patterns[index];
        let wanted = pattern.labels.iter().filter(|label| shared.interest.wants(pattern.class, label.index));
        labels.begin(index);
        for label in wanted {
            let value = self.read(&label.name, route);
            let masked = match label.name.as_str() {
                "path" | "client" => value.map(mask_bytes),
                "query" => value.map(|query| self.masked_query(query)),
                // Of the other labels the route was masked before, and no secret fits into the rest.
                _ => value.map(Cow::Borrowed),
            };
            labels.add(label, masked.as_deref());
        }
        let labels = labels.finish(pattern.class, shared.library.classes[pattern.class].labels.len());
        Settled { labels, pattern: index as u32, duration: pattern.values.first().map(|value| value.index) }
    }

    /// Works outcomes out as far as the request's path and query tell. What is left to be asked looks at the client.
    pub fn settle(
        &self,
        shared: &Shared,
        labels: &mut Labels,
        route: &[u8],
        outcomes: &[Outcome],
        settled: &mut Vec<Outcome>,
    ) {
        settled.clear();
        for &outcome in outcomes {
            let Outcome::Ask { pattern: index, own } = outcome else {
                settled.push(outcome);
                continue;
            };
            let pattern = &shared.library.patterns[index];
            let taken = settled.iter().any(|outcome| outcome.is_event_of(shared, pattern));
            if !taken && self.fits(pattern, route, |own| own == Own::PathOrQuery) {
                settled.push(match own {
                    Own::Client => outcome,
                    _ => Outcome::Event(self.event(shared, labels, index, route)),
                });
            }
        }
    }

    /// Adds the events that come of outcomes, of which what the request has of its own from `least` on is not settled yet.
    pub fn add(
        &self,
        shared: &Shared,
        labels: &mut Labels,
        route: &[u8],
        outcomes: &[Outcome],
        least: Own,
        events: &mut Vec<Found>,
    ) {
        let first = events.len();
        for outcome in outcomes {
            match *outcome {
                Outcome::Event(event) => events.push(event.found(self.via, self.duration)),
                Outcome::Ask { pattern: index, .. } => {
                    let pattern = &shared.library.patterns[index];
                    let taken = events[first..].iter().any(|found| shared.class_of(found) == pattern.class);
                    if !taken && self.fits(pattern, route, |own| own >= least) {
                        events.push(self.event(shared, labels, index, route).found(self.via, self.duration));
                    }
                }
            }
        }
    }
}

impl Outcome {
    /// Whether it is an event of the class that the pattern gives events of.
    pub fn is_event_of(&self, shared: &Shared, pattern: &Pattern) -> bool {
        match self {
            Outcome::Event(event) => shared.library.patterns[event.pattern as usize].class == pattern.class,
            Outcome::Ask { .. } => false,
        }
    }
}

pub fn digits(status: u16) -> [u8; 3] {
    [status / 100, status / 10 % 10, status % 10].map(|digit| b'0' + digit as u8)
}
