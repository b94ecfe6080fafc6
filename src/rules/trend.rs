//! What a trend remembers: what its expression came to at earlier ticks.

use std::collections::VecDeque;

use crate::timeline::Tick;

/// The readings of one expression and group, with ticks of equal readings as one stretch.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Trend {
    stretches: VecDeque<Stretch>,
}

/// Ticks at which the value was the same.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Stretch {
    first: Tick,
    last: Tick,
    value: f64,
}

impl Trend {
    /// Takes note of what is read at a tick, and forgets what a trend over `length` seconds does not need any more.
    pub fn look(&mut self, tick: Tick, value: Option<f64>, length: i64) {
        if let Some(value) = value {
            match self.stretches.back_mut() {
                Some(latest) if latest.last >= tick => {}
                Some(latest) if latest.last == tick.plus(-1) && latest.value == value => latest.last = tick,
                _ => self.stretches.push_back(Stretch { first: tick, last: tick, value }),
            }
        }
        while self.stretches.get(1).is_some_and(|second| second.first <= tick.plus(-length)) {
            self.stretches.pop_front();
        }
    }

    /// What was read at `tick`, if anything was, is read at so many more ticks.
    pub fn stay(&mut self, tick: Tick, ticks: i64) {
        if let Some(latest) = self.stretches.back_mut().filter(|latest| latest.last == tick) {
            latest.last = latest.last.plus(ticks);
        }
    }

    /// The relative change a second to the value at a tick, from the latest reading at least `length` seconds before it.
    pub fn change(&self, tick: Tick, value: f64, length: i64) -> Option<f64> {
        let Stretch { first, last, value: before } = *self.stretches.front()?;
        let elapsed = tick.since(tick.plus(-length).clamp(first, last));
        (elapsed >= length && before != 0.0).then(|| (value - before) / before.abs() / elapsed as f64)
    }

    /// The first tick after `tick`, the one looked at last, at which the change may be another if the value stays.
    pub fn steady_until(&self, tick: Tick, length: i64) -> Tick {
        let Some(oldest) = self.stretches.front() else { return Tick::NEVER };
        let start = tick.plus(-length);
        if self.stretches.back().is_none_or(|latest| latest.last < tick) {
            // Without a value there is no change.
            Tick::NEVER
        } else if start < oldest.first {
            oldest.first.plus(length)
        } else if self.stretches.len() == 1 {
            // It grows as the ticks do.
            Tick::NEVER
        } else if start < oldest.last {
            oldest.last.plus(length + 1)
        } else {
            tick.plus(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LENGTH: i64 = 7;

    /// What a trend comes to that keeps every reading.
    fn simply(readings: &[Option<f64>], tick: usize) -> Option<f64> {
        let known = |at: &usize| readings[*at].is_some();
        let value = readings[tick]?;
        let from = (0..=tick).rev().filter(known).find(|at| tick - at >= LENGTH as usize)?;
        let before = readings[from].filter(|before| *before != 0.0)?;
        Some((value - before) / before.abs() / (tick - from) as f64)
    }

    proptest! {
        #[test]
        fn it_is_as_if_every_reading_was_kept(
            stretches in prop::collection::vec((prop::option::of(0u8..3), 1usize..12), 1..8)
        ) {
            let readings: Vec<Option<f64>> = stretches.iter().flat_map(|(value, ticks)| vec![value.map(f64::from); *ticks]).collect();
            let mut every = Trend::default();
            let mut some = Trend::default();
            let mut next = 0;
            let mut said = None;
            for (tick, value) in readings.iter().enumerate() {
                every.look(Tick::at(tick as i64), *value, LENGTH);
                let expected = simply(&readings, tick);
                prop_assert_eq!(value.and_then(|value| every.change(Tick::at(tick as i64), value, LENGTH)), expected);
                // The other is looked at only where its value or, as it says itself, its change may be another.
                if tick == next {
                    some.look(Tick::at(tick as i64), *value, LENGTH);
                    said = value.and_then(|value| some.change(Tick::at(tick as i64), value, LENGTH));
                    let changes = (tick + 1..readings.len()).find(|later| readings[*later] != *value).unwrap_or(readings.len());
                    next = changes.min(some.steady_until(Tick::at(tick as i64), LENGTH).second().min(1_000) as usize);
                    some.stay(Tick::at(tick as i64), (next - tick - 1) as i64);
                }
                prop_assert_eq!(said, expected, "at {}", tick);
            }
        }
    }
}
