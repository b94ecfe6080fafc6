//! Lifecycle: which starts of a service are deployments, and which are restarts (SEMANTICS 6).
//!
//! Lines show that something started, became ready, was told to stop, or went down, and records of the HTTP log name the
//! deployment that served them. One such sign alone tells little; what came before it does. Signs are taken second by second,
//! in the order of their times, whatever sources they are from.

mod start;

use start::Start;

use crate::classify::{Layer, Sign};
use crate::deployment::{Deployment, From};
use crate::second::Second;
use crate::second::evidence::Evidence;
use crate::time::Time;

/// Seconds. Starts so soon after the first of them are replicas or workers of one start.
const REPLICAS: i64 = 10;
/// Starts closer than this are one deployment in a loop, if nothing says that the latter is a new one: building and starting
/// an image takes longer than a crashed one takes to come back.
const LOOP: i64 = 5 * 60;
/// A platform that brings back what went down does it within this time; a start later than that is somebody's decision.
const REVIVAL: i64 = 10 * 60;
/// The first request that a new deployment serves comes this soon after its start, or belongs to a later one.
const FIRST_REQUEST: i64 = 15 * 60;
/// What is left to do when a service says that it is ready takes no more seconds.
const SETTLING: i64 = 5;
/// What a start does in so many seconds is starting, not running.
pub const START_UP: i64 = 60;

/// What was worked out of the signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Deployed(Deployment),
    /// The deployment's service, or a process of it, came back.
    Restarted(Evidence),
    /// The service failed in this second, and was not ready yet; the line of its start.
    FailedAtStart(Evidence),
}

/// What else happened in a second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Activity {
    /// The service's own log has a request.
    pub serves: bool,
    /// The service's own log has a failure.
    pub fails: bool,
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Lifecycle {
    /// Ids of deployments that served requests, as hashes.
    ids: Vec<u32>,
    /// The newest start.
    newest: Option<Start>,
    /// When the service was last seen to go down, if it has not come back.
    down: Option<i64>,
    /// The service was told to stop, and nothing started since.
    stopping: bool,
    /// Whether starts of the service are followed by a line that says it is ready.
    tells_ready: bool,
    /// The last second that was sealed.
    sealed: Option<i64>,
    /// Whether its own log has had a request.
    has_served: bool,
}

impl Lifecycle {
    /// Works out what the signs of a second mean; seconds come in order.
    pub fn seal(&mut self, complete: &Second, activity: Activity) -> Vec<Step> {
        let second = complete.at;
        let mut signs = complete.signs.clone();
        for (id, line) in &complete.served {
            // Only the first record with an id tells something.
            if !self.ids.contains(id) {
                signs.push((Sign::Served(*id), line.clone()));
            }
        }
        in_order(&mut signs);
        self.sealed = Some(second);
        let mut steps = Vec::new();
        for (sign, shown_by) in signs {
            steps.extend(match sign {
                Sign::Started(layer) => self.started(layer, shown_by),
                Sign::WentDown => {
                    let is_old_one = self.newest.as_ref().is_some_and(|newest| newest.replaces(second));
                    self.down = Some(second).filter(|_| !is_old_one).or(self.down);
                    None
                }
                Sign::Stopping | Sign::ContainerStopping => self.told_to_stop(second, sign),
                Sign::Served(id) => self.served(id, shown_by),
            });
        }
        steps.extend(self.fails_at_start(second, activity));
        steps.extend(self.goes_on(second, activity));
        self.has_served |= activity.serves;
        steps
    }

    /// Whether the service runs as it should, for all that the signs say: it is not starting, and not on its way down.
    pub fn is_steady(&self, second: i64) -> bool {
        let starting = self.newest.as_ref().is_some_and(|newest| second - newest.latest < START_UP);
        // What is served in the second of a failure is served: it was no end.
        !starting && !self.stopping && self.down.is_none_or(|down| second <= down)
    }

