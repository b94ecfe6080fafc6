//! Messages that were met before, but for parts that do not matter for what they come to.
//!
//! Nearly all messages of a log come from a few places of its program, and differ in their [variable parts](super::variable). Which
//! of those matter is found out the fourth time that a message comes: many never come so often, and it takes as long as
//! reading ten of them.
//!
//! Without it a replay of an app log of 40 MB takes 44 % more instructions; of hard lines, of which none comes again, 2 % fewer.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::event::Found;
use super::known::Known;
use super::variable::{Parts, Variable, mask, variables};
use crate::decode::{Part, Record};

/// Longer messages are not remembered: they would fill the memory, and are rare.
const LONGEST: usize = 512;
/// Messages that are remembered at once: more than a service has places that write to its log.
const MOST: usize = 4096;
/// Places for the hashes of messages that were met a few times; a power of two.
const PLACES: usize = 4096;
/// The bits of a hash in whose place it is counted how often a message was met before; all of them are set when it is often enough.
const COUNT: u64 = 3;

/// What a message comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub events: Box<[Found]>,
    /// Others may belong to the record.
    pub opens: bool,
    pub stands_alone: bool,
    pub part: Part,
}

/// How a message is known.
pub enum Met<'m> {
    /// Not at all, or it was forgotten.
    New,
    /// A few times: it is worth to find out which parts are [free](Memo::free), if that is not known of its like, and what it
    /// [comes to](Memo::learn).
    Again(Option<Parts>),
    Often(&'m Outcome),
}

/// What is known of a message.
enum Entry {
    /// Of one without its variable parts: which of them do not matter.
    Free(Parts),
    /// Of one without its free parts.
    Outcome(Outcome),
}

/// What messages come to; one a thread.
pub struct Memo {
    /// By message: the index of what is known of it.
    known: Known,
    entries: Vec<Entry>,
    /// By the hash of a message: the hash of the last one that was new, and how often it was met.
    met: Box<[u64; PLACES]>,
    /// The parts and the key of the message that was met last.
    variables: Vec<Variable>,
    key: Vec<u8>,
}

impl Default for Memo {
    fn default() -> Self {
        let (known, entries, met) = (Known::default(), Vec::new(), Box::new([0; PLACES]));
        Memo { known, entries, met, variables: Vec::new(), key: Vec::new() }
    }
}

impl Memo {
    /// Looks for the message of a record of which no other members tell anything.
    pub fn meet(&mut self, record: &Record<'_>, message: &[u8]) -> Met<'_> {
        if message.len() > LONGEST {
            return Met::New;
        }
        self.variables.clear();
        self.variables.extend(variables(message));
        self.write(record, message, Parts::ALL);
        let mut known = self.known.get(&self.key);
        let mut parts = None;
        if let Some(index) = known
            && let Entry::Free(free) = self.entries[index as usize]
        {
            self.write(record, message, free);
            known = self.known.get(&self.key);
            parts = Some(free);
        }
        match known {
            None if self.is_met_again() => Met::Again(parts),
            None => Met::New,
            Some(index) => match &self.entries[index as usize] {
                Entry::Outcome(outcome) => Met::Often(outcome),
                // Their keys tell that all parts are masked, which those of outcomes with free parts do not.
                Entry::Free(_) => Met::New,
            },
        }
    }

    /// Remembers of the message that was met last which of its parts do not matter, where those are not all.
    pub fn free(&mut self, record: &Record<'_>, message: &[u8], free: Parts) {
        if free != Parts::ALL {
            self.write(record, message, Parts::ALL);
            self.insert(Entry::Free(free));
        }
    }

    /// Remembers what the message that was met last comes to whatever its free parts are.
    pub fn learn(&mut self, record: &Record<'_>, message: &[u8], free: Parts, outcome: Outcome) {
        self.write(record, message, free);
        self.insert(Entry::Outcome(outcome));
    }

    fn insert(&mut self, entry: Entry) {
        if self.entries.len() == MOST {
            self.forget();
        }
        self.known.insert(&self.key, self.entries.len() as u32);
        self.entries.push(entry);
    }

    /// Makes the key of all that the outcome depends on.
    fn write(&mut self, record: &Record<'_>, message: &[u8], free: Parts) {
        let level = record.raw_level.map_or(u8::MAX, |level| level as u8);
        let logger = record.logger.map_or(&b""[..], |logger| logger.raw);
        let is_escaped = record.logger.is_some_and(|logger| logger.escaped);
        let flags = [record.states_level, record.timed, record.logger.is_some(), is_escaped, free == Parts::ALL];
        self.key.clear();
        self.key.push(level);
        self.key.extend_from_slice(&flags.map(u8::from));
        self.key.extend_from_slice(&(logger.len() as u32).to_le_bytes());
        self.key.extend_from_slice(logger);
        mask(message, &self.variables, free, &mut self.key);
    }

    /// Whether the message of the key has come often enough to be learnt.
    fn is_met_again(&mut self) -> bool {
        let mut hasher = FxHasher::default();
        hasher.write(&self.key);
        let hash = hasher.finish() & !COUNT;
        let place = &mut self.met[(hash >> 8) as usize % PLACES];
        *place = if *place & !COUNT == hash { *place + 1 } else { hash };
        let is_often = *place & COUNT == COUNT;
        if is_often {
            *place = 0;
        }
        is_often
    }

    /// Forgets all, as the label sets of the events are.
    pub fn forget(&mut self) {
        self.known.clear();
        self.entries.clear();
    }
}
