//! Distributions of values, in two forms: what a stretch of time holds is short and only ever joined ([`Samples`]); what is read is
//! asked for percentiles at every tick ([`Distribution`]).
//!
//! The buckets are those of hdrhistogram, and tests hold the percentiles against its own. Its histograms are not used here: a
//! sliding window takes out, second by second, what went in, which they do only by another whole histogram; and with three digits
//! those of 500 routes took 140 MB.

use std::cell::Cell;

use super::bucket::{Bucket, bucket, highest};

/// The values of one stretch of time.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Buckets with counts, in any order. One may stand there several times: most are taken out as they were put in, and
    /// are never looked up.
    counts: Vec<(Bucket, u16)>,
    /// How many of them were left when they were last joined.
    joined: usize,
}

impl Samples {
    pub fn record(&mut self, value: i64) {
        self.counts.push((bucket(value), 1));
        self.shrink();
    }

    pub fn merge(&mut self, other: &Samples) {
        self.counts.extend_from_slice(&other.counts);
        self.shrink();
    }

    /// How many there are, and how many of them are in this bucket or a higher one.
    pub fn count_from(&self, bucket: Bucket) -> (u64, u64) {
        self.counts.iter().fold((0, 0), |(all, high), (at, count)| {
            let count = u64::from(*count);
            (all + count, high + if *at >= bucket { count } else { 0 })
        })
    }

    /// Joins the counts of equal buckets whenever there are twice as many as after the last time.
    fn shrink(&mut self) {
        /// Counts that are not worth a look.
        const FEW: usize = 256;
        if self.counts.len() > 2 * self.joined + FEW {
            self.counts = self.sorted();
            self.joined = self.counts.len();
        }
    }

    /// Ascending, with every bucket once, unless its count is beyond what fits.
    fn sorted(&self) -> Vec<(Bucket, u16)> {
        let mut sorted = self.counts.clone();
        sorted.sort_unstable_by_key(|(bucket, _)| *bucket);
        sorted.dedup_by(|later, kept| match kept.1.checked_add(later.1) {
            Some(count) if kept.0 == later.0 => {
                kept.1 = count;
                true
            }
            _ => false,
        });
        sorted
    }
}

/// As pairs of a bucket and a count, ascending.
impl serde::Serialize for Samples {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sorted().serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Samples {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counts = Vec::deserialize(deserializer)?;
        Ok(Samples { joined: counts.len(), counts })
    }
}

impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        let of = |samples: &Samples| {
            let mut distribution = Distribution::default();
            distribution.merge(samples);
            distribution
        };
        of(self) == of(other)
    }
}

/// Buckets of one page.
const PAGE: usize = 16;

/// Pages that are added up in one total more.
const BLOCK: usize = 16;

/// Pages beyond which empty ones are given back: a sliding window meets the same values again and again.
const MOST_EMPTY: usize = 64;

/// Counts of values by bucket, in pages of neighbours, so that a count is found at once and a percentile by the totals of
/// blocks, then pages.
#[derive(Clone, Debug, Default)]
pub struct Distribution {
    /// By the number of a page: its place in `pages` plus one, or 0 where there is none. Its 2^12 numbers at most take
    /// 8 KiB, and mostly a tenth of that.
    places: Vec<u16>,
    pages: Vec<Page>,
    /// Totals of [`BLOCK`] pages each.
    blocks: Vec<u64>,
    total: u64,
    /// A share that was asked for since the counts last changed, and the value: rules compare one percentile twice.
    asked: Cell<Option<(f64, f64)>>,
}

#[derive(Clone, Debug)]
struct Page {
    number: u16,
    total: u64,
    counts: [u64; PAGE],
}

impl PartialEq for Distribution {
    fn eq(&self, other: &Self) -> bool {
        self.filled().eq(other.filled())
    }
}

impl Eq for Distribution {}

