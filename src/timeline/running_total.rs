//! Counts that are never taken away again: what sequential tests read (SEMANTICS 12).
//!
//! A test counts from an anchor on. Anchors are whole minutes of the epoch, so that they do not depend on when anybody looks.
//! What was counted since one is the sum of all that came since, so only the counts between one anchor and the next are kept.
//! The older anchors are, the fewer of them are needed: of those that are `a` minutes old, every 2ᵏ-th is kept, 2ᵏ about a
//! quarter of `a`.

use std::collections::VecDeque;

use super::cell::Cell;
use super::distribution::Samples;

/// Seconds between two anchors.
pub const SPACING: i64 = 60;

/// Ages, in minutes, are this many times the distance of the anchors that are kept.
const FINENESS: i64 = 4;

/// The counts of one group of one series since the deployment.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct RunningTotal {
    /// Which group it is in the order of their traffic before the deployment, then of their first event since; from 1, and 0
    /// until that is known.
    pub number: u64,
    /// Up to this minute something of the group may have been counted elsewhere.
    pub missed: Option<i64>,
    segments: VecDeque<Segment>,
}

/// What happened between two anchors.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Segment {
    /// The minutes, since the epoch, of its first and its last event.
    pub first: i64,
    pub last: i64,
    pub events: u64,
    /// Events that may be of the series.
    pub unknown: u64,
    /// Values that its events carry, where they are kept.
    pub values: Samples,
}

/// The minute a second lies in, since the epoch.
pub fn minute(second: i64) -> i64 {
    second.div_euclid(SPACING)
}

/// How far the kept anchors are from one another at an age, both in minutes.
fn distance(age: i64) -> i64 {
    1 << (age / FINENESS).max(1).ilog2()
}

/// The anchors that the running totals of all groups have in common, from the youngest on: no segment of any of them lies on both
/// sides of one. `begin` is the minute of the deployment, `now` one that no total is beyond.
pub fn common_anchors(begin: i64, now: i64) -> impl Iterator<Item = i64> {
    let older = move |anchor: &i64| {
        let mut next = anchor - 1;
        // Where the distance is larger, the anchor is older, and the distance there may be larger again.
        while next.rem_euclid(distance(now - next)) != 0 {
            next -= next.rem_euclid(distance(now - next));
        }
        (*anchor > begin).then_some(next.max(begin))
    };
    std::iter::successors(Some(now.max(begin)), older)
}

impl RunningTotal {
    /// Takes in the cell of one second; seconds come in order.
    pub fn enter(&mut self, second: i64, cell: &Cell) {
        let now = minute(second);
        let segment = match self.segments.back_mut() {
            Some(last) if last.last == now => last,
            _ => self.open(now),
        };
        segment.events += cell.events;
        if let Some(details) = &cell.details {
            segment.unknown += details.unknown;
            if let Some(values) = &details.values {
                segment.values.merge(&values.samples);
            }
        }
    }

    fn open(&mut self, now: i64) -> &mut Segment {
        self.thin(now);
        self.segments.push_back(Segment { first: now, last: now, events: 0, unknown: 0, values: Samples::default() });
        let last = self.segments.len() - 1;
        &mut self.segments[last]
    }

    /// Gives up anchors that are too near to one another for their age. That of a series which has a part of another's events
    /// keeps every anchor that the other does: the rule depends on nothing but the minutes.
    fn thin(&mut self, now: i64) {
        let mut at = 1;
        while at < self.segments.len() {
            let later = self.segments[at].first;
            let distance = distance(now - later);
            let has_anchor = later.div_euclid(distance) > self.segments[at - 1].last.div_euclid(distance);
            if has_anchor {
                at += 1;
            } else if let Some(later) = self.segments.remove(at) {
                self.segments[at - 1].join(&later);
            }
        }
    }

    /// From the oldest on.
    pub fn segments(&self) -> &VecDeque<Segment> {
        &self.segments
    }

    pub fn events(&self) -> u64 {
        self.segments.iter().map(|segment| segment.events).sum()
    }

