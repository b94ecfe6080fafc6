//! The engine: fragments in, changes of triggers and a summary out. No clock, no files, no threads.
//!
//! Each source has a lane. The engine takes the next line of whichever lane is furthest behind, puts its events into
//! the open buckets, and whenever the watermark of the run has passed a second, seals it and lets the rules look.

mod deployments;
mod lines;
mod people;
mod run;
mod ticks;
mod verdict;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustc_hash::FxHashMap;

use crate::classify::{ClassId, Classifier, Found, LabelSets, Library};
use crate::deployment::Deployment;
use crate::duplicates::Duplicates;
use crate::lane::{Counts, Lane, Queued};
use crate::lifecycle::{self, Lifecycle};
use crate::map::Fragment;
use crate::people::Signal;
use crate::report::{REQUEST, Report};
use crate::rules::Rules;
use crate::rules::checkpoint::Reached;
use crate::rules::observed::Observed;
use crate::rules::trigger::Change;
use crate::rules::verdict::Verdict;
use crate::time::{SECOND, Time};
use crate::timeline::{Buckets, Set, SetId, Timeline};
use deployments::OwnClasses;

pub use verdict::Ruling;

/// Ticks looked at after a run is told to stop: half an hour of a busy log, which takes a fraction of a second.
const TICKS_AFTER_STOP: u32 = 2_000;

/// The class of lines in which the platform says that it dropped some.
pub const RATE_LIMITED: &str = "railway.rate_limited";

/// What a run is to look at, beside its plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Range {
    pub since: Option<Bound>,
    pub until: Option<Bound>,
}

impl Range {
    pub fn is_bounded(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    fn counts_from_deployment(&self) -> bool {
        [self.since, self.until].iter().any(|bound| matches!(bound, Some(Bound::AfterDeployment(_))))
    }
}

/// An end of the range: a time, or seconds after the deployment, which has to be known before the first line
/// ([`Engine::lacks_deployment`]): one that is found on the way would leave out other lines before it is than after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    At(Time),
    AfterDeployment(i64),
}

/// Something the outputs show while the run goes on.
#[derive(Clone, Debug)]
pub enum Notice {
    /// The deployment that is judged from here on.
    Deployed(Deployment),
    Change(Box<Change>, Cause),
    /// A checkpoint or a criterion of success came to something else than before.
    Reached(Box<Reached>),
    /// The verdict is another one than before.
    Verdict(Box<Ruling>),
}

/// What moved the watermark past a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    Data,
    Clock,
}

pub struct Engine {
    pub library: Arc<Library>,
    pub rules: Rules,
    pub report: Report,
    pub counts: Counts,
    pub lanes: Vec<Lane>,
    pub timeline: Timeline,
    pub observed: Observed,
    /// The deployment in force; `None` before the first second is sealed.
    pub deployment: Option<Deployment>,
    /// The deployment given or planned; the records decide when there is none.
    fixed: Option<Deployment>,
    range: Range,
    buckets: Buckets,
    /// Events that lost their labels in a second that held too many different ones.
    pub crowded: u64,
    /// By class, the label set without labels.
    unlabelled: FxHashMap<ClassId, LabelSets>,
    /// What people reported and no second has been sealed of yet, in the order of time, with their classes.
    signals: VecDeque<(Signal, ClassId)>,
    /// The file that what people said stands in.
    people: String,
    duplicates: Duplicates,
    /// What a line says, while it is compared with those of other sources.
    unescaped: Vec<u8>,
    classifier: Classifier,
    scratch: Vec<Found>,
    lifecycle: Lifecycle,
    /// The start that may turn out to be that of a deployment, since which all is counted apart.
    undecided: Option<i64>,
    /// Restarts of the service since the deployment.
    pub restarts: u64,
    /// The tick that is evaluated next.
    next_tick: Option<i64>,
    /// Of the sources that the next tick waited for when ticks were last looked at, the one furthest ahead.
    held_up_by: usize,
    /// The rules have gone past all before this, without a source that was silent.
    sealed_before: Time,
    /// First and last time of a record that was used.
    pub from: Option<Time>,
    pub to: Option<Time>,
    notices: Vec<Notice>,
    /// The verdict as it was told last, and whether enough was seen for it to be healthy.
    verdict: Verdict,
    is_enough: bool,
    /// Set from outside when the run is to end soon.
    stop: Arc<AtomicBool>,
    /// How many ticks are looked at when it is to.
    ticks_after_stop: u32,
    /// The classes of events that the engine itself tells.
    own_classes: OwnClasses,
    rate_limited: Option<ClassId>,
    request: Option<ClassId>,
}

