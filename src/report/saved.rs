//! The totals as plain data, to go on with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::silences::Silences;
use super::since::Since;
use super::totals::FailingId;
use super::{Group, Key, Report, Route, RouteTotal, Total};
use crate::classify::ByClass;
use crate::timeline::capped::Capped;

/// What was added up.
#[derive(Debug, Serialize)]
pub struct Saved<'a> {
    classes: &'a ByClass<Total>,
    routes: &'a Capped<Route, RouteTotal>,
    by_status: &'a BTreeMap<u16, u64>,
    since: &'a Since,
    edge_seconds: u64,
    access_seconds: u64,
    groups: &'a Capped<Key, Group>,
    silences: &'a Silences,
    failing: Vec<(&'a Route, FailingId)>,
}

/// The same, read again.
#[derive(Debug, Deserialize)]
pub struct Restored {
    classes: ByClass<Total>,
    routes: Capped<Route, RouteTotal>,
    by_status: BTreeMap<u16, u64>,
    since: Since,
    edge_seconds: u64,
    access_seconds: u64,
    groups: Capped<Key, Group>,
    silences: Silences,
    failing: Vec<(Route, FailingId)>,
}

impl Report {
    pub fn save(&self) -> Saved<'_> {
        Saved {
            classes: &self.classes,
            routes: &self.routes,
            by_status: &self.by_status,
            since: &self.since,
            edge_seconds: self.edge_seconds,
            access_seconds: self.access_seconds,
            groups: &self.groups,
            silences: &self.silences,
            failing: self.failing.iter().map(|(route, id)| (route, *id)).collect(),
        }
    }

    /// Goes on from what was saved with the same library. What label sets add to is worked out anew.
    pub fn restore(&mut self, saved: Restored) {
        self.parts.clear();
        (self.classes, self.routes, self.by_status) = (saved.classes, saved.routes, saved.by_status);
        (self.since, self.groups, self.silences) = (saved.since, saved.groups, saved.silences);
        (self.edge_seconds, self.access_seconds) = (saved.edge_seconds, saved.access_seconds);
        self.failing = saved.failing.into_iter().collect();
    }
}
