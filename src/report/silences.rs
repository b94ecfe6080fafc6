//! Silences: stretches of time without a line of the service.

use super::Key;
use crate::second::PAUSE;
use crate::second::evidence::Evidence;
use crate::time::{SECOND, Time};

/// Silences listed; the longest ones.
const MOST: usize = 50;
/// A pause is a silence when trouble ends it, or when it lasts so many nanoseconds whatever ends it.
const LONG: i64 = 300 * SECOND;

/// A stretch of time without a line of the service.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Silence {
    pub from: Time,
    pub to: Time,
    pub ended_by: Evidence,
    pub group: Option<Key>,
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Silences {
    /// In the order of time.
    pub longest: Vec<Silence>,
    pub last_entry: Option<Time>,
}

impl Silences {
    /// Whether the pause before a time is one worth telling; `grave` is whether trouble ends it.
    pub fn is_silence(&self, time: Time, grave: bool) -> bool {
        self.last_entry.is_some_and(|last| time.since(last) >= if grave { PAUSE } else { LONG })
    }

    /// Takes note of one that ends at a time.
    pub fn note(&mut self, to: Time, ended_by: Evidence, group: Option<Key>) {
        let Some(from) = self.last_entry else { return };
        self.longest.push(Silence { from, to, ended_by, group });
        if self.longest.len() > MOST {
            let length = |at: &usize| self.longest[*at].to.since(self.longest[*at].from);
            let shortest = (0..self.longest.len()).min_by_key(length);
            shortest.map(|at| self.longest.remove(at));
        }
    }
}
