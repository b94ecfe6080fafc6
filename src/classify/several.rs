//! Several literals looked for at once, where hardly any text holds one.
//!
//! Whether there is any of them is told 16 or 32 bytes at a time (Teddy); only then an automaton goes over the text byte by
//! byte, and finds all of them. Unlike [`Grams`](super::grams::Grams) it takes literals of any length, but no large number of them.

use aho_corasick::{AhoCorasick, AhoCorasickKind, packed};

#[derive(Debug)]
pub struct Several {
    /// `None` on processors without the instructions for it.
    any: Option<packed::Searcher>,
    all: AhoCorasick,
}

impl Several {
    pub fn new(literals: &[impl AsRef<[u8]>]) -> Self {
        // Quick to build rather than to run: it runs over few texts.
        let built = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(literals);
        Several {
            any: packed::Searcher::new(literals),
            all: built.expect("short literals, and not many, make a small automaton"),
        }
    }

    /// Calls `hit` with the index of every literal for each place in the text where it stands, overlapping ones as well.
    pub fn find(&self, text: &[u8], mut hit: impl FnMut(usize)) {
        if self.any.as_ref().is_some_and(|any| any.find(text).is_none()) {
            return;
        }
        for found in self.all.find_overlapping_iter(text) {
            hit(found.pattern().as_usize());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_every_literal_wherever_it_stands(
            literals in prop::collection::btree_set("[ab]{1,5}", 1..70),
            text in "[abc]{0,30}c{0,40}[abc]{0,30}"
        ) {
            let literals: Vec<String> = literals.into_iter().collect();
            let mut expected = Vec::new();
            for (index, literal) in literals.iter().enumerate() {
                let places = (0..text.len()).filter(|start| text[*start..].starts_with(literal.as_str()));
                expected.extend(places.map(|_| index));
            }
            let mut found = Vec::new();
            Several::new(&literals).find(text.as_bytes(), |literal| found.push(literal));
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
