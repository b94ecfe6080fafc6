//! What messages come to that were met before, and which of their variable parts do not matter for that.

use std::sync::Arc;

use super::super::event::Found;
use super::super::memo::{Met, Outcome};
use super::super::sensitive::may_match_with_other_hex;
use super::super::variable::{self, Parts, Variable};
use super::super::{Via, access_line, trace};
use super::{Classifier, Shared};
use crate::decode::{Part, Record, level};
use crate::mask;

/// Ids of a message that may be free, at most: more are rare, and take long to look at.
const MOST_IDS: usize = 4;

impl Classifier {
    /// Appends the events of a message that is all a record says, and tells whether others may belong to it; `None` where the message is
    /// not known, and has to be read.
    pub(super) fn remembered(&mut self, record: &Record<'_>, message: &[u8], events: &mut Vec<Found>) -> Option<bool> {
        match self.memo.meet(record, message) {
            Met::New => None,
            Met::Often(outcome) => {
                events.extend_from_slice(&outcome.events);
                (self.part, self.stands_alone) = (outcome.part, outcome.stands_alone);
                let opens = outcome.opens;
                #[cfg(debug_assertions)]
                {
                    let outcome = outcome.clone();
                    assert_eq!(self.comes_to(record, message), outcome, "{}", message.escape_ascii());
                }
                Some(opens)
            }
            Met::Again(free) => {
                let outcome = self.comes_to(record, message);
                let free = free.or_else(|| {
                    let free = self.free_parts(record, message, &outcome)?;
                    self.memo.free(record, message, free);
                    Some(free)
                });
                if let Some(free) = free {
                    self.memo.learn(record, message, free, outcome.clone());
                }
                events.extend_from_slice(&outcome.events);
                (self.part, self.stands_alone) = (outcome.part, outcome.stands_alone);
                Some(outcome.opens)
            }
        }
    }

    /// What such a message comes to.
    fn comes_to(&mut self, record: &Record<'_>, message: &[u8]) -> Outcome {
        let mut events = Vec::new();
        self.part = Part::Whole;
        let opens = self.message(record, message, false, 0, &mut events);
        let stands_alone = !opens && self.is_alone(record, message, &events);
        Outcome { events: events.into(), opens, part: self.part, stands_alone }
    }

