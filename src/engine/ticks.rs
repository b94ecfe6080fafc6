//! Ticks: when the watermark of the run has passed a second, the second is sealed and the rules look (SEMANTICS 4).

use std::sync::atomic::Ordering;

use super::{Cause, Engine, Notice};
use crate::classify::Via;
use crate::deployment::{Deployment, From};
use crate::lane::Lane;
use crate::rules::observed::Covered;
use crate::time::Time;

impl Engine {
    /// Evaluates every tick the watermark of the run has reached.
    pub(super) fn tick(&mut self, cause: Cause) {
        // A silent live source is left out, unless all are silent.
        let any_speaks = self.lanes.iter().any(|lane| !lane.is_done() && !lane.idle);
        let counted = self.lanes.iter().filter(|lane| !(lane.is_done() || any_speaks && lane.idle));
        // `None`, which a source is that has shown no time yet, is less than any time.
        if let Some(limit) = counted.map(Lane::limit).min().flatten() {
            self.tick_until(limit.second(), cause);
        }
    }

    /// Evaluates ticks up to `last`.
    pub(super) fn tick_until(&mut self, last: i64, cause: Cause) {
        let Some(mut tick) = self.next_tick.or_else(|| self.buckets.first().map(|second| second + 1)) else { return };
        while tick <= last && !self.stop.load(Ordering::Relaxed) {
            self.seal(tick - 1);
            self.timeline.slide(tick);
            let mut next = tick + 1;
            if self.timeline.is_still() && !(self.may_judge(tick) && self.rules.is_waiting()) {
                // Nothing can change before the next event or the deployment, so the ticks between need not be looked at one
                // by one: one wrong clock can put centuries there.
                let event = self.buckets.first().map_or(last, |second| second.min(last));
                let deployment = self.fixed.filter(|_| self.deployment.is_none());
                next = deployment.map_or(event, |deployment| event.min(deployment.at.second())).max(tick) + 1;
            }
            if self.is_armed(tick - 1) {
                let skipped = (next - tick - 1).min(self.armed_until() - tick).max(0) as u64;
                let changes = self.rules.tick(tick, skipped, &self.timeline, &self.observed);
                self.notices.extend(changes.into_iter().map(|change| Notice::Change(Box::new(change), cause)));
            }
            tick = next;
        }
        self.next_tick = Some(tick);
        self.sealed_before = Time::from_second(tick - 1);
        self.duplicates.forget_before(last);
    }

    /// Completes a second: its events enter the windows and the totals.
    fn seal(&mut self, second: i64) {
        let bucket = self.buckets.take(second).unwrap_or_default();
        self.observe_sources();
        match (self.fixed, self.deployment) {
            (Some(fixed), None) if second >= fixed.at.second() => self.begin(fixed, second),
            (None, None) => {
                let first = self.from.unwrap_or(Time::from_second(second));
                self.begin(
                    bucket.deployment.unwrap_or(Deployment { at: first, from: From::FirstRecord, line: None }),
                    second,
                );
            }
            (None, Some(_)) => {
                if let Some(deployment) = bucket.deployment {
                    self.begin(deployment, second);
                }
            }
            _ => {}
        }
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
            let known = self.buckets.set(pending.set);
            if known.keep.examples && known.examples_until.is_none() {
                self.buckets.set_mut(pending.set).examples_until = self.report.has_examples_until(pending.set);
            }
        }
        self.timeline.seal(second, &bucket, &self.buckets, seen, armed);
        self.buckets.recycle(bucket);
    }

    fn begin(&mut self, deployment: Deployment, second: i64) {
        self.rules.begin(second, &self.timeline, &self.observed);
        self.timeline.begin();
        self.report.begin();
        self.observed.deployed = deployment.at.second();
        self.deployment = Some(deployment);
        self.notices.push(Notice::Deployed(deployment));
    }

    fn is_armed(&self, second: i64) -> bool {
        self.deployment.is_some_and(|deployment| second >= deployment.at.second()) && second < self.armed_until()
    }

    /// Whether rules are looked at in this second or may be in a later one, if there is no other deployment.
    fn may_judge(&self, second: i64) -> bool {
        self.deployment.is_some() && second < self.armed_until()
    }

    fn armed_until(&self) -> i64 {
        self.observed.deployed + self.rules.duration
    }

    fn observe_sources(&mut self) {
        let kinds: [fn(&Lane) -> Option<i64>; 2] = [|lane| lane.app_from, |lane| lane.edge_from];
        // Who asks for a later end says that nothing more happened.
        let asked = self.range.until.and_then(|bound| self.resolve(bound)).map_or(i64::MIN, Time::second);
        let [app, edge] = kinds.map(|from_of| {
            let from = self.lanes.iter().filter_map(from_of).min()?;
            // A source that has shown no record yet may be of this kind.
            let may_carry = self.lanes.iter().filter(|lane| from_of(lane).is_some() || lane.is_unread());
            let until = may_carry.map(|lane| lane.latest().filter(|_| lane.is_done()).map(Time::second));
            let until = until.collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
            Some(Covered { from, until: until.map(|until| until.max(asked)) })
        });
        (self.observed.app, self.observed.edge) = (app, edge);
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
