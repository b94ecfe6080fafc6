//! Messages that were met before but for their numbers, and what they came to.
//!
//! Nearly all messages of a log come from a few places of its program, and differ in their numbers. What a message came to is kept
//! where its numbers have no part in it ([`digits`](super::digits)). A message is looked at for that the second time it comes: many
//! never come again.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::digits::mask_numbers;
use super::event::Found;
use super::known::Known;
use crate::decode::{Part, Record};

/// Longer messages are not remembered: they would fill the memory, and are rare.
const LONGEST: usize = 512;
/// Messages that are remembered at once; more than a service has places that write to its log.
const MOST: usize = 4096;
/// Places for the hashes of messages that were met once; a power of two.
const PLACES: usize = 4096;
/// Stands for a message whose numbers have a part in what it comes to.
const DEPENDS: u32 = u32::MAX;

/// What a message came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub events: Box<[Found]>,
    /// Others may belong to the record.
    pub opens: bool,
    pub stands_alone: bool,
    pub part: Part,
}

/// How often a message was met.
pub enum Met<'m> {
    /// Never, or long ago.
    New,
    /// Once, but for its numbers: it may be worth to [learn](Memo::learn) what it comes to.
    Once,
    /// What it comes to depends on its numbers.
    Depends,
    Often(&'m Outcome),
}

/// What messages came to; one a thread.
pub struct Memo {
    /// By message: the index of its outcome, or [`DEPENDS`].
    known: Known,
    outcomes: Vec<Outcome>,
    /// By the hash of a message, its hash when it was met.
    met: Box<[u64; PLACES]>,
    key: Vec<u8>,
}

impl Default for Memo {
    fn default() -> Self {
        Memo { known: Known::default(), outcomes: Vec::new(), met: Box::new([0; PLACES]), key: Vec::new() }
    }
}

impl Memo {
    /// Looks for a message of a record without other members that tell of it; what is [learnt](Memo::learn) next is this one.
    pub fn meet(&mut self, record: &Record<'_>, message: &[u8]) -> Met<'_> {
        if message.len() > LONGEST {
            return Met::New;
        }
        // All that the outcome depends on beside the message.
        let level = record.raw_level.map_or(u8::MAX, |level| level as u8);
        let logger = record.logger.map_or(&b""[..], |logger| logger.raw);
        let is_escaped = record.logger.is_some_and(|logger| logger.escaped);
        let flags = [record.states_level, record.timed, record.logger.is_some(), is_escaped].map(u8::from);
        self.key.clear();
        self.key.push(level);
        self.key.extend_from_slice(&flags);
        self.key.extend_from_slice(&(logger.len() as u32).to_le_bytes());
        self.key.extend_from_slice(logger);
        mask_numbers(message, &mut self.key);
        match self.known.get(&self.key) {
            Some(DEPENDS) => return Met::Depends,
            Some(index) => return Met::Often(&self.outcomes[index as usize]),
            None => {}
        }
        let mut hasher = FxHasher::default();
        hasher.write(&self.key);
        let hash = hasher.finish();
        let place = &mut self.met[hash as usize % PLACES];
        if *place == hash {
            Met::Once
        } else {
            *place = hash;
            Met::New
        }
    }

    /// Remembers of the message that was met last what it comes to with any numbers; `None` where it depends on them.
    pub fn learn(&mut self, outcome: Option<Outcome>) {
        if self.known.len() == MOST {
            self.forget();
        }
        let index = match outcome {
            None => DEPENDS,
            Some(outcome) => {
                self.outcomes.push(outcome);
                self.outcomes.len() as u32 - 1
            }
        };
        self.known.insert(&self.key, index);
    }

    /// Forgets all, as the label sets of the events are.
    pub fn forget(&mut self) {
        self.known.clear();
        self.outcomes.clear();
    }
}
