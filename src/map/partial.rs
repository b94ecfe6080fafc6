//! Partial: what lines that stand next to each other come to together, counted where they are mapped.
//!
//! Nearly all lines of a log have only to be counted. Those of one second that stand for themselves become one partial, and the
//! lane that takes them in adds it to their second as a whole: so what it does grows with the label sets of a second, not with
//! its lines. A partial says nothing of what came before it; where that matters, as for lines that are late or that an open trace
//! may claim, the lane takes the lines one by one, or has a partial of fewer of them made by the same builder.
//!
//! Of a replay of an app log this takes 28 % of the instructions off the thread that decides, at no more instructions in all but
//! 1 % of an HTTP log's.

use std::ops::Range;

use super::{Fragment, Kind, Line};
use crate::classify::{MOST_VALUES, Via};
use crate::decode::Part;
use crate::needs::Need;
use crate::second::evidence::MOST_EVIDENCE;
use crate::second::{Point, Span, covering};
use crate::time::Time;

/// The partials of one fragment, in its order, with what they hold in few allocations.
#[derive(Clone, Debug, Default)]
pub struct Partials {
    all: Vec<Partial>,
    counts: Vec<Count>,
    points: Vec<Point>,
    /// Lines that may be shown, by their indices in the fragment.
    shown: Vec<u32>,
    /// Lines that may show what a test on values singles out, with the values.
    singled: Vec<(u32, [i64; MOST_VALUES])>,
    /// Deployments that served lines, by the hash of their id, each with the lines that may be its first.
    served: Vec<(u32, u32)>,
}

/// What some lines of one second come to.
#[derive(Clone, Debug)]
pub struct Partial {
    /// Which lines of the fragment.
    pub lines: Range<usize>,
    pub second: i64,
    /// Their first and last time.
    pub records: Span,
    /// The time of the last of them in their order.
    pub last: Time,
    /// The times of what a service wrote itself.
    pub entries: Option<Span>,
    /// The time of the first of that in their order.
    pub first_entry: Option<Time>,
    /// Whether one is of the HTTP log.
    pub has_edge: bool,
    /// Lines with an event at least.
    pub classified: u64,
    counts: Range<usize>,
    served: Range<usize>,
}

/// The events of one label set.
#[derive(Clone, Debug)]
pub struct Count {
    /// Index into the fragment's label sets.
    pub set: u32,
    pub via: Via,
    pub events: u64,
    pub first: Time,
    pub last: Time,
    points: Range<usize>,
    shown: Range<usize>,
    singled: Range<usize>,
}

impl Partials {
    /// The partial that a line is in.
    pub fn of_line(&self, line: usize) -> Option<&Partial> {
        let after = self.all.partition_point(|partial| partial.lines.start <= line);
        self.all[..after].last().filter(|partial| partial.lines.contains(&line))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Partial> {
        self.all.iter()
    }

    pub fn counts(&self, partial: &Partial) -> &[Count] {
        &self.counts[partial.counts.clone()]
    }

    /// The events themselves, where more than their number is kept.
    pub fn points(&self, count: &Count) -> &[Point] {
        &self.points[count.points.clone()]
    }

    /// The lines of which the first by time and text are among those of all.
    pub fn shown(&self, count: &Count) -> &[u32] {
        &self.shown[count.shown.clone()]
    }

    /// The lines of events that a test on values singles out, with their values; the first are among those of all.
    pub fn singled(&self, count: &Count) -> &[(u32, [i64; MOST_VALUES])] {
        &self.singled[count.singled.clone()]
    }

    /// The deployments that served its lines, each with the lines that may be the first by time and text.
    pub fn served(&self, partial: &Partial) -> &[(u32, u32)] {
        &self.served[partial.served.clone()]
    }

    fn clear(&mut self) {
        self.all.clear();
        self.counts.clear();
        self.points.clear();
        self.shown.clear();
        self.singled.clear();
        self.served.clear();
    }
}

/// Makes partials; its memory is used again.
#[derive(Debug, Default)]
pub struct Builder {
    /// By label set and [`Via`]: which of the counts is theirs.
    places: Vec<[u32; 3]>,
    /// Those in the making, and then some of earlier ones for their memory.
    counts: Vec<InMaking>,
    used: usize,
    partials: Partials,
}

#[derive(Debug)]
struct InMaking {
    count: Count,
    points: Vec<Point>,
    shown: Earliest<u32>,
    singled: Earliest<(u32, [i64; MOST_VALUES])>,
}

/// Lines of which the first by time, then text, are among those of all.
#[derive(Debug)]
struct Earliest<T> {
    lines: Vec<T>,
    /// The first of their times, ascending.
    times: [Time; MOST_EVIDENCE],
}

const NONE: u32 = u32::MAX;

impl Builder {
    /// The partials of all lines of a fragment; `need` says of its label sets what has to be kept.
    pub fn all<'n>(&mut self, fragment: &Fragment, need: impl Fn(u32) -> &'n Need) -> Partials {
        self.partials.clear();
        let mut start = 0;
        while start < fragment.lines.len() {
            start = self.add(fragment, start..fragment.lines.len(), &need).max(start + 1);
        }
        std::mem::take(&mut self.partials)
    }

