//! Records that several sources hold: each is counted once (SEMANTICS 21).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::time::Time;

/// How often each source gave each record. Records of one origin are as many as the source has of them that has most; one whose
/// origin a source does not tell is any of the others, as far as there are enough. Only among several sources; two identical
/// lines of one source are two lines.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Duplicates {
    /// By second, so that what no source can repeat any more is dropped.
    seen: BTreeMap<i64, FxHashMap<(Time, u64), Vec<Given>>>,
}

/// Seconds that records are remembered for. A record that is repeated later than this is late besides, and counted so.
const MEMORY: i64 = 120;

/// What makes records of several sources the same.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    pub time: Time,
    /// Hash of what it says.
    pub content: u64,
    /// Hash of where it comes from, 0 if it does not say: the text of a log tells less than its JSON.
    pub origin: u32,
}

/// How often a source gave a record of an origin.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Given {
    source: usize,
    origin: u32,
    times: u32,
}

impl Duplicates {
    /// Notes a record of a source; `true` if another source gave it before.
    pub fn is_repeated(&mut self, source: usize, Identity { time, content, origin }: Identity) -> bool {
        let given = self.seen.entry(time.second()).or_default().entry((time, content)).or_default();
        let before = different(given);
        match given.iter_mut().find(|given| (given.source, given.origin) == (source, origin)) {
            Some(given) => given.times += 1,
            None => given.push(Given { source, origin, times: 1 }),
        }
        different(given) == before
    }

    /// The rules have come to this second: forgets what lies [`MEMORY`] and more before it.
    pub fn forget_before(&mut self, second: i64) {
        self.seen = self.seen.split_off(&(second - MEMORY));
    }
}

/// How many different records there are at least.
fn different(given: &[Given]) -> u32 {
    if let [] | [_] = given {
        return given.first().map_or(0, |given| given.times);
    }
    let (mut by_origin, mut by_source) = (BTreeMap::new(), BTreeMap::new());
    for Given { source, origin, times } in given {
        *by_source.entry(source).or_insert(0) += times;
        if *origin != 0 {
            let most = by_origin.entry(origin).or_insert(0);
            *most = (*times).max(*most);
        }
    }
    by_source.into_values().max().unwrap_or(0).max(by_origin.into_values().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_uses_the_maximum_over_the_sources() {
        let mut duplicates = Duplicates::default();
        let record = Identity { time: Time(5), content: 42, origin: 1 };
        let repeated: Vec<bool> = [0, 0, 1, 1, 1, 0, 0].map(|source| duplicates.is_repeated(source, record)).to_vec();
        // Three of each in the end: the third of source 1 is new, the third of source 0 is not, its fourth is.
        assert_eq!(repeated, [false, false, true, true, false, true, false]);
    }

    /// In whatever order they come.
    #[test]
    fn a_record_without_an_origin_is_one_of_those_with_one() {
        // Two replicas said the same, which one source tells, another as text; a third has what one of them said twice.
        let all = [(0, 1), (0, 2), (1, 0), (1, 0), (2, 2), (2, 2)];
        for first in 0..all.len() {
            let mut duplicates = Duplicates::default();
            let mut used = 0;
            for (source, origin) in all.iter().cycle().skip(first).take(all.len()) {
                let identity = Identity { time: Time(5), content: 42, origin: *origin };
                used += u32::from(!duplicates.is_repeated(*source, identity));
            }
            assert_eq!(used, 3, "from {first}");
        }
    }
}
