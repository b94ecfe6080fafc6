//! What was read of a log, so that a later run that reads it again knows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Records of one second of a log.
#[derive(Clone, Debug)]
pub struct Given {
    /// The name of the log.
    pub log: Arc<str>,
    pub second: i64,
    /// A hash of what each is known by.
    pub identities: Vec<u64>,
}

/// What was read of a log before, as far back as anybody looks: by second, how often each record by its identity.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeMap<i64, FxHashMap<u64, u32>>);

impl Known {
    pub fn add(&mut self, second: i64, identities: impl IntoIterator<Item = u64>) {
        let counts = self.0.entry(second).or_default();
        identities.into_iter().for_each(|identity| *counts.entry(identity).or_default() += 1);
    }

    /// By second, how often each record was read.
    pub fn counts(&self) -> &BTreeMap<i64, FxHashMap<u64, u32>> {
        &self.0
    }

    /// The second of the last record.
    pub fn last(&self) -> Option<i64> {
        self.0.last_key_value().map(|(second, _)| *second)
    }

    /// Takes out one of a record that comes again; `false` if there is none.
    pub fn take(&mut self, second: i64, identity: u64) -> bool {
        let count = self.0.get_mut(&second).and_then(|counts| counts.get_mut(&identity));
        match count.filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                true
            }
            None => false,
        }
    }
}