    /// A new deployment, in this second or an earlier one: it counts from there, or the first anchor after it, as the group
    /// with this number.
    pub fn begin(&mut self, deployed: i64, number: u64) {
        self.segments.retain(|segment| segment.first * SPACING >= deployed);
        (self.number, self.missed) = (number, None);
    }
}

impl Segment {
    fn join(&mut self, later: &Segment) {
        self.last = later.last;
        self.events += later.events;
        self.unknown += later.unknown;
        self.values.merge(&later.values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(minutes: impl IntoIterator<Item = i64>) -> RunningTotal {
        let mut total = RunningTotal::default();
        for minute in minutes {
            total.enter(minute * SPACING + 7, &Cell { events: 1, details: None });
        }
        total
    }

    #[test]
    fn anchors_are_kept_by_their_age() {
        for (minutes, most) in [(8, 8), (240, 32), (10_000, 60), (500_000, 90)] {
            let total = total(0..minutes);
            let segments = total.segments();
            assert_eq!((total.events(), segments[0].first), (minutes as u64, 0));
            assert!(segments.len() <= most, "{minutes}: {}", segments.len());
            let youngest: Vec<i64> =
                segments.iter().rev().take(8.min(segments.len())).map(|segment| segment.first).collect();
            assert!(youngest.iter().zip((0..minutes).rev()).all(|(kept, expected)| *kept == expected));
            for pair in segments.iter().collect::<Vec<_>>().windows(2) {
                assert!(pair[1].first - pair[0].first <= 1 + (minutes - pair[0].first) / 2, "{pair:?}");
            }
        }
    }

    #[test]
    fn a_deployment_that_shows_late_is_counted_from_its_next_anchor_on() {
        let mut total = total([0, 1, 2, 3]);
        total.begin(SPACING + 1, 9);
        let kept: Vec<i64> = total.segments().iter().map(|segment| segment.first).collect();
        assert_eq!((kept, total.number), (vec![2, 3], 9));
        total.begin(1_000, 1);
        assert_eq!(total.events(), 0);
    }

    proptest! {
        /// So events of several groups can be counted from one moment on.
        #[test]
        fn no_segment_lies_on_both_sides_of_a_common_anchor(begin in 0i64..50, steps in prop::collection::vec((0i64..40, 0usize..3), 1..400)) {
            let mut now = begin;
            let mut groups = [RunningTotal::default(), RunningTotal::default(), RunningTotal::default()];
            for (step, group) in steps {
                now += if step > 10 { step - 10 } else { i64::from(step > 5) };
                groups[group].enter(now * SPACING, &Cell { events: 1, details: None });
            }
            let anchors: Vec<i64> = common_anchors(begin, now).collect();
            prop_assert_eq!((anchors[0], anchors.last()), (now, Some(&begin)));
            prop_assert!(anchors.windows(2).all(|pair| pair[1] < pair[0] && pair[0] - pair[1] <= 1 + (now - pair[1]) / 2), "{:?}", anchors);
            for segment in groups.iter().flat_map(RunningTotal::segments) {
                let splits = |anchor: &&i64| segment.first < **anchor && **anchor <= segment.last;
                prop_assert_eq!(anchors.iter().find(splits), None, "{:?}", segment);
            }
        }

        /// So what is counted of the part and of the whole since an anchor of the whole is of the same time.
        #[test]
        fn a_part_keeps_every_anchor_of_its_whole(steps in prop::collection::vec((0i64..40, any::<bool>()), 1..400)) {
            let mut now = 0;
            let (mut part, mut whole) = (RunningTotal::default(), RunningTotal::default());
            let mut all = Vec::new();
            for (step, is_part) in steps {
                now += if step > 10 { step - 10 } else { i64::from(step > 5) };
                let cell = Cell { events: 1, details: None };
                whole.enter(now * SPACING, &cell);
                if is_part {
                    part.enter(now * SPACING, &cell);
                    all.push(now);
                }
            }
            for anchor in whole.segments() {
                let since: u64 = part.segments().iter().filter(|segment| segment.first >= anchor.first).map(|segment| segment.events).sum();
                prop_assert_eq!(since, all.iter().filter(|minute| **minute >= anchor.first).count() as u64);
            }
        }
    }
}
