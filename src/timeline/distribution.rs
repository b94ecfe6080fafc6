//! A histogram that is as small as what it has seen, and merges exactly.

use std::sync::LazyLock;

use hdrhistogram::Histogram;

/// Significant decimal digits that a recorded value keeps: percentiles are within 0.1 % of a value that was seen.
pub const SIGNIFICANT_DIGITS: u8 = 3;

/// Values are recorded in microseconds, bytes or thousandths: the kept integers over this.
const RESOLUTION: i64 = 1_000;

/// The bucket arithmetic; holds no counts itself.
static BUCKETS: LazyLock<Histogram<u64>> = LazyLock::new(|| {
    Histogram::new(SIGNIFICANT_DIGITS).expect("three significant digits are within what a histogram supports")
});

/// Counts of values by their hdrhistogram bucket, sparse: one entry for each bucket that was hit.
///
/// Values are the integers kept everywhere (nanoseconds, bytes, millionths); negative ones count as zero.
#[derive(Clone, Debug, Default)]
pub struct Distribution {
    /// (lowest value of the bucket in units of [`RESOLUTION`], count), ascending. A count can be zero: a sliding window
    /// meets the same buckets again and again, and taking them out each time would move all that stand behind.
    buckets: Vec<(u64, u64)>,
    total: u64,
}

/// Buckets beyond which empty ones are taken out after all.
const MOST_BUCKETS: usize = 2_048;

impl PartialEq for Distribution {
    fn eq(&self, other: &Self) -> bool {
        fn filled(distribution: &Distribution) -> impl Iterator<Item = &(u64, u64)> {
            distribution.buckets.iter().filter(|(_, count)| *count > 0)
        }
        filled(self).eq(filled(other))
    }
}

impl Eq for Distribution {}

impl Distribution {
    pub fn record(&mut self, value: i64) {
        let scaled = (value.max(0) / RESOLUTION) as u64;
        self.add(BUCKETS.lowest_equivalent(scaled), 1);
    }

    pub fn merge(&mut self, other: &Distribution) {
        for &(bucket, count) in other.buckets.iter().filter(|(_, count)| *count > 0) {
            self.add(bucket, count);
        }
    }

    /// Takes away what was merged before; counts that were never there are ignored.
    pub fn subtract(&mut self, other: &Distribution) {
        for &(bucket, count) in &other.buckets {
            if let Ok(at) = self.buckets.binary_search_by_key(&bucket, |entry| entry.0) {
                let taken = count.min(self.buckets[at].1);
                self.buckets[at].1 -= taken;
                self.total -= taken;
            }
        }
        if self.buckets.len() > MOST_BUCKETS || self.total == 0 {
            self.buckets.retain(|(_, count)| *count > 0);
        }
    }

    pub fn count(&self) -> u64 {
        self.total
    }

    /// The smallest recorded value at or below which a share `q` (0 to 1) of all values lies, as the highest value of its
    /// bucket, in the kept unit. `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let rank = ((q.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        self.buckets.iter().find_map(|&(bucket, count)| {
            seen += count;
            (seen >= rank).then(|| BUCKETS.highest_equivalent(bucket) as f64 * RESOLUTION as f64)
        })
    }

    fn add(&mut self, bucket: u64, count: u64) {
        self.total += count;
        match self.buckets.binary_search_by_key(&bucket, |entry| entry.0) {
            Ok(at) => self.buckets[at].1 += count,
            Err(at) => self.buckets.insert(at, (bucket, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn percentiles_are_those_of_hdrhistogram(values in prop::collection::vec(0i64..100_000_000, 1..200), q in 0.0f64..1.0) {
            let mut ours = Distribution::default();
            let mut theirs = Histogram::<u64>::new(SIGNIFICANT_DIGITS).unwrap();
            for value in &values {
                ours.record(value * RESOLUTION);
                theirs.record(*value as u64).unwrap();
            }
            let expected = theirs.value_at_quantile(q) as f64 * RESOLUTION as f64;
            prop_assert_eq!(ours.quantile(q).unwrap(), expected);
        }

        #[test]
        fn percentiles_are_within_a_thousandth(mut values in prop::collection::vec(1i64..100_000_000, 1..200), q in 0.0f64..1.0) {
            let mut distribution = Distribution::default();
            values.iter().for_each(|value| distribution.record(value * RESOLUTION));
            values.sort_unstable();
            let rank = ((q * values.len() as f64).ceil() as usize).max(1);
            let exact = (values[rank - 1] * RESOLUTION) as f64;
            let found = distribution.quantile(q).unwrap();
            prop_assert!((found - exact).abs() <= exact * 0.001 + RESOLUTION as f64, "{} {}", found, exact);
        }

        #[test]
        fn merging_is_associative_and_subtraction_undoes_it(
            a in prop::collection::vec(0i64..10_000_000_000, 0..50), b in prop::collection::vec(0i64..10_000_000_000, 0..50)
        ) {
            let of = |values: &[i64]| {
                let mut distribution = Distribution::default();
                values.iter().for_each(|value| distribution.record(*value));
                distribution
            };
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let mut other_way = of(&b);
            other_way.merge(&of(&a));
            prop_assert_eq!(&merged, &other_way);
            merged.subtract(&of(&b));
            prop_assert_eq!(merged, of(&a));
        }
    }
}
