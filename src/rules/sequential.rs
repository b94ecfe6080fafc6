//! A test of a share that may be looked at after every event: what a confidence promises of a whole run (SEMANTICS 12).
//!
//! `hits` of `samples` events are counted from one moment on, the anchor. If their true share is at most p₀, then
//!
//! ```text
//! M = B(a + hits, b + samples − hits) / B(a, b) / (p₀^hits (1 − p₀)^(samples − hits))
//! ```
//!
//! with B the beta function, the likelihood of what was seen under a mixture of all shares over that under p₀, is at p₀ a
//! martingale that begins at 1, so the probability that it *ever* reaches 1/α is at most α (Ville's inequality). For smaller
//! true shares it is no more probable, as long as M counts only while hits / samples > p₀: there the likelihood under p₀ is the
//! largest of all p ≤ p₀. The mixture is after Robbins, "Statistical methods related to the law of the iterated logarithm",
//! Annals of Mathematical Statistics 41 (1970); as intervals that hold at all times see Howard, Ramdas, McAuliffe, Sekhon,
//! "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49 (2021).
//!
//! Several tests may share one α: with weights that sum up to 1 at most, the probability that any of them fires stays at
//! most α. So there are tests from several anchors, for what begins late, and of several groups.

use std::f64::consts::PI;

/// The prior Beta(½, ½), which has no favourite among small and large shares. Against 5 % at α = 5 % half of all streams
/// with a true share of 10 % are found within 234 events, of 30 % within 11.
const PRIOR: f64 = 0.5;

/// Events since an anchor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub hits: u64,
    pub samples: u64,
}

impl Counts {
    /// The same of those that are no hits.
    pub fn mirrored(self) -> Counts {
        Counts { hits: self.samples.saturating_sub(self.hits), ..self }
    }

    fn misses(self) -> f64 {
        self.samples.saturating_sub(self.hits) as f64
    }
}

/// ln M against the true share being at most `share`; minus infinity where no more than that was seen.
pub fn evidence(seen: Counts, share: f64) -> f64 {
    let (hits, samples) = (seen.hits as f64, seen.samples as f64);
    if seen.samples == 0 || hits <= share * samples {
        return f64::NEG_INFINITY;
    }
    if share <= 0.0 {
        // What never happens has happened.
        return f64::INFINITY;
    }
    mixture(seen) - likelihood(seen, share)
}

/// The lower bound of the true share at which `evidence` comes to `needed`, the ln of 1/α; 0 if there is none.
pub fn least(seen: Counts, needed: f64) -> f64 {
    if seen.hits == 0 || seen.samples == 0 {
        return 0.0;
    }
    let target = mixture(seen) - needed;
    // At the share that was seen the evidence is below 0, and it grows without end towards 0.
    let (mut low, mut high) = (0.0, seen.hits as f64 / seen.samples as f64);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if likelihood(seen, middle) <= target { low = middle } else { high = middle }
    }
    low
}

/// The part of α that the test from an anchor has: `number` from 1 counts the possible anchors since the deployment, of
/// which there are `planned`. One half is spent mostly on the first ones, where most faults show; the other in equal parts on
/// all that are planned, so that what begins late is found as well.
pub fn weight_of_anchor(number: u64, planned: u64) -> f64 {
    let number = number.max(1);
    let early = 6.0 / (PI * PI) / (number as f64 * number as f64);
    let planned = if number <= planned { 1.0 / planned as f64 } else { 0.0 };
    0.5 * (early + planned)
}

/// The part of α that the test of one group has: `number` from 1 counts the groups, and nobody knows how many will come.
pub fn weight_of_group(number: u64) -> f64 {
    let number = number.max(1) as f64;
    1.0 / (number * (number + 1.0))
}

/// ln of the likelihood under the mixture.
fn mixture(seen: Counts) -> f64 {
    ln_beta(PRIOR + seen.hits as f64, PRIOR + seen.misses()) - ln_beta(PRIOR, PRIOR)
}

/// ln of the likelihood under one share.
fn likelihood(seen: Counts, share: f64) -> f64 {
    let part = |count: f64, share: f64| if count == 0.0 { 0.0 } else { count * share.ln() };
    part(seen.hits as f64, share) + part(seen.misses(), 1.0 - share)
}

fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    /// SplitMix64 (Steele, Lea, Flood 2014): a number from 0 to 1.
    pub fn random(state: &mut u64) -> f64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64
    }

    /// Requests until a stream's test fires, looked at after each one; `None` if it does not within 2,000.
    fn fires(stream: u64, truth: f64, share: f64, alpha: f64) -> Option<u64> {
        let (mut hits, mut state) = (0, stream << 32);
        (1..=2_000).find(|samples| {
            hits += u64::from(random(&mut state) < truth);
            evidence(Counts { hits, samples: *samples }, share) >= -alpha.ln()
        })
    }

    fn fired(truth: f64, share: f64, streams: u64) -> (f64, Option<u64>) {
        let mut when: Vec<u64> = (0..streams).filter_map(|stream| fires(stream, truth, share, 0.05)).collect();
        when.sort_unstable();
        (when.len() as f64 / streams as f64, when.get(streams as usize / 2).copied())
    }

    /// The promise: 2,000 streams at exactly the bound, looked at 2,000 times each.
    #[test]
    fn at_most_alpha_of_streams_at_the_bound_ever_fire() {
        for (truth, share) in [(0.05, 0.05), (0.04, 0.05), (0.5, 0.5), (0.01, 0.01)] {
            let (rate, _) = fired(truth, share, 2_000);
            assert!(rate <= 0.05, "{truth} against {share}: {rate}");
        }
        // It does look: an interval made for one look would fire in half of them.
        assert!(fired(0.05, 0.05, 2_000).0 > 0.002);
    }

    #[test]
    fn what_is_worse_is_found_soon() {
        let (rate, median) = fired(0.1, 0.05, 200);
        assert!(rate == 1.0 && (150..300).contains(&median.unwrap()), "{rate} {median:?}");
        let (rate, median) = fired(0.3, 0.05, 200);
        assert!(rate == 1.0 && (8..20).contains(&median.unwrap()), "{rate} {median:?}");
    }

    #[test]
    fn bounds_against_known_values() {
        // Worked out with Python's `math.lgamma`.
        for (hits, samples, bound) in [(11, 33, 0.122_315_726), (4, 22, 0.024_976_324), (10, 10, 0.623_012_649)] {
            assert!((least(Counts { hits, samples }, 20f64.ln()) - bound).abs() < 1e-8, "{hits} of {samples}");
        }
        assert!((evidence(Counts { hits: 4, samples: 22 }, 0.05) - 0.687_349_503).abs() < 1e-8);
        assert_eq!(least(Counts { hits: 0, samples: 100 }, 3.0), 0.0);
        assert_eq!(least(Counts::default(), 3.0), 0.0);
        assert_eq!(evidence(Counts { hits: 1, samples: 1_000 }, 0.0), f64::INFINITY);
        assert_eq!(evidence(Counts { hits: 9, samples: 9 }, 1.0), f64::NEG_INFINITY);
    }

    #[test]
    fn weights_are_no_more_than_one_in_all() {
        for planned in [1, 2, 60, 241, 100_000] {
            let all: f64 = (1..=200_000).map(|number| weight_of_anchor(number, planned)).sum();
            assert!(all <= 1.0 && all > 0.99, "{planned}: {all}");
        }
        let all: f64 = (1..=100_000).map(weight_of_group).sum();
        assert!(all <= 1.0 && all > 0.99, "{all}");
    }

    proptest! {
        #[test]
        fn the_bound_is_where_the_evidence_is_enough(hits in 0u64..400, misses in 0u64..400, share in 0.001f64..0.999, needed in 0.7f64..15.0) {
            let seen = Counts { hits, samples: hits + misses };
            let bound = least(seen, needed);
            prop_assert!(bound <= hits as f64 / seen.samples.max(1) as f64);
            prop_assert!((bound - share).abs() < 1e-9 || (evidence(seen, share) >= needed) == (bound > share));
            // More hits of as many samples say more, and so do more samples at the same share.
            let more = Counts { hits: hits + 1, samples: seen.samples + 1 };
            prop_assert!(least(more, needed) >= bound);
            let diluted = Counts { hits, samples: seen.samples + 1 };
            prop_assert!(least(diluted, needed) <= bound);
            prop_assert!(least(seen, needed + 1.0) <= bound);
            prop_assert!(least(seen.mirrored(), needed) <= 1.0 - bound);
        }
    }
}
