//! The engine: fragments in, changes of triggers and a summary out. No clock, no files, no threads.
//!
//! Each source has a lane. The engine takes the next line of whichever lane is furthest behind, puts its events into
//! the open buckets, and whenever the watermark of the run has passed a second, seals it and lets the rules look.

use std::rc::Rc;
use std::sync::Arc;

use crate::assemble::{Head, Open};
use crate::classify::{ClassId, Classifier, Event, LabelSet, Library, MOST_VALUES, NO_VALUE, Opens, Via};
use crate::decode;
use crate::deployment::{Deployment, From};
use crate::duplicates::Duplicates;
use crate::lane::{Counts, Lane, Queued};
use crate::map::{Fragment, Kind, Line};
use crate::recording::Directive;
use crate::report::{REQUEST, Report};
use crate::rules::Rules;
use crate::rules::evaluate::{Covered, Observed};
use crate::rules::trigger::Change;
use crate::time::{SECOND, Time};
use crate::timeline::cell::Evidence;
use crate::timeline::{Buckets, Pending, Point, Set, SetId, Timeline};

/// The class of lines in which the platform says that it dropped some.
pub const RATE_LIMITED: &str = "railway.rate_limited";

/// What a run is to look at, beside its plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Range {
    pub since: Option<Bound>,
    pub until: Option<Bound>,
}

/// An end of the range: a time, or seconds after the deployment.
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
    duplicates: Duplicates,
    classifier: Classifier,
    scratch: Vec<Event>,
    deployments_seen: Vec<u32>,
    /// The tick that is evaluated next.
    next_tick: Option<i64>,
    /// First and last time of a record that was used.
    pub from: Option<Time>,
    pub to: Option<Time>,
    notices: Vec<Notice>,
    started: Option<ClassId>,
    rate_limited: Option<ClassId>,
    request: Option<ClassId>,
}

