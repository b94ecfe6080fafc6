//! Lane: the fragments of one source in their order, with what spans records: time, lateness, open entries.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use super::SetId;
use super::assemble::Assembler;
use super::pairs::Pairs;
use crate::map::{Fragment, Kind};
use crate::time::{SECOND, Time};

/// A record this far ahead of the latest one advances nothing until a second one agrees (SEMANTICS 3).
const FAR_AHEAD: i64 = 3_600 * SECOND;

/// A fragment that waits, with the ids of its label sets.
#[derive(Clone, Debug)]
pub struct Queued {
    pub fragment: Rc<Fragment>,
    pub sets: Rc<[SetId]>,
}

/// One source.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Lane {
    /// What the source is called in output.
    pub label: String,
    /// Nanoseconds.
    lateness: i64,
    /// The latest time that the source's records agree on, or its clock was advanced to.
    latest: Option<Time>,
    /// Records before this come too late: the start of the watermark's second.
    late_before: Time,
    /// A record from here on brings the latest time, or the watermark, into another second.
    next_step: Time,
    /// A time far ahead that one record gave.
    ahead: Option<Time>,
    /// The last time seen, for records without one.
    pub last_time: Option<Time>,
    pub assembler: Assembler,
    pub pairs: Pairs,
    pub line_number: u64,
    /// How many lines there are, if they come from the last to the first.
    pub newest_first: Option<u64>,
    /// The first second with a record of the HTTP log.
    pub edge_from: Option<i64>,
    pub ended: bool,
    /// Left out of the run's watermark until it speaks again.
    pub idle: bool,
    #[serde(skip)]
    pub queue: VecDeque<Queued>,
    /// The next line of the first fragment in the queue.
    pub cursor: usize,
}

impl Lane {
    pub fn new(label: String, lateness: i64) -> Self {
        Lane {
            label,
            lateness,
            latest: None,
            late_before: Time(i64::MIN),
            next_step: Time(i64::MIN),
            ahead: None,
            last_time: None,
            assembler: Assembler::default(),
            pairs: Pairs::default(),
            line_number: 0,
            newest_first: None,
            edge_from: None,
            ended: false,
            idle: false,
            queue: VecDeque::new(),
            cursor: 0,
        }
    }

    pub fn latest(&self) -> Option<Time> {
        self.latest
    }

    /// Before the first record: how many nanoseconds late one may come.
    pub fn set_lateness(&mut self, lateness: i64) {
        if self.latest.is_none() {
            self.lateness = lateness;
        }
    }

    /// The number in the file of the line that came as this one, both from 1.
    pub fn number_in_file(&self, line_number: u64) -> u64 {
        self.newest_first.map_or(line_number, |lines| (lines + 1).saturating_sub(line_number))
    }

    /// No record before this is expected any more, as far as the lines read tell.
    pub fn watermark(&self) -> Option<Time> {
        self.latest.map(|latest| latest.saturating_add(-self.lateness))
    }

    /// The watermark with the line that waits for its turn, if one does and its clock can be believed.
    pub fn reached(&self) -> Option<Time> {
        let next = self.next_position().filter(|next| self.latest.is_none_or(|latest| next.since(latest) <= FAR_AHEAD));
        let reached = next.filter(|next| next.0 > i64::MIN).max(self.latest);
        reached.map(|reached| reached.saturating_add(-self.lateness))
    }

    /// Whether nothing more can come of it.
    pub fn is_done(&self) -> bool {
        self.ended && self.queue.is_empty() && self.assembler.is_idle()
    }

    /// Whether a record of this time comes too late to be used.
    pub fn is_late(&self, time: Time) -> bool {
        time < self.late_before
    }

    /// A record from this time on completes an entry that is open.
    pub fn expires(&self) -> Option<Time> {
        self.assembler.expires().map(|watermark| watermark.saturating_add(self.lateness))
    }

    /// The times of records that are not late, and bring nothing into another second.
    pub fn quiet(&self) -> Range<Time> {
        self.late_before..self.next_step
    }

    /// Whether a record of this time is not so far ahead that another one has to agree.
    pub fn believes(&self, time: Time) -> bool {
        self.latest.is_some_and(|latest| time.since(latest) <= FAR_AHEAD)
    }

