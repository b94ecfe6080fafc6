//! Gather: the fragments of all sources to complete seconds, in the order of time. No clock, no files, no threads.
//!
//! Each source has a lane. The next line is always that of the lane that is furthest behind; its events go into the bucket of
//! their second. When the watermark of the run has passed a second, it is complete, and is given on.

pub mod assemble;
mod buckets;
mod duplicates;
mod external;
pub mod lane;
mod lines;
mod merge;
pub mod pairs;
mod saved;
mod sets;
mod watermark;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::classify::{ClassId, Classifier, Found, LabelSets, Library, wellknown};
use crate::map::{Fragment, partial};
use crate::needs::Needs;
use crate::second::{Counts, Second};
use crate::time::{SECOND, Time};
use buckets::Buckets;
use duplicates::Duplicates;
use lane::{Lane, Queued};
pub use saved::Error as SavedError;
use sets::Set;
pub use sets::SetId;

/// Steps that are given on together: so few that what they hold is still in the processor's caches.
const MOST_STEPS: usize = 16;

/// What a run is to look at, beside its plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Range {
    /// Lines before it are skipped.
    pub since: Option<Bound>,
    /// Lines from it on are skipped.
    pub until: Option<Bound>,
}

impl Range {
    /// Whether it leaves anything out.
    pub fn is_bounded(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    fn counts_from_deployment(&self) -> bool {
        [self.since, self.until].iter().any(|bound| matches!(bound, Some(Bound::AfterDeployment(_))))
    }
}

/// An end of the range: a time, or seconds after the deployment, which has to be known before the first line
/// ([`Gather::lacks_deployment`]): one that is found on the way would leave out other lines before it is than after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Bound {
    /// A moment.
    At(Time),
    /// So many nanoseconds after the deployment.
    AfterDeployment(i64),
}

/// What moved the watermark past a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A later record.
    Data,
    /// The clock: a live source was silent.
    Clock,
}

/// What is given on.
#[derive(Debug)]
pub enum Step {
    /// A second that is complete; they come in the order of time. All between two of them are complete, too, and nothing happened
    /// there.
    Sealed(Second, Cause),
    /// All seconds before this one are complete.
    Until(i64, Cause),
    /// Events that count in the totals alone: the watermark never passed them.
    Beyond(Second),
    /// Events without any time.
    Untimed(Second),
    /// Lines of a second that was given on may be missing.
    Lost(i64),
    /// What the lines came to that were read since the last second was complete.
    Rest(Counts),
}

pub struct Gather {
    library: Arc<Library>,
    pub counts: Counts,
    /// What of it was given on.
    given: Counts,
    pub lanes: Vec<Lane>,
    needs: Arc<Needs>,
    /// Makes partials of fewer lines than the map stage took.
    builder: partial::Builder,
    /// The time of the deployment, if it was given.
    deployed_at: Option<Time>,
    range: Range,
    buckets: Buckets,
    /// Events without any time.
    untimed: Second,
    /// By class, the label set without labels.
    unlabelled: FxHashMap<ClassId, LabelSets>,
    duplicates: Duplicates,
    /// What a line says, while it is compared with those of other sources.
    unescaped: Vec<u8>,
    classifier: Classifier,
    scratch: Vec<Found>,
    /// The second before which all that was given on lies comes to an end here.
    next_tick: Option<i64>,
    /// Of the sources that were waited for when the watermark was last looked at, the one furthest ahead.
    held_up_by: usize,
    /// All before this was given on, without a source that was silent.
    sealed_before: Time,
    /// The last entry of what was given on.
    last_entry: Option<Time>,
    steps: Vec<Step>,
    rate_limited: Option<ClassId>,
}

impl Gather {
    pub fn new(classifier: Classifier, needs: Needs, deployed_at: Option<Time>, range: Range) -> Self {
        let library = Arc::clone(&classifier.shared.library);
        Gather {
            rate_limited: library.class_id(wellknown::RATE_LIMITED),
            library,
            counts: Counts::default(),
            given: Counts::default(),
            lanes: Vec::new(),
            needs: Arc::new(needs),
            builder: partial::Builder::default(),
            deployed_at,
            range,
            buckets: Buckets::default(),
            untimed: Second::default(),
            unlabelled: FxHashMap::default(),
            duplicates: Duplicates::default(),
            unescaped: Vec::new(),
            classifier,
            scratch: Vec::new(),
            next_tick: None,
            held_up_by: 0,
            sealed_before: Time(i64::MIN),
            last_entry: None,
            steps: Vec::new(),
        }
    }

    /// What the map stage has to keep of events.
    pub fn needs(&self) -> Arc<Needs> {
        Arc::clone(&self.needs)
    }

    /// Whether the range counts from a deployment that nobody has given: its ends are unknown then, and leave out nothing.
    pub fn lacks_deployment(&self) -> bool {
        self.deployed_at.is_none() && self.range.counts_from_deployment()
    }

    /// Gives the time of the deployment, before the first line.
    pub fn deployed(&mut self, at: Time) {
        self.deployed_at = Some(at);
    }

