//! Records that several sources hold: each is counted once (SEMANTICS 21).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::time::Time;

/// How often each source gave each record: the run uses the maximum over the sources. Only among several sources; two
/// identical lines of one source are two lines.
#[derive(Debug, Default)]
pub struct Duplicates {
    /// By second, so that what no source can repeat any more is dropped.
    seen: BTreeMap<i64, FxHashMap<Identity, Vec<u32>>>,
}

/// Seconds that records are remembered for. A record that is repeated later than this is late besides, and counted so.
const MEMORY: i64 = 120;

/// Time, stream and content of a record.
pub type Identity = (Time, u32, u64);

impl Duplicates {
    /// Notes a record of a source; `true` if another source gave it before.
    pub fn is_repeated(&mut self, source: usize, identity: Identity) -> bool {
        let counts = self.seen.entry(identity.0.second()).or_default().entry(identity).or_default();
        if counts.len() <= source {
            counts.resize(source + 1, 0);
        }
        let used = counts.iter().copied().max().unwrap_or_default();
        counts[source] += 1;
        counts[source] <= used
    }

    /// The rules have come to this second: forgets what lies [`MEMORY`] and more before it.
    pub fn forget_before(&mut self, second: i64) {
        self.seen = self.seen.split_off(&(second - MEMORY));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_uses_the_maximum_over_the_sources() {
        let mut duplicates = Duplicates::default();
        let record = (Time(5), 1, 42);
        let repeated: Vec<bool> = [0, 0, 1, 1, 1, 0, 0].map(|source| duplicates.is_repeated(source, record)).to_vec();
        // Three of each in the end: the third of source 1 is new, the third of source 0 is not, its fourth is.
        assert_eq!(repeated, [false, false, true, true, false, true, false]);
    }
}
