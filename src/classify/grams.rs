//! Finds many literals in a text at once, by their grams: the runs of four bytes in them.
//!
//! A literal of six bytes and more holds at least three grams in a row. Of any three places in a row in a text one is looked
//! at, and its gram looked up among three in a row of every literal; so no literal is missed, two thirds of the places are
//! never looked at, and nearly all of the others are done with after one look at a table of bits. What the number of
//! literals costs is the size of that table.

use rustc_hash::FxHashMap;

/// Bytes of a gram.
const GRAM: usize = 4;
/// One in so many places of a text is looked at.
const STEP: usize = 3;
/// The shortest literal that can be found.
pub const SHORTEST: usize = GRAM + STEP - 1;

/// Bits of the table for each gram in it: few enough to stay in the nearest cache, enough that few are set.
const BITS_A_GRAM: usize = 64;

pub struct Grams {
    literals: Vec<Box<[u8]>>,
    /// By the gram at an offset within them: (index of the literal, offset).
    places: FxHashMap<u32, Vec<(usize, usize)>>,
    /// A bit for the hash of every gram in `places`.
    bits: Box<[u64]>,
    /// From a product to the number of a bit.
    shift: u32,
}

/// How often grams stand in text like that which will be searched.
#[derive(Debug, Default)]
pub struct Frequencies(FxHashMap<[u8; GRAM], u64>);

impl Frequencies {
    pub fn add(&mut self, text: &[u8]) {
        for gram in text.windows(GRAM).filter_map(|gram| gram.first_chunk()) {
            *self.0.entry(*gram).or_default() += 1;
        }
    }

    /// Where in a literal the rarest [`STEP`] grams in a row begin; of equals, the first.
    fn rarest(&self, literal: &[u8]) -> usize {
        let of = |gram: &[u8]| gram.first_chunk().and_then(|gram| self.0.get(gram)).copied().unwrap_or_default();
        let row = |start: &usize| (0..STEP).map(|offset| of(&literal[start + offset..])).sum::<u64>();
        (0..=literal.len() - SHORTEST).min_by_key(row).unwrap_or_default()
    }
}

impl Grams {
    /// Every literal must have at least [`SHORTEST`] bytes.
    pub fn new(literals: Vec<Box<[u8]>>, frequencies: &Frequencies) -> Self {
        let mut places: FxHashMap<u32, Vec<(usize, usize)>> = FxHashMap::default();
        for (index, literal) in literals.iter().enumerate() {
            let start = frequencies.rarest(literal);
            for offset in start..start + STEP {
                if let Some(gram) = literal[offset..].first_chunk() {
                    places.entry(u32::from_le_bytes(*gram)).or_default().push((index, offset));
                }
            }
        }
        let size = (places.len() * BITS_A_GRAM).next_power_of_two().max(64);
        let mut grams = Grams { literals, places, bits: vec![0; size / 64].into(), shift: 32 - size.ilog2() };
        for gram in grams.places.keys() {
            let bit = hash(*gram, grams.shift);
            grams.bits[bit / 64] |= 1 << (bit % 64);
        }
        grams
    }

    /// Calls `hit` with the index of every literal that stands in the text, and where.
    pub fn find(&self, text: &[u8], mut hit: impl FnMut(usize, usize)) {
        let mut at = 0;
        while let Some(gram) = text.get(at..at + GRAM).and_then(|gram| gram.first_chunk()) {
            let gram = u32::from_le_bytes(*gram);
            let bit = hash(gram, self.shift);
            if self.bits[bit / 64] >> (bit % 64) & 1 == 1 {
                for &(literal, offset) in self.places.get(&gram).into_iter().flatten() {
                    let start = at.checked_sub(offset);
                    if let Some(start) = start.filter(|start| text[*start..].starts_with(&self.literals[literal])) {
                        hit(literal, start);
                    }
                }
            }
            at += STEP;
        }
    }
}

/// Multiplication spreads the bytes over the upper bits (Knuth's multiplicative hashing, with 2^32 over the golden ratio).
fn hash(gram: u32, shift: u32) -> usize {
    (gram.wrapping_mul(0x9E37_79B1) >> shift) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_every_literal_wherever_it_stands(
            literals in prop::collection::btree_set("[ab]{6,9}", 1..30),
            text in "[abc]{0,120}",
            like in "[ab]{0,60}"
        ) {
            let literals: Vec<Box<[u8]>> = literals.into_iter().map(|text| text.into_bytes().into()).collect();
            let mut expected = Vec::new();
            for (index, literal) in literals.iter().enumerate() {
                let places = (0..text.len()).filter(|start| text.as_bytes()[*start..].starts_with(literal));
                expected.extend(places.map(|start| (index, start)));
            }
            let mut frequencies = Frequencies::default();
            frequencies.add(like.as_bytes());
            let mut found = Vec::new();
            Grams::new(literals, &frequencies).find(text.as_bytes(), |literal, start| found.push((literal, start)));
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_literal_is_looked_for_where_it_is_rarest() {
        let mut frequencies = Frequencies::default();
        frequencies.add(b"services, services, services; the server said");
        assert_eq!(frequencies.rarest(b"server closed"), 4);
        assert_eq!(frequencies.rarest(b"Killed"), 0);
    }
}
