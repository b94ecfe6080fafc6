use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::gather::sets::Set;
use crate::needs::Need;

fn labels(number: u32) -> LabelSets {
    let mut sets = LabelSets::default();
    sets.push(ClassId::of_any(0), [Some(number.to_string())]);
    sets
}

fn intern(buckets: &mut Buckets, number: u32) -> SetId {
    buckets.sets.intern(labels(number).get(0), |labels| Set::new(labels.class, Need::default()))
}

proptest! {
    /// Whatever the order of seconds and label sets, and whenever buckets are sealed or sets numbered anew.
    #[test]
    fn every_event_is_in_the_tally_of_its_second_and_labels(
        events in prop::collection::vec((0i64..12, 0u32..6, any::<bool>(), 0u8..16), 0..200)
    ) {
        let mut buckets = Buckets::default();
        let mut expected: BTreeMap<(i64, u32, Via), u64> = BTreeMap::new();
        let mut found = BTreeMap::new();
        let seal = |buckets: &mut Buckets, found: &mut BTreeMap<(i64, u32, Via), u64>| {
            let Some(second) = buckets.take() else { return };
            for (labels, tally) in second.sets.iter().zip(&second.tallies) {
                let value = labels.value(0).and_then(|value| value.parse().ok());
                *found.entry((second.at, value.expect("a number"), tally.via)).or_default() += tally.events;
            }
            buckets.recycle(second);
        };
        for (second, number, is_edge, what) in events {
            match what {
                0 => seal(&mut buckets, &mut found),
                1 => buckets.forget_unused(),
                _ => {
                    let via = if is_edge { Via::Edge } else { Via::None };
                    let set = intern(&mut buckets, number);
                    buckets.open(second).tally(set, via).expect("room for it").events += 1;
                    *expected.entry((second, number, via)).or_default() += 1;
                }
            }
        }
        while buckets.first().is_some() {
            seal(&mut buckets, &mut found);
        }
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_crowded_second_keeps_the_label_sets_with_the_smallest_hashes() {
    let mut buckets = Buckets::default();
    let many = MOST_TALLIES as u32 + 100;
    let mut without_tally = 0;
    for number in 0..many {
        let set = intern(&mut buckets, number);
        match buckets.open(7).tally(set, Via::None) {
            Some(tally) => tally.events += 1,
            None => without_tally += 1,
        }
    }
    let mut ranked: Vec<u64> = (0..many).map(|number| labels(number).get(0).hash()).collect();
    ranked.sort_unstable();
    ranked.truncate(MOST_TALLIES);
    assert_eq!(without_tally + buckets.pushed_out.len(), 100);
    assert!(buckets.pushed_out.iter().all(|(_, tally)| tally.events == 1));
    let second = buckets.take().expect("the second");
    let kept = second.sets.iter().map(|labels| labels.hash());
    assert_eq!(kept.collect::<BTreeSet<u64>>(), ranked.into_iter().collect());
}
