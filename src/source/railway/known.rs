//! What was given out of a log, so that a later run that reads the log again knows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::pace::Pace;
use crate::time::Time;

/// Records of one second of a log.
#[derive(Clone, Debug)]
pub struct Given {
    /// The name of the log.
    pub log: Arc<str>,
    pub second: i64,
    /// The identity of each.
    pub identities: Vec<u64>,
}

/// What was given out of a log before, as far back as anybody looks: by second, how often each record by its identity.
#[derive(Clone, Debug, Default)]
pub struct Known(pub(super) BTreeMap<i64, FxHashMap<u64, u32>>);

/// Seconds before the last record of a log for which its records are to be known.
pub fn remembered() -> i64 {
    Pace::default().remembered().as_secs() as i64
}

impl Known {
    pub fn add(&mut self, second: i64, identities: impl IntoIterator<Item = u64>) {
        let counts = self.0.entry(second).or_default();
        identities.into_iter().for_each(|identity| *counts.entry(identity).or_default() += 1);
    }

    /// Where to begin to read the log again, so that what was stored late is found, too.
    pub(super) fn again_from(&self, pace: Pace) -> Option<Time> {
        let (last, _) = self.0.last_key_value()?;
        let overlap = pace.settled + pace.look + pace.overlap;
        Some(Time::from_second(last - overlap.as_secs() as i64))
    }
}
