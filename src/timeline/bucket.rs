//! Buckets of values, those of hdrhistogram: each is as wide as three significant digits allow.

/// Significant decimal digits that a recorded value keeps: percentiles are within 0.1 % of a value that was seen.
#[cfg(test)]
pub const SIGNIFICANT_DIGITS: u8 = 3;

/// Values are recorded in microseconds, bytes or thousandths: the kept integers over this.
pub const RESOLUTION: i64 = 1_000;

/// Bits of a bucket's number within its power of two: 2^10 buckets keep three significant digits (2^11 ≥ 2 × 10^3).
const PRECISION: u32 = 10;

/// Number of a bucket: they are counted from zero without a gap. Below 2^11 each holds one value, and from there on each
/// power of two has 2^10 of them. The largest value, `i64::MAX` over `RESOLUTION`, is of one below 2^16.
pub type Bucket = u16;

/// The first bucket whose values, taken as the highest of it in the kept unit, pass a test that all higher ones pass, too; one
/// that no value is in, if none does.
pub fn first_bucket(passes: impl Fn(f64) -> bool) -> Bucket {
    let (mut low, mut high) = (0, bucket(i64::MAX) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if passes(highest(middle)) { high = middle } else { low = middle + 1 }
    }
    low
}

/// The bucket of a value; negative values count as zero.
pub fn bucket(value: i64) -> Bucket {
    let scaled = (value.max(0) / RESOLUTION) as u64;
    let bits = u64::BITS - scaled.leading_zeros();
    let shift = bits.saturating_sub(PRECISION + 1);
    ((shift << PRECISION) as u64 + (scaled >> shift)) as Bucket
}

/// The highest value of a bucket, in the kept unit.
pub fn highest(bucket: Bucket) -> f64 {
    let bucket = u64::from(bucket);
    let shift = (bucket >> PRECISION).saturating_sub(1);
    let first = (bucket - (shift << PRECISION)) << shift;
    (first + (1 << shift) - 1) as f64 * RESOLUTION as f64
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bound_that_no_value_passes_is_beyond_all_buckets() {
        assert_eq!(first_bucket(|_| false), bucket(i64::MAX) + 1);
        assert_eq!(first_bucket(|_| true), 0);
    }

    proptest! {
        #[test]
        fn buckets_are_those_of_hdrhistogram_over_the_whole_range(bits in 0u32..64, value in any::<i64>()) {
            let value = (value & i64::MAX) >> bits.min(62);
            let theirs = Histogram::<u64>::new(SIGNIFICANT_DIGITS).unwrap();
            let scaled = (value / RESOLUTION) as u64;
            let expected = theirs.highest_equivalent(scaled) as f64 * RESOLUTION as f64;
            prop_assert_eq!(highest(bucket(value)), expected);
        }
    }

    #[test]
    fn what_the_largest_value_falls_into_is_a_bucket() {
        assert!(highest(bucket(i64::MAX)) >= (i64::MAX / RESOLUTION * RESOLUTION) as f64);
        assert_eq!(bucket(i64::MIN), 0);
    }
}
