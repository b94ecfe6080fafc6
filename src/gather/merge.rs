//! Merge: what lines come to together, added to their second as a whole.

use super::{Gather, SetId};
use crate::map::partial::{Partial, Partials};
use crate::map::{Fragment, Kind};
use crate::second::evidence::Evidence;
use crate::second::{Second, Singled, covering};

/// Lines that are taken together.
#[derive(Clone, Copy)]
struct Taken<'a> {
    lane: usize,
    fragment: &'a Fragment,
    /// By the index of its label sets.
    sets: &'a [SetId],
    /// The first of them, and its number in the source.
    from: usize,
    number: u64,
}

impl Gather {
    /// Takes as many lines of a source, from one on, as are in one partial and have only to be counted: none is late, brings
    /// anything into another second but the first, ends a pause, or may belong to what is open. Returns how many it took; with none
    /// it leaves the line to [`Gather::line`], which does the same and more.
    pub(super) fn merge(&mut self, lane: usize, fragment: &Fragment, sets: &[SetId], from: usize) -> usize {
        if self.lanes.len() > 1 || self.range.is_bounded() {
            return 0;
        }
        let Some(partial) = fragment.partials.of_line(from) else { return 0 };
        let Some(begin) = fragment.lines[from].time else { return 0 };
        let own = &mut self.lanes[lane];
        let lines = Taken { lane, fragment, sets, from, number: own.line_number + 1 };
        if begin < self.sealed_before || own.is_late(begin) || !own.believes(begin) {
            return 0;
        }
        // Whatever is open may be complete by now, and with it seconds: before that the line is counted.
        let is_observed = own.steps_at(begin) || !own.assembler.is_idle();
        if is_observed {
            own.line_number += 1;
            self.counts.lines += 1;
            self.counts.records += 1;
            self.observe(lane, begin);
        }
        let taken = self.mergeable(lane, fragment, partial, from);
        if taken == 0 {
            if is_observed {
                self.buckets.bucket(partial.second).record(begin, begin);
                self.record(lane, fragment, sets, from, Some(begin));
            }
            return usize::from(is_observed);
        }
        let rest = taken as u64 - u64::from(is_observed);
        self.lanes[lane].line_number += rest;
        self.counts.lines += rest;
        self.counts.records += rest;
        if taken == partial.lines.len() {
            self.add(lines, &fragment.partials, partial);
        } else {
            let mut builder = std::mem::take(&mut self.builder);
            let need = |set: u32| &*self.buckets.sets.get(sets[set as usize]).need;
            let partials = builder.part(fragment, from..from + taken, need);
            partials.iter().for_each(|partial| self.add(lines, partials, partial));
            self.builder = builder;
        }
        taken
    }

    /// How many lines of a partial, from one on, have only to be counted.
    fn mergeable(&mut self, lane: usize, fragment: &Fragment, partial: &Partial, from: usize) -> usize {
        let silent = partial.first_entry.is_some_and(|first| self.ends_pause(partial.second, first));
        let bucket = self.buckets.bucket_of(partial.second);
        let has_paused = bucket.is_some_and(|bucket| bucket.after_pause.is_some());
        let has_room = bucket.is_none_or(|bucket| bucket.has_room_for(fragment.partials.counts(partial).len()));
        if silent || has_paused || !has_room {
            return 0;
        }
        let own = &mut self.lanes[lane];
        let quiet = own.quiet();
        let until = quiet.end.min(own.expires().unwrap_or(quiet.end));
        let times = quiet.start.max(self.sealed_before)..until;
        let is_idle = own.assembler.is_idle();
        if is_idle && from == partial.lines.start && times.contains(&partial.records.0) && partial.records.1 < times.end
        {
            return partial.lines.len();
        }
        let lines = fragment.lines[from..partial.lines.end].iter();
        let fits = lines.take_while(|line| {
            line.time.is_some_and(|time| times.contains(&time))
                && (is_idle || line.kind != Kind::App || own.assembler.passes(line, fragment.text_of(line)))
        });
        fits.count()
    }

    fn add(&mut self, lines: Taken<'_>, partials: &Partials, partial: &Partial) {
        let Taken { lane, fragment, sets, from, number } = lines;
        let own = &mut self.lanes[lane];
        own.observe_quiet(partial.records.1, partial.last);
        if partial.has_edge {
            own.edge_from.get_or_insert(partial.second);
        }
        self.counts.classified += partial.classified;
        self.counts.unclassified += partial.lines.len() as u64 - partial.classified;
        let evidence = |line: u32| {
            let number = own.number_in_file(number + u64::from(line) - from as u64);
            let line = &fragment.lines[line as usize];
            line.time.map(|time| Evidence::new(time, lane, number, fragment.text_of(line)))
        };
        let mut open = self.buckets.open(partial.second);
        open.bucket.record(partial.records.0, partial.records.1);
        if let Some(entries) = partial.entries {
            open.bucket.entries = covering(open.bucket.entries, entries);
        }
        for (deployment, line) in partials.served(partial) {
            let time = fragment.lines[*line as usize].time;
            if time.is_some_and(|time| !open.bucket.has_served(*deployment, time))
                && let Some(evidence) = evidence(*line)
            {
                Second::serve(&mut open.bucket.served, *deployment, evidence);
            }
        }
        for count in partials.counts(partial) {
            let set = sets[count.set as usize];
            // There is room for it.
            let Some(tally) = open.tally(set, count.via) else { continue };
            tally.count(count.events, (count.first, count.last));
            tally.points.extend_from_slice(partials.points(count));
            for line in partials.shown(count) {
                let time = fragment.lines[*line as usize].time;
                if time.is_some_and(|time| tally.would_show(time)) {
                    evidence(*line).into_iter().for_each(|line| tally.show(&line));
                }
            }
            for (line, values) in partials.singled(count) {
                evidence(*line).into_iter().for_each(|line| tally.single_out(Singled { line, values: *values }));
            }
        }
    }
}
