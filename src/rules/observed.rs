//! What the input covers: what a rule can know at all (SEMANTICS 8 to 10).

use super::node::Read;
use crate::classify::Carriers;

/// What was observed, as the rules need it.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The second of the deployment; windows begin no earlier.
    pub deployed: i64,
    /// What a service's own output covers, and what the HTTP log does.
    pub app: Option<Covered>,
    pub edge: Option<Covered>,
    /// Whether access lines with a duration were seen.
    pub access_durations: bool,
    /// The last second in which the platform dropped messages.
    pub dropped: Option<i64>,
}

/// The seconds that sources of one kind cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    pub from: i64,
    /// The last second, once all of them have ended.
    pub until: Option<i64>,
}

/// What was observed of the seconds that a window covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first second that was.
    pub first: i64,
    pub quality: Quality,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// It does not begin with the window, or ends before it.
    pub partial: bool,
    /// The platform dropped messages in it.
    pub lossy: bool,
}

impl Observed {
    /// What was observed of a window at a tick; `None` if nothing was.
    pub fn stretch(&self, read: &Read, tick: i64) -> Option<Stretch> {
        let covered = self.covered(read.carriers, read.reads_duration)?;
        let start = read.length.map_or(self.deployed, |length| tick - length);
        let earliest = if read.in_baseline { start } else { start.max(self.deployed) };
        let first = earliest.max(covered.from);
        // A sliding window that its sources do not reach tells nothing; one they only reach into is partly observed, as is
        // one that reaches back beyond the deployment or the input.
        let until = covered.until.filter(|_| read.length.is_some()).unwrap_or(i64::MAX);
        let partial = first > start || until < tick - 1;
        let lossy = self.dropped.is_some_and(|last| last >= first);
        (until >= first).then_some(Stretch { first, quality: Quality { partial, lossy } })
    }

    /// The same of every window.
    pub fn stretches(&self, reads: &[Read], tick: i64) -> Vec<Option<Stretch>> {
        reads.iter().map(|read| self.stretch(read, tick)).collect()
    }

    /// What the sources that could carry a class cover.
    pub fn covered(&self, carriers: Carriers, reads_duration: bool) -> Option<Covered> {
        let app = self.app.filter(|_| carriers.app && (!reads_duration || self.access_durations));
        let edge = self.edge.filter(|_| carriers.edge);
        match (app, edge) {
            (Some(a), Some(b)) => {
                let until = a.until.zip(b.until).map(|(a, b)| a.max(b));
                Some(Covered { from: a.from.min(b.from), until })
            }
            (a, b) => a.or(b),
        }
    }
}
