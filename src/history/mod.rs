//! History: what seconds came to, in panes of equal width, for whoever looks at a run. No rule reads it.
//!
//! It reaches from an hour before the deployment to the end, or over the whole input where that is less. Panes get wider as it gets
//! longer, so a run of any length takes the same memory; and what they hold depends on the seconds alone.

mod pane;
mod panes;

use crate::classify::wellknown;
use crate::classify::{ByClass, ClassId, Library};
use crate::report::Report;
use crate::timeline::Sealed;

pub use pane::Pane;
pub use panes::Panes;

/// Panes of a history at most: a picture has about twice as many pixels.
pub const MOST_PANES: i64 = 512;
/// Seconds before a deployment that are kept; as far as a baseline reaches.
pub const BEFORE: i64 = 3_600;
/// Width of the panes that the hour before a deployment is taken from. A history longer than [`BEFORE`] has no narrower ones.
pub const RECENT_WIDTH: i64 = 8;
/// Seconds that are kept for a deployment to come, which may show half an hour after it began.
const RECENT: i64 = BEFORE + 1_800;

#[derive(Debug)]
pub struct History {
    kinds: Kinds,
    panes: Panes,
    /// The last seconds, should a deployment begin in them.
    recent: Panes,
}

/// What classes are to a history.
#[derive(Debug)]
pub(crate) struct Kinds {
    /// The class of requests, with the indices of status and duration.
    request: Option<(ClassId, usize, usize)>,
    restarted: Option<ClassId>,
    /// Classes that tell of memory, and of processors.
    memory: Vec<Measured>,
    cpu: Vec<Measured>,
    /// Whether its events are errors that the report tells of.
    failures: ByClass<bool>,
}

/// A class that tells how much of something is used, with the indices of the values for what is used and for what may be.
#[derive(Debug)]
pub(crate) struct Measured {
    class: ClassId,
    used: usize,
    limit: Option<usize>,
}

impl Measured {
    fn of(library: &Library, (class, used, limit): (&str, &str, &str)) -> Option<Self> {
        let class = library.class_id(class)?;
        let index = |wanted| library.classes[class].values.iter().position(|(name, _)| name == wanted);
        Some(Measured { class, used: index(used)?, limit: index(limit) })
    }
}

impl Kinds {
    fn of(library: &Library, report: &Report) -> Self {
        let request = library.class_id(wellknown::REQUEST).and_then(|id| {
            let class = &library.classes[id];
            let status = class.labels.iter().position(|label| label == "status")?;
            let duration = class.values.iter().position(|(name, _)| name == "duration")?;
            Some((id, status, duration))
        });
        Kinds {
            request,
            restarted: library.class_id(wellknown::RESTARTED),
            memory: wellknown::MEMORY.into_iter().filter_map(|names| Measured::of(library, names)).collect(),
            cpu: Measured::of(library, wellknown::CPU).into_iter().collect(),
            failures: library.classes.map(|class, _| report.is_failure(class)),
        }
    }
}

impl History {
    pub fn new(library: &Library, report: &Report) -> Self {
        History { kinds: Kinds::of(library, report), panes: Panes::new(1), recent: Panes::new(RECENT_WIDTH) }
    }

    /// Takes in a complete second; no earlier one than the last.
    pub fn add(&mut self, sealed: Sealed<'_>) {
        self.add_pane(Pane::of(sealed, &self.kinds));
    }

    fn add_pane(&mut self, second: Pane) {
        self.recent.drop_before(second.at - RECENT);
        self.recent.add(&second);
        self.panes.add(&second);
        self.panes.widen(MOST_PANES);
    }

    /// A deployment that began in this second is judged from now on; what was long before it is given up.
    pub fn begin(&mut self, deployed: i64) {
        let from = (deployed - BEFORE).div_euclid(RECENT_WIDTH) * RECENT_WIDTH;
        if self.panes.first().is_some_and(|first| first < from) {
            self.panes = self.recent.clone();
            self.panes.drop_before(from);
            self.panes.widen(MOST_PANES);
        }
    }