/// As pairs of a bucket and a count, ascending.
impl serde::Serialize for Distribution {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.filled().collect::<Vec<_>>().serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Distribution {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counts: Vec<(Bucket, u64)> = Vec::deserialize(deserializer)?;
        let mut distribution = Distribution::default();
        counts.into_iter().for_each(|(bucket, count)| distribution.add(bucket, count));
        Ok(distribution)
    }
}

impl Distribution {
    pub fn record(&mut self, value: i64) {
        self.add(bucket(value), 1);
    }

    pub fn merge(&mut self, samples: &Samples) {
        for &(bucket, count) in &samples.counts {
            self.add(bucket, u64::from(count));
        }
    }

    /// Takes in another distribution.
    pub fn join(&mut self, other: &Distribution) {
        for (bucket, count) in other.filled() {
            self.add(bucket, count);
        }
    }

    /// Takes away what was merged before; counts that were never there are ignored.
    pub fn subtract(&mut self, samples: &Samples) {
        self.asked.set(None);
        for &(bucket, count) in &samples.counts {
            let (number, within) = place(bucket);
            let Some(page) = self.page(number) else { continue };
            let taken = u64::from(count).min(page.counts[within]);
            page.counts[within] -= taken;
            page.total -= taken;
            self.blocks[usize::from(number) / BLOCK] -= taken;
            self.total -= taken;
        }
        let empty = || self.pages.iter().filter(|page| page.total == 0).count();
        if self.total == 0 || (self.pages.len() > MOST_EMPTY && empty() > self.pages.len() / 2) {
            self.pages.retain(|page| page.total > 0);
            self.places.clear();
            for at in 0..self.pages.len() {
                self.note(at);
            }
        }
    }

    pub fn count(&self) -> u64 {
        self.total
    }

    /// How many are in this bucket or a higher one.
    pub fn count_from(&self, bucket: Bucket) -> u64 {
        let (number, within) = place(bucket);
        let (block, page) = (usize::from(number) / BLOCK, usize::from(number));
        let blocks: u64 = self.blocks.iter().skip(block + 1).sum();
        let end = (block + 1) * BLOCK;
        let pages = self.ascending(page).take_while(|found| usize::from(found.number) < end);
        let high = |page: &Page| if page.number == number { page.counts[within..].iter().sum() } else { page.total };
        blocks + pages.map(high).sum::<u64>()
    }

    /// The sum of all values, each taken as the highest of its bucket, in the kept unit.
    pub fn sum(&self) -> f64 {
        self.filled().map(|(bucket, count)| highest(bucket) * count as f64).sum()
    }

    /// The smallest recorded value at or below which a share `q` (0 to 1) of all values lies, as the highest value of its
    /// bucket, in the kept unit. `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if let Some((_, value)) = self.asked.get().filter(|(asked, _)| *asked == q) {
            return Some(value);
        }
        let rank = ((q.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        // Whether the rank lies within the next so many values, which are passed if not.
        let mut reaches = |count: u64| {
            let reached = seen + count >= rank;
            seen += if reached { 0 } else { count };
            reached
        };
        let block = self.blocks.iter().position(|total| reaches(*total))?;
        let page = self.ascending(block * BLOCK).find(|page| reaches(page.total))?;
        let within = page.counts.iter().position(|count| reaches(*count))?;
        let value = highest(page.bucket(within));
        self.asked.set(Some((q, value)));
        Some(value)
    }

    /// The buckets that hold something, with their counts, ascending.
    fn filled(&self) -> impl Iterator<Item = (Bucket, u64)> {
        let buckets = |page: &'_ Page| {
            let number = page.number;
            (0..PAGE).map(move |within| number * PAGE as u16 + within as u16)
        };
        let all = self.ascending(0).flat_map(move |page| buckets(page).zip(page.counts.iter().copied()));
        all.filter(|(_, count)| *count > 0)
    }

    /// The pages from a number on.
    fn ascending(&self, from: usize) -> impl Iterator<Item = &Page> {
        self.places.iter().skip(from).filter_map(|place| self.pages.get(usize::from(place.checked_sub(1)?)))
    }

    fn page(&mut self, number: u16) -> Option<&mut Page> {
        let place = self.places.get(usize::from(number))?.checked_sub(1)?;
        self.pages.get_mut(usize::from(place))
    }

    /// Notes where a page is.
    fn note(&mut self, at: usize) {
        let number = usize::from(self.pages[at].number);
        if self.places.len() <= number {
            self.places.resize(number + 1, 0);
        }
        if self.blocks.len() <= number / BLOCK {
            self.blocks.resize(number / BLOCK + 1, 0);
        }
        self.places[number] = at as u16 + 1;
    }

    fn add(&mut self, bucket: Bucket, count: u64) {
        let (number, within) = place(bucket);
        self.asked.set(None);
        self.total += count;
        match self.page(number) {
            Some(page) => {
                page.counts[within] += count;
                page.total += count;
            }
            None => {
                let mut page = Page { number, total: count, counts: [0; PAGE] };
                page.counts[within] = count;
                self.pages.push(page);
                self.note(self.pages.len() - 1);
            }
        }
        self.blocks[usize::from(number) / BLOCK] += count;
    }
}