    /// Adds a source; its index is given to the other calls. `lateness` is in nanoseconds.
    pub fn add_source(&mut self, label: String, lateness: i64) -> usize {
        self.lanes.push(Lane::new(label, lateness));
        self.lanes.len() - 1
    }

    /// Queues the next fragment of a source.
    pub fn queue(&mut self, source: usize, fragment: Fragment) {
        // In all, no more was taken out of the input than was read of it.
        self.counts.bytes = (self.counts.bytes + fragment.bytes).saturating_sub(fragment.own_bytes);
        self.counts.invalid_utf8 += fragment.invalid_utf8;
        self.lanes[source].idle = false;
        if !fragment.lines.is_empty() {
            let sets = self.intern(&fragment.sets);
            self.lanes[source].queue.push_back(Queued { fragment: Rc::new(fragment), sets });
        }
    }

    /// The source has ended.
    pub fn end(&mut self, source: usize) {
        self.lanes[source].ended = true;
    }

    /// The source is silent: the others do not wait for it.
    pub fn rest(&mut self, source: usize) {
        self.lanes[source].idle = true;
    }

    /// Lines of a source may be missing before what it gives next.
    pub fn lose(&mut self, source: usize) {
        self.counts.lost += 1;
        let Some(second) = self.lanes[source].latest().map(Time::second) else { return };
        if Time::from_second(second) < self.sealed_before {
            self.steps.push(Step::Lost(second));
        } else {
            self.buckets.bucket(second).dropped += 1;
        }
    }

    /// Moves the clock of a source.
    pub fn move_clock(&mut self, source: usize, to: Time) {
        self.lanes[source].advance(to);
        self.expire(source);
        self.tick(Cause::Clock);
    }

    /// The others go on without a source that is silent.
    pub fn leave_out(&mut self, source: usize) {
        // An only source holds nobody up, and its recording says nothing of this.
        if self.lanes.len() > 1 {
            self.close_entries(source);
        }
        self.tick(Cause::Data);
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

    /// What was completed since the last call.
    pub fn take_steps(&mut self) -> Vec<Step> {
        if !self.untimed.tallies.is_empty() {
            self.steps.push(Step::Untimed(std::mem::take(&mut self.untimed)));
        }
        std::mem::take(&mut self.steps)
    }

    /// Takes back a second, for its memory.
    pub fn recycle(&mut self, second: Second) {
        self.buckets.recycle(second);
    }

    /// Closes all that is open, once all sources have ended and no line is left: what is complete, and the rest, which a wrong
    /// clock put far ahead.
    pub fn finish(&mut self) {
        for lane in 0..self.lanes.len() {
            self.close_entries(lane);
        }
        if let Some(last) = self.latest() {
            // Who asks for a later end says that nothing more happened.
            let end = Some(self.last_tick()).filter(|asked| *asked < i64::MAX);
            self.complete_until(end.unwrap_or(last.second() + 1), Cause::Data);
        }
        self.give_on_before(i64::MAX);
        let rest = self.uncounted();
        self.steps.push(Step::Rest(rest));
    }

    /// What the lines came to since this was asked last.
    fn uncounted(&mut self) -> Counts {
        let counts = self.counts.since(&self.given);
        self.given = self.counts;
        counts
    }

    fn close_entries(&mut self, lane: usize) {
        while let Some(held) = self.lanes[lane].assembler.close() {
            self.assembled(lane, held);
        }
    }

    /// Takes lines as far as all sources allow, those furthest behind first. `true` if it stopped because there is much to give
    /// on.
    pub fn drain(&mut self) -> bool {
        let mut order = self.order();
        while let Some(Reverse((_, lane))) = order.pop() {
            // The fragment stays in the queue while it is read: a lane with lines left holds the watermark of the run.
            if self.buckets.is_crowded() {
                self.forget_unused_sets();
            }
            let Some(Queued { fragment, sets }) = self.lanes[lane].queue.front().cloned() else { break };
            let mut cursor = self.lanes[lane].cursor;
            let end = if self.lanes.len() == 1 { fragment.lines.len() } else { cursor + 1 };
            while cursor < end && self.steps.len() < MOST_STEPS {
                self.lanes[lane].cursor = cursor;
                let taken = self.merge(lane, &fragment, &sets, cursor);
                if taken == 0 {
                    self.line(lane, &fragment, &sets, cursor);
                }
                cursor += taken.max(1);
            }
            if cursor == fragment.lines.len() {
                self.lanes[lane].queue.pop_front();
                cursor = 0;
            }
            let own = &mut self.lanes[lane];
            own.cursor = cursor;
            if self.steps.len() >= MOST_STEPS {
                return true;
            }
            match own.next_position() {
                Some(position) => order.push(Reverse((position, lane))),
                None if own.ended || own.idle => {}
                None => break,
            }
        }
        false
    }

    /// The ids of label sets.
    fn intern(&mut self, sets: &LabelSets) -> Rc<[SetId]> {
        let Gather { buckets, needs, .. } = self;
        let mut intern = |labels| buckets.sets.intern(labels, |labels| Set::new(labels.class, needs.need(labels)));
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
            Bound::AfterDeployment(seconds) => Some(self.deployed_at?.saturating_add(seconds.saturating_mul(SECOND))),
        }
    }
}