    /// Of the seconds between the last one that was sealed and this one, in which nothing happened, the first ones, from one second
    /// up to another, in which the service did not run as usual.
    pub fn unsteady_before(&self, second: i64) -> (i64, i64) {
        let from = self.sealed.map_or(second, |sealed| sealed + 1);
        let started = self.newest.as_ref().map_or(from, |newest| newest.latest + START_UP);
        let steady = if self.stopping || self.down.is_some() { second } else { started };
        (from, steady.min(second))
    }

    /// The start, if any, that may still turn out to be that of a deployment.
    pub fn undecided(&self, second: i64) -> Option<i64> {
        let newest = self.newest.as_ref().filter(|newest| !newest.is_deployment)?;
        Some(newest.first()).filter(|first| second - first <= FIRST_REQUEST)
    }

    fn started(&mut self, layer: Layer, shown_by: Evidence) -> Option<Step> {
        let second = shown_by.time.second();
        let down = self.down;
        self.tells_ready |= layer == Layer::Ready;
        let Some(newest) = &mut self.newest else {
            self.down = None;
            self.stopping = false;
            // The log begins with a service that is down: this start is none of a new deployment.
            let restarted = down.is_some();
            let step = if restarted { Step::Restarted(shown_by.clone()) } else { deployed(layer, &shown_by) };
            let start = Start::new(layer, shown_by, !restarted);
            self.newest = Some(Start { beside_another: self.has_served, ..start });
            return Some(step);
        };
        if newest.is_within(layer) {
            // The container's process comes up, or one of its workers is replaced. After it went down it is brought back.
            newest.latest = second;
            let is_back = down.is_some() && (layer < Layer::Ready || newest.ready);
            newest.ready |= layer == Layer::Ready;
            if is_back || layer == Layer::Ready {
                self.down = None;
            }
            return is_back.then_some(Step::Restarted(shown_by));
        }
        if second - newest.first() <= REPLICAS && down.is_none() && !newest.failed {
            newest.replicas += u32::from(layer <= newest.outermost);
            newest.outermost = newest.outermost.min(layer);
            newest.latest = second;
            newest.ready |= layer == Layer::Ready;
            return None;
        }
        if down.is_none() && newest.is_followed_by_a_replica(second) {
            newest.replicas += 1;
            (newest.latest, newest.rolled, newest.old_stopped) = (second, second, None);
            return None;
        }
        let asked_for = self.stopping;
        let crashed = down.is_some_and(|down| second - down <= REVIVAL);
        let loops = second - newest.latest < LOOP;
        // With ids in the HTTP log, the next one tells.
        let assumed = !crashed && (loops || !self.ids.is_empty());
        let is_deployment = !crashed && !assumed;
        (self.down, self.stopping) = (None, false);
        let step = match is_deployment {
            true => Some(deployed(layer, &shown_by)),
            // Somebody told it to stop, and to start again.
            false if asked_for && !crashed => None,
            false if assumed && !loops => None,
            false => Some(Step::Restarted(shown_by.clone())),
        };
        let id = newest.id.filter(|_| !is_deployment);
        let (beside_another, fails_as_ever) = (self.has_served, newest.failing);
        let replaced = if loops { newest.replaced } else { newest.replicas };
        let start = Start::new(layer, shown_by, is_deployment);
        self.newest = Some(Start { assumed, loops, asked_for, id, beside_another, fails_as_ever, replaced, ..start });
        step
    }

    /// The old container is stopped once the new one runs: so what was taken for a restart is a deployment.
    fn told_to_stop(&mut self, second: i64, sign: Sign) -> Option<Step> {
        match &mut self.newest {
            Some(newest) if second - newest.rolled < LOOP => {
                newest.old_stopped = Some(second);
                let old_one = sign == Sign::ContainerStopping && newest.assumed;
                old_one.then(|| newest.becomes_deployment())
            }
            _ => {
                self.stopping = true;
                None
            }
        }
    }

