//! Which records were read before.
//!
//! What is read overlaps on purpose, and two identical records are two. So each reading (a page, or one subscription) counts how
//! often it has a record, and of all readings the one with most counts: a multiset maximum (SEMANTICS 21).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::record::Record;
use crate::source::Known;
use crate::time::Time;

type Counts = FxHashMap<u64, u32>;

/// How often a reading has each record, by second, so that what is old is forgotten.
#[derive(Debug, Default)]
pub struct Reading(BTreeMap<i64, Counts>);

impl Reading {
    /// Takes note of a record, and says how often the reading has it now.
    fn add(&mut self, record: &Record) -> u32 {
        let count = self.0.entry(record.time.second()).or_default().entry(record.identity).or_default();
        *count += 1;
        *count
    }

    /// Forgets all before a time.
    pub fn forget_before(&mut self, time: Time) {
        if self.0.first_key_value().is_some_and(|(second, _)| *second < time.second()) {
            self.0 = self.0.split_off(&time.second());
        }
    }
}

/// What all readings of a log have, each record as often as the reading with most of it.
#[derive(Debug, Default)]
pub struct Seen {
    counts: BTreeMap<i64, Counts>,
    /// Records that came again.
    pub repeated: u64,
}

impl Seen {
    /// With what an earlier run has given out.
    pub fn knowing(known: &Known) -> Self {
        Seen { counts: known.counts().clone(), repeated: 0 }
    }

    /// Takes note of a record of a reading; `true` if it is one that no reading had before.
    pub fn is_new(&mut self, reading: &mut Reading, record: &Record) -> bool {
        let times = if record.is_unique { 1 } else { reading.add(record) };
        let most = self.counts.entry(record.time.second()).or_default().entry(record.identity).or_default();
        let is_new = times > *most;
        *most = times.max(*most);
        self.repeated += u64::from(!is_new);
        is_new
    }

    /// Whether any reading had a record.
    pub fn knows(&self, record: &Record) -> bool {
        self.counts.get(&record.time.second()).is_some_and(|counts| counts.contains_key(&record.identity))
    }

    /// Forgets all before a time.
    pub fn forget_before(&mut self, time: Time) {
        if self.counts.first_key_value().is_some_and(|(second, _)| *second < time.second()) {
            self.counts = self.counts.split_off(&time.second());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(identity: u64, is_unique: bool) -> Record {
        Record {
            time: Time::from_second(9),
            identity,
            is_unique,
            status: None,
            log: Default::default(),
            service: None,
            deployment: None,
            line: Vec::new(),
        }
    }

    #[test]
    fn the_reading_with_most_of_a_record_counts() {
        let mut seen = Seen::default();
        let mut news = |reading: &mut Reading, identity| seen.is_new(reading, &record(identity, false));
        let (mut page, mut subscription) = (Reading::default(), Reading::default());
        assert_eq!([1, 1, 2].map(|identity| news(&mut page, identity)), [true; 3]);
        assert_eq!([1, 1, 1, 2].map(|identity| news(&mut subscription, identity)), [false, false, true, false]);
        assert_eq!(seen.repeated, 3);
    }

    #[test]
    fn a_request_is_one_however_often_it_is_given() {
        let mut seen = Seen::default();
        let mut page = Reading::default();
        assert_eq!([(); 3].map(|()| seen.is_new(&mut page, &record(1, true))), [true, false, false]);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut seen = Seen::default();
        assert!(seen.is_new(&mut Reading::default(), &record(1, false)));
        seen.forget_before(Time::from_second(10));
        assert!(seen.is_new(&mut Reading::default(), &record(1, false)));
    }
}