    /// The partial of some lines that are a part of one.
    pub fn part<'n>(&mut self, fragment: &Fragment, lines: Range<usize>, need: impl Fn(u32) -> &'n Need) -> &Partials {
        self.partials.clear();
        self.add(fragment, lines, &need);
        &self.partials
    }

    /// Adds the partial of as many of these lines as one can be made of, from the first on; gives where it ends.
    fn add<'n>(&mut self, fragment: &Fragment, lines: Range<usize>, need: &impl Fn(u32) -> &'n Need) -> usize {
        let Some(begin) = fragment.lines[lines.start].time else { return lines.start };
        let second = begin.second();
        let within = Time::from_second(second)..Time::from_second(second + 1);
        let (counts, served) = (self.partials.counts.len(), self.partials.served.len());
        let mut partial = Partial {
            lines: lines.start..lines.start,
            second,
            records: (begin, begin),
            last: begin,
            entries: None,
            first_entry: None,
            has_edge: false,
            classified: 0,
            counts: counts..counts,
            served: served..served,
        };
        self.places.resize(fragment.sets.len(), [NONE; 3]);
        let mut events_start = fragment.events_before(lines.start);
        for at in lines {
            let line = &fragment.lines[at];
            let events = &fragment.events[events_start..line.events_end as usize];
            let Some(time) = line.time.filter(|time| within.contains(time) && line.is_plain()) else { break };
            if events.iter().any(|event| self.count(event.set, event.via, time, need).is_none()) {
                break;
            }
            for event in events {
                let count = self.places[event.set as usize][event.via as usize];
                let place = (time, line.content, at as u32);
                self.counts[count as usize].add(need(event.set), place, fragment.values(event));
            }
            partial.add(line, time, !events.is_empty());
            let deployment = match line.kind {
                Kind::Edge { deployment } => deployment,
                _ => line.deployment,
            };
            if deployment != 0 {
                self.partials.serve(served, deployment, at as u32, &fragment.lines);
            }
            events_start = line.events_end as usize;
        }
        self.settle();
        partial.counts.end = self.partials.counts.len();
        partial.served.end = self.partials.served.len();
        let end = partial.lines.end;
        if !partial.lines.is_empty() {
            self.partials.all.push(partial);
        }
        end
    }

    /// Where the count of a label set is, which is made if need be; `None` for one whose events are more than counted.
    fn count<'n>(&mut self, set: u32, via: Via, time: Time, need: &impl Fn(u32) -> &'n Need) -> Option<u32> {
        let place = &mut self.places[set as usize][via as usize];
        if *place != NONE {
            return Some(*place);
        }
        if need(set).is_noted {
            return None;
        }
        *place = self.used as u32;
        let count = Count { set, via, events: 0, first: time, last: time, points: 0..0, shown: 0..0, singled: 0..0 };
        match self.counts.get_mut(self.used) {
            Some(spare) => spare.count = count,
            None => self.counts.push(InMaking {
                count,
                points: Vec::new(),
                shown: Earliest::default(),
                singled: Earliest::default(),
            }),
        }
        self.used += 1;
        Some(*place)
    }

    /// Moves what is in the making behind what is made.
    fn settle(&mut self) {
        let Partials { counts, points, shown, singled, .. } = &mut self.partials;
        for made in &mut self.counts[..self.used] {
            let count = made.count.clone();
            self.places[count.set as usize][count.via as usize] = NONE;
            if count.events > 0 {
                let start = points.len();
                points.append(&mut made.points);
                counts.push(Count {
                    points: start..points.len(),
                    shown: made.shown.move_behind(shown),
                    singled: made.singled.move_behind(singled),
                    ..count
                });
            }
        }
        self.used = 0;
    }
}

impl Partials {
    /// Takes note of a line that a deployment served, if it may be the first of its lines from `since` on.
    fn serve(&mut self, since: usize, deployment: u32, line: u32, lines: &[Line]) {
        let time = |line: u32| lines[line as usize].time;
        let of_it = || self.served[since..].iter().filter(|(known, _)| *known == deployment);
        if of_it().all(|(_, known)| time(*known) >= time(line)) {
            self.served.push((deployment, line));
        }
    }
}

impl Partial {
    fn add(&mut self, line: &Line, time: Time, is_classified: bool) {
        self.lines.end += 1;
        self.records = (self.records.0.min(time), self.records.1.max(time));
        self.last = time;
        self.classified += u64::from(is_classified);
        if line.kind == Kind::App {
            self.entries = covering(self.entries, (time, time));
            self.first_entry.get_or_insert(time);
        } else {
            self.has_edge = true;
        }
    }
}

impl InMaking {
    fn add(&mut self, need: &Need, (time, hash, line): (Time, u64, u32), values: &[i64; MOST_VALUES]) {
        let Count { events, first, last, .. } = &mut self.count;
        *events += 1;
        (*first, *last) = ((*first).min(time), (*last).max(time));
        if need.keep.keeps(values) {
            self.points.push(Point { time, hash, values: *values });
        }
        if need.keep.shows() {
            self.shown.add(time, line);
        }
        if need.singles_out(values) {
            self.singled.add(time, (line, *values));
        }
    }
}

impl<T> Default for Earliest<T> {
    fn default() -> Self {
        Earliest { lines: Vec::new(), times: [Time(i64::MAX); MOST_EVIDENCE] }
    }
}

impl<T> Earliest<T> {
    fn add(&mut self, time: Time, line: T) {
        if time > self.times[MOST_EVIDENCE - 1] {
            return;
        }
        self.lines.push(line);
        let at = self.times.partition_point(|earlier| *earlier <= time);
        if at < MOST_EVIDENCE {
            self.times[at..].rotate_right(1);
            self.times[at] = time;
        }
    }

    /// Moves the lines behind others; where they are then.
    fn move_behind(&mut self, others: &mut Vec<T>) -> Range<usize> {
        let start = others.len();
        others.append(&mut self.lines);
        self.times = [Time(i64::MAX); MOST_EVIDENCE];
        start..others.len()
    }
}

impl Line {
    /// Whether it has only to be counted, as far as can be told from the line.
    fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::App | Kind::Edge { .. })
            && !self.opens
            && !self.deferred
            && !self.is_repeated
            && self.part == Part::Whole
    }
}