impl Page {
    fn bucket(&self, within: usize) -> Bucket {
        self.number * PAGE as u16 + within as u16
    }
}

/// The page of a bucket, and where it stands in it.
fn place(bucket: Bucket) -> (u16, usize) {
    (bucket / PAGE as u16, usize::from(bucket) % PAGE)
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    use super::super::bucket::{RESOLUTION, SIGNIFICANT_DIGITS};
    use super::*;

    fn distribution(values: &[i64]) -> Distribution {
        let mut distribution = Distribution::default();
        values.iter().for_each(|value| distribution.record(*value));
        distribution
    }

    fn samples(values: &[i64]) -> Samples {
        let mut samples = Samples::default();
        values.iter().for_each(|value| samples.record(*value));
        samples
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_hdrhistogram(values in prop::collection::vec(0i64..100_000_000, 1..200), q in 0.0f64..1.0) {
            let mut theirs = Histogram::<u64>::new(SIGNIFICANT_DIGITS).unwrap();
            let mut ours = Distribution::default();
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
            a in prop::collection::vec(0i64..10_000_000_000, 0..500), b in prop::collection::vec(0i64..100_000, 0..500)
        ) {
            let (of_a, of_b) = (samples(&a), samples(&b));
            let (mut both, mut other_way) = (of_a.clone(), of_b.clone());
            both.merge(&of_b);
            other_way.merge(&of_a);
            prop_assert_eq!(&both, &other_way);
            let mut merged = distribution(&a);
            merged.merge(&of_b);
            prop_assert_eq!(&merged, &distribution(&[a.clone(), b.clone()].concat()));
            prop_assert_eq!(merged.count(), (a.len() + b.len()) as u64);
            prop_assert_eq!(merged.quantile(0.9), distribution(&[a.clone(), b.clone()].concat()).quantile(0.9));
            merged.subtract(&of_b);
            prop_assert_eq!(&merged, &distribution(&a));
            prop_assert_eq!(merged.quantile(0.9), distribution(&a).quantile(0.9));
            prop_assert_eq!(merged.quantile(0.9), distribution(&a).quantile(0.9));
            let mut joined = distribution(&b);
            joined.join(&merged);
            joined.subtract(&both);
            prop_assert_eq!(joined.count(), 0);
            prop_assert_eq!(joined.quantile(0.5), None);
        }
    }

    #[test]
    fn counts_beyond_what_fits_into_one_are_kept_in_several() {
        let mut many = Samples::default();
        (0..200_000).for_each(|_| many.record(RESOLUTION));
        assert!(many.counts.len() < 600);
        let mut distribution = Distribution::default();
        distribution.merge(&many);
        assert_eq!(distribution.count(), 200_000);
    }
}