    /// The first record with a deployment's id.
    fn served(&mut self, id: u32, shown_by: Evidence) -> Option<Step> {
        self.ids.push(id);
        let second = shown_by.time.second();
        let is_first = self.ids.len() == 1;
        if let Some(newest) = self.newest.as_mut().filter(|newest| second - newest.first() <= FIRST_REQUEST) {
            if newest.is_deployment {
                // Before its own first request, the old deployment may have served more.
                if newest.id.is_none() || second - newest.first() < LOOP {
                    newest.id = Some(id);
                    return None;
                }
            } else if !is_first && (!newest.served || second - newest.first() < LOOP) {
                newest.id = Some(id);
                return Some(newest.becomes_deployment());
            }
        }
        if is_first {
            return None;
        }
        let start =
            Start::new(self.newest.as_ref().map_or(Layer::Ready, |newest| newest.outermost), shown_by.clone(), true);
        // Its own start was not seen, or comes now.
        let replaced = self.newest.as_ref().map_or(0, |newest| newest.replicas);
        self.newest = Some(Start { id: Some(id), ready: true, served: true, replicas: 0, replaced, ..start });
        Some(Step::Deployed(Deployment { at: shown_by.time, from: From::DeploymentId, shown_by: Some(shown_by) }))
    }

    /// What fails between the start of a deployment and the time at which it serves for the first time, or where an old process
    /// serves beside it, so that requests tell nothing, the time at which it is ready. What failed at the start before this one
    /// fails as ever.
    fn fails_at_start(&mut self, second: i64, activity: Activity) -> Option<Step> {
        let newest = self.newest.as_mut()?;
        let is_up =
            if newest.beside_another { newest.ready && second - newest.latest > SETTLING } else { newest.served };
        let starts = !is_up && newest.old_stopped.is_none() && second - newest.first() <= START_UP;
        newest.failing |= starts && activity.fails;
        newest.failure_is_unreported |= starts && activity.fails;
        // Whether it is a deployment may show later.
        let is_reported =
            newest.is_deployment && !newest.fails_as_ever && std::mem::take(&mut newest.failure_is_unreported);
        is_reported.then(|| Step::FailedAtStart(newest.shown_by.clone()))
    }

    /// Takes note of what else happened in a second.
    fn goes_on(&mut self, second: i64, activity: Activity) -> Option<Step> {
        if activity.serves && self.down.is_some_and(|down| down < second) {
            self.down = None;
        }
        let newest = self.newest.as_mut().filter(|newest| newest.first() < second)?;
        newest.failed |= activity.fails && !newest.ready && !newest.served;
        if !activity.serves {
            return None;
        }
        // Requests are served before the new process can: the old one is there still.
        let is_open = newest.assumed && !newest.loops && !newest.served;
        if is_open && !newest.ready && self.tells_ready {
            return Some(newest.becomes_deployment());
        }
        // Or it serves beside the new one until it is stopped; then its id, or that, would have been seen by now.
        if is_open && second - newest.first() < START_UP {
            return None;
        }
        newest.served = true;
        (is_open && !newest.asked_for).then(|| Step::Restarted(newest.shown_by.clone()))
    }
}

/// Sorts the signs of a second. At one time those of a source stand as its lines do, for many logs write whole seconds; of
/// several sources comes first what has the first sign, whatever order the sources were named in.
fn in_order(signs: &mut [(Sign, Evidence)]) {
    let mut firsts: Vec<(Time, usize, u64, Sign)> =
        signs.iter().map(|(sign, shown)| (shown.time, shown.source, shown.line, *sign)).collect();
    firsts.sort_unstable();
    firsts.dedup_by_key(|(time, source, ..)| (*time, *source));
    signs.sort_by_key(|(sign, shown)| {
        let first = firsts.iter().find(|(time, source, ..)| (*time, *source) == (shown.time, shown.source));
        (shown.time, first.map(|(.., sign)| *sign), shown.source, shown.line, *sign)
    });
}

fn deployed(layer: Layer, shown_by: &Evidence) -> Step {
    let from = match layer {
        Layer::Container => From::ContainerStarted,
        Layer::Parent | Layer::Server => From::ProcessStarted,
        Layer::Ready => From::ProcessReady,
    };
    Step::Deployed(Deployment { at: shown_by.time, from, shown_by: Some(shown_by.clone()) })
}
