//! What the input covers: what a rule can know at all (SEMANTICS 8 to 10).

use super::node::Read;
use super::unsteady::Unsteady;
use crate::classify::Carriers;
use crate::timeline::Tick;

/// What was observed, as the rules need it.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Observed {
    /// The second of the deployment; windows begin no earlier.
    pub deployed: i64,
    /// From when on the newest deployment may have run as usual; what a baseline is of begins no earlier.
    pub steady_from: i64,
    /// The seconds since then that it is not of.
    pub unsteady: Unsteady,
    /// What a service's own output covers, and what the HTTP log does.
    pub app: Option<Covered>,
    pub edge: Option<Covered>,
    /// Whether what people report is recorded: then it is known at all times.
    pub people: bool,
    /// From the first result of a probe on, and the first metric of the platform.
    pub probes: Option<Covered>,
    pub metrics: Option<Covered>,
    /// Whether access lines with a duration were seen.
    pub access_durations: bool,
    /// The last second in which the platform dropped messages.
    pub dropped: Option<i64>,
}

/// The seconds that sources of one kind cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Covered {
    pub from: i64,
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
    pub fn stretch(&self, read: &Read, tick: Tick) -> Option<Stretch> {
        let covered = self.covered(read.carriers, read.reads_duration)?;
        let start = read.length.map_or(self.deployed, |length| tick.second() - length);
        let earliest = start.max(if read.in_baseline { self.steady_from } else { self.deployed });
        let first = earliest.max(covered.from);
        // A window that reaches back beyond the deployment or the input is partly observed.
        let lossy = self.dropped.is_some_and(|last| last >= first);
        Some(Stretch { first, quality: Quality { partial: first > start, lossy } })
    }

    /// The first tick after this one at which another part of the window may be observed than by then; [`Tick::NEVER`] if there
    /// is none. That time passes and the sources stay as they are is all that changes.
    pub fn steady_until(&self, read: &Read, tick: Tick) -> Tick {
        let (Some(covered), Some(length)) = (self.covered(read.carriers, read.reads_duration), read.length) else {
            return Tick::NEVER;
        };
        let base = covered.from.max(if read.in_baseline { self.steady_from } else { self.deployed });
        let begins = Tick::at(base).plus(length);
        let whole_again = self.dropped.map(|last| Tick::after(last).plus(length));
        [begins].into_iter().chain(whole_again).filter(|change| *change > tick).min().unwrap_or(Tick::NEVER)
    }

    /// How many of the seconds that were observed of a baseline's window it is of.
    pub fn steady_seconds(&self, stretch: Stretch, tick: Tick) -> i64 {
        self.unsteady.steady_seconds(stretch.first, tick.second())
    }

    /// The same of every window.
    pub fn stretches(&self, reads: &[Read], tick: Tick) -> Vec<Option<Stretch>> {
        reads.iter().map(|read| self.stretch(read, tick)).collect()
    }

    /// What the sources that could carry a class cover.
    pub fn covered(&self, carriers: Carriers, reads_duration: bool) -> Option<Covered> {
        if carriers.people && self.people {
            return Some(Covered { from: i64::MIN });
        }
        let app = self.app.filter(|_| carriers.app && (!reads_duration || self.access_durations));
        let edge = self.edge.filter(|_| carriers.edge);
        let probes = self.probes.filter(|_| carriers.probes);
        let metrics = self.metrics.filter(|_| carriers.metrics);
        [app, edge, probes, metrics].into_iter().flatten().min_by_key(|covered| covered.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::ClassId;
    use crate::expr::Function;
    use crate::timeline::series::{CellNeeds, Measure, Selector, Spec};
    use crate::timeline::window::Reach;
    use crate::timeline::{Timeline, WindowRef};
    use proptest::prelude::*;

    /// Whichever: what was observed does not depend on it.
    fn a_window() -> WindowRef {
        let selector = Selector { class: ClassId::of_any(0), labels: Vec::new(), values: Vec::new(), names_via: false };
        let spec = Spec { name: String::new(), selector, by: Vec::new(), measure: Measure::Events };
        Timeline::default().register(spec, Reach::Deploy, CellNeeds::default())
    }

    proptest! {
        #[test]
        fn it_is_steady_until_it_says(
            (deployed, from) in (0i64..40, 0i64..40),
            dropped in prop::option::of(0i64..60),
            length in prop::option::of(1i64..30),
            in_baseline in any::<bool>(),
        ) {
            let app = Some(Covered { from });
            let observed = Observed { deployed, steady_from: deployed, app, dropped, ..Observed::default() };
            let carriers = Carriers { app: true, ..Carriers::default() };
            let read = Read {
                index: 0, window: a_window(), function: Function::Count, grouped: false, pooled: false, length, in_baseline, scale: 1.0,
                carriers, reads_duration: false,
            };
            let quality = |tick| observed.stretch(&read, Tick::at(tick)).map(|stretch| stretch.quality);
            for tick in deployed.max(from)..150 {
                let steady = observed.steady_until(&read, Tick::at(tick));
                let changes = (tick + 1..=200).find(|later| quality(*later) != quality(tick));
                prop_assert!(changes.is_none_or(|changes| Tick::at(changes) >= steady), "{} {:?} {:?}", tick, steady, changes);
            }
        }
    }
}
