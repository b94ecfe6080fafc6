//! What the summary tells of the whole input, beside the rules: requests by route, exceptions, errors, silences.

mod role;
mod saved;
mod silences;
mod since;
mod totals;

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use role::Role;
use rustc_hash::{FxBuildHasher, FxHashMap};
pub use saved::{Restored, Saved};
pub use silences::Silence;
use silences::Silences;
use since::Since;
use totals::FailingId;
pub use totals::{Group, Key, Requests, Route, RouteTotal, Total};

use crate::classify::wellknown;
use crate::classify::{ByClass, ClassId, Interest, LabelSet, Library, NO_VALUE, Severity, Via};
use crate::second::evidence::keep_evidence;
use crate::second::{Keep, Second, Tally};
use crate::timeline::capped::{Capped, OTHERS, Place};
use crate::timeline::{Sealed, SetId, Sets};

/// Routes, and groups of errors, kept apart; of more, those with the smallest hashes, the others counted together.
const MOST_ROUTES: usize = 500;
const MOST_GROUPS: usize = 1_000;

/// Totals over the whole input.
#[derive(Debug)]
pub struct Report {
    library: Arc<Library>,
    /// By class.
    roles: ByClass<Role>,
    pub classes: ByClass<Total>,
    pub routes: Capped<Route, RouteTotal>,
    pub by_status: BTreeMap<u16, u64>,
    since: Since,
    /// Seconds whose requests were taken from the HTTP log, and from access lines.
    pub edge_seconds: u64,
    pub access_seconds: u64,
    /// Errors, warnings and exceptions, by what makes them alike.
    pub groups: Capped<Key, Group>,
    silences: Silences,
    /// By label set: what is worked out the first time it is met.
    parts: Vec<Option<Part>>,
    /// The routes that requests failed on in the same second as something else.
    failing: FxHashMap<Route, FailingId>,
}

/// What a label set adds to.
#[derive(Clone, Copy, Debug)]
enum Part {
    Other,
    /// `failing` is the route, once a request on it failed beside an error.
    Request {
        failing: Option<FailingId>,
        place: Place,
        status: u16,
        duration: usize,
    },
    /// `is_error` if it is no mere warning.
    Group {
        place: Place,
        message: Option<usize>,
        is_error: bool,
    },
}

/// What happened in one second that is told of together.
#[derive(Default)]
struct Together {
    /// Whether it lies after the deployment.
    armed: bool,
    /// Whether there were requests.
    requests: bool,
    /// By label set.
    failed: Vec<(SetId, u64)>,
    groups: Vec<(Place, u64)>,
}

impl Report {
    pub fn new(library: Arc<Library>) -> Self {
        let roles = library.classes.map(|class, _| Role::of(&library, class));
        let classes = library.classes.map(|_, _| Total::default());
        Report {
            library,
            roles,
            classes,
            routes: Capped::new(MOST_ROUTES),
            by_status: BTreeMap::new(),
            since: Since::default(),
            edge_seconds: 0,
            access_seconds: 0,
            groups: Capped::new(MOST_GROUPS),
            silences: Silences::default(),
            parts: Vec::new(),
            failing: FxHashMap::default(),
        }
    }

    /// Adds the labels that the report reads.
    pub fn interested(&self, interest: &mut Interest) {
        for (class, role) in self.roles.with_ids() {
            match role {
                Role::Request([method, route, status, duration]) => {
                    [method, route, status].into_iter().for_each(|label| interest.add(class, *label));
                    interest.add_value(class, *duration);
                }
                Role::Exception(_) | Role::Error => {
                    (0..self.library.classes[class].labels.len()).for_each(|label| interest.add(class, label));
                }
                Role::Usage => {
                    (0..self.library.classes[class].values.len()).for_each(|value| interest.add_value(class, value));
                }
                Role::Known | Role::Other => {}
            }
        }
        // How many messages the platform dropped is told, whatever the plan.
        if let Some(class) = self.library.class_id(wellknown::RATE_LIMITED) {
            (0..self.library.classes[class].values.len()).for_each(|value| interest.add_value(class, value));
        }
    }

    /// Events of a class since the deployment.
    pub fn since_deployment(&self, class: ClassId) -> u64 {
        self.since.events(class, self.classes[class].count)
    }

    /// Whether events of a class are failures that the report tells of: exceptions, errors, known troubles.
    pub fn is_failure(&self, class: ClassId) -> bool {
        matches!(self.roles[class], Role::Exception(_) | Role::Error | Role::Known)
            && self.library.classes[class].severity >= Severity::Error
    }