impl Engine {
    pub fn new(
        classifier: Classifier,
        timeline: Timeline,
        rules: Rules,
        report: Report,
        fixed: Option<Deployment>,
        range: Range,
    ) -> Self {
        let library = Arc::clone(&classifier.shared.library);
        Engine {
            own_classes: OwnClasses::of(&library),
            rate_limited: library.class_id(RATE_LIMITED),
            request: library.class_id(REQUEST),
            library,
            rules,
            report,
            counts: Counts::default(),
            lanes: Vec::new(),
            timeline,
            observed: Observed::default(),
            deployment: None,
            fixed,
            range,
            buckets: Buckets::default(),
            crowded: 0,
            unlabelled: FxHashMap::default(),
            signals: VecDeque::new(),
            people: String::new(),
            duplicates: Duplicates::default(),
            unescaped: Vec::new(),
            classifier,
            scratch: Vec::new(),
            lifecycle: Lifecycle::default(),
            undecided: None,
            restarts: 0,
            next_tick: None,
            held_up_by: 0,
            sealed_before: Time(i64::MIN),
            from: None,
            to: None,
            notices: Vec::new(),
            verdict: Verdict::Unknown,
            is_enough: false,
            stop: Arc::default(),
            ticks_after_stop: TICKS_AFTER_STOP,
        }
    }