/// Where an entry stands in the input.
#[derive(Clone, Copy)]
struct Place<'a> {
    lane: usize,
    line_number: u64,
    /// The line as it stands in the input.
    line: &'a [u8],
    time: Option<Time>,
    content: u64,
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
            started: library.class_id("process.started"),
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
            duplicates: Duplicates::default(),
            classifier,
            scratch: Vec::new(),
            deployments_seen: Vec::new(),
            next_tick: None,
            from: None,
            to: None,
            notices: Vec::new(),
        }
    }

    /// Adds a source; its index is given to the other calls. `lateness` is in nanoseconds.
    pub fn add_source(&mut self, label: String, lateness: i64) -> usize {
        self.lanes.push(Lane::new(label, lateness));
        self.lanes.len() - 1
    }

    /// Takes the next fragment of a source, and goes as far as all sources allow.
    pub fn feed(&mut self, source: usize, fragment: Fragment) {
        self.counts.bytes += fragment.bytes;
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
        self.tick(Cause::Data);
    }

    fn move_clock(&mut self, lane: usize, to: Time) {
        self.lanes[lane].advance(to);
        self.expire(lane);
        self.tick(Cause::Clock);
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
            while let Some(entry) = self.lanes[lane].assembler.close() {
                self.entry(lane, &entry);
            }
        }
        let last = self.lanes.iter().filter_map(Lane::latest).max();
        let until = self.range.until.and_then(|bound| self.resolve(bound));
        if let Some(last) = last {
            let end = until.map_or(last.second() + 1, |until| until.second().max(last.second() + 1));
            self.tick_until(end, Cause::Data);
        }
        // What a wrong clock put far ahead is told in the totals, and stands in no window.
        while let Some(second) = self.buckets.first() {
            if let Some(bucket) = self.buckets.take(second) {
                let seen = self.seen_best(second);
                self.report.seal(&bucket, &self.buckets, seen, false);
            }
        }
    }

    /// The tick after the last one evaluated: the end of what the rules have seen.
    pub fn evaluated_until(&self) -> Option<i64> {
        self.next_tick.map(|tick| tick - 1)
    }

    fn drain(&mut self) {
        while let Some(lane) = self.next_lane() {
            // The fragment stays in the queue while it is read: a lane with lines left holds the watermark of the run.
            if self.buckets.is_crowded() {
                self.forget_unused_sets();
            }
            let Some(Queued { fragment, sets }) = self.lanes[lane].queue.front().cloned() else { break };
            let mut cursor = self.lanes[lane].cursor;
            let end = if self.lanes.len() == 1 { fragment.lines.len() } else { cursor + 1 };
            let mut events_start = cursor.checked_sub(1).map_or(0, |before| fragment.lines[before].events_end);
            for line in &fragment.lines[cursor..end] {
                self.line(lane, &fragment, &sets, line, events_start);
                events_start = line.events_end;
            }
            cursor = end;
            if cursor == fragment.lines.len() {
                self.lanes[lane].queue.pop_front();
                cursor = 0;
            }
            self.lanes[lane].cursor = cursor;
        }
    }

    fn intern(&mut self, sets: &[Arc<LabelSet>]) -> Rc<[SetId]> {
        let (buckets, timeline, report) = (&mut self.buckets, &mut self.timeline, &self.report);
        sets.iter().map(|labels| buckets.intern(labels, |labels| work_out(timeline, report, labels))).collect()
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

    /// The lane whose next line comes next in time; `None` while one that counts has nothing to offer.
    fn next_lane(&self) -> Option<usize> {
        if self.lanes.len() == 1 {
            return (!self.lanes[0].queue.is_empty()).then_some(0);
        }
        if self.lanes.iter().any(|lane| lane.queue.is_empty() && !lane.ended && !lane.idle) {
            return None;
        }
        let positions = self.lanes.iter().enumerate().filter_map(|(index, lane)| Some((lane.next_position()?, index)));
        positions.min().map(|(_, index)| index)
    }

    fn line(&mut self, lane: usize, fragment: &Fragment, sets: &[SetId], line: &Line, events_start: u32) {
        if let Kind::Directive(directive) = line.kind {
            if let Directive::Advance(to) = directive {
                self.move_clock(lane, to);
            }
            return;
        }
        self.counts.lines += 1;
        self.lanes[lane].line_number += 1;
        match line.kind {
            Kind::TooLong => return self.counts.too_long += 1,
            Kind::Malformed => return self.counts.malformed += 1,
            Kind::Blank | Kind::App | Kind::Edge { .. } | Kind::Directive(_) => {}
        }
        let time = line.time.or(self.lanes[lane].last_time);
        if line.kind == Kind::Blank || !self.in_range(time) {
            self.counts.skipped += 1;
            if let (Kind::Blank, Some(time)) = (line.kind, line.time) {
                self.observe(lane, time);
            }
            return;
        }
        self.counts.records += 1;
        if let (Some(time), true) = (line.time, self.lanes.len() > 1)
            && self.duplicates.is_repeated(lane, (time, line.stream, line.content))
        {
            return self.counts.duplicate += 1;
        }
        match time {
            None => self.counts.untimed += 1,
            Some(time) if self.lanes[lane].is_late(time) || self.is_sealed(time) => return self.counts.late += 1,
            Some(time) => {
                self.observe(lane, time);
                self.from = Some(self.from.map_or(time, |from| from.min(time)));
                self.to = Some(self.to.map_or(time, |to| to.max(time)));
            }
        }
        let text = &fragment.text[line.start as usize..(line.start + line.length) as usize];
        let place = Place { lane, line_number: self.lanes[lane].line_number, line: text, time, content: line.content };
        if let Kind::Edge { deployment } = line.kind {
            if let Some(time) = time {
                self.lanes[lane].edge_from.get_or_insert(time.second());
                self.edge_deployment(deployment, time, place);
            }
        } else {
            if let Some(time) = time {
                self.lanes[lane].app_from.get_or_insert(time.second());
            }
            if !self.lanes[lane].assembler.is_idle() {
                match self.lanes[lane].assembler.offer(line.stream, text, time) {
                    Ok(()) => return,
                    Err(Some(closed)) => self.entry(lane, &closed),
                    Err(None) => {}
                }
            }
            if line.opens != Opens::Nothing {
                let head = Head {
                    line: text,
                    line_number: place.line_number,
                    stream: line.stream,
                    opens: line.opens,
                    time,
                    raw_level: line.raw_level,
                    content: line.content,
                };
                self.lanes[lane].assembler.begin(head);
                return;
            }
        }
        if line.deferred {
            return self.alone(place);
        }
        let events = &fragment.events[events_start as usize..line.events_end as usize];
        self.classified(events.is_empty());
        for event in events {
            self.event(place, sets[event.set as usize], event.via, fragment.values(event));
        }
        if line.kind == Kind::App {
            self.occupied(place, events.iter().map(|event| sets[event.set as usize]));
        }
    }

    /// Takes note of a record's time; closes entries it leaves behind, and evaluates what it completes.
    fn observe(&mut self, lane: usize, time: Time) {
        let before = self.lanes[lane].latest().map(Time::second);
        self.lanes[lane].observe(time);
        if self.lanes[lane].latest().map(Time::second) != before || !self.lanes[lane].assembler.is_idle() {
            self.expire(lane);
            self.tick(Cause::Data);
        }
    }

    fn expire(&mut self, lane: usize) {
        while let Some(watermark) = self.lanes[lane].watermark() {
            let Some(entry) = self.lanes[lane].assembler.expired(watermark) else { break };
            self.entry(lane, &entry);
        }
    }

    /// A closed entry of one or more records.
    fn entry(&mut self, lane: usize, entry: &Open) {
        let mut events = std::mem::take(&mut self.scratch);
        events.clear();
        self.classifier.entry(entry.subject(), &mut events);
        self.counts.merged += entry.records - 1;
        let place = Place {
            lane,
            line_number: entry.line_number,
            line: &entry.first_line,
            time: entry.time,
            content: entry.content,
        };
        self.own_events(place, &events);
        self.scratch = events;
    }

    /// A record that the map stage left to be classified should it belong to no entry.
    fn alone(&mut self, place: Place<'_>) {
        let mut events = std::mem::take(&mut self.scratch);
        events.clear();
        let mut text = Vec::new();
        if let decode::Line::Record(record) = decode::decode(place.line, &mut text) {
            self.classifier.record(&record, &mut events);
        }
        self.own_events(place, &events);
        self.scratch = events;
    }

    /// Events of an entry that the engine classified itself.
    fn own_events(&mut self, place: Place<'_>, events: &[Event]) {
        self.classified(events.is_empty());
        let labels: Vec<Arc<LabelSet>> = events.iter().map(|event| Arc::clone(&event.labels)).collect();
        let sets = self.intern(&labels);
        for (event, set) in events.iter().zip(&*sets) {
            self.event(place, *set, event.via, event.values);
        }
        self.occupied(place, sets.iter().copied());
    }

    fn classified(&mut self, by_nothing: bool) {
        if by_nothing {
            self.counts.unclassified += 1;
        } else {
            self.counts.classified += 1;
        }
    }

    /// Puts one event of an entry into the bucket of its second.
    fn event(&mut self, place: Place<'_>, id: SetId, via: Via, values: [i64; MOST_VALUES]) {
        let set = self.buckets.set(id);
        let (class, keep) = (set.labels.class, set.keep);
        let Some(time) = place.time else {
            let mut pending = Pending { events: 1, ..Pending::default() };
            pending.evidence.push(evidence(place, Time(0)));
            let labels = Arc::clone(&set.labels);
            return self.report.add_untimed(&labels, &pending);
        };
        if Some(class) == self.started {
            self.process_started(time, place);
        }
        if Some(class) == self.rate_limited {
            let dropped = values.iter().find(|value| **value > 0).map_or(0, |millionths| millionths / 1_000_000);
            self.counts.platform_dropped += dropped as u64;
            self.buckets.bucket(time.second()).dropped += dropped.max(1) as u64;
        }
        if via == Via::Access && Some(class) == self.request && values[0] != NO_VALUE {
            self.observed.access_durations = true;
        }
        let pending = self.buckets.bucket(time.second()).cells.entry((id, via)).or_default();
        pending.add(keep, Point { time, hash: place.content, values }, || evidence(place, time));
    }

    /// Notes that the service wrote something, and whether it had been silent.
    fn occupied(&mut self, place: Place<'_>, sets: impl Iterator<Item = SetId>) {
        let Some(time) = place.time else { return };
        let second = time.second();
        let bucket = self.buckets.bucket(second);
        if let (Some((first, last)), None) = (bucket.entries, &bucket.after_pause) {
            bucket.entries = Some((first.min(time), last.max(time)));
            return;
        }
        let silent = match self.buckets.previous(second) {
            Some(previous) => second - previous > 1,
            None => self.report.after_pause(time),
        };
        let gravest = sets
            .map(|set| Arc::clone(&self.buckets.set(set).labels))
            .max_by_key(|labels| self.library.classes[labels.class].severity);
        let bucket = self.buckets.bucket(second);
        bucket.entries = Some(bucket.entries.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        let earlier = bucket.after_pause.as_ref().is_none_or(|(line, _)| time < line.time);
        if (silent || bucket.after_pause.is_some()) && earlier {
            bucket.after_pause = Some((evidence(place, time), gravest));
        }
    }

    fn edge_deployment(&mut self, id: u32, time: Time, place: Place<'_>) {
        if id != 0 && self.fixed.is_none() && !self.deployments_seen.contains(&id) {
            self.deployments_seen.push(id);
            let line = Some((place.lane, place.line_number));
            self.buckets.bucket(time.second()).deployment =
                Some(Deployment { at: time, from: From::DeploymentId, line });
        }
    }

    fn process_started(&mut self, time: Time, place: Place<'_>) {
        // A deployment id tells deployments from restarts; a start alone cannot.
        if self.fixed.is_some() || !self.deployments_seen.is_empty() {
            return;
        }
        let line = Some((place.lane, place.line_number));
        let known = &mut self.buckets.bucket(time.second()).deployment;
        if known.is_none_or(|known| known.at <= time) {
            *known = Some(Deployment { at: time, from: From::ProcessStarted, line });
        }
    }

    fn in_range(&self, time: Option<Time>) -> bool {
        if self.range.since.is_none() && self.range.until.is_none() {
            return true;
        }
        let Some(time) = time else { return false };
        let after = self.range.since.is_none_or(|bound| self.resolve(bound).is_some_and(|since| time >= since));
        after && self.range.until.is_none_or(|bound| self.resolve(bound).is_none_or(|until| time < until))
    }

    /// Whether the rules have gone past a time: without a source that was silent.
    fn is_sealed(&self, time: Time) -> bool {
        self.next_tick.is_some_and(|tick| time.second() < tick - 1)
    }

    fn resolve(&self, bound: Bound) -> Option<Time> {
        match bound {
            Bound::At(time) => Some(time),
            Bound::AfterDeployment(seconds) => {
                let deployment = self.fixed.or(self.deployment)?;
                Some(deployment.at.saturating_add(seconds * SECOND))
            }
        }
    }

    /// Evaluates every tick the watermark of the run has reached.
    fn tick(&mut self, cause: Cause) {
        let open = |lane: &&Lane| !lane.is_done();
        let speaks = |lane: &&Lane| open(lane) && !lane.idle;
        // A silent live source is left out, unless all are silent.
        let lanes: Vec<&Lane> = match self.lanes.iter().any(|lane| speaks(&lane)) {
            true => self.lanes.iter().filter(speaks).collect(),
            false => self.lanes.iter().filter(open).collect(),
        };
        let limit =
            lanes.into_iter().map(Lane::limit).collect::<Option<Vec<_>>>().and_then(|limits| limits.into_iter().min());
        if let Some(limit) = limit {
            self.tick_until(limit.second(), cause);
        }
    }

    /// Evaluates ticks up to `last`.
    fn tick_until(&mut self, last: i64, cause: Cause) {
        let Some(mut tick) = self.next_tick.or_else(|| self.buckets.first().map(|second| second + 1)) else { return };
        while tick <= last {
            self.seal(tick - 1);
            self.timeline.slide(tick);
            let mut next = tick + 1;
            if self.timeline.is_still() && !self.rules.is_waiting() {
                // Nothing can change before the next event, so the ticks between need not be looked at one by one.
                next = self.buckets.first().map_or(last + 1, |second| (second + 1).min(last + 1)).max(next);
            }
            if self.is_armed(tick - 1) {
                let skipped = (next - tick - 1).min(self.armed_until() - tick).max(0) as u64;
                let changes = self.rules.tick(tick, skipped, &self.timeline, &self.observed);
                self.notices.extend(changes.into_iter().map(|change| Notice::Change(Box::new(change), cause)));
            }
            tick = next;
        }
        self.next_tick = Some(tick);
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
        if bucket.cells.is_empty() && bucket.entries.is_none() {
            return;
        }
        let seen = self.seen_best(second);
        let armed = self.is_armed(second);
        self.report.seal(&bucket, &self.buckets, seen, armed);
        self.timeline.seal(second, &bucket, &self.buckets, seen, armed);
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

fn work_out(timeline: &mut Timeline, report: &Report, labels: &Arc<LabelSet>) -> Set {
    let (matches, keep) = timeline.matches(labels);
    Set { labels: Arc::clone(labels), keep: keep.and(report.keep(labels)), matches }
}

/// The line as evidence: what it says, not how it was wrapped.
fn evidence(place: Place<'_>, time: Time) -> Evidence {
    /// Characters of a line that are kept.
    const LONGEST: usize = 400;
    let mut scratch = Vec::new();
    let text = match decode::decode(place.line, &mut scratch) {
        decode::Line::Record(record) => match &record.edge {
            None => String::from_utf8_lossy(&record.says()).into_owned(),
            Some(edge) => {
                let [method, target] =
                    [edge.method, edge.target].map(|text| String::from_utf8_lossy(&text.read()).into_owned());
                format!("{method} {target} {}", edge.status)
            }
        },
        _ => String::from_utf8_lossy(place.line).into_owned(),
    };
    let line = text.lines().next().unwrap_or_default();
    let text: Arc<str> = line[..line.floor_char_boundary(LONGEST)].into();
    Evidence { time, text, source: place.lane, line: place.line_number }
}
