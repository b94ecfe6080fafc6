//! The seconds that no baseline is made of: in which the service was starting, stopping or down.

use std::collections::VecDeque;

/// Stretches that are kept; of more the latest. Each start takes a minute, so these are days of nothing else.
const MOST: usize = 4_096;

/// Stretches of seconds, ascending, with usual ones between them.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Unsteady {
    /// (first second, the one after the last).
    stretches: VecDeque<(i64, i64)>,
}

impl Unsteady {
    /// Takes note of `from..until`; stretches come in the order of their ends.
    pub fn add(&mut self, mut from: i64, until: i64) {
        if from >= until {
            return;
        }
        while let Some((first, _)) = self.stretches.back().copied().filter(|(_, end)| *end >= from) {
            self.stretches.pop_back();
            from = from.min(first);
        }
        self.stretches.push_back((from, until));
        if self.stretches.len() > MOST {
            self.stretches.pop_front();
        }
    }

    /// How many seconds of `from..until` are none of these.
    pub fn steady_seconds(&self, from: i64, until: i64) -> i64 {
        let overlap = |(first, end): &(i64, i64)| (until.min(*end) - from.max(*first)).max(0);
        until - from - self.stretches.iter().map(overlap).sum::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_second_counts_once(parts in prop::collection::vec((0i64..6, 0i64..6), 0..12), (from, length) in (0i64..60, 0i64..60)) {
            let (mut unsteady, mut seconds, mut end) = (Unsteady::default(), std::collections::BTreeSet::new(), 0);
            for (step, length) in parts {
                // Some begin in one before.
                let begin = (end + step - 2).max(0);
                end = end.max(begin + length);
                unsteady.add(begin, end);
                seconds.extend(begin..end);
            }
            let usual = (from..from + length).filter(|second| !seconds.contains(second)).count() as i64;
            prop_assert_eq!(unsteady.steady_seconds(from, from + length), usual);
        }
    }
}
