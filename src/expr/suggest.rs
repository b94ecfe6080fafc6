//! The name somebody meant.

/// Longer names are not slips of the pen, and comparing them costs the product of the lengths.
const LONGEST: usize = 64;

/// The candidate nearest to `name`, if any is near enough to be meant: about one slip for every three letters. Of
/// equally near ones the first.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    if name.len() > LONGEST {
        return None;
    }
    let allowed = SLIP * (name.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (distance(&name, &candidate.to_lowercase().chars().collect::<Vec<_>>()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// What a wrong, missing or superfluous letter costs.
const SLIP: usize = 2;
/// Two letters in the wrong order are the commonest slip, and cost less, so that `p59` is `p95` rather than `p50`.
const SWAP: usize = 1;

/// The optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).map(|j| j * SLIP).collect();
    for i in 1..=a.len() {
        let mut row = vec![i * SLIP];
        for j in 1..=b.len() {
            let same = a[i - 1] == b[j - 1];
            let mut least = (above[j - 1] + if same { 0 } else { SLIP }).min(above[j] + SLIP).min(row[j - 1] + SLIP);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && !same {
                least = least.min(before[j - 2] + SWAP);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood() {
        let functions = ["count", "p50", "p90", "p95", "p99", "quantile"];
        assert_eq!(nearest("p59", functions), Some("p95"));
        assert_eq!(nearest("Conut", functions), Some("count"));
        assert_eq!(nearest("quantil", functions), Some("quantile"));
        assert_eq!(nearest("median", functions), None);
        assert_eq!(nearest("", functions), None);
        assert_eq!(nearest(&"x".repeat(100_000), functions), None);
        assert_eq!(nearest("http.requests", ["http.error", "http.request"]), Some("http.request"));
    }
}