    /// Whether a record of this time brings the latest time, or the watermark, into another second.
    pub fn steps_at(&self, time: Time) -> bool {
        time >= self.next_step
    }

    /// Takes note of records whose times are [quiet](Lane::quiet): the greatest of them, and that of the last one.
    pub fn observe_quiet(&mut self, greatest: Time, last: Time) {
        self.latest = self.latest.max(Some(greatest));
        self.last_time = Some(last);
    }

    /// Takes note of a record's time; `true` when it brought the latest time into another second.
    pub fn observe(&mut self, time: Time) -> bool {
        self.last_time = Some(time);
        let Some(latest) = self.latest else {
            self.move_on(time);
            return true;
        };
        if time.since(latest) <= FAR_AHEAD {
            return time > latest && self.move_on(time);
        }
        match self.ahead {
            Some(ahead) if time.since(ahead).saturating_abs() <= FAR_AHEAD => {
                self.ahead = None;
                self.move_on(ahead.max(time))
            }
            _ => {
                self.ahead = Some(time);
                false
            }
        }
    }

    /// Moves the clock of a silent source.
    pub fn advance(&mut self, to: Time) {
        if self.latest.is_some_and(|latest| to > latest) {
            self.move_on(to);
        }
    }

    /// Sets the latest time; `true` when it lies in another second than before.
    fn move_on(&mut self, latest: Time) -> bool {
        let before = self.latest.replace(latest);
        if latest < self.next_step {
            return false;
        }
        let watermark = latest.saturating_add(-self.lateness).second();
        self.late_before = Time::from_second(watermark);
        let steps =
            [Time::from_second(latest.second() + 1), Time::from_second(watermark + 1).saturating_add(self.lateness)];
        self.next_step = steps[0].min(steps[1]);
        before.map(Time::second) != Some(latest.second())
    }

    /// The time up to which the next line would bring the source: where it stands in a merge by time.
    pub fn next_position(&self) -> Option<Time> {
        let line = self.queue.front()?.fragment.lines.get(self.cursor)?;
        let time = match line.kind {
            Kind::App | Kind::Edge { .. } | Kind::Blank => line.time.or(self.last_time),
            Kind::TooLong | Kind::Malformed | Kind::Directive(_) => self.last_time,
        };
        Some(time.unwrap_or(Time(i64::MIN)).max(self.latest.unwrap_or(Time(i64::MIN))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Lane {
        Lane::new("test".into(), 2 * SECOND)
    }

    #[test]
    fn a_record_is_late_when_its_whole_second_lies_before_the_watermark() {
        let mut lane = lane();
        lane.observe(Time(100 * SECOND + 500_000_000));
        assert!(lane.is_late(Time(97 * SECOND + 999_999_999)));
        assert!(!lane.is_late(Time(98 * SECOND)));
    }

    #[test]
    fn every_new_second_is_noticed_and_none_twice() {
        let mut lane = Lane::new("test".into(), 2 * SECOND + 300_000_000);
        let mut late_before = i64::MIN;
        for step in 0..100 {
            let time = Time(100 * SECOND + step * 90_000_000);
            let is_new = step == 0 || time.second() != Time(time.0 - 90_000_000).second();
            assert_eq!(lane.observe(time), is_new);
            assert!(!lane.observe(Time(time.0 - SECOND)));
            let late = lane.watermark().map_or(i64::MIN, |watermark| watermark.second());
            assert!(lane.is_late(Time::from_second(late).saturating_add(-1)) && !lane.is_late(Time::from_second(late)));
            assert!(late >= late_before);
            late_before = late;
        }
    }

    #[test]
    fn one_wrong_clock_makes_nothing_late() {
        let mut lane = lane();
        lane.observe(Time::from_second(100));
        lane.observe(Time::from_second(8_000));
        assert!(!lane.is_late(Time::from_second(101)));
        lane.observe(Time::from_second(101));
        assert_eq!(lane.latest(), Some(Time::from_second(101)));
        lane.observe(Time::from_second(8_001));
        assert_eq!(lane.latest(), Some(Time::from_second(8_001)));
    }
}
