//! What a baseline comes to: what was read once, when the deployment began, and between what bounds the truth lies.

use super::evaluate::Reading;
use super::wilson;
use crate::timeline::distribution::Distribution;

/// A baseline of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Frozen {
    pub reading: Reading,
    /// One-sided bounds of a ratio or a percentile, for a comparison with a confidence. A baseline is looked at once, so the
    /// bounds for one look are right.
    pub least: Option<f64>,
    pub most: Option<f64>,
}

/// The one-sided bounds of a ratio, each wrong with a probability of `alpha`: Wilson's.
pub fn of_share((hits, samples): (u64, u64), alpha: f64) -> (Option<f64>, Option<f64>) {
    let (least, most) = wilson::bounds(hits, samples, wilson::z_of(1.0 - alpha));
    (Some(least), Some(most))
}

/// The same of a percentile, in the kept unit: two of the values that were seen (order statistics). A bound that so few
/// values cannot give is `None`: 59 at least are needed to say how large a 95th percentile may be, at 5 %.
pub fn of_quantile(values: &Distribution, q: f64, alpha: f64) -> (Option<f64>, Option<f64>) {
    let samples = values.count();
    let at = |rank: u64| values.quantile((rank as f64 - 0.5) / samples as f64);
    // The value of rank r is above the percentile unless r or more values are at most as large as it, and is below it if r or
    // more are.
    let most = smallest_rank(samples, q, alpha).and_then(at);
    let least = smallest_rank(samples, 1.0 - q, alpha).map(|rank| samples + 1 - rank).and_then(at);
    (least, most)
}

/// The smallest r with P(X ≥ r) ≤ alpha for X, which is the number of `samples` events that happen with probability `q`
/// each; `None` if there is none up to `samples`.
fn smallest_rank(samples: u64, q: f64, alpha: f64) -> Option<u64> {
    /// Standard deviations from the mean beyond which nothing counts.
    const FAR: f64 = 12.0;
    let n = samples as f64;
    if !(0.0 < q && q < 1.0) || samples == 0 {
        return None;
    }
    let factorial = |count: f64| libm::lgamma(count + 1.0);
    let probability = |hits: f64| {
        (factorial(n) - factorial(hits) - factorial(n - hits) + hits * q.ln() + (n - hits) * (1.0 - q).ln()).exp()
    };
    let mut rank = (n * q + FAR * (n * q * (1.0 - q)).sqrt() + FAR).ceil().min(n) as u64;
    let mut beyond = 0.0;
    loop {
        beyond += probability(rank as f64);
        if beyond > alpha {
            return (rank < samples).then_some(rank + 1);
        }
        rank = rank.checked_sub(1)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(values: impl IntoIterator<Item = i64>) -> Distribution {
        let mut distribution = Distribution::default();
        values.into_iter().for_each(|value| distribution.record(value * 1_000_000_000));
        distribution
    }

    /// Textbook values of the binomial distribution.
    #[test]
    fn ranks_against_known_values() {
        // P(X ≥ 59) of 100 coins is 4.4 %, P(X ≥ 58) is 6.7 %.
        assert_eq!(smallest_rank(100, 0.5, 0.05), Some(59));
        // 0.95⁵⁹ is 4.8 %, 0.95⁵⁸ is 5.1 %.
        assert_eq!((smallest_rank(59, 0.95, 0.05), smallest_rank(58, 0.95, 0.05)), (Some(59), None));
        assert_eq!((smallest_rank(0, 0.5, 0.05), smallest_rank(9, 1.0, 0.05)), (None, None));
        assert!(smallest_rank(1_000_000, 0.5, 0.05).is_some_and(|rank| (500_800..500_850).contains(&rank)));
    }

    #[test]
    fn a_percentile_lies_between_two_values_that_were_seen() {
        let (least, most) = of_quantile(&seconds(1..=100), 0.5, 0.05);
        let near = |bound: Option<f64>, value: f64| bound.is_some_and(|bound| (bound / 1e9 - value).abs() < 0.05);
        assert!(near(most, 59.0) && near(least, 42.0), "{least:?} {most:?}");
        let (least, most) = of_quantile(&seconds(1..=20), 0.95, 0.05);
        assert_eq!(most, None);
        assert!(near(least, 17.0), "{least:?}");
        assert_eq!(of_quantile(&Distribution::default(), 0.5, 0.05), (None, None));
    }

    #[test]
    fn bounds_of_a_share_are_wilsons() {
        let (least, most) = of_share((4, 22), 0.05);
        assert!(least.is_some_and(|least| (least - 0.0844).abs() < 1e-4) && most > Some(0.3));
    }
}
