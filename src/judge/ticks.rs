//! Ticks: after each whole second the rules look at what the windows hold (SEMANTICS 4).

use std::sync::atomic::Ordering;

use super::{Judge, Notice};
use crate::classify::{LabelSets, NO_VALUE, Via};
use crate::gather::{Cause, Step};
use crate::rules::observed::Covered;
use crate::second::{Second, covering};
use crate::timeline::{Admits, Sealed, SetId, Tick};

impl Judge {
    /// Takes in what was gathered; gives back a second, for its memory.
    pub fn take(&mut self, step: Step) -> Option<Second> {
        match step {
            Step::Sealed(second, cause) => {
                self.seal(&second, cause);
                return Some(second);
            }
            Step::Until(tick, cause) => self.tick_until(Tick::at(tick), cause),
            Step::Beyond(second) => {
                self.count(&second);
                return Some(second);
            }
            Step::Untimed(events) => self.report.add_untimed(&events),
            Step::Rest(counts) => self.counts.add(&counts),
            Step::Lost(second) => self.observed.dropped = self.observed.dropped.max(Some(second)),
        }
        None
    }

    /// Takes in a second that is complete, once the rules have looked at all before it.
    pub fn seal(&mut self, second: &Second, cause: Cause) {
        self.tick_until(Tick::at(second.at), cause);
        if self.next_tick.is_some_and(|tick| tick.second() <= second.at) {
            // The run was told to stop, and the rules stand where they had come to.
            return self.count(second);
        }
        self.next_tick = Some(Tick::after(second.at));
        self.enter(second);
    }

    /// Evaluates ticks up to `last`. Those at which nothing can change are not looked at: one wrong clock can put centuries
    /// between two records.
    pub fn tick_until(&mut self, last: Tick, cause: Cause) {
        let Some(mut tick) = self.next_tick.filter(|tick| *tick <= last) else { return };
        while tick <= last && self.may_go_on() {
            if self.entered.is_none_or(|second| second < tick.ended()) {
                self.enter(&Second::new(tick.ended()));
            }
            let leaves = self.timeline.slide(tick);
            let deployment = self.fixed.as_ref().filter(|_| self.deployment.is_none());
            let begins = deployment.map_or(Tick::NEVER, |deployment| Tick::after(deployment.at.second()));
            let mut next = last.plus(1).min(leaves).min(begins).min(self.next_signal()).max(tick.plus(1));
            if self.is_armed(tick.ended()) {
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
                next = next.min(self.next_ruling(tick));
                self.rules.stay(tick, next.since(tick) - 1);
            }
            tick = next;
        }
        self.next_tick = Some(tick);
    }

    /// Whether another tick is to be looked at: whoever stops a run does not wait for more than a few.
    fn may_go_on(&mut self) -> bool {
        if !self.stop.load(Ordering::Relaxed) {
            return true;
        }
        self.ticks_after_stop = self.ticks_after_stop.saturating_sub(1);
        self.ticks_after_stop > 0
    }

    /// The events of a second enter the windows and the totals.
    fn enter(&mut self, second: &Second) {
        self.entered = Some(second.at);
        self.make_room();
        self.observe(second);
        if second.dropped > 0 {
            self.observed.dropped = self.observed.dropped.max(Some(second.at));
        }
        self.own.clear();
        self.follow_lifecycle(second);
        self.hear_signals(second.at);
        let ids = self.intern(&second.sets);
        let armed = self.is_armed(second.at);
        let sealed = Sealed { second, ids: &ids, own: &self.own, sets: &self.sets };
        if !sealed.is_empty() {
            self.report.seal(sealed, armed);
            self.history.add(sealed);
            let admits = Admits {
                rules: armed,
                deploy: armed && Tick::at(second.at) < self.armed_until(),
                baseline: self.lifecycle.is_steady(second.at),
            };
            self.timeline.seal(sealed, admits);
        }
        self.ids = ids;
    }

    /// What happened in a second enters the totals, and no window.
    fn count(&mut self, second: &Second) {
        self.make_room();
        self.observe(second);
        let ids = self.intern(&second.sets);
        self.report.seal(Sealed { second, ids: &ids, own: &[], sets: &self.sets }, false);
        self.ids = ids;
    }

    fn make_room(&mut self) {
        if self.sets.make_room() {
            self.report.forget_sets();
        }
    }

    /// The ids of label sets.
    pub(super) fn intern(&mut self, labels: &LabelSets) -> Vec<SetId> {
        let mut ids = std::mem::take(&mut self.ids);
        ids.clear();
        let timeline = &self.timeline;
        ids.extend(labels.iter().map(|set| self.sets.intern(set, |labels, matches| timeline.matches(labels, matches))));
        ids
    }

    /// Whether the rules look at a second.
    fn is_armed(&self, second: i64) -> bool {
        self.deployment.as_ref().is_some_and(|deployment| second >= deployment.at.second())
    }

    /// Changes at later ticks are told only if they last to the end.
    pub(super) fn armed_until(&self) -> Tick {
        Tick::at(self.observed.deployed).plus(self.rules.duration)
    }

    /// Takes note of what the sources cover.
    fn observe(&mut self, second: &Second) {
        self.counts.add(&second.counts);
        self.crowded += second.crowded;
        let cover = |covered: &mut Option<Covered>| {
            let from = covered.map_or(second.at, |covered| covered.from.min(second.at));
            *covered = Some(Covered { from });
        };
        for set in second.sets.iter() {
            let carriers = self.library.classes[set.class].carriers;
            if carriers.probes {
                cover(&mut self.observed.probes);
            }
            if carriers.metrics {
                cover(&mut self.observed.metrics);
            }
        }
        let Some(records) = second.records else { return };
        self.records = covering(self.records, records);
        if second.entries.is_some() {
            cover(&mut self.observed.app);
        }
        if second.has_edge() {
            cover(&mut self.observed.edge);
        }
        if !self.observed.access_durations {
            let requests = second.sets.iter().zip(&second.tallies);
            let mut access = requests
                .filter(|(labels, tally)| tally.via == Via::Access && Some(labels.class) == self.request)
                .flat_map(|(_, tally)| &tally.points);
            self.observed.access_durations = access.any(|point| point.values[0] != NO_VALUE);
        }
    }
}
