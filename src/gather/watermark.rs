//! The watermark of the run: when it has passed a second, the second is complete, and is given on (SEMANTICS 4).

use super::{Cause, Gather, Step};
use crate::classify::Via;
use crate::gather::lane::Lane;
use crate::second::Second;
use crate::time::Time;

impl Gather {
    /// Gives on every second that the watermark of the run has passed.
    pub(super) fn tick(&mut self, cause: Cause) {
        // Of thousands of sources one look at the right one mostly says that no second is complete.
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
            self.complete_until(opened.map_or(reached, |opened| opened.min(reached)).second(), cause);
        }
        let due = self.due();
        let holding = self.lanes.iter().enumerate().filter(|(_, lane)| counts(lane) && holds_up(lane, due));
        let longest = holding.map(|(index, lane)| (lane.reached(), index)).max();
        self.held_up_by = longest.map_or(self.held_up_by, |(_, index)| index);
    }

    /// Gives on what lies before a second, as far as the range reaches.
    pub(super) fn complete_until(&mut self, last: i64, cause: Cause) {
        let Some(due) = self.due().filter(|due| *due <= last) else { return };
        self.give_on_before(due - 1);
        let last = last.min(self.last_tick());
        while self.buckets.first().is_some_and(|second| second < last) {
            if let Some(second) = self.seal() {
                self.last_entry = second.entries.map(|(_, last)| last).or(self.last_entry);
                self.steps.push(Step::Sealed(second, cause));
            }
        }
        if due <= last {
            self.steps.push(Step::Until(last, cause));
        }
        let next = due.max(last.saturating_add(1));
        self.next_tick = Some(next);
        self.sealed_before = Time::from_second(next - 1);
        self.duplicates.forget_before(next - 1);
    }

    /// What is in the seconds before this one counts in the totals alone.
    pub(super) fn give_on_before(&mut self, end: i64) {
        while self.buckets.first().is_some_and(|second| second < end) {
            let second = self.seal();
            self.steps.extend(second.map(Step::Beyond));
        }
    }

    /// Completes the first second that is open.
    fn seal(&mut self) -> Option<Second> {
        let second = self.buckets.take()?;
        let seen = self.seen_best(second.at);
        Some(Second { seen, counts: self.uncounted(), ..second })
    }

    /// The second after the next one that is to be completed; `None` before there is any.
    fn due(&self) -> Option<i64> {
        self.next_tick.or_else(|| self.buckets.first().map(|second| second + 1))
    }

    /// The second after the last one that the range lets pass.
    pub fn last_tick(&self) -> i64 {
        let until = self.range.until.and_then(|bound| self.resolve(bound));
        until.map_or(i64::MAX, |until| until.saturating_add(-1).second() + 1)
    }

    /// How requests of a second were seen best: by the HTTP log where one covers it (SEMANTICS 18), from its first record
    /// to its watermark, or its end.
    fn seen_best(&self, second: i64) -> Via {
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