    /// What is to be kept of it, to go on with.
    pub fn save(&self) -> (&Panes, &Panes) {
        (&self.panes, &self.recent)
    }

    /// Goes on from what was saved.
    pub fn restore(&mut self, (panes, recent): (Panes, Panes)) {
        (self.panes, self.recent) = (panes, recent);
    }

    pub fn panes(&self) -> &Panes {
        &self.panes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Seconds with the gaps between them, some of them hours.
    fn seconds() -> impl Strategy<Value = Vec<Pane>> {
        let gap = prop_oneof![8 => 1i64..20, 2 => 20i64..900, 1 => 900i64..20_000];
        let used = prop::option::of(0i64..1_000);
        let second = (gap, prop::array::uniform6(0u64..4), prop::collection::vec(0i64..5_000, 0..3), 0u64..3, used);
        (-2_000i64..2_000, prop::collection::vec(second, 1..400)).prop_map(|(mut at, seconds)| {
            let pane = |(gap, requests, durations, errors, used): (i64, [u64; 6], Vec<i64>, u64, Option<i64>)| {
                at += gap;
                let memory = pane::Usage { used, limit: None };
                let mut pane = Pane { requests, errors, memory, seconds: 1, ..Pane::new(at) };
                durations.iter().for_each(|milliseconds| pane.durations.record(milliseconds * 1_000_000));
                pane
            };
            seconds.into_iter().map(pane).collect()
        })
    }

    fn empty() -> History {
        let (memory, cpu) = (Vec::new(), Vec::new());
        let kinds = Kinds { request: None, restarted: None, memory, cpu, failures: ByClass::default() };
        History { kinds, panes: Panes::new(1), recent: Panes::new(RECENT_WIDTH) }
    }

    /// Panes of the least width that is enough for all of the seconds, made at once.
    fn at_once(seconds: &[Pane], narrowest: i64) -> Panes {
        let places = |width: i64| {
            let [first, last] = [seconds.first(), seconds.last()].map(|second| second.unwrap().at.div_euclid(width));
            last - first + 1
        };
        let mut width = narrowest;
        while places(width) > MOST_PANES {
            width *= 2;
        }
        let mut panes = Panes::new(width);
        seconds.iter().for_each(|second| panes.add(second));
        panes
    }

    proptest! {
        #[test]
        fn panes_that_were_widened_are_those_made_at_once(seconds in seconds()) {
            let mut history = empty();
            seconds.iter().for_each(|second| history.add_pane(second.clone()));
            prop_assert_eq!(&history.panes, &at_once(&seconds, 1));
            prop_assert!(history.panes.iter().count() as i64 <= MOST_PANES);
            prop_assert!(history.recent.iter().count() as i64 <= RECENT / RECENT_WIDTH + 1);
            let requests = |panes: &mut dyn Iterator<Item = &Pane>| -> u64 { panes.map(Pane::all).sum() };
            prop_assert_eq!(requests(&mut history.panes.iter()), requests(&mut seconds.iter()));
        }

        #[test]
        fn the_hour_before_a_deployment_is_as_fine_as_if_nothing_had_been_before(
            seconds in seconds(), at in any::<prop::sample::Index>(), late in 0i64..1_800,
        ) {
            let at = at.index(seconds.len());
            let deployed = seconds[at].at - late;
            let mut history = empty();
            seconds[..at].iter().for_each(|second| history.add_pane(second.clone()));
            history.begin(deployed);
            seconds[at..].iter().for_each(|second| history.add_pane(second.clone()));
            let from = (deployed - BEFORE).div_euclid(RECENT_WIDTH) * RECENT_WIDTH;
            let kept: Vec<Pane> = seconds.iter().filter(|second| second.at >= from).cloned().collect();
            let narrowest = if at > 0 && seconds[0].at < from { RECENT_WIDTH } else { 1 };
            prop_assert_eq!(&history.panes, &at_once(&kept, narrowest));
        }
    }
}
