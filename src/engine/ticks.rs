//! Ticks: when the watermark of the run has passed a second, the second is sealed and the rules look (SEMANTICS 4).

use std::sync::atomic::Ordering;

use super::{Cause, Engine, Notice};
use crate::classify::Via;
use crate::lane::Lane;
use crate::rules::observed::Covered;
use crate::time::Time;
use crate::timeline::Admits;

impl Engine {
    /// Evaluates every tick the watermark of the run has reached.
    pub(super) fn tick(&mut self, cause: Cause) {
        // Of thousands of sources one look at the right one mostly says that no tick is due.
        let holds_up = |lane: &Lane, due: Option<i64>| {
            lane.reached().is_none_or(|reached| due.is_none_or(|due| reached.second() < due))
        };
        let held_up = &self.lanes[self.held_up_by];
        if !held_up.is_done() && !held_up.idle && holds_up(held_up, self.due()) {
            return;
        }
        // A silent live source is left out, unless all are silent; but for the entry it has open, which is older than that.
        let any_speaks = self.lanes.iter().any(|lane| !lane.is_done() && !lane.idle);
        let counts = |lane: &Lane| !(lane.is_done() || any_speaks && lane.idle);
        // `None`, which a source is that has shown no time yet, is less than any time.
        if let Some(reached) = self.lanes.iter().filter(|lane| counts(lane)).map(Lane::reached).min().flatten() {
            let opened = self.lanes.iter().filter_map(|lane| lane.assembler.earliest()).min();
            self.tick_until(opened.map_or(reached, |opened| opened.min(reached)).second(), cause);
        }
        let due = self.due();
        let holding = self.lanes.iter().enumerate().filter(|(_, lane)| counts(lane) && holds_up(lane, due));
        let longest = holding.map(|(index, lane)| (lane.reached(), index)).max();
        self.held_up_by = longest.map_or(self.held_up_by, |(_, index)| index);
    }

    /// Evaluates ticks up to `last`, as far as the range reaches. Those at which nothing can change are not looked at: one
    /// wrong clock can put centuries between two records.
    pub(super) fn tick_until(&mut self, last: i64, cause: Cause) {
        let Some(mut tick) = self.due().filter(|tick| *tick <= last) else { return };
        self.count_before(tick - 1);
        let last = last.min(self.last_tick());
        while tick <= last && self.may_go_on() {
            self.seal(tick - 1);
            let leaves = self.timeline.slide(tick);
            let event = self.buckets.first().map_or(i64::MAX, |second| second + 1);
            let deployment = self.fixed.as_ref().filter(|_| self.deployment.is_none());
            let begins = deployment.map_or(i64::MAX, |deployment| deployment.at.second() + 1);
            let mut next = (last + 1)
                .min(leaves)
                .min(event)
                .min(begins)
                .min(self.next_signal())
                .min(self.next_ruling(tick))
                .max(tick + 1);
            if self.is_armed(tick - 1) {
                let changes = self.rules.tick(tick, &self.timeline, &self.observed);
                let mut has_news = !changes.is_empty();
                if tick <= self.armed_until() {
                    self.notices.extend(changes.into_iter().map(|change| Notice::Change(Box::new(change), cause)));
                }
                let reached = self.rules.look(tick, &self.timeline, &self.observed);
                has_news |= !reached.is_empty();
                self.notices.extend(reached.into_iter().map(|reached| Notice::Reached(Box::new(reached))));
                next = self.rules.steady_until(tick, next, &self.timeline, &self.observed);
                self.rule(tick, has_news);
                self.rules.stay(tick, next - tick - 1);
            }
            tick = next;
        }
        self.next_tick = Some(tick);
        self.sealed_before = Time::from_second(tick - 1);
        self.duplicates.forget_before(tick - 1);
    }

    /// The tick that is evaluated next; `None` before there is anything to evaluate.
    fn due(&self) -> Option<i64> {
        self.next_tick.or_else(|| self.buckets.first().map(|second| second + 1))
    }

