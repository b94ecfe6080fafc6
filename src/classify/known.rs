//! Texts that were met, each with a number: one allocation for all of them, because many are met once.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

#[derive(Default)]
pub struct Known {
    places: HashTable<Place>,
    /// The texts, one behind the other.
    texts: Vec<u8>,
}

/// A text, and its number.
struct Place {
    hash: u64,
    start: u32,
    length: u32,
    number: u32,
}

impl Known {
    /// The number of a text.
    pub fn get(&self, text: &[u8]) -> Option<u32> {
        let hash = FxBuildHasher.hash_one(text);
        self.places.find(hash, |place| place.hash == hash && place.is(text, &self.texts)).map(|place| place.number)
    }

    /// Gives a text that has none a number.
    pub fn insert(&mut self, text: &[u8], number: u32) {
        let hash = FxBuildHasher.hash_one(text);
        let place = Place { hash, start: self.texts.len() as u32, length: text.len() as u32, number };
        self.texts.extend_from_slice(text);
        self.places.insert_unique(hash, place, |place| place.hash);
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Forgets all, but for the memory.
    pub fn clear(&mut self) {
        self.places.clear();
        self.texts.clear();
    }
}

impl Place {
    fn is(&self, text: &[u8], texts: &[u8]) -> bool {
        texts[self.start as usize..][..self.length as usize] == *text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_has_its_own_number(texts in prop::collection::hash_set("[ab]{0,5}", 0..40)) {
            let mut known = Known::default();
            for round in 0..2 {
                for (number, text) in (round..).zip(&texts) {
                    prop_assert_eq!(known.get(text.as_bytes()), None);
                    known.insert(text.as_bytes(), number);
                }
                for (number, text) in (round..).zip(&texts) {
                    prop_assert_eq!(known.get(text.as_bytes()), Some(number));
                }
                prop_assert_eq!(known.len(), texts.len());
                known.clear();
            }
        }
    }
}
