use std::hash::BuildHasher;

use proptest::prelude::*;

use super::super::cell;
use super::*;
use crate::classify::{ClassId, LabelSet, LabelSets};

/// Label sets of one label, which is a number.
fn sets(numbers: impl IntoIterator<Item = u32>) -> LabelSets {
    let mut sets = LabelSets::default();
    numbers.into_iter().for_each(|number| {
        sets.push(ClassId::of_any(0), [Some(number.to_string())]);
    });
    sets
}

fn key(number: u32) -> GroupKey {
    GroupKey::new([number.to_string().into()])
}

fn group(labels: LabelSet<'_>) -> GroupOf<'_> {
    GroupOf::new(&[0], labels).expect("it has the label")
}

proptest! {
    #[test]
    fn the_same_groups_are_kept_whichever_came_first(seed in any::<u64>()) {
        let mut numbers: Vec<u32> = (0..MOST_GROUPS as u32 + 50).collect();
        numbers.sort_by_key(|number| rustc_hash::FxBuildHasher.hash_one((seed, number)));
        let kept = |numbers: &[u32]| {
            let mut groups = GroupTable::default();
            sets(numbers.iter().copied()).iter().for_each(|labels| { groups.make(group(labels), &[]); });
            groups.keys().cloned().collect::<BTreeSet<_>>()
        };
        let forwards = kept(&numbers);
        numbers.reverse();
        let backwards = kept(&numbers);
        let others = |groups: &BTreeSet<GroupKey>| groups.iter().filter(|key| &*key[0] != OTHER).cloned().collect::<Vec<_>>();
        prop_assert_eq!(others(&forwards), others(&backwards));
        prop_assert_eq!(others(&forwards).len(), MOST_GROUPS);
    }
}

fn count(groups: &mut GroupTable, number: u32, second: i64) {
    let place = groups.make(group(sets([number]).get(0)), &[Reach::Length(60)]);
    let cell = cell::Cell { events: 1, details: None };
    if let Some(total) = groups.at_mut(place).and_then(|windows| windows.total.as_mut()) {
        total.enter(second, &cell);
    }
}

fn counted(groups: &GroupTable, number: u32) -> (u64, u64) {
    let total = groups.total_of(groups.place(Some(&key(number))), &key(number)).total;
    total.map_or((0, 0), |total| (total.number, total.events()))
}

#[test]
fn a_group_that_comes_back_goes_on_with_its_number_and_its_counts() {
    let mut groups = GroupTable { has_running_totals: true, ..GroupTable::default() };
    for (number, second) in [(7, 0), (3, 0), (3, 1), (5, 2)] {
        count(&mut groups, number, second);
    }
    groups.number();
    assert_eq!([3, 5, 7].map(|number| counted(&groups, number)), [(1, 2), (2, 1), (3, 1)], "by key");
    // Nothing is in a window, so all of them leave.
    groups.slide(Tick::at(1_000), false);
    assert_eq!((groups.len(), counted(&groups, 7)), (0, (3, 1)));
    count(&mut groups, 7, 1_000);
    count(&mut groups, 4, 1_000);
    groups.number();
    assert_eq!([3, 4, 7].map(|number| counted(&groups, number)), [(1, 2), (4, 1), (3, 2)]);
    // With the next deployment those come first that had most until then, and all count anew.
    count(&mut groups, 7, 1_001);
    groups.begin(1_001, false);
    assert_eq!([3, 4, 5, 7].map(|number| counted(&groups, number)), [(2, 0), (3, 0), (4, 0), (1, 0)]);
}

#[test]
fn what_is_known_of_too_many_groups_is_said_to_be_missing() {
    let mut groups = GroupTable { has_running_totals: true, ..GroupTable::default() };
    for number in 0..MOST_GROUPS as u32 + 2 {
        count(&mut groups, number, 600);
        groups.slide(Tick::at(1_000), false);
    }
    let lost = (0..MOST_GROUPS as u32 + 2).filter(|number| counted(&groups, *number).1 == 0);
    let lost: Vec<u32> = lost.collect();
    assert_eq!(lost.len(), 2);
    assert_eq!(groups.total_of(None, &key(lost[0])).missed, Some(10));
    count(&mut groups, lost[0], 1_200);
    assert_eq!(groups.total_of(groups.place(Some(&key(lost[0]))), &key(lost[0])).missed, Some(10));
}

#[test]
fn a_group_that_went_has_no_place() {
    let (sets, mut groups) = (sets([1, 2]), GroupTable::default());
    let [first, second] = [0, 1].map(|index| group(sets.get(index)));
    assert_eq!(groups.find(first), None);
    let place = groups.make(first, &[]);
    assert_eq!(groups.find(first), Some(place));
    // Without a window nothing is in one.
    groups.slide(Tick::at(0), false);
    assert_eq!((groups.len(), groups.changes), (0, 2));
    assert_eq!(groups.make(second, &[]), place);
    assert_eq!((groups.find(first), groups.find(second)), (None, Some(place)));
}
