use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn labels(number: u32) -> LabelSets {
    let mut sets = LabelSets::default();
    sets.push(0, [Some(number.to_string())]);
    sets
}

fn intern(buckets: &mut Buckets, number: u32) -> SetId {
    buckets.sets.intern(labels(number).get(0), |labels, _| Set::new(labels.class))
}

proptest! {
    /// Whatever the order of seconds and label sets, and whenever buckets are sealed or sets numbered anew.
    #[test]
    fn every_event_is_in_the_cell_of_its_second_and_labels(
        events in prop::collection::vec((0i64..12, 0u32..6, any::<bool>(), 0u8..16), 0..200)
    ) {
        let mut buckets = Buckets::default();
        let mut expected: BTreeMap<(i64, u32, Via), u64> = BTreeMap::new();
        let mut found = BTreeMap::new();
        let seal = |buckets: &mut Buckets, found: &mut BTreeMap<(i64, u32, Via), u64>| {
            let Some(second) = buckets.first() else { return };
            let bucket = buckets.take(second).expect("the first bucket");
            for cell in bucket.cells() {
                let value = buckets.sets.labels(cell.set).value(0).and_then(|value| value.parse().ok());
                *found.entry((second, value.expect("a number"), cell.via)).or_default() += cell.events;
            }
            buckets.recycle(bucket);
        };
        for (second, number, is_edge, what) in events {
            match what {
                0 => seal(&mut buckets, &mut found),
                1 => buckets.forget_unused(),
                _ => {
                    let via = if is_edge { Via::Edge } else { Via::None };
                    let set = intern(&mut buckets, number);
                    buckets.open(second).cell(set, via).expect("room for it").events += 1;
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
    let many = MOST_CELLS as u32 + 100;
    let mut without_cell = 0;
    for number in 0..many {
        let set = intern(&mut buckets, number);
        match buckets.open(7).cell(set, Via::None) {
            Some(cell) => cell.events += 1,
            None => without_cell += 1,
        }
    }
    let mut ranked: Vec<u64> = (0..many).map(|number| labels(number).get(0).hash()).collect();
    ranked.sort_unstable();
    ranked.truncate(MOST_CELLS);
    assert_eq!(without_cell + buckets.pushed_out.len(), 100);
    assert!(buckets.pushed_out.iter().all(|cell| cell.events == 1));
    let bucket = buckets.take(7).expect("the bucket");
    let kept = bucket.cells().iter().map(|cell| buckets.sets.labels(cell.set).hash());
    assert_eq!(kept.collect::<BTreeSet<u64>>(), ranked.into_iter().collect());
}
