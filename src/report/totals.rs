//! What the report adds up, and what tells the things it adds up apart.

use std::collections::BTreeMap;

use crate::classify::{ClassId, LabelSet};
use crate::second::Tally;
use crate::second::evidence::{Evidence, keep_evidence};
use crate::time::Time;
use crate::timeline::distribution::Distribution;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Total {
    pub count: u64,
    pub first: Option<Time>,
    pub last: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Route {
    pub method: Box<str>,
    pub route: Box<str>,
}

/// Number of a route that requests failed on.
pub(super) type FailingId = u32;

/// The requests of a route, by when they came.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct RouteTotal {
    /// Before the deployment.
    pub earlier: Requests,
    /// Since the deployment; but for those below.
    since: Requests,
    /// Since a start that may turn out to be that of a deployment.
    apart: Requests,
}

/// How often something happened, by when it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sides {
    earlier: u64,
    /// Since the deployment; but for those below.
    since: u64,
    /// Since a start that may turn out to be that of a deployment.
    apart: u64,
}

/// What requests came to.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Requests {
    pub count: u64,
    /// By the first digit of the status.
    pub families: [u64; 6],
    pub durations: Distribution,
}

/// What makes errors alike: the class, and for those nobody wrote a pattern for, the labels too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Key {
    pub class: ClassId,
    pub labels: Box<[Option<Box<str>>]>,
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Group {
    pub total: Total,
    pub sides: Sides,
    pub evidence: Vec<Evidence>,
    /// Of exceptions: the first message, by time, then text.
    pub message: Option<(Option<Time>, Box<str>)>,
    /// Of errors: failed requests in the same seconds, by route.
    pub(super) beside: BTreeMap<FailingId, u64>,
}

impl Total {
    pub(super) fn add(&mut self, tally: &Tally) {
        self.merge(&Total { count: tally.events, first: tally.first, last: tally.last });
    }

    pub(super) fn merge(&mut self, other: &Total) {
        self.count += other.count;
        self.first = match (self.first, other.first) {
            (Some(first), Some(other)) => Some(first.min(other)),
            (first, other) => first.or(other),
        };
        self.last = self.last.max(other.last);
    }
}

impl Route {
    /// That of a request whose labels at these indices are method and route.
    pub(super) fn of(labels: LabelSet<'_>, method: usize, route: usize) -> Self {
        let [method, route] = Self::texts(labels, method, route).map(Box::from);
        Route { method, route }
    }

    /// Its method and route, which hash as it does.
    pub(super) fn texts<'a>(labels: LabelSet<'a>, method: usize, route: usize) -> [&'a str; 2] {
        [method, route].map(|index| labels.value(index).unwrap_or_default())
    }
}

impl RouteTotal {
    /// All requests of the input.
    pub fn all(&self) -> Requests {
        let mut all = self.since();
        all.merge(&self.earlier);
        all
    }

    /// Those since the deployment.
    pub fn since(&self) -> Requests {
        let mut since = self.since.clone();
        since.merge(&self.apart);
        since
    }

    /// Where requests are to be counted that came after the deployment, or before it, or after a start that may be another's.
    pub(super) fn part(&mut self, is_since: bool, is_apart: bool) -> &mut Requests {
        match (is_since, is_apart) {
            (false, _) => &mut self.earlier,
            (true, false) => &mut self.since,
            (true, true) => &mut self.apart,
        }
    }

    /// What was counted apart is of the deployment before, too.
    pub(super) fn join(&mut self) {
        self.since.merge(&std::mem::take(&mut self.apart));
    }

    /// A new deployment; what was counted apart is of it.
    pub(super) fn begin(&mut self) {
        self.earlier.merge(&std::mem::replace(&mut self.since, std::mem::take(&mut self.apart)));
    }

    pub(super) fn merge(&mut self, other: &RouteTotal) {
        self.earlier.merge(&other.earlier);
        self.since.merge(&other.since);
        self.apart.merge(&other.apart);
    }
}

impl Sides {
    /// Before the deployment.
    pub fn before(self) -> u64 {
        self.earlier
    }

    /// Since the deployment.
    pub fn since(self) -> u64 {
        self.since + self.apart
    }

    /// Counts what came after the deployment, or before it, or after a start that may be another's.
    pub(super) fn add(&mut self, events: u64, is_since: bool, is_apart: bool) {
        match (is_since, is_apart) {
            (false, _) => self.earlier += events,
            (true, false) => self.since += events,
            (true, true) => self.apart += events,
        }
    }

    /// What was counted apart is of the deployment before, too.
    pub(super) fn join(&mut self) {
        self.since += std::mem::take(&mut self.apart);
    }

    /// A new deployment; what was counted apart is of it.
    pub(super) fn begin(&mut self) {
        self.earlier += std::mem::replace(&mut self.since, std::mem::take(&mut self.apart));
    }

    fn merge(&mut self, other: Sides) {
        self.earlier += other.earlier;
        self.since += other.since;
        self.apart += other.apart;
    }
}

impl Requests {
    /// Those that were answered 5xx.
    pub fn failed(&self) -> u64 {
        self.families[5]
    }

    pub fn merge(&mut self, other: &Requests) {
        self.count += other.count;
        self.families.iter_mut().zip(other.families).for_each(|(mine, theirs)| *mine += theirs);
        self.durations.join(&other.durations);
    }
}

impl Group {
    pub(super) fn say(&mut self, time: Option<Time>, message: &str) {
        let earlier = self.message.as_ref().is_none_or(|(known, text)| (time, message) < (*known, text));
        if earlier {
            self.message = Some((time, message.into()));
        }
    }

    pub(super) fn merge(&mut self, other: &Group) {
        self.total.merge(&other.total);
        self.sides.merge(other.sides);
        if let Some((time, message)) = &other.message {
            self.say(*time, message);
        }
        other.evidence.iter().for_each(|line| keep_evidence(&mut self.evidence, line));
        for (route, count) in &other.beside {
            *self.beside.entry(*route).or_default() += count;
        }
    }
}
