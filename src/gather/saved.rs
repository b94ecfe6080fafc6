//! What is open here as bytes: the seconds that are not complete, and what is remembered of each source. With the lines that came
//! after it was written it is all that a run needs to go on with its lines.

use serde::{Deserialize, Serialize};

use super::Gather;
use super::lane::Lane;
use crate::gather::duplicates::Duplicates;
use crate::second::Counts;
use crate::second::{self, Second};
use crate::time::Time;

#[derive(Serialize, Deserialize)]
struct Saved {
    counts: Counts,
    given: Counts,
    lanes: Vec<Lane>,
    /// As seconds are written.
    open: Vec<Vec<u8>>,
    duplicates: Duplicates,
    next_tick: Option<i64>,
    held_up_by: usize,
    sealed_before: Time,
    last_entry: Option<Time>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("what was open is damaged: {0}")]
    Damaged(#[from] postcard::Error),
    #[error(transparent)]
    Second(#[from] second::Error),
    #[error("it is of {saved} sources, and there are {there}")]
    Sources { saved: usize, there: usize },
}

impl Gather {
    /// What is open as bytes; `None` while lines wait to be taken, or steps to be given on.
    pub fn save(&mut self) -> Option<Vec<u8>> {
        let waits = !self.steps.is_empty() || !self.untimed.tallies.is_empty();
        if waits || self.lanes.iter().any(|lane| !lane.queue.is_empty()) || !self.buckets.are_plain() {
            return None;
        }
        let mut seconds = Vec::new();
        while let Some(second) = self.buckets.take() {
            seconds.push(second);
        }
        let saved = Saved {
            counts: self.counts,
            given: self.given,
            lanes: std::mem::take(&mut self.lanes),
            open: seconds.iter().map(|second| second.write(&self.library)).collect(),
            duplicates: std::mem::take(&mut self.duplicates),
            next_tick: self.next_tick,
            held_up_by: self.held_up_by,
            sealed_before: self.sealed_before,
            last_entry: self.last_entry,
        };
        let bytes = postcard::to_stdvec(&saved);
        (self.lanes, self.duplicates) = (saved.lanes, saved.duplicates);
        seconds.into_iter().for_each(|second| self.put_back(second));
        // Writing to memory fails only for lack of it.
        bytes.ok()
    }

    /// Goes on from what was saved, before the first line.
    ///
    /// # Errors
    ///
    /// Bytes that are damaged, or are of another number of sources.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let saved: Saved = postcard::from_bytes(bytes)?;
        if saved.lanes.len() != self.lanes.len() || saved.held_up_by >= self.lanes.len().max(1) {
            return Err(Error::Sources { saved: saved.lanes.len(), there: self.lanes.len() });
        }
        let seconds =
            saved.open.iter().map(|bytes| Second::read(bytes, &self.library)).collect::<Result<Vec<_>, _>>()?;
        (self.counts, self.given) = (saved.counts, saved.given);
        (self.lanes, self.duplicates) = (saved.lanes, saved.duplicates);
        (self.next_tick, self.held_up_by) = (saved.next_tick, saved.held_up_by);
        (self.sealed_before, self.last_entry) = (saved.sealed_before, saved.last_entry);
        seconds.into_iter().for_each(|second| self.put_back(second));
        Ok(())
    }

    fn put_back(&mut self, second: Second) {
        let ids = self.intern(&second.sets);
        self.buckets.put_back(second, &ids);
    }
}
