//! The patterns that read requests, and what they make of all requests of one method, route and status.

use std::ops::Range;

use super::request::{Outcome, Own, Request};
use crate::classify::classifier::Shared;
use crate::classify::definition::Parser;
use crate::classify::known::Known;
use crate::classify::labels::Labels;
use crate::classify::library::Pattern;
use crate::mask::mask_bytes;

/// Distinct routes (with method and status) a thread remembers before it starts over; bounds its memory, not what it can see.
const MOST_ROUTES: usize = 8_192;

/// The patterns that read requests seen in one way.
pub struct Patterns {
    /// (index in the library, what those of its class look at)
    patterns: Vec<(usize, Own)>,
    /// The methods, routes and statuses that were met, by their place in `made`.
    known: Known,
    made: Vec<Made>,
    /// The routes as they may be shown, and what the patterns make of them, one behind the other.
    routes: Vec<u8>,
    outcomes: Vec<Outcome>,
    key: Vec<u8>,
    route: Vec<u8>,
}

/// What the patterns make of all requests of one method, route and status.
#[derive(Clone)]
struct Made {
    /// Where the route stands, as it may be shown.
    route: Range<usize>,
    /// Where the outcomes are, in the order of the patterns.
    outcomes: Range<usize>,
}

impl Patterns {
    pub fn new(shared: &Shared, wanted: Parser) -> Self {
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
            known: Known::default(),
            made: Vec::new(),
            routes: Vec::new(),
            outcomes: Vec::new(),
            key: Vec::new(),
            route: Vec::new(),
        }
    }

    /// Forgets what it knows by indices of label sets that are void.
    pub fn forget(&mut self) {
        self.known.clear();
        self.made.clear();
        self.routes.clear();
        self.outcomes.clear();
    }

    /// The request's route, its secrets masked, and what the patterns make of requests like it.
    pub fn look_up(&mut self, shared: &Shared, labels: &mut Labels, request: &Request<'_>) -> (&[u8], &[Outcome]) {
        shared.routes.route(request.path, &mut self.route);
        let key = &mut self.key;
        key.clear();
        key.extend_from_slice(&request.status);
        key.extend_from_slice(&(request.method.len() as u32).to_le_bytes());
        key.extend_from_slice(request.method);
        key.extend_from_slice(&self.route);
        let made = match self.known.get(&self.key) {
            Some(known) => self.made[known as usize].clone(),
            None => {
                if self.known.len() >= MOST_ROUTES {
                    self.forget();
                }
                let starts = (self.routes.len(), self.outcomes.len());
                let route = mask_bytes(&self.route);
                work_out(&self.patterns, shared, labels, request, &route, &mut self.outcomes);
                self.routes.extend_from_slice(&route);
                let made = Made { route: starts.0..self.routes.len(), outcomes: starts.1..self.outcomes.len() };
                self.known.insert(&self.key, self.made.len() as u32);
                self.made.push(made.clone());
                made
            }
        };
        (&self.routes[made.route], &self.outcomes[made.outcomes])
    }

    /// What the patterns make of requests like it.
    pub fn work_out(&self, shared: &Shared, labels: &mut Labels, request: &Request<'_>, route: &[u8]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        work_out(&self.patterns, shared, labels, request, route, &mut outcomes);
        outcomes
    }
}

/// Appends what the patterns make of requests like this one.
fn work_out(
    patterns: &[(usize, Own)],
    shared: &Shared,
    labels: &mut Labels,
    request: &Request<'_>,
    route: &[u8],
    outcomes: &mut Vec<Outcome>,
) {
    let first = outcomes.len();
    for &(index, own) in patterns {
        let pattern = &shared.library.patterns[index];
        if own != Own::Nothing {
            if request.fits(pattern, route, |own| own == Own::Nothing) {
                outcomes.push(Outcome::Ask { pattern: index, own });
            }
        } else if !outcomes[first..].iter().any(|outcome| outcome.is_event_of(shared, pattern))
            && request.fits(pattern, route, |_| true)
        {
            outcomes.push(Outcome::Event(request.event(shared, labels, index, route)));
        }
    }
}