    /// The parts of a message that do not matter for what it comes to; `None` where other members of its record do, and
    /// for a request: few come again.
    fn free_parts(&mut self, record: &Record<'_>, message: &[u8], outcome: &Outcome) -> Option<Parts> {
        let is_request = outcome.events.iter().any(|found| found.via != Via::None);
        if is_request || access_line::reads_attributes(message) {
            return None;
        }
        let Shared { library, sensitive, .. } = &*Arc::clone(&self.shared);
        let patterns = &library.patterns;
        let head = level::head_of(message, record.timed);
        let first_by_digits = sensitive.first_with_other_digits(patterns, message, head.length)?;
        let is_labelled = |found: &Found| self.labels(found.labels).values().flatten().next().is_some();
        // What is secret in a label may depend on anything.
        if (outcome.events.iter().any(is_labelled) && mask::may_hold(message)) || trace::language(message).is_some() {
            return Some(Parts::NONE);
        }
        let variables: Vec<Variable> = variable::variables(message).collect();
        let ids = variables.iter().filter(|variable| variable.is_hex).map(|variable| variable.place.clone());
        let ids: Vec<_> = ids.take(MOST_IDS).collect();
        let may_match = !ids.is_empty() && may_match_with_other_hex(patterns, message, &ids);
        let may_be_read = |Variable { place, is_hex }: &Variable| {
            let is_read = if *is_hex { may_match || !ids.contains(place) } else { place.end > first_by_digits };
            is_read || variable::may_escape(message, place)
        };
        let mut is_same = |parts: Parts| {
            variable::with_others(message, &variables, parts).iter().all(|other| {
                let other_head = level::head_of(other, record.timed);
                (other_head.length, other_head.level) == (head.length, head.level)
                    && self.comes_to(record, other) == *outcome
            })
        };
        let read = (0..variables.len()).filter(|index| may_be_read(&variables[*index]));
        let free = Parts::ALL.without(Parts::of(read));
        if is_same(free) {
            return Some(free);
        }
        let matters = |index: &usize| free.has(*index) && !is_same(Parts::of([*index]));
        let free = free.without(Parts::of((0..variables.len()).filter(matters)));
        Some(if is_same(free) { free } else { Parts::NONE })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use proptest::prelude::*;

    use crate::classify::builtin::PACKS;
    use crate::classify::{Classifier, Event, Interest, Library, Routes};
    use crate::decode::{self, Line};

    /// Messages with numbers (`#`), ids (`@`) and UUIDs (`$`): some matter, as a status, a time, a value or a part of a name.
    const MESSAGES: [&str; 26] = [
        "order @ of # took #ms",
        "INFO:app.orders:order # for $ done",
        "WARNING:app.orders:order # for @ failed after #s (attempt #/#)",
        "ERROR:db:QueuePool limit of size # overflow # reached, connection timed out, timeout #.#",
        "INFO: Connection pool healthy (#/# active connections)",
        "🔥 Smart Scalper REAL-TIME refresh [#-#-#T#:#:#.#Z] - #s interval active",
        "#s timeframe active for BTC#",
        "GET /orders/# # #ms",
        "GET /orders/@ # #.# ms - #",
        "Completed # OK in #ms",
        "#-#-# #:#:#,# ERROR app: no order #",
        "#/#/# #:#:# http: panic serving #.#.#.#:#: boom",
        "goroutine # [running]:",
        "exit status #",
        "Process exited with code #",
        r#"ERROR:app:Client error: {"request_id": "@", "status_code": #, "path": "/a/#", "method": "GET"}"#,
        r#"WARNING:app:{"message": "\u##e9 caf\u00#", "id": "$"}"#,
        "level=error msg=\"order # failed\" status=# duration=#ms id=@",
        "ERROR password=@ for user #",
        "ERROR bearer:aa@ for $ of bot#",
        "ERROR:app:got %#%# from @",
        "Error: order # (@)",
        "Listening on port #",
        "java.lang.IllegalStateException: order #, slf#j",
        "Out of memory: Killed process # (node) total-vm:#kB",
        "    at app.Orders.find(Orders.java:#)",
    ];

    static LIBRARY: LazyLock<Arc<Library>> =
        LazyLock::new(|| Arc::new(Library::compile(PACKS.iter().copied()).expect("the packs inside the binary")));

    /// A message with numbers, ids and UUIDs in their places, in turn.
    fn filled(template: &str, numbers: &[u32], uuids: &[String]) -> String {
        let (mut numbers, mut uuids) = (numbers.iter().cycle(), uuids.iter().cycle());
        let mut message = String::new();
        for char in template.chars() {
            match char {
                '#' => message.extend(numbers.next().map(u32::to_string)),
                '@' => message.extend(uuids.next().map(|uuid| &uuid[..8])),
                '$' => message.extend(uuids.next().map(String::as_str)),
                _ => message.push(char),
            }
        }
        message
    }

    fn number() -> impl Strategy<Value = u32> {
        prop_oneof![0u32..10, 10u32..60, Just(30), 100u32..600, Just(2025), any::<u32>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_classifier_that_has_met_messages_says_of_others_what_a_new_one_says(
            lines in prop::collection::vec((
                0..4usize,
                prop::collection::vec(number(), 1..5),
                prop::collection::vec("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", 1..3),
            ), 60),
            first in 0..MESSAGES.len()
        ) {
            let library = Arc::clone(&LIBRARY);
            let interest = Interest::all(&library);
            let mut known = Classifier::new(library, Routes::default(), interest);
            for (index, numbers, uuids) in &lines {
                let message = filled(MESSAGES[(first + index) % MESSAGES.len()], numbers, uuids);
                let mut scratch = Vec::new();
                let Line::Record(record) = decode::decode(message.as_bytes(), &mut scratch) else { continue };
                let mut new = Classifier::sharing(Arc::clone(&known.shared));
                let of = |classifier: &mut Classifier| {
                    let mut found = Vec::new();
                    let opens = classifier.record(&record, &mut found);
                    let events: Vec<Event> = found.iter().map(|found| classifier.event(found)).collect();
                    format!("{opens} {} {:?} {events:?}", classifier.stands_alone, classifier.part)
                };
                prop_assert_eq!(of(&mut known), of(&mut new), "{}", message);
            }
        }
    }
}
