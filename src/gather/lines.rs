//! Lines: each line of a fragment to its count, its entry, and its events in the bucket of their second.

use std::rc::Rc;

use super::{Cause, Gather, SetId};
use crate::classify::{self, ClassId, Found, LabelSets, MOST_VALUES, Via};
use crate::decode::{self, Part};
use crate::gather::assemble::{Begun, Entry, Given, Offer, Open};
use crate::gather::duplicates::Identity;
use crate::map::{self, Fragment, Kind, Line};
use crate::recording::{self, Directive};
use crate::second::evidence::Evidence;
use crate::second::{PAUSE, Second, Tally, covering};
use crate::time::Time;

/// Where an entry stands in the input.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    lane: usize,
    line_number: u64,
    /// The line as it stands in the input.
    line: &'a [u8],
    time: Option<Time>,
    /// The second of the time.
    second: i64,
    content: u64,
}

impl<'a> Place<'a> {
    pub(super) fn new(lane: usize, line_number: u64, line: &'a [u8], time: Option<Time>, content: u64) -> Self {
        Place { lane, line_number, line, time, second: time.map_or(0, Time::second), content }
    }
}

impl Gather {
    pub(super) fn line(&mut self, lane: usize, fragment: &Fragment, sets: &[SetId], at: usize) {
        let line = &fragment.lines[at];
        if let Kind::Directive(directive) = line.kind {
            match directive {
                Directive::Header => {}
                Directive::Advance(to) => self.move_clock(lane, to),
                Directive::Lateness(lateness) => self.lanes[lane].set_lateness(lateness),
                Directive::Lost => self.lose(lane),
                Directive::External => {
                    recording::external(fragment.text_of(line)).iter().for_each(|event| self.external(event));
                }
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
            // Its time is the source's all the same: a range leaves lines out, and changes nothing about the others.
            if let Some(time) = line.time.filter(|time| !self.lanes[lane].is_late(*time)) {
                self.observe(lane, time);
            }
            return;
        }
        self.counts.records += 1;
        if line.is_repeated {
            return self.counts.duplicate += 1;
        }
        let text = fragment.text_of(line);
        if let (Some(time), true) = (line.time, self.lanes.len() > 1) {
            let identity = Identity { time, content: self.content(line, text), origin: line.origin };
            if self.duplicates.is_repeated(lane, identity) {
                return self.counts.duplicate += 1;
            }
        }
        match time {
            None => self.counts.untimed += 1,
            Some(time) if self.lanes[lane].is_late(time) || time < self.sealed_before => return self.counts.late += 1,
            Some(time) => {
                self.observe(lane, time);
                // A record may confirm a time far ahead (SEMANTICS 3), and so be late itself.
                if self.lanes[lane].is_late(time) {
                    return self.counts.late += 1;
                }
                self.buckets.bucket(time.second()).record(time, time);
            }
        }
        self.record(lane, fragment, sets, at, time);
    }

    /// Takes in a record whose time is noted and in no sealed second.
    pub(super) fn record(&mut self, lane: usize, fragment: &Fragment, sets: &[SetId], at: usize, time: Option<Time>) {
        let line = &fragment.lines[at];
        let text = fragment.text_of(line);
        let events = &fragment.events[fragment.events_before(at)..line.events_end as usize];
        let line_number = self.lanes[lane].number_in_file(self.lanes[lane].line_number);
        let place = &Place::new(lane, line_number, text, time, line.content);
        if let Kind::Edge { deployment } = line.kind {
            if let Some(time) = time {
                self.lanes[lane].edge_from.get_or_insert(place.second);
                self.served_by(deployment, time, place);
            }
        } else {
            if let (Some(time), true) = (time, line.deployment != 0) {
                self.served_by(line.deployment, time, place);
            }
            let lane_of = &mut self.lanes[lane];
            let given = Given { line, text, line_number: place.line_number, time };
            let mut is_held = false;
            if line.opens || line.deferred || !lane_of.assembler.passes(line, text) {
                match lane_of.assembler.offer(given) {
                    Offer::Taken => return,
                    Offer::Free => {}
                    Offer::Passed => is_held = true,
                    Offer::Closed(closed) => self.assembled(lane, *closed),
                }
            }
            if !is_held && (line.opens || line.deferred) {
                match self.lanes[lane].assembler.begin(given) {
                    Begun::Held => return,
                    Begun::Instead(oldest) => return self.assembled(lane, *oldest),
                    Begun::Alone => {}
                }
            }
        }
        if line.opens || line.deferred {
            return self.alone(place);
        }
        if line.part != Part::Whole && self.pair(place, line.part) {
            return;
        }
        self.classified(events.is_empty());
        for event in events {
            self.event(place, sets[event.set as usize], event.via, fragment.values(event));
        }
        if line.kind == Kind::App {
            self.occupied(place, events.iter().map(|event| sets[event.set as usize]));
        }
    }

    /// The hash by which a record is known among those of other sources, which may write the same in another way.
    fn content(&mut self, line: &Line, text: &[u8]) -> u64 {
        // Only what is escaped or coloured differs from what it says.
        match memchr::memchr2(b'\\', 0x1b, text) {
            Some(_) => map::content_as_read(text, &mut self.unescaped).unwrap_or(line.content),
            None => line.content,
        }
    }

    /// Takes note of a record's time; closes entries it leaves behind, and evaluates what it completes.
    pub(super) fn observe(&mut self, lane: usize, time: Time) {
        let lane_steps = self.lanes[lane].observe(time);
        if lane_steps || !self.lanes[lane].assembler.is_idle() {
            self.expire(lane);
            self.tick(Cause::Data);
        }
    }

    pub(super) fn expire(&mut self, lane: usize) {
        while let Some(watermark) = self.lanes[lane].watermark() {
            let Some(held) = self.lanes[lane].assembler.expired(watermark) else { break };
            self.assembled(lane, held);
        }
    }

    /// Records that were held until it was known what belongs together.
    pub(super) fn assembled(&mut self, lane: usize, held: Open) {
        for entry in held.entries() {
            self.entry(lane, &entry);
        }
    }

    fn entry(&mut self, lane: usize, entry: &Entry) {
        let from = &entry.from;
        let place = Place::new(lane, from.line_number, &from.line, from.time, from.content);
        if entry.records == 1 {
            return self.alone(&place);
        }
        let mut events = std::mem::take(&mut self.scratch);
        events.clear();
        self.classifier.trim();
        if !self.lanes[lane].pairs.take_entry(&from.line, &entry.text, &mut self.classifier, &mut events) {
            self.classifier.entry(entry.subject(), &mut events);
        }
        self.counts.merged += entry.records - 1;
        self.own_events(&place, &events);
        self.scratch = events;
    }

    /// A record that the map stage left to be classified should it belong to nothing.
    fn alone(&mut self, place: &Place<'_>) {
        let mut events = std::mem::take(&mut self.scratch);
        events.clear();
        self.classifier.trim();
        let mut text = Vec::new();
        if let decode::Line::Record(record) = decode::decode(place.line, &mut text) {
            self.classifier.alone(&record, &mut events);
            if self.lanes[place.lane].pairs.is_said_again(self.classifier.part) {
                events.clear();
            }
        }
        self.own_events(place, &events);
        self.scratch = events;
    }

    /// Joins the lines of one request; whether the line's events were those of the two together.
    fn pair(&mut self, place: &Place<'_>, part: Part) -> bool {
        let mut events = std::mem::take(&mut self.scratch);
        events.clear();
        self.classifier.trim();
        let joined = self.lanes[place.lane].pairs.take(place.line, part, &mut self.classifier, &mut events);
        if joined {
            self.own_events(place, &events);
        }
        self.scratch = events;
        joined
    }

    /// Events of an entry that the engine classified itself.
    fn own_events(&mut self, place: &Place<'_>, events: &[Found]) {
        self.classified(events.is_empty());
        let mut labels = LabelSets::default();
        for found in events {
            labels.copy(self.classifier.labels(found.labels));
        }
        let sets = self.intern(&labels);
        for (event, set) in events.iter().zip(&*sets) {
            self.event(place, *set, event.via, &event.values);
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
    pub(super) fn event(&mut self, place: &Place<'_>, id: SetId, via: Via, values: &[i64; MOST_VALUES]) {
        let set = self.buckets.sets.get(id);
        let (class, need) = (set.class, Rc::clone(&set.need));
        let Some(time) = place.time else { return self.untimed(place, id, via) };
        if need.is_noted
            && let Some(sign) = classify::sign(&self.library, self.buckets.sets.labels(id))
        {
            self.buckets.bucket(place.second).signs.push((sign, evidence(place, time)));
        }
        if need.is_noted && Some(class) == self.rate_limited {
            let dropped = values.iter().find(|value| **value > 0).map_or(0, |millionths| millionths / 1_000_000);
            self.counts.platform_dropped += dropped as u64;
            self.buckets.bucket(place.second).dropped += dropped.max(1) as u64;
        }
        let (second, hash) = (place.second, place.content);
        match self.buckets.open(second).tally(id, via) {
            Some(tally) => tally.add(&need, (time, hash), values, || evidence(place, time)),
            None => {
                let others = self.others(second, class, via, 1);
                others.add(&need, (time, hash), values, || evidence(place, time));
            }
        }
        while let Some((class, tally)) = self.buckets.pushed_out.pop() {
            self.others(second, class, tally.via, tally.events).merge(tally);
        }
    }

    /// Keeps an event that has no time.
    fn untimed(&mut self, place: &Place<'_>, id: SetId, via: Via) {
        self.untimed.sets.copy(self.buckets.sets.labels(id));
        let evidence = vec![evidence(place, Time(0))];
        self.untimed.tallies.push(Tally { events: 1, evidence, ..Tally::new(via) });
    }

    /// The tally for so many events of a second that holds too many label sets: they keep their class, and lose their labels.
    fn others(&mut self, second: i64, class: ClassId, via: Via, events: u64) -> &mut Tally {
        self.buckets.bucket(second).crowded += events;
        let others = self.intern_unlabelled(class);
        self.buckets.tally_of_others(second, others, via)
    }

    /// Notes that the service wrote something, and whether it had been silent.
    fn occupied(&mut self, place: &Place<'_>, sets: impl Iterator<Item = SetId>) {
        let Some(time) = place.time else { return };
        let second = place.second;
        let bucket = self.buckets.bucket(second);
        if bucket.entries.is_some() && bucket.after_pause.is_none() {
            bucket.entries = covering(bucket.entries, (time, time));
            return;
        }
        let silent = bucket.entries.is_none() && self.ends_pause(second, time);
        let gravest = sets.max_by_key(|set| self.library.classes[self.buckets.sets.get(*set).class].severity);
        let bucket = self.buckets.bucket(second);
        bucket.entries = covering(bucket.entries, (time, time));
        let earlier = bucket.after_pause.as_ref().is_none_or(|(line, _)| time < line.time);
        if (silent || bucket.after_pause.is_some()) && earlier {
            bucket.after_pause = Some((evidence(place, time), gravest));
        }
    }

    /// Whether an entry that is the first of its second, by the order of its source, comes after a pause.
    pub(super) fn ends_pause(&self, second: i64, time: Time) -> bool {
        if self.buckets.bucket_of(second).is_some_and(|bucket| bucket.entries.is_some()) {
            return false;
        }
        match self.buckets.previous(second) {
            Some(previous) => second - previous > 1,
            None => self.last_entry.is_some_and(|last| time.since(last) >= PAUSE),
        }
    }

    /// Takes note of the first record with a deployment's id.
    fn served_by(&mut self, id: u32, time: Time, place: &Place<'_>) {
        let bucket = self.buckets.bucket(place.second);
        if id != 0 && !bucket.has_served(id, time) {
            Second::serve(&mut bucket.served, id, evidence(place, time));
        }
    }
}

/// The line as evidence.
fn evidence(place: &Place<'_>, time: Time) -> Evidence {
    Evidence::new(time, place.lane, place.line_number, place.line)
}
