//! Messages that were met before, but for numbers that have no part in what they come to.
//!
//! Nearly all messages of a log come from a few places of its program, and differ in their numbers. Which of those matter is
//! found out the second time that a message comes ([`digits`](super::digits)): many never come again.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::digits::{Numbers, mask};
use super::event::Found;
use super::known::Known;
use crate::decode::{Part, Record};

/// Longer messages are not remembered: they would fill the memory, and are rare.
const LONGEST: usize = 512;
/// Messages that are remembered at once: more than a service has places that write to its log.
const MOST: usize = 4096;
/// Places for the hashes of messages that were met once; a power of two.
const PLACES: usize = 4096;

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
    /// It was met once: worth to find out [which numbers matter](Memo::matters), if that is not known of its like, and what it
    /// [comes to](Memo::learn).
    Once(Option<Numbers>),
    Often(&'m Outcome),
}

/// What is known of a message.
enum Entry {
    /// Of one without its numbers: which of them have no part in what it comes to.
    Free(Numbers),
    /// Of one without its free numbers.
    Outcome(Outcome),
}

/// What messages come to; one a thread.
pub struct Memo {
    /// By message: the index of what is known of it.
    known: Known,
    entries: Vec<Entry>,
    /// By the hash of a message, the hash of the last one that was new.
    met: Box<[u64; PLACES]>,
    key: Vec<u8>,
}

impl Default for Memo {
    fn default() -> Self {
        Memo { known: Known::default(), entries: Vec::new(), met: Box::new([0; PLACES]), key: Vec::new() }
    }
}

impl Memo {
    /// Looks for the message of a record of which no other members tell anything.
    pub fn meet(&mut self, record: &Record<'_>, message: &[u8]) -> Met<'_> {
        if message.len() > LONGEST {
            return Met::New;
        }
        self.write(record, message, Numbers::ALL);
        let mut known = self.known.get(&self.key);
        let mut numbers = None;
        if let Some(index) = known
            && let Entry::Free(free) = self.entries[index as usize]
        {
            self.write(record, message, free);
            known = self.known.get(&self.key);
            numbers = Some(free);
        }
        match known {
            None if self.is_second() => Met::Once(numbers),
            None => Met::New,
            Some(index) => match &self.entries[index as usize] {
                Entry::Outcome(outcome) => Met::Often(outcome),
                // Whose key says that it is none.
                Entry::Free(_) => Met::New,
            },
        }
    }

    /// Remembers which of a message's numbers have no part in what it comes to, where those are not all.
    pub fn matters(&mut self, record: &Record<'_>, message: &[u8], free: Numbers) {
        if free != Numbers::ALL {
            self.write(record, message, Numbers::ALL);
            self.insert(Entry::Free(free));
        }
    }

    /// Remembers what a message comes to with any free numbers.
    pub fn learn(&mut self, record: &Record<'_>, message: &[u8], free: Numbers, outcome: Outcome) {
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
    fn write(&mut self, record: &Record<'_>, message: &[u8], free: Numbers) {
        let level = record.raw_level.map_or(u8::MAX, |level| level as u8);
        let logger = record.logger.map_or(&b""[..], |logger| logger.raw);
        let is_escaped = record.logger.is_some_and(|logger| logger.escaped);
        let flags = [record.states_level, record.timed, record.logger.is_some(), is_escaped, free == Numbers::ALL];
        self.key.clear();
        self.key.push(level);
        self.key.extend_from_slice(&flags.map(u8::from));
        self.key.extend_from_slice(&(logger.len() as u32).to_le_bytes());
        self.key.extend_from_slice(logger);
        mask(message, free, &mut self.key);
    }

    /// Whether the message of the key is new for the second time.
    fn is_second(&mut self) -> bool {
        let mut hasher = FxHasher::default();
        hasher.write(&self.key);
        let hash = hasher.finish();
        std::mem::replace(&mut self.met[hash as usize % PLACES], hash) == hash
    }

    /// Forgets all, as the label sets of the events are.
    pub fn forget(&mut self) {
        self.known.clear();
        self.entries.clear();
    }
}