    /// What has to be kept of events.
    pub fn needs(&self) -> ByClass<Keep> {
        self.roles.map(|_, role| match role {
            Role::Request(_) | Role::Usage => Keep { values: true, ..Keep::default() },
            Role::Exception(_) | Role::Error | Role::Known => Keep { examples: true, ..Keep::default() },
            Role::Other => Keep::default(),
        })
    }

    /// Takes in a complete second; `armed` is whether it lies after the deployment.
    pub fn seal(&mut self, sealed: Sealed<'_>, armed: bool) {
        let requests_before = self.requests();
        let seen = sealed.second.seen;
        let mut together = Together { armed, ..Together::default() };
        for (set, tally) in sealed.tallies() {
            if tally.via != Via::None && tally.via != seen {
                continue;
            }
            let (labels, at) = (sealed.sets.labels(set), set.index());
            if self.parts.len() <= at {
                self.parts.resize_with(at + 1, || None);
            }
            let part = match self.parts[at] {
                Some(part) => part,
                None => {
                    let part = self.part(labels);
                    *self.parts[at].insert(part)
                }
            };
            self.add(part, labels, Some(set), tally, &mut together);
        }
        if armed {
            let failed = together.failed.iter().map(|(_, failures)| failures).sum();
            self.since.add(self.requests() - requests_before, failed);
        }
        if together.requests {
            if seen == Via::Edge { self.edge_seconds += 1 } else { self.access_seconds += 1 }
        }
        if !together.groups.is_empty() && !together.failed.is_empty() {
            self.put_beside(&together, sealed.sets);
        }
        self.silence(sealed.second);
    }

    /// Counts events that have no time, and so stand in no second.
    pub fn add_untimed(&mut self, events: &Second) {
        for (labels, tally) in events.sets.iter().zip(&events.tallies) {
            let part = self.part(labels);
            self.add(part, labels, None, tally, &mut Together::default());
        }
    }

    /// The label sets are numbered anew.
    pub fn forget_sets(&mut self) {
        self.parts.clear();
    }

    /// Works out what events with these labels add to.
    fn part(&mut self, labels: LabelSet<'_>) -> Part {
        let role = self.roles[labels.class];
        if let Role::Request([method, route, status, duration]) = role {
            let [method_text, route_text] = Route::texts(labels, method, route);
            let status = labels.value(status).and_then(|status| status.parse().ok()).unwrap_or_default();
            let place = match self.routes.is_beyond(FxBuildHasher.hash_one((method_text, route_text))) {
                true => OTHERS,
                false => self.routes.place(Route::of(labels, method, route), |others, route| others.merge(&route)),
            };
            return Part::Request { failing: None, place, status, duration };
        }
        let place = if self.is_beyond(labels) {
            OTHERS
        } else {
            let Some(key) = self.key(labels) else { return Part::Other };
            self.groups.place(key, |others, pushed_out| others.merge(&pushed_out))
        };
        let message = if let Role::Exception(message) = role { message } else { None };
        let is_error = self.library.classes[labels.class].severity >= Severity::Error;
        Part::Group { place, message, is_error }
    }

    /// Notes which requests failed in a second beside its errors.
    fn put_beside(&mut self, second: &Together, sets: &Sets) {
        let numbered = |(set, failures): &(SetId, u64)| Some((self.failing(*set, sets.labels(*set))?, *failures));
        let mut failed: Vec<_> = second.failed.iter().filter_map(numbered).collect();
        failed.sort_unstable();
        for (place, events) in &second.groups {
            let Some(group) = self.groups.kept_at(*place) else { continue };
            for same in failed.chunk_by(|a, b| a.0 == b.0) {
                let failures = same.iter().map(|(_, failures)| failures).sum();
                *group.beside.entry(same[0].0).or_default() += events.min(&failures);
            }
        }
    }

    /// The route of a label set; `None` if it is none of requests.
    fn failing(&mut self, set: SetId, labels: LabelSet<'_>) -> Option<FailingId> {
        let (Role::Request([method, route, ..]), Some(Some(Part::Request { failing, .. }))) =
            (self.roles[labels.class], self.parts.get_mut(set.index()))
        else {
            return None;
        };
        Some(*failing.get_or_insert_with(|| {
            let next = self.failing.len() as FailingId;
            *self.failing.entry(Route::of(labels, method, route)).or_insert(next)
        }))
    }

