//! Runs: lines of one second that have only to be counted, as nearly all have. What is the same for all of them is looked at
//! once.

use super::{Gather, SetId};
use crate::classify::Via;
use crate::decode::Part;
use crate::map::{Fragment, Kind, Line, Mapped};
use crate::second::evidence::Evidence;
use crate::time::Time;

impl Gather {
    /// Takes as many of the next lines of a source as are of one second, stand for themselves, and move nothing on. All
    /// others are for [`Gather::line`], which does the same with them and more. Returns how many there were.
    pub(super) fn run(
        &mut self,
        lane: usize,
        fragment: &Fragment,
        sets: &[SetId],
        lines: &[Line],
        mut events_start: u32,
    ) -> usize {
        if self.lanes.len() > 1 || self.range.is_bounded() {
            return 0;
        }
        let own = &mut self.lanes[lane];
        let Some(begin) = lines.first().and_then(|line| line.time) else { return 0 };
        let (quiet, second) = (own.quiet(), begin.second());
        let from = quiet.start.max(Time::from_second(second)).max(self.sealed_before);
        let until = quiet.end.min(Time::from_second(second + 1)).min(own.expires().unwrap_or(quiet.end));
        if !(from..until).contains(&begin) {
            return 0;
        }
        let Some(mut open) = self.buckets.opened(second) else { return 0 };
        // The first line of a second may end a pause.
        let entries = open.bucket.entries.filter(|_| open.bucket.after_pause.is_none());
        let (mut first_entry, mut last_entry) = entries.unwrap_or((begin, begin));
        let (mut least, mut greatest, mut last) = (begin, begin, begin);
        let (mut taken, mut classified) = (0, 0);
        for line in lines {
            let Some(time) = line.time.filter(|time| (from..until).contains(time)) else { break };
            let is_known = match line.kind {
                Kind::App => {
                    entries.is_some() && (line.deployment == 0 || open.bucket.has_served(line.deployment, time))
                }
                Kind::Edge { deployment } => {
                    own.edge_from.is_some() && (deployment == 0 || open.bucket.has_served(deployment, time))
                }
                Kind::TooLong | Kind::Malformed | Kind::Blank | Kind::Directive(_) => false,
            };
            let events = &fragment.events[events_start as usize..line.events_end as usize];
            let is_noted = |event: &Mapped| open.sets[sets[event.set as usize] as usize].is_noted;
            let stands_alone = !line.opens && !line.deferred && !line.is_repeated && line.part == Part::Whole;
            if !is_known || !stands_alone || events.iter().any(is_noted) || !open.bucket.has_room_for(events.len()) {
                break;
            }
            let is_request = || events.iter().any(|event| event.via == Via::Access);
            let is_held = !own.assembler.is_idle() && line.kind == Kind::App;
            let text = &fragment.text[line.start as usize..(line.start + line.length) as usize];
            if is_held && !own.assembler.passes(line, text, is_request()) {
                break;
            }
            taken += 1;
            for event in events {
                let id = sets[event.set as usize];
                let keep = open.sets[id as usize].keep;
                // There is room for it.
                let Some(tally) = open.tally(id, event.via) else { continue };
                tally.add(keep, (time, line.content), fragment.values(event), || {
                    Evidence::new(time, lane, own.number_in_file(own.line_number + taken), text)
                });
            }
            classified += u64::from(!events.is_empty());
            events_start = line.events_end;
            (least, greatest, last) = (least.min(time), greatest.max(time), time);
            if line.kind == Kind::App {
                (first_entry, last_entry) = (first_entry.min(time), last_entry.max(time));
            }
        }
        if taken > 0 {
            open.bucket.record(least, greatest);
            open.bucket.entries = entries.map(|_| (first_entry, last_entry)).or(open.bucket.entries);
            own.observe_quiet(greatest, last);
            own.line_number += taken;
            self.counts.lines += taken;
            self.counts.records += taken;
            self.counts.classified += classified;
            self.counts.unclassified += taken - classified;
        }
        taken as usize
    }
}