    /// The last tick that the range lets the rules look at.
    pub(super) fn last_tick(&self) -> i64 {
        let until = self.range.until.and_then(|bound| self.resolve(bound));
        until.map_or(i64::MAX, |until| until.saturating_add(-1).second() + 1)
    }

    /// Whether another tick is to be looked at: whoever stops a run does not wait for more than a few.
    fn may_go_on(&mut self) -> bool {
        if !self.stop.load(Ordering::Relaxed) {
            return true;
        }
        self.ticks_after_stop = self.ticks_after_stop.saturating_sub(1);
        self.ticks_after_stop > 0
    }

    /// Completes a second: its events enter the windows and the totals.
    fn seal(&mut self, second: i64) {
        self.observe_sources();
        self.follow_lifecycle(second);
        self.hear_signals(second);
        let bucket = self.buckets.take(second).unwrap_or_default();
        if bucket.dropped > 0 {
            self.observed.dropped = Some(second);
        }
        if bucket.cells().is_empty() && bucket.entries.is_none() {
            return;
        }
        let seen = self.seen_best(second);
        let armed = self.is_armed(second);
        self.report.seal(&bucket, &self.buckets, seen, armed);
        for pending in bucket.cells() {
            let known = self.buckets.sets.get(pending.set);
            if known.keep.examples && known.examples_until.is_none() {
                self.buckets.sets.get_mut(pending.set).examples_until = self.report.has_examples_until(pending.set);
            }
        }
        let admits = Admits {
            rules: armed,
            deploy: armed && second < self.armed_until(),
            baseline: self.lifecycle.is_steady(second),
        };
        self.timeline.seal(second, &bucket, &self.buckets, seen, admits);
        self.buckets.recycle(bucket);
    }

    /// What is in the seconds before this one enters the totals, and no window.
    pub(super) fn count_before(&mut self, end: i64) {
        while let Some(second) = self.buckets.first().filter(|second| *second < end) {
            if let Some(bucket) = self.buckets.take(second) {
                let seen = self.seen_best(second);
                self.report.seal(&bucket, &self.buckets, seen, false);
            }
        }
    }

    fn is_armed(&self, second: i64) -> bool {
        self.deployment.as_ref().is_some_and(|deployment| second >= deployment.at.second())
    }

    /// Changes at later ticks are told only if they last to the end.
    pub(super) fn armed_until(&self) -> i64 {
        self.observed.deployed.saturating_add(self.rules.duration)
    }

    fn observe_sources(&mut self) {
        // Once all have ended, a source that ended before the others was silent until then; and who asks for a later end says
        // that nothing more happened.
        let ends = self.lanes.iter().map(|lane| lane.latest().filter(|_| lane.is_done()).map(Time::second));
        let asked = self.range.until.and_then(|bound| self.resolve(bound)).map_or(i64::MIN, Time::second);
        let end = ends.collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max()).map(|end| end.max(asked));
        let covered = |from_of: fn(&Lane) -> Option<i64>| {
            let from = self.lanes.iter().filter_map(from_of).min()?;
            Some(Covered { from, until: end })
        };
        (self.observed.app, self.observed.edge) = (covered(|lane| lane.app_from), covered(|lane| lane.edge_from));
    }

    /// How requests of a second were seen best: by the HTTP log where one covers it (SEMANTICS 18), from its first record
    /// to its watermark, or its end.
    pub(super) fn seen_best(&self, second: i64) -> Via {
        let covers = |lane: &Lane| {
            let reached = match lane.ended && lane.queue.is_empty() {
                true => lane.latest().map(|latest| latest.second() + 1),
                false => lane.reached().map(Time::second),
            };
            lane.edge_from.is_some_and(|from| from <= second) && reached.is_some_and(|reached| second < reached)
        };
        if self.lanes.iter().any(covers) { Via::Edge } else { Via::Access }
    }
}
