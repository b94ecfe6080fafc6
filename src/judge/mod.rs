//! Judge: complete seconds in, changes of triggers and all that a summary tells out. It reads seconds and nothing else, and has
//! no way back to where they come from.

mod deployments;
mod people;
mod saved;
mod ticks;
mod verdict;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::classify::{ClassId, Library, wellknown};
use crate::deployment::Deployment;
use crate::gather::Cause;
use crate::history::History;
use crate::lifecycle::Lifecycle;
use crate::people::Signal;
use crate::report::Report;
use crate::rules::checkpoint::Reached;
use crate::rules::observed::Observed;
use crate::rules::trigger::Change;
use crate::rules::verdict::Verdict;
use crate::rules::{Past, Rules};
use crate::second::{Counts, Tally};
use crate::time::Time;
use crate::timeline::{SetId, Sets, Tick, Timeline};
use deployments::OwnClasses;
pub use saved::Error as SavedError;
pub use verdict::Ruling;

/// Ticks looked at after a run is told to stop: half an hour of a busy log, which takes a fraction of a second.
const TICKS_AFTER_STOP: u32 = 2_000;

/// Something the outputs show while the run goes on.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum Notice {
    /// The deployment that is judged from here on.
    Deployed(Deployment),
    /// A trigger changed its state.
    Change(Box<Change>, Cause),
    /// A checkpoint or a criterion of success came to something else than before.
    Reached(Box<Reached>),
    /// The verdict is another one than before.
    Verdict(Box<Ruling>),
}

pub struct Judge {
    pub library: Arc<Library>,
    pub rules: Rules,
    pub report: Report,
    pub history: History,
    pub timeline: Timeline,
    pub observed: Observed,
    /// What each deployment is compared with; what came before it in the input where there is none.
    pub past: Option<Past>,
    /// The deployment in force; `None` before the first second.
    pub deployment: Option<Deployment>,
    /// The deployment given or planned; the seconds decide when there is none.
    fixed: Option<Deployment>,
    lifecycle: Lifecycle,
    /// The start that may turn out to be that of a deployment, since which all is counted apart.
    undecided: Option<i64>,
    /// Restarts of the service since the deployment.
    pub restarts: u64,
    /// What the lines came to.
    pub counts: Counts,
    /// What people reported and no second was taken in of yet, in the order of time, with their classes.
    signals: VecDeque<(Signal, ClassId)>,
    /// The file that what people said stands in.
    people: String,
    /// The verdict as it was announced last, and whether enough was seen for it to be healthy.
    announced: Verdict,
    is_enough: bool,
    /// First and last time of a record.
    pub records: Option<(Time, Time)>,
    /// Events that lost their labels in a second that held too many different ones.
    pub crowded: u64,
    sets: Sets,
    /// The ids of a second's label sets; kept for their memory.
    ids: Vec<SetId>,
    /// Events of a second that no line tells.
    own: Vec<(SetId, Tally)>,
    /// The last second that entered the windows.
    entered: Option<i64>,
    /// The tick that is evaluated next.
    next_tick: Option<Tick>,
    notices: Vec<Notice>,
    /// Set from outside when the run is to end soon.
    stop: Arc<AtomicBool>,
    /// How many ticks are looked at when it is to.
    ticks_after_stop: u32,
    /// The classes of events that no line tells.
    own_classes: OwnClasses,
    request: Option<ClassId>,
}

impl Judge {
    pub fn new(
        library: Arc<Library>,
        timeline: Timeline,
        rules: Rules,
        report: Report,
        fixed: Option<Deployment>,
    ) -> Self {
        Judge {
            own_classes: OwnClasses::of(&library),
            request: library.class_id(wellknown::REQUEST),
            history: History::new(&library, &report),
            library,
            rules,
            report,
            timeline,
            observed: Observed::default(),
            past: None,
            deployment: None,
            fixed,
            lifecycle: Lifecycle::default(),
            undecided: None,
            restarts: 0,
            counts: Counts::default(),
            signals: VecDeque::new(),
            people: String::new(),
            announced: Verdict::Unknown,
            is_enough: false,
            records: None,
            crowded: 0,
            sets: Sets::default(),
            ids: Vec::new(),
            own: Vec::new(),
            entered: None,
            next_tick: None,
            notices: Vec::new(),
            stop: Arc::default(),
            ticks_after_stop: TICKS_AFTER_STOP,
        }
    }

    /// Once `stop` is set, only a few more ticks are looked at, whatever is taken in: enough for the seconds that wait for their
    /// watermark. Then the rules stand where they had come to.
    pub fn stop_when(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    /// Gives the deployment, before the first second.
    pub fn deployed(&mut self, deployment: Deployment) {
        self.fixed = Some(deployment);
    }

    /// What happened since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Whether something happened that nobody was told of yet.
    pub fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    /// Takes back what happened and nobody was told of.
    pub fn take_back(&mut self, notices: Vec<Notice>) {
        self.notices.splice(..0, notices);
    }

    /// The end of the input, or of its range, before this tick; the rules stand as they are then.
    pub fn end(&mut self, last_tick: Tick) {
        let heard = self.rules.hear_late(last_tick, &self.observed);
        self.notices.extend(heard.into_iter().map(|reached| Notice::Reached(Box::new(reached))));
        let late = self.rules.end(self.armed_until());
        self.notices.extend(late.into_iter().map(|change| Notice::Change(Box::new(change), Cause::Data)));
        if let Some(end) = self.evaluated_until().filter(|_| self.deployment.is_some()) {
            self.rule(end, true);
        }
    }

    /// The end of what the rules have seen: the tick that was evaluated last, or will be next if there was none.
    pub fn evaluated_until(&self) -> Option<Tick> {
        self.next_tick.map(|tick| tick.plus(-1))
    }
}