    fn add(&mut self, part: Part, labels: LabelSet<'_>, set: Option<SetId>, tally: &Tally, second: &mut Together) {
        self.classes[labels.class].add(tally);
        match part {
            Part::Other => {}
            Part::Request { place, status, duration, .. } => {
                second.requests = true;
                *self.by_status.entry(status).or_default() += tally.events;
                if status >= 500 {
                    second.failed.extend(set.map(|set| (set, tally.events)));
                }
                let route = self.routes.at(place);
                let total = route.part(second.armed, self.since.is_apart());
                total.count += tally.events;
                total.families[usize::from(status / 100).min(5)] += tally.events;
                for point in tally.points.iter().filter(|point| point.values[duration] != NO_VALUE) {
                    total.durations.record(point.values[duration]);
                }
            }
            Part::Group { place, message, is_error } => {
                let group = self.groups.at(place);
                group.total.add(tally);
                group.sides.add(tally.events, second.armed, self.since.is_apart());
                if let Some(message) = message.and_then(|message| labels.value(message)) {
                    group.say(tally.first, message);
                }
                tally.evidence.iter().for_each(|line| keep_evidence(&mut group.evidence, line));
                if is_error {
                    second.groups.push((place, tally.events));
                }
            }
        }
    }

    /// The routes that failed in the same seconds as a group's errors, with how often.
    pub fn beside(&self, group: &Group) -> impl Iterator<Item = (&Route, u64)> {
        self.failing.iter().filter_map(|(route, id)| Some((route, *group.beside.get(id)?)))
    }

    /// Whether events with these labels are of none of the groups that are kept, as far as their labels tell.
    fn is_beyond(&self, labels: LabelSet<'_>) -> bool {
        self.roles[labels.class] == Role::Error && self.groups.is_beyond(labels.hash())
    }

    /// What the events of a label set are grouped by, if the report groups them.
    fn key(&self, labels: LabelSet<'_>) -> Option<Key> {
        let values = || -> Box<[Option<Box<str>>]> { labels.values().map(|value| value.map(Box::from)).collect() };
        match self.roles[labels.class] {
            Role::Error => Some(Key { class: labels.class, labels: values() }),
            Role::Exception(message) => {
                let mut values = values();
                if let Some(message) = message.and_then(|message| values[message].as_mut()) {
                    let mut shape = String::new();
                    crate::classify::shape::shape(message.as_bytes(), &mut shape);
                    *message = shape.into();
                }
                Some(Key { class: labels.class, labels: values })
            }
            Role::Known => Some(Key { class: labels.class, labels: Box::default() }),
            Role::Request(_) | Role::Usage | Role::Other => None,
        }
    }

    /// Events of routes and groups beyond those that are kept, which are counted together.
    pub fn overflowed(&self) -> u64 {
        let routes = self.routes.other.as_ref().map_or(0, |others| others.all().count);
        routes + self.groups.other.as_ref().map_or(0, |others| others.total.count)
    }

    /// Notes the pause before a second's first entry, if it was one worth telling.
    fn silence(&mut self, second: &Second) {
        let Some((first, last)) = second.entries else { return };
        if let Some((line, gravest)) = &second.after_pause {
            let labels = gravest.map(|set| second.sets.get(set));
            let grave = labels.is_some_and(|labels| self.library.classes[labels.class].severity >= Severity::Warning);
            if self.silences.is_silence(first, grave) {
                let group = labels.and_then(|labels| self.key(labels));
                self.silences.note(first, line.clone(), group);
            }
        }
        self.silences.last_entry = Some(last);
    }

    /// The longest silences, in the order of time.
    pub fn silences(&self) -> &[Silence] {
        &self.silences.longest
    }

    /// From now on all is counted apart, should a deployment have begun here, or no longer.
    pub fn set_apart(&mut self, is_apart: bool) {
        self.routes.values_mut().for_each(RouteTotal::join);
        self.groups.values_mut().for_each(|group| group.sides.join());
        self.since.set_apart(is_apart, &self.classes);
    }

    /// A new deployment: it began where all has been counted apart from, or here.
    pub fn begin(&mut self, is_apart: bool) {
        if !is_apart {
            self.set_apart(false);
        }
        self.routes.values_mut().for_each(RouteTotal::begin);
        self.groups.values_mut().for_each(|group| group.sides.begin());
        self.since.begin(&self.classes);
    }

    /// Requests since the deployment.
    pub fn requests_since_deployment(&self) -> u64 {
        self.since.requests()
    }

    /// Those of them that failed (5xx).
    pub fn failed_since_deployment(&self) -> u64 {
        self.since.failed()
    }

    pub fn is_exception(&self, class: ClassId) -> bool {
        matches!(self.roles[class], Role::Exception(_))
    }

    pub fn requests(&self) -> u64 {
        self.by_status.values().sum()
    }
}
