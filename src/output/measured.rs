//! What was measured beside what it was compared with, for people.

use super::format::{MOST_DECIMALS, count, counted, value, value_with};
use crate::rules::judgement::Before;
use crate::summary::TriggerEvent;

/// What was compared with what.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    pub value: Option<f64>,
    pub bound: Option<f64>,
    pub threshold: Option<f64>,
    pub share: Option<(u64, u64)>,
    pub samples: u64,
    pub baseline: Option<Before>,
    pub unit: &'a str,
}

impl<'a> Measured<'a> {
    /// What a trigger's change says.
    pub fn of(event: &'a TriggerEvent) -> Self {
        Measured {
            value: event.value,
            bound: event.bound,
            threshold: event.threshold,
            share: event.share,
            samples: event.samples,
            baseline: event.baseline,
            unit: event.unit,
        }
    }
}

impl Measured<'_> {
    /// `18 % (4 of 22, at least 8.4 %; 1.1 % of 4000 before) > 5 %`; `None` without a value and a threshold. `expr` is the expression as
    /// written: it tells how a value that is equal to its threshold was compared.
    pub fn tell(&self, expr: &str) -> Option<String> {
        let (number, threshold) = (self.value?, self.threshold?);
        // What is compared last speaks for what is compared before it.
        let equal = [("<=", "≤"), ("==", "="), (">=", "≥")].into_iter().max_by_key(|(written, _)| expr.rfind(written));
        let sign = match number.partial_cmp(&threshold)? {
            std::cmp::Ordering::Greater => ">",
            std::cmp::Ordering::Less => "<",
            std::cmp::Ordering::Equal => equal.map_or("≥", |(_, shown)| shown),
        };
        // Two numbers that differ are not written alike.
        let written = |more| (value_with(number, self.unit, more), value_with(threshold, self.unit, more));
        let apart = |(a, b): &(String, String)| number == threshold || a != b;
        let (shown, limit) = (0..MOST_DECIMALS).map(written).find(apart).unwrap_or_else(|| written(0));
        let share = self.share.map(|(part, whole)| format!("{} of {}", count(part), count(whole)));
        let samples = (self.unit != "count" && self.samples > 0).then(|| counted(self.samples, "sample"));
        let bound = self.bound.map(|bound| {
            format!("at {} {}", if number < threshold { "most" } else { "least" }, value(bound, self.unit))
        });
        let before = self.before();
        let now: Vec<String> = share.or(samples).into_iter().chain(bound).collect();
        let facts: Vec<String> = Some(now.join(", ")).filter(|now| !now.is_empty()).into_iter().chain(before).collect();
        let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join("; ")) };
        Some(format!("{shown}{facts} {sign} {limit}"))
    }

    /// `1.1 % of 4000 before`, or `as before: 6.1 % of 4000`; of a number of events without what it rests on.
    pub fn before(&self) -> Option<String> {
        let Before { value: was, samples, as_before } = self.baseline?;
        let of = if self.unit == "count" { String::new() } else { format!(" of {}", count(samples)) };
        let was = value(was, self.unit);
        Some(if as_before { format!("as before: {was}{of}") } else { format!("{was}{of} before") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_never_reads_as_a_contradiction() {
        let measured = |value, bound, threshold, unit| Measured {
            value: Some(value),
            bound,
            threshold: Some(threshold),
            share: None,
            samples: 0,
            baseline: None,
            unit,
        };
        let share = Measured { share: Some((4, 22)), ..measured(4.0 / 22.0, Some(0.084), 0.05, "ratio") };
        assert_eq!(share.tell("").unwrap(), "18 % (4 of 22, at least 8.4 %) > 5 %");
        let before = Measured { baseline: Some(Before { value: 0.011, samples: 4_000, as_before: false }), ..share };
        assert_eq!(before.tell("").unwrap(), "18 % (4 of 22, at least 8.4 %; 1.1 % of 4000 before) > 5 %");
        let same = Measured { baseline: Some(Before { value: 0.17, samples: 4_000, as_before: true }), ..share };
        assert_eq!(same.tell("").unwrap(), "18 % (4 of 22, at least 8.4 %; as before: 17 % of 4000) > 5 %");
        let count = measured(7.0, None, 2.0, "count");
        let few = Measured { baseline: Some(Before { value: 0.25, samples: 3, as_before: false }), ..count };
        assert_eq!(few.tell("").unwrap(), "7 (0.25 before) > 2");
        let below = Measured { share: Some((9, 10)), ..measured(0.9, Some(0.94), 0.95, "ratio") };
        assert_eq!(below.tell("").unwrap(), "90 % (9 of 10, at most 94 %) < 95 %");
        assert_eq!(measured(0.0504, None, 0.05, "ratio").tell("").unwrap(), "5.04 % > 5 %");
        assert_eq!(measured(3.0, None, 3.0, "count").tell("streak(a of b) >= 3").unwrap(), "3 ≥ 3");
        assert_eq!(measured(3.0, None, 3.0, "count").tell("a <= 3").unwrap(), "3 ≤ 3");
        let slow = Measured { samples: 55, ..measured(1.3, None, 1.0, "seconds") };
        assert_eq!(slow.tell("").unwrap(), "1.3 s (55 samples) > 1 s");
        assert_eq!(Measured { value: None, ..slow }.tell(""), None);
        assert_eq!(measured(f64::NAN, None, 1.0, "count").tell(""), None);
    }
}