    /// Once `stop` is set, only a few more ticks are looked at, whatever is fed: enough for the seconds that wait for their
    /// watermark. Then [`Engine::finish`] ends soon, and the rules stand where they had come to.
    pub fn stop_when(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    /// Whether the range counts from a deployment that nobody has given: its ends are unknown then, and leave out nothing.
    pub fn lacks_deployment(&self) -> bool {
        self.fixed.is_none() && self.range.counts_from_deployment()
    }

    /// Gives the deployment, before the first line.
    pub fn deployed(&mut self, deployment: Deployment) {
        self.fixed = Some(deployment);
    }

    /// Adds a source; its index is given to the other calls. `lateness` is in nanoseconds.
    pub fn add_source(&mut self, label: String, lateness: i64) -> usize {
        self.lanes.push(Lane::new(label, lateness));
        self.lanes.len() - 1
    }

    /// Takes the next fragment of a source, and goes as far as all sources allow.
    pub fn feed(&mut self, source: usize, fragment: Fragment) {
        // In all, no more was taken out of the input than was read of it.
        self.counts.bytes = (self.counts.bytes + fragment.bytes).saturating_sub(fragment.own_bytes);
        self.counts.invalid_utf8 += fragment.invalid_utf8;
        self.lanes[source].idle = false;
        if !fragment.lines.is_empty() {
            let sets = self.intern(&fragment.sets);
            self.lanes[source].queue.push_back(Queued { fragment: Rc::new(fragment), sets });
        }
        self.drain();
    }

    /// The source has ended.
    pub fn close(&mut self, source: usize) {
        self.lanes[source].ended = true;
        self.drain();
    }

    /// Moves the clock of a source that is connected but silent.
    pub fn advance(&mut self, source: usize, to: Time) {
        self.lanes[source].idle = true;
        self.drain();
        self.move_clock(source, to);
    }

    /// The source is silent, and its clock is not to be trusted: the others go on without it.
    pub fn leave_out(&mut self, source: usize) {
        self.lanes[source].idle = true;
        self.drain();
        // An only source holds nobody up, and its recording says nothing of this.
        if self.lanes.len() > 1 {
            self.close_entries(source);
        }
        self.tick(Cause::Data);
    }

    /// Lines of a source may be missing before what it gives next.
    pub fn lose(&mut self, source: usize) {
        self.counts.lost += 1;
        let Some(second) = self.lanes[source].latest().map(Time::second) else { return };
        if Time::from_second(second) < self.sealed_before {
            self.observed.dropped = self.observed.dropped.max(Some(second));
        } else {
            self.buckets.bucket(second).dropped += 1;
        }
    }

    fn move_clock(&mut self, lane: usize, to: Time) {
        self.lanes[lane].advance(to);
        self.expire(lane);
        self.tick(Cause::Clock);
    }

    /// The latest time of a record, of all sources.
    pub fn latest(&self) -> Option<Time> {
        self.lanes.iter().filter_map(Lane::latest).max()
    }

    /// Whether a source is waited for before others can go on.
    pub fn is_waiting_for(&self, source: usize) -> bool {
        let lane = &self.lanes[source];
        !lane.ended && lane.queue.is_empty()
    }

    /// What happened since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Closes all that is open, and evaluates up to the last second; the rules stand as they are at the end.
    pub fn finish(&mut self) {
        for lane in &mut self.lanes {
            lane.ended = true;
        }
        self.drain();
        for lane in 0..self.lanes.len() {
            self.close_entries(lane);
        }
        if let Some(last) = self.latest() {
            // Who asks for a later end says that nothing more happened.
            let end = Some(self.last_tick()).filter(|asked| *asked < i64::MAX);
            self.tick_until(end.unwrap_or(last.second() + 1), Cause::Data);
        }
        let heard = self.rules.hear_late(self.last_tick(), &self.observed);
        self.notices.extend(heard.into_iter().map(|reached| Notice::Reached(Box::new(reached))));
        let late = self.rules.end(self.armed_until());
        self.notices.extend(late.into_iter().map(|change| Notice::Change(Box::new(change), Cause::Data)));
        // What a wrong clock put far ahead is told in the totals, and stands in no window.
        self.count_before(i64::MAX);
        if let Some(end) = self.evaluated_until().filter(|_| self.deployment.is_some()) {
            self.rule(end, true);
        }
    }

    /// The tick after the last one evaluated: the end of what the rules have seen.
    pub fn evaluated_until(&self) -> Option<i64> {
        self.next_tick.map(|tick| tick - 1)
    }

    fn close_entries(&mut self, lane: usize) {
        while let Some(held) = self.lanes[lane].assembler.close() {
            self.assembled(lane, held);
        }
    }

    /// Takes lines as far as all sources allow, those furthest behind first.
    fn drain(&mut self) {
        let mut order = self.order();
        while let Some(Reverse((_, lane))) = order.pop() {
            // The fragment stays in the queue while it is read: a lane with lines left holds the watermark of the run.
            if self.buckets.is_crowded() {
                self.forget_unused_sets();
            }
            let Some(Queued { fragment, sets }) = self.lanes[lane].queue.front().cloned() else { break };
            let mut cursor = self.lanes[lane].cursor;
            let end = if self.lanes.len() == 1 { fragment.lines.len() } else { cursor + 1 };
            let mut events_start = cursor.checked_sub(1).map_or(0, |before| fragment.lines[before].events_end);
            while cursor < end {
                let lines = &fragment.lines[cursor..end];
                let taken = self.run(lane, &fragment, &sets, lines, events_start);
                if let Some(last) = lines[..taken].last() {
                    events_start = last.events_end;
                }
                if let Some(line) = lines.get(taken) {
                    self.lanes[lane].cursor = cursor + taken;
                    self.line(lane, &fragment, &sets, line, events_start);
                    events_start = line.events_end;
                }
                cursor = end.min(cursor + taken + 1);
            }
            if cursor == fragment.lines.len() {
                self.lanes[lane].queue.pop_front();
                cursor = 0;
            }
            let own = &mut self.lanes[lane];
            own.cursor = cursor;
            match own.next_position() {
                Some(position) => order.push(Reverse((position, lane))),
                None if own.ended || own.idle => {}
                None => break,
            }
        }
    }

    /// The ids of label sets.
    fn intern(&mut self, sets: &LabelSets) -> Rc<[SetId]> {
        let Engine { buckets, timeline, report, library, rate_limited, .. } = self;
        let mut intern = |labels| {
            buckets.sets.intern(labels, |labels, matches| {
                let mut set = Set::new(labels.class);
                set.is_noted = Some(labels.class) == *rate_limited || lifecycle::sign(library, labels).is_some();
                set.keep = timeline.matches(labels, matches).and(report.keep(labels));
                set.examples_until = report.examples_until(labels);
                set
            })
        };
        sets.iter().map(&mut intern).collect()
    }

    /// The id of a class's label set without labels.
    fn intern_unlabelled(&mut self, class: ClassId) -> SetId {
        let labels = self.library.classes[class].labels.len();
        let unlabelled = self.unlabelled.remove(&class).unwrap_or_else(|| LabelSets::unlabelled(class, labels));
        let ids = self.intern(&unlabelled);
        self.unlabelled.insert(class, unlabelled);
        ids[0]
    }

    /// Forgets label sets that are in use nowhere, and renumbers those of the fragments that wait.
    fn forget_unused_sets(&mut self) {
        self.buckets.forget_unused();
        self.report.forget_sets();
        for lane in 0..self.lanes.len() {
            for at in 0..self.lanes[lane].queue.len() {
                let fragment = Rc::clone(&self.lanes[lane].queue[at].fragment);
                self.lanes[lane].queue[at].sets = self.intern(&fragment.sets);
            }
        }
    }

    /// The lanes that have lines, by where their next ones stand in time; empty while one that counts has nothing to offer.
    fn order(&self) -> BinaryHeap<Reverse<(Time, usize)>> {
        if self.lanes.iter().any(|lane| lane.queue.is_empty() && !lane.ended && !lane.idle) {
            return BinaryHeap::new();
        }
        let positions = self.lanes.iter().enumerate().filter_map(|(index, lane)| Some((lane.next_position()?, index)));
        positions.map(Reverse).collect()
    }

    fn in_range(&self, time: Option<Time>) -> bool {
        if self.range.since.is_none() && self.range.until.is_none() {
            return true;
        }
        let Some(time) = time else { return false };
        let after = self.range.since.is_none_or(|bound| self.resolve(bound).is_none_or(|since| time >= since));
        after && self.range.until.is_none_or(|bound| self.resolve(bound).is_none_or(|until| time < until))
    }

    fn resolve(&self, bound: Bound) -> Option<Time> {
        match bound {
            Bound::At(time) => Some(time),
            Bound::AfterDeployment(seconds) => {
                let deployment = self.fixed.as_ref()?;
                Some(deployment.at.saturating_add(seconds.saturating_mul(SECOND)))
            }
        }
    }
}
